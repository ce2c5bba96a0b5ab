"""Hostile networks beside a sound one: the neighbour's rows are the same to the bit, the culprit is named, nothing is left, the run ends.

    python benchmarks/acceptance/hostile.py JOURNAL [--seconds S] [--keep FILE]

The list is `tests/meta/hostile_networks.py`; all are bounded in count, memory (3 GB) and time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journal import Item, Measured, face


def items(count: int) -> list[Item]:
    from hostile_networks import DEEDS

    return [Item(name, lambda name=name: measured(name)) for name in list(DEEDS)[:count]]


def measured(name: str) -> Measured:
    from hostility import seen

    found = seen(name)
    return {"faults": list(found.faults), "seconds": round(found.seconds, 1)}


def summary(found: Mapping[str, Measured]) -> dict[str, Any]:
    return {
        "networks": len(found),
        "faults": {name: entry["faults"] for name, entry in found.items() if entry["faults"]},
        "slowest": dict(sorted(((name, entry["seconds"]) for name, entry in found.items()), key=lambda e: -e[1])[:5]),
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 1000)
