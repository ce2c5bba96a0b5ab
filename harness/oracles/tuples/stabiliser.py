"""The stabiliser of a weight vector of any space: how many of its permutations leave it in place, and some that generate them.

Law and proof as `oracles/stabiliser.py`, which runs on MLPs, with indices of permuted axes for hidden neurons. Indices whose
exchange leaves the vector as it is are twins; exchanges of twins generate the symmetric group of each set of twins, and every other
element permutes these sets, so with twins told apart by marks what is left is counted by orbits and stabilisers.
"""

from __future__ import annotations

from itertools import pairwise
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement, compose, identity, inverse
from ..individualisation import MAX_WORK
from ..orbit import SECONDS, equal, moved
from ..refinement import stacked
from ..stabiliser import Stabiliser
from ..stabiliser import stabiliser as of_mlp
from .colouring import Colouring, colour
from .individualisation import next_index
from .orbits import elements_to_forms

if TYPE_CHECKING:
    from ...weights.pair import Vector


def stabiliser(space: WeightSpace, v: Vector, *, seconds: float = SECONDS) -> Stabiliser | None:
    """The stabiliser of v; None past the budget.

    Args:
        seconds: budget of each round of canonical labelling.

    Raises:
        SpaceError: as `colour`.
    """
    if space.is_mlp:
        return of_mlp(space, v, seconds=seconds)
    v = {name: array[0] for name, array in stacked(space, [v]).items()}
    colouring = colour(space, [v])
    if colouring.is_discrete.all():
        return Stabiliser(1, ())
    twins = {axis: _twins(space, v, axis, colouring) for axis in space.permuted}
    total = prod(factorial(len(members)) for sets in twins.values() for members in sets)
    generators = [
        swap(space, axis, i, j) for axis, sets in twins.items() for members in sets for i, j in pairwise(members)
    ]
    marks = {axis: np.zeros((1, space.size[axis]), dtype=np.int64) for axis in space.permuted}
    for axis, sets in twins.items():
        for members in sets:
            marks[axis][0, members] = np.arange(len(members))
    for _ in range(
        sum(space.size[axis] for axis in space.permuted) + 1
    ):  # every level marks an index that was not alone
        colouring = colour(space, [v], marks=marks)
        found = next_index(colouring)
        if found is None:
            return Stabiliser(total, tuple(generators))
        axis, index = space.permuted[found[0]], found[1]
        stable = colouring.of_axis(axis)[0]
        images = np.flatnonzero(stable == stable[index])
        images = np.concatenate([[index], images[images != index]])
        if len(images) * space.parameters > MAX_WORK:
            return None
        marked = {name: np.repeat(each, len(images), axis=0) for name, each in marks.items()}
        marked[axis][np.arange(len(images)), images] = int(marks[axis].max()) + 1
        joint = colour(space, [v] * len(images), marks=marked)
        alike = np.flatnonzero(joint.classes() == joint.classes()[0]).tolist()
        elements = elements_to_forms(space, joint, alike, seconds=seconds)
        if elements is None:
            return None
        first = moved(space, elements[0], v)
        kept = [g for g in elements if equal(space, moved(space, g, v), first)]
        total *= len(kept)
        generators += [compose(inverse(g), kept[0]) for g in kept[1:]]
        marks = {name: each[:1] for name, each in marked.items()}
    raise AssertionError("the levels of the stabiliser did not end")


def _twins(space: WeightSpace, v: Vector, axis: str, colouring: Colouring) -> list[list[int]]:
    """The sets of two and more indices of an axis any two of which may be exchanged; to be so is an equivalence."""
    own = colouring.of_axis(axis)[0]
    sets: list[list[int]] = []
    for index, colour_of in enumerate(own.tolist()):
        for members in sets:
            if own[members[0]] == colour_of and equal(space, moved(space, swap(space, axis, members[0], index), v), v):
                members.append(index)
                break
        else:
            sets.append([index])
    return [members for members in sets if len(members) > 1]


def swap(space: WeightSpace, axis: str, i: int, j: int) -> GroupElement:
    """The transposition of two indices of a permuted axis."""
    images = list(range(space.size[axis]))
    images[i], images[j] = j, i
    return GroupElement(
        tuple((each, tuple(images) if each == axis else rest) for each, rest in identity(space).permutations)
    )
