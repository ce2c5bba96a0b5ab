"""What a row is expected to cost, from what is asked alone: the same on every machine, so that shards are dealt alike everywhere.

The numbers are CPU seconds of `quick` on one core of 2026, fitted by benchmarks/costs.py to two runs of 2,286 rows, of which they meet the
sum of one within 1.4 %, and that of a later one with new architectures within 4.6 %; what nothing is known of counts as the middle of what is. They decide who measures a row and what `--dry-run` says, never a
verdict.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...checks import CHECK_KINDS
from ...core.cell import WEIGHTS, Cell

KINDS = {"equivariance": 0.18, "completeness": 0.07, "detection": 1.9, "resolution": 0.33, "separation": 0.11}
OTHER = 0.5
REAL = {"equivariance": 4.8, "separation": 6.5}
"""How many times as much a row on trained networks costs."""
TRAINING = 0.02
"""Seconds of training for each second of the time that it is allowed at most."""
FIXED = 600.0
"""Of that time, what a training is allowed whatever its length."""
ARCHITECTURES = {
    "canonical": 1.0,
    "canonical-mlp": 1.0,
    "deep-sets": 0.45,
    "dws": 0.9,
    "flat-mlp": 0.35,
    "gmn": 1.4,
    "magep": 1.2,
    "magep-sign": 1.0,
    "monomial-nfn": 0.5,
    "monomial-nfn-sign": 0.45,
    "nfn-hnp": 0.95,
    "nfn-np": 1.0,
    "nfn-official": 1.6,
    "nft": 3.3,
    "ng-gnn": 2.1,
    "ng-t": 3.0,
    "oce": 0.75,
    "probe": 0.15,
    "probe-x": 0.3,
    "sane": 0.8,
    "scale-gmn": 1.75,
    "sign-gmn": 1.15,
    "sine-lift": 1.0,
    "sorted-mlp": 0.1,
    "stats": 0.3,
    "unf": 1.05,
}
DESCRIBING = 1.0
"""Seconds for each architecture before its first row."""
PLANTED = 20.0
"""Seconds of the planted defects of a run."""
PARENT, ROW = 0.15, 12e-6
"""GiB of the process that hands rows out with the server that it forks from, and of each row (benchmarks/parent.py)."""
WORKER = 0.35
"""GiB of a worker process at its peak, without what it shares with the others."""
WORKERS = {"nft": 0.75, "ng-t": 0.75}
"""The same, where it is much more."""


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


def total(cells: Iterable[Cell], planted: bool) -> float:
    """CPU seconds of rows, of describing their architectures, and of the planted defects where they are asked, too."""
    listed = list(cells)
    names = {cell.architecture for cell in listed} - {WEIGHTS}
    return sum(map(expected, listed)) + DESCRIBING * len(names) + (PLANTED if planted else 0.0)


def memory(cells: Iterable[Cell], jobs: int) -> float:
    """GiB of a run of these rows with so many workers, at its end."""
    listed = list(cells)
    largest = max((WORKERS.get(cell.architecture.partition("[")[0], WORKER) for cell in listed), default=WORKER)
    return PARENT + ROW * len(listed) + largest * jobs
