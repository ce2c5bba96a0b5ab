"""Checks x architectures: how many rows of each ended how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...harness.core.result import Result, Run
from ..reading.outcomes import STATUSES, Tally, tally
from ..reading.subjects import grouped, suite_name
from ..reading.values import one_line
from . import kinds
from .kinds import Cell
from .section import Column, report_section


@dataclass(frozen=True)
class CheckRow:
    """One check of one suite: its title, kind and claim, and its rows per architecture."""

    suite: str
    check: str
    kind: str
    title: str
    claim: str
    cells: Mapping[str, Cell]
    tally: Tally

    @property
    def about(self) -> str:
        return self.title or self.kind


@report_section(
    "checks",
    "Checks by architecture",
    (
        Column("suite", kind=kinds.CODE, place=kinds.HEADING),
        Column("check", kind=kinds.CODE),
        Column("about", place=kinds.BENEATH, forms=(kinds.HTML,)),
        Column("kind", forms=kinds.DATA),
        Column("claim", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN, optional=True),
        Column("cells", kind=kinds.CELLS),
    ),
    short="Checks",
    note=f"Rows by outcome: {', '.join(f'{status.symbol} {status.word}' for status in STATUSES.values())}. "
    "A cell with something to read leads there.",
    place=20,
    share=8_000,
)
def check_rows(run: Run) -> tuple[CheckRow, ...]:
    """Every check that the suites declare or a row names, suite by suite; checks without a row stay visible."""
    declared: dict[tuple[str, str], Mapping[str, Any]] = {}
    for suite in run.suites:
        checks = suite.get("checks")
        for check in checks if isinstance(checks, list | tuple) else ():
            if isinstance(check, Mapping) and "id" in check:
                declared[suite_name(suite), str(check["id"])] = check
    groups = grouped(run.results, lambda row: (row.suite, row.check))
    keys = dict.fromkeys([*declared, *groups])
    order = {suite: place for place, suite in enumerate(dict.fromkeys(suite for suite, _ in keys))}
    return tuple(
        _row(key, groups.get(key, []), declared.get(key, {})) for key in sorted(keys, key=lambda key: order[key[0]])
    )


def _row(key: tuple[str, str], rows: Sequence[Result], said: Mapping[str, Any]) -> CheckRow:
    suite, check = key
    return CheckRow(
        suite=suite,
        check=check,
        kind=rows[0].kind if rows else str(said.get("kind", "")),
        title=one_line(said.get("title") or ""),
        claim=str((rows[0].claim if rows else said.get("claim")) or ""),
        cells={name: _cell(found) for name, found in grouped(rows, lambda row: row.architecture).items()},
        tally=tally(rows),
    )


def _cell(rows: Sequence[Result]) -> Cell:
    counted = tally(rows)
    observed = Counter(one_line(row.observed, 60) for row in rows if row.observed)
    seen = ", ".join(f"{what} {count:,}" for what, count in observed.most_common(5))
    first = rows[0]
    hint = counted.words + (f"; observed: {seen}" if seen else "")
    return Cell(counted, hint=hint, group=(first.architecture, first.suite, first.check))
