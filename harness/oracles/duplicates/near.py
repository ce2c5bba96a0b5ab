"""Near copies: networks that weight matching brings closer together than two networks of their population ever come.

Law: a link `near` comes with an element g and `|g v - w|`, at most `share` of the median matched distance of the population and of the
norm of (v, w). No pair
that has such a g is passed over for want of looking: candidates are all pairs that are close in a contraction (`matching.sorted_entries`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ...weights.activations import ACTIVATIONS
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from .links import Forest, Likeness, Link, Scale
from .matching import match, norm, size_of, sorted_entries

SHARE = 0.01
"""Of the population's median matched distance: what is nearer is a near copy."""
PAIRS = 300
"""Pairs that the median is taken of."""
FEW = 8
"""Networks fewer than these have no median of their own."""
DIRECTIONS = 12
"""Dimensions of the tree of candidates."""


@dataclass(frozen=True)
class Population:
    """Networks of one space, `arrays` being tensor -> `[n, *shape]`, and what "near" means among them.

    Args:
        scaled: the symmetry beyond permutations that was taken out of the arrays: "scale", "sign" or "".
    """

    space: WeightSpace
    arrays: Mapping[str, np.ndarray]
    scaled: str = ""

    def __len__(self) -> int:
        return len(self.arrays[next(iter(self.space.axes))])

    def net(self, number: int) -> dict[str, np.ndarray]:
        return {name: array[number] for name, array in self.arrays.items()}


def measured(population: Population) -> Scale:
    """The median matched distance of pairs, drawn with a fixed seed.

    Where most pairs are themselves nearer than `SHARE` of their norm, copies outnumber the rest, and the median is that of the other pairs.
    Of fewer than `FEW` networks, or of copies alone: between networks and others whose entries are drawn, tensor by tensor, from those of all.
    """
    rng = np.random.default_rng(0)
    count = len(population)
    nets = [(population.net(i), population.net(j)) for i, j in _pairs(count, rng)] if count >= FEW else []
    found = np.array([match(population.space, v, w).distance for v, w in nets])
    far = np.array([distance > SHARE * _norm(v, w) for distance, (v, w) in zip(found, nets, strict=True)], dtype=bool)
    kept = found[far] if nets and far.mean() < 0.5 else found
    if len(kept) >= FEW:
        return Scale(population.space, count, float(np.median(kept)), len(kept), False)
    chosen = range(0, count, max(1, count // FEW))
    drawn = [
        match(population.space, population.net(i), _drawn(population, rng)).distance
        for i in chosen
        for _ in range(PAIRS // 10 // len(chosen) + 1)
    ]
    return Scale(population.space, count, float(np.median(drawn)), len(drawn), True)


def _norm(v: Vector, w: Vector) -> float:
    return norm([*v.values(), *w.values()])


def near_links(
    population: Population, scale: Scale, forest: Forest, numbers: np.ndarray, share: float = SHARE
) -> Iterator[Link]:
    """Links between networks that are no copies of each other yet; `numbers` are their places in the forest, which is joined."""
    if not share and population.scaled:
        return
    reach = share * scale.median
    features, exponent = _features(population)
    low = _projected(features)
    tree = KDTree(low)
    slack = float(np.ldexp(reach, -exponent)) * (1 + 1e-6) + 1e-12 * float(np.abs(low).max(initial=0.0))
    for i in range(len(low)):
        own = forest.root(int(numbers[i]))
        apart = [j for j in tree.query_ball_point(low[i], slack) if j > i and forest.root(int(numbers[j])) != own]
        if not apart:
            continue
        close = np.array(apart)
        close = close[np.linalg.norm(features[close] - features[i], axis=1) <= slack]
        for j in np.sort(close).tolist():
            first, second = int(numbers[i]), int(numbers[j])
            if forest.root(first) == forest.root(second):
                continue
            v, w = population.net(i), population.net(j)
            found = match(population.space, v, w)
            # A median that wild networks have driven up says nothing of small ones: near is near for the two themselves, too.
            if found.distance > min(reach, share * _norm(v, w)) or not forest.join(first, second):
                continue
            if found.distance == 0 and not population.scaled:  # of a space whose orbits nobody else decides
                yield Link(first, second, Likeness.PERMUTED, found.element)
            elif share:
                off = found.distance / scale.median if scale.median else 0.0
                yield Link(first, second, Likeness.NEAR, found.element, share=off, scaled=population.scaled)


def nearest(population: Population, scale: Scale) -> list[float]:
    """For each network the matched distance to the one that is nearest in the contraction, as a share of the median."""
    if not scale.median:
        return [0.0] * len(population)
    tree = KDTree(_projected(_features(population)[0]))
    _, found = tree.query(tree.data, k=2)
    return [
        match(population.space, population.net(i), population.net(int(pair[pair != i][0]))).distance / scale.median
        for i, pair in enumerate(np.asarray(found))
    ]


def normal(space: WeightSpace, arrays: Mapping[str, np.ndarray]) -> Population | None:
    """The networks of an MLP space with scales or signs taken out, or None where the activation has neither.

    Scales: each hidden neuron's incoming weights and bias have norm one. Signs: the largest of them is positive. A network that
    would leave the floats stays as it is.
    """
    phi = ACTIVATIONS[space.activation]
    if not space.is_mlp or not (phi.homogeneous or phi.odd):
        return None
    tensors = {name: np.array(array, dtype=np.float64) for name, array in arrays.items()}
    for layer in range(1, len(space.widths) - 1):
        incoming = np.concatenate([tensors[f"W{layer}"], tensors[f"b{layer}"][..., None]], axis=2)
        factor = np.ones(incoming.shape[:2])
        if phi.homogeneous:
            exponent = np.frexp(np.abs(incoming).max(axis=2))[1]
            size = np.linalg.norm(np.ldexp(incoming, -exponent[..., None]), axis=2)
            with np.errstate(over="ignore"):
                factor = np.ldexp(np.divide(1.0, size, out=factor, where=size > 0), -exponent)
        if phi.odd:
            largest = np.take_along_axis(incoming, np.abs(incoming).argmax(axis=2)[..., None], axis=2)[..., 0]
            factor = np.where(largest < 0, -factor, factor)
        with np.errstate(over="ignore", invalid="ignore"):
            tensors[f"W{layer}"] *= factor[..., None]
            tensors[f"b{layer}"] *= factor
            tensors[f"W{layer + 1}"] /= factor[:, None, :]
    wild = np.any([~np.isfinite(array).reshape(len(array), -1).all(axis=1) for array in tensors.values()], axis=0)
    for name, array in tensors.items():
        array[wild] = arrays[name][wild]
    return Population(space, tensors, "scale" if phi.homogeneous else "sign")


def _pairs(count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    if count * (count - 1) // 2 <= PAIRS:
        return [(i, j) for i in range(count) for j in range(i + 1, count)]
    found: set[tuple[int, int]] = set()
    while len(found) < PAIRS:
        i, j = sorted(rng.choice(count, 2, replace=False).tolist())
        found.add((i, j))
    return sorted(found)


def _drawn(population: Population, rng: np.random.Generator) -> Vector:
    return {name: rng.choice(array.ravel(), array.shape[1:]) for name, array in population.arrays.items()}


def _features(population: Population) -> tuple[np.ndarray, int]:
    """The contraction of each network over `2^exponent`, and that exponent."""
    found = sorted_entries(population.space, population.arrays)
    exponent = size_of([found])
    return np.ldexp(found, -exponent), exponent


def _projected(features: np.ndarray) -> np.ndarray:
    """`[n, DIRECTIONS]`: on orthonormal directions in which a sample of the population is widest; no distance grows."""
    if features.shape[1] <= DIRECTIONS:
        return features
    sample = features[:: max(1, len(features) // 200)]
    _, _, directions = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)
    return features @ directions[:DIRECTIONS].T
