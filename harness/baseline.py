"""What became of the rows of an earlier run: the baseline that a CI job keeps, and the differences from it; pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from .gate import DECIDED, is_red
from .result import Result, Run

SCHEMA_VERSION = 1
LABELS = ("architecture", "suite", "check", "case", "dtype")
ANNOTATIONS = 10
"""GitHub shows no more of one step."""


@dataclass(frozen=True)
class Difference:
    """One row that is not what it was.

    `status` is NEW (not in the baseline), MISSING (no longer in the run), STALE (the same place in the same suite, but the
    check's content changed, so its id did), FIXED (passes now) or CHANGED (any other outcome). A `regression` fails the gate.
    """

    status: str
    id: str
    place: str
    before: str | None
    after: str | None
    reason: str
    regression: bool

    def __str__(self) -> str:
        change = f"{self.before or 'absent'} -> {self.after or 'absent'}"
        return f"{self.status:8}{self.place}  {change}{f': {self.reason}' if self.reason else ''}"


def baseline_rows(run: Run) -> list[dict[str, Any]]:
    """What a baseline keeps of a run, in an order that depends on the content alone; one entry an id."""
    kept = {
        row.id: {**{key: getattr(row, key) for key in LABELS}, "id": row.id, "outcome": row.outcome}
        for row in run.results
    }
    return sorted(kept.values(), key=lambda row: [row[key] for key in (*LABELS, "id")])


def baseline_text(run: Run) -> str:
    """The baseline file: JSON with one row a line, so that a diff shows what changed."""
    head = json.dumps({"schema_version": SCHEMA_VERSION, "problems": sorted(run.problems)}, ensure_ascii=False)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in baseline_rows(run))
    return f'{head[:-1]}, "rows": [\n{rows}\n]}}\n'


def parse_baseline(text: str) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Rows and problems of a baseline file.

    Raises:
        ValueError: not a baseline, or one of another schema version.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("schema_version") != SCHEMA_VERSION or "rows" not in data:
        raise ValueError(f"no baseline of schema version {SCHEMA_VERSION}; `orbitcheck gate DIR --update` writes one")
    wanted = {*LABELS, "id", "outcome"}
    for row in data["rows"]:
        if not isinstance(row, dict) or not wanted <= set(row):
            raise ValueError(f"row {row!r} lacks one of {', '.join(sorted(wanted))}")
    return data["rows"], data.get("problems", [])


def compare(run: Run, baseline: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Every row that differs from the baseline, regressions first, then in the order of the run.

    A regression is a pass that is none any more, a decided row that is not, a row that vanished, and a row that is red
    without the baseline knowing it. The way from `error` to any outcome is none.
    """
    before = {row["id"]: row for row in baseline}
    rows = {row.id: row for row in run.results}
    vanished = {_label(row): row for row in baseline if row["id"] not in rows}
    found: list[Difference] = []
    for identity, row in rows.items():
        old = before.get(identity)
        moved = old is None and (old := vanished.pop(_label(row.__dict__), None)) is not None
        if moved or old is None or old["outcome"] != row.outcome:
            found.append(_difference(row, old, moved))
    found += [
        Difference("MISSING", row["id"], _place(row), row["outcome"], None, "", True) for row in vanished.values()
    ]
    return sorted(found, key=lambda difference: not difference.regression)


def _difference(row: Result, old: Mapping[str, Any] | None, moved: bool) -> Difference:
    before = old["outcome"] if old else None
    if old is None:
        status, regression = "NEW", is_red(row)
    else:
        status = "STALE" if moved else "FIXED" if row.outcome == "pass" else "CHANGED"
        regression = before != row.outcome and (
            (before == "pass" or (before in DECIDED and row.outcome not in DECIDED))
            or (before in ("undecided", "not-applicable") and is_red(row))
        )
    return Difference(status, row.id, _place(row.__dict__), before, row.outcome, row.reason, regression)


def _label(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key] for key in LABELS)


def _place(row: Mapping[str, Any]) -> str:
    return " / ".join(str(row[key]) for key in LABELS[:4])


def github_annotations(lines: Iterable[tuple[str, str]]) -> list[str]:
    """GitHub workflow commands for `(group, line)` pairs, one a group, at most `ANNOTATIONS` in all."""
    ordered = sorted(lines, key=lambda pair: pair[0])
    groups = [(title, [line for _, line in pairs]) for title, pairs in groupby(ordered, key=lambda pair: pair[0])]
    shown = groups if len(groups) <= ANNOTATIONS else groups[: ANNOTATIONS - 1]
    texts = [(title, f"{len(own)} x, the first: {own[0]}" if len(own) > 1 else own[0]) for title, own in shown]
    if len(shown) < len(groups):
        rest = sum(len(own) for _, own in groups[len(shown) :])
        texts.append(("orbitcheck", f"{rest} more in {len(groups) - len(shown)} other places; see the report"))
    return [f"::error title={_escaped(title, ':,')}::{_escaped(text)}" for title, text in texts]


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:  # the percent sign first: it is what the others become
        text = text.replace(character, f"%{ord(character):02X}")
    return text
