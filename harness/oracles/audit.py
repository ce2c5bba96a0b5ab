"""How far a set of nets is from the hard cases of the theory: general position, discreteness, and the sharp condition.

Laws (theory.md, section 4): general position => discrete => the net's 1-WL class is one orbit. In general position every hidden
layer has pairwise distinct biases; a net is discrete if refinement gives every hidden neuron a colour of its own; the sharp
condition holds for a net if all nets of its 1-WL class in the set are in its orbit, and then nothing in the set separates what
1-WL networks can do from what invariant maps can do.

Wider than general position: `separated`, by any of several numbers of a neuron that are continuous and know no numbering.

Exact, in the floats as they are. `formed` makes the coarser forms in which nets are stored: quantised, pruned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from ..weights.exact import exact
from ..weights.space import WeightSpace
from .classes import Arrays, orbit_classes
from .orbit import SECONDS
from .refinement import refine, stacked

FORM = r"float|([1-9]|[12][0-9]|3[0-2])-bit|pruned-([1-9]|[1-9][0-9])%|(fp16|bf16|fp8|fp8-e5m2)"
"""Names of forms: as they are, quantised to 1 to 32 bits, with a share of the entries set to zero, or rounded to shorter floats."""

SHORT_FLOATS = {
    "fp16": (11, -14, 65504.0),
    "bf16": (8, -126, float.fromhex("0x1.fep127")),
    "fp8": (4, -6, 448.0),
    "fp8-e5m2": (3, -14, 57344.0),
}
"""Form -> bits of the significand, the least exponent of a normal number, the largest number."""


Separator = Callable[[Arrays, int], np.ndarray]
"""`(arrays, hidden layer) -> [n, width]`."""


def _sums(matrix: np.ndarray) -> np.ndarray:
    """`[n, width, entries] -> [n, width]`, each sum correctly rounded, whatever the order of its entries."""
    return np.array([[fsum(row) for row in net] for net in matrix.tolist()])


def _near_one(tensors: np.ndarray) -> np.ndarray:
    """Each net's tensor over the power of two that leaves no entry above one: sums and squares of large weights, and of small ones, stay
    floats."""
    exponents = np.frexp(np.abs(tensors).max(axis=(1, 2)))[1]
    return np.ldexp(tensors, -exponents[:, None, None])


SEPARATORS: Mapping[str, Separator] = {
    "bias": lambda arrays, layer: arrays[f"b{layer}"],
    "incoming-sum": lambda arrays, layer: _sums(_near_one(arrays[f"W{layer}"])),
    "outgoing-sum": lambda arrays, layer: _sums(_near_one(arrays[f"W{layer + 1}"]).swapaxes(1, 2)),
    "incoming-squares": lambda arrays, layer: _sums(np.square(_near_one(arrays[f"W{layer}"]))),
    "outgoing-squares": lambda arrays, layer: _sums(np.square(_near_one(arrays[f"W{layer + 1}"]).swapaxes(1, 2))),
}
"""Name -> what it gives a neuron: its bias; the sum, or the sum of squares, of the weights that lead to it or from it, in a unit of the
net's own."""


@dataclass(frozen=True)
class Audit:
    """What is true of each net of a set.

    Args:
        general_position: `[n]` bool.
        discrete: `[n]` bool.
        one_orbit: `[n]` bool, the sharp condition; False also where no canonical labelling fits the budget.
        rounds: `[n]` rounds of refinement until the net is discrete, -1 if it never is. In general position 0.
        tied: `[n, hidden layers]` neurons that share their bias with another one of their layer.
        classes: number of 1-WL classes in the set.
        orbits: number of orbits in the set.
    """

    general_position: np.ndarray
    discrete: np.ndarray
    one_orbit: np.ndarray
    rounds: np.ndarray
    tied: np.ndarray
    classes: int
    orbits: int


def audit(space: WeightSpace, arrays: Arrays, *, seconds: float = SECONDS) -> Audit:
    """Audit every net of a set, `arrays` being tensor -> `[n, *shape]`.

    Args:
        seconds: as `classes.orbit_classes`.

    Raises:
        SpaceError: no MLP space, or arrays that do not fit it or are not finite.
    """
    arrays = stacked(space, arrays)
    refinement = refine(space, arrays)
    hidden = range(1, len(space.widths) - 1)
    tied = np.stack([_shared(arrays[f"b{layer}"]) for layer in hidden], axis=1)
    rounds = np.full(len(tied), -1)
    for number in reversed(range(len(refinement.colours))):
        apart = [_shared(refinement.colours[number][layer]) == 0 for layer in hidden]
        rounds[np.all(apart, axis=0)] = number
    orbits = orbit_classes(space, arrays, seconds=seconds)
    classes = refinement.classes()
    found = np.unique(np.stack([classes, orbits], axis=1), axis=0)
    one_orbit = np.bincount(found[:, 0])[classes] == 1
    return Audit(np.all(tied == 0, axis=1), rounds >= 0, one_orbit, rounds, tied, int(classes.max()) + 1, len(found))


def separated(space: WeightSpace, arrays: Arrays, names: Sequence[str]) -> np.ndarray:
    """`[n]` bool: in each hidden layer of the net some separator of these gives no two neurons the same number.

    A layer can be sorted by such numbers, continuously: what thm-6.3 says of biases holds of them. With `bias` among them, general
    position => separated => discrete. Sums are correctly rounded, which can merge two numbers and never tells equal ones apart.

    Args:
        arrays: tensor -> `[n, *shape]`.

    Raises:
        SpaceError: no MLP space, or arrays that do not fit it or are not finite.
        KeyError: no such separator.
    """
    arrays = stacked(space, arrays)
    count = len(arrays["b1"])
    parted = np.ones(count, bool)
    for layer in range(1, len(space.widths) - 1):
        left = np.flatnonzero(parted)  # the nets that this layer could still exclude
        for name in names:
            if not len(left):
                break
            own = SEPARATORS[name]({key: array[left] for key, array in arrays.items()}, layer)
            ordered = np.sort(own, axis=1)
            left = left[np.any(ordered[:, 1:] == ordered[:, :-1], axis=1)]
        parted[left] = False
    return parted


def check_form(form: str) -> re.Match[str]:
    """The parts of a form's name.

    Raises:
        ValueError: a name that is no form.
    """
    match = re.fullmatch(FORM, form)
    if match is None:
        raise ValueError(
            f'"{form}" is no form; allowed: float, 1-bit to 32-bit, pruned-1% to pruned-99%, {", ".join(SHORT_FLOATS)}'
        )
    return match


def formed(arrays: Mapping[str, np.ndarray], form: str) -> dict[str, np.ndarray]:
    """The nets in another form.

    `b-bit`: each tensor of each net is rounded to 2^b evenly spaced values from its least to its largest entry. `pruned-p%`: of
    each tensor of each net the p % of the entries of least magnitude become zero (rounded down), biases as well. `fp16`, `bf16`, `fp8`
    (e4m3) and `fp8-e5m2`: each entry is the nearest number of that type, ties to even, at most its largest.

    Raises:
        ValueError: a name that is no form, or numbers that float64 would round (`exact.exact`).
    """
    match = check_form(form)
    change = {name: exact(array, name) for name, array in arrays.items()}
    if match[1]:
        return {name: _quantised(array, int(match[1])) for name, array in change.items()}
    if match[2]:
        return {name: _pruned(array, int(match[2])) for name, array in change.items()}
    if match[3]:
        return {name: _shortened(array, *SHORT_FLOATS[match[3]]) for name, array in change.items()}
    return change


def _shared(values: np.ndarray) -> np.ndarray:
    """`[n, width]` -> `[n]`: how many entries of the row equal another one of it."""
    ordered = np.sort(values, axis=1)
    same = ordered[:, 1:] == ordered[:, :-1]
    ends = np.zeros((len(values), 1), dtype=bool)
    return (np.concatenate([ends, same], axis=1) | np.concatenate([same, ends], axis=1)).sum(axis=1)


def _quantised(array: np.ndarray, bits: int) -> np.ndarray:
    flat = array.reshape(len(array), -1)
    exponent = np.frexp(np.abs(flat).max(axis=1, keepdims=True))[1]
    flat = np.ldexp(flat, -exponent)  # where no difference leaves the floats, and no step is below them
    low, high = flat.min(axis=1, keepdims=True), flat.max(axis=1, keepdims=True)
    step = (high - low) / (2**bits - 1)
    codes = np.rint(np.divide(flat - low, step, out=np.zeros_like(flat), where=step > 0))
    most = np.nextafter(1, 0)  # of the largest float in this unit, which rounding may pass
    return np.ldexp(np.clip(low + codes * step, -most, most), exponent).reshape(array.shape)


def _pruned(array: np.ndarray, percent: int) -> np.ndarray:
    flat = array.reshape(len(array), -1).copy()
    smallest = np.argsort(np.abs(flat), axis=1, kind="stable")[:, : flat.shape[1] * percent // 100]
    np.put_along_axis(flat, smallest, 0.0, axis=1)
    return flat.reshape(array.shape)


def _shortened(array: np.ndarray, bits: int, least: int, largest: float) -> np.ndarray:
    """The nearest float of so many bits; below the least exponent the spacing stays the same."""
    _, exponents = np.frexp(array)
    spacing = np.ldexp(1.0, np.maximum(exponents - 1, least) - (bits - 1))
    return np.clip(np.rint(array / spacing) * spacing, -largest, largest)
