"""Factor pairs: how a weight space holds `U_i [n_i, r_i]` and `V_i [m_i, r_i]`, whose update is `U_i V_i^T`.

Law: where an axis r carries all invertible matrices and joins two tensors, an element acts by `(U A, V A^-T)`. In the LoRA spaces of
`weights/networks/dense.py` U is `B` and V is the transpose of `A`. Axes beside r are fixed and are flattened into rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch

from ...harness.plugins.architecture import Unsupported
from ...harness.weights.algebra.kinds import Role
from ...harness.weights.batch import Weights
from ...harness.weights.groups import NotCarried, carried, roles
from ...harness.weights.space import WeightSpace

Factors = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""`(U_i [B, n_i, r_i], V_i [B, m_i, r_i])` of each pair."""


@dataclass(frozen=True)
class Held:
    """One factor as a space holds it: the tensor's name, the place of r in it, rows (all other places) and r."""

    name: str
    place: int
    shape: tuple[int, ...]

    @property
    def rows(self) -> int:
        """n: how many rows the factor has, all places but the rank's flattened."""
        return prod([size for place, size in enumerate(self.shape) if place != self.place])

    @property
    def rank(self) -> int:
        """r."""
        return self.shape[self.place]

    def read(self, v: Weights) -> torch.Tensor:
        """`[B, rows, r]` of weights with one channel."""
        return v.tensors[self.name].squeeze(-1).movedim(self.place + 1, -1).flatten(1, -2)

    def write(self, factor: torch.Tensor) -> torch.Tensor:
        """`[B, rows, r, C]` as the space's own tensor `[B, *shape, C]`."""
        others = [size for place, size in enumerate(self.shape) if place != self.place]
        return factor.unflatten(1, others).movedim(-2, self.place + 1)


@dataclass(frozen=True)
class FactorPairs:
    """The pairs of a space: `(U, V)` of each, in the order of its axes.

    Raises:
        Unsupported (`of`): a space that is not all factor pairs, each along an axis of its own with every invertible matrix.
    """

    space: WeightSpace
    pairs: tuple[tuple[Held, Held], ...]

    @staticmethod
    def of(space: WeightSpace, reader: str) -> FactorPairs:
        """The pairs of a space; `reader` is named where it has others."""
        refusal = Unsupported(f"{reader} reads factor pairs U V^T alone, as of LoRA")
        try:
            kinds, places = carried(space), roles(space)
        except NotCarried:
            raise refusal from None
        pairs, used = [], set()
        for axis in space.permuted:
            holders = [(name, axes) for name, axes in space.tensors if axis in axes]
            held = {
                places[name][axes.index(axis)]: Held(name, axes.index(axis), space.shapes[name])
                for name, axes in holders
                if len(set(axes) & set(space.permuted)) == 1 and axes.count(axis) == 1
            }
            if not kinds[axis].kind.maps or set(held) != {Role.IN, Role.OUT} or len(holders) != 2:
                raise refusal
            pairs.append((held[Role.OUT], held[Role.IN]))
            used |= {name for name, _ in holders}
        if not pairs or used != set(space.axes):
            raise refusal
        return FactorPairs(space, tuple(pairs))

    def read(self, v: Weights) -> Factors:
        """`(U, V)` of each pair, `[B, n, r]` and `[B, m, r]`, of weights with one channel."""
        return [(u.read(v), w.read(v)) for u, w in self.pairs]

    def write(self, factors: Factors) -> Weights:
        """Factors with channels, `[B, n, r, C]` and `[B, m, r, C]`, as weights of the space."""
        written = {
            held.name: held.write(factor)
            for pair, both in zip(self.pairs, factors, strict=True)
            for held, factor in zip(pair, both, strict=True)
        }
        return Weights(self.space, {name: written[name] for name in self.space.axes})


def matrix(rows: int, columns: int) -> torch.nn.Parameter:
    """A learned matrix `[rows, columns]`, its entries of variance 1 / columns."""
    return torch.nn.Parameter(torch.randn(rows, columns) * columns**-0.5)
