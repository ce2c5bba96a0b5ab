"""The exhaustive banks: every pair of all small nets of a kind, what refinement parts of it, and what each architecture does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..harness.core.result import Result, Run
from .outcomes import Tally, tally
from .summary import grouped
from .values import finite, mapping, one_line, plural

NEVER = "none"
"""Key of `by_round` for the pairs that refinement does not part."""


@dataclass(frozen=True)
class BankCell:
    """A bank on one architecture.

    Args:
        parted: pairs told apart; None where nothing was measured.
        draws: how many were taken.
        detail: what was told apart, round by round, and what was predicted.
    """

    parted: int | None
    draws: int | None
    detail: str
    tally: Tally


@dataclass(frozen=True)
class BankRow:
    """One bank of one check: nets up to relabelling, their 1-WL classes, their pairs, and how many of these refinement parts."""

    suite: str
    check: str
    bank: str
    space: str
    nets: int | None
    classes: int | None
    pairs: int | None
    refined: int | None
    cells: Mapping[str, BankCell]


def bank_table(run: Run) -> tuple[BankRow, ...]:
    """A row for each bank, in the order of the run."""
    rows = [row for row in run.results if row.kind == "exhaustive"]
    return tuple(_bank(found) for found in grouped(rows, lambda row: (row.suite, row.check, row.case)).values())


def _bank(rows: Sequence[Result]) -> BankRow:
    facts = {key: next((row.evidence[key] for row in rows if row.evidence.get(key) is not None), None)
             for key in ("space", "nets", "classes", "pairs", "by_round")}  # fmt: skip
    first = rows[0]
    return BankRow(
        first.suite,
        first.check,
        one_line(first.case, 60),
        one_line(facts["space"] or "", 80),
        _whole(facts["nets"]),
        _whole(facts["classes"]),
        _whole(facts["pairs"]),
        _summed({key: entry for key, entry in mapping(facts["by_round"]).items() if key != NEVER}, "pairs"),
        {name: _cell(own) for name, own in grouped(rows, lambda row: row.architecture).items()},
    )


def _cell(rows: Sequence[Result]) -> BankCell:
    measured = next((row for row in rows if mapping(row.evidence.get("by_round"))), rows[0])
    by_round = mapping(measured.evidence.get("by_round"))
    told = [
        f"{'never parted' if key == NEVER else f'round {one_line(key, 20)}'}: {_whole(counts.get('separated')) or 0:,} of "
        f"{plural(_whole(counts.get('pairs')) or 0, 'pair')}"
        for key, counts in ((key, mapping(entry)) for key, entry in by_round.items())
    ]
    detail = "; ".join([*told, *([f"predicted: {one_line(measured.predicted, 80)}"] if measured.predicted else [])])
    return BankCell(_summed(by_round, "separated"), _whole(measured.evidence.get("draws")), detail, tally(rows))


def _summed(by_round: Mapping[str, object], key: str) -> int | None:
    counts = [_whole(mapping(entry).get(key)) for entry in by_round.values()]
    return sum(count for count in counts if count is not None) if by_round else None


def _whole(value: object) -> int | None:
    read = finite(value)
    return None if read is None else int(read)
