"""Planted editors that answer in a frame of their own: the functions of their edits keep a law that the tensors do not, and ways to break it.

`Framed` is `Products` whose edits have their hidden neurons multiplied by positive numbers, in and out: under ReLU the function stays what
it is, and what the numbers are made of moves with factors, so that tensors do not move as declared.
"""

from __future__ import annotations

import torch

from ...weights.batch import Weights
from .networks import Tensors
from .rescaling import Products


def reframed(tensors: Tensors, layer: int, by: torch.Tensor, out: torch.Tensor) -> Tensors:
    """Neurons of one hidden layer with what comes in multiplied by `by`, and what goes out divided by `out`, each `[batch, n, channels]`."""
    coming, bias, going = f"W{layer}", f"b{layer}", f"W{layer + 1}"
    return {
        **tensors,
        coming: tensors[coming] * by.unsqueeze(2),
        bias: tensors[bias] * by,
        going: tensors[going] / out.unsqueeze(1),
    }


class Framed(Products):
    """`f_{phi(g v)} = f_{phi(v)}`: neurons of edits are multiplied by what is read of their biases."""

    uneven = False

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        size = 1.0 if self.uneven else self.flaw.size
        for layer in range(1, len(v.space.widths) - 1):
            read = v.biases[layer - 1].tanh()
            by = (size * read).exp()
            tensors = reframed(tensors, layer, by, by * (1 + self.flaw.size * read) if self.uneven else by)
        return tensors


class Uneven(Framed):
    """What goes out is divided by other numbers than what comes in was multiplied by."""

    uneven = True


class Listed(Products):
    """`f_{phi(g v)} = f_{phi(v)}`: neurons of edits are listed by their biases, the smallest first, whatever their order in v."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        for layer in range(1, len(v.space.widths) - 1):
            order = tensors[f"b{layer}"].argsort(1)
            coming, bias, going = f"W{layer}", f"b{layer}", f"W{layer + 1}"
            tensors = {
                **tensors,
                coming: tensors[coming].take_along_dim(order.unsqueeze(2), 1),
                bias: tensors[bias].take_along_dim(order, 1),
                going: tensors[going].take_along_dim(order.unsqueeze(1), 2),
            }
        return tensors


class HalfListed(Products):
    """Biases are listed by size, and weights are left where they were."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        layer = self.flaw.in_layer(v.space)
        return {**tensors, f"b{layer}": tensors[f"b{layer}"].sort(1).values}
