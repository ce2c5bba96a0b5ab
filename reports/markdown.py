"""Run -> Markdown for a pull request: within GitHub's limit, aligned to be read as plain text too.

Each section has its share of the limit, and what others leave of theirs; what does not fit is counted, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..harness.core.outcomes import OUTCOMES
from ..harness.core.result import Run
from .markdown_text import REST, code, fence, size, table, text
from .reading.outcomes import CONCLUSION_STATUSES, STATUSES, headline, problems_of, sign, tally
from .reading.values import NOTHING, one_line, plural
from .sections.failures import counterexample, red_groups
from .sections.kinds import BADGE, CELL, CODE, MARKDOWN, TALLY, Cell, badge
from .sections.section import Column, Sheet, in_order, sheet

LIMIT = 65_000
"""Bytes of UTF-8; GitHub takes 65,536 characters of a comment."""
FOR_TABLES = 56_000
"""Of these, for the tables of all sections; the rows that are not as predicted have what is left, and tables what those leave."""
FRAME = 400
"""At most, of a section's bytes, for its heading, its brief and the count of the rows left out."""


def markdown(run: Run) -> str:
    """The report as GitHub-flavoured Markdown; the same run gives the same text."""
    head = [f"# {sign(run)} orbitcheck: {text(headline(run))}", "", _counts(run), ""]
    head += _listing("Problems of the run", problems_of(run), 4_000)
    sections = in_order()
    wanted = sum(section.share for section in sections if MARKDOWN in section.forms)
    scale = min(1.0, FOR_TABLES / max(1, wanted))
    found = {section.name: told for section in sections if (told := sheet(section, run, MARKDOWN))}
    parts = {name: _section(told, int(scale * told.section.share)) for name, told in found.items()}
    legend = [*_listing("Notes", run.notes, 2_000), _legend()]
    used = size([*head, *(line for lines in parts.values() for line in lines), *legend])
    parts["failures"] = _failures(run, LIMIT - used)
    parts |= _lengthened(found, parts, LIMIT - used - size(parts["failures"]))
    body = [line for section in sections for line in parts.get(section.name, ())]
    return "\n".join([*head, *body, *legend]) + "\n"


def _lengthened(found: Mapping[str, Sheet], parts: Mapping[str, list[str]], spare: int) -> dict[str, list[str]]:
    """The tables that were cut, with the bytes that all others leave: whole where that fits, those that lack least first."""
    whole = {name: _section(told, LIMIT) for name, told in found.items()}
    lacking = {name: size(lines) - size(parts[name]) for name, lines in whole.items() if lines != parts[name]}
    longer = {}
    for name in sorted(lacking, key=lacking.__getitem__):
        has = size(parts[name])
        if lacking[name] <= spare:
            longer[name] = whole[name]
        elif spare > FRAME:
            longer[name] = _section(found[name], has + spare - FRAME)
        spare -= size(longer.get(name, parts[name])) - has
    return longer


def _section(found: Sheet, share: int) -> list[str]:
    section = found.section
    header = [code(column.head, 40) if column.kind is CELL else text(column.head, 60) for column in found.columns]
    rows = [[_value(column, value) for column, value in zip(found.columns, row, strict=True)] for row in found.rows]
    right = [place for place, column in enumerate(found.columns) if column.kind.number]
    lines = [*([section.brief, ""] if section.brief else []), *table(header, rows, right, share)]
    if section.fold:
        return ["<details>", f"<summary>{text(section.title)}</summary>", "", *lines, "</details>", ""]
    return [f"## {text(section.title)}", "", *lines]


def _value(column: Column, value: Any) -> str:
    """A value as finished Markdown."""
    if column.kind is CELL:
        return _cell(value) if value else "·"
    if value is None or value == "":
        return NOTHING
    if column.kind is BADGE:
        told = badge(value)
        return f"{CONCLUSION_STATUSES[told.status].symbol} {text(told.word, column.brief)}"
    if column.kind is TALLY:
        return value.symbols
    words = column.words(value)
    if column.kind is CODE:
        return code(words, column.brief)
    return words if column.kind.number else text(words, column.brief) or NOTHING


def _cell(cell: Cell) -> str:
    if cell.tally.worst == "not-applicable" and cell.main:
        return "n/a"
    if not cell.main:
        return cell.tally.symbols
    told = (cell.brief or cell.main).replace("<", "&lt;")
    seen = f"**{told}**" if cell.heat else told
    return f"{STATUSES[cell.tally.worst].symbol} {seen}" if cell.tally.red else seen


def _listing(title: str, texts: Sequence[str], share: int) -> list[str]:
    items = [text(one) for one in texts]
    if not items:
        return []
    lines: list[str] = []
    for item in items:
        if size([*lines, item]) > share:
            lines.append(f"- … and {len(items) - len(lines):,} more; {REST}.")
            break
        lines.append(f"- {item}")
    return [f"## {title}", "", *lines, ""]


def _counts(run: Run) -> str:
    counted = tally(run.results)
    named = [
        f"{status.symbol} **{counted.counts[status.name]:,}** {status.word}"
        for status in STATUSES.values()
        if counted.counts[status.name] or status.name in OUTCOMES
    ]
    return f"**{counted.total:,}** {'row' if counted.total == 1 else 'rows'}: {', '.join(named)}"


def _failures(run: Run, share: int) -> list[str]:
    """The rows that make the run red, gravest group first, as many as fit; the rest is counted."""
    groups = red_groups(run, budget=200)
    if not groups:
        return []
    whole = sum(group.tally.total for group in groups)
    lines = ["## Failures, errors and undecided rows", ""]
    room = share - size(lines) - 200
    listed = 0
    for detail in (detail for group in groups for detail in group.shown):
        row, status = detail.row, STATUSES[detail.status]
        where = f"{one_line(row.suite, 40)} / {one_line(row.check, 60)} / {one_line(row.case, 120)}"
        example = [f"{name}: {one_line(value, 120)}" for name, value in counterexample(row)]
        item = [
            f"**{status.symbol} {status.word}** {code(row.architecture)} {code(where, 240)}  ",
            text(row.reason, 400) or "no reason given",
            "",
            *(fence(([f"counter-example: {'; '.join(example)}"] if example else []) + ([row.reproduce] if row.reproduce else []))
              if example or row.reproduce else []),
            "",
        ]  # fmt: skip
        if size(item) > room:
            break
        lines += item
        room -= size(item)
        listed += 1
    if listed < whole:
        lines += [f"… and {plural(whole - listed, 'more row')} of {whole:,}; {REST}.", ""]
    return lines


def _legend() -> str:
    return "; ".join(f"{status.symbol} {status.word}: {status.meaning}" for status in STATUSES.values()) + "."
