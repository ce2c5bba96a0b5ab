"""Pairs of any space that refinement parts in exactly round t: path and cycle between the indices of two permuted axes, or of one.

A tensor with two permuted axes holds the matrix of `cycles.ROUND_LADDER`, one with an axis twice its graph (what stands beyond these
two places is constant along it); all other entries are one. The axes of the tensor get the size that round t needs, the
others keep theirs, so the pair lies in a space of the same tensors (of a network that people have, in one of other sizes, so that its
function is known). That the round is t is measured, for both kinds of refinement
where both are defined (tests/pairs/test_ladders.py): for MLPs, convolutions, residual streams, recurrences, transformer blocks and
spaces of one's own.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from ..weights.networks.forms import resized
from ..weights.pair import Pair
from ..weights.space import WeightSpace
from .cycles import cycle, disjoint_union, path
from .demands import Counted, demand_space, label_of, numbered, refusal, refuse_repeats
from .family import PairFamily
from .vectors import relabelled

Rung = tuple[np.ndarray, np.ndarray]


class LadderOfSpaceParameters(Counted):
    """Parameters of `ladder-of-space`."""

    rounds: Annotated[
        list[Annotated[int, Field(ge=1, le=32)]],
        Field(min_length=1, description="refinement rounds t, each the first to separate its pairs"),
    ] = [1, 2, 3, 4]


def places_of(space: WeightSpace) -> tuple[str, tuple[int, int]] | None:
    """The tensor and its two places that carry the matrices: two axes before one axis twice, fewer places first; None where none is."""
    found = []
    for number, (name, axes) in enumerate(space.tensors):
        moving = [place for place, axis in enumerate(axes) if axis in space.permuted]
        pairs = [(p, q) for p in moving for q in moving if p < q]
        pairs = [(p, q) for p, q in pairs if axes.count(axes[p]) == axes.count(axes[q]) == 1 + (axes[p] == axes[q])]
        for p, q in pairs:
            found.append((axes[p] == axes[q], len(moving), number, name, (p, q)))
    return min(found)[3:] if found else None


def rung(t: int, twice: bool) -> Rung:
    """The two matrices of round t; `twice`: rows and columns are one set of indices."""
    first = disjoint_union(path(t - 1), cycle(3))
    second = disjoint_union(path(t), cycle(2))
    if not twice:
        return first, second
    empty = np.zeros_like(first)
    of_first, of_second = (np.block([[empty, half], [half.T, empty]]) for half in (first, second))
    return of_first, of_second


def _cases(parameters: LadderOfSpaceParameters, space: WeightSpace | None) -> tuple[str, ...]:
    refuse_repeats("rounds", parameters.rounds)
    asked = demand_space("ladder-of-space", space)
    if places_of(asked) is None:
        raise refusal(f"ladder-of-space needs a tensor with two permuted axes, or one twice; {asked} has none")
    return numbered(parameters.count, (f"t={t}" for t in parameters.rounds))


def _make(parameters: LadderOfSpaceParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    asked = demand_space("ladder-of-space", space)
    carrier = places_of(asked)
    assert carrier is not None
    name, (p, q) = carrier
    axes = asked.axes[name]
    sides = rung(int(label_of(case).removeprefix("t=")), axes[p] == axes[q])
    own = resized(asked, {axes[p]: len(sides[0]), axes[q]: len(sides[0])})
    shape = own.shapes[name]
    vectors = []
    for side in sides:
        spread = side.reshape([len(side) if place in (p, q) else 1 for place in range(len(shape))])
        vector = {each: np.ones(size) for each, size in own.shapes.items()} | {
            name: np.broadcast_to(spread, shape).copy()
        }
        vectors.append(relabelled(own, vector, rng))
    return Pair(own, *vectors)


LADDER_OF_SPACE = PairFamily(
    "ladder-of-space",
    "path and cycle between the indices of the check's space: pairs that refinement separates in round t and not before",
    LadderOfSpaceParameters,
    _cases,
    _make,
    "refinement-kinds",
)
