"""Two functions: an input at which an output of one lies apart from that of the other, by more than both may be off."""

from __future__ import annotations

from ...core.certificates import Part
from ...core.certificates.witness import DifferAtInput
from ..exact.realised import realised
from ..exact.refuted import demand, index, number, rational
from ..exact.subject import Subject


def at_input(subject: Subject, said: DifferAtInput) -> None:
    """The values lie in the stated intervals but for a slack, and these lie apart by more than twice that."""
    space = subject.space
    output = index(said["output"], space.widths[-1], "an output")
    x = [number(coordinate) for coordinate in said["x"]]
    (low, high), (other_low, other_high) = ends = [[rational(end) for end in said[side]] for side in ("v", "w")]
    demand(low <= high and other_low <= other_high, "an interval has its ends in order")
    found = [realised(space, net, x) for net in subject.nets]
    slack = max(each.errors[output] for each in found)
    demand(max(other_low - high, low - other_high) > 2 * slack, "the intervals of the two outputs are disjoint")
    for each, (least, most) in zip(found, ends, strict=True):
        demand(least - slack <= each.values[output] <= most + slack, "the output lies in its interval")
    v, w = (each.values[output] for each in found)
    demand(abs(v - w) > 2 * slack, "the two values differ by more than they may be off")


CHECKS = {(Part.FUNCTION, "different", "input"): at_input}
