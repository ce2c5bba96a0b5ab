"""Two architectures of one run, side by side: the rows in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...harness.checks.equivariance.evidence import EquivarianceEvidence
from ...harness.checks.prediction import SEPARATED
from ...harness.checks.separation.evidence import SeparationEvidence
from ...harness.core.outcomes import Outcome
from ...harness.core.result import Result, Run
from .outcomes import STATUSES, status_of
from .subjects import grouped, measured
from .values import compact, digits_text, one_line, plural

NO_ROW = "no row"


@dataclass(frozen=True)
class Contrast:
    """One case with what each of the two came to in a few words.

    Args:
        alone: one of them was not asked it, or it does not apply to one of them.
    """

    suite: str
    check: str
    case: str
    relation: str
    first: str
    second: str
    alone: bool


@dataclass(frozen=True)
class Comparison:
    """What differs between two architectures.

    Args:
        differing: the cases in which another thing was seen, first those that both were asked.
        agreeing: how many are alike.
        apart: of the pairs of weight vectors that both were asked, how many the first alone tells apart, and the second alone.
    """

    first: str
    second: str
    differing: tuple[Contrast, ...]
    agreeing: int
    apart: tuple[int, int]

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        alone = sum(case.alone for case in self.differing)
        told = f"{self.first} and {self.second} agree in {plural(self.agreeing, 'case')} and differ in {len(self.differing):,}"
        told += f", {alone:,} of them asked of one alone" if alone else ""
        if any(self.apart):
            told += f"; {self.first} alone tells apart {self.apart[0]:,} of the pairs that both were asked, {self.second} alone {self.apart[1]:,}"
        return told


def comparison(run: Run, first: str, second: str) -> Comparison:
    """The cases in which two architectures of a run differ by what was observed, or one of them is red: in the order of the run those that
    both were asked, then the others.

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
    found, agreeing, apart = [], 0, [0, 0]
    for (suite, check, case), rows in places.items():
        one, other = _row_of(rows, first), _row_of(rows, second)
        if _what(one) == _what(other):
            agreeing += 1
            continue
        asked = [row is not None and row.outcome != Outcome.NOT_APPLICABLE for row in (one, other)]
        found.append(Contrast(suite, check, case, relation(rows), told(one), told(other), not all(asked)))
        if all(asked):
            for place, (row, beside) in enumerate(((one, other), (other, one))):
                apart[place] += _seen(row) == SEPARATED != _seen(beside)
    return Comparison(first, second, tuple(sorted(found, key=lambda case: case.alone)), agreeing, (apart[0], apart[1]))


def _seen(row: Result | None) -> str:
    return row.observed if row is not None and row.kind == "separation" else ""


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
