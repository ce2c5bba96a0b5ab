"""The stabiliser of a weight vector: how many group elements leave it in place, and elements that generate them.

Law: `g v = v` for every generator, checked entry by entry; together they generate all such g.

Interchangeable neurons give adjacent transpositions and are then separated by marks. What is left is counted by orbits and
stabilisers: as many images as a neuron has, times the number that leave it in place as well. An element for each image, level by
level, is a strong generating set (Sims), so nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from ..weights.space import WeightSpace
from ..weights.symmetry import GroupElement, compose, identity, inverse
from .individualisation import MAX_WORK, next_neuron
from .orbit import SECONDS, canonical_elements, equal, moved
from .refinement import refine, stacked
from .remainder import interchangeable, remainder

if TYPE_CHECKING:
    from ..weights.pair import Vector


@dataclass(frozen=True)
class Stabiliser:
    """The group elements that leave a weight vector in place.

    Args:
        order: how many there are.
        generators: some that generate all.
    """

    order: int
    generators: tuple[GroupElement, ...]


def stabiliser(space: WeightSpace, v: Vector, *, seconds: float = SECONDS) -> Stabiliser | None:
    """The stabiliser of v; None past the budget.

    Args:
        seconds: budget of each round of canonical labelling.

    Raises:
        SpaceError: as `refine`.
    """
    v = {name: array[0] for name, array in stacked(space, [v]).items()}
    refinement = refine(space, [v])
    if refinement.is_discrete.all():
        return Stabiliser(1, ())
    rest = remainder(space, v, [layer[0] for layer in refinement.stable])
    total = prod(map(factorial, interchangeable(rest)))
    generators: list[GroupElement] = []
    marks = [np.zeros((1, width), dtype=np.int64) for width in space.widths]
    for layer, groups in rest.groups.items():
        marks[layer][0] = [int((groups[:index] == group).sum()) for index, group in enumerate(groups)]
        for group in np.unique(groups):
            members = np.flatnonzero(groups == group).tolist()
            generators += [_swap(space, layer, i, j) for i, j in pairwise(members)]
    for _ in range(sum(space.widths)):  # every level but the last one marks a neuron that was not alone with its colour
        refinement = refine(space, [v], marks=marks)
        neuron = next_neuron(refinement)
        if neuron is None:
            return Stabiliser(total, tuple(generators))
        layer, index = neuron
        images = np.flatnonzero(refinement.stable[layer][0] == refinement.stable[layer][0, index])
        images = np.concatenate([[index], images[images != index]])
        if len(images) * space.parameters > MAX_WORK:
            return None
        marked = [np.repeat(layer_marks, len(images), axis=0) for layer_marks in marks]
        marked[layer][np.arange(len(images)), images] = int(marks[layer].max()) + 1
        joint = refine(space, [v] * len(images), marks=marked)
        alike = joint.classes() == joint.classes()[0]
        elements = canonical_elements(space, [v] * int(alike.sum()), joint.restricted(alike), seconds=seconds)
        if elements is None:
            return None
        forms = [moved(space, element, v) for element in elements]
        found = [element for element, form in zip(elements, forms, strict=True) if equal(space, form, forms[0])]
        total *= len(found)
        generators += [compose(inverse(element), elements[0]) for element in found[1:]]
        marks = [layer_marks[:1] for layer_marks in marked]
    raise AssertionError("the levels of the stabiliser did not end")


def entry_orbits(space: WeightSpace, generators: Iterable[GroupElement]) -> dict[str, np.ndarray]:
    """Tensor -> `[*shape]`: for every entry the least one (in the tensor's flat order) that the generated group moves it to."""
    moves = [dict(g.permutations) for g in generators]
    labels = {}
    for name, axes in space.axes.items():
        shape = space.shapes[name]
        label, before = np.arange(prod(shape)).reshape(shape), None
        places = [np.ix_(*(move.get(axis, tuple(range(space.size[axis]))) for axis in axes)) for move in moves]
        while before is None or not np.array_equal(before, label):
            before = label
            for place in places:
                label = np.minimum(label, label[place])
        labels[name] = label
    return labels


def _swap(space: WeightSpace, layer: int, i: int, j: int) -> GroupElement:
    """The transposition of two neurons of a hidden layer."""
    images = list(range(space.widths[layer]))
    images[i], images[j] = j, i
    return GroupElement(
        tuple((axis, tuple(images) if axis == f"n{layer}" else rest) for axis, rest in identity(space).permutations)
    )
