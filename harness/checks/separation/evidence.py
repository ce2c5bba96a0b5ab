"""What a row of the separation check holds: certified facts of the pair, what was predicted and why, and the draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.evidence import Evidence, Number
from ...core.outcomes import Fault
from ..prediction import Ground


@dataclass(frozen=True, slots=True)
class DrawEvidence(Evidence):
    """One draw of the parameters: see `verdict.Draw`."""

    gain: Number
    jitter: Number | None
    norm: Number
    generic: Number | None
    continuous: bool
    confirmed: Number | None
    ratio32: Number | None
    gap32: Number | None
    gap: Number
    noise: Number
    ratio: Number
    p: Number
    fault: Fault | None = None
    control: Number = 0.0
    equal: bool = False


@dataclass(frozen=True, slots=True)
class ControlEvidence(Evidence):
    """Copies that elements of the declared group moved, where it is larger than permutations; with one draw of the parameters.

    Args:
        control: the largest distance between copies of v, or of w.
        jitter: the largest move of such a copy's output under one-ulp noise; 0 where jumps are declared.
        norm: of the outputs.
        generic: the spread of generic outputs.
    """

    control: Number
    jitter: Number
    norm: Number
    generic: Number


@dataclass(frozen=True, slots=True)
class RungEvidence(Evidence):
    """What a network showed of the pairs of one refinement round.

    Args:
        ratio: the best `D / N`; 0 where nothing can be read off.
        equal: whether the outputs are equal to the bit in every draw.
        trained: the ratio after training to separate; measured only where a round that the network declares is missing.
    """

    ratio: Number
    equal: bool = False
    trained: Number | None = None


@dataclass(frozen=True, slots=True)
class SeparationEvidence(Evidence):
    """Facts of the pair, and where the check applies, the draws; numbers without a draw's name are of the best draw.

    Args:
        family, space: in words.
        relation: the certified relation in words.
        round: the first refinement round that separates the pair, None if none does.
        orbit: "same", "different" or "unknown".
        function: "equal", "different" or "unknown".
        read_out: whether an editor was asked through a read-out; predictions then use `high + 1`.
        ground: what the prediction rests on; `prediction` says it in words.
        draws: how many were taken.
        effect: the gap over the spread of generic outputs.
        trained_ratio: after training to separate; measured only where a predicted gap is missing, as are the next three.
        t_res: the last round at which a missing gap means missing power.
        shown: the last round of the ladder up to which every gap showed.
        ladder: round -> ratio of the network's own ladder; of a network of power `2-fwl` rounds of 2-FWL.
        two_fwl: "equivalent", "different" or "unknown", by folklore 2-WL; None where the network is not of that power.
        two_fwl_round: its first round that separates the pair.
        refinement: the kind that the network declares, of pairs beyond MLPs and where it is not `joint`; else None.
        own_round: the first round of that kind that separates the pair.
        declared: copies moved by the declared group, where it is larger than permutations; None where it is not, or draws failed before.
        symmetry: where a function declares it: the name of the group that it gives on the pair's space, or the function's.
    """

    family: str
    space: str
    relation: str
    round: int | None
    orbit: str
    function: str
    ground: Ground | None = None
    read_out: bool = False
    prediction: str = ""
    draws: int = 0
    ratio: Number | None = None
    digits: Number | None = None
    effect: Number | None = None
    p: Number | None = None
    gap: Number | None = None
    floor: Number | None = None
    norm: Number | None = None
    gain: Number | None = None
    trained_ratio: Number | None = None
    t_res: int | None = None
    shown: int | None = None
    ladder: Mapping[str, Number] | None = None
    measured: tuple[DrawEvidence, ...] = ()
    two_fwl: str | None = None
    two_fwl_round: int | None = None
    refinement: str | None = None
    own_round: int | None = None
    symmetry: str | None = None
    declared: ControlEvidence | None = None

    @property
    def says(self) -> list[str | int | None]:
        """Orbit, refinement round, function, and where asked relation and round by folklore 2-WL."""
        by_pairs = [] if self.two_fwl is None else [self.two_fwl, self.two_fwl_round]
        return [self.orbit, self.round, self.function, *by_pairs]


def in_words(orbit: str, separating_round: int | None, function: str) -> str:
    """A certified relation as reports show it; `function` is "equal", "different" or "unknown"."""
    if orbit == "same":
        return "one orbit"
    orbits = "two orbits" if orbit == "different" else "orbits unknown"
    if separating_round is None:
        return f"1-WL-equivalent, {orbits}"
    functions = {"equal": "same function", "different": "different functions", "unknown": "functions unknown"}
    return f"parts in round {separating_round}, {functions[function]}"
