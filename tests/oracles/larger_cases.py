"""Small nets with ties, their moved copies, and exact invariants that share nothing with the oracles: what acceptance and tests ask.

Entries are quarters, elements dyadic with small numbers, so that every sum below is exact in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
import torch

from orbitcheck import WeightSpace, conv_net, mlp, recurrent, residual_mlp, transformer_block
from orbitcheck.extending import lora, residual, transformer
from orbitcheck.harness.weights.batch import Weights
from orbitcheck.harness.weights.groups import Group, group
from orbitcheck.harness.weights.symmetry import act, random_elements

Net = dict[str, np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A space with a group, and numbers that are the same all over an orbit: exact, and apart from the oracles."""

    space: WeightSpace
    name: str
    invariants: Callable[[Net], tuple[bytes, ...]]
    sizes: bool = False
    """Whether the group changes signs and sizes alone, so that the same polynomials of absolute values are invariant too."""

    @property
    def group(self) -> Group:
        return group(self.space, self.name)

    def told(self, v: Net) -> tuple[bytes, ...]:
        found = self.invariants(v)
        return (*found, *self.invariants({n: np.abs(a) for n, a in v.items()})) if self.sizes else found


def _bytes(*arrays: np.ndarray) -> tuple[bytes, ...]:
    return tuple((np.ascontiguousarray(a, dtype=float) + 0.0).tobytes() for a in arrays)


def _chain(v: Net) -> tuple[bytes, ...]:
    """Of layers without their activation: all products of matrices from an input or a bias to the outputs."""
    last = max(int(n[1:]) for n in v if n[0] == "b")
    whole = np.eye(len(v[f"b{last}"]))
    found = []
    for layer in range(last, 0, -1):
        found.append(whole @ v[f"b{layer}"])
        weight = v[f"W{layer}"] if f"W{layer}" in v else v[f"C{layer}"]
        whole = whole @ weight.reshape(*weight.shape[:2])
    return _bytes(*found, whole)


def _memory(v: Net) -> tuple[bytes, ...]:
    whole, found = v["W2"], [v["b2"]]
    for _ in range(4):
        found += [whole @ v["W1"], whole @ v["b1"]]
        whole = whole @ v["R1"]
    return _bytes(*found)


def _stream(v: Net) -> tuple[bytes, ...]:
    blocks = [int(n[1:]) for n in v if n[0] == "A"]
    steps = [v["U"], v["u"][:, None], *(v[f"b{k}"][:, None] for k in blocks)]
    steps += [v[f"B{k}"] @ v[f"a{k}"][:, None] for k in blocks]
    inner = [v[f"B{k}"] @ v[f"A{k}"] for k in blocks]
    return _bytes(v["c"], *(v["V"] @ s for s in steps), *(v["V"] @ m @ s for m in inner for s in steps))


def _gram(v: Net) -> tuple[bytes, ...]:
    """Of a stream under orthogonal maps: inner products too, whatever the order of hidden indices."""
    steps = [
        v["U"],
        v["u"][:, None],
        v["b1"][:, None],
        v["B1"] @ v["a1"][:, None],
        v["V"].T,
        v["A1"].T @ v["a1"][:, None],
    ]
    return (*_stream(v), *_bytes(*(s.T @ t for s in steps for t in steps)))


def _adapters(v: Net) -> tuple[bytes, ...]:
    pairs = range(1, 1 + len(v) // 2)
    ranks = [[np.linalg.matrix_rank(v[f"{x}{k}"]) for x in "AB"] for k in pairs]
    return _bytes(*(v[f"B{k}"] @ v[f"A{k}"] for k in pairs), np.array(ranks))


def _attention(v: Net) -> tuple[bytes, ...]:
    heads = []
    for h in range(len(v["WQ"])):
        asked = np.column_stack([v["WQ"][h], v["bQ"][h]])
        keys = np.column_stack([v["WK"][h], v["bK"][h]])
        held = np.column_stack([v["WV"][h], v["bV"][h]])
        heads.append(np.concatenate([(asked.T @ keys).ravel(), (v["WO"][:, h] @ held).ravel()]).tolist())
    return _bytes(np.array(sorted(heads)), v["W2"] @ v["W1"], v["W2"] @ v["b1"], v["bO"], v["b2"])


def _members(v: Net) -> tuple[bytes, ...]:
    """Of grouped heads: what each member asks of its head's keys, whatever the order of members and heads; the stream is permuted."""
    heads = []
    for h in range(len(v["WK1"])):
        keys = np.column_stack([v["WK1"][h].sum(1), v["bK1"][h]])
        held = np.column_stack([v["WV1"][h].sum(1), v["bV1"][h]])
        members = [
            [*(np.column_stack([q.sum(1), b]).T @ keys).ravel().tolist(), *(o.sum(0) @ held).tolist()]
            for q, b, o in zip(v["WQ1"][h], v["bQ1"][h], v["WO1"][:, h].swapaxes(0, 1), strict=True)
        ]
        heads.append(sorted(members))
    ends = v["V"] @ v["U"], v["V"] @ v["u"], v["V"].sum(1) * v["bO1"].sum(), v["c"], v["W21"].sum(0) @ v["b11"]
    return _bytes(np.array(sorted(heads)), *map(np.asarray, ends))


def _rotary(v: Net) -> tuple[bytes, ...]:
    """Of rotary keys: complex products of queries and keys at every pair of places, summed over the stream, which is permuted."""
    half, heads = v["WQ1"].shape[1] // 2, []
    for h in range(len(v["WQ1"])):
        q, k, bq, bk = (v[f"{n}1"][h][:half] + 1j * v[f"{n}1"][h][half:] for n in ("WQ", "WK", "bQ", "bK"))
        sums = [
            (q * k.conj()).sum(1),
            q.sum(1) * k.sum(1).conj(),
            bq * bk.conj(),
            bq * k.sum(1).conj(),
            q.sum(1) * bk.conj(),
        ]
        held = v["WO1"][:, h].sum(0) @ np.column_stack([v["WV1"][h].sum(1), v["bV1"][h]])
        heads.append([*np.concatenate(sums).view(float).tolist(), *held.tolist()])
    ends = v["V"] @ v["U"], v["V"] @ v["u"], v["c"], v["W21"].sum(0) @ v["W11"].sum(1), v["W21"].sum(0) @ v["b11"]
    return _bytes(np.array(sorted(heads)), *map(np.asarray, ends))


KINDS = {
    "mlp, scales": Kind(mlp(2, 3, 3, 1), "permutation+scale", _chain, True),
    "mlp, signs": Kind(mlp(2, 3, 3, 1, activation="tanh"), "permutation+sign", _chain, True),
    "convolutions, scales": Kind(conv_net(1, 3, 2, 2, kernel=1), "permutation+scale", _chain, True),
    "convolutions, signs": Kind(conv_net(1, 3, 2, 2, kernel=1, activation="tanh"), "permutation+sign", _chain, True),
    "recurrent, scales": Kind(recurrent(1, 3, 1, activation="relu"), "permutation+scale", _memory, True),
    "recurrent, signs": Kind(recurrent(1, 3, 1), "permutation+sign", _memory, True),
    "adapters, gl": Kind(lora((3, 2), (2, 3), rank=2).space, "gl", _adapters),
    "stream, gl": Kind(residual_mlp(1, 2, (2, 2), 1, activation="gelu"), "gl", _stream),
    "stream, scales": Kind(residual_mlp(1, 3, (2, 2), 1), "permutation+scale", _stream),
    "stream, orth": Kind(residual(1, 3, (2,), 1, norm="rms", activation="gelu").space, "orth", _gram),
    "attention, rotary": Kind(transformer(1, 2, 2, 4, 2, 2, 1, rotary=True).space, "gl", _rotary),
    "attention, gl": Kind(transformer_block(2, 2, 2, 2, 2), "gl", _attention),
    "grouped heads, gl": Kind(transformer(1, 2, 2, 2, 2, 1, 1, per_group=2).space, "gl", _members),
}


def drawn(space: WeightSpace, rng: np.random.Generator) -> Net:
    """Quarters; or few values, zeros among them, so that indices tie and ranks fall."""
    if rng.random() < 0.5:
        return {n: rng.integers(-8, 9, s) / 4 for n, s in space.shapes.items()}
    few = rng.choice((-1.0, 0.0, 0.5, 1.0), 3, replace=False)
    return {n: rng.choice(few, s) for n, s in space.shapes.items()}


def moved(kind: Kind, v: Net, rng: np.random.Generator) -> Net:
    """A copy moved by a random exact element."""
    batch = Weights(kind.space, {n: torch.from_numpy(np.array(a))[None, ..., None] for n, a in v.items()})
    g = random_elements(kind.group, 1, rng, reach=2)[0]
    return {n: t[0, ..., 0].numpy() for n, t in act(g, batch).items()}


def changed(v: Net, rng: np.random.Generator) -> Net:
    """One entry moved by a quarter, or its sign turned."""
    w = {n: np.array(a) for n, a in v.items()}
    name = list(w)[rng.integers(len(w))]
    place = rng.integers(w[name].size)
    w[name].flat[place] = -w[name].flat[place] if rng.random() < 0.3 else w[name].flat[place] + 0.25
    return w


def signed_group(space: WeightSpace) -> Iterator[dict[str, tuple[tuple[int, ...], tuple[float, ...]]]]:
    """All permutations with all signs of every permuted axis."""
    choices = [
        [
            (axis, (images, signs))
            for images in permutations(range(space.size[axis]))
            for signs in product((-1.0, 1.0), repeat=space.size[axis])
        ]
        for axis in space.permuted
    ]
    for picked in product(*choices):
        yield dict(picked)


def by_signs(space: WeightSpace, v: Net, g: dict[str, tuple[tuple[int, ...], tuple[float, ...]]]) -> Net:
    """`g v`, one axis after the other; a sign is its own inverse, so places do not matter."""
    w = {}
    for name, axes in space.tensors:
        array = v[name]
        for place, axis in enumerate(axes):
            if axis in g:
                images, signs = g[axis]
                array = array.take(images, axis=place)
                array = array * np.reshape(signs, (-1, *[1] * (array.ndim - 1 - place)))
        w[name] = array
    return w
