"""Rows of `quick` for a network: which are asked, and whether one of them caught it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from meta_nets.catalogue import Caught

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.result import Result
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.architecture import Architecture
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan

GREEN = ("pass", "observed", "not-applicable")


@cache
def quick(reference: str) -> tuple[Cell, ...]:
    """Every row of `quick` on one architecture, options and all."""
    return tuple(plan([load_suite("quick")], [parse_name(reference)]))


def architecture(reference: str) -> Architecture:
    return load(parse_name(reference))


def named(cell: Cell) -> str:
    """What the patterns of a catalogue match: `check case`."""
    return f"{cell.check} {cell.case}"


def named_row(row: Result) -> str:
    return f"{row.check} {row.case}"


def asked(expected: Caught, options: str = "") -> Iterator[Result]:
    """The rows that the network is to be caught by, measured one by one.

    Args:
        options: as in `[channels=9]`; other options are other seeds.
    """
    reference = expected.reference + options
    subject = architecture(reference)
    for cell in quick(reference):
        if expected.asks(named(cell)):
            yield evaluate(cell, subject)


def rules(row: Result) -> tuple[str, ...]:
    """What the law's evidence says is broken."""
    return tuple(map(str, getattr(row.evidence, "broken", ())))


def cause(row: Result) -> str | None:
    """The cause that the row names; None for rows that name none."""
    found = getattr(row.evidence, "cause", None)
    return None if found is None or str(found) == "none" else str(found)


def right_outcome(expected: Caught, row: Result) -> bool:
    """Whether the row is red as it should be, whatever cause it names."""
    if row.outcome not in expected.outcomes:
        return False
    if row.outcome == "error" and expected.faults and row.fault not in expected.faults:
        return False
    return not expected.rules or bool(set(expected.rules) & set(rules(row)))


def right(expected: Caught, row: Result) -> bool:
    """Whether the row is red as it should be, and names no cause but a true one; that it names none is no lie."""
    honest = cause(row) in (None, "unknown", *expected.causes)
    return right_outcome(expected, row) and (not expected.causes or honest)


def first_right(expected: Caught, options: str = "", at_most: int = 40) -> tuple[Result | None, list[Result]]:
    """The first row that catches the network for the right reason, and all rows that were asked up to it."""
    seen: list[Result] = []
    for row in asked(expected, options):
        seen.append(row)
        if right(expected, row):
            return row, seen
        if len(seen) == at_most:
            break
    return None, seen


def cell_with(cell: Cell, **parameters: object) -> Cell:
    """The same row at other parameters, and so another seed."""
    return replace(cell, parameters={**cell.parameters, **parameters})
