"""The separation table: what each architecture tells apart, in digits above the noise between copies of one orbit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..harness.core.result import Result, Run
from .outcomes import Tally, tally
from .summary import family_of, grouped
from .values import digits_text, finite, number, one_line

HEAT = (3.0, 5.0, 7.0, 9.0, 11.0)
"""Digits at which a separated cell takes the next step of the scale."""


@dataclass(frozen=True)
class PairCell:
    """The pairs of one family and relation, on one architecture.

    Args:
        digits: `log10(D / N)` of the best draw, lowest to highest over the pairs, as text.
        heat: step of the colour scale, 0 (nothing separated) to 5.
        word: what was seen, in words.
    """

    digits: str
    heat: int
    word: str
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


def round_of(row: Result) -> int | None:
    """The refinement round that parts the pair; None if none does, or nobody knows."""
    value = finite(row.evidence.get("round"))
    return None if value is None else int(value)


def pair_table(run: Run) -> tuple[PairRow, ...]:
    """Rows: check, family and relation, rounds ascending inside a check. A row of the run without a relation (an error, say)
    joins the relation that the same case has on another architecture."""
    rows = separation_rows(run)
    known = {(row.suite, row.check, row.case): row for row in rows if row.evidence.get("relation")}
    groups: dict[tuple[str, str], dict[tuple[str, str, int | None], list[Result]]] = {}
    for row in rows:
        source = row if row.evidence.get("relation") else known.get((row.suite, row.check, row.case), row)
        relation = one_line(source.evidence.get("relation") or "relation not certified", 120)
        key = (family_of(source), relation, round_of(source))
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


def pair_sections(rows: Sequence[PairRow]) -> tuple[tuple[PairRow, ...], ...]:
    """The table check by check."""
    return tuple(tuple(group) for _, group in groupby(rows, key=lambda row: (row.suite, row.check)))


def pair_cell(rows: Sequence[Result]) -> PairCell:
    """One cell of the table."""
    values = sorted(value for row in rows if (value := number(row.evidence.get("digits"))) is not None)
    values = [value for value in values if not math.isnan(value)]
    low, high = (digits_text(values[0]), digits_text(values[-1])) if values else ("", "")
    parted = sum(row.observed == "separated" for row in rows)
    merged = sum(row.observed == "not separated" for row in rows)
    counted = tally(rows)
    if parted == len(rows):
        word = "separated"
    elif merged == len(rows):
        word = "not separated"
    elif parted or merged:
        word = f"{parted} of {len(rows)} separated"
    else:
        word = (
            "not applicable"
            if counted.worst == "not-applicable"
            else "error"
            if counted.counts["error"]
            else "undecided"
        )
    heat = sum(values[0] >= step for step in HEAT) if parted == len(rows) and values else 0
    return PairCell(low if low == high else f"{low} to {high}", max(heat, int(parted == len(rows))), word, counted)
