"""Write the pages that are made from the registries: `python docs/generate.py`. A test holds the pages to what this gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orbitcheck.harness.checks.prediction import ANY, NOT_SEPARATED, SEPARATED, predict
from orbitcheck.harness.plugins.discovery import built_in, parse_name
from orbitcheck.harness.running.tasks import describe_architecture

PAGE = Path(__file__).with_name("architectures.md")

TEXT = """\
# What each architecture may claim

Made by `python docs/generate.py` from what the built-in architectures declare; `orbitcheck list architectures` prints the
declarations of all that are installed, yours among them. A row of a suite is predicted from these declarations and from the
certified relation of its pair, so this table is what a run is held to.

## Declarations, at default options

{declarations}

*Rounds* is the refinement round that a `1-wl` network is sure to see to, and the one past which it is blind. *Continuous: no*
marks canonical forms, whose output may jump. Networks of domain `general-position` promise nothing where biases tie.

## Predictions

What a pair's relation and the declaration predict of separation. ≠: must be told apart; =: must not be; any: nothing is
predicted; n/a: outside what is declared.

{predictions}

Relations modulo a larger symmetry
(`permutation+scale`, `permutation+sign`) count as one orbit for the networks that declare it.
"""

RELATIONS: dict[str, dict[str, Any]] = {
    "one orbit": {"orbit": "same", "separating_round": None, "function": "equal"},
    "1-WL-equivalent, two orbits": {"orbit": "different", "separating_round": None, "function": "equal"},
    "parts in round 1, same function": {"orbit": "different", "separating_round": 1, "function": "equal"},
    "parts in round 1, different functions": {"orbit": "different", "separating_round": 1, "function": "different"},
    "parts in round 4, different functions": {"orbit": "different", "separating_round": 4, "function": "different"},
    "parts in round 8, different functions": {"orbit": "different", "separating_round": 8, "function": "different"},
}
SIGNS = {SEPARATED: "≠", NOT_SEPARATED: "=", ANY: "any"}


def page() -> str:
    """The whole page."""
    described = [describe_architecture(parse_name(name)) for name in built_in() if name != "nfn-official"]
    declarations = [
        [f"`{entry['name']}`", entry["symmetry"], entry["power"], _rounds(entry), entry["domain"],
         "yes" if entry["continuous"] else "no", ", ".join(entry["modes"]), entry["paper"] or "–"]
        for entry in described
    ]  # fmt: skip
    predictions = [[f"`{entry['name']}`", *(_prediction(entry, name) for name in RELATIONS)] for entry in described]
    header = ["architecture", "symmetry", "power", "rounds", "domain", "continuous", "modes", "source"]
    return TEXT.format(
        declarations=_table(header, declarations), predictions=_table(["architecture", *RELATIONS], predictions)
    )


def _rounds(entry: Mapping[str, Any]) -> str:
    return "{} to {}".format(*entry["rounds"]) if entry["rounds"] else "–"


def _prediction(entry: Mapping[str, Any], relation: str) -> str:
    facts = RELATIONS[relation]
    # In general position 1-WL-equivalent vectors lie in one orbit, so such a pair lies outside.
    outside = (
        entry["domain"] == "general-position" and facts["separating_round"] is None and facts["orbit"] == "different"
    )
    if entry["symmetry"] == "none" or outside:
        return "n/a"
    rounds = tuple(entry["rounds"]) if entry["rounds"] else None
    return SIGNS[predict(power=entry["power"], rounds=rounds, **facts).verdict]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
