"""The separation table: what each architecture tells apart, in digits above the noise between copies of one orbit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..harness.controls import upper_bound
from ..harness.result import Result, Run
from .outcomes import Tally, tally
from .summary import architecture_names, family_of, grouped
from .values import digits_text, finite, mapping, number, one_line

HEAT = (3.0, 5.0, 7.0, 9.0, 11.0)
"""Digits at which a separated cell takes the next step of the scale."""


@dataclass(frozen=True)
class PairCell:
    """The pairs of one family and relation, on one architecture.

    Args:
        digits: `log10(D / N)` of the best draw, lowest to highest over the pairs, as text.
        heat: step of the colour scale, 0 (nothing separated) to 5.
        word: what was seen, in words.
    """

    digits: str
    heat: int
    word: str
    tally: Tally


@dataclass(frozen=True)
class PairRow:
    """The pairs of one check, family and certified relation."""

    suite: str
    check: str
    family: str
    relation: str
    round: int | None
    pairs: int
    cells: Mapping[str, PairCell]


def separation_rows(run: Run) -> list[Result]:
    return [row for row in run.results if row.kind == "separation"]


def round_of(row: Result) -> int | None:
    """The refinement round that parts the pair; None if none does, or nobody knows."""
    value = finite(row.evidence.get("round"))
    return None if value is None else int(value)


def pair_table(run: Run) -> tuple[PairRow, ...]:
    """Rows: check, family and relation, rounds ascending inside a check. A row of the run without a relation (an error, say)
    joins the relation that the same case has on another architecture."""
    rows = separation_rows(run)
    known = {(row.suite, row.check, row.case): row for row in rows if row.evidence.get("relation")}
    groups: dict[tuple[str, str], dict[tuple[str, str, int | None], list[Result]]] = {}
    for row in rows:
        source = row if row.evidence.get("relation") else known.get((row.suite, row.check, row.case), row)
        relation = one_line(source.evidence.get("relation") or "relation not certified", 120)
        key = (family_of(source), relation, round_of(source))
        groups.setdefault((row.suite, row.check), {}).setdefault(key, []).append(row)
    table = []
    for (suite, check), relations in groups.items():
        for (family, relation, parted), found in sorted(
            relations.items(), key=lambda item: math.inf if item[0][2] is None else item[0][2]
        ):
            cells = {name: pair_cell(some) for name, some in grouped(found, lambda row: row.architecture).items()}
            pairs = len({row.case for row in found})
            table.append(PairRow(suite, check, family, relation, parted, pairs, cells))
    return tuple(table)


def pair_sections(rows: Sequence[PairRow]) -> tuple[tuple[PairRow, ...], ...]:
    """The table check by check."""
    return tuple(tuple(group) for _, group in groupby(rows, key=lambda row: (row.suite, row.check)))


def pair_cell(rows: Sequence[Result]) -> PairCell:
    """One cell of the table."""
    values = sorted(value for row in rows if (value := number(row.evidence.get("digits"))) is not None)
    values = [value for value in values if not math.isnan(value)]
    low, high = (digits_text(values[0]), digits_text(values[-1])) if values else ("", "")
    parted = sum(row.observed == "separated" for row in rows)
    merged = sum(row.observed == "not separated" for row in rows)
    counted = tally(rows)
    if parted == len(rows):
        word = "separated"
    elif merged == len(rows):
        word = "not separated"
    elif parted or merged:
        word = f"{parted} of {len(rows)} separated"
    else:
        word = (
            "not applicable"
            if counted.worst == "not-applicable"
            else "error"
            if counted.counts["error"]
            else "undecided"
        )
    heat = sum(values[0] >= step for step in HEAT) if parted == len(rows) and values else 0
    return PairCell(low if low == high else f"{low} to {high}", max(heat, int(parted == len(rows))), word, counted)


@dataclass(frozen=True)
class Controls:
    """The controls of one architecture: how often it tells apart what is one, and how far up the ladder it sees.

    Args:
        trials: null pairs that were decided.
        separated: of these, the ones told apart: false positives.
        bound: one-sided 95 % upper bound on the false-positive rate.
        source: which pairs were counted.
        ladder: the last round, without a break from the lowest of the run, whose pairs were all separated.
        resolution: `t_res`: the smallest that a detection row measured, else the largest that a separation row did.
        change: the smallest relative change of the weights that showed, in the worst space of the detection rows.
        effect: smallest effect size (D over the distance of generic vectors) that was seen as separated.
    """

    architecture: str
    trials: int
    separated: int
    bound: float | None
    source: str
    ladder: int | None
    resolution: int | None
    change: float | None
    effect: float | None


def ladder_rows(run: Run) -> list[Result]:
    """The pairs of those checks that climb: pairs of at least two refinement rounds."""
    rows = [row for row in separation_rows(run) if round_of(row) is not None]
    checks = grouped(rows, lambda row: (row.suite, row.check))
    climbing = {key for key, found in checks.items() if len({round_of(row) for row in found}) > 1}
    return [row for row in rows if (row.suite, row.check) in climbing]


def controls(run: Run) -> tuple[Controls, ...]:
    """One entry for each architecture with separation or detection rows."""
    rows = grouped(separation_rows(run), lambda row: row.architecture)
    climbed = grouped(ladder_rows(run), lambda row: row.architecture)
    detected = grouped((row for row in run.results if row.kind == "detection"), lambda row: row.architecture)
    return tuple(
        _controls(name, rows.get(name, []), climbed.get(name, []), detected.get(name, []))
        for name in architecture_names(run)
        if name in rows or name in detected
    )


def _controls(name: str, rows: Sequence[Result], climbed: Sequence[Result], detected: Sequence[Result]) -> Controls:
    banks = [bank for row in rows if (bank := mapping(row.evidence.get("false_positive")))]
    reported = [(finite(bank.get("trials")), finite(bank.get("separated"))) for bank in banks]
    counted = [(int(trials), int(wrong)) for trials, wrong in reported if trials is not None and wrong is not None]
    if counted:
        trials, separated = max(counted)
        source = "null bank"
    else:
        nulls = [row for row in rows if is_one_orbit(row) and row.observed in ("separated", "not separated")]
        trials, separated = len(nulls), sum(row.observed == "separated" for row in nulls)
        source = "one-orbit pairs of this run"
    limits = _measured(detected, "t_res")
    resolution = min(limits) if limits else max(_measured(rows, "t_res"), default=None)
    parted = [row for row in rows if row.observed == "separated"]
    return Controls(
        architecture=name,
        trials=trials,
        separated=separated,
        bound=upper_bound(separated, trials) if 0 <= separated <= trials and trials else None,
        source=source,
        ladder=ladder_reach(climbed),
        resolution=None if resolution is None else int(resolution),
        change=max(_measured(detected, "smallest_change"), default=None),
        effect=min(_measured(parted, "effect"), default=None),
    )


def _measured(rows: Sequence[Result], key: str) -> list[float]:
    return [value for row in rows if (value := finite(row.evidence.get(key))) is not None]


def is_one_orbit(row: Result) -> bool:
    """Whether the pair is certified to be one orbit: nothing may tell it apart."""
    return row.evidence.get("orbit") == "same" or row.evidence.get("relation") == "one orbit"


def ladder_reach(rows: Sequence[Result]) -> int | None:
    """The last round up to which every pair of every round present is separated; None if no row is applicable."""
    rounds = grouped((row for row in rows if row.outcome != "not-applicable"), round_of)
    reach = 0
    for parted in sorted(rounds):
        if any(row.observed != "separated" for row in rounds[parted]):
            break
        reach = parted
    return reach if rounds else None
