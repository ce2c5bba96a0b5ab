"""The verdict of the detection check: the smallest change and the last round seen (protocol.md, section 4). No torch."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10

from ...core.outcomes import Outcome
from ...core.result import Judgement, Verdict
from ...weights.space import WeightSpace
from ..prediction import climbs
from ..separation.evidence import RungEvidence
from ..separation.verdict import NULL_RATIO, last_shown, resolved_rounds
from ..stored import Stored
from .evidence import DetectionEvidence

LARGEST, SMALLEST = -1, -13
"""Exponents of ten between which the smallest visible change is looked for."""
PREDICTED = ("1-wl", "2-fwl", "complete", "function")
"""Powers that are predicted to see a change of a generic vector."""


def judge(exponent: int | None, power: str, low: int | None, rungs: Mapping[int, RungEvidence]) -> Verdict:
    """The verdict on the smallest change seen, and on the rounds that the plug-in declares to see.

    Observed where the declared power predicts nothing. A declared round that does not show is a failure if its outputs are equal
    to the bit or the rungs below it say that a gap would show; else undecided.

    Args:
        exponent: a power of ten, or None if not even the largest change showed.
        power: as declared.
        low: the round up to which the plug-in declares to see all, where the ladder lies in its domain; else None.
        rungs: the ladder, up to the first round that did not show.
    """
    ratios = ratios_of(rungs)
    shown, t_res = last_shown(ratios), resolved_rounds(ratios)
    observed = f"sees changes of 1e{exponent}, t_res = {t_res}" if exponent is not None else "nothing seen"
    if power not in PREDICTED:
        return Verdict(Outcome.OBSERVED, f"power {power}: nothing is predicted", "any", observed)
    predicted = "sees a change" + ("" if low is None else f" and every round to {low}")
    if exponent is None:
        reason = f"shows no change of 1e{LARGEST}; every 'not separated' of this network is void"
        return Verdict("undecided", reason, predicted, observed)
    if low is None or shown >= low:
        return Verdict("pass", "", predicted, observed)
    missing = rungs.get(shown + 1)
    reason = f"declared to round {low}, shown to {shown}"
    if missing is not None and max(missing.ratio, missing.trained or 0.0) <= NULL_RATIO:
        if missing.equal:
            return Verdict("fail", f"{reason}: equal to the bit in round {shown + 1}", predicted, observed)
        if t_res > shown:
            return Verdict("fail", f"{reason}, where its own rungs say that round {t_res} shows", predicted, observed)
    return Verdict("undecided", f"{reason}; declare rounds that it can show", predicted, observed)


def ratios_of(rungs: Mapping[int, RungEvidence]) -> dict[int, float]:
    """Round -> the ratio that counts: the best of the draws, or that after training."""
    return {t: max(rung.ratio, rung.trained or 0.0) for t, rung in rungs.items()}


def evidence(exponent: int | None, power: str, low: int | None, rungs: Mapping[int, RungEvidence]) -> DetectionEvidence:
    """The two ladders."""
    ratios = ratios_of(rungs)
    return DetectionEvidence(
        smallest_change=None if exponent is None else 10.0**exponent,
        digits=0 if exponent is None else -exponent,
        t_res=resolved_rounds(ratios),
        ladder={str(t): log10(max(ratio, 1.0)) for t, ratio in ratios.items()},
        power=power,
        declared=low,
        shown=last_shown(ratios),
        rungs={str(t): rung for t, rung in rungs.items()},
    )


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence."""
    found, traits, rounds = stored.evidence, stored.traits, stored.rounds
    if not isinstance(found, DetectionEvidence):
        return None
    exponent = None if found.smallest_change is None else -found.digits
    space = WeightSpace.from_json(stored.parameters["spaces"][stored.case])
    low = rounds[0] if rounds and climbs(traits.power, traits.domain, space) else None
    rungs = {int(t): rung for t, rung in found.rungs.items()}
    return Judgement.of(judge(exponent, traits.power, low, rungs), evidence(exponent, traits.power, low, rungs))
