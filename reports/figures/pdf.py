"""Drawing -> PDF, through matplotlib: vector graphics with its fonts embedded as TrueType, as publishers ask.

The only module of the reports that needs more than jinja; matplotlib comes with the extra `figures`.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from ..reading.values import clean
from .drawing import GLYPHS, PAINTS, Box, Drawing, Item, Line, Mark, Paint, Text
from .svg import palette

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 0.75
"""Points in a view box unit, a pixel of CSS."""
ANCHORS = {"start": "left", "middle": "center", "end": "right"}


class MissingMatplotlib(ImportError):
    """PDF was asked for and matplotlib is not installed: `pip install matplotlib`."""


def pdf(drawing: Drawing) -> bytes:
    """The drawing as a PDF file; the same drawing gives the same bytes.

    Raises:
        MissingMatplotlib: it is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingMatplotlib("PDF needs matplotlib: pip install matplotlib") from None
    buffer = io.BytesIO()
    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("ignore")  # a letter that no font has is drawn as a box
        matplotlib.rcdefaults()
        matplotlib.rcParams["pdf.fonttype"] = 42
        figure = Figure(figsize=(drawing.width * POINTS / 72, drawing.height * POINTS / 72))
        _draw(figure, drawing)
        figure.savefig(buffer, format="pdf", metadata={"Title": clean(drawing.title), "CreationDate": None})
    return buffer.getvalue()


def _draw(figure: Figure, drawing: Drawing) -> None:
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    for order, item in enumerate(drawing.items, 1):
        for artist in _artists(item):
            artist.set_zorder(order)
            artist.set_clip_on(False)
            axes.add_artist(artist)


def _artists(item: Item) -> list:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle, FancyBboxPatch, Polygon, Rectangle
    from matplotlib.text import Text as Label

    paint = PAINTS[item.part]
    look = _look(paint)
    match item:
        case Line():
            return [_stroke(Line2D, item.points, paint)]
        case Box() if item.round:
            style = f"round,pad=0,rounding_size={item.round}"
            return [FancyBboxPatch((item.x, item.y), item.width, item.height, boxstyle=style, **look)]
        case Box():
            return [Rectangle((item.x, item.y), item.width, item.height, **look)]
        case Mark():
            glyph = GLYPHS[item.glyph]
            if isinstance(glyph, float | int):
                return [Circle((item.x, item.y), glyph, **look)]
            placed = [[(item.x + x, item.y + y) for x, y in stroke] for stroke in glyph]
            return [
                Polygon(stroke[:-1], closed=True, **look) if stroke[0] == stroke[-1] else _stroke(Line2D, stroke, paint)
                for stroke in placed
            ]
        case Text():
            return [
                Label(
                    item.x, item.y, clean(item.text), fontsize=paint.size * POINTS, color=palette()[paint.fill],
                    ha=ANCHORS[item.anchor], va="baseline", rotation=-item.angle, rotation_mode="anchor",
                    parse_math=False, family=["DejaVu Sans"],
                )
            ]  # fmt: skip


def _look(paint: Paint) -> dict:
    colours = palette()
    return {
        "facecolor": colours[paint.fill] if paint.fill else "none",
        "edgecolor": colours[paint.stroke] if paint.stroke else "none",
        "linewidth": paint.width * POINTS if paint.stroke else 0,
        "linestyle": _dashes(paint),
        "alpha": paint.opacity,
    }


def _dashes(paint: Paint) -> object:
    return (0, tuple(length / paint.width for length in paint.dash)) if paint.dash else "solid"


def _stroke(kind: type, points: object, paint: Paint) -> object:
    across, down = zip(*points, strict=True)  # type: ignore[misc]
    return kind(
        across, down, color=palette()[paint.stroke], linewidth=paint.width * POINTS, linestyle=_dashes(paint),
        alpha=paint.opacity, solid_capstyle="butt",
    )  # fmt: skip
