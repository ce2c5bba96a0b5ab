"""Every figure of a run as the files that papers read: SVG and PDF."""

from __future__ import annotations

from collections.abc import Iterator

from ..harness.core.result import Run
from .figures.drawing import Drawing
from .figures.pdf import pdf
from .figures.svg import svg
from .sections.section import drawn, in_order


def figures(run: Run) -> tuple[Drawing, ...]:
    """The figures that the run has data for, section by section, each with a name of its own."""
    return tuple(figure.drawing for section in in_order() for figure in drawn(section, run) if figure.file)


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
