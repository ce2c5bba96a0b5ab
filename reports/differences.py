"""Differences from a baseline -> Markdown, for the summary of a CI step."""

from __future__ import annotations

from collections.abc import Sequence

from ..harness.judging.baseline import Difference
from .markdown_text import code, table, text
from .reading.values import one_line, plural

SHARE = 60_000
"""Bytes of the table; the rest is counted below it."""


def differences_markdown(differences: Sequence[Difference], rows: int) -> str:
    """What changed since the baseline, regressions first; `rows` is the number of rows of the run."""
    regressions = sum(difference.regression for difference in differences)
    mark = "✗" if regressions else "✓"
    counted = f"{plural(len(differences), 'difference')} in {plural(rows, 'row')}, {plural(regressions, 'regression')}"
    lines = [f"## {mark} orbitcheck gate: {counted}", ""]
    if differences:
        cells = [
            ["✗" if entry.regression else "", entry.status, *(code(part) for part in entry.place),
             f"{entry.before or 'absent'} → {entry.after or 'absent'}", text(one_line(entry.reason, 200)) or "–"]
            for entry in differences
        ]  # fmt: skip
        header = ["", "status", "architecture", "suite", "check", "case", "outcome", "reason"]
        lines += table(header, cells, (), SHARE)
    return "\n".join(lines) + "\n"
