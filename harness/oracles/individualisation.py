"""Proof that two 1-WL-equivalent nets are not in one orbit: neurons of v for which w has no counterpart.

Law: were `w = g v`, then marking some neurons of v and their images in w would leave the two 1-WL-equivalent. So neurons
`a_1, ..., a_k` of v such that for *every* choice `b_1, ..., b_k` in w refinement separates the marked nets prove two orbits
(theory.md, section 4). Depth k = 1 does for the pair of prop-6.2, 2 for strongly regular graphs, more for block designs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..weights.space import WeightSpace
from .refinement import Refinement, refine, stacked

if TYPE_CHECKING:
    from ..weights.pair import Vector

Neuron = tuple[int, int]
"""Hidden layer, counted from 1, and index in it."""

MAX_WORK = 10_000_000
"""Marked nets times parameters; a deterministic budget of some seconds."""


def individualising_neurons(space: WeightSpace, v: Vector, w: Vector) -> dict[str, Any] | None:
    """`{"kind": "individualisation", "neurons": [[layer, index], ...]}` of v that no choice in w matches, or None.

    None means past the budget, or that the nets are in one orbit after all.
    """
    arrays = stacked(space, [v, w])
    chosen: list[Neuron] = []
    choices: list[tuple[Neuron, ...]] = [()]
    refinement = refine(space, arrays)
    work = 0
    while True:
        neuron = next_neuron(refinement)
        if neuron is None:
            return None  # every neuron of v is told from all others: the survivors are images of v
        layer, index = neuron
        colours = refinement.stable[layer]
        extended = [
            (*choice, (layer, int(image)))
            for number, choice in enumerate(choices, 1)
            for image in np.flatnonzero(colours[number] == colours[0, index])
        ]
        chosen.append(neuron)
        work += (1 + len(extended)) * space.parameters
        if work > MAX_WORK:
            return None
        refinement = _refine_marked(space, arrays, [tuple(chosen), *extended])
        alike = refinement.classes() == refinement.classes()[0]
        choices = [choice for choice, survives in zip(extended, alike[1:], strict=True) if survives]
        if not choices:
            return {"kind": "individualisation", "neurons": [list(neuron) for neuron in chosen]}
        refinement = refinement.restricted(alike)


def next_neuron(refinement: Refinement) -> Neuron | None:
    """The first neuron of net 0 in its smallest colour class of two or more."""
    best: tuple[int, int, int] | None = None
    for layer, colours in enumerate(refinement.stable[1:-1], 1):
        _, first, counts = np.unique(colours[0], return_index=True, return_counts=True)
        for index, count in zip(first.tolist(), counts.tolist(), strict=True):
            if count > 1 and (best is None or (count, layer, index) < best):
                best = count, layer, index
    return None if best is None else best[1:]


def _refine_marked(space: WeightSpace, arrays: dict[str, np.ndarray], neurons: list[tuple[Neuron, ...]]) -> Refinement:
    """Joint refinement of v with the first list's neurons marked 1, 2, ... in turn, and of w once for each other list."""
    nets = [0] + [1] * (len(neurons) - 1)
    marks = [np.zeros((len(nets), width), dtype=np.int64) for width in space.widths]
    for net, marked in enumerate(neurons):
        for mark, (layer, index) in enumerate(marked, 1):
            marks[layer][net, index] = mark
    return refine(space, {name: array[nets] for name, array in arrays.items()}, marks=marks)
