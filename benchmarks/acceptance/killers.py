"""Killers of conclusions, by ten seeds: is every false claim killed and every mended twin kept, whatever is drawn?

    python benchmarks/acceptance/killers.py JOURNAL [--count 10] [--seconds S] [--keep FILE]

`--count` seeds of every killer of the table, those first that train nothing, and seed by seed: parameters, inputs and elements of all its rows are drawn anew. In a run each
is asked by one seed. What survived, and twins that were accused, are listed with the reason.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from journal import Item, Measured, face

from orbitcheck.harness.running.killing import put_through
from orbitcheck.harness.running.planting.killers import KILLERS, Killer
from orbitcheck.harness.running.planting.plants import Plant


def items(count: int) -> list[Item]:
    """Every false claim with every seed; those that train nothing first, as they cost least."""
    return [
        Item(f"{name} #{seed}", lambda name=name, seed=seed: measured(name, seed))
        for trained in (False, True)
        for seed in range(count)
        for name, killer in KILLERS.items()
        if trains(killer) == trained
    ]


def trains(killer: Killer) -> bool:
    """Whether a row that the judgement reads is of a training."""
    return any(row.kind == "approximation" for row in (killer.false.red, killer.mended.red, *killer.more))


def measured(name: str, seed: int) -> Measured:
    """Whether the false claim is killed, and its twin kept, with this seed."""
    began = time.process_time()
    entry = put_through(drawn(KILLERS[name], seed), ["acceptance"], seed)
    return {
        "claim": entry["claim"],
        "killed": entry["killed"],
        "kept": entry["kept"],
        "outcome": entry["outcome"],
        "reason": entry["reason"],
        "mended_outcome": entry["mended_outcome"],
        "mended_reason": entry["mended_reason"],
        "seconds": round(time.process_time() - began, 2),
    }


def drawn(killer: Killer, seed: int) -> Killer:
    """The same networks under other names, of which the seeds of their rows are made."""

    def named(plant: Plant) -> Plant:
        return replace(plant, name=f"{plant.name}-{seed}")

    peer = None if killer.peer is None else named(killer.peer)
    return replace(killer, false=named(killer.false), mended=named(killer.mended), peer=peer)


def summary(found: Mapping[str, Measured]) -> dict[str, Any]:
    """Rates by claim."""
    by_claim: dict[str, list[Measured]] = defaultdict(list)
    for entry in found.values():
        by_claim[entry["claim"]].append(entry)
    return {
        "put through": len(found),
        "seeds": len({key.rpartition("#")[2] for key in found}),
        "killed": {
            claim: f"{sum(entry['killed'] for entry in listed)} of {len(listed)}" for claim, listed in by_claim.items()
        },
        "kept": f"{sum(entry['kept'] for entry in found.values())} of {len(found)}",
        "seconds": round(sum(entry["seconds"] for entry in found.values())),
        "survivors": {key: f"{e['outcome']}: {e['reason']}" for key, e in found.items() if not e["killed"]},
        "accused twins": {
            key: f"{e['mended_outcome']}: {e['mended_reason']}" for key, e in found.items() if not e["kept"]
        },
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 10)
