"""Domains by name: the weight vectors on which a declaration holds.

| domain | inside |
|---|---|
| `all` | every weight vector |
| `general-position` | on every permuted axis the vectors of its one-axis tensors are pairwise distinct; for an MLP the biases of each hidden layer |
| `simple-spectrum` | wherever two tensors are factors of a product, along an axis with every invertible matrix, the product's singular values are positive and distinct, and every left singular vector has one largest |entry| |

Values that lie within `GAP` of each other, relative to the largest, count as equal: noise of one ulp is magnified by one over the gap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from ..weights.algebra.kinds import Role
from ..weights.batch import Weights
from ..weights.groups import NotCarried, carried, roles
from ..weights.inputs import general_position

GAP = 2.0**-14


def everywhere(v: Weights) -> torch.Tensor:
    """All weight vectors: `[B]` of True."""
    return torch.ones(v.batch, dtype=torch.bool)


def products(v: Weights) -> list[tuple[np.ndarray, int]]:
    """`[B, n, m]` and the size of the joining axis, of every two tensors that are the factors of a product; other places flattened."""
    try:
        kinds, places = carried(v.space), roles(v.space)
    except NotCarried:
        return []
    found = []
    for axis in v.space.permuted:
        holders = [(name, axes) for name, axes in v.space.tensors if axis in axes]
        role = [places[name][axes.index(axis)] for name, axes in holders]
        if not kinds[axis].kind.maps or kinds[axis].within or set(role) != {Role.IN, Role.OUT} or len(role) != 2:
            continue
        factors = {
            way: np.moveaxis(v.tensors[name].squeeze(-1).detach().cpu().double().numpy(), axes.index(axis) + 1, -1)
            for way, (name, axes) in zip(role, holders, strict=True)
        }
        left, right = (factors[way].reshape(v.batch, -1, v.space.size[axis]) for way in (Role.OUT, Role.IN))
        found.append((left @ right.transpose(0, 2, 1), v.space.size[axis]))
    return found


def simple_spectrum(v: Weights) -> torch.Tensor:
    """Whether each weight vector has products of simple spectrum alone, `[batch]`."""
    inside = np.ones(v.batch, dtype=bool)
    for product, rank in products(v):
        left, values, _ = np.linalg.svd(product)
        if rank > values.shape[1]:
            inside[:] = False  # more columns than a product can have: some are null
            continue
        values, left = values[:, :rank], np.sort(np.abs(left[:, :, :rank]), axis=1)
        inside &= (values[:, -1] > GAP * values[:, 0]) & (values[:, 0] > 0)
        inside &= (values[:, :-1] - values[:, 1:] > GAP * values[:, :1]).all(1)
        if left.shape[1] > 1:
            inside &= (left[:, -1] - left[:, -2] > GAP).all(1)
    return torch.from_numpy(inside)


INSIDE: Mapping[str, Callable[[Weights], torch.Tensor]] = {
    "all": everywhere,
    "general-position": general_position,
    "simple-spectrum": simple_spectrum,
}
