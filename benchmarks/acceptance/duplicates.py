"""Are all planted copies found, none else, and how long does it take: 1,000 and 10,000 networks of widths (64, 16, 16, 10).

    python benchmarks/acceptance/duplicates.py duplicates.jsonl [--count 2] [--keep benchmarks/acceptance/results/duplicates.json]

Copies are identical, permuted, rescaled by powers of two, rescaled by any factors, with other dead neurons, with other shares of doubled
neurons, and near (noise of 1e-4, after a permutation); 1 % of the networks each. Wall-clock seconds on one thread, reading files not counted.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from journal import Item, Measured, face
from planted_copies import population

from orbitcheck import mlp
from orbitcheck.harness.oracles.duplicates.groups import groups

SIZES = (1_000, 10_000)
LIMITS = {1_000: 30.0, 10_000: 300.0}


def measure(size: int) -> Measured:
    planted = population(mlp(64, 16, 16, 10), size - 7 * (size // 100), size // 100, seed=size)
    nets = [(planted.space, net) for net in planted.nets]
    begun, processor = time.perf_counter(), time.process_time()
    found = groups(nets, spread=True)
    seconds, processor = time.perf_counter() - begun, time.process_time() - processor
    told = {tuple(group) for group in found.members}
    together = {net: group for group in told for net in group}
    copies = [net for net, kind in enumerate(planted.kinds) if kind != "fresh"]
    return {
        "networks": len(nets),
        "planted": len(copies),
        "found": sum(planted.origin[net] in together.get(net, ()) for net in copies),
        "false_groups": sum(len({planted.origin[net] for net in group}) > 1 for group in told),
        "links": {likeness.value: count for likeness, count in found.counts.items()},
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "limit": LIMITS[size],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def items(count: int) -> list[Item]:
    return [Item(str(size), partial(measure, size)) for size in SIZES[:count]]


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    return dict(measured)


if __name__ == "__main__":
    face(__doc__, items, summary, len(SIZES))
