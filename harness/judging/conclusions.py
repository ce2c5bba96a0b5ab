"""What the rows of a run say together about a claim that no row decides alone; a pure function of the rows.

A suite lists the claims that it wants concluded, each from the rows of some checks. These claims compare rows:

| claim | compared |
|---|---|
| `thm-5.2` | the partitions of all networks of the power of 1-WL, by certificate; then their errors in pairs, at three capacities and more: at the largest within a factor 2, by two one-sided tests over five seeds, where the floors of what sees less lie beyond that factor |
| `prop-5.3` | networks of 2-FWL's or of unknown power with these: apart where 1-WL classes merge orbits, equal in general position |
| `thm-6.1`, `thm-6.3`, `thm-7.4` | every row with its prediction, and the error at the smallest capacity with that at the largest: lower |
| `oce` | the errors at k and 2k emitted networks of one size: lower at every doubling, by a one-sided test over the seeds |
| `prop-7.1` | the error of one emitted network with its floor, and with larger outputs that pass below that floor |
| `thm-7.2` | the error of the best output size with the threshold, and with that of the smallest |

Any other claim holds if every row that speaks of it passes. What the budget leaves open is `undecided`, and red unless the
suite says why it may be (`allow`). Rows of which nothing is predicted support no conclusion but one on the order of
their errors (`oce`): one that has no others is `observed`.

Nor does a check that could not have refuted the claim: beside each conclusion stands its kill rate, of the false claims that the run
put through its checks (`running/killing.py`). With none it is `observed`, and with a survivor `undecided`, which no allowance covers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..core.claims import CLAIMS
from ..core.outcomes import Outcome, Trouble
from ..core.records import ConclusionRecord, KillerRecord, KillRate
from ..core.result import Problem, Result
from ..language.suite import Suite
from .judgements import JUDGEMENTS, OF_ERRORS
from .judgements.finding import Concluded, Finding
from .judgements.tally import tally

NOT_ASKED = Finding(Concluded.NOT_ASKED, "none of its rows is asked in this run", "", "")


@dataclass(frozen=True)
class Conclusion:
    """One claim, concluded.

    Args:
        suite, claim, title: of what; the title is the claim's statement.
        checks: whose rows were read.
        outcome: `NOT_ASKED`, neither red nor green, where the architectures of the run leave it without a row.
        reason: one line.
        predicted, observed: in words.
        refuted_by: what a run would have to show to refute the claim.
        declared: why it may stay undecided, or None.
        evidence: plain JSON.
        killers: its kill rate.
    """

    suite: str
    claim: str
    title: str
    checks: tuple[str, ...]
    outcome: Concluded
    reason: str
    predicted: str
    observed: str
    refuted_by: str = ""
    declared: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    killers: KillRate = field(default_factory=lambda: KillRate(killed=0, planted=0))

    def to_json(self) -> ConclusionRecord:
        return ConclusionRecord(**asdict(self))

    @property
    def is_red(self) -> bool:
        return self.outcome == Concluded.FAIL or (self.outcome == Concluded.UNDECIDED and self.declared is None)


def conclude(
    rows: Sequence[Result],
    suites: Iterable[Suite],
    descriptions: Sequence[Mapping[str, Any]],
    killers: Sequence[KillerRecord],
    standing: Mapping[tuple[str, int], Collection[str]] | None = None,
) -> list[Conclusion]:
    """Every conclusion that the suites want, in their order.

    Args:
        rows: of the run.
        suites: that were run.
        descriptions: the architectures of the run, as `results.json` holds them.
        killers: what became of the false claims.
        standing: (suite, number of its conclusion) -> names of the false claims that its own checks could refute; None: all of its claim.
    """
    found = []
    for suite in suites:
        for number, wanted in enumerate(suite.conclusions):
            own = [row for row in rows if row.suite == suite.name and suite.concludes(wanted, row)]
            judgement = JUDGEMENTS.get(wanted.claim, tally)
            finding = _supported(wanted.claim, judgement(own, descriptions, wanted.margin), own) if own else NOT_ASKED
            rate = kill_rate(
                killers, suite.name, wanted.claim, None if standing is None else standing.get((suite.name, number), ())
            )
            refutable = _refutable(finding, rate)
            open_ = finding.outcome == Concluded.UNDECIDED
            found.append(
                Conclusion(
                    suite=suite.name,
                    claim=wanted.claim,
                    title=CLAIMS[wanted.claim].statement,
                    refuted_by=CLAIMS[wanted.claim].refuted_by,
                    checks=tuple(dict.fromkeys(row.check for row in own)),
                    declared=wanted.allow if open_ else None,
                    killers=rate,
                    **asdict(refutable),
                )
            )
    return found


def _supported(claim: str, finding: Finding, rows: Sequence[Result]) -> Finding:
    """The finding; `observed` in place of a pass or an open end where nothing was predicted, by the claim or of any row that it reads."""
    predicted = claim in OF_ERRORS or any(row.outcome not in (Outcome.OBSERVED, Outcome.NOT_APPLICABLE) for row in rows)
    if predicted or finding.outcome not in (Concluded.PASS, Concluded.UNDECIDED):
        return finding
    return replace(finding, outcome=Concluded.OBSERVED, reason="nothing is predicted of any row that it reads")


def kill_rate(
    killers: Sequence[KillerRecord], suite: str, claim: str, standing: Collection[str] | None = None
) -> KillRate:
    """Of the false claims that a suite puts through the checks of a claim, those that were killed while their twin stayed green.

    None, where none of them stands for the very conclusion: what another one could refute says nothing of its checks.
    """
    own = [each for each in killers if each["claim"] == claim and suite in each["suites"]]
    if standing is not None and not any(each["name"] in standing for each in own):
        own = []
    return KillRate(killed=sum(each["killed"] and each["kept"] for each in own), planted=len(own))


def _refutable(finding: Finding, rate: KillRate) -> Finding:
    """The finding; in place of a pass what it is worth where the checks could not have refuted the claim, or nothing shows that."""
    if finding.outcome != Concluded.PASS or 0 < rate["planted"] == rate["killed"]:
        return finding
    if not rate["planted"]:
        return replace(
            finding, outcome=Concluded.OBSERVED, reason="no false claim is known that its checks could refute"
        )
    reason = (
        f"{rate['planted'] - rate['killed']} of {rate['planted']} false claims survived its checks, or a true one fell"
    )
    return replace(finding, outcome=Concluded.UNDECIDED, reason=reason)


def problems(conclusions: Iterable[Conclusion]) -> list[Problem]:
    """Those that make a run red."""
    return [
        Problem(
            Trouble.CONCLUSION,
            f"{each.suite} / {each.claim}: {each.outcome}",
            f"conclusion {each.claim} ({', '.join(each.checks) or 'no check'}): {each.outcome}: {each.reason}",
        )
        for each in conclusions
        if each.is_red
    ]
