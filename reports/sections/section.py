"""A report section: declared once, rendered as HTML, Markdown, CSV and LaTeX.

A section is a name, columns and a pure function `Run -> rows`; a row is a mapping or an object, read by the keys of the
columns. `sheet` resolves a section over a run, and each renderer is one function over sheets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...harness.core.registry import Registry, demand_signature
from ...harness.core.result import Run
from ..figures.drawing import Figure
from ..reading.subjects import subjects
from ..reading.values import NOTHING, one_line
from .kinds import CELL, CELLS, CSV, FORMS, HTML, TEXT, Cell, Kind, Place

END = 1000


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        key: of the rows.
        title: the words at its head; the key in words unless given.
        unit: of its raw numbers, at its head in CSV and LaTeX.
        forms: which show it.
        optional: left out where no row has a value, but in CSV.
        brief: characters that Markdown gives a text.
    """

    key: str
    title: str = ""
    kind: Kind = TEXT
    place: Place = Place.CELL
    unit: str = ""
    forms: tuple[str, ...] = FORMS
    optional: bool = False
    brief: int = 90

    @property
    def head(self) -> str:
        return self.title or self.key.replace("_", " ")

    def words(self, value: Any) -> str:
        return NOTHING if value is None or value == "" else self.kind.words(value)


def _nothing(run: Run) -> Iterable[Any]:
    return ()


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Args:
        name: of its files, and of its place on the page; letters and hyphens.
        title: what it shows.
        columns: declared once for all forms; none for figures alone.
        rows: a pure function of the run; a section without rows and figures is left out.
        figures: likewise; for the page and for `--format figures`.
        note: how to read it, above the table in HTML; a function where it depends on the run.
        brief: the same in a line, for Markdown.
        forms: which have the table.
        part_of: the section that it is a part of on the page.
        short: the title in the page's navigation.
        place: smaller ones come first.
        fold: folded away in Markdown.
        share: bytes of its table in Markdown; the rows that do not fit are counted.
        scale: words for the colours of its cells: for no step, for each step, and what they measure.
        template: of the page, in place of the table.
    """

    name: str
    title: str
    columns: tuple[Column, ...] = ()
    rows: Callable[[Run], Iterable[Any]] = _nothing
    figures: Callable[[Run], Iterable[Figure]] = _nothing
    note: str | Callable[[Run], str] = ""
    brief: str = ""
    forms: tuple[str, ...] = FORMS
    part_of: str = ""
    short: str = ""
    place: int = END
    fold: bool = False
    share: int = 3_000
    scale: tuple[str, ...] = ()
    template: str = ""

    def __post_init__(self) -> None:
        if not self.name or not set(self.name) <= set("abcdefghijklmnopqrstuvwxyz-"):
            raise ValueError(f"report section {self.name!r}: a name has small letters and hyphens only")
        unknown = {form for one in (self, *self.columns) for form in one.forms} - set(FORMS)
        if unknown:
            raise ValueError(f"report section {self.name}: form {min(unknown)!r}; allowed: {', '.join(FORMS)}")


SECTIONS: Registry[Section] = Registry("report section")
"""All sections: a registry, so that a stranger can add one without a fork."""


def report_section(
    name: str, title: str, columns: tuple[Column, ...], **settings: Any
) -> Callable[[Callable[[Run], Iterable[Any]]], Callable[[Run], Iterable[Any]]]:
    """Register the decorated function `Run -> rows` as a section; settings are those of `Section`.

    Raises:
        DuplicateName: a section of that name is there.
        WrongSignature: the function does not take a run alone.
    """

    def register(rows: Callable[[Run], Iterable[Any]]) -> Callable[[Run], Iterable[Any]]:
        demand_signature(f'report section "{name}"', rows, "run")
        SECTIONS.add(name, Section(name, title, columns, rows, **settings))
        return rows

    return register


@dataclass(frozen=True)
class Sheet:
    """A section over a run, in one form: a column for each name in place of `CELLS`, and the values of each row."""

    section: Section
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    figures: tuple[Figure, ...] = ()
    note: str = ""


FAILED = Column("error", "this section could not be made")


def sheet(section: Section, run: Run, form: str) -> Sheet | None:
    """The section in one form; None if that form has nothing of it. A section that raises says so in its place, since the rest
    of the report stands without it."""
    try:
        return _sheet(section, run, form)
    except Exception as error:
        told = one_line(f"{type(error).__name__}: {error}")
        return Sheet(section, (FAILED,), ((told,),)) if form in section.forms else None


def drawn(section: Section, run: Run) -> tuple[Figure, ...]:
    """The figures of a section; none of one that raises, which its sheet says."""
    try:
        return tuple(section.figures(run))
    except Exception:
        return ()


def _sheet(section: Section, run: Run, form: str) -> Sheet | None:
    rows = list(section.rows(run)) if form in section.forms else []
    figures = tuple(figure for figure in section.figures(run) if figure.page) if form == HTML else ()
    if not rows and not figures and not (form == HTML and section.template):
        return None
    columns: list[tuple[Column, list[Any]]] = []
    for column in section.columns if rows else ():
        if form not in column.forms:
            continue
        values = [row[column.key] if isinstance(row, Mapping) else getattr(row, column.key) for row in rows]
        if column.kind is CELLS:
            for name in _names(run, values):
                one = replace(column, key=name, title=name, kind=CELL)
                columns.append((one, [cells.get(name) for cells in values]))
        elif not column.optional or form == CSV or any(value not in (None, "", ()) for value in values):
            columns.append((column, values))
    note = section.note(run) if callable(section.note) else section.note
    table = tuple(zip(*(values for _, values in columns), strict=True))
    return Sheet(section, tuple(column for column, _ in columns), table, figures, note)


def _names(run: Run, cells: Iterable[Mapping[str, Cell]]) -> list[str]:
    """Every name that has a cell: the subjects of the run in order, then any others."""
    found = dict.fromkeys(name for row in cells for name in row)
    known = [name for name in subjects(run) if name in found]
    return list(dict.fromkeys([*known, *found]))


def in_order() -> list[Section]:
    """All sections as they follow each other: by place, each with its parts behind it."""
    every = sorted((section for _, section in SECTIONS.items()), key=lambda section: section.place)
    names = {section.name for section in every}
    return [
        found
        for whole in every
        if whole.part_of not in names
        for found in (whole, *(part for part in every if part.part_of == whole.name))
    ]


def sheets(run: Run, form: str) -> Iterator[Sheet]:
    """The sheets of a form, in order, those that the run has something for."""
    for section in in_order():
        found = sheet(section, run, form)
        if found:
            yield found
