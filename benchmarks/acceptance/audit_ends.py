"""How many networks of the shipped zoos are in general position, discrete and alone with their orbit, in every form: exact counts, and the
ends that the suite `audit` expects because of them.

    python benchmarks/acceptance/audit_ends.py [--keep benchmarks/acceptance/results/audit.json]
    python benchmarks/acceptance/audit_ends.py --wider [--keep benchmarks/acceptance/results/audit_wider.json]

Counts are exact for these networks; the training of another machine rounds otherwise, and makes others. So the ends lie four standard
deviations of a share of so many networks around it, and four networks, outwards to a hundredth. What holds of every network whatever the
training (a class of one orbit) has no room: [1, 1]. `--wider` counts what `paper` asks of five separators together. Rows of `paper` are published with
ends that were set before this rule; they stay, and hold these. tests/language/test_audit_ends.py holds all suites to the kept counts.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path

ZOOS = {
    "general-position-inrs": "digits-inr",
    "general-position-classifiers": "digits-classifiers/64-16-10",
    "general-position-regressors": "diabetes-regressors/10-12-1",
    "general-position-deep-regressors": "diabetes-regressors/10-8-8-1",
}
"""Check of the suite -> population."""
FORMS = ("float", "16-bit", "12-bit", "8-bit", "4-bit", "2-bit", "pruned-50%", "pruned-90%")
WIDER = ("12-bit", "8-bit")
SEPARATORS = ("bias", "incoming-sum", "outgoing-sum", "incoming-squares", "outgoing-squares")
SHARES = {"general-position": "general_position", "discrete": "discrete", "one-orbit": "one_orbit"}


def counts(reference: str) -> dict[str, dict[str, int]]:
    """Form -> how many networks there are, and of how many what holds."""
    import numpy as np

    from orbitcheck.harness.oracles.audit import formed
    from orbitcheck.harness.oracles.tuples.audit import audit
    from orbitcheck.harness.zoo.population import population

    found = population(reference)
    stack = {name: tensor[..., 0].double().numpy() for name, tensor in found.weights.items()}
    made: dict[str, dict[str, int]] = {}
    for form in FORMS:
        audited = audit(found.space, formed(stack, form))
        held = {share: int(np.sum(getattr(audited, field))) for share, field in SHARES.items()}
        made[form] = {"networks": found.weights.batch, **held}
    return made


def wider() -> dict[str, dict[str, int]]:
    """Form -> how many implicit images there are, and of how many some separator parts all neurons of each layer."""
    from orbitcheck.harness.oracles.audit import formed, separated
    from orbitcheck.harness.zoo.population import population

    found = population("digits-inr")
    stack = {name: tensor[..., 0].double().numpy() for name, tensor in found.weights.items()}
    return {
        form: {
            "networks": found.weights.batch,
            "separated": int(separated(found.space, formed(stack, form), SEPARATORS).sum()),
        }
        for form in WIDER
    }


def ends(count: int, networks: int) -> list[float]:
    """Where a share may lie that was `count` of `networks` here."""
    share = count / networks
    room = 4 * math.sqrt(share * (1 - share) / networks) + 4 / networks
    low, high = (round(100 * end, 9) for end in (share - room, share + room))
    return [max(0.0, math.floor(low) / 100), min(1.0, math.ceil(high) / 100)]


def expected(held: Mapping[str, int]) -> dict[str, list[float]]:
    """What a form of the suite expects: share -> ends; a class of several orbits is counted here alone, and not asserted."""
    networks = held["networks"]
    made = {share: ends(held[share], networks) for share in ("general-position", "discrete")}
    return {**made, "one-orbit": [1.0, 1.0]} if held["one-orbit"] == networks else made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--wider", action="store_true")
    asked = parser.parse_args()
    if asked.wider:
        text = json.dumps(wider(), indent=1) + "\n"
        sys.stdout.write(text)
        if asked.keep:
            asked.keep.write_text(text)
        return
    made = {check: counts(reference) for check, reference in ZOOS.items()}
    if asked.keep:
        asked.keep.write_text(json.dumps(made, indent=1) + "\n")
    for check, forms in made.items():
        sys.stdout.write(f"{check}:\n")
        for form, held in forms.items():
            shown = ", ".join(f"{share}: [{low:g}, {high:g}]" for share, (low, high) in expected(held).items())
            sys.stdout.write(f"      {form}: {{{shown}}}\n")


if __name__ == "__main__":
    main()
