"""`stats` (Unterthiner et al. 2020): statistics of every tensor, then an MLP. A control that is weaker than 1-WL."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import PooledHead, check_input

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@register(
    "stats",
    symmetry="permutation",
    power="below-1-wl",
    modes=("eval", "train"),
    spaces="any",
    paper="Unterthiner et al. 2020, arXiv 2002.11448",
)
class Stats(nn.Module):
    """`MLP(statistics(v))`, or per entry `MLP([entry, statistics(v)])`; the statistics see each tensor as a multiset.

    Which entry belongs to which neuron is forgotten, so this separates less than one round of refinement does.

    Args:
        space: any weight space.
        output: invariant or equivariant.
        channels, depth: width and number of the MLP's hidden layers, at least 1 each.

    Raises:
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 64, depth: int = 2
    ) -> None:
        super().__init__()
        self.space = space
        self.head = PooledHead(space, output, len(space.tensors) * (2 + len(QUANTILES)), channels, depth)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        return self.head(v, torch.cat([statistics(tensor.flatten(1)) for _, tensor in v.items()], dim=1))


def statistics(entries: torch.Tensor) -> torch.Tensor:
    """Mean, variance (divisor n) and quantiles of each row, the same bits in whatever order the entries stand.

    The sums run over the sorted entries. The variance is the mean squared deviation, never a difference of two sums, and
    its root is not taken: at ties that would turn rounding into half the digits.

    Args:
        entries: `[batch, n]`.

    Returns:
        `[batch, 2 + len(QUANTILES)]`; quantiles between two entries are interpolated.
    """
    ranked = entries.sort(dim=1).values
    mean = ranked.mean(dim=1, keepdim=True)
    columns = [mean, (ranked - mean).square().mean(dim=1, keepdim=True)]
    for quantile in QUANTILES:
        position = quantile * (ranked.shape[1] - 1)
        low, high = math.floor(position), math.ceil(position)
        columns.append(torch.lerp(ranked[:, low, None], ranked[:, high, None], position - low))
    return torch.cat(columns, dim=1)
