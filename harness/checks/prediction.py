"""What theory and declaration predict for a pair: the table of protocol.md, section 3, as a pure function.

A network of declared power is predicted to separate a pair or not to, or nothing is predicted. The relation of the pair
is a certified fact (`oracles/relation.py`); the declaration is the plug-in's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..pairs.ladders import places_of
from ..weights.space import WeightSpace


class Seen(StrEnum):
    """What is predicted of a pair, or was seen of it.

    `NOT_SEPARATED` is seen only of a pair that is one to the network by certificate; where no certificate says so, no gap is
    `NO_GAP`, and numbers between noise and gap are `UNCLEAR`.
    """

    SEPARATED = "separated"
    NOT_SEPARATED = "not separated"
    NO_GAP = "no gap"
    UNCLEAR = "unclear"
    ANY = "any"
    INVALID = "invalid"
    ILL_CONDITIONED = "ill-conditioned"


SEPARATED, NOT_SEPARATED, NO_GAP, UNCLEAR, ANY = (
    Seen.SEPARATED, Seen.NOT_SEPARATED, Seen.NO_GAP, Seen.UNCLEAR, Seen.ANY,
)  # fmt: skip
OPEN = (NO_GAP, UNCLEAR)
"""Seen where neither a gap nor a certificate says anything."""


class Ground(StrEnum):
    """What a prediction rests on: the line of the table."""

    ONE_ORBIT = "one-orbit"
    DECLARED_SYMMETRY = "declared-symmetry"
    DECLARED_BLINDNESS = "declared-blindness"
    UNKNOWN_POWER = "unknown-power"
    SAME_FUNCTION = "same-function"
    DIFFERENT_FUNCTIONS = "different-functions"
    UNKNOWN_FUNCTION = "unknown-function"
    TWO_ORBITS = "two-orbits"
    UNKNOWN_ORBIT = "unknown-orbit"
    WL_EQUIVALENT = "1-wl-equivalent"
    TWO_FWL_EQUIVALENT = "2-fwl-equivalent"
    UNKNOWN_TWO_FWL = "unknown-2-fwl"
    BELOW_WL = "below-1-wl"
    WITHIN_ROUNDS = "within-rounds"
    PAST_ROUNDS = "past-rounds"
    BETWEEN_ROUNDS = "between-rounds"
    LARGER_GROUP = "larger-group"
    ASSERTED = "asserted"


@dataclass(frozen=True)
class Prediction:
    """What is predicted, what it rests on, and why in one line.

    `equal` says that the two vectors are one to every network of the declared power, by certificate: only then does seeing
    no difference prove anything.
    """

    verdict: Seen
    ground: Ground
    why: str

    @property
    def equal(self) -> bool:
        return self.verdict == NOT_SEPARATED


def predict(
    *,
    orbit: str,
    separating_round: int | None,
    function: str,
    power: str,
    rounds: tuple[int, int] | None,
    related: bool = False,
    unseen: str = "",
    symmetry: str = "permutation",
    two_fwl: str = "unknown",
    two_fwl_round: int | None = None,
) -> Prediction:
    """The prediction for one pair and one declaration.

    Args:
        orbit: "same", "different" or "unknown".
        separating_round: the first refinement round that separates the pair; None if none does (1-WL-equivalent).
        function: "equal", "different" or "unknown".
        power: a value of `power.POWERS`.
        rounds: declared `(low, high)` for powers `1-wl` and `2-fwl`.
        related: whether the declared symmetry, beyond permutations, maps one to the other.
        unseen: the declared blindness that the pair is an instance of, by its exact relation.
        symmetry: that the plug-in declares. Orbits and refinement are those of permutations; under a larger group two vectors that
            they part may be one orbit, so of these nothing is predicted.
        two_fwl: "equivalent", "different" or "unknown", by folklore 2-WL; asked for power `2-fwl` alone.
        two_fwl_round: the first round of it that separates the pair.

    Source: protocol.md, section 3; theory.md, section 4 (one orbit => 1-WL-equivalent => same function).
    """
    if orbit == "same":
        return Prediction(NOT_SEPARATED, Ground.ONE_ORBIT, "one orbit")
    if related:
        return Prediction(NOT_SEPARATED, Ground.DECLARED_SYMMETRY, "one orbit of the declared symmetry")
    if unseen:
        return Prediction(NOT_SEPARATED, Ground.DECLARED_BLINDNESS, f"declared blind to {unseen}")
    if power == "unknown":
        return Prediction(ANY, Ground.UNKNOWN_POWER, "power unknown: only soundness is predicted")
    if power == "function":
        if function == "equal" or separating_round is None:
            return Prediction(NOT_SEPARATED, Ground.SAME_FUNCTION, "the same function")
        if function == "different":
            return Prediction(SEPARATED, Ground.DIFFERENT_FUNCTIONS, "different functions")
        return Prediction(ANY, Ground.UNKNOWN_FUNCTION, "function equality unknown")
    equivalent = two_fwl == "equivalent" if power == "2-fwl" else separating_round is None and power != "complete"
    if symmetry != "permutation" and not equivalent:
        return Prediction(ANY, Ground.LARGER_GROUP, f"refinement is not known modulo {symmetry}")
    if power == "complete":
        if orbit == "different":
            return Prediction(SEPARATED, Ground.TWO_ORBITS, "two orbits")
        return Prediction(ANY, Ground.UNKNOWN_ORBIT, "orbit equality unknown")
    if power == "2-fwl":
        assert rounds is not None
        return _by_pairs(two_fwl, two_fwl_round, separating_round, rounds)
    if separating_round is None:
        return Prediction(NOT_SEPARATED, Ground.WL_EQUIVALENT, "1-WL-equivalent")
    if power == "below-1-wl":
        return Prediction(ANY, Ground.BELOW_WL, "weaker than 1-WL: may or may not see it")
    assert rounds is not None
    return _by_round(f"parts in round {separating_round}", separating_round, rounds)


def _by_pairs(two_fwl: str, parted: int | None, by_nodes: int | None, rounds: tuple[int, int]) -> Prediction:
    """For a network of power `2-fwl`; refinement of pairs parts what that of nodes parts, no later."""
    if two_fwl == "equivalent":
        return Prediction(NOT_SEPARATED, Ground.TWO_FWL_EQUIVALENT, "2-FWL-equivalent")
    if two_fwl == "different":
        assert parted is not None
        return _by_round(f"parts in round {parted} of 2-FWL", parted, rounds)
    if by_nodes is not None and by_nodes <= rounds[0]:
        return _by_round(f"parts by round {by_nodes} of 2-FWL", by_nodes, rounds)
    return Prediction(ANY, Ground.UNKNOWN_TWO_FWL, "2-FWL equality unknown")


def _by_round(parts: str, number: int, rounds: tuple[int, int]) -> Prediction:
    low, high = rounds
    if number <= low:
        return Prediction(SEPARATED, Ground.WITHIN_ROUNDS, f"{parts}, sees all to round {low}")
    if number > high:
        return Prediction(NOT_SEPARATED, Ground.PAST_ROUNDS, f"{parts}, sees none past round {high}")
    return Prediction(ANY, Ground.BETWEEN_ROUNDS, f"{parts}, between the declared rounds {low} and {high}")


def of_own(space: WeightSpace, refinement: str) -> str | None:
    """The declared refinement where it may part pairs of this space otherwise than the joint one; else None.

    On MLPs the two are one; `split` is not defined where a tensor has three permuted axes, and networks that declare it refuse them.
    """
    if refinement == "joint" or space.is_mlp:
        return None
    widest = max(sum(axis in space.permuted for axis in axes) for _, axes in space.tensors)
    return None if widest > 2 else refinement


def climbs(power: str, domain: str, space: WeightSpace) -> bool:
    """Whether a network is asked for a round ladder in a space: on MLPs always, elsewhere where it declares rounds of refinement of
    nodes and a tensor can carry the ladder's matrices. The ladder's pairs lie outside general position."""
    return domain == "all" and (space.is_mlp or (power == "1-wl" and places_of(space) is not None))
