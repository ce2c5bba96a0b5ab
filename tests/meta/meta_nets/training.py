"""Equivariant as built; broken as soon as training moves what was built as zero, one, or all the same."""

from __future__ import annotations

from copy import deepcopy

import torch
from meta_nets.base import Editor, Net, index, inside
from torch import nn

from orbitcheck import register


@register("zero-table")
class ZeroTable(Net):
    """A learned embedding of hidden neurons that starts at zero."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.table = nn.ParameterList(nn.Parameter(torch.zeros(n, channels)) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + self.table[i])


@register("zero-gate")
class ZeroGate(Net):
    """Numbers of neurons behind one gate that starts closed."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.gate = nn.Parameter(torch.zeros(()))

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + self.gate * index(x)))


@register("one-way-gate")
class OneWayGate(ZeroGate):
    """The gate opens in one direction only: descent along one sign of the loss never finds it."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + self.gate.clamp(min=0) * index(x)))


@register("zero-last-layer")
class ZeroLastLayer(Editor):
    """A branch of positions that ends in a layer of zeros, as adapters do; editing networks."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.table = nn.ParameterList(nn.Parameter(torch.randn(n, channels)) for n in self.widths[1:-1])
        self.zero = nn.Linear(channels, channels)
        nn.init.zeros_(self.zero.weight)
        nn.init.zeros_(self.zero.bias)

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + self.zero(self.table[i]))


@register("low-rank-table")
class LowRankTable(Net):
    """The same with two factors, one of them zero, as in LoRA."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.down_factor = nn.ParameterList(nn.Parameter(torch.randn(n, 2)) for n in self.widths[1:-1])
        self.up_factor = nn.Parameter(torch.zeros(2, channels))

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + self.down_factor[i] @ self.up_factor))


@register("layer-norm-of-positions")
class LayerNormOfPositions(Net):
    """LayerNorm over neurons and channels at once, whose gains and shifts belong to neurons."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.norms = nn.ModuleList(nn.LayerNorm([n, channels]) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: self.norms[i](x))


@register("scale-of-neurons")
class ScaleOfNeurons(Net):
    """A log-scale for every hidden neuron, zero at first."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.log_scale = nn.ParameterList(nn.Parameter(torch.zeros(n, 1)) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * self.log_scale[i].exp())


@register("mixing-from-identity")
class MixingFromIdentity(Net):
    """Mixes neurons by a learned matrix that starts as the identity."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.mix = nn.ParameterList(nn.Parameter(torch.eye(n)) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: self.mix[i] @ x)


@register("pooling-by-position")
class PoolingByPosition(Net):
    """A softmax over positions with learned logits, all equal at first: a mean until it learns."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.logits = nn.ParameterList(nn.Parameter(torch.zeros(n, 1)) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + (self.logits[i].softmax(0) * x).sum(1, keepdim=True))


@register("copies-of-one")
class CopiesOfOne(Net):
    """Each hidden neuron is read by a layer of its own; all are copies of one."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        one = nn.Linear(channels, channels)
        self.copies = nn.ModuleList(nn.ModuleList(deepcopy(one) for _ in range(n)) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: torch.stack([f(x[:, j]) for j, f in enumerate(self.copies[i])], 1))


@register("slow-table")
class SlowTable(ZeroTable):
    """The embedding counts a millionth: it grows slowly, and a violation of 1e-8 is one."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + 1e-6 * self.table[i])


@register("zero-table-at-the-end")
class ZeroTableAtTheEnd(Editor):
    """The table stands behind everything: in the equivariant output's b1 alone."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.table = nn.Parameter(torch.zeros(self.widths[1], output.channels))

    def finish_weights(self, made, v):
        return {**made, "b1": made["b1"] + self.table}


@register("closed-for-good")
class ClosedForGood(Net):
    """Its gate is past the dead end of a ReLU: no training opens it, a re-draw does."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.gate = nn.ParameterList(nn.Parameter(torch.full((n, 1), -0.5)) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + self.gate[i].relu()))
