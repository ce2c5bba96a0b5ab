"""Are two weight vectors in one orbit of the group? A decision with its witness, and the canonical form behind it.

Law: "same" comes with an element g, and `g v = w` has been checked entry by entry; "different" means that refinement separates the
two, or that their canonical forms differ; past the budget the answer is "unknown".

Refinement does most of the work: neurons with a colour of their own need no labelling. What it leaves open becomes a graph
(`remainder.py`) for canonical labelling (`labelling.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..weights.exact import exact
from ..weights.space import WeightSpace
from ..weights.symmetry import GroupElement, compose, inverse, random_elements
from .labelling import canonical_orders
from .refinement import Refinement, refine
from .remainder import remainder

if TYPE_CHECKING:
    from ..weights.pair import Vector

SECONDS = 20.0
"""Wall-clock budget of one canonical labelling; what takes longer than a second usually takes forever."""

MAX_EDGES = 2_000_000
"""Graphs with more edges than this in all are not labelled: the answer is "unknown" on every machine."""


@dataclass(frozen=True)
class OrbitDecision:
    """Whether two weight vectors are in one orbit.

    Args:
        answer: "same", "different" or "unknown".
        element: `g` with `g v = w` where the answer is "same", else None.
        reason: what decided, in one line.
    """

    answer: str
    element: GroupElement | None
    reason: str


def same_orbit(
    space: WeightSpace, v: Vector, w: Vector, *, seconds: float = SECONDS, refinement: Refinement | None = None
) -> OrbitDecision:
    """Decide whether `w = g v` for some element `g` of the group.

    Args:
        seconds: budget of each of at most two rounds of canonical labelling.
        refinement: the joint refinement of v and w, if it is at hand.

    Raises:
        SpaceError: as `refine`.
    """
    refinement = refinement or refine(space, [v, w])
    parted = refinement.round_of_separation(0, 1)
    if parted is not None:
        return OrbitDecision("different", None, f"refinement parts them in round {parted}")
    found = canonical_elements(space, [v, w], refinement, seconds=seconds)
    if found is None:
        return OrbitDecision("unknown", None, f"no canonical labelling within {seconds:g} s and {MAX_EDGES} edges")
    first, second = found
    g = compose(inverse(second), first)
    if equal(space, moved(space, g, v), w):
        discrete = bool(refinement.is_discrete[0].all())
        how = "refinement gives every hidden neuron its own colour" if discrete else "the canonical forms coincide"
        return OrbitDecision("same", g, how)
    # The labelling is another's work: before it may say "different" it has to know v again under other numbers.
    copy = moved(space, random_elements(space, 1, np.random.default_rng(0))[0], v)
    again = canonical_elements(space, [copy], refine(space, [copy, w]), seconds=seconds)
    if again is None or not equal(space, moved(space, again[0], copy), moved(space, first, v)):
        return OrbitDecision("unknown", None, "the canonical labelling does not know the first vector again")
    return OrbitDecision("different", None, "the canonical forms differ")


def canonical_form(space: WeightSpace, v: Vector, *, seconds: float = SECONDS) -> dict[str, np.ndarray] | None:
    """The representative of v's orbit: equal, entry by entry, for all `g v`; None past the budget."""
    found = canonical_elements(space, [v], refine(space, [v]), seconds=seconds)
    return None if found is None else moved(space, found[0], v)


def canonical_elements(
    space: WeightSpace, vectors: Sequence[Vector], refinement: Refinement, *, seconds: float = SECONDS
) -> list[GroupElement] | None:
    """For each vector an element that maps it to its canonical form; None past the budget for all together.

    Args:
        vectors: the first nets of `refinement`, in order; forms can be compared within one refinement only.
    """
    if bool(
        refinement.is_discrete[: len(vectors)].all()
    ):  # then no block of two colours has two weights, and nothing is left to label
        return [_sorted(space, [layer[net] for layer in refinement.stable]) for net in range(len(vectors))]
    rests = [remainder(space, v, [layer[net] for layer in refinement.stable]) for net, v in enumerate(vectors)]
    if sum(len(rest.graph.edges) for rest in rests) > MAX_EDGES:
        return None
    orders = canonical_orders([rest.graph for rest in rests], seconds)
    if orders is None:
        return None
    elements = []
    for net, (rest, order) in enumerate(zip(rests, orders, strict=True)):
        place = {rest.vertices[vertex]: rank for rank, vertex in enumerate(order) if vertex < len(rest.vertices)}
        permutations = []
        for layer, axis in enumerate(space.permuted, 1):
            inner = [place.get((layer, group), 0) for group in rest.groups[layer].tolist()]
            ranked = np.lexsort((inner, refinement.stable[layer][net]))
            permutations.append((axis, tuple(np.argsort(ranked).tolist())))
        elements.append(GroupElement(tuple(permutations)))
    return elements


def _sorted(space: WeightSpace, colours: Sequence[np.ndarray]) -> GroupElement:
    """The element that sorts the neurons of every hidden layer by their colours, which differ."""
    return GroupElement(
        tuple(
            (axis, tuple(np.argsort(np.argsort(colours[layer], kind="stable")).tolist()))
            for layer, axis in enumerate(space.permuted, 1)
        )
    )


def moved(space: WeightSpace, g: GroupElement, v: Vector) -> dict[str, np.ndarray]:
    """`g v`: entry `i` of every permuted axis goes to `images[i]`."""
    sources = {axis: np.argsort(images) for axis, images in g.permutations}
    image = {}
    for name, axes in space.tensors:
        tensor = exact(v[name], name)
        for position, axis in enumerate(axes):
            if axis in sources:
                tensor = np.take(tensor, sources[axis], axis=position)
        image[name] = tensor + 0.0  # a copy, and -0.0 is 0.0
    return image


def equal(space: WeightSpace, v: Vector, w: Vector) -> bool:
    """Whether two vectors are equal entry by entry, -0.0 equal to 0.0."""
    return all(np.array_equal(v[name], w[name]) for name in space.axes)
