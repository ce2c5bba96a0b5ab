"""All nets of a small kind at once: every binary middle matrix up to the numbering of the hidden neurons.

Law: two entries of a bank are never in one orbit, and every binary matrix is in the orbit of one entry. The other weights are
one and the biases zero, so at size 4 the bank holds the pair of prop-6.2 and nothing else that refinement cannot separate (317
orbits, 316 refinement classes; theory.md, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np

from ..oracles.functions.enclosure import enclose
from ..oracles.functions.normal_form import FeatureTable
from ..oracles.refinement import refine
from ..oracles.two_fwl.refinement import refine_mlp_pairs
from ..weights.space import WeightSpace, mlp

INPUTS = (1.0, -1.0)
"""Where functions are compared; small enough for every network that probes."""


@dataclass(frozen=True)
class Bank:
    """Nets that are pairwise in two orbits, with the exact relations of all pairs.

    Args:
        space: the weight space of all.
        arrays: tensor name -> `[nets, *shape]`.
        codes: the bits of each middle matrix, row by row, lowest first, as one number: the least of its orbit.
        rounds: `[nets, nets]`: the first refinement round that separates two nets, -1 where none does.
        functions: `[nets, nets]`: 0 equal, 1 different, 2 unknown.
    """

    space: WeightSpace
    arrays: dict[str, np.ndarray]
    codes: tuple[int, ...]
    rounds: np.ndarray
    functions: np.ndarray


@cache
def two_fwl_rounds(size: int) -> np.ndarray:
    """`[nets, nets]` of the bank: the first round of folklore 2-WL that separates two nets, -1 where none does."""
    bank = binary_bank(size)
    return refine_mlp_pairs(bank.space, bank.arrays).rounds_of_separation()


FUNCTIONS = ("equal", "different", "unknown")


def least_codes(size: int) -> np.ndarray:
    """Of every orbit of binary `size x size` matrices under permutations of rows and of columns the least code, ascending."""
    codes = np.arange(2 ** (size * size))
    bits = ((codes[:, None] >> np.arange(size * size)) & 1).reshape(-1, size, size)
    places = 2 ** (size * np.arange(size))
    least = codes
    for columns in permutations(range(size)):
        rows = np.sort(bits[:, :, columns] @ 2 ** np.arange(size), axis=1)[:, ::-1]  # the least order of the rows
        least = np.minimum(least, rows @ places)
    return np.flatnonzero(least == codes)


@cache
def binary_bank(size: int) -> Bank:
    """The bank of widths (1, size, size, 1); made once a process."""
    codes = least_codes(size)
    space = mlp(1, size, size, 1)
    arrays = {name: (np.ones if name[0] == "W" else np.zeros)((len(codes), *s)) for name, s in space.shapes.items()}
    arrays["W2"] = ((codes[:, None] >> np.arange(size * size)) & 1).reshape(-1, size, size).astype(np.float64)
    refinement = refine(space, arrays)
    rounds = np.full((len(codes), len(codes)), -1)
    for number in range(refinement.rounds, -1, -1):
        classes = refinement.net_classes[number]
        rounds[classes[:, None] != classes[None, :]] = number
    nets = [{name: array[net] for name, array in arrays.items()} for net in range(len(codes))]
    table = FeatureTable(space)
    forms = [frozenset(table.outputs(v)[0].items()) for v in nets]
    values = [[enclose(space, v, [x])[0] for x in INPUTS] for v in nets]
    decided = [
        [0 if forms[i] == forms[j] else 1 if values[i] != values[j] else 2 for j in range(len(nets))]
        for i in range(len(nets))
    ]
    functions = np.array(decided)
    return Bank(space, arrays, tuple(codes.tolist()), rounds, functions)
