"""Every figure of a run, for the page and for a paper."""

from __future__ import annotations

from collections.abc import Iterator

from ..harness.core.result import Run
from .curves import approximation_curves, capacity_curves
from .depth import depth_curves
from .drawing import Drawing
from .hasse import hasse
from .heat import heat
from .ladder import ladder_sheet
from .pdf import pdf
from .scatter import scatter
from .svg import svg


def figures(run: Run) -> tuple[Drawing, ...]:
    """The figures that the run has data for, each with a name of its own."""
    points, order = scatter(run), hasse(run)
    panels = (*approximation_curves(run), *capacity_curves(run))
    found = (points and points.drawing, heat(run), ladder_sheet(run), depth_curves(run), order and order.drawing)
    return (*(drawing for drawing in found if drawing), *(panel.drawing for panel in panels))


def files(run: Run) -> Iterator[tuple[str, bytes]]:
    """`(name, content)` of every figure, first all as SVG, which needs nothing, then all as PDF.

    Raises:
        MissingMatplotlib: PDF cannot be made.
    """
    found = figures(run)
    for drawing in found:
        yield f"{drawing.name}.svg", svg(drawing).encode()
    for drawing in found:
        yield f"{drawing.name}.pdf", pdf(drawing)
