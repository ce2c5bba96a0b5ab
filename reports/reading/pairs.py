"""The separation table: what each architecture tells apart, in digits above the noise between copies of one orbit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...harness.checks.prediction import NO_GAP, NOT_SEPARATED, SEPARATED
from ...harness.checks.separation.evidence import SeparationEvidence
from ...harness.core.outcomes import Outcome
from ...harness.core.result import Result, Run
from .outcomes import Tally, tally
from .subjects import grouped, measured
from .values import digits_text, one_line

HEAT = (3.0, 5.0, 7.0, 9.0, 11.0)
"""Digits at which a separated cell takes the next step of the scale."""


@dataclass(frozen=True)
class PairCell:
    """The pairs of one family and relation, on one architecture.

    Args:
        digits: `log10(D / N)` of the best draw, lowest to highest over the pairs, as text.
        heat: step of the colour scale, 0 (nothing separated) to 5.
        word: what was seen, in words; "not separated" of certified nulls alone, "no gap" where none was seen.
        partly: whether some were told apart and some not.
    """

    digits: str
    heat: int
    word: str
    partly: bool
    tally: Tally


@dataclass(frozen=True)
class PairRow:
    """The pairs of one check, family and certified relation."""

    suite: str
    check: str
    family: str
    relation: str
    round: int | None
    pairs: int
    cells: Mapping[str, PairCell]


def separation_rows(run: Run) -> list[Result]:
    return [row for row in run.results if row.kind == "separation"]


def in_one_orbit(row: Result) -> bool:
    """Whether the two are certified to be one network, renumbered: such a pair asks for the law, and nothing of power."""
    found = measured(row, SeparationEvidence)
    return found is not None and found.orbit == "same"


def pair_table(run: Run) -> tuple[PairRow, ...]:
    """Rows: check, family and relation, rounds ascending inside a check. A row of the run without a relation (an error, say)
    joins the relation that the same case has on another architecture."""
    rows = separation_rows(run)
    known = {
        (row.suite, row.check, row.case): pair
        for row in rows
        if (pair := measured(row, SeparationEvidence)) is not None
    }
    groups: dict[tuple[str, str], dict[tuple[str, str, int | None], list[Result]]] = {}
    for row in rows:
        pair = measured(row, SeparationEvidence) or known.get((row.suite, row.check, row.case))
        family, relation, parted = (pair.family, pair.relation, pair.round) if pair else ("", "", None)
        key = (one_line(family or row.check, 80), one_line(relation or "relation not certified", 120), parted)
        groups.setdefault((row.suite, row.check), {}).setdefault(key, []).append(row)
    table = []
    for (suite, check), relations in groups.items():
        for (family, relation, parted), found in sorted(
            relations.items(), key=lambda item: math.inf if item[0][2] is None else item[0][2]
        ):
            cells = {name: pair_cell(some) for name, some in grouped(found, lambda row: row.architecture).items()}
            pairs = len({row.case for row in found})
            table.append(PairRow(suite, check, family, relation, parted, pairs, cells))
    return tuple(table)


def pair_cell(rows: Sequence[Result]) -> PairCell:
    """One cell of the table."""
    said = [row for row in rows if row.outcome != Outcome.ERROR]  # what an error measured is no gap
    found = [pair.digits for row in said if (pair := measured(row, SeparationEvidence)) is not None]
    values = sorted(digits for digits in found if digits is not None and not math.isnan(digits))
    low, high = (digits_text(values[0]), digits_text(values[-1])) if values else ("", "")
    parted = sum(row.observed == SEPARATED for row in rows)
    nulls = sum(row.observed == NOT_SEPARATED for row in rows)
    merged = nulls + sum(row.observed == NO_GAP for row in rows)
    counted = tally(rows)
    whole = parted == len(rows)
    partly = not whole and merged < len(rows) and bool(parted or merged)
    if partly:
        word = f"{parted} of {len(rows)} separated"
    elif whole or merged:
        word = "separated" if whole else "not separated" if nulls == merged else "no gap"
    elif counted.worst == "not-applicable":
        word = "not applicable"
    else:
        word = "error" if counted.counts["error"] else "undecided" if counted.counts["undecided"] else "unclear"
    heat = sum(values[0] >= step for step in HEAT) if whole and values else 0
    return PairCell(low if low == high else f"{low} to {high}", max(heat, int(whole)), word, partly, counted)
