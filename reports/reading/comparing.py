"""Two architectures of one run, side by side: the rows in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.checks.equivariance.evidence import EquivarianceEvidence
from ...harness.checks.separation.evidence import SeparationEvidence
from ...harness.core.result import Result, Run
from .outcomes import STATUSES, status_of
from .subjects import grouped, measured
from .values import compact, digits_text, one_line

NO_ROW = "no row"


@dataclass(frozen=True)
class Contrast:
    """One case that both were asked, or that one was asked alone, with what each of them came to in a few words."""

    suite: str
    check: str
    case: str
    relation: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """What differs between two architectures: the cases in which another thing was seen, and how many agree."""

    first: str
    second: str
    differing: tuple[Contrast, ...]
    agreeing: int


def comparison(run: Run, first: str, second: str) -> Comparison:
    """The cases in which two architectures of a run differ by what was observed, or one of them is red, in the order of the run.

    What one declares and the other does not makes no difference: a row that was predicted and one that was not may have seen the same.

    Raises:
        ValueError: the run has no rows of one of them.
    """
    names = {row.architecture for row in run.results}
    for name in (first, second):
        if name not in names:
            raise ValueError(f"no rows of {name!r} in this run; there are those of {', '.join(sorted(names))}")
    places = grouped(
        (row for row in run.results if row.architecture in (first, second)),
        lambda row: (row.suite, row.check, row.case),
    )
    found, agreeing = [], 0
    for (suite, check, case), rows in places.items():
        one, other = _row_of(rows, first), _row_of(rows, second)
        if _what(one) == _what(other):
            agreeing += 1
            continue
        found.append(Contrast(suite, check, case, relation(rows), told(one), told(other)))
    return Comparison(first, second, tuple(found), agreeing)


def _row_of(rows: Sequence[Result], name: str) -> Result | None:
    return next((row for row in rows if row.architecture == name), None)


def _what(row: Result | None) -> tuple[str, bool] | None:
    return None if row is None else (row.observed or row.outcome, STATUSES[status_of(row)].red)


def relation(rows: Sequence[Result]) -> str:
    """The certified relation of the pair, where the case is one."""
    pairs = (measured(row, SeparationEvidence) for row in rows)
    return next((pair.relation for pair in pairs if pair is not None), "")


def told(row: Result | None) -> str:
    """Outcome, what was seen, and its number: `pass: separated, 12.4 digits`."""
    if row is None:
        return NO_ROW
    seen = row.observed if row.observed and row.observed != row.outcome else ""
    details = ", ".join(part for part in (one_line(seen, 60), size(row)) if part)
    return f"{status_of(row)}: {details}" if details else status_of(row)


def size(row: Result) -> str:
    """The number of what was seen: of a pair its digits, of a law its error; else nothing."""
    pair, law = measured(row, SeparationEvidence), measured(row, EquivarianceEvidence)
    if pair is not None and pair.digits is not None:
        return f"{digits_text(pair.digits)} digits"
    return f"error {compact(law.error64)}" if law is not None else ""
