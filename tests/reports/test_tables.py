"""Tables: every row of the run in them, readable by other programs, and nothing in them that a program would execute."""

from __future__ import annotations

import csv as reading
import io
import math
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.core.cell import WEIGHTS
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports import tables as listed
from orbitcheck.reports.figure_files import files as figure_files
from orbitcheck.reports.reading.outcomes import STATUSES, status_of
from orbitcheck.reports.reading.values import one_line
from orbitcheck.reports.sections.kinds import CSV
from orbitcheck.reports.sections.section import sheets
from orbitcheck.reports.table_text import BROKEN, LONGEST, csv, escaped, latex

LATEX = re.compile(
    r"\\textbackslash\{\}|\\text(?:asciicircum|asciitilde|asciigrave|less|greater|bar)\{\}|\\[{}$&#%_]"
    r"|\{\\ttfamily\\char(\d+)\}|\{([\[\]*])\}|([-,?!])\{\}|([A-Za-z0-9 @=+/().:;À-ž])"
)
FORMULA = re.compile(r"\$[\d.]+ \\cdot 10\^\{-?\d+\}\$|\$\\varphi[^$]*\$|\$e_\{32\} / e_\{64\}\$")
"""The mathematics that the harness writes."""
COMMAND = re.compile(r"\\[a-z]+(\{\})?|[\\{}$^]")
MACROS = {
    r"\textbackslash{}": "\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", r"\textasciigrave{}": "`",
    r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|",
}  # fmt: skip


def printed(source: str) -> str:
    """What LaTeX prints: a second reading, token by token; a token that could be a command or an argument is an error."""
    found, place = "", 0
    while place < len(source):
        token = LATEX.match(source, place)
        assert token is not None, source[place:]
        code, bracket, guarded, plain = token.groups()
        found += chr(int(code)) if code else bracket or guarded or plain or MACROS.get(token[0]) or token[0][1]
        place = token.end()
    return found


ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(ASCII)
def test_latex_prints_the_text_itself(text: str) -> None:
    assert printed(escaped(text)) == text


@pytest.mark.parametrize("text", ["漢", "\u202e", "😀", "π"])
def test_letters_that_not_every_engine_has_become_code_points(text: str) -> None:
    assert printed(escaped(text)) == f"[U+{ord(text):04X}]"


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.text(max_size=20), st.integers(), st.floats()), min_size=1, max_size=5))
def test_csv_gives_back_what_went_in(rows: list[tuple[str, int, float]]) -> None:
    back = list(reading.reader(io.StringIO(csv(("a", "b", "c"), rows))))
    assert back[0] == ["a", "b", "c"]
    for (text, whole, real), cells in zip(rows, back[1:], strict=True):
        assert cells[0].removeprefix("'") == one_line(text).removeprefix("'")
        assert int(cells[1]) == whole
        assert float(cells[2]) == real or math.isnan(real)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", " =1", "\t=1", "\r=1"])
def test_no_cell_of_text_begins_a_formula(text: str) -> None:
    ((cell,),) = list(reading.reader(io.StringIO(csv((text,), []))))
    assert cell.startswith("'") and cell[1:] == text.strip()


def test_numbers_keep_their_sign_and_all_their_digits() -> None:
    assert csv(("x",), [(-0.1,), (1 / 3,), (-5,), (True,), (None,)]) == 'x\n-0.1\n0.3333333333333333\n-5\ntrue\n""\n'


def tables(run: Run) -> dict[str, tuple[tuple[str, ...], tuple[tuple, ...]]]:
    """Name -> header and rows, as they become CSV."""
    return {sheet.section.name: (listed.header(sheet), listed.cells(sheet)) for sheet in sheets(run, CSV)}


def test_rows_are_as_wide_as_the_header(any_run: Run) -> None:
    for header, rows in tables(any_run).values():
        assert {len(row) for row in rows} == {len(header)}


def test_files_are_those_of_the_tables(any_run: Run) -> None:
    for name, content in listed.files(any_run):
        text = content.decode()
        if name.endswith(".csv"):
            rows = list(reading.reader(io.StringIO(text)))
            assert len({len(row) for row in rows}) == 1
            for cell in (cell for row in rows for cell in row):
                assert not cell.startswith(("=", "+", "@")) and not re.match(r"-(?![\d.]|inf)", cell)
        else:
            body = text.partition("\\toprule\n")[2].partition("\\bottomrule")[0]
            for line in body.replace("\\midrule\n", "").splitlines():
                for cell in line.removesuffix(" \\\\").split(" & "):
                    cell = FORMULA.sub("", cell)
                    if cell != "--" and not re.fullmatch(r"\$-?[\d.]+( \\cdot 10\^\{-?\d+\})?\$", cell):
                        printed(re.sub(r"\\(?:ldots|allowbreak)\{\}|\$-\$|\$\\times\$|--", "", cell))


def test_all_rows_are_in_the_table_of_rows(any_run: Run) -> None:
    _, rows = tables(any_run).get("rows", ((), ()))
    assert len(rows) == len(any_run.results)


def test_counts_of_every_table_add_up(small_run: Run) -> None:
    wanted = Counter(status_of(row) for row in small_run.results if row.architecture != WEIGHTS)
    found = tables(small_run)
    header, rows = found["verdicts"]
    for status in STATUSES:
        assert sum(row[header.index(status)] for row in rows) == wanted[status]
    for name in ("expected", "not-applicable"):
        header, rows = found[name]
        assert sum(row[header.index("rows")] for row in rows) == wanted[name]


def test_planted_defects_are_a_table(small_run: Run) -> None:
    header, rows = tables(small_run)["planted-defects"]
    verdicts = Counter(row[header.index("verdict")] for row in rows)
    sound = sum(entry["wanted"] == "pass" for entry in small_run.planted)
    assert verdicts == {"caught": len(small_run.planted) - sound, "not accused": sound}
    assert sound > 1 and verdicts["caught"] > 50


def test_every_failure_has_its_reproducer(small_run: Run) -> None:
    _, rows = tables(small_run)["failures"]
    red = [row for row in small_run.results if STATUSES[status_of(row)].red]
    assert len(red) > 10 and [row[-1] for row in rows] == [row.reproduce for row in red]


def test_measurements_come_whole(make_row: Callable[..., Result]) -> None:
    value = 0.1 + 0.2
    changed = make_row(evidence={"error64": value, "error32": math.inf, "ratio": None}, case="=f")
    content = dict(listed.files(Run("0", {}, [], [], [changed])))["rows.csv"].decode()
    (row,) = reading.DictReader(io.StringIO(content))
    assert (float(row["error64"]), row["error32"], row["ratio"], row["case"]) == (value, "inf", "", "'=f")


def test_hostile_names_stay_text_in_latex(hostile_run: Run, hostile_texts: tuple[str, ...]) -> None:
    text = (
        dict(listed.files(hostile_run))["verdicts.tex"].decode().replace("\\allowbreak{}", "")
    )  # which prints nothing
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    for value in hostile_texts[:6]:
        assert escaped(one_line(value, LONGEST)) in text


def test_a_tabular_has_a_column_for_each_name() -> None:
    assert latex("t", ("a", "b_c"), [("x", 1.5), ("y", -2), ("z", 2.2e-15)]).splitlines() == [
        "% t; needs \\usepackage{booktabs}", "\\begin{tabular}{lr}", "\\toprule", "a & b\\_c \\\\", "\\midrule",
        "x & 1.5 \\\\", "y & $-2$ \\\\", "z & $2.2 \\cdot 10^{-15}$ \\\\", "\\bottomrule", "\\end{tabular}",
    ]  # fmt: skip


TEXT, GAP = 345.0, 6.0
"""Points that the text of an article is wide, and those between two columns of a small table."""


@cache
def metrics() -> dict[str, float]:
    """Letter -> its width in Computer Modern at 10 pt, of the metrics that matplotlib brings."""
    matplotlib = pytest.importorskip("matplotlib")
    lines = (Path(matplotlib.get_data_path()) / "fonts" / "afm" / "cmr10.afm").read_text(encoding="latin-1")
    found = {
        int(code): float(width) / 100 for code, width in re.findall(r"^C (\d+) ; WX ([\d.]+)", lines, re.MULTILINE)
    }
    return {chr(code): width for code, width in found.items() if chr(code).isalnum() or chr(code) in "()+=./:;@!-"}


def set_wide(cell: str) -> float:
    """Points that a cell is wide where it is set small, to a hundredth or two: 7 pt letters are 0.79 as wide as those of 10 pt."""
    powers = len(re.findall(r"\\cdot", cell))
    plain = re.sub(r"\\cdot 10\^\{-?\d+\}", "", cell)
    plain = re.sub(r"\{\\ttfamily\\char\d+\}", "o", plain.replace("\\allowbreak{}", ""))
    letters = COMMAND.sub("", re.sub(r"\\[a-z]+(?:\{\})?", "=", plain))
    return 0.79 * sum(metrics().get(letter, 5.0) for letter in letters) + 20 * powers


def printed_parts(text: str) -> list[tuple[str, list[list[str]]]]:
    """The columns' looks and the rows of every `tabular` of a file."""
    return [
        (part.partition("\n")[0], [line.removesuffix(" \\\\").split(" & ") for line in part.split("\n") if line.endswith(" \\\\")])
        for part in text.split("\\begin{tabular}")[1:]
    ]  # fmt: skip


def test_a_wide_table_is_set_in_parts_that_fit_a_page(any_run: Run) -> None:
    """By the metrics of the font each part stays within the text of an article, and no word is wider than the column it is broken in."""
    for name, content in listed.files(any_run):
        for look, lines in printed_parts(content.decode()) if name.endswith(".tex") else ():
            looks = look.removeprefix("{").removesuffix("}").replace(BROKEN, "b")
            assert {len(cells) for cells in lines} == {len(looks)}, name
            columns = list(zip(*lines, strict=True))
            broken = 0.28 * TEXT
            wide = [
                broken if kind == "b" else max(map(set_wide, column))
                for kind, column in zip(looks, columns, strict=True)
            ]
            assert sum(wide) + GAP * len(wide) <= 1.02 * TEXT or len(wide) <= 4, (name, wide)
            words = [word for kind, column in zip(looks, columns, strict=True) if kind == "b" for cell in column
                     for word in re.split(r"\s+|\\allowbreak\{\}", FORMULA.sub("", cell))]  # fmt: skip
            assert max(map(set_wide, words), default=0.0) <= broken + 1, (name, max(words, key=set_wide))


def test_a_long_table_is_set_in_tables_that_a_page_holds(make_large: Callable[..., Run]) -> None:
    run = make_large(60, 40, 0.5)
    for name, content in listed.files(run):
        if not name.endswith(".tex"):
            continue
        parts = printed_parts(content.decode())
        assert max(len(lines) for _, lines in parts) <= 55, name
        for looks in {look for look, _ in parts}:
            heads = {tuple(lines[0]) for look, lines in parts if look == looks}
            assert all(head in heads for head in heads)
    rows = [(f"row {k}", k) for k in range(100)]
    parts = printed_parts(latex("t", ("a", "b"), rows))
    assert len(parts) == 3 and all(lines[0] == ["a", "b"] for _, lines in parts)
    assert [cell for _, lines in parts for cell, _ in lines[1:]] == [name for name, _ in rows]


def test_parts_are_as_equal_as_they_come_and_each_names_its_rows() -> None:
    header = ("family", "check", "relation", *(f"column {k} of many" for k in range(9)))
    rows = [(f"f{k // 2}", "same", f"r{k % 2}", *range(9)) for k in range(4)]
    parts = [lines[0] for _, lines in printed_parts(latex("t", header, rows))]
    named = [[head for head in heads if head in header[:3]] for heads in parts]
    assert all({"family", "relation"} <= set(heads) for heads in named) and named[-1] == ["family", "relation"]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    told = [head for heads in parts for head in heads if head not in ("family", "relation")]
    assert sorted(told) == sorted(header[k] for k in range(12) if header[k] not in ("family", "relation"))


PAPER = r"""\documentclass[10pt,twocolumn]{article}
\usepackage{booktabs,array,graphicx}
\usepackage[T1]{fontenc}
\begin{document}
%s
\end{document}
"""


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here; the structure is held by the tests above")
@pytest.mark.parametrize("columns", ["onecolumn", "twocolumn"])
@pytest.mark.parametrize("name", ["small_run", "hostile_run"])
def test_a_paper_takes_every_table_and_figure_as_it_is(
    name: str, columns: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each part of each table as a float of the text's width, figures as floats of a column: no box is too wide, no float too high.

    Of names that nobody would give, it is enough that they are set.
    """
    run: Run = request.getfixturevalue(name)
    whole, body = "table" + "*" * (columns == "twocolumn"), []
    size = "[width=\\columnwidth]" * (columns == "twocolumn")
    for file, content in listed.files(run):
        if file.endswith(".tex"):
            _, *parts = re.split(r"(?m)^% (?:part .*|.*needs.*)$", content.decode())
            body += [f"\\begin{{{whole}}}[p]\\centering{part}\\caption{{A table.}}\\end{{{whole}}}\\clearpage"
                     for part in parts if "tabular" in part]  # fmt: skip
    for file, content in figure_files(run):
        if file.endswith(".pdf"):
            (tmp_path / file).write_bytes(content)
            body.append(
                f"\\begin{{figure}}[p]\\includegraphics{size}{{{file}}}\\caption{{A figure.}}\\end{{figure}}\\clearpage"
            )
    (tmp_path / "paper.tex").write_text((PAPER % "\n".join(body)).replace("twocolumn", columns), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=240)
    log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert answer.returncode == 0, log[-2000:]
    assert name == "hostile_run" or re.findall(r"(?m)^(?:Overfull.*|.*Float too large.*)$", log) == []


def test_the_harness_s_own_mathematics_is_set_as_such() -> None:
    told = latex("t", ("a",), [("phi(g v) = g phi(v): 1.5e-15, n_1, x1e5y",)]).splitlines()[5]
    assert told == r"$\varphi(g v) = g\,\varphi(v)$: $1.5 \cdot 10^{-15}$,{} n\_1,{} x1e5y \\"


def test_the_same_run_gives_the_same_bytes(small_run: Run) -> None:
    assert list(listed.files(small_run)) == list(listed.files(replace(small_run)))
