"""The claims ledger: what the theory says, what was predicted from it, what was observed, on which networks, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...harness.core.claims import CLAIMS
from ...harness.core.outcomes import Outcome
from ...harness.core.result import Result, Run
from ..reading.outcomes import Tally, tally
from ..reading.subjects import grouped, subjects
from ..reading.values import NOTHING, one_line
from . import kinds
from .conclusions import Together, concluded, conclusions
from .section import Column, report_section

ALL_BUT_LATEX = (kinds.HTML, kinds.MARKDOWN, kinds.CSV)
"""A paper is told once what a claim comes to, by architecture; a statement in every row would leave no room for the numbers there either."""
NAMED, LEFT_OUT = 6, 3
"""So many architectures are named at most, where more are meant: the first, or all but so many."""
ON_THE_PAGE = 24
"""So many on the page, where they saw something; those that a claim does not apply to stand by name below its reason."""


@dataclass(frozen=True)
class Finding:
    """How often one prediction of one claim met one observation, and on which architectures; what the claim's rows come to together.
    `statement` of an id that the ledger does not have is the conclusion's title, and empty without one."""

    claim: str
    regime: str
    statement: str
    source: str
    concluded: str | None
    killers: str
    reason: str
    conclusions: tuple[tuple[str, str], ...] | None
    predicted: str
    observed: str
    named: str
    who: str
    architectures: str
    rows: Tally


@report_section(
    "claims",
    "Claims ledger",
    (
        Column("claim", kind=kinds.CODE, place=kinds.SPAN),
        Column("regime", place=kinds.BENEATH, forms=(kinds.HTML, kinds.CSV), optional=True),
        Column("statement", place=kinds.SPAN, forms=(kinds.HTML, kinds.CSV)),
        Column("source", place=kinds.BENEATH, forms=(kinds.HTML, kinds.CSV), optional=True),
        Column("concluded", "together", kinds.BADGE, place=kinds.SPAN, forms=ALL_BUT_LATEX, optional=True),
        Column("killers", "false claims", place=kinds.BENEATH, forms=(kinds.HTML, kinds.CSV), optional=True),
        Column("reason", place=kinds.BENEATH, forms=(kinds.HTML,), optional=True),
        Column("conclusions", "how", kinds.FACTS, place=kinds.SPAN, forms=(kinds.HTML,), optional=True),
        Column("predicted", brief=30),
        Column("observed", brief=30),
        Column("named", "architectures", forms=(kinds.HTML,)),
        Column("who", "architectures", brief=60, forms=(kinds.MARKDOWN, kinds.LATEX)),
        Column("architectures", kind=kinds.CODE, forms=(kinds.CSV,)),
        Column("rows", kind=kinds.TALLY),
    ),
    short="Claims",
    note="What the theory says, what was predicted from it and from each declaration, what was observed, and of whom. Together: what the "
    "rows of a claim come to, where a suite asks that, and how: what would have refuted it, and on what it rests. Of the false claims that "
    "went through the same checks so many were killed, their mended twins staying green: what could not have been refuted is not supported.",
    place=30,
    share=7_000,
)
def ledger(run: Run) -> tuple[Finding, ...]:
    """The claims that rows or conclusions serve, in the ledger's own order, then any others by appearance; the commonest finding first."""
    groups = grouped((row for row in run.results if row.claim), lambda row: str(row.claim))
    entries = grouped(conclusions(run), lambda entry: str(entry["claim"]))
    names = dict.fromkeys([*groups, *entries])
    order = (*(name for name in CLAIMS if name in names), *(name for name in names if name not in CLAIMS))
    every = subjects(run)
    return tuple(
        finding
        for name in order
        for finding in _findings(name, groups.get(name, ()), concluded(entries.get(name, ())), every)
    )


def _findings(claim: str, rows: Sequence[Result], told: Together, every: Sequence[str]) -> Iterator[Finding]:
    known = CLAIMS.get(claim)
    regime, statement, source = (known.regime, known.statement, known.source) if known else ("", "", "")
    killed = told.killers and f"{told.killers} killed"
    reason = "" if told.status == "pass" else one_line(told.reason)
    shared = (claim, regime, statement or one_line(told.title), source, told.status, killed, reason, told.facts)
    met = grouped(rows, _met)
    for (predicted, observed), own in sorted(met.items(), key=lambda item: -len(item[1])):
        found = {row.architecture for row in own}
        names = tuple(name for name in every if name in found)
        asked = {row.architecture for row in rows}
        everyone = tuple(name for name in every if name in asked)
        who = _who(names, everyone)
        yield Finding(
            *shared,
            one_line(predicted) or NOTHING,
            one_line(observed),
            _who(names, everyone, ON_THE_PAGE) if predicted else who,
            who,
            ", ".join(map(one_line, names)),
            tally(own),
        )
    if not met:
        yield from (
            Finding(*shared, predicted, observed, NOTHING, NOTHING, "", tally(())) for predicted, observed in told.seen
        )


def _met(row: Result) -> tuple[str, str]:
    """What was predicted and what was observed; of a row that does not apply, nothing was."""
    if row.outcome == Outcome.NOT_APPLICABLE:
        return "", Outcome.NOT_APPLICABLE.value
    return row.predicted, row.observed or row.outcome


def _who(names: Sequence[str], asked: Sequence[str], most: int = NAMED) -> str:
    """The names, or in fewer words all, or all but a few, of those that the claim was asked of."""
    others = [name for name in asked if name not in names]
    if len(names) > NAMED and len(others) <= LEFT_OUT:
        return f"all but {', '.join(one_line(name, 40) for name in others)}" if others else f"all {len(names)}"
    more = f" and {len(names) - most} more" if len(names) > most + 1 else ""
    return ", ".join(one_line(name, 40) for name in (names[:most] if more else names)) + more
