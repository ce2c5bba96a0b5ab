"""The verdict of the approximation check: pure functions of declaration, floor and errors (protocol.md, section 5). No torch.

That a map can be approximated says that some network does it. So a row is judged by the one of its seeds that the validation set
prefers, and a seed that rests in a poor minimum refutes nothing; that none may lie below the floor says something of every seed.

What is possible is derived, never written in a suite: from what the architecture declares, and from the classes of the very test
set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ...core.outcomes import Fault, Outcome
from ...core.result import Judgement, Verdict
from ...plugins.architecture import Traits
from ...targets.target import FUNCTION_FUNCTIONAL, LABEL
from ..stored import Stored
from .evidence import ApproximationEvidence, CoarseEvidence


class Promise(StrEnum):
    """What the theory says of a row."""

    APPROXIMABLE = "approximable"
    IMPOSSIBLE = "impossible"
    ANY = "any"


class Reached(StrEnum):
    """Where the error of a row came to lie."""

    APPROXIMATED = "approximated"
    AT_FLOOR = "at the floor"
    BELOW_FLOOR = "below the floor"
    ABOVE = "above the threshold"
    LEAK = "leak"
    BLIND = "blind"


APPROXIMABLE, IMPOSSIBLE, ANY = Promise.APPROXIMABLE, Promise.IMPOSSIBLE, Promise.ANY
APPROXIMATED, AT_FLOOR, BELOW_FLOOR = Reached.APPROXIMATED, Reached.AT_FLOOR, Reached.BELOW_FLOOR
ABOVE, LEAK, BLIND = Reached.ABOVE, Reached.LEAK, Reached.BLIND


ROUNDING = 1e-9
"""Of the variance: how far below the floor an error may lie."""
FLOOR_SLACK = 0.02
"""Of the variance: how far above the floor an error may lie that sits at the floor."""
LEARNED = 1 - FLOOR_SLACK
"""Of the variance: the error of a network that learned something lies below; 1 is the mean of the target."""
LEAK_RATIO, NULL_RATIO = 1e3, 10.0
"""Spread inside a class over its noise: from the first on a leak, up to the second none."""


@dataclass(frozen=True)
class Prediction:
    """What the theory says of one row.

    Args:
        verdict: `APPROXIMABLE`, `IMPOSSIBLE` or `ANY`.
        why: one line.
        tight: whether a network of the declared power comes as near the floor as its budget lets it; else the floor is a lower
            bound alone.
    """

    verdict: str
    why: str
    tight: bool = False


@dataclass(frozen=True)
class Floor:
    """What no such network can undercut, over the variance of the target on the test set; and where it comes from.

    Args:
        kind: "refinement", "2-fwl", "orbit", "function" (classes of the test set) or "capacity" (pieces of a polyline).
        relative: error over variance.
        rounds: refinement rounds that the classes need, None where they are not refinement's; of 2-FWL its own.
    """

    kind: str
    relative: float
    rounds: int | None = None


def classes_of(traits: Traits, general_position: bool) -> str | None:
    """The classes on which a network that keeps its declaration is constant; None where it declares nothing of the kind."""
    if traits.symmetry == "none":
        return None
    by_power = {
        "1-wl": "refinement",
        "below-1-wl": "refinement",
        "2-fwl": "2-fwl",
        "complete": "orbit",
        "function": "function",
    }
    return by_power.get(traits.power, "refinement" if general_position else None)


def predict(
    traits: Traits, rounds: tuple[int, int] | None, target_kind: str, floor: Floor | None, threshold: float
) -> Prediction:
    """What follows from the declaration and the exact floor of the test set.

    Args:
        rounds: as the architecture declares them at its options.
        floor: over the classes of `classes_of`, or of the output's capacity; None where there is none.
    """
    if floor is None:
        why = (
            "declares no symmetry" if traits.symmetry == "none" else f"no floor is known for power {traits.power} here"
        )
        return Prediction(ANY, why)
    if target_kind == LABEL:
        return Prediction(
            ANY,
            f"how near training comes to a label, no theorem says; {floor.kind} classes leave {floor.relative:.3g} of it",
        )
    full = traits.power in ("1-wl", "2-fwl", "complete", "function") and traits.symmetry != "none" and traits.continuous
    full = full and (traits.symmetry == "permutation" or target_kind == FUNCTION_FUNCTIONAL)
    sees = rounds is None or floor.rounds is None or floor.rounds <= rounds[0]
    if floor.relative > threshold:
        if floor.kind == "capacity":
            why = f"the output's pieces leave {floor.relative:.3g} of the variance, whatever is emitted"
        else:
            why = f"{floor.kind} classes leave {floor.relative:.3g} of the variance"
        return Prediction(IMPOSSIBLE, why, tight=full and sees and floor.kind != "capacity")
    if floor.kind == "capacity":
        return Prediction(
            ANY, f"{floor.relative:.3g} of the variance at least; which capacity suffices, theory does not say"
        )
    if not full:
        return Prediction(ANY, f"power {traits.power} with symmetry {traits.symmetry} promises nothing here")
    if not sees:
        assert rounds is not None
        return Prediction(
            ANY,
            f"needs {'2-FWL' if floor.kind == '2-fwl' else 'refinement'} round {floor.rounds}; declared is round {rounds[0]}",
        )
    return Prediction(APPROXIMABLE, f"no two classes that matter are merged ({floor.kind} floor {floor.relative:.3g})")


@dataclass(frozen=True)
class Measured:
    """What one row showed.

    Args:
        errors: test error over variance of each seed.
        chosen: position of the seed whose validation error is least.
        low, high: of its error, by bootstrap over the test samples.
        leak: spread inside a class over its noise; None where every class has one member, or none is known.
        diverged: `(seed number, step, last finite loss)` of the seeds that diverged.
        coarse: name -> a partition coarser than refinement, with its floor and the spread inside its classes.
        sup: largest error at a point with its floor, in the target's standard deviations; None where there is no floor.
        larger: whether the check asks a larger network of this architecture, too, which decides.
    """

    errors: tuple[float, ...]
    chosen: int
    low: float
    high: float
    leak: float | None = None
    diverged: tuple[tuple[int, int, float | None], ...] = ()
    coarse: Mapping[str, CoarseEvidence] = field(default_factory=dict)
    sup: tuple[float, float] | None = None
    larger: bool = False

    @property
    def error(self) -> float:
        return self.errors[self.chosen]


def blind_to(coarse: Mapping[str, CoarseEvidence], threshold: float) -> str | None:
    """The coarsest partition on which the outputs are constant, seed by seed, at the start and after training, and whose floor lies
    above the threshold; None if there is none. What no budget would bring below a floor is no lack of training."""
    held = [
        name
        for name, each in coarse.items()
        if each.floor > threshold and each.spread is not None and each.spread <= NULL_RATIO
    ]
    return held[0] if held else None


def judge(measured: Measured, prediction: Prediction, floor: Floor | None, threshold: float) -> Verdict:
    """The verdict: a pure function of what was measured."""
    verdict = prediction.verdict
    if measured.diverged:
        number, step, loss = measured.diverged[0]
        last = "there was no finite loss before" if loss is None else f"the last finite loss was {loss:.3g}"
        return Verdict("error", f"seed {number} diverged at step {step}; {last}", verdict, "", Fault.DIVERGED)
    error = measured.error
    if floor is not None and min(measured.errors) < floor.relative - ROUNDING * max(1.0, floor.relative):
        why = f"error {min(measured.errors):.6g} lies below the {floor.kind} floor {floor.relative:.6g}: it sees more than declared"
        return Verdict("fail", why, verdict, BELOW_FLOOR)
    if measured.sup is not None and measured.sup[0] < measured.sup[1] - ROUNDING * max(1.0, measured.sup[1]):
        why = f"the largest error {measured.sup[0]:.6g} lies below the sup-norm floor {measured.sup[1]:.6g} of the output's pieces"
        return Verdict("fail", why, verdict, BELOW_FLOOR)
    if measured.leak is not None and measured.leak >= LEAK_RATIO:
        why = f"outputs inside one {floor.kind if floor else ''} class differ by {measured.leak:.1e} times their noise"
        return Verdict("fail", why, verdict, LEAK)
    near = floor is not None and error <= floor.relative + max(FLOOR_SLACK, measured.high - error)
    if floor is not None and floor.relative > threshold:
        observed = AT_FLOOR if near else ABOVE
    else:
        observed = APPROXIMATED if measured.high < threshold else ABOVE
    if measured.leak is not None and not measured.leak <= NULL_RATIO and verdict != ANY:
        why = f"outputs inside one class differ by {measured.leak:.1e} times their noise (up to {NULL_RATIO:g}, a leak from {LEAK_RATIO:g})"
        return Verdict("undecided", why, verdict, observed)
    if verdict == ANY:
        return Verdict(Outcome.OBSERVED, prediction.why, verdict, observed)
    blind = blind_to(measured.coarse, threshold) if verdict == APPROXIMABLE else None
    if blind is not None:
        found = measured.coarse[blind]
        why = f"constant on {blind} classes (spread {found.spread:.2g} of their noise), which leave {found.floor:.3g} of the variance whatever the budget"
        if measured.larger:  # claims are of some capacity: features of one channel may be too few to carry anything
            return Verdict(Outcome.UNDECIDED, f"{why}; the largest size decides", verdict, BLIND)
        return Verdict("fail", why, verdict, BLIND)
    if verdict == IMPOSSIBLE and not prediction.tight and not error < LEARNED:
        assert floor is not None
        why = f"error {error:.3g} is that of no training at all, and the {floor.kind} floor {floor.relative:.3g} is not tight"
        return Verdict(Outcome.UNDECIDED, f"{why}; more steps or parameters would decide", verdict, observed)
    if verdict == IMPOSSIBLE and (near or not prediction.tight):
        return Verdict("pass", prediction.why, verdict, observed)
    if verdict == APPROXIMABLE and observed == APPROXIMATED:
        return Verdict("pass", prediction.why, verdict, observed)
    assert floor is not None
    wanted = f"the floor {floor.relative:.3g}" if verdict == IMPOSSIBLE else f"the threshold {threshold:g}"
    why = f"error {error:.3g} ({measured.low:.3g} to {measured.high:.3g}) when the budget ended, above {wanted}; more steps, samples or parameters would decide"
    return Verdict("undecided", why, verdict, observed)


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence."""
    found = stored.evidence
    if not isinstance(found, ApproximationEvidence):
        return None
    errors = tuple(seed.error for seed in found.seeds)
    diverged = tuple(
        (number, seed.diverged_at, seed.last_finite_loss)
        for number, seed in enumerate(found.seeds)
        if seed.diverged_at is not None
    )
    rank = [
        (seed.diverged_at is not None, float("inf") if seed.validation_error is None else seed.validation_error)
        for seed in found.seeds
    ]
    emitted = found.emitted
    sup = None if emitted is None or emitted.sup_floor is None else (emitted.sup_error, emitted.sup_floor)
    low, high = found.error_low, found.error_high
    larger = found.asked_parameters < max(stored.parameters["parameters"])
    measured = Measured(errors, rank.index(min(rank)), low, high, found.leak, diverged, found.coarse, sup, larger)
    floor = None
    if found.floor is not None and found.floor_kind is not None:
        floor = Floor(found.floor_kind, found.floor, found.floor_rounds)
    threshold = stored.parameters["threshold"]
    prediction = predict(stored.traits, stored.rounds, found.target_kind, floor, threshold)
    again = replace(
        found, chosen=measured.chosen, error=measured.error, error_range=(min(errors), max(errors)), threshold=threshold
    )
    return Judgement.of(judge(measured, prediction, floor, threshold), again)
