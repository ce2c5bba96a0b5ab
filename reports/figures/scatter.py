"""Equivariance errors of a run in two precisions, on the lines that name their causes (protocol.md, section 2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...harness.checks.equivariance.evidence import EquivarianceEvidence
from ...harness.core.result import Result, Run
from ..reading.outcomes import SEVERITY, status_of
from ..reading.precisions import error32
from ..reading.subjects import architecture_names, measured
from ..reading.values import compact
from .axes import Axis, Entry, Frame, decades, legend
from .drawing import COLUMN, Drawing, Item, Line, Mark, Text

GRID = 4.0
"""Points nearer than this are drawn as one, which says how many rows it stands for."""
ABOVE = 6.0
"""How far a label stands from its line."""
CAUSES = (  # binary digits between the precisions, the line in words, what it means, how far along the line its label stands
    (29.0, "e32 = 2^29 e64: ", "rounding", 0.6),
    (14.5, "e32 = 2^14.5 e64: ", "a square root of rounding", 0.5),
    (0.0, "e32 = e64: ", "a violation, or float32 inside", 0.34),
)


@dataclass(frozen=True)
class Size:
    """Where the frame lies in the drawing, how many ticks it has, and whether it carries its own legend and short labels, as in a paper."""

    width: float
    left: float
    right: float
    top: float
    base: float
    ticks: int
    paper: bool


PAGE, PAPER = Size(680.0, 62.0, 664.0, 18.0, 392.0, 9, False), Size(COLUMN, 50.0, 300.0, 8.0, 240.0, 6, True)


@dataclass(frozen=True)
class Scatter:
    """The figure, how many rows it stands for, and how many equivariance rows lack two finite errors."""

    drawing: Drawing
    rows: int
    left_out: int


def scatter(run: Run, size: Size = PAGE) -> Scatter | None:
    """float32 against float64 error of every equivariance row that was asked in both; None if there is none. An exact zero has its
    own place on the axis."""
    found = [(row, errors) for row in run.results if (errors := measured(row, EquivarianceEvidence)) is not None]
    both = [(row, errors.error64, single) for row, errors in found if (single := error32(errors)) is not None]
    points = [point for point in both if all(0 <= error < math.inf for error in point[1:])]
    if not points:
        return None
    frame = Frame(
        decades([x for _, x, _ in points], -17, -14, size.left, size.right, size.ticks),
        decades([y for _, _, y in points], -9, -5, size.base, size.top, size.ticks),
        "error in float64 (e64)",
        "error in float32 (e32)",
    )
    lines: list[Item] = []
    labels: list[Item] = []
    for digits, line, cause, share in CAUSES:
        label = cause.partition(",")[0] if size.paper else line + cause
        ends = _clipped(frame.x, frame.y, 2.0**digits)
        if ends is not None:
            (x1, y1), (x2, y2) = ends
            slope = math.atan2(y2 - y1, x2 - x1)
            lines.append(Line(ends, "reference"))
            x, y = x1 + share * (x2 - x1) + ABOVE * math.sin(slope), y1 + share * (y2 - y1) - ABOVE * math.cos(slope)
            labels.append(Text(x, y, label, "label", "middle", math.degrees(slope)))
    names = {name: index for index, name in enumerate(architecture_names(run))}
    placed = [(row, frame.x(x), frame.y(y), f"e64 {compact(x)}, e32 {compact(y)}") for row, x, y in points]
    marks = _merged(placed, names)
    shown = [status for status in SEVERITY if status in {mark.part for mark in marks}]
    below, high = (
        legend([Entry(each, each, each) for each in shown], size.left, size.base + 50) if size.paper else ((), 0.0)
    )
    items = (*frame.background, *lines, *marks, *labels, *below)
    title = f"float32 against float64 equivariance error of {len(points):,} rows"
    drawing = Drawing("equivariance-error", title, size.width, size.base + 48 + high, items)
    return Scatter(drawing, len(points), len(found) - len(points))


def _clipped(across: Axis, down: Axis, ratio: float) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The line e32 = ratio e64 inside the frame."""
    start, end = max(across.low, down.low / ratio), min(across.high, down.high / ratio)
    return ((across(start), down(start * ratio)), (across(end), down(end * ratio))) if start < end else None


def _merged(placed: Sequence[tuple[Result, float, float, str]], names: Mapping[str, int]) -> tuple[Mark, ...]:
    """One mark for each status and grid cell, the gravest drawn last, hence on top."""
    cells: dict[tuple[str, int, int], list[tuple[Result, float, float, str]]] = {}
    for found in placed:
        cells.setdefault((status_of(found[0]), round(found[1] / GRID), round(found[2] / GRID)), []).append(found)
    marks = []
    for (status, _, _), found in sorted(cells.items(), key=lambda item: -SEVERITY.index(item[0][0])):
        row, x, y, text = found[0]
        architectures = list(dict.fromkeys(entry[0].architecture for entry in found))
        who = ", ".join(architectures[:3]) + (f" and {len(architectures) - 3} more" if len(architectures) > 3 else "")
        which = f"{row.check} / {row.case}" if len(found) == 1 else f"{len(found):,} rows"
        marks.append(
            Mark(
                x, y, status, status, f"{who}: {which}, {status}, {text}",
                tuple(names[name] for name in architectures), (row.architecture, row.suite, row.check),
            )
        )  # fmt: skip
    return tuple(marks)
