"""The forms of a report, by name: what a renderer is called, and nothing imported before it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..harness.core.result import Run


def _html(run: Run) -> Iterator[str]:
    from .html import html

    yield html(run)


def _markdown(run: Run) -> Iterator[str]:
    from .markdown import markdown

    yield markdown(run)


def _junit(run: Run) -> Iterator[str]:
    from .junit import pieces

    return pieces(run)


def _tables(run: Run) -> Iterator[tuple[str, bytes]]:
    from .tables import files

    return files(run)


def _figures(run: Run) -> Iterator[tuple[str, bytes]]:
    from .figure_files import files

    return files(run)


def _badge(run: Run) -> Iterator[tuple[str, bytes]]:
    from .badge import files

    return files(run)


def row_files(run: Run) -> Iterator[tuple[str, bytes]]:
    """The lists of all rows that the page reads, for the folder `ROWS` beside it."""
    from .row_files import files

    return files(run)


def row_names(run: Run) -> list[str]:
    """The names of `row_files`, all of them before the first is made."""
    from .row_files import row_lists

    return [each.name for each in row_lists(run)]


TEXTS: Mapping[str, Callable[[Run], Iterator[str]]] = {"html": _html, "markdown": _markdown, "junit": _junit}
"""Form -> the run as one text, in pieces."""
FILES: Mapping[str, Callable[[Run], Iterator[tuple[str, bytes]]]] = {
    "tables": _tables,
    "figures": _figures,
    "badge": _badge,
}
"""Form -> `(name, content)` of the files of a folder; the iterator raises `ImportError` where an optional package is missing,
after all that can be made without it."""
