"""The separation table: what each architecture tells apart, in digits above the noise between copies of one orbit."""

from __future__ import annotations

from typing import Any

from ...harness.core.result import Run
from ..figures.drawing import Figure
from ..figures.heat import heat
from ..reading.pairs import HEAT, PairCell, PairRow, pair_table
from . import kinds
from .kinds import Cell
from .section import Column, report_section


def _figures(run: Run) -> list[Figure]:
    return [Figure(drawing, page=False) for drawing in heat(run)]


@report_section(
    "separation",
    "Separation, in digits",
    (
        Column("suite", kind=kinds.CODE, forms=kinds.DATA),
        Column("family", "pair family", kinds.CODE),
        Column("check", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("relation", place=kinds.BENEATH, brief=60),
        Column("pairs", kind=kinds.INTEGER),
        Column("round", kind=kinds.INTEGER, optional=True),
        Column("cells", kind=kinds.CELLS),
    ),
    figures=_figures,
    note="Which pairs of weight vectors each architecture tells apart. The number is log10 of the gap across the pair over the "
    "noise between copies of one orbit; of several pairs, whole digits from the lowest to the highest; a gap counts from 3 digits, noise stays "
    "below 1. = not separated: one to the network by certificate. ≈ no gap: none was seen, and no certificate says that there is none. "
    "? unclear. ○ nothing was predicted.",
    brief="log10 of the gap over the noise; **bold**: separated; ✗ ! ?: not as predicted.",
    short="Separation",
    place=100,
    share=7_000,
    scale=("not separated", *(f"{step:g}" for step in HEAT[:-1]), f"{HEAT[-1]:g}+", "digits, separated"),
)
def separation(run: Run) -> list[dict[str, Any]]:
    """The pairs by check, family and certified relation."""
    return [
        {
            **{key: getattr(row, key) for key in ("suite", "check", "family", "relation", "pairs", "round")},
            "cells": {name: _cell(row, name, cell) for name, cell in row.cells.items()},
        }
        for row in pair_table(run)
    ]


SIGNS = {"not separated": "=", "no gap": "≈", "unclear": "?", "undecided": "?"}
"""What the page shows of pairs that are not told apart."""


def _cell(row: PairRow, name: str, cell: PairCell) -> Cell:
    digits = cell.digits or ("" if cell.word == "error" else "–")
    return Cell(
        cell.tally,
        main=digits,
        small=(cell.word,) if digits else (),
        hint=f"{cell.word}, {cell.digits or 'no'} digits; {cell.tally.words}",
        brief=f"{digits} ({cell.word})" if cell.partly else digits,
        sign=_sign(cell),
        heat=cell.heat,
        group=(name, row.suite, row.check),
    )


def _sign(cell: PairCell) -> str:
    if cell.partly:
        return cell.word.removesuffix(" separated")
    if cell.word != "separated":
        return SIGNS.get(cell.word, "")
    low, several, high = cell.digits.partition(" to ")
    if not several:
        return low
    whole = [each.partition(".")[0] for each in (low, high)]
    return "–".join(dict.fromkeys(whole))
