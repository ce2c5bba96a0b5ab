"""The score card: what each architecture keeps, sees, claims and costs, a line each, the most able first."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

from ...harness.checks.equivariance.evidence import Ask, EquivarianceEvidence
from ...harness.checks.prediction import NO_GAP, NOT_SEPARATED, SEPARATED
from ...harness.checks.separation.evidence import SeparationEvidence
from ...harness.core.outcomes import Outcome
from ...harness.core.records import ArchitectureRecord
from ...harness.core.result import Result, Run
from ...harness.judging.controls import LADDER
from ..reading.outcomes import STATUSES, Tally, status_of, tally
from ..reading.pairs import in_one_orbit
from ..reading.subjects import architecture_names, declarations, grouped, measured
from ..reading.values import finite, shown
from . import kinds
from .kinds import Bar, Part
from .section import Column, report_section

DIGITS = 16
"""Of a float64, decimal: the whole of the bar of the law."""


@dataclass(frozen=True)
class Score:
    """What one architecture comes to.

    Args:
        law: decimal digits to which the law holds in float64 at the worst row that kept it, or the rows that broke it.
        floors: the largest error over its noise floor, of the rows that kept the law.
        bound: share of pairs on which the law may be violated though a clean row saw none of them, 95 %; the widest of the
            rows at the initialisation. None where the law is broken, which rules nothing out.
        sees: the last round of the ladder whose pair it told apart; 0 if none.
        shows: the power that was seen, in words: `beyond 1-WL` if it told two orbits apart that refinement does not part, else `sees`
            of the rounds that were asked.
        apart: pairs of two orbits told apart, undecided, and not, of those that it was asked; the rest of all pairs it was not asked.
        claims: claims none of whose rows is red or excused, of those that rows serve.
        seconds: of one forward pass of the reference batch.
    """

    architecture: str
    status: str
    law: Bar | None
    floors: float | None
    bound: float | None
    power: str
    sees: int | None
    shows: str
    apart: Bar | None
    claims: str
    predicted: str
    parameters: int | None
    seconds: float | None
    rows: Tally


@report_section(
    "score-card",
    "Score card",
    (
        Column("architecture", kind=kinds.CODE),
        Column("status", "outcome", kinds.BADGE),
        Column("law", "the law holds to", kinds.BAR),
        Column("floors", "error / noise", kinds.NUMBER, forms=kinds.ALL_BUT_MARKDOWN),
        Column("bound", "not ruled out", kinds.PERCENT, forms=kinds.ALL_BUT_MARKDOWN),
        Column("power", "declared power"),
        Column("shows", "power shown"),
        Column("apart", "pairs told apart", kinds.BAR),
        Column("claims", "claims held", forms=kinds.ALL_BUT_MARKDOWN),
        Column("predicted", "as predicted"),
        Column("parameters", kind=kinds.SCALED, forms=kinds.ALL_BUT_MARKDOWN, optional=True),
        Column("seconds", "forward", kinds.MILLISECONDS, unit="s", forms=kinds.ALL_BUT_MARKDOWN, optional=True),
    ),
    note="The law in float64 at the worst row. Not ruled out, 95 %: the share of pairs that may break the law though a row saw none do "
    "(it falls with the pairs drawn, not with the network). Declared power with the rounds it is sure to see; power shown: the last round of "
    "the ladder that it tells apart, of those asked; beyond 1-WL: it tells two orbits apart that no refinement does. Pairs of weight vectors "
    "of two orbits: told apart (full), undecided (hatched), not (empty); grey: it was not asked. A claim is held where no row is red or excused. Click two names "
    "to compare them.",
    brief="Law: digits in float64 at the worst row. Most able first.",
    short="Score card",
    place=5,
    share=4_000,
)
def score_card(run: Run) -> list[Score]:
    """A line an architecture: those that keep the law first, of them those that tell most pairs apart, of these the cheapest."""
    rows, declared = grouped(run.results, lambda row: row.architecture), declarations(run)
    rows_of_pairs = [row for row in run.results if row.kind == "separation"]
    pairs = {_pair(row) for row in rows_of_pairs} - {_pair(row) for row in rows_of_pairs if in_one_orbit(row)}
    scores = [_score(name, rows.get(name, []), declared.get(name), pairs) for name in architecture_names(run)]
    return sorted(scores, key=_ability)


def _ability(score: Score) -> tuple[bool, bool, float, float]:
    keeps = score.law is not None and not score.law.broken
    apart = score.apart.share if score.apart else -1.0
    return STATUSES[score.status].red, not keeps, -apart, score.seconds if score.seconds is not None else math.inf


def _pair(row: Result) -> tuple[str, str, str]:
    return row.suite, row.check, row.case


def _score(
    name: str, rows: Sequence[Result], told: ArchitectureRecord | None, pairs: Set[tuple[str, str, str]]
) -> Score:
    counted = tally(rows)
    cost = told.get("cost") if told else None
    law, floors, bound = _law(rows)
    return Score(
        name,
        "error" if told and told.get("error") else counted.worst,
        law,
        floors,
        bound,
        _power(told),
        (sees := _sees(rows)),
        _shows(rows, sees),
        _apart(rows, pairs),
        _claims(rows),
        f"{counted.counts['pass']:,} of {counted.predicted:,}" if counted.predicted else "",
        cost["parameters"] if cost else None,
        finite(cost["seconds"]) if cost else None,
        counted,
    )


def _law(rows: Sequence[Result]) -> tuple[Bar | None, float | None, float | None]:
    """The law's bar, the largest ratio of error to floor, and the widest bound."""
    law = [row for row in rows if row.kind == "equivariance" and row.outcome in (Outcome.PASS, Outcome.FAIL)]
    if not law:
        return None, None, None
    broken = [row for row in law if row.outcome == Outcome.FAIL]
    if broken:
        kept = len(law) - len(broken)
        words = f"broken in {len(broken):,} of {len(law):,}"
        return Bar((Part("kept", kept), Part("broken", len(broken))), words, kept / len(law), broken=True), None, None
    found = [evidence for row in law if (evidence := measured(row, EquivarianceEvidence)) is not None]
    bounds = [value for one in found if one.ask is Ask.LAW and (value := finite(one.bound)) is not None]
    bound = round(max(bounds), 3) if bounds else None
    errors = [value for one in found if (value := finite(one.error64)) is not None]
    worst = max(errors, default=0.0)
    digits = DIGITS if worst <= 0 else max(0.0, min(float(DIGITS), -math.log10(worst)))
    words = "to the bit" if worst <= 0 else f"{digits:.1f} digits"
    ratios = [error / floor for one in found if (error := finite(one.error64)) is not None
              and (floor := finite(one.floor64))]  # fmt: skip
    return Bar((Part("kept", digits), Part("rest", DIGITS - digits)), words, digits), max(ratios, default=None), bound


def _power(told: ArchitectureRecord | None) -> str:
    if told is None or "power" not in told:
        return ""
    rounds = told.get("rounds")
    return shown(told["power"]) + (f", {'–'.join(map(str, dict.fromkeys(rounds)))}" if rounds else "")


def _rungs(rows: Sequence[Result]) -> list[tuple[str, int]]:
    """What was observed at each rung of the ladder that was asked, and its round."""
    return [(row.observed, found.round or 0) for row in rows if (found := measured(row, SeparationEvidence)) is not None
            and found.family == LADDER and row.outcome not in (Outcome.NOT_APPLICABLE, Outcome.ERROR)]  # fmt: skip


def _sees(rows: Sequence[Result]) -> int | None:
    """The last round of the ladder whose pair was told apart; nothing if none was asked."""
    rungs = _rungs(rows)
    return max((number for observed, number in rungs if observed == SEPARATED), default=0) if rungs else None


def _shows(rows: Sequence[Result], sees: int | None) -> str:
    parted = (measured(row, SeparationEvidence) for row in rows if row.observed == SEPARATED)
    if any(pair is not None and pair.round is None and pair.orbit == "different" for pair in parted):
        return "beyond 1-WL"
    return "" if sees is None else f"round {sees} of {max(number for _, number in _rungs(rows))}"


def _apart(rows: Sequence[Result], pairs: Set[tuple[str, str, str]]) -> Bar | None:
    asked = [row for row in rows if row.outcome != Outcome.NOT_APPLICABLE and _pair(row) in pairs]
    if not asked:
        return None
    parted = sum(row.observed == SEPARATED for row in asked)
    merged = sum(row.observed in (NOT_SEPARATED, NO_GAP) for row in asked)
    parts = (
        Part("seen", parted),
        Part("unclear", len(asked) - parted - merged),
        Part("rest", merged),
        Part("absent", max(0, len(pairs) - len(asked))),
    )
    return Bar(parts, f"{parted:,} of {len(asked):,}", parted)


def _claims(rows: Sequence[Result]) -> str:
    served = grouped((row for row in rows if row.claim and row.outcome not in (Outcome.NOT_APPLICABLE, Outcome.OBSERVED)),
                     lambda row: row.claim)  # fmt: skip
    if not served:
        return ""
    held = sum(not any(STATUSES[status_of(row)].red or row.declared for row in own) for own in served.values())
    return f"{held} of {len(served)}"
