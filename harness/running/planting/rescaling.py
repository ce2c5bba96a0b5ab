"""Planted networks under rescalings and changes of sign: a sound one, and the ways to break it on one output alone.

`Products` reads what the network's linear twin computes: `a_l = c_l W_l a_{l-1} + d_l b_l` forward, `y_{l-1} = e_l W_l^T y_l` backward, channel by
channel. Where neurons are multiplied, a goes with them and y against them; a of the last layer is invariant.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ...plugins.architecture import Equivariant, Invariant
from ...weights.batch import Weights
from ...weights.space import WeightSpace
from .networks import CHANNELS, Flaw, Tensors, bias_at


class Products(nn.Module):
    """`phi(g v) = phi(v)` and `g phi(v)` for permutations, positive factors and signs."""

    flaw = Flaw()

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant):
        super().__init__()
        self.space, self.output = space, output
        layers = len(space.widths) - 1
        self.inputs, self.outputs = (nn.Parameter(torch.randn(space.widths[end], CHANNELS)) for end in (0, -1))
        self.up, self.bias, self.down = (nn.Parameter(torch.randn(layers, CHANNELS)) for _ in range(3))
        self.mix = nn.Linear(space.widths[-1] * CHANNELS, CHANNELS)
        if isinstance(output, Invariant):
            self.read = nn.Linear(CHANNELS, output.dim)
        else:
            self.gain = nn.Linear(CHANNELS, 2 * layers * output.channels)
            self.node = nn.Linear(CHANNELS, output.channels, bias=False)
            self.edge = nn.Linear(CHANNELS, output.channels, bias=False)

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        return tensors

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        a = [self.inputs.expand(v.batch, -1, -1)]
        y = [self.outputs.expand(v.batch, -1, -1)]
        for w, b, up, bias in zip(v.weights, v.biases, self.up, self.bias, strict=True):
            a.append(w.squeeze(-1) @ a[-1] * up + b * bias)
        for w, down in zip(v.weights[::-1], self.down, strict=True):
            y.insert(0, w.squeeze(-1).mT @ y[0] * down)
        seen = functional.silu(self.mix(a[-1].flatten(1).tanh()))
        if isinstance(self.output, Invariant):
            return self.finish(self.read(seen), v)
        gains = self.gain(seen).view(v.batch, -1, self.output.channels)
        made: Tensors = {}
        for layer, (w, b) in enumerate(zip(v.weights, v.biases, strict=True), 1):
            joined = a[layer].unsqueeze(2) * y[layer - 1].unsqueeze(1)
            made[f"W{layer}"] = w * gains[:, 2 * layer - 2, None, None] + self.edge(joined)
            made[f"b{layer}"] = b * gains[:, 2 * layer - 1, None] + self.node(a[layer])
        return Weights(v.space, self.finish_weights(made, v, y))


class Magnitudes(Products):
    """How large the biases of a layer are: signs leave it alone, factors do not."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + self.flaw.size * bias_at(v, self.flaw).abs().mean(1, keepdim=True).tanh()


class MeanBias(Products):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + self.flaw.size * bias_at(v, self.flaw).mean(1, keepdim=True).tanh()


class MeanWeight(Products):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + 0.1 * v.weights[1].mean((1, 2)).tanh()


class PointWise(Products):
    """Entries through a curve: no rescaling commutes with it, signs do."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        return {name: tensor.tanh() for name, tensor in tensors.items()}


class Covectors(Products):
    """Biases move against their neurons, as gradients do."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        return {**tensors, "b1": self.node(y[1])}


class CovectorTensor(Products):
    """A little of a covector on one output tensor."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        layer = self.flaw.in_layer(v.space)
        return {**tensors, f"b{layer}": tensors[f"b{layer}"] + self.flaw.size * self.node(y[layer])}


class CurvedTensor(Products):
    """A little of a curve on one output tensor."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        name = f"W{self.flaw.in_layer(v.space)}"
        return {**tensors, name: tensors[name] + self.flaw.size * tensors[name].tanh()}


class Absolute(Products):
    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        return {name: tensor.abs() for name, tensor in tensors.items()}


class ConstantTerm(Products):
    """A head with a constant."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        return {**tensors, "b1": tensors["b1"] + 0.1}


class RectifiedTensor(Products):
    """A little of the absolute value on one output tensor."""

    def finish_weights(self, tensors: Tensors, v: Weights, y: list[torch.Tensor]) -> Tensors:
        name = f"W{self.flaw.in_layer(v.space)}"
        return {**tensors, name: tensors[name] + self.flaw.size * tensors[name].abs()}
