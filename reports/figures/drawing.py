"""A drawing: lines, boxes, marks and text in the units of its own view box, each with the part that it plays.

One geometry serves the page, the SVG file and the PDF file (`svg.py`, `pdf.py`); what a part looks like stands here once, in
the names of the style sheet's colours, so that light, dark, print and paper agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..reading.values import one_line

Point = tuple[float, float]
COLUMN, TALL = 316.0, 860.0
"""Width of one column of a paper, 3.3 inches, and the height of its page, in view box units of a 96th of an inch: files stay within, and
their letters are at least 8 pt as they lie there, and in the narrower columns of an article too."""
SERIES = 8
"""Colours of series; the ninth takes the first colour again, with another glyph."""


@dataclass(frozen=True)
class Paint:
    """What a part looks like: colours by their names in the style sheet, "" for none; lengths in view box units."""

    stroke: str = ""
    fill: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()
    opacity: float = 1.0
    size: float = 0.0


PAINTS: dict[str, Paint] = {
    "grid": Paint(stroke="line"),
    "reference": Paint(stroke="muted", width=1.2, dash=(6, 4)),
    "threshold": Paint(stroke="muted", dash=(3, 3)),
    "floor": Paint(stroke="fail", width=1.4, dash=(7, 3)),
    "resolution": Paint(stroke="ink", dash=(2, 3)),
    "sure": Paint(fill="soft"),
    "trace": Paint(stroke="mark", width=1.4, opacity=0.55),
    "leader": Paint(stroke="line", width=0.8),
    "link": Paint(stroke="muted"),
    "member": Paint(stroke="mark", fill="sheet", width=1.2),
    "reference-member": Paint(stroke="mark", fill="sheet", width=1.2, dash=(5, 3)),
    "alarm": Paint(stroke="fail", width=2),
    "heat-0": Paint(stroke="line", fill="sheet", width=0.6),
    **{f"heat-{step}": Paint(stroke="line", fill=f"heat-{step}", width=0.6) for step in range(1, 6)},
    # marks
    "separated": Paint(stroke="mark", fill="mark", width=1.5),
    "not-separated": Paint(stroke="mark", fill="sheet", width=1.5),
    "pass": Paint(fill="mark", opacity=0.55),
    "fail": Paint(stroke="fail", width=2.2),
    "error": Paint(fill="error"),
    "undecided": Paint(fill="undecided"),
    "unexpected-pass": Paint(fill="fail"),
    "expected": Paint(stroke="expected", width=1.6),
    "observed": Paint(stroke="mark", width=1.2),
    "not-applicable": Paint(stroke="none", width=1.6),
    **{f"series-{n}": Paint(stroke=f"series-{n}", fill=f"series-{n}", width=1.5) for n in range(1, SERIES + 1)},
    **{f"curve-{n}": Paint(stroke=f"series-{n}", width=1.5, opacity=0.8) for n in range(1, SERIES + 1)},
    **{f"range-{n}": Paint(stroke=f"series-{n}", width=5, opacity=0.25) for n in range(1, SERIES + 1)},
    # text
    "tick": Paint(fill="muted", size=11.1),
    "axis": Paint(fill="muted", size=12.5),
    "label": Paint(fill="muted", size=11.1),
    "alarm-label": Paint(fill="fail", size=11.1),
    "name": Paint(fill="ink", size=12),
    "small": Paint(fill="ink", size=11.1),
    "aside": Paint(fill="muted", size=12),
}
"""Part -> paint. Closed glyphs are filled where the paint has a fill."""

Glyph = float | tuple[tuple[Point, ...], ...]
"""The outline of a mark around its place: the radius of a circle, or strokes, which are closed where they end at their start."""

GLYPHS: dict[str, Glyph] = {
    "pass": 3.6,
    "fail": (((-4, -4), (4, 4)), ((-4, 4), (4, -4))),
    "error": (((0, -5), (5, 0), (0, 5), (-5, 0), (0, -5)),),
    "undecided": (((0, -4.6), (4.6, 3.8), (-4.6, 3.8), (0, -4.6)),),
    "unexpected-pass": (
        ((-4, -1.2), (-1.2, -1.2), (-1.2, -4), (1.2, -4), (1.2, -1.2), (4, -1.2), (4, 1.2), (1.2, 1.2), (1.2, 4),
         (-1.2, 4), (-1.2, 1.2), (-4, 1.2), (-4, -1.2)),
    ),
    "expected": (((-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5), (-3.5, -3.5)),),
    "observed": 2.8,
    "not-applicable": (((-4, 0), (4, 0)),),
    "dot": 3.6,
    "square": (((-3.2, -3.2), (3.2, -3.2), (3.2, 3.2), (-3.2, 3.2), (-3.2, -3.2)),),
    "triangle": (((0, -4.4), (4.2, 3.4), (-4.2, 3.4), (0, -4.4)),),
    "diamond": (((0, -4.6), (4.2, 0), (0, 4.6), (-4.2, 0), (0, -4.6)),),
}  # fmt: skip
"""Glyphs of statuses, so that no figure depends on colour alone, and those of series."""
SERIES_GLYPHS = ("dot", "square", "triangle", "diamond")


def series(number: int) -> tuple[str, str]:
    """Glyph and part of a series, neighbours unlike in both, so that a print without colours tells them apart; 32 are unlike."""
    return SERIES_GLYPHS[(number + number // SERIES) % len(SERIES_GLYPHS)], f"series-{number % SERIES + 1}"


def short(name: str, letters: int) -> str:
    """The name in so many letters: its beginning and its end, where architectures of several options differ."""
    told = one_line(name, 200)
    end = letters // 2
    return told if len(told) <= letters else f"{told[: letters - end - 1]}…{told[-end:]}"


@dataclass(frozen=True)
class Line:
    """Straight strokes through points."""

    points: tuple[Point, ...]
    part: str
    architectures: tuple[int, ...] = ()


@dataclass(frozen=True)
class Box:
    """A rectangle by its upper left corner; `title` is what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    part: str
    title: str = ""
    round: float = 0.0
    group: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Mark:
    """A glyph: what it stands for, the indices of its architectures, and the group of failures that it leads to."""

    x: float
    y: float
    glyph: str
    part: str
    title: str
    architectures: tuple[int, ...] = ()
    group: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Text:
    """Text on one line; `anchor` is start, middle or end, `angle` in degrees clockwise."""

    x: float
    y: float
    text: str
    part: str
    anchor: str = "start"
    angle: float = 0.0
    architectures: tuple[int, ...] = ()


Item = Line | Box | Mark | Text


@dataclass(frozen=True)
class Drawing:
    """A figure.

    Args:
        name: stem of its file.
        title: what it shows, in a line, also for those who do not see it.
        items: later ones lie above earlier ones.
    """

    name: str
    title: str
    width: float
    height: float
    items: tuple[Item, ...]

    @property
    def marks(self) -> Iterator[Mark]:
        return (item for item in self.items if isinstance(item, Mark))

    @property
    def boxes(self) -> Iterator[Box]:
        return (item for item in self.items if isinstance(item, Box))


def text_width(text: str, size: float) -> float:
    """About how wide a sans-serif font sets the text."""
    return 0.6 * size * len(text)


def glyph_path(glyph: Glyph) -> str:
    """The glyph as the data of an SVG path."""
    if isinstance(glyph, float | int):
        return f"M0-{glyph:g}A{glyph:g} {glyph:g} 0 1 0 0 {glyph:g}A{glyph:g} {glyph:g} 0 1 0 0-{glyph:g}Z"
    return "".join(
        "M" + "L".join(f"{x:g} {y:g}" for x, y in (stroke[:-1] if stroke[0] == stroke[-1] else stroke))
        + ("Z" if stroke[0] == stroke[-1] else "")
        for stroke in glyph
    )  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A drawing with its place in a report.

    Args:
        caption: what stands under it.
        look: `large`, one of several panels across the page, `small`, one of many, or `beside` the table, with a key of its glyphs.
        page: whether the page shows it; where it does not, its table or its panels are there.
        file: whether `--format figures` writes it.
    """

    drawing: Drawing
    caption: str = ""
    look: str = "large"
    page: bool = True
    file: bool = True

    @property
    def parts(self) -> set[str]:
        """The parts that its marks play."""
        return {mark.part for mark in self.drawing.marks}
