"""The two kinds of output of a network on sorted weight vectors: an invariant vector, or weights of the same space."""

from __future__ import annotations

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant
from ..harness.weights.batch import Weights
from .heads import mlp_head
from .linear import Layout, Sorted, SortedLinear, global_means


class Readout(nn.Module):
    """The last step of DWS and NFN: for `Invariant` an MLP on `g`, all means; for `Equivariant` one more linear layer.

    Args:
        layout: the space and its neuron layers.
        channels: C, of the sorted weight vector that comes in.
        output: what is asked for.
        hidden: width of the MLP's hidden layer.

    `g` holds W_1 pooled over its neurons, W_L pooled over its, inner W_i pooled over both, hidden b_i pooled, and b_L whole
    (with permuted ends everything pooled).
    """

    def __init__(self, layout: Layout, channels: int, output: Invariant | Equivariant, hidden: int):
        super().__init__()
        self.layout = layout
        self.invariant = isinstance(output, Invariant)
        if isinstance(output, Invariant):
            self.head: nn.Module = mlp_head(layout.means * channels, hidden, output.dim, depth=1)
        else:
            self.head = SortedLinear(layout, channels, output.channels)

    def forward(self, s: Sorted) -> torch.Tensor | Weights:
        """`Sorted` with C channels a slot -> `[B, dim]`, or `Weights` with the channels asked for."""
        return self.head(global_means(s)) if self.invariant else self.layout.restore(self.head(s))
