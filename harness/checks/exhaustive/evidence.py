"""What a row of the exhaustive check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.evidence import Evidence, Number


@dataclass(frozen=True, slots=True)
class RoundCount(Evidence):
    """Pairs that one refinement round separates, and how many of them the network separated."""

    pairs: int
    separated: int


@dataclass(frozen=True, slots=True)
class ExhaustiveEvidence(Evidence):
    """Size of the bank, and where the check applies, what was seen of its pairs.

    Args:
        nets, pairs, classes: of the bank; classes are refinement's.
        draws: taken; `set_aside` of them could not be read.
        by_round: round of refinement ("none" for pairs that none separates) -> counts.
        by_two_fwl: the same by rounds of folklore 2-WL, of networks of that power.
        by_function: whether the functions of pairs that some round separates are "equal", "different" or "unknown" -> counts.
        read_out: whether an editor was asked through a read-out; predictions then use `high + 1`.
        offender: the first pair that the verdict names.
        equal: pairs predicted to be separated whose outputs are equal to the bit in all draws; `first_equal` is the first.
        smallest_ratio: of gap to noise over the pairs predicted to be separated; `largest_null_ratio` over those predicted not to.
    """

    space: str
    nets: int
    pairs: int
    classes: int
    draws: int | None = None
    set_aside: int | None = None
    by_round: Mapping[str, RoundCount] | None = None
    smallest_ratio: Number | None = None
    largest_null_ratio: Number | None = None
    by_function: Mapping[str, RoundCount] | None = None
    read_out: bool = False
    offender: str | None = None
    equal: int = 0
    first_equal: str | None = None
    by_two_fwl: Mapping[str, RoundCount] | None = None
