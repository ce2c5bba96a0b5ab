"""Geometry of the figures, in the units of their own viewBox; the templates only draw it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..harness.order import REFERENCES, separation_order
from ..harness.result import Result, Run
from .outcomes import SEVERITY, status_of
from .separation import ladder_rows, round_of
from .summary import architecture_names, declarations, grouped
from .values import compact, digits_text, finite, number, one_line, plural

PRECISIONS = 29 * math.log10(2)
"""float32 and float64 rounding are 29 binary digits apart: the line on which rounding alone lies, in decades."""
SHAPES = {
    "pass": "M0-3.6A3.6 3.6 0 1 0 0 3.6A3.6 3.6 0 1 0 0-3.6Z",
    "fail": "M-4-4L4 4M-4 4L4-4",
    "error": "M0-5L5 0L0 5L-5 0Z",
    "undecided": "M0-4.6L4.6 3.8L-4.6 3.8Z",
    "unexpected-pass": "M-4-1.2H-1.2V-4H1.2V-1.2H4V1.2H1.2V4H-1.2V1.2H-4Z",
    "expected": "M-3.5-3.5H3.5V3.5H-3.5Z",
    "not-applicable": "M-4 0H4",
}
"""Status -> outline of its mark, so that no figure depends on colour alone."""
GRID = 4.0
"""Points nearer than this are drawn as one, which says how many rows it stands for."""


@dataclass(frozen=True)
class Tick:
    place: float
    label: str


@dataclass(frozen=True)
class Line:
    """A reference line, clipped to the plot; `label` runs along it, a share `at` of the way up, where few points lie."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str
    at: float

    @property
    def angle(self) -> float:
        """Slope on the page, in degrees, for the label that runs along the line."""
        return math.degrees(math.atan2(self.y2 - self.y1, self.x2 - self.x1))

    @property
    def anchor(self) -> tuple[float, float]:
        """Where the label stands."""
        return self.x1 + self.at * (self.x2 - self.x1), self.y1 + self.at * (self.y2 - self.y1)


@dataclass(frozen=True)
class Mark:
    """One drawn point: status, place, what it stands for, and the indices of its architectures."""

    x: float
    y: float
    status: str
    text: str
    architectures: tuple[int, ...]
    group: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Scatter:
    """float32 against float64 error on logarithmic axes. `left_out` counts rows without two finite errors."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    rows: int
    left_out: int


def scatter(run: Run) -> Scatter | None:
    """The two precisions of every equivariance row; None if no row has both. An exact zero is drawn on the axis."""
    measured, left_out = [], 0
    for row in run.results:
        if row.kind != "equivariance" or "error64" not in row.evidence:
            continue
        x, y = finite(row.evidence.get("error64")), finite(row.evidence.get("error32"))
        if x is None or y is None or x < 0 or y < 0:
            left_out += 1
        else:
            measured.append((row, x, y))
    if not measured:
        return None
    width, height, left, right, top, bottom = 680.0, 440.0, 58.0, 664.0, 18.0, 392.0
    x_low, x_high = _decades([x for _, x, _ in measured], -17, -14)
    y_low, y_high = _decades([y for _, _, y in measured], -9, -5)

    def across(decade: float) -> float:
        return left + (decade - x_low) / (x_high - x_low) * (right - left)

    def down(decade: float) -> float:
        return bottom - (decade - y_low) / (y_high - y_low) * (bottom - top)

    lines = []
    for offset, label, at in ((PRECISIONS, "e32 = 2^29 e64: rounding", 0.6), (0.0, "e32 = e64: a violation", 0.3)):
        start, end = max(x_low, y_low - offset), min(x_high, y_high - offset)
        if start < end:
            lines.append(Line(across(start), down(start + offset), across(end), down(end + offset), label, at))
    names = {name: index for index, name in enumerate(architecture_names(run))}
    placed = [
        (
            row,
            across(math.log10(x)) if x > 0 else left,
            down(math.log10(y)) if y > 0 else bottom,
            f"e64 {compact(x)}, e32 {compact(y)}",
        )
        for row, x, y in measured
    ]
    return Scatter(
        width, height, left, right, top, bottom,
        tuple(Tick(across(decade), f"1e{decade}") for decade in _ticks(x_low, x_high)),
        tuple(Tick(down(decade), f"1e{decade}") for decade in _ticks(y_low, y_high)),
        tuple(lines), _merged(placed, names), len(measured), left_out,
    )  # fmt: skip


def _decades(values: Sequence[float], low: int, high: int) -> tuple[int, int]:
    """The decades that hold all positive values, and at least `low` to `high`."""
    positive = [math.log10(value) for value in values if value > 0]
    floor = math.floor(min(positive, default=low))
    ceiling = math.ceil(max(positive, default=high))
    return max(min(floor, low), -330), max(ceiling, high)


def _ticks(low: int, high: int) -> range:
    return range(low, high + 1, max(1, math.ceil((high - low) / 9)))


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
                x, y, status, f"{who}: {which}, {status}, {text}", tuple(names[name] for name in architectures),
                (row.architecture, row.suite, row.check),
            )
        )  # fmt: skip
    return tuple(marks)


@dataclass(frozen=True)
class Ladder:
    """Digits of separation by refinement round, for one architecture."""

    architecture: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    threshold: float
    declared: tuple[float, float] | None
    path: str
    marks: tuple[Mark, ...]


def ladders(run: Run) -> tuple[Ladder, ...]:
    """A panel for each architecture, all on one scale; none unless pairs of at least two rounds were measured.

    The line joins the lowest digits of each round; a filled mark is separated, an open one is not.
    """
    rows = [row for row in ladder_rows(run) if _digits(row) is not None]
    rounds = sorted({parted for row in rows if (parted := round_of(row)) is not None})
    if len(rounds) < 2:
        return ()
    low, high = rounds[0], rounds[-1]
    by_name = grouped(rows, lambda row: row.architecture)
    declared = declarations(run)
    return tuple(
        _ladder(name, by_name[name], low, high, declared.get(name, {}).get("rounds"))
        for name in architecture_names(run)
        if name in by_name
    )


def _digits(row: Result) -> float | None:
    value = number(row.evidence.get("digits"))
    return None if value is None or math.isnan(value) else value


def _ladder(name: str, rows: Sequence[Result], low: int, high: int, rounds: object) -> Ladder:
    width, height, left, right, top, bottom = 236.0, 138.0, 26.0, 226.0, 10.0, 112.0
    ceiling = 16.0

    def across(parted: float) -> float:
        return left + 10 + (parted - low) / (high - low) * (right - left - 20)

    def down(digits: float) -> float:
        return bottom - min(max(digits, 0.0), ceiling) / ceiling * (bottom - top)

    marks, path = [], []
    for parted, found in sorted(grouped(rows, round_of).items()):
        digits = min(value for row in found if (value := _digits(row)) is not None)
        x, y = across(parted), down(digits)
        seen = "separated" if all(row.observed == "separated" for row in found) else "not-separated"
        words = ", ".join(dict.fromkeys(row.observed or status_of(row) for row in found))
        marks.append(Mark(x, y, seen, f"{name}: round {parted}, {digits_text(digits)} digits, {words}", ()))
        path.append(f"{x:.1f},{y:.1f}")
    end = None
    if isinstance(rounds, list | tuple) and rounds and (sure := finite(rounds[0])) is not None and sure >= low:
        end = (left, min(right, across(sure) + (right - left - 20) / (high - low) / 2))
    step = max(1, math.ceil((high - low + 1) / 8))
    return Ladder(
        name, width, height, left, right, top, bottom,
        tuple(Tick(across(parted), str(parted)) for parted in range(low, high + 1, step)),
        tuple(Tick(down(digits), str(digits)) for digits in (0, 5, 10, 15)),
        down(3.0), end, " ".join(path), tuple(marks),
    )  # fmt: skip


@dataclass(frozen=True)
class Box:
    """One member of the order of separation: its lines of text, and the middle of its box."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    parted: int
    reference: bool


@dataclass(frozen=True)
class Hasse:
    """The order of separation, more powerful above; `links` are the ends of its lines."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    links: tuple[tuple[float, float, float, float], ...]
    pairs: int
    left_out: tuple[tuple[str, int], ...]


LINE_HEIGHT, LETTER, PADDING, GAP = 15.0, 7.2, 12.0, 26.0


def hasse(run: Run) -> Hasse | None:
    """The Hasse picture of the order of separation, one row of boxes for each length of the longest way down from the top."""
    order = separation_order(run.results)
    if order is None:
        return None
    level = [0] * len(order.members)
    for upper, lower in order.covers:  # members come by falling size, so the upper one's level is final
        level[lower] = max(level[lower], level[upper] + 1)
    texts = [
        (*(one_line(name, 40) for name in member.names), plural(member.parted, "pair")) for member in order.members
    ]
    sizes = [(max(map(len, text)) * LETTER + 2 * PADDING, len(text) * LINE_HEIGHT + PADDING) for text in texts]
    rows = [[i for i, own in enumerate(level) if own == depth] for depth in range(max(level) + 1)]
    width = max(sum(sizes[i][0] for i in row) + GAP * (len(row) + 1) for row in rows)
    places: dict[int, tuple[float, float]] = {}
    top = PADDING
    for row in rows:
        x = (width - sum(sizes[i][0] for i in row) - GAP * (len(row) - 1)) / 2
        height = max(sizes[i][1] for i in row)
        for i in row:
            places[i] = x + sizes[i][0] / 2, top + height / 2
            x += sizes[i][0] + GAP
        top += height + GAP
    boxes = tuple(
        Box(*places[i], *sizes[i], texts[i], member.parted, any(name in REFERENCES for name in member.names))
        for i, member in enumerate(order.members)
    )
    links = tuple(
        (places[i][0], places[i][1] + sizes[i][1] / 2, places[j][0], places[j][1] - sizes[j][1] / 2)
        for i, j in order.covers
    )
    return Hasse(width, top, boxes, links, order.pairs, order.left_out)
