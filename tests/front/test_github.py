"""What GitHub is told: few annotations, escaped by its rules, and a summary that never passes its limit."""

from __future__ import annotations

import re

import pytest

from orbitcheck.harness.front import github
from orbitcheck.harness.judging.baseline import Difference
from orbitcheck.reports.differences import differences_markdown


def unescaped(text: str) -> str:
    """As the runner reads it back."""
    return re.sub("%(0A|0D|25|2C|3A)", lambda found: chr(int(found[1], 16)), text)


def test_annotations_are_grouped_in_order_and_at_most_ten():
    lines = github.workflow_commands((f"check {n % 15:02}", f"line {n}") for n in range(40))
    assert len(lines) == github.ANNOTATIONS
    assert lines[0] == "::error title=check 00::3 x, the first: line 0"
    assert lines[-1] == "::error title=orbitcheck::13 more in 6 other places; see the report"
    assert len(github.workflow_commands((str(n), "x") for n in range(10))) == 10
    assert github.workflow_commands([]) == []


@pytest.mark.parametrize("hostile", ["a:b,c::d", "100%", "%3A", "line\nnext\r\n::set-output name=x::y", "%250A"])
def test_nothing_inside_an_annotation_ends_it_or_starts_another(hostile):
    (line,) = github.workflow_commands([(hostile, hostile)])
    found = re.fullmatch(r"::error title=([^:,\r\n]*)::([^\r\n]*)", line)
    assert found is not None
    assert (unescaped(found[1]), unescaped(found[2])) == (hostile, hostile)


def test_a_summary_is_appended_and_never_passes_the_limit(tmp_path):
    path = tmp_path / "summary"
    environment = {"GITHUB_STEP_SUMMARY": str(path)}
    assert github.add_to_summary("# one\n", environment) is None
    assert github.add_to_summary("# two\n", environment) is None
    assert path.read_text() == "# one\n\n# two\n\n"
    assert "do not fit" in (github.add_to_summary("é" * (github.SUMMARY_LIMIT // 2), environment) or "")
    assert path.read_text() == "# one\n\n# two\n\n"
    assert "cannot be written" in (github.add_to_summary("x", {"GITHUB_STEP_SUMMARY": str(tmp_path)}) or "")
    assert github.add_to_summary("x", {}) is None


def test_the_gate_in_markdown_is_a_table_of_live_text_only_in_code():
    hostile = Difference("NEW", ("<img src=x>", "s|t", "`c`", "d"), None, "fail", "<b> | @someone", True)
    fixed = Difference("FIXED", ("net", "s", "c", "d"), "fail", "pass", "", False)
    shown = differences_markdown([hostile, fixed], 7)
    assert "✗ orbitcheck gate: 2 differences in 7 rows, 1 regression" in shown
    assert "<img" not in shown.replace("`<img src=x>`", "")
    assert "<b>" not in shown
    assert {line.count(" | ") for line in shown.splitlines() if line.startswith("|")} == {7}
    assert len(differences_markdown([hostile] * 5000, 5000).encode()) < 64_000
    assert "✓" in differences_markdown([], 7)
