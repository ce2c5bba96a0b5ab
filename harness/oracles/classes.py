"""Classes of a whole set of nets, and of their entries: what a map of a given power cannot separate there.

Law: nets (or pairs of net and entry) with one number are one to every map of that power: constant on refinement classes, on
orbits, on functions. Numbers are 0, 1, ... and mean nothing beyond equality.

Where equality of two nets cannot be shown they get two numbers. Then the partition is finer than the truth, and a floor that is
computed within its classes (`floors.py`) is only lower: it stays a floor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from ..weights.space import WeightSpace
from ..weights.symmetry import GroupElement
from .function import values_in_floats
from .functions.normal_form import FeatureTable
from .orbit import SECONDS, canonical_elements, moved
from .refinement import Refinement, rank_rows, refine, stacked
from .stabiliser import entry_orbits, stabiliser

Arrays = Mapping[str, np.ndarray]
"""Tensor name -> `[n, *shape]`, one weight vector a row."""

Images = dict[str, np.ndarray]
"""Permuted axis -> `[n, width]`: per net where the element that belongs to it moves every index."""

MAX_PRODUCTS = 5_000_000
"""Products of rationals spent on normal forms of functions; about twenty seconds."""

TESTED_INPUTS = 3
SAME_IN_FLOATS = 1e-9
"""Nets whose outputs at a tested input differ by more than this share of the largest output are taken to differ."""


def refinement_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]`: the 1-WL class of every net. Exact.

    Raises:
        SpaceError: no MLP space, or arrays that do not fit it, or that are not finite.
    """
    return refine(space, arrays).classes()


def refinement_entry_classes(space: WeightSpace, arrays: Arrays) -> dict[str, np.ndarray]:
    """Tensor -> `[n, *shape]`: classes of (weight, stable colours of both ends), and of (stable colour) for a bias. Exact.

    Proof sketch that an equivariant map of 1-WL power is constant on them: every message-passing state of a neuron is a function
    of its colour, so every state of an edge is one of its weight and the colours of its ends. A stable colour of one neuron holds
    the multiset of colours of the layers beside it, hence of all layers: nothing is lost by not naming the net's own class.
    """
    arrays = stacked(space, arrays)
    stable = refine(space, arrays).stable
    found = {}
    for layer in range(1, len(space.widths)):
        weight = np.searchsorted(np.unique(arrays[f"W{layer}"]), arrays[f"W{layer}"])
        ends = np.broadcast_arrays(stable[layer][:, :, None], stable[layer - 1][:, None, :])
        rows = np.stack([weight, *ends], axis=-1).reshape(-1, 3)
        found[f"W{layer}"] = rank_rows(rows).reshape(weight.shape)
        found[f"b{layer}"] = stable[layer]
    return {name: found[name] for name in space.axes}


def orbit_classes(space: WeightSpace, arrays: Arrays, *, seconds: float = SECONDS) -> np.ndarray:
    """`[n]`: the orbit of every net; two nets with one number are equal after a permutation, entry by entry.

    Refinement comes first; nets that share a class in which some neurons share a colour are put in canonical form.

    Args:
        seconds: wall-clock budget of the canonical labelling of one refinement class; past it, or past `orbit.MAX_EDGES`, nets
            of that class share a number only if they are equal as they stand. Graphs of up to 64 neurons always fit.

    Raises:
        SpaceError: as `refinement_classes`.
    """
    arrays = stacked(space, arrays)
    return _canonical(space, arrays, refine(space, arrays), seconds)[0]


def orbit_entry_classes(space: WeightSpace, arrays: Arrays, *, seconds: float = SECONDS) -> dict[str, np.ndarray]:
    """Tensor -> `[n, *shape]`: orbits of (net, entry) under the group.

    Every net has an element that maps it to the representative of its orbit; (v, e) and (w, f) are in one orbit iff v and w are,
    and the images of e and f in the representative are moved to each other by its stabiliser.

    Args:
        seconds: as `orbit_classes`; a stabiliser past the budget counts as trivial.

    Raises:
        SpaceError: as `refinement_classes`.
    """
    arrays = stacked(space, arrays)
    refinement = refine(space, arrays)
    orbits, images = _canonical(space, arrays, refinement, seconds)
    discrete = np.all(refinement.is_discrete, axis=1)
    _, first = np.unique(orbits, return_index=True)
    labels = {name: np.tile(np.arange(prod(shape)), (len(first), 1)) for name, shape in space.shapes.items()}
    known: dict[bytes, dict[str, np.ndarray]] = {}
    for orbit, net in enumerate(first):
        if discrete[net]:
            continue
        g = GroupElement(tuple((axis, tuple(images[axis][net].tolist())) for axis in space.permuted))
        representative = moved(space, g, {name: array[net] for name, array in arrays.items()})
        pattern = _pattern(representative)
        if pattern not in known:
            found = stabiliser(space, representative, seconds=seconds)
            known[pattern] = entry_orbits(space, found.generators if found else ())
        for name, joined in known[pattern].items():
            labels[name][orbit] = joined.ravel()
    return {name: _at_images(space, name, orbits, images, labels[name]) for name in space.axes}


def function_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]`: nets with one number compute the same function, proved; nets with two numbers may do so too.

    Proof: by equal output colours under forward-only refinement, or by equal normal forms (`normal_form.py`), which cover
    rescalings, sign flips, dead and duplicated neurons at any depth; complete for one hidden layer of piecewise-linear neurons.
    Normal forms are made for nets alone that floats cannot separate at some inputs, and up to `MAX_PRODUCTS`.

    Raises:
        SpaceError: as `refinement_classes`.
    """
    arrays = stacked(space, arrays)
    forward = rank_rows(refine(space, arrays, direction="forward").stable[-1])
    _, first, classes = np.unique(forward, return_index=True, return_inverse=True)
    representatives = {name: array[first] for name, array in arrays.items()}
    merged = np.arange(len(first))
    table = FeatureTable.affordable(space)
    left = MAX_PRODUCTS
    for members in _alike_in_floats(space, representatives) if table else ():
        assert table is not None
        forms: dict[tuple[frozenset, ...], int] = {}
        for net in members.tolist():
            left -= table.products
            if left < 0:
                break
            outputs = table.outputs({name: array[net] for name, array in representatives.items()})
            merged[net] = forms.setdefault(tuple(frozenset(form.items()) for form in outputs), net)
    return np.unique(merged, return_inverse=True)[1][classes]


# Classes of networks that see less than refinement: bags of entries, messages forward alone, nothing.


def bag_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]`: nets with equal multisets of entries in every tensor share a number."""
    arrays = stacked(space, arrays)
    codes = [np.sort(_ranks(array).reshape(len(array), -1), axis=1) for array in arrays.values()]
    return rank_rows(np.concatenate(codes, axis=1))


def forward_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]`: nets that refinement over incoming edges alone does not part."""
    return refine(space, arrays, direction="forward").classes()


def constant_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]`: all alike."""
    return np.zeros(len(stacked(space, arrays)["b1"]), dtype=np.int64)


def bag_entry_classes(space: WeightSpace, arrays: Arrays) -> dict[str, np.ndarray]:
    """Tensor -> `[n, *shape]`: classes of (bags of the net, entry)."""
    bags = bag_classes(space, arrays)
    found = {}
    for name, array in stacked(space, arrays).items():
        codes = _ranks(array)
        nets = np.broadcast_to(bags.reshape(-1, *[1] * (array.ndim - 1)), array.shape)
        found[name] = rank_rows(np.stack([nets, codes], axis=-1).reshape(-1, 2)).reshape(array.shape)
    return found


def forward_entry_classes(space: WeightSpace, arrays: Arrays) -> dict[str, np.ndarray]:
    """Tensor -> `[n, *shape]`: classes of (forward class of the net, weight, forward colours of both ends), or (.., colour) of a bias."""
    arrays = stacked(space, arrays)
    refinement = refine(space, arrays, direction="forward")
    nets, stable = refinement.classes(), refinement.stable
    found = {}
    for layer in range(1, len(space.widths)):
        weight = _ranks(arrays[f"W{layer}"])
        parts = np.broadcast_arrays(
            nets[:, None, None], weight, stable[layer][:, :, None], stable[layer - 1][:, None, :]
        )
        found[f"W{layer}"] = rank_rows(np.stack(parts, axis=-1).reshape(-1, 4)).reshape(weight.shape)
        ends = np.broadcast_arrays(nets[:, None], stable[layer])
        found[f"b{layer}"] = rank_rows(np.stack(ends, axis=-1).reshape(-1, 2)).reshape(stable[layer].shape)
    return {name: found[name] for name in space.axes}


def constant_entry_classes(space: WeightSpace, arrays: Arrays) -> dict[str, np.ndarray]:
    """Tensor -> `[n, *shape]`: one class a tensor, as of an operator that answers alike whatever it is given."""
    return {name: np.zeros(array.shape, dtype=np.int64) for name, array in stacked(space, arrays).items()}


COARSE: dict[str, Callable[[WeightSpace, Arrays], np.ndarray]] = {
    "constant": constant_classes,
    "bag": bag_classes,
    "forward": forward_classes,
}
"""Name -> classes of nets that refinement refines, the coarsest first."""
COARSE_ENTRIES: dict[str, Callable[[WeightSpace, Arrays], dict[str, np.ndarray]]] = {
    "constant": constant_entry_classes,
    "bag": bag_entry_classes,
    "forward": forward_entry_classes,
}
"""The same of pairs of a net and an entry."""


def _canonical(space: WeightSpace, arrays: Arrays, refinement: Refinement, seconds: float) -> tuple[np.ndarray, Images]:
    """`[n]` orbits, and per net an element that maps it to the representative of its orbit."""
    images = {
        axis: np.argsort(np.argsort(refinement.stable[layer], axis=1), axis=1)
        for layer, axis in enumerate(space.permuted, 1)
    }
    classes = refinement.classes()
    discrete = np.all(refinement.is_discrete, axis=1)
    within = np.zeros_like(classes)
    # Where every neuron has a colour of its own, 1-WL-equivalent means one orbit, and colours say where neurons go.
    for number in np.flatnonzero(np.bincount(classes[~discrete]) > 1):
        members = np.flatnonzero(classes == number)
        forms = [{name: array[net] for name, array in arrays.items()} for net in members]
        elements = canonical_elements(space, forms, refinement.restricted(members), seconds=seconds)
        if elements is not None:
            forms = [moved(space, g, v) for g, v in zip(elements, forms, strict=True)]
            for position, axis in enumerate(space.permuted):
                images[axis][members] = [g.permutations[position][1] for g in elements]
        numbers: dict[bytes, int] = {}
        within[members] = [numbers.setdefault(_bytes(form), len(numbers)) for form in forms]
    return rank_rows(np.stack([classes, within], axis=1)), images


def _bytes(v: Mapping[str, np.ndarray]) -> bytes:
    return b"".join(np.ascontiguousarray(array).tobytes() for array in v.values())


def _pattern(v: Mapping[str, np.ndarray]) -> bytes:
    """Which entries of each tensor are equal: all that the stabiliser depends on."""
    codes = {}
    for name, array in v.items():
        _, first, inverse = np.unique(array, return_index=True, return_inverse=True)
        codes[name] = first[inverse]
    return _bytes(codes)


def _at_images(space: WeightSpace, name: str, orbits: np.ndarray, images: Images, labels: np.ndarray) -> np.ndarray:
    """`[n, *shape]`: ranks of (orbit, label of the entry's image), `labels` being `[orbits, entries]`."""
    shape = space.shapes[name]
    where = []
    for position, axis in enumerate(space.axes[name]):
        spread = [1] * (len(shape) + 1)
        spread[0], spread[position + 1] = -1, shape[position]
        where.append(images.get(axis, np.arange(shape[position])[None]).reshape(spread))
    flat = np.ravel_multi_index(tuple(np.broadcast_arrays(*where)), shape)
    flat = np.broadcast_to(flat, (len(orbits), *shape)).reshape(len(orbits), -1)
    rows = orbits[:, None] * labels.shape[1] + labels[orbits[:, None], flat]
    return np.unique(rows, return_inverse=True)[1].reshape(len(orbits), *shape)


def _alike_in_floats(space: WeightSpace, arrays: Arrays) -> list[np.ndarray]:
    """Groups of two or more nets that floats do not separate at seeded inputs: the only ones worth comparing exactly."""
    points = np.random.default_rng(0).uniform(-4, 4, (TESTED_INPUTS, space.widths[0]))
    values = values_in_floats(space, arrays, points).reshape(len(arrays["b1"]), -1)
    groups = [np.arange(len(values))]
    for column in values.T:
        parts: list[np.ndarray] = []
        for members in groups:
            ordered = members[np.argsort(column[members])]
            gap = SAME_IN_FLOATS * np.abs(column[members]).max()
            with np.errstate(invalid="ignore", over="ignore"):
                ends = np.flatnonzero(np.diff(column[ordered]) > gap) + 1
            parts += [part for part in np.split(ordered, ends) if len(part) > 1]
        groups = parts
    return groups


def _ranks(values: np.ndarray) -> np.ndarray:
    """The rank of every entry among the distinct values, in the shape of `values`."""
    return np.unique(values, return_inverse=True)[1].reshape(values.shape)
