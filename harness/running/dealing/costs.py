"""What a row is expected to cost, from what is asked alone: the same on every machine, so that shards are dealt alike everywhere.

The numbers are CPU seconds of `quick` on one core of 2026, rounded; what nothing is known of counts as the middle of what is. They decide
who measures a row and what `--dry-run` says, never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...checks import CHECK_KINDS
from ...core.cell import WEIGHTS, Cell

KINDS = {"equivariance": 0.27, "completeness": 0.1, "detection": 4.7, "resolution": 0.45, "separation": 0.13}
OTHER = 0.5
REAL = {"equivariance": 5.0, "separation": 8.0}
"""How many times as much a row on trained networks costs."""
TRAINING = 0.02
"""Seconds of training for each second of the time that it is allowed at most."""
FIXED = 600.0
"""Of that time, what a training is allowed whatever its length."""
ARCHITECTURES = {
    "canonical-mlp": 1.9,
    "deep-sets": 0.35,
    "dws": 0.8,
    "flat-mlp": 0.25,
    "gmn": 1.05,
    "nfn-hnp": 0.8,
    "nfn-np": 0.75,
    "nfn-official": 1.1,
    "nft": 2.6,
    "ng-gnn": 1.65,
    "ng-t": 2.3,
    "oce": 0.55,
    "probe": 0.1,
    "scale-gmn": 1.2,
    "sign-gmn": 1.5,
    "sorted-mlp": 0.1,
    "stats": 0.2,
    "unf": 0.9,
}
DESCRIBING = 1.0
"""Seconds for each architecture before its first row."""
PLANTED = 8.0
"""Seconds of the planted defects of a run."""
WORKER, PARENT = 0.6, 0.4
"""GiB of a worker process, and of the process that hands rows out with the server that it forks from."""


def expected(cell: Cell) -> float:
    """CPU seconds that the row should take."""
    kind = CHECK_KINDS[cell.kind]
    if cell.kind == "approximation":
        base = max(1.0, TRAINING * (kind.time_limit(cell.parameters) - FIXED))
    else:
        reads_zoo = any(True for _ in kind.needs(cell.parameters))
        base = KINDS.get(cell.kind, OTHER) * (REAL.get(cell.kind, 1.0) if reads_zoo else 1.0)
    own = 1.0 if cell.architecture == WEIGHTS else ARCHITECTURES.get(cell.architecture.partition("[")[0], 1.0)
    return base * own


def total(cells: Iterable[Cell]) -> float:
    """CPU seconds of rows, of describing their architectures and of the planted defects."""
    listed = list(cells)
    names = {cell.architecture for cell in listed} - {WEIGHTS}
    return sum(map(expected, listed)) + DESCRIBING * len(names) + PLANTED


def memory(jobs: int) -> float:
    """GiB of a run with so many workers."""
    return PARENT + WORKER * jobs
