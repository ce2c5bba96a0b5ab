"""Run -> one self-contained HTML file that opens from disk, reads without scripts and asks nothing of the network.

Everything that comes from a plug-in, a suite or the environment passes through jinja's autoescape; the content security
policy lets nothing run but the report's own script, by its hash. The lists of all rows lie beside it as style sheets, admitted
by a mark that no text within the run can hold, and are read when a reader opens them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..harness.core.result import Run
from .figures import svg
from .figures.drawing import GLYPHS, glyph_path
from .places import ROWS
from .reading import values
from .reading.outcomes import (
    CONCLUSION_STATUSES,
    SEVERITY,
    STATUSES,
    headline,
    problems_of,
    sign,
    status_of,
    tally,
    unfinished_banner,
)
from .row_files import mark, row_lists
from .sections.environment import environment
from .sections.failures import Group, red_groups
from .sections.kinds import BAR, BENEATH, CELL, HEADING, HTML, SPAN, TALLY, TEXT, Place, badge
from .sections.roots import red_lines
from .sections.section import SECTIONS, Column, Sheet, sheet, sheets

_PIECE = re.compile(r"(?:\d+\.\d+(?:e[+-]?\d+)?|[^\W_]{1,24})[\W_]*|[\W_]+")
"""What of a name stays in one line: letters with the punctuation behind them."""
TEMPLATES = Path(__file__).parent / "templates"
OPEN_AT_MOST = 12
"""Up to so many rows that need eyes are shown unfolded."""
ROOMY = 16
"""Tables of more columns of subjects, and score cards of more lines, are set closer, so that 33 architectures fit on a screen."""
MANY_CELLS, FEW_CELLS, LARGE = 3_000, 1_000, 1_000_000
"""A page with more cells, or of more bytes where its cells are not few, says in each cell the gravest outcome alone, and how many rows have it."""
MARKS, FEW_MARKS = 300, 100
"""Marks in the figures of a section, and of a page with so many cells; further figures are left to files."""
ROOTS_AT_HEAD, FEWER_ROOTS = 5, 3
"""So many red architectures have their line below the headline, where the score card is short and where it is set closer; it has all."""


def html(run: Run) -> str:
    """The report as one HTML document; the same run gives the same text, and its cells fewer words where it would be too large."""
    shown = list(sheets(run, HTML))
    cells = sum(_cells_of(sheet) for sheet in shown)
    page = _page(run, shown, cells > MANY_CELLS)
    large = len(page.encode()) > LARGE and FEW_CELLS < cells <= MANY_CELLS
    return _page(run, shown, True) if large else page


def _page(run: Run, shown: Sequence[Sheet], terse: bool) -> str:
    script = _asset("report.js")
    groups = red_groups(run)
    red = red_lines(run)
    at_head = ROOTS_AT_HEAD if len(run.architectures) <= ROOMY else FEWER_ROOTS
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            title=_title(run),
            style=Markup(_asset("report.css")),
            parts=Markup(svg.style()),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            outcome=sign(run),
            headline=headline(run),
            unfinished=unfinished_banner(run),
            whole=tally(run.results),
            statuses=tuple(STATUSES.values()),
            by_name=CONCLUSION_STATUSES,
            problems=problems_of(run),
            notes=tuple(map(values.one_line, run.notes)),
            environment=[tuple(row.values()) for row in environment(run)],
            terse=terse,
            chapters=tuple(_chapters([_fewer(sheet, FEW_MARKS if terse else MARKS) for sheet in shown])),
            anchors={(group.architecture, *check): group.anchor for group in groups for check in group.checks},
            groups=groups,
            firsts=_firsts(groups),
            places={each.row.id: each.anchor for group in groups for each in group.shown},
            row_lists=row_lists(run),
            row_folder=ROWS,
            mark=mark(run),
            roots=red[:at_head],
            more=max(0, len(red) - at_head),
            unfolded=sum(group.tally.total for group in groups) <= OPEN_AT_MOST,
        )
    )


def score_card_html(run: Run) -> str:
    """The headline and the score card as a piece of HTML, for notebooks; what architectures are called stays text."""
    found = sheet(SECTIONS["score-card"], run, HTML)
    return (
        _environment()
        .get_template("card.jinja")
        .render(
            outcome=sign(run),
            headline=headline(run),
            sheet=found or Sheet(SECTIONS["score-card"], (), ()),
            by_name=CONCLUSION_STATUSES,
        )
    )


def rendered(template: str, style: str, **given: Any) -> str:
    """Another page of the templates, with the report's styles, then its own, and the report's script."""
    script = _asset("report.js")
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(f"{_asset('report.css')}\n{_asset(style)}"),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **given,
        )
    )


def _title(run: Run) -> str:
    suites = dict.fromkeys(row.suite for row in run.results)
    return f"orbitcheck: {values.one_line(', '.join(suites), 80) or 'no rows'}"


@dataclass(frozen=True)
class Entry:
    """A cell of a table, with what stands in small letters below it, and how many rows it spans."""

    column: Column
    value: Any
    beneath: tuple[tuple[Column, Any], ...]
    rows: int

    @property
    def look(self) -> str:
        kind = self.column.kind
        return "sentence" if kind is TEXT else "tally" if kind is TALLY else "num" if kind.number else ""

    @property
    def sort(self) -> float | None:
        """What the row is sorted by, where that is a number."""
        if self.column.kind is TALLY:
            return self.value.total
        if self.column.kind is BAR:
            return self.value.share if self.value else -1.0
        found = values.number(self.value)
        return (-1.0 if found is None else found) if self.column.kind.number else None


@dataclass(frozen=True)
class Line:
    """A row of a table; its status where the table counts rows."""

    entries: tuple[Entry, ...]
    status: str


@dataclass(frozen=True)
class Body:
    """Rows that belong together, below their heading."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class View:
    """A sheet as a table of the page."""

    sheet: Sheet
    columns: tuple[Column, ...]
    bodies: tuple[Body, ...]

    @property
    def look(self) -> str:
        """Classes of the table: of cells by subject, else of rows that can be sorted unless they belong together."""
        kinds = [column.kind for column in self.columns]
        if CELL in kinds:
            plain = all(not entry.value.main for entry in self._cells if entry.value)
            return ("dense " if kinds.count(CELL) > ROOMY else "") + ("matrix" if plain else "matrix pairs")
        grouped = len(self.bodies) > 1 or any(column.place is SPAN for column in self.columns)
        many = not grouped and len(self.bodies[0].lines) > ROOMY if self.bodies else False
        return (
            ("dense " if many else "")
            + ("wide-text " if TEXT in kinds else "")
            + ("ledger" if grouped else "sortable stack")
        )

    @property
    def _cells(self) -> Iterator[Entry]:
        lines = (line for body in self.bodies for line in body.lines)
        return (entry for line in lines for entry in line.entries if entry.column.kind is CELL)

    @property
    def beside(self) -> bool:
        """Whether a figure stands beside the table."""
        return any(figure.look == "beside" for figure in self.sheet.figures)


def _chapters(found: Sequence[Sheet]) -> Iterator[tuple[View, ...]]:
    """The sections that the page shows, each with its parts."""
    shown = [_view(sheet) for sheet in found]
    names = {view.sheet.section.name for view in shown}
    for view in shown:
        section = view.sheet.section
        if section.part_of not in names:
            yield (view, *(part for part in shown if part.sheet.section.part_of == section.name))


def _cells_of(sheet: Sheet) -> int:
    return len(sheet.rows) * sum(column.kind is CELL for column in sheet.columns)


def _fewer(sheet: Sheet, most: int) -> Sheet:
    """The sheet with as many figures as a page has room for; its note says how many are left out. What stands beside its table
    merges points that lie on each other, and stays."""
    marks, kept = 0, []
    for figure in sheet.figures:
        own = sum(1 for _ in figure.drawing.marks)
        if figure.look == "beside" or marks + own <= most:
            marks += own
            kept.append(figure)
    left = len(sheet.figures) - len(kept)
    if not left:
        return sheet
    told = f"{values.plural(left, 'more figure')}: orbitcheck report DIR --format figures."
    return replace(sheet, figures=tuple(kept), note=f"{sheet.note} {told}".strip())


def _view(sheet: Sheet) -> View:
    columns = tuple(column for column in sheet.columns if column.place in (Place.CELL, SPAN))
    together = [place for place, column in enumerate(sheet.columns) if column.place in (SPAN, HEADING)]
    bodies = []
    for _, rows in groupby(sheet.rows, key=lambda row: [row[place] for place in together]):
        found = list(rows)
        heading = [
            column.words(value)
            for column, value in zip(sheet.columns, found[0], strict=True)
            if column.place is HEADING
        ]
        lines = tuple(_line(sheet.columns, row, len(found) if not place else 0) for place, row in enumerate(found))
        bodies.append(Body(" / ".join(heading), lines))
    return View(sheet, columns, tuple(bodies))


def _line(columns: tuple[Column, ...], row: tuple[Any, ...], span: int) -> Line:
    """One row; `span` rows are told at once by the columns of the whole group, none where an earlier row told them."""
    entries: list[Entry] = []
    below: dict[int, list[tuple[Column, Any]]] = {}
    kept = True
    for column, value in zip(columns, row, strict=True):
        if column.place is BENEATH:
            if kept and value not in (None, ""):
                below.setdefault(len(entries) - 1, []).append((column, value))
            continue
        kept = column.place is not HEADING and (column.place is not SPAN or span > 0)
        if kept:
            entries.append(Entry(column, value, (), span if column.place is SPAN else 1))
    seen = [entry.value.tally.worst for entry in entries if entry.column.kind is CELL and entry.value]
    worst = min(seen, key=SEVERITY.index, default="")
    placed = tuple(Entry(e.column, e.value, tuple(below.get(place, ())), e.rows) for place, e in enumerate(entries))
    return Line(placed, worst)


@cache
def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    filters: dict[str, Callable[..., Any]] = {
        "badge": badge,
        "status": status_of,
        "compact": values.compact,
        "shown": values.shown,
        "one_line": values.one_line,
        "block": values.block,
        "plural": values.plural,
        "breakable": breakable,
        "drawn": svg.inline,
        "glyph": lambda name: glyph_path(GLYPHS[name]),
    }
    environment.filters.update(filters)
    return environment


def _firsts(groups: Sequence[Group]) -> dict[str, str]:
    """Where the rows of a status are: the first red one, the line of its reason, the list of all."""
    shown = reversed([detail for group in groups for detail in group.shown])
    return {
        **{name: "failures" if status.red else name for name, status in STATUSES.items()},
        "pass": "rows",
        **{detail.status: detail.anchor for detail in shown},
    }


def breakable(value: object) -> Markup:
    """A name that a narrow column may break behind its punctuation, and within a long word, but nowhere else; no number breaks."""
    return Markup("<wbr>").join(Markup(escape(piece)) for piece in _PIECE.findall(values.clean(str(value))))


def _finalize(value: object) -> object:
    """What a template prints: text without characters that deceive or that HTML forbids."""
    return values.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
