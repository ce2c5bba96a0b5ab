"""A section is declared once: one that a stranger registers stands in all four forms, in the words of each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from orbitcheck.harness.core.registry import DuplicateName, WrongSignature
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports import tables
from orbitcheck.reports.figure_files import figures
from orbitcheck.reports.figures.drawing import Drawing, Figure, Mark
from orbitcheck.reports.html import html
from orbitcheck.reports.markdown import LIMIT, markdown
from orbitcheck.reports.reading.outcomes import tally
from orbitcheck.reports.sections import section as declared
from orbitcheck.reports.sections.kinds import (
    BADGE,
    BENEATH,
    CELLS,
    CODE,
    CSV,
    FACTS,
    HTML,
    INTEGER,
    PERCENT,
    SECONDS,
    SPAN,
    TALLY,
    Badge,
    Cell,
)
from orbitcheck.reports.sections.section import (
    SECTIONS,
    Column,
    Section,
    in_order,
    report_section,
    sheet,
    sheets,
)

COLUMNS = (
    Column("group", kind=CODE, place=SPAN),
    Column("name"),
    Column("detail", place=BENEATH),
    Column("count", kind=INTEGER),
    Column("share", kind=PERCENT),
    Column("took", "time", SECONDS, unit="s"),
    Column("status", "outcome", BADGE),
    Column("facts", kind=FACTS),
    Column("rows", kind=TALLY),
    Column("cells", kind=CELLS),
    Column("page", "on the page", forms=(HTML,)),
    Column("never", optional=True),
)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch, small_run: Run) -> str:
    """A section with a column of each kind, two groups of rows, a figure, and text that means something to some format."""
    monkeypatch.setattr(SECTIONS, "_entries", dict(SECTIONS.items()))
    rows = tuple(row for row in small_run.results if row.architecture == "stats")

    def drawn(run: Run) -> list[Figure]:
        return [
            Figure(Drawing("strange", "a strange figure", 9.0, 9.0, (Mark(1, 1, "fail", "fail", "x"),)), "its caption")
        ]

    @report_section(
        "strange-words", "A stranger's words", COLUMNS, figures=drawn, note="How to <read> it.", brief="In short."
    )
    def strange(run: Run) -> list[dict[str, object]]:
        cells = {"stats": Cell(tally(rows), "7", ("seven",)), "elsewhere": Cell(tally(rows))}
        base = {
            "took": 0.5,
            "status": "fail",
            "facts": (("a", "b"),),
            "rows": tally(rows),
            "page": "seen",
            "never": None,
        }
        return [
            {**base, "group": "g|1", "name": "<b>=one_*</b>", "detail": "small", "count": 1234, "share": 0.5, "cells": cells},
            {**base, "group": "g|1", "name": "two", "detail": "", "count": None, "share": None, "cells": {}},
            {**base, "group": "g2", "name": "three", "detail": "", "count": 3, "share": 1.0, "cells": {},
             "status": Badge("pass", "fine")},
        ]  # fmt: skip

    return "strange-words"


class Table(HTMLParser):
    """The cells of the tables of a page, row by row, with their attributes."""

    def __init__(self, source: str):
        super().__init__()
        self.rows: list[list[tuple[dict[str, str | None], str]]] = []
        self._cell: list[str] | None = None
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._cell = []
            self.rows[-1].append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.rows[-1][-1] = (self.rows[-1][-1][0], " ".join("".join(self._cell).split()))
            self._cell = None


def test_on_the_page(stranger: str, small_run: Run) -> None:
    source = html(small_run)
    own = source.partition(f'<section id="{stranger}">')[2].partition("</section>")[0]
    assert "<h2>A stranger&#39;s words</h2>" in own and "How to &lt;read&gt; it." in own
    assert f'<a href="#{stranger}">' in source and 'aria-label="a strange figure"' in own and "its caption" in own
    table = Table(own).rows
    assert [text for _, text in table[0]] == [
        "group", "name", "count", "share", "time", "outcome", "facts", "rows", "stats", "elsewhere", "on the page",
    ]  # fmt: skip
    assert table[1][0] == ({"scope": "rowgroup", "rowspan": "2"}, "g|1")
    assert [len(line) for line in table] == [11, 11, 10, 11]  # the second row of a group leaves the group to the first
    assert table[1][1][1] == "<b>=one_*</b>small" and "&lt;b&gt;" in own
    assert table[1][2] == ({"class": "num", "data-sort": "1234"}, "1,234")
    assert [text for _, text in table[1]][3:6] == ["50 %", "0.50 s", "✗ fail"]
    assert [text for _, text in table[3]][5] == "✓ fine"


def test_in_markdown(stranger: str, small_run: Run) -> None:
    own = markdown(small_run).partition("## A stranger")[2].partition("\n## ")[0]
    assert "In short." in own
    tokens = [token for token in MarkdownIt("commonmark").enable("table").parse(own) if token.type == "inline"]
    read = ["".join(part.content for part in token.children or () if part.type in ("text", "text_special", "code_inline"))
            for token in tokens]  # fmt: skip
    head = read.index("group")
    assert read[head : head + 11] == [
        "group", "name", "detail", "count", "share", "time", "outcome", "facts", "rows", "stats", "elsewhere",
    ]  # fmt: skip
    assert read[head + 11 : head + 18] == ["g|1", "<b>=one_*</b>", "small", "1,234", "50 %", "0.50 s", "✗ fail"]


def test_as_csv_and_latex(stranger: str, small_run: Run) -> None:
    files = dict(tables.files(small_run))
    header, *rows = csv.reader(io.StringIO(files[f"{stranger}.csv"].decode()))
    assert header[:6] == ["group", "name", "detail", "count", "share", "time [s]"]
    assert header[-3:] == ["stats", "elsewhere", "never"]
    assert rows[0][:7] == ["g|1", "<b>=one_*</b>", "small", "1234", "0.5", "0.5", "fail"]
    told = dict(zip(header, rows[0], strict=True))
    assert (told["facts"], told["stats"]) == ("a: b", "7 (seven)")
    assert int(told["pass"]) == sum(row.outcome == "pass" for row in small_run.results if row.architecture == "stats")
    assert rows[2][6] == "fine"
    latex = files[f"{stranger}.tex"].decode()
    assert (
        r"g\textbar{}1 & \textless{}b\textgreater{}=one\_{*}\textless{}/b\textgreater{} & small & 1234 & 0.5" in latex
    )


def test_its_figure_is_a_file(stranger: str, small_run: Run) -> None:
    assert [drawing.name for drawing in figures(small_run)][-1] == "strange"


def test_many_sections_share_the_room_of_a_comment(stranger: str, small_run: Run) -> None:
    for number in range(40):
        letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        report_section(f"more-{letters}", "More", (Column("name"),), share=9_000)(
            lambda run: [{"name": "long " * 20}] * 200
        )
    found = markdown(small_run)
    assert len(found.encode()) <= LIMIT
    assert found.count("## More") == 40 and found.count("more rows; results.json") >= 40


def test_a_name_is_taken_once_and_forms_are_known(stranger: str) -> None:
    with pytest.raises(DuplicateName, match="strange-words"):
        report_section(stranger, "Again", COLUMNS)(lambda run: ())
    with pytest.raises(ValueError, match="small letters"):
        Section("../up", "t")
    with pytest.raises(ValueError, match="form 'pdf'; allowed: html, markdown, csv, latex"):
        Section("s", "t", (Column("a", forms=("pdf",)),))


def test_a_section_that_raises_says_so_and_the_rest_stands(stranger: str, small_run: Run) -> None:
    def broken(run: Run) -> list[Figure]:
        raise RuntimeError("no <figure>")

    report_section("short-rows", "Short rows", (Column("missing"),))(lambda run: [{"other": 1}])
    report_section("no-figure", "No figure", (Column("a"),), figures=broken)(lambda run: [])
    source = html(small_run)
    assert "KeyError: &#39;missing&#39;" in source and "RuntimeError: no &lt;figure&gt;" in source
    assert f'id="{stranger}"' in source and "could not be made" in markdown(small_run)
    assert b"missing" in dict(tables.files(small_run))["short-rows.csv"]
    assert [drawing.name for drawing in figures(small_run)][-1] == "strange"


def test_no_section_of_ours_raises(any_run: Run) -> None:
    for form in declared.FORMS:
        assert all(declared.FAILED not in found.columns for found in sheets(any_run, form))
    figures(any_run)


def test_a_function_that_takes_no_run_is_refused(stranger: str) -> None:
    with pytest.raises(WrongSignature, match='report section "x"'):
        report_section("x", "X", COLUMNS)(lambda: ())  # type: ignore[arg-type]
    assert "x" not in SECTIONS


def test_parts_follow_their_whole(stranger: str) -> None:
    names = [section.name for section in in_order()]
    assert len(set(names)) == len(names) == len(list(SECTIONS))
    assert names[:3] == ["score-card", "verdicts", "checks"] and names[-1] == stranger
    for section in in_order():
        if section.part_of:
            before = names[: names.index(section.name)]
            assert section.part_of in before


def test_every_file_of_the_folder_is_registered() -> None:
    """A new section is one file: nothing lists it."""
    folder = Path(declared.__file__).parent
    for file in folder.glob("[!_]*.py"):
        names = re.findall(r'(?:report_section|SECTIONS\.add)\(\s*"([a-z-]+)"', file.read_text(encoding="utf-8"))
        assert file.name in ("section.py", "kinds.py") or names, file
        assert set(names) <= set(SECTIONS)


def test_every_own_section_is_of_the_small_run(small_run: Run) -> None:
    """The tests see each of them; no network of the small run is held to the functions of its edits (`test_quasi_equivariance.py`)."""
    shown = {found.section.name for form in (HTML, CSV) for found in sheets(small_run, form)}
    assert shown == set(SECTIONS) - {"quasi-equivariance"}


def test_nothing_is_left_where_a_run_has_nothing(make_row: Callable[..., Result]) -> None:
    run = Run("0", {}, [], [], [make_row()])
    assert sheet(SECTIONS["separation"], run, HTML) is None
    assert 'id="separation"' not in html(run) and "Separation" not in markdown(run)
