"""The expressivity map: which targets are universal in which regimes, theory against measurement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...harness.checks.approximation.verdict import Promise, Reached
from ...harness.core.result import Result, Run
from ...harness.targets.target import KINDS
from ..figures.curves import ROUNDING
from ..reading.fits import Fit, approximation_rows, fit_of, place_of
from ..reading.outcomes import Tally, tally
from ..reading.subjects import architecture_names, grouped
from ..reading.values import compact, one_line
from . import kinds
from .section import Column, report_section

THEORY = {Promise.IMPOSSIBLE: "not universal", Promise.APPROXIMABLE: "universal", Promise.ANY: "nothing predicted"}
"""Prediction of a row -> what it says of the target; the one that says most first, where capacities differ."""
SEEN = (Reached.LEAK, Reached.BELOW_FLOOR, Reached.ABOVE, Reached.AT_FLOOR, Reached.APPROXIMATED)
"""What a row can have observed, the one that says most against the prediction first."""
ALARMING = SEEN[:2]


@dataclass(frozen=True)
class MapRow:
    """One target in one regime: what theory says of the architectures, and what they did.

    Args:
        theory: `universal`, `not universal`, `nothing predicted`, or for how many architectures which of them.
        measured: architectures by the best that any of their capacities did.
    """

    target: str
    kind: str
    regime: str
    theory: str
    claims: str
    measured: str
    error: str
    floor: str
    rows: Tally


@report_section(
    "expressivity-map",
    "Expressivity map",
    (
        Column("target", kind=kinds.CODE, place=kinds.SPAN),
        Column("kind", place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("regime", kind=kinds.CODE),
        Column("theory", brief=60),
        Column("claims", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("measured"),
        Column("error", kind=kinds.CODE),
        Column("floor", kind=kinds.CODE),
        Column("rows", kind=kinds.TALLY),
    ),
    note="Which targets are universal where: what the theory says of the architectures here, then what they did, as errors over "
    "the variance of the target (1 is the mean) and the exact floor that no map constant on the samples' classes can pass.",
    short="Expressivity",
    place=300,
    share=4_000,
)
def expressivity_map(run: Run) -> list[MapRow]:
    """The map over all approximation rows, kind of target by kind. Rows that never ran far enough to know their target join
    those of their check."""
    checks = grouped(approximation_rows(run), lambda row: (row.suite, row.check)).values()
    places = grouped(((place_of(rows), row) for rows in checks for row in rows), lambda found: found[0])
    order = {kind: place for place, kind in enumerate(KINDS)}
    targets = list(dict.fromkeys((target, kind) for target, kind, _ in places))
    regimes = list(dict.fromkeys(regime for _, _, regime in places))
    return [
        _map_row(run, target, kind, regime, [row for _, row in places[target, kind, regime]])
        for target, kind in sorted(targets, key=lambda place: order.get(place[1], len(KINDS)))
        for regime in regimes
        if (target, kind, regime) in places
    ]


def _map_row(run: Run, target: str, kind: str, regime: str, rows: Sequence[Result]) -> MapRow:
    by_name = grouped((row for row in rows if row.outcome != "not-applicable"), lambda row: row.architecture)
    names = [name for name in architecture_names(run) if name in by_name]
    said = Counter(_promised(row.predicted for row in by_name[name]) for name in names)
    did = Counter(best_of(by_name[name]) for name in names)
    fits = [fit for row in rows if (fit := fit_of(row)) is not None]
    return MapRow(
        target,
        kind,
        regime,
        theory="not applicable" if not names
        else next(iter(said)) if len(said) == 1
        else ", ".join(f"{text} for {count}" for text, count in said.most_common()),
        claims=", ".join(dict.fromkeys(one_line(row.claim, 40) for row in rows if row.claim)),
        measured=", ".join(f"{count} {text}" for text, count in did.most_common()),
        error=spread_of([fit.error for fit in fits]),
        floor=floors_of(fits),
        rows=tally(rows),
    )  # fmt: skip


def _promised(predicted: Iterable[str]) -> str:
    found = set(predicted)
    return next((words for promise, words in THEORY.items() if promise in found), THEORY[Promise.ANY])


def best_of(rows: Sequence[Result]) -> str:
    """What the rows of one architecture come to: whatever alarms, else the best."""
    seen = {row.observed for row in rows}
    return next((found for found in (*ALARMING, *reversed(SEEN)) if found in seen), "not measured")


def floors_of(fits: Sequence[Fit]) -> str:
    """The floors from the least to the largest, those of rounding as the zeros that they are in the figures, too."""
    floors = [fit.floor for fit in fits if fit.floor is not None]
    return spread_of([0.0 if 0 <= floor < ROUNDING else floor for floor in floors])


def spread_of(values: Sequence[float]) -> str:
    if not values:
        return ""
    low, high = compact(min(values)), compact(max(values))
    return low if low == high else f"{low} to {high}"
