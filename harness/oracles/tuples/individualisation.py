"""Proof that two nets of one refinement class, of any space, are not in one orbit: indices of v for which w has no counterpart.

Law: as `oracles/individualisation.py`, with indices of permuted axes for hidden neurons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...weights.space import WeightSpace
from ..refinement import stacked
from .colouring import Colouring, colour

if TYPE_CHECKING:
    from ...weights.pair import Vector

Index = tuple[int, int]
"""Number of the axis among the permuted ones, and index in it."""

MAX_WORK = 2_000_000
"""Marked nets times parameters; a deterministic budget of some seconds."""


def individualising_indices(space: WeightSpace, v: Vector, w: Vector) -> dict[str, Any] | None:
    """`{"kind": "individualisation", "neurons": [[axis, index], ...]}` of v that no choice in w matches, or None.

    None means past the budget, or that the nets are in one orbit after all.
    """
    arrays = stacked(space, [v, w])
    chosen: list[Index] = []
    choices: list[tuple[Index, ...]] = [()]
    colouring = colour(space, arrays)
    work = 0
    while True:
        index = next_index(colouring)
        if index is None:
            return None  # every index of v is told from all others: the survivors are images of v
        number, place = index
        colours = colouring.of_axis(space.permuted[number])
        extended = [
            (*choice, (number, int(image)))
            for net, choice in enumerate(choices, 1)
            for image in np.flatnonzero(colours[net] == colours[0, place])
        ]
        chosen.append(index)
        work += (1 + len(extended)) * space.parameters
        if work > MAX_WORK:
            return None
        colouring = _marked(space, arrays, [tuple(chosen), *extended])
        alike = colouring.classes() == colouring.classes()[0]
        choices = [choice for choice, survives in zip(extended, alike[1:], strict=True) if survives]
        if not choices:
            return {"kind": "individualisation", "neurons": [list(each) for each in chosen]}
        colouring = colouring.restricted(alike)


def next_index(colouring: Colouring) -> Index | None:
    """The first index of net 0 in its smallest colour class of two or more."""
    best: tuple[int, int, int] | None = None
    for number, axis in enumerate(colouring.space.permuted):
        _, first, counts = np.unique(colouring.of_axis(axis)[0], return_index=True, return_counts=True)
        for place, count in zip(first.tolist(), counts.tolist(), strict=True):
            if count > 1 and (best is None or (count, number, place) < best):
                best = count, number, place
    return None if best is None else best[1:]


def _marked(space: WeightSpace, arrays: dict[str, np.ndarray], indices: list[tuple[Index, ...]]) -> Colouring:
    """Joint refinement of v with the first list's indices marked 1, 2, ... in turn, and of w once for each other list."""
    nets = [0] + [1] * (len(indices) - 1)
    marks = {axis: np.zeros((len(nets), space.size[axis]), dtype=np.int64) for axis in space.permuted}
    for net, marked in enumerate(indices):
        for mark, (number, index) in enumerate(marked, 1):
            marks[space.permuted[number]][net, index] = mark
    return colour(space, {name: array[nets] for name, array in arrays.items()}, marks=marks)
