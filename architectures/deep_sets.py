"""`deep-sets`: every tensor as a set of its entries (Zaheer et al. 2017). A control that is weaker than 1-WL."""

from __future__ import annotations

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import PooledHead, check_input, mlp_head


@register(
    "deep-sets",
    symmetry="permutation",
    power="below-1-wl",
    modes=("eval", "train"),
    spaces="any",
    paper="Zaheer et al. 2017, arXiv 1703.06114",
)
class DeepSets(nn.Module):
    """`MLP(s)` or per entry `MLP([entry, s])`, where `s` joins for every tensor the mean of a network over its entries.

    Which entry belongs to which neuron is forgotten, so this separates less than one round of refinement does.

    Args:
        space: any weight space.
        output: invariant or equivariant.
        channels, depth: width and number of the hidden layers, before and after pooling; at least 1 each.

    Raises:
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 32, depth: int = 2
    ) -> None:
        super().__init__()
        self.space = space
        self.entries = nn.ModuleList(mlp_head(1, channels, channels, depth) for _ in space.tensors)
        self.head = PooledHead(space, output, len(space.tensors) * channels, channels, depth)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        pooled = [
            network(tensor.flatten(1).unsqueeze(-1)).mean(dim=1)
            for (_, tensor), network in zip(v.items(), self.entries, strict=True)
        ]
        return self.head(v, torch.cat(pooled, dim=1))
