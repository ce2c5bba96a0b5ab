"""What theory and declaration predict for a pair: the table of protocol.md, as a pure function.

A network of declared power is predicted to part a pair, not to part it, or nothing is predicted. The relation of the pair
is a certified fact (`oracles/relation.py`); the declaration is the plug-in's.
"""

from __future__ import annotations

from dataclasses import dataclass

SEPARATED = "separated"
NOT_SEPARATED = "not separated"
ANY = "any"


@dataclass(frozen=True)
class Prediction:
    """What is predicted, and why in one line.

    `equal` says that the two vectors are one to every network of the declared power, by certificate: only then does seeing
    no difference prove anything.
    """

    verdict: str
    why: str

    @property
    def equal(self) -> bool:
        return self.verdict == NOT_SEPARATED


def predict(
    *,
    orbit: str,
    round_parted: int | None,
    function: str,
    power: str,
    rounds: tuple[int, int] | None,
    related: bool = False,
) -> Prediction:
    """The prediction for one pair and one declaration.

    Args:
        orbit: "same", "different" or "unknown".
        round_parted: the refinement round that parts the pair; None if none does (1-WL-equivalent).
        function: "equal", "different" or "unknown".
        power: a value of `architecture.POWERS`.
        rounds: declared `(low, high)` for power `1-wl`.
        related: whether the declared symmetry, beyond permutations, maps one to the other.

    Source: protocol.md, table of certified relations; theory.md section 4 (one orbit => 1-WL-equivalent => same function).
    """
    if orbit == "same":
        return Prediction(NOT_SEPARATED, "one orbit")
    if related:
        return Prediction(NOT_SEPARATED, "one orbit of the declared symmetry")
    if power == "unknown":
        return Prediction(ANY, "power unknown: only soundness is predicted")
    if power == "function":
        if function == "equal" or round_parted is None:
            return Prediction(NOT_SEPARATED, "the same function")
        if function == "different":
            return Prediction(SEPARATED, "different functions")
        return Prediction(ANY, "function equality unknown")
    if power == "complete":
        if orbit == "different":
            return Prediction(SEPARATED, "two orbits")
        return Prediction(ANY, "orbit equality unknown")
    if round_parted is None:
        return Prediction(NOT_SEPARATED, "1-WL-equivalent")
    if power == "below-1-wl":
        return Prediction(ANY, "weaker than 1-WL: may or may not see it")
    assert rounds is not None
    low, high = rounds
    if round_parted <= low:
        return Prediction(SEPARATED, f"parts in round {round_parted}, sees all to round {low}")
    if round_parted > high:
        return Prediction(NOT_SEPARATED, f"parts in round {round_parted}, sees none past round {high}")
    return Prediction(ANY, f"parts in round {round_parted}, between the declared rounds {low} and {high}")
