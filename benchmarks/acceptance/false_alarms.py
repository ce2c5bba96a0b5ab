"""How often correct networks are accused: rows of the law and of separation, each with a seed of its own.

    python benchmarks/acceptance/false_alarms.py false_alarms.jsonl [--count 1000] [--seconds 600] [--keep results/false_alarms.json]

Networks: all of tests/meta/meta_nets/sound.py. Rows: those of `quick` and of the spaces below, drawn evenly over networks and
over rows by a fixed seed; the number of channels varies, and so every draw is another row with another seed. An alarm is
an outcome other than pass, observed or not-applicable; undecided rows count as alarms of their own, since they turn a run red.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from journal import Item, Measured, face
from meta_nets import asking
from meta_nets.catalogue import SOUND

from orbitcheck import Equivariant, Invariant, Unsupported, mlp
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.plugins.traits import MODES
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan

SEED = 16
KINDS = ("equivariance", "separation")
WIDE = Path(__file__).with_name("wide.yaml")
WIDE_NETWORKS = ("Sums", "Standardised", "WithoutBiases")


@cache
def unserved(reference: str) -> tuple[str, ...]:
    """What stands in the cases of law rows that do not apply to a network: outputs it refuses, modes it does not claim."""
    subject = asking.architecture(reference)
    found = [f"/{mode}" for mode in MODES if mode not in subject.traits.modes]
    for name, output in (("invariant", Invariant()), ("equivariant", Equivariant())):
        try:
            subject.build(mlp(1, 2, 1), output, seed=0)
        except Unsupported:
            found.append(f"/{name}/")
    return tuple(found)


@cache
def rows(reference: str) -> tuple[Cell, ...]:
    """The rows that are drawn from: of the kinds asked, on spaces, outputs and in modes that the network serves."""
    served = list(asking.quick(reference))
    if any(reference.partition("[")[0].endswith(f":{name}") for name in WIDE_NETWORKS):
        served += plan([load_suite(WIDE)], [parse_name(reference)])
    return tuple(
        cell
        for cell in served
        if cell.kind in KINDS
        and cell.check != "equivariance-beyond-mlps"
        and not (cell.kind == "equivariance" and any(part in cell.case for part in unserved(reference)))
    )


def measure(reference: str, number: int) -> Measured:
    cell = rows(reference)[number]
    row = evaluate(cell, asking.architecture(reference))
    return {
        "network": reference.rpartition(":")[2].partition("[")[0],
        "row": asking.named(cell),
        "kind": row.kind,
        "outcome": row.outcome,
        "reason": row.reason,
        "seconds": round(row.seconds, 3),
    }


def items(count: int) -> list[Item]:
    """`count` draws; the first ones are the same however many are asked."""
    draw, listed, known = random.Random(SEED), [], set()
    while len(listed) < count:
        network = SOUND[len(listed) % len(SOUND)]
        reference = f"meta_nets.sound:{network}[channels={draw.randrange(8, 33)}]"
        number = draw.randrange(2**30) % len(rows(reference))
        key = f"{reference} {asking.named(rows(reference)[number])}"
        if key not in known:
            known.add(key)
            listed.append(Item(key, lambda reference=reference, number=number: measure(reference, number)))
    return listed


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    outcomes = Counter(row["outcome"] for row in measured.values())
    alarms = {
        key: f"{row['outcome']}: {row['reason']}" for key, row in measured.items() if row["outcome"] not in asking.GREEN
    }
    asked = [row for row in measured.values() if row["outcome"] != "not-applicable"]
    return {
        "rows": len(measured),
        "networks": len({row["network"] for row in measured.values()}),
        "kinds": dict(Counter(row["kind"] for row in asked)),
        "outcomes": dict(outcomes),
        "alarms": len(alarms),
        "seconds": round(sum(row["seconds"] for row in measured.values())),
        "which": alarms,
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 1000)
