"""`flat-mlp`: an MLP on the flattened weight vector. A control that breaks the symmetry and must be seen to."""

from __future__ import annotations

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, mlp_head


@register("flat-mlp", symmetry="none", power="unknown", modes=("eval", "train"), spaces="any", paper="control")
class FlatMLP(nn.Module):
    """`MLP(flat(v))`: neither invariant nor equivariant, since every coordinate has weights of its own.

    Args:
        space: any weight space.
        output: `[batch, dim]`, or as many channels per entry.
        channels, depth: width and number of the hidden layers, at least 1 each.

    Raises:
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 64, depth: int = 2
    ) -> None:
        super().__init__()
        self.space, self.output = space, output
        per_vector = output.dim if isinstance(output, Invariant) else space.parameters * output.channels
        self.network = mlp_head(space.parameters, channels, per_vector, depth)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        answer = self.network(v.flat())
        return answer if isinstance(self.output, Invariant) else Weights.from_flat(self.space, answer)
