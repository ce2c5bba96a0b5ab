"""The exhaustive banks: every pair of all small nets of a kind, what refinement parts of it, and what each architecture does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...harness.checks.exhaustive.evidence import ExhaustiveEvidence
from ...harness.core.result import Result, Run
from ..reading.outcomes import tally
from ..reading.subjects import grouped, measured
from ..reading.values import one_line, plural
from . import kinds
from .kinds import Cell
from .section import Column, report_section

NEVER = "none"
"""Key of `by_round` for the pairs that refinement does not part."""


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
    cells: Mapping[str, Cell]


@report_section(
    "exhaustive",
    "Every pair of all small networks",
    (
        Column("suite", kind=kinds.CODE, forms=kinds.DATA),
        Column("bank", kind=kinds.CODE),
        Column("check", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("space", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("nets", "networks", kinds.INTEGER),
        Column("classes", "1-WL classes", kinds.INTEGER),
        Column("pairs", kind=kinds.INTEGER),
        Column("refined", "refinement parts", kinds.INTEGER),
        Column("cells", kind=kinds.CELLS),
    ),
    note="All networks of a kind, one for each orbit, and every pair of them: how many 1-WL refinement parts, and how many each "
    "architecture tells apart. Each network is shown once a draw, in a fresh copy; a pair counts from two draws that show its "
    "gap.",
    brief="How many of the pairs refinement parts, and each architecture; in brackets the draws. ✗ ! ?: not as predicted.",
    part_of="separation",
    place=110,
    share=2_000,
)
def bank_table(run: Run) -> list[BankRow]:
    """A row for each bank, in the order of the run."""
    rows = [row for row in run.results if row.kind == "exhaustive"]
    return [_bank(found) for found in grouped(rows, lambda row: (row.suite, row.check, row.case)).values()]


def _bank(rows: Sequence[Result]) -> BankRow:
    known = [found for row in rows if (found := measured(row, ExhaustiveEvidence)) is not None]
    bank = known[0] if known else None
    rounds = next((found.by_round for found in known if found.by_round), None)
    return BankRow(
        rows[0].suite,
        rows[0].check,
        one_line(rows[0].case, 60),
        one_line(bank.space, 80) if bank else "",
        bank.nets if bank else None,
        bank.classes if bank else None,
        bank.pairs if bank else None,
        sum(count.pairs for key, count in rounds.items() if key != NEVER) if rounds else None,
        {name: _cell(own) for name, own in grouped(rows, lambda row: row.architecture).items()},
    )


def _cell(rows: Sequence[Result]) -> Cell:
    found = [(row, bank) for row in rows if (bank := measured(row, ExhaustiveEvidence)) is not None and bank.by_round]
    row, bank = found[0] if found else (rows[0], None)
    rounds = (bank.by_round if bank else None) or {}
    told = [
        f"{'never parted' if key == NEVER else f'round {one_line(key, 20)}'}: {count.separated:,} of {plural(count.pairs, 'pair')}"
        for key, count in rounds.items()
    ]
    told += [f"predicted: {one_line(row.predicted, 80)}"] if row.predicted else []
    whole = tally(rows)
    parted = f"{sum(count.separated for count in rounds.values()):,}" if rounds else "–"
    draws = bank.draws if bank else None
    return Cell(
        whole,
        main=parted,
        small=() if draws is None else (plural(draws, "draw"),),
        hint="; ".join([*told, whole.words]),
        brief=parted if draws is None else f"{parted} ({draws:,})",
        group=(row.architecture, row.suite, row.check),
    )
