"""Which rows of a plan a run is asked for: those that patterns name (`--only`), and of these the ones of one shard; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.cell import Cell
from ...core.patterns import RowPattern
from .costs import PLANTED, expected

LARGEST = 10_000
"""Shards of one run."""


class ShardError(ValueError):
    """A text that names no shard; the message is one line."""


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @staticmethod
    def of(text: str) -> Shard:
        """Read `I/N`, 1 <= I <= N.

        Raises:
            ShardError: it does not read so.
        """
        found = re.fullmatch(r"(\d{1,5})/(\d{1,5})", text, re.ASCII)
        shard = Shard(int(found[1]), int(found[2])) if found else None
        if shard is None or not 1 <= shard.index <= shard.count <= LARGEST:
            raise ShardError(f"shard {text[:40]!r} does not read as I/N with 1 <= I <= N <= {LARGEST}")
        return shard


@dataclass(frozen=True)
class Dealt:
    """What one shard is asked for: rows, as positions in the plan, and whether it answers for the planted defects of the whole run."""

    rows: tuple[int, ...]
    planted: bool


def only(cells: Sequence[Cell], patterns: Sequence[RowPattern]) -> list[Cell]:
    """The cells that one of the patterns speaks of; all, if there is none."""
    return [cell for cell in cells if not patterns or any(pattern.matches(cell) for pattern in patterns)]


def deal(cells: Sequence[Cell], count: int) -> list[Dealt]:
    """Every row to one of `count` shards, by expected cost.

    The rows of one architecture in one check stay together, unless they cost more than one part in `count` of the whole: then they are
    split into as many pieces as that takes. The largest piece goes first, each to the shard that has least. The planted defects are a
    piece of their own.
    """
    costs = [expected(cell) for cell in cells]
    groups: dict[tuple[str, str, str], list[int]] = {}
    for position, cell in enumerate(cells):
        groups.setdefault((cell.suite, cell.check, cell.architecture), []).append(position)
    fair = (sum(costs) + PLANTED) / count
    pieces: list[tuple[float, tuple[int, ...]]] = [(PLANTED, ())]
    for positions in groups.values():
        parts = max(1, min(len(positions), -int(-sum(costs[at] for at in positions) // fair)))
        pieces += [
            (sum(costs[at] for at in positions[part::parts]), tuple(positions[part::parts])) for part in range(parts)
        ]
    loads, rows, planted = [0.0] * count, [[] for _ in range(count)], 0
    for cost, positions in sorted(pieces, key=lambda piece: (-piece[0], piece[1])):
        least = min(range(count), key=lambda shard: (loads[shard], shard))
        loads[least] += cost
        rows[least] += positions
        planted = planted if positions else least
    return [Dealt(tuple(sorted(own)), shard == planted) for shard, own in enumerate(rows)]
