"""How far from one the elements of a row are, and what that does to its noise floor. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from ....core.evidence import Evidence, Number
from ....weights.element import GroupElement

UNIT, UNIT32 = 2.0**-53, 2.0**-24
"""One unit of rounding in float64, and in float32."""
LOUD = 100.0
"""A floor of more units of rounding is explained."""
LOUDER = 4.0
"""An element that lifts the noise by no more than this lifts it by rounding of its own."""


@dataclass(frozen=True, slots=True)
class Reach(Evidence):
    """The element at which the noise is largest, and the noise at the same weight vector unmoved.

    Args:
        factor: the largest entry of In and Out.
        condition: the largest condition number of its matrices; of factors, largest over smallest.
        half_turns, shift: the most that it adds.
        floor, still: the noise at g v, and at v, in units of rounding.
        by: what spoils the floor: factors, condition number, half turns, shift; or input, where v itself is as noisy.
    """

    factor: Number
    condition: Number
    half_turns: int
    shift: Number
    floor: Number
    still: Number
    by: str

    def __str__(self) -> str:
        told = f"the noise is {max(self.floor, self.still):.3g} units of rounding"
        size = {
            "factors": f"factors up to {self.factor:.3g}",
            "condition number": f"a condition number of {self.condition:.3g}",
            "half turns": f"{self.half_turns} half turns",
            "shift": f"a shift by {self.shift:.3g}",
        }.get(self.by)
        return f"{told}, by {size}; {self.still:.3g} without" if size else f"{told}, by the input itself"


def spoiled(
    elements: Sequence[GroupElement], still: Sequence[float], moved: Sequence[float], unit: float = UNIT
) -> Reach:
    """What lifts the largest of the floors: `still` at the weight vectors, `moved` where the elements take them.

    Args:
        unit: of rounding, in the precision in which they were measured.
    """
    worst = max(range(len(elements)), key=lambda number: max(still[number], moved[number]))
    g = elements[worst]
    doublings = {  # how far it goes, in doublings of the size of generic weights, or of the condition of generic maps
        "factors": 0.0 if g.blocks else log2(g.largest),
        "condition number": log2(g.condition) / 2 if g.blocks else 0.0,
        "half turns": log2(1 + 3 * g.half_turns),
        "shift": log2(1 + g.shifted),
    }
    by = max(doublings, key=lambda name: doublings[name])
    if moved[worst] <= LOUDER * still[worst] or not doublings[by]:
        by = "input"
    return Reach(g.largest, g.condition, g.half_turns, g.shifted, moved[worst] / unit, still[worst] / unit, by)
