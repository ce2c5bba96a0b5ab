"""The floors of labels: what no network of a power can go below on a population, by form and power."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...harness.checks.floor.evidence import FloorEvidence
from ...harness.core.result import Result, Run
from ..figures.drawing import Figure
from ..figures.floors import floor_figure
from ..reading.outcomes import status_of
from ..reading.subjects import grouped, measured
from ..reading.values import finite, one_line, plural
from . import kinds
from .section import Column, report_section


def _figures(run: Run) -> list[Figure]:
    """A panel for each check: one line a form."""
    panels = []
    for (_, check), rows in grouped(_rows(run), lambda row: (row.suite, row.check)).items():
        found = [floors for row in rows if (floors := measured(row, FloorEvidence)) and floors.levels]
        if found:
            drawing = floor_figure(found, f"floor-{len(panels) + 1:02d}")
            panels.append(Figure(drawing, one_line(f"{check}: {plural(found[0].nets, 'network')}")))
    return panels


@report_section(
    "floors",
    "What no network can go below",
    (
        Column("suite", kind=kinds.CODE),
        Column("check", kind=kinds.CODE),
        Column("label", "label of the population", kinds.CODE),
        Column("form", kind=kinds.CODE),
        Column("level", "a map may depend on", kinds.CODE),
        Column("shared", "classes with several networks", kinds.INTEGER),
        Column("networks", "networks in them", kinds.INTEGER),
        Column("floor", "least error / variance", kinds.NUMBER),
        Column("upper", "at most", kinds.NUMBER, optional=True),
        Column("wrong", "least share wrong", kinds.PERCENT, optional=True),
        Column("says", "the label"),
        Column("status", "outcome", kinds.BADGE),
    ),
    figures=_figures,
    note="Exact, for these very networks and labels: a network that is constant on the classes of a level has at least this "
    "error, whatever it learns. Where every class is one network, nothing is said.",
    short="Floors of labels",
    place=405,
)
def floor_table(run: Run) -> list[dict[str, Any]]:
    """Every level of every floor row, in the order of the run; a row without evidence once."""
    return [entry for row in _rows(run) for entry in _levels(row)]


def _rows(run: Run) -> list[Result]:
    return [row for row in run.results if row.kind == "floor"]


def _levels(row: Result) -> Iterator[dict[str, Any]]:
    found = measured(row, FloorEvidence)
    common = {"suite": row.suite, "check": row.check, "form": one_line(row.case, 40), "status": status_of(row)}
    if found is None or not found.levels:
        nothing = dict.fromkeys(("label", "level", "shared", "networks", "floor", "upper", "wrong", "says"))
        yield {**nothing, **common}
        return
    for level in found.levels:
        yield {
            **common,
            "label": one_line(f"{found.label} of {found.population}", 60),
            "level": one_line(level.level, 40),
            "shared": level.shared,
            "networks": level.networks,
            "floor": finite(level.relative),
            "upper": finite(level.upper),
            "wrong": finite(level.wrong),
            "says": one_line(level.says, 60),
        }
