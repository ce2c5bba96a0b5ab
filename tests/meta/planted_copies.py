"""Populations of networks with planted copies of every kind, and what was planted: the truth that `duplicates` is held to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orbitcheck import Weights, WeightSpace, act, group, random_elements
from orbitcheck.harness.weights.symmetry import generic_elements

Vector = dict[str, np.ndarray]


@dataclass(frozen=True)
class Planted:
    """Networks, shuffled; `origin[i]` is the fresh network that network i was made of, `kinds[i]` how ("fresh" for itself)."""

    space: WeightSpace
    nets: list[Vector]
    origin: list[int]
    kinds: list[str]

    @property
    def truth(self) -> set[tuple[int, ...]]:
        """The groups of two and more."""
        groups: dict[int, list[int]] = {}
        for net, origin in enumerate(self.origin):
            groups.setdefault(origin, []).append(net)
        return {tuple(group) for group in groups.values() if len(group) > 1}


def population(space: WeightSpace, fresh: int, each: int, seed: int) -> Planted:
    """`fresh` Gaussian networks and `each` copies of every kind, each kind of its own networks."""
    rng = np.random.default_rng(seed)
    nets = [{name: rng.standard_normal(s) / np.sqrt(s[-1]) for name, s in space.shapes.items()} for _ in range(fresh)]
    origin, kinds = list(range(fresh)), ["fresh"] * fresh
    bases = rng.permutation(fresh)[: each * len(CHANGES)].reshape(len(CHANGES), each).tolist()
    for (kind, change), own in zip(CHANGES.items(), bases, strict=True):
        for base in own:
            if kind == "dead":
                nets[base]["W2"][:, 0] = 0.0
            if kind == "doubled":
                nets[base]["W1"][0], nets[base]["b1"][0] = nets[base]["W1"][1], nets[base]["b1"][1]
            nets.append(change(space, nets[base], rng))
            origin.append(base)
            kinds.append(kind)
    order = rng.permutation(len(nets)).tolist()
    place = {net: position for position, net in enumerate(order)}
    return Planted(space, [nets[i] for i in order], [place[origin[i]] for i in order], [kinds[i] for i in order])


def _copied(space, v, rng):
    return {name: array.copy() for name, array in v.items()}


def _permuted(space, v, rng):
    return act(random_elements(space, 1, rng)[0], Weights.from_arrays(space, [v])).arrays()


def _symmetry(space):
    return group(space, "permutation+sign" if space.activation in ("tanh", "sine") else "permutation+scale")


def _scaled(space, v, rng):
    return act(random_elements(_symmetry(space), 1, rng)[0], Weights.from_arrays(space, [v])).arrays()


def _rounded(space, v, rng):
    return act(generic_elements(_symmetry(space), 1, rng)[0], Weights.from_arrays(space, [v])).arrays()


def _dead(space, v, rng):
    v = _copied(space, v, rng)
    v["W1"][0], v["b1"][0] = rng.standard_normal(v["W1"][0].shape), rng.standard_normal()
    return _permuted(space, v, rng)


def _doubled(space, v, rng):
    """Neurons 0 and 1 are the same: what goes out may be shared in any way that sums up exactly."""
    v = _copied(space, v, rng)
    v["W2"][:, 0], v["W2"][:, 1] = 0.0, v["W2"][:, 0] + v["W2"][:, 1]
    return _permuted(space, v, rng)


def _near(space, v, rng):
    return {name: array + 1e-4 * rng.standard_normal(array.shape) for name, array in _permuted(space, v, rng).items()}


CHANGES = {
    "identical": _copied, "permuted": _permuted, "scaled": _scaled, "rounded": _rounded, "dead": _dead, "doubled": _doubled,
    "near": _near,
}  # fmt: skip
