"""Approximation curves: error against capacity, and against the number of output networks, with the floors that bound them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ...harness.core.result import Run
from ..reading.fits import Fit, fits
from ..reading.outcomes import STATUSES
from ..reading.subjects import architecture_names, grouped
from ..reading.values import compact, one_line, plural
from .axes import Axis, Entry, Frame, decades, legend, points_on
from .drawing import COLUMN, PAINTS, SERIES, Drawing, Figure, Item, Line, Mark, Point, Text, series, text_width

LEFT, RIGHT, TOP, BASE = 50.0, 308.0, 14.0, 210.0
PLACES = ((LEFT + 4, "start"), ((LEFT + RIGHT) / 2, "middle"), (RIGHT - 4, "end"))
"""Where the label of a line across the figure may stand, and its anchor."""
MARK = 4.0
"""Half of what a mark is wide."""
ROUNDING = 1e-24
"""Of a share of a variance: below it lie squares of rounding, and a floor is drawn at zero."""


@dataclass(frozen=True)
class Curve:
    """One line of a figure: its label, the index of its architecture, and its fits from left to right."""

    label: str
    architecture: int
    fits: tuple[Fit, ...]


def approximation_curves(run: Run) -> tuple[Figure, ...]:
    """A panel for each check: error over variance against parameters, at the smallest number of output networks."""
    panels = []
    for found in _by_check(run):
        fewest = min(fit.networks for fit in found)
        own = [fit for fit in found if fit.networks == fewest]
        curves = _curves(run, own, lambda fit: fit.row.architecture, lambda fit: fit.parameters)
        ticks = {fit.asked for fit in own}
        across = _capacities([*ticks, *(fit.parameters for fit in own)], ticks)
        panels.append(_panel(f"approximation-{len(panels) + 1:02d}", own, curves, across, _parameters, "parameters"))
    return tuple(panels)


def capacity_curves(run: Run) -> tuple[Figure, ...]:
    """A panel for each check that expands the output: error against the number of networks k, at matched parameter counts."""
    panels = []
    for found in _by_check(run):
        if len({fit.networks for fit in found}) < 2:
            continue
        several = len({fit.asked for fit in found}) > 1

        def label(fit: Fit, several: bool = several) -> str:
            return f"{fit.row.architecture} {_thousands(fit.asked)}" if several else fit.row.architecture

        curves = _curves(run, found, label, lambda fit: float(fit.networks))
        across = points_on((float(fit.networks) for fit in found), LEFT, RIGHT, compact_count)
        name = f"capacity-{len(panels) + 1:02d}"
        panels.append(_panel(name, found, curves, across, lambda fit: float(fit.networks), "output networks k"))
    return tuple(panels)


def _parameters(fit: Fit) -> float:
    return fit.parameters


def compact_count(value: float) -> str:
    return f"{value:g}"


def _thousands(value: float) -> str:
    """A count as a tick reads it: 800, 5k, 1.2M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:g}"


def _by_check(run: Run) -> Iterable[list[Fit]]:
    return grouped(fits(run), lambda fit: (fit.row.suite, fit.row.check)).values()


def _curves(
    run: Run, found: Sequence[Fit], label: Callable[[Fit], str], place: Callable[[Fit], float]
) -> tuple[Curve, ...]:
    names = {name: index for index, name in enumerate(architecture_names(run))}
    return tuple(
        Curve(text, names[own[0].row.architecture], tuple(sorted(own, key=place)))
        for text, own in sorted(grouped(found, label).items(), key=lambda item: names[item[1][0].row.architecture])
    )


def _capacities(values: Iterable[float], ticks: Iterable[float]) -> Axis:
    wide, asked = points_on(values, LEFT, RIGHT, _thousands), points_on(ticks, LEFT, RIGHT, _thousands)
    return Axis(wide.low, wide.high, LEFT, RIGHT, True, asked.ticks)


def _panel(
    name: str, found: Sequence[Fit], curves: Sequence[Curve], across: Axis, place: Callable[[Fit], float], title_x: str
) -> Figure:
    floors = _floors(found)
    thresholds = sorted({fit.threshold for fit in found if fit.threshold is not None and fit.threshold > 0})
    values = [
        value for fit in found for value in (fit.error, fit.low, fit.high, *(fit.seeds or ())) if value is not None
    ]
    values += [floor for _, floor in floors] + thresholds
    frame = Frame(across, decades(values, -2, 0, BASE, TOP), title_x, "error / variance")
    items: list[Item] = [*frame.background]
    marks = [(frame.x(place(fit)), frame.y(fit.error)) for fit in found]
    for kind, floor in floors:
        y = frame.y(floor)
        told = f"floor ({kind}) {compact(floor)}" if kind else f"floor {compact(floor)}"
        items += [Line(((LEFT, y), (RIGHT, y)), "floor"), _beside(marks, y - 4, told, "alarm-label", PLACES)]
    for threshold in thresholds:
        y, told = frame.y(threshold), f"threshold {compact(threshold)}"
        items += [Line(((LEFT, y), (RIGHT, y)), "threshold"), _beside(marks, y - 4, told, "label", PLACES[::-1])]
    for curve in curves:
        items += _curve(curve, frame, place)
    entries = [Entry(*series(curve.architecture), curve.label, (curve.architecture,)) for curve in curves]
    below, high = legend(entries, LEFT - 40, BASE + 52)
    first = found[0]
    title = f"{first.target} on {first.regime}: error against {title_x}"
    caption = f"{first.row.check}: {first.target}, {first.regime}; {plural(len(found), 'row')}"
    zero = sum(fit.floor is not None and 0 <= fit.floor < ROUNDING for fit in found)
    if zero:
        caption += f", floor 0 in {zero:,}"
    return Figure(Drawing(name, one_line(title), COLUMN, BASE + 48 + high, (*items, *below)), one_line(caption))


def _beside(marks: Iterable[Point], y: float, told: str, part: str, places: Sequence[tuple[float, str]]) -> Text:
    """The label of a line at the first of the places where fewest marks lie under it."""
    wide = text_width(told, PAINTS[part].size)

    def covered(place: tuple[float, str]) -> int:
        left = place[0] - {"start": 0.0, "middle": 0.5, "end": 1.0}[place[1]] * wide
        return sum(left - MARK <= x <= left + wide + MARK and y - 11 - MARK <= at <= y + MARK for x, at in marks)

    x, anchor = min(places, key=covered)
    return Text(x, y, told, part, anchor)


def _floors(found: Sequence[Fit]) -> list[tuple[str, float]]:
    """The distinct floors, as they are read, with what they follow from; a floor of zero has its own place on the axis."""
    kinds: dict[str, tuple[float, list[str]]] = {}
    for fit in found:
        if fit.floor is not None and fit.floor >= 0:
            floor = _floor(fit.floor)
            kinds.setdefault(compact(floor), (floor, []))[1].append(one_line(fit.floor_kind or "", 20))
    return sorted(
        ((", ".join(filter(None, dict.fromkeys(own))), floor) for floor, own in kinds.values()),
        key=lambda item: item[1],
    )


def _floor(value: float) -> float:
    """Zero where a floor is nothing but rounding."""
    return 0.0 if value < ROUNDING else value


def _curve(curve: Curve, frame: Frame, place: Callable[[Fit], float]) -> Iterable[Item]:
    """Line, the range of the seeds as a band, the interval of the chosen one, marks; a red row gets the glyph of its status on top."""
    color, who = curve.architecture % SERIES + 1, (curve.architecture,)
    glyph, part = series(curve.architecture)
    points = [(frame.x(place(fit)), frame.y(fit.error)) for fit in curve.fits]
    yield Line(tuple(points), f"curve-{color}", who)
    for fit, (x, _) in zip(curve.fits, points, strict=True):
        if fit.seeds is not None:
            yield Line(((x, frame.y(fit.seeds[0])), (x, frame.y(fit.seeds[1]))), f"range-{color}", who)
        if fit.low is not None and fit.high is not None:
            yield Line(((x, frame.y(fit.low)), (x, frame.y(fit.high))), f"curve-{color}", who)
    for fit, (x, y) in zip(curve.fits, points, strict=True):
        row = fit.row
        words = (
            f"{row.architecture}, {compact(fit.parameters)} parameters, k = {fit.networks}: error {compact(fit.error)}"
            + (f" ({compact(fit.low)} to {compact(fit.high)})" if fit.low is not None and fit.high is not None else "")
            + (f", seeds {compact(fit.seeds[0])} to {compact(fit.seeds[1])}" if fit.seeds is not None else "")
            + (f", floor {compact(fit.floor)}" if fit.floor is not None else "")
            + f"; predicted {row.predicted or 'nothing'}, {row.observed or fit.status}"
        )
        group = (row.architecture, row.suite, row.check)
        yield Mark(x, y, glyph, part, words, who, group)
        if STATUSES[fit.status].red:
            yield Mark(x, y, fit.status, fit.status, words, who, group)
