"""What a row of the general-position check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.evidence import Evidence, Number


@dataclass(frozen=True, slots=True)
class GeneralPositionEvidence(Evidence):
    """The audit of one form of a population.

    Args:
        shares: measure -> share of the nets.
        rounds: refinement rounds until a net is discrete ("never" if it never is) -> nets.
        tied_neurons: a hidden layer (of another space, a permuted axis), mean over the nets.
        classes, orbits: of refinement and of the group, among the nets.
    """

    form: str
    nets: int
    shares: Mapping[str, Number]
    rounds: Mapping[str, int]
    tied_neurons: tuple[Number, ...]
    classes: int
    orbits: int
