"""Approximation errors: the best of each architecture, every row, and the curves against capacity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...harness.core.result import Result, Run, members
from ..figures.curves import approximation_curves, capacity_curves
from ..reading.fits import Fit, approximation_rows, fit_of, fits, networks_of, place_of
from ..reading.outcomes import tally
from ..reading.subjects import grouped
from ..reading.values import compact, one_line
from . import kinds
from .expressivity import ALARMING, SEEN, floors_of, spread_of
from .kinds import Cell
from .section import SECTIONS, Column, Section, report_section


@dataclass(frozen=True)
class FitRow:
    """One check at one number of output networks: each architecture's best error, what was seen at it and at other capacities."""

    suite: str
    check: str
    target: str
    regime: str
    networks: int
    cells: Mapping[str, Cell]


@report_section(
    "approximation-errors",
    "Approximation errors",
    (
        Column("suite", kind=kinds.CODE, forms=kinds.DATA),
        Column("check", kind=kinds.CODE),
        Column("target", place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("regime", place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("networks", "k", kinds.INTEGER),
        Column("cells", kind=kinds.CELLS),
    ),
    note="The smallest error over variance that any capacity reached, what was observed there and of how many rows otherwise, and the floor "
    "where there is one. Where theorems on operators speak of the sup norm, the largest error at a point stands beside it, in standard "
    "deviations of the target.",
    part_of="expressivity-map",
    place=310,
)
def fit_table(run: Run) -> list[FitRow]:
    """Every approximation row in a cell; a row without evidence (an error, say) joins the target of its check."""
    table = []
    for (suite, check), rows in grouped(approximation_rows(run), lambda row: (row.suite, row.check)).items():
        target, _, regime = place_of(rows)
        for networks, same in sorted(grouped(rows, networks_of).items()):
            cells = {name: _cell(own) for name, own in grouped(same, lambda row: row.architecture).items()}
            table.append(FitRow(suite, check, target, regime, networks, cells))
    return table


def _cell(rows: Sequence[Result]) -> Cell:
    """The least error and what its row observed; beside it whatever other rows observed, an alarm first of all."""
    found = [fit for row in rows if (fit := fit_of(row)) is not None]
    best = min(found, key=lambda fit: fit.error, default=None)
    counted, first = tally(rows), rows[0]
    seen = Counter(row.observed for row in rows if row.observed)
    least = best.row.observed if best else ""
    word = next(
        (text for text in ALARMING if text in seen),
        least or next((text for text in SEEN if text in seen), next(iter(seen), "")),
    )
    others = [f"{count} {one_line(text, 40)}" for text, count in seen.items() if text != word]
    told = [one_line(word, 40) or counted.words, *others]
    floor = floors_of(found)
    sizes = "; ".join(
        f"{compact(fit.parameters)} parameters: {compact(fit.error)}"
        + (f" ({compact(fit.low)} to {compact(fit.high)})" if fit.low is not None and fit.high is not None else "")
        for fit in found
    )
    error = compact(best.error) if best else "–"
    return Cell(
        counted,
        main=error,
        small=(*told, *([f"floor {floor}"] if floor else []), *_at_a_point(found)),
        hint=f"{one_line(first.architecture, 60)}: {sizes or counted.words}; {counted.words}",
        brief=f"{error} ({'; '.join(told)})",
        group=(first.architecture, first.suite, first.check),
    )


def _at_a_point(found: Sequence[Fit]) -> tuple[str, ...]:
    """The least of the largest errors at a point, with the floor of as many pieces; nothing but of function-space operators."""
    errors = [fit.largest for fit in found if fit.largest is not None]
    floor = spread_of([fit.largest_floor for fit in found if fit.largest_floor is not None])
    if not errors:
        return ()
    return (f"at a point {compact(min(errors))}" + (f", floor {floor}" if floor else ""),)


@report_section(
    "approximation",
    "Error against capacity",
    (
        Column("suite", kind=kinds.CODE),
        Column("check", kind=kinds.CODE),
        Column("target", kind=kinds.CODE),
        Column("regime", kind=kinds.CODE),
        Column("architecture", kind=kinds.CODE),
        Column("networks", kind=kinds.INTEGER),
        Column("parameters", kind=kinds.INTEGER),
        Column("error", kind=kinds.NUMBER),
        Column("low", "error low", kinds.NUMBER),
        Column("high", "error high", kinds.NUMBER),
        Column("floor", kind=kinds.NUMBER),
        Column("floor_kind", kind=kinds.CODE),
        Column("largest", "largest error at a point", kinds.NUMBER, optional=True),
        Column("largest_floor", "floor at a point", kinds.NUMBER, optional=True),
        Column("threshold", kind=kinds.NUMBER),
        Column("predicted"),
        Column("observed"),
        Column("status", "outcome", kinds.BADGE),
    ),
    figures=approximation_curves,
    note="The error of the seed that validation prefers, with its 95 % interval by bootstrap over test samples; the wide bars "
    "span all seeds. Long dashes: exact floors; short dashes: the threshold of the check. Floors at zero lie below the axis.",
    forms=kinds.DATA,
    part_of="expressivity-map",
    place=320,
)
def fit_rows(run: Run) -> list[dict[str, Any]]:
    """Every row that measured an error."""
    return [{**members(fit.row), **vars(fit)} for fit in fits(run)]


SECTIONS.add(
    "capacity",
    Section(
        "capacity",
        "Error against the number of output networks",
        figures=capacity_curves,
        note="The output is read as k networks whose functions are averaged, at matched parameter counts.",
        part_of="expressivity-map",
        place=330,
    ),
)
