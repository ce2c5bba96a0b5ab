"""Markdown: fits a comment, counts every row, and no text from outside means anything to it.

The truth about what a text means is markdown-it's, another reading of the same specification.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports.markdown import LIMIT, markdown
from orbitcheck.reports.markdown_text import JOINER, code, fence, table, text, width
from orbitcheck.reports.reading.outcomes import STATUSES, status_of, tally
from orbitcheck.reports.sections.kinds import MARKDOWN
from orbitcheck.reports.sections.section import in_order, sheet

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OWN_TAGS = re.compile(r"</?(code|details|summary)>")


def tokens(source: str) -> Iterator[Token]:
    for token in READER.parse(source):
        yield token
        yield from token.children or ()


def plain(source: str) -> str:
    """What a reader sees of a line of Markdown."""
    return "".join(
        token.content for token in tokens(source) if token.type in ("text", "text_special", "code_inline")
    ).replace(JOINER, "")


def test_every_run_fits_a_comment(any_run: Run) -> None:
    assert len(markdown(any_run).encode()) <= LIMIT < 65_536


LEFT_OUT = re.compile(r"^… and ([\d,]+) more rows?; results.json", re.MULTILINE)


def test_nothing_is_left_out_where_all_fits(small_run: Run) -> None:
    """What some sections leave of their shares goes to others: here to 40 conclusions, of which a share holds a few."""
    told = [{**small_run.conclusions[0], "observed": f"as often as {number}"} for number in range(40)]
    found = markdown(replace(small_run, conclusions=told, planted=small_run.planted[:3], killers=small_run.killers[:3]))
    assert LEFT_OUT.findall(found) == []
    assert all(f"as often as {number} " in found for number in range(40))


def test_what_is_left_out_had_no_room(any_run: Run) -> None:
    """Where a table is cut, what is left of the limit is less than a frame and two of the longest rows."""
    found = markdown(any_run)
    longest = max(len(line.encode()) for line in found.split("\n"))
    assert not LEFT_OUT.findall(found) or LIMIT - len(found.encode()) < 400 + 2 * longest


@pytest.mark.parametrize("broken", [0.05, 1.0])
def test_a_large_run_fits_and_says_what_it_leaves_out(make_large: Callable[..., Run], broken: float) -> None:
    run = make_large(broken=broken)
    found = markdown(run)
    assert len(found.encode()) <= LIMIT
    red = tally(run.results).red
    listed = len(re.findall(r"^\*\*[✗!?] (?:fail|error|undecided)\*\* `", found, re.MULTILINE))
    left_out = re.search(r"^… and ([\d,]+) more rows of ([\d,]+); results.json", found, re.MULTILINE)
    assert left_out is not None
    assert listed > 20
    assert int(left_out[1].replace(",", "")) + listed == red == int(left_out[2].replace(",", ""))


def test_every_red_row_is_listed_where_there_is_room(small_run: Run) -> None:
    found = markdown(small_run)
    for row in small_run.results:
        if STATUSES[status_of(row)].red:
            assert row.reproduce in found


def test_outcomes_are_counted(small_run: Run) -> None:
    line = markdown(small_run).split("\n")[2]
    counted = [int(number.replace(",", "")) for number in re.findall(r"\*\*([\d,]+)\*\*", line)]
    assert counted[0] == len(small_run.results) == sum(counted[1:])


def test_nothing_from_outside_is_markup(any_run: Run) -> None:
    for token in tokens(markdown(any_run)):
        assert not token.type.startswith(("link", "image", "s_", "em_", "blockquote", "ordered", "hr", "code_block"))
        if token.type in ("html_block", "html_inline"):
            assert OWN_TAGS.sub("", re.sub(r"<summary>[A-Za-z ]+</summary>", "", token.content)).strip() == ""


def test_headings_are_the_report_s_own(hostile_run: Run) -> None:
    titles = [
        token.content for before, token in _pairs(READER.parse(markdown(hostile_run))) if before.type == "heading_open"
    ]
    assert titles[0].startswith("✗ orbitcheck: Not as predicted")
    assert titles[1:] == [
        "Problems of the run",
        "Score card",
        "Verdicts",
        "Checks by architecture",
        "Claims ledger",
        "Conclusions",
        "Separation, in digits",
        "Every pair of all small networks",
        "Equivariance error",
        "Expressivity map",
        "Approximation errors",
        "How far weights are from the hard cases",
        "What no network can go below",
        "What is wrong, by its causes",
        "Failures, errors and undecided rows",
        "Notes",
    ]


def _pairs(found: list[Token]) -> Iterator[tuple[Token, Token]]:
    return itertools.pairwise(found)


def test_tables_line_up_and_have_whole_rows(any_run: Run) -> None:
    lines = markdown(any_run).split("\n")
    for line, after in itertools.pairwise(lines):
        if line.startswith("| ") and after.startswith("| "):
            assert width(line) == width(after)
            assert line.count("|") == after.count("|")


def lines_of(run: Run) -> list[str]:
    """The lines as they are read, without the padding of tables."""
    return [" ".join(html.unescape(line).split()) for line in markdown(run).split("\n")]


def test_the_map_and_the_conclusions_are_told(small_run: Run) -> None:
    found = lines_of(small_run)
    assert any(line.startswith("| `middle-rank` | `prop-6.2-twins` | not universal") for line in found)
    told = {**small_run.conclusions[0], "observed": "rises at k = 4", "outcome": "fail", "reason": "0.0042 at k = 4"}
    asked = re.compile(r".*\| rises at k = 4 \| [^|]+ \| (\d+) of \1 \| ✗ fail \| 0\.0042 at k = 4 \|")
    assert any(asked.fullmatch(line) for line in lines_of(replace(small_run, conclusions=[told])))


def test_banks_controls_and_planted_defects_are_told(small_run: Run) -> None:
    missed = [{**entry, "outcome": "pass", "caught": False, "reason": ""} if entry["name"] == "index-leak" else entry
              for entry in small_run.planted]  # fmt: skip
    found = lines_of(replace(small_run, planted=missed))
    bank = r"\| `2x2` \| 7 \| 7 \| 21 \| 21 \| 1\d \(4\) \| n/a \| n/a \| 21 \(4\) \| 21 \(4\) \| ✗ 0 \(\d+\) \| ! – \|"
    assert any(re.fullmatch(bank, line) for line in found)
    rule = "symmetry=permutation, invariant output: hidden neurons know their number"
    assert f"| `index-leak` | {rule} | `equivariance` | ✗ not caught | – |" in found
    caught = r"\| `entry-leak` \| .* \| `equivariance` \| ✓ caught \| .*differs from g phi.* \|"
    assert any(re.fullmatch(caught, line) for line in found)
    (control,) = (entry for entry in small_run.controls if entry["name"] == "stats")
    rate = f"{100 * control['bound']:.4g} %"
    assert any(line.startswith(f"| `stats` | {control['nulls']} | 0 | {rate} |") for line in found)


def test_every_section_with_rows_is_a_table(small_run: Run) -> None:
    found = [token.type for token in READER.parse(markdown(small_run))].count("table_open")
    assert found == sum(sheet(section, small_run, MARKDOWN) is not None for section in in_order()) == 21


NASTY = st.text(st.sampled_from("ab1 \n\t`|\\<>&*_~[]()#@!:/.-+={}'\"$^%é漢"), max_size=24)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(NASTY)
def test_text_means_itself(value: str) -> None:
    source = text(value)
    kinds = {token.type for token in tokens(source)}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert plain(source) == " ".join(value.split())


@settings(derandomize=True, deadline=None, max_examples=300)
@given(NASTY)
def test_code_means_itself_in_a_table(value: str) -> None:
    source = f"| a | b |\n| --- | --- |\n| {code(value)} | end |"
    cells = [token for token in READER.parse(source) if token.type == "inline"]
    assert len(cells) == 4
    inside = "".join(
        token.content for token in cells[2].children or () if token.type in ("text", "text_special", "code_inline")
    )
    assert inside.replace(JOINER, "") == (" ".join(value.split()) or "–")
    assert {token.content for token in cells[2].children or () if token.type == "html_inline"} <= {"<code>", "</code>"}


def test_nobody_is_mentioned_and_no_address_is_linked() -> None:
    found = html.unescape(
        text("@everyone see #12, https://evil.example and www.evil.example or mailto:me@evil.example")
    )
    assert not re.search(r"@\w|#\d|://|www\.\w|mailto:\w", found)


def test_a_fence_outlasts_its_content() -> None:
    blocks = [token for token in READER.parse("\n".join(fence(["a ```` b", "```"]))) if token.type == "fence"]
    assert [block.content for block in blocks] == ["a ```` b\n```\n"]


def test_a_table_too_long_is_cut_and_counted() -> None:
    rows = [[f"row {number}", "x" * 40] for number in range(100)]
    lines = table(["name", "value"], rows, (), 1_000)
    kept = sum(line.startswith("| row") for line in lines)
    assert 0 < kept < 100
    assert sum(len(line.encode()) + 1 for line in lines) < 1_200
    assert f"… and {100 - kept} more rows; results.json and report.html hold all of it." in lines


def test_the_same_run_gives_the_same_bytes(small_run: Run) -> None:
    assert markdown(small_run) == markdown(replace(small_run))


def test_the_reproducer_is_verbatim(make_row: Callable[..., Result]) -> None:
    row = make_row(outcome="fail", reproduce="orbitcheck reproduce 'my results' 0a1b --device cpu")
    assert "\n\n```text\norbitcheck reproduce 'my results' 0a1b --device cpu\n```\n" in markdown(
        Run("0", {}, [], [], [row])
    )
