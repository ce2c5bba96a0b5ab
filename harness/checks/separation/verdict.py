"""The verdict of the separation check: a pure function of the draws that `draws.py` measured, and of what is predicted.

When another draw is due, what the draws show, and what follows from it (protocol.md, section 3). No torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from math import comb, isnan, log10, nan
from typing import Any, TypeVar

from ...core.outcomes import Fault, Outcome
from ...core.result import Judgement, Verdict
from ...plugins.power import OF_ROUNDS
from ..prediction import ANY, NO_GAP, NOT_SEPARATED, OPEN, SEPARATED, UNCLEAR, Prediction, Seen, predict
from ..stored import Stored
from .evidence import ControlEvidence, DrawEvidence, SeparationEvidence

CONTROLS, CROSSES, JITTERS, GENERIC = 32, 8, 12, 8
"""Pairs of orbit mates, pairs across, one-ulp pairs, generic vectors: 2 * 32 + 2 * 8 = 80 forwards a draw, and 12 + 8 more
where they could change what the draw says."""
SEPARATION_RATIO, NULL_RATIO = 1e3, 10.0
ILL_CONDITIONED = 1e-9
UNIT = 2.0**-53
UNPREDICTED, FINAL, LAST = 2, 4, 16
"""Draws after which a pair of which nothing is predicted is left, no gap on a certified pair is final, and the rest is undecided.

A pair of which nothing is predicted can neither meet nor miss a prediction, and is never called not separated: its draws
only look for a gap, one at a small and one at a larger gain.
"""
SHRINK_PER_ROUND = 1e4
"""The gap of a network that sees on shrinks by so much a refinement round (theory.md, section 6, measured), or by the largest drop
over its own last rungs, if that is more."""
RUNGS = 3
"""Rungs of the network's own ladder, the last that it sees, from which its gap is extrapolated."""
COMPARISONS = 16
"""Draws a pair over which the printed p-value is corrected (Bonferroni)."""

MEASURED = tuple(field.name for field in fields(DrawEvidence))
D = TypeVar("D", bound=Any)
"""A draw, or what a row keeps of it: verdicts read either."""


@dataclass(frozen=True)
class Draw:
    """What one draw of the parameters showed, in float64.

    Args:
        gain: of the draw.
        controls: `||phi(g v) - phi(g' v)||`, half for v, half for w.
        crosses: `||phi(g v) - phi(h w)||`.
        jitter: largest distance under one-ulp noise of the input, None where it was not asked for.
        norm: mean norm of the outputs (`c`).
        generic: median distance of generic vectors (`s`), None where it was not asked for.
        continuous: whether the plug-in claims it; else jitter is shown but is no noise (canonical forms jump).
        confirmed: ratio with fresh elements in float64, None if not asked for.
        ratio32: ratio with fresh elements in float32 with its own noise, None if not asked for.
        gap32: smallest cross distance in float32, None if not asked for.
    """

    gain: float
    controls: tuple[float, ...]
    crosses: tuple[float, ...]
    jitter: float | None
    norm: float
    generic: float | None
    continuous: bool = True
    confirmed: float | None = None
    ratio32: float | None = None
    gap32: float | None = None

    @property
    def gap(self) -> float:
        """`D`: the smallest cross distance; no number, where one of them is none."""
        return least(self.crosses)

    @property
    def noise(self) -> float:
        """`N`: the largest of controls, jitter and a few units in the last place of the output."""
        jitter = self.jitter if self.continuous and self.jitter is not None else 0.0
        return largest((*self.controls, jitter, 4 * UNIT * self.norm, 1e-300))

    @property
    def ratio(self) -> float:
        """`r = D / N`."""
        return self.gap / self.noise

    @property
    def p(self) -> float:
        """Chance of crosses this far apart if both sides had one distribution, corrected for the draws; never a verdict."""
        above = sum(control >= self.gap for control in self.controls)
        crosses, controls = len(self.crosses), len(self.controls)
        return min(1.0, COMPARISONS * comb(above + crosses, crosses) / comb(controls + crosses, crosses))

    @property
    def control(self) -> float:
        """The largest distance between copies of one orbit."""
        return largest(self.controls)

    @property
    def equal(self) -> bool:
        """Whether all outputs that were compared are equal to the bit."""
        return not any(self.controls) and not any(self.crosses)

    @property
    def fault(self) -> Fault | None:
        """Why nothing can be read off this draw; None if all is well."""
        jitter = self.jitter if self.continuous and self.jitter is not None else 0.0
        return fault_of(self.control, jitter, self.noise, self.norm, self.generic)

    @property
    def fault_text(self) -> str:
        """The fault as a line for people."""
        return describe_fault(self.fault, self.control, self.noise, self.norm) if self.fault else ""


def least(numbers: Sequence[float]) -> float:
    """The smallest; not a number, where one of them is none, since no comparison would show it."""
    return nan if any(map(isnan, numbers)) else min(numbers)


def largest(numbers: Sequence[float]) -> float:
    """The largest; not a number, where one of them is none."""
    return -least([-number for number in numbers])


def fault_of(control: float, jitter: float, noise: float, norm: float, generic: float | None = None) -> Fault | None:
    """Why nothing can be read off a draw: copies of one orbit differ, or the noise is too large; None if all is well.

    Copies that differ are held against what the input makes the output differ by, the spread of generic outputs: a large
    constant in front hides nothing.

    Args:
        control: largest distance between copies of one orbit.
        jitter: largest distance under one-ulp noise of the input; 0 where it was not asked for, or jumps are declared.
        noise: all that counts as noise of the draw.
        norm: of the outputs.
        generic: spread of generic outputs, None where it was not asked for.
    """
    scale = norm if generic is None else min(norm, generic)
    if control > max(SEPARATION_RATIO * max(jitter, 4 * UNIT * norm), ILL_CONDITIONED * scale):
        return Fault.INVALID
    return None if noise <= ILL_CONDITIONED * norm else Fault.ILL_CONDITIONED


def describe_fault(fault: Fault, control: float, noise: float, norm: float) -> str:
    """The fault of a draw as a line for people."""
    if fault is Fault.INVALID:
        return f"invalid: copies of one orbit differ by {control / norm:.1e} of the output; see equivariance"
    return f"ill-conditioned: the noise is {noise / norm:.1e} of the output"


def breaks(declared: ControlEvidence) -> bool:
    """Whether copies that the declared group moved differ, as copies of one orbit must not."""
    control, jitter, norm, generic = declared.control, declared.jitter, declared.norm, declared.generic
    return fault_of(control, jitter, 0.0, norm, generic) is Fault.INVALID


def kills(fault: Fault | None, gain: float) -> bool:
    """Whether a draw's fault is the network's own.

    Numbers that blow up at a gain above one are the doing of the gain, which is ours: such a draw is set aside.
    """
    return fault is Fault.INVALID or (fault is not None and gain <= 1)


def says_all(draw: Draw) -> bool:
    """Whether copies and crosses alone settle a draw: where they show no gap, measuring more noise cannot add one.

    At a gain above one only, since at gain one an ill-conditioned network is at fault, gap or no gap.
    """
    return draw.gain > 1 and draw.fault is None and draw.ratio <= NULL_RATIO


def fatal(draw: Draw | DrawEvidence) -> bool:
    """Whether the draw's fault is the network's own (`kills`)."""
    return kills(draw.fault, draw.gain)


def readable(draws: Sequence[D]) -> list[D]:
    """The draws that something can be read off."""
    return [draw for draw in draws if draw.fault is None]


def is_confirmed(draw: Draw | DrawEvidence) -> bool:
    """Whether a gap lies far above the noise, and again with fresh elements."""
    return least((draw.ratio, draw.confirmed or 0.0)) >= SEPARATION_RATIO


def shows_gap(draw: Draw | DrawEvidence) -> bool:
    """Whether this draw alone separates: by a confirmed gap that is seen in float32 too."""
    if not is_confirmed(draw):
        return False
    assert draw.ratio32 is not None and draw.gap32 is not None
    return draw.ratio32 > 1 and draw.gap32 / draw.gap < SEPARATION_RATIO


def observe(draws: Sequence[Draw | DrawEvidence], prediction: Prediction) -> Seen:
    """What the draws say, by certificate or by a gap (protocol.md, section 3): separated, not, no gap, or unclear."""
    draws = readable(draws)
    if any(shows_gap(draw) for draw in draws):
        return SEPARATED
    calm = [draw for draw in draws if draw.gain <= 1 and is_confirmed(draw)]
    if len(calm) >= 2:
        return SEPARATED
    if not draws or not all(draw.ratio <= NULL_RATIO for draw in draws):
        return UNCLEAR
    return NOT_SEPARATED if prediction.equal and len(draws) >= FINAL else NO_GAP


def wants_more(draws: Sequence[Draw], prediction: Prediction) -> bool:
    """Whether another draw is due: none after an answer, nor past the end of the schedule."""
    if draws and observe(draws, prediction) not in OPEN:
        return False
    return len(draws) < (UNPREDICTED if prediction.verdict == ANY else LAST)


def last_shown(ratios: Mapping[int, float]) -> int:
    """The last ladder round up to which every gap shows; 0 if not even the first."""
    seen = 0
    while ratios.get(seen + 1, 0.0) >= SEPARATION_RATIO:
        seen += 1
    return seen


def resolved_rounds(ratios: Mapping[int, float]) -> int:
    """`t_res`: the last round at which a network of declared power would have to show a gap.

    From the last ladder round seen without a break from round 1, a network that sees on loses at most `SHRINK_PER_ROUND` a
    round, or the largest drop over its own last `RUNGS`; while what is left exceeds the separation ratio, no gap means no power
    (protocol.md, section 3; theory.md, section 6).

    Args:
        ratios: ladder round -> best ratio `D / N`.
    """
    seen = last_shown(ratios)
    if seen == 0:
        return 0
    last = [ratios[rung] for rung in range(max(1, seen - RUNGS + 1), seen + 1)]
    drop = max(SHRINK_PER_ROUND, *(before / after for before, after in pairwise(last)), 0.0)
    return seen + int(log10(ratios[seen] / SEPARATION_RATIO) / log10(drop))


def foretold(ratios: Mapping[int, float], parted: int) -> bool:
    """Whether `t_res` of the rungs below the round that parts a pair reaches that round.

    Of its own round a network may have shown a gap by one lucky draw of many: what accuses it are rungs that lie below, and for the first
    round, which has none below, its own.
    """
    return parted <= resolved_rounds({rung: ratio for rung, ratio in ratios.items() if rung < max(parted, 2)})


def judge(
    draws: Sequence[Draw | DrawEvidence],
    prediction: Prediction,
    separating_round: int | None,
    ladder: Mapping[int, float] | None = None,
    trained: float | None = None,
    declared: ControlEvidence | None = None,
) -> Verdict:
    """The verdict: a pure function of what was measured.

    Where nothing is predicted the row is `observed`. A predicted gap that is missing is a failure if the outputs are equal to the
    bit, or if the network's own ladder says that the gap would show; else it is undecided, whatever the network resolves.

    Args:
        draws: in the order drawn.
        prediction: of the table.
        separating_round: the first round that separates the pair (`parting_round`), None if none does.
        ladder: the network's own ratios, measured only where a network of power `1-wl` or `2-fwl` does not show a predicted gap.
        trained: ratio after training to separate, measured only then too.
        declared: copies moved by a declared group that is larger than permutations.
    """
    faulty = [draw for draw in draws if fatal(draw) or not readable(draws)]
    if faulty:
        fault = faulty[0].fault
        assert fault is not None
        first = faulty[0]
        told = describe_fault(fault, first.control, first.noise, first.norm)
        return Verdict("error", told, prediction.verdict, Seen(fault.value), fault)
    if declared is not None and breaks(declared):
        share = declared.control / declared.norm
        told = f"invalid: copies moved by the declared symmetry differ by {share:.1e} of the output; see equivariance"
        return Verdict("error", told, prediction.verdict, Seen(Fault.INVALID.value), Fault.INVALID)
    draws = readable(draws)
    observed = observe(draws, prediction)
    if observed in OPEN and trained is not None and trained > NULL_RATIO:
        observed = SEPARATED if trained >= SEPARATION_RATIO else UNCLEAR
    if prediction.verdict == ANY:
        return Verdict(Outcome.OBSERVED, prediction.why, prediction.verdict, observed)
    if observed == prediction.verdict:
        return Verdict("pass", prediction.why, prediction.verdict, observed)
    failed = f"predicted {prediction.verdict} ({prediction.why}), but {observed}"
    if observed not in OPEN:
        return Verdict("fail", failed, prediction.verdict, observed)
    seen = f"in {len(draws)} draws (noise up to {NULL_RATIO:g}, a gap from {SEPARATION_RATIO:g})"
    if prediction.verdict == SEPARATED and observed == NO_GAP:
        if all(draw.equal for draw in draws):
            reason = f"{failed}: equal to the bit in all {len(draws)} draws"
            return Verdict("fail", reason, prediction.verdict, observed)
        if ladder and separating_round is not None and foretold(ladder, separating_round):
            shown = f"shown to round {last_shown(ladder)}, says that a gap shows to {resolved_rounds(ladder)}"
            reason = f"{failed} {seen}, where its own ladder, {shown}"
            return Verdict("fail", reason, prediction.verdict, observed)
    best = max(draw.ratio for draw in draws)
    reason = f"{prediction.why}; best ratio {best:.1e} {seen}{_advice(prediction, separating_round, ladder)}"
    return Verdict("undecided", reason, prediction.verdict, observed)


def _advice(prediction: Prediction, separating_round: int | None, ladder: Mapping[int, float] | None) -> str:
    """What would decide an undecided row; nothing where nothing is known to."""
    if prediction.verdict == NOT_SEPARATED:
        return "; it may see more than it declares, or be noisier than one ulp of its input shows"
    if ladder is not None and not last_shown(ladder):
        return ", and not even one changed weight shows"
    if ladder is not None:
        return f"; declared further than shown (round {last_shown(ladder)}): declare rounds that it can show"
    if separating_round is None:
        return "; 1-WL-equivalent, so no width or depth helps a network of at most 1-WL power: declare less"
    return "; declare what it can show"


def evidence(
    pair: SeparationEvidence,
    draws: Sequence[Draw],
    ladder: Mapping[int, float] | None = None,
    trained: float | None = None,
    declared: ControlEvidence | None = None,
) -> SeparationEvidence:
    """The facts of the pair with what the draws showed of it."""
    best = max(readable(draws) or draws, key=lambda draw: draw.ratio)
    return replace(
        pair,
        draws=len(draws),
        ratio=best.ratio,
        digits=log10(max(best.ratio, 1.0)),
        effect=best.gap / best.generic if best.generic else None,
        p=best.p,
        gap=best.gap,
        floor=best.noise,
        norm=best.norm,
        gain=best.gain,
        trained_ratio=trained,
        declared=declared,
        t_res=None if ladder is None else resolved_rounds(ladder),
        shown=None if ladder is None else last_shown(ladder),
        ladder=None if ladder is None else {str(rung): ratio for rung, ratio in ladder.items()},
        measured=tuple(DrawEvidence(**{name: getattr(draw, name) for name in MEASURED}) for draw in draws),
    )


@dataclass(frozen=True)
class Kept(Draw):
    """A draw as its row keeps it: the largest control and the smallest gap say all but how likely they are by chance."""

    stored: DrawEvidence | None = None

    @property
    def p(self) -> float:
        return self.stored.p if self.stored else 1.0

    @property
    def equal(self) -> bool:
        return super().equal and self.stored is not None and self.stored.equal


def kept(draw: DrawEvidence) -> Kept:
    """A stored draw; what is derived in it is derived again."""
    names = ("gain", "jitter", "norm", "generic", "continuous", "confirmed", "ratio32", "gap32")
    given = {name: getattr(draw, name) for name in names}
    return Kept(controls=(draw.control,), crosses=(draw.gap,), stored=draw, **given)


def prediction_of(stored: Stored) -> Prediction:
    """What is predicted of a stored pair."""
    found, traits = stored.evidence, stored.traits
    assert isinstance(found, SeparationEvidence)
    return predict(
        orbit=found.orbit,
        separating_round=found.round if found.refinement is None else found.own_round,
        function=found.function,
        power=traits.power,
        rounds=stored.rounds,
        related=stored.related,
        unseen=stored.unseen,
        symmetry=found.symmetry or traits.symmetry,
        two_fwl=found.two_fwl or "unknown",
        two_fwl_round=found.two_fwl_round,
    )


def parting_round(pair: SeparationEvidence, power: str) -> int | None:
    """The first round that separates the pair, of the refinement that a declaration of this power is about."""
    if power == "2-fwl":
        return pair.two_fwl_round
    return pair.round if pair.refinement is None else pair.own_round


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence; None for a pair that the network was not shown."""
    found = stored.evidence
    if not isinstance(found, SeparationEvidence) or not found.measured:
        return None
    prediction, draws = prediction_of(stored), [kept(draw) for draw in found.measured]
    facts = SeparationEvidence(
        *(getattr(found, name) for name in ("family", "space", "relation", "round", "orbit", "function")),
        ground=prediction.ground,
        read_out=found.read_out,
        prediction=prediction.why,
        two_fwl=found.two_fwl,
        two_fwl_round=found.two_fwl_round,
        refinement=found.refinement,
        own_round=found.own_round,
    )
    parted = parting_round(found, stored.traits.power)
    ladder = None if found.ladder is None else {int(rung): ratio for rung, ratio in found.ladder.items()}
    again = evidence(facts, draws, ladder, found.trained_ratio, found.declared)
    if not whole(draws, prediction, parted, stored.traits.power, ladder, found.trained_ratio):
        return Judgement(
            Outcome.ERROR, "draws, ladder or training are not those that the schedule asks for", fault=Fault.CONTRACT
        )
    return Judgement.of(judge(draws, prediction, parted, ladder, found.trained_ratio, found.declared), again)


def whole(
    draws: Sequence[Draw],
    prediction: Prediction,
    separating_round: int | None,
    power: str,
    ladder: Mapping[int, float] | None,
    trained: float | None,
) -> bool:
    """Whether as much was measured as the schedule asks for, and no more."""
    ended = [
        number for number, draw in enumerate(draws, 1) if fatal(draw) or not wants_more(draws[:number], prediction)
    ]
    if ended != [len(draws)]:
        return False
    if prediction.verdict != SEPARATED or observe(draws, prediction) not in OPEN or fatal(draws[-1]):
        return ladder is None and trained is None
    trains = not ladder or separating_round is None or separating_round <= resolved_rounds(ladder)
    return (ladder is not None) == (power in OF_ROUNDS) and (trained is not None) == trains
