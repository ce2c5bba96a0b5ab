"""False claims of a suite's own: plug-ins that it names as killers of a conclusion, and the rows that they are asked. No torch.

A built-in killer brings a row that it is known to fail. One of a user's is asked what the conclusion itself reads: every row of its
checks, at every size. So it costs what an architecture of the run costs on these checks, its twin again, and what stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ...core.cell import WEIGHTS, Cell
from ...language.suite import OwnKiller, Suite
from .plants import Row, law


@dataclass(frozen=True)
class Asked:
    """One false claim of a suite's own.

    Args:
        claim: id in the claims ledger.
        suite: by whose conclusion it is named.
        killer: the plug-ins.
        cells: the rows that the conclusion reads, each once, asked of nobody yet.
        margin: of the conclusion.
    """

    claim: str
    suite: str
    killer: OwnKiller
    cells: tuple[Cell, ...]
    margin: float

    @property
    def name(self) -> str:
        return f"{self.claim}-{self.killer.network}"

    def __str__(self) -> str:
        """As a running task is called, to people who wait for it."""
        return self.name

    @property
    def kind(self) -> str:
        """Of its first row."""
        return self.cells[0].kind

    def of(self, architecture: str) -> list[Cell]:
        """The rows, asked of that plug-in."""
        return [replace(cell, architecture=architecture) for cell in self.cells]


GREEN: tuple[Row, ...] = (law("equivariant"), law())
"""What must not fail, or what turned the claim red would be the law."""


def own_killers_of(suites: Iterable[Suite], cells: Sequence[Cell]) -> list[Asked]:
    """The false claims that the suites' conclusions name, those of which a row is asked in this run."""
    return [asked for found in own_by_conclusion(suites, cells).values() for asked in found]


def own_by_conclusion(suites: Iterable[Suite], cells: Sequence[Cell]) -> dict[tuple[str, int], list[Asked]]:
    """(Suite, number of a conclusion of its) -> its false claims, those of which a row is asked in this run."""
    found = {}
    for suite in suites:
        for number, wanted in enumerate(suite.conclusions):
            own = [
                c for c in cells if c.suite == suite.name and c.architecture != WEIGHTS and suite.concludes(wanted, c)
            ]
            once = {(cell.check, cell.case): replace(cell, architecture="") for cell in own}
            rows = tuple(once.values())
            found[suite.name, number] = [
                Asked(wanted.claim, suite.name, each, rows, wanted.margin) for each in wanted.own if rows
            ]
    return found
