"""Are two weight vectors of any space in one orbit of its permutations? A decision with its witness, and the canonical form behind it.

Law: "same" comes with an element g, and `g v = w` has been checked entry by entry; "different" means that refinement separates the
two, or that their canonical forms differ; past the budget the answer is "unknown".

Sorting by stable colours is a canonical form where every index has its own; what else is left becomes a graph (`graph.py`) for
canonical labelling. On MLPs all is as in `orbit.py`, which runs there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...weights.exact import exact
from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement, compose, inverse, random_elements
from ..labelling import canonical_orders
from ..orbit import MAX_EDGES, SECONDS, OrbitDecision, equal, moved
from ..orbit import canonical_elements as mlp_elements
from ..orbit import same_orbit as mlp_same_orbit
from ..refinement import refine
from .colouring import Colouring, colour
from .graph import graphs

if TYPE_CHECKING:
    from ...weights.pair import Vector


def same_orbit(
    space: WeightSpace, v: Vector, w: Vector, *, seconds: float = SECONDS, colouring: Colouring | None = None
) -> OrbitDecision:
    """Decide whether `w = g v` for some element `g` of the space's permutations.

    Args:
        seconds: budget of each of at most two rounds of canonical labelling.
        colouring: the `joint` colouring of v and w, if it is at hand.

    Raises:
        SpaceError: as `colour`.
    """
    if space.is_mlp:
        return mlp_same_orbit(space, v, w, seconds=seconds)
    colouring = colouring or colour(space, [v, w])
    parted = colouring.round_of_separation(0, 1)
    if parted is not None:
        return OrbitDecision("different", None, f"refinement parts them in round {parted}")
    found = elements_to_forms(space, colouring, (0, 1), seconds=seconds)
    if found is None:
        return OrbitDecision("unknown", None, f"no canonical labelling within {seconds:g} s and {MAX_EDGES} edges")
    first, second = found
    g = compose(inverse(second), first)
    if equal(space, moved(space, g, v), w):
        discrete = bool(colouring.is_discrete[0].all())
        how = "refinement gives every index its own colour" if discrete else "the canonical forms coincide"
        return OrbitDecision("same", g, how)
    # The labelling is another's work: before it may say "different" it has to know v again under other numbers.
    copy = moved(space, random_elements(space, 1, np.random.default_rng(0))[0], v)
    again = elements_to_forms(space, colour(space, [copy, w]), (0,), seconds=seconds)
    if again is None or not equal(space, moved(space, again[0], copy), moved(space, first, v)):
        return OrbitDecision("unknown", None, "the canonical labelling does not know the first vector again")
    return OrbitDecision("different", None, "the canonical forms differ")


def canonical_element(space: WeightSpace, v: Vector, *, seconds: float = SECONDS) -> GroupElement | None:
    """An element that maps v to the representative of its orbit; None past the budget."""
    if space.is_mlp:
        found = mlp_elements(space, [v], refine(space, [v]), seconds=seconds)
    else:
        found = elements_to_forms(space, colour(space, [v]), (0,), seconds=seconds)
    return None if found is None else found[0]


def elements_alone(
    space: WeightSpace, vectors: Sequence[Vector], *, seconds: float = SECONDS
) -> list[GroupElement | None]:
    """For each vector an element that maps it to its canonical form, None past the budget; it depends on that vector alone.

    Refinement runs on all of them at once. It ranks tuples of numbers, so the order that the joint colours give the indices of one
    net is the one that the net's own colours give them.

    Raises:
        SpaceError: as `colour`.
    """
    found: list[list[GroupElement] | None]
    if space.is_mlp:
        neurons = refine(space, vectors)
        found = [
            mlp_elements(space, [v], neurons.restricted(np.array([net])), seconds=seconds)
            for net, v in enumerate(vectors)
        ]
    else:
        colouring = colour(space, vectors)
        found = [
            elements_to_forms(space, colouring.restricted(np.array([net])), (0,), seconds=seconds)
            for net in range(len(vectors))
        ]
    return [None if each is None else each[0] for each in found]


def canonical_form(space: WeightSpace, v: Vector, *, seconds: float = SECONDS) -> dict[str, np.ndarray] | None:
    """The representative of v's orbit: equal, entry by entry, for all `g v`; None past the budget."""
    g = canonical_element(space, v, seconds=seconds)
    return None if g is None else moved(space, g, v)


def elements_to_forms(
    space: WeightSpace, colouring: Colouring, nets: Sequence[int], *, seconds: float = SECONDS
) -> list[GroupElement] | None:
    """For each net an element that maps it to its canonical form; None past the budget for all together.

    Forms can be compared within one colouring only, and there between nets of one class.
    """
    orders: list[dict[tuple[int, int], int]] = [{} for _ in nets]
    if not colouring.is_discrete[list(nets)].all():
        found = graphs(space, colouring, nets)
        if sum(len(graph.edges) for graph, _ in found) > MAX_EDGES:
            return None
        labelled = canonical_orders([graph for graph, _ in found], seconds)
        if labelled is None:
            return None
        for order, (_, vertices), into in zip(labelled, found, orders, strict=True):
            place = {vertex: rank for rank, vertex in enumerate(order)}
            into |= {node: place[vertex] for node, vertex in vertices.items()}
    return [_sorted(space, colouring, net, order) for net, order in zip(nets, orders, strict=True)]


def _sorted(space: WeightSpace, colouring: Colouring, net: int, order: Mapping[tuple[int, int], int]) -> GroupElement:
    """The element that sorts the indices of every axis by their colours, and those of one colour by the labelling."""
    images = []
    for number, axis in enumerate(space.permuted):
        own = colouring.of_axis(axis)[net]
        inner = [order.get((number, index), 0) for index in range(len(own))]
        images.append((axis, tuple(np.argsort(np.lexsort((inner, own))).tolist())))
    return GroupElement(tuple(images))


def orbit_classes(
    space: WeightSpace, arrays: Mapping[str, np.ndarray], *, seconds: float = SECONDS
) -> tuple[np.ndarray, list[GroupElement | None]]:
    """`[nets]` the orbit of every net, and per net an element to the representative of its orbit.

    Nets of one class of refinement past the budget of `seconds` share a number only if they are equal as they stand; they have no
    element.

    Raises:
        SpaceError: as `colour`.
    """
    colouring = colour(space, arrays)
    classes = colouring.classes()
    held = {name: exact(arrays[name], name) + 0.0 for name in space.axes}
    numbers: dict[tuple[int, bytes], int] = {}
    orbits = np.zeros(len(classes), dtype=np.int64)
    elements: list[GroupElement | None] = [None] * len(classes)
    for number in range(int(classes.max()) + 1):
        members = np.flatnonzero(classes == number).tolist()
        found = elements_to_forms(space, colouring, members, seconds=seconds)
        for place, net in enumerate(members):
            v = {name: array[net] for name, array in held.items()}
            if found is not None:
                elements[net] = found[place]
                v = moved(space, found[place], v)
            content = b"".join(np.ascontiguousarray(array).tobytes() for array in v.values())
            orbits[net] = numbers.setdefault((number, content), len(numbers))
    return orbits, elements
