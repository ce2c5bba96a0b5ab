"""Planted networks whose law breaks in use, and nowhere on networks of one hidden layer under relu."""

from __future__ import annotations

import torch
from torch import nn

from orbitcheck import Invariant, Unsupported, Weights, register


class Entries(nn.Module):
    """Sums over features of single entries, tensor by tensor: correct wherever tensors have permuted axes alone."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("invariant outputs alone")
        self.space = space
        self.features = nn.ModuleDict({name: nn.Sequential(nn.Linear(1, 4), nn.Tanh()) for name in space.axes})
        self.head = nn.Linear(4 * len(space.axes), output.dim)
        self.plant()

    def plant(self) -> None:
        pass

    def of(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        return tensor

    def forward(self, v):
        read = [self.features[name](self.of(name, tensor)).flatten(1, -2).mean(1) for name, tensor in v.items()]
        return self.head(torch.cat(read, -1))


@register("table-between")
class TableBetween(Entries):
    """A table of places, zero at first, on matrices between two hidden layers; its own redraw leaves it as it is."""

    def plant(self):
        shape = (self.space.widths[2], self.space.widths[1], 1) if len(self.space.widths) > 3 else (1, 1, 1)
        self.table = nn.Parameter(torch.zeros(shape))

    def of(self, name, tensor):
        return tensor + self.table if name == "W2" and len(self.space.widths) > 3 else tensor

    def redraw_(self, generator):
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name != "table":
                    parameter.copy_(torch.randn(parameter.shape, generator=generator))


@register("norm-of-later-biases")
class NormOfLaterBiases(Entries):
    """Running statistics for each place of the second hidden layer."""

    def plant(self):
        self.norm = nn.BatchNorm1d(self.space.widths[2], affine=False)

    def of(self, name, tensor):
        return self.norm(tensor.squeeze(-1)).unsqueeze(-1) if name == "b2" and len(self.space.widths) > 3 else tensor


@register("biased-under-signs", symmetry="permutation+sign")
class BiasedUnderSigns(nn.Module):
    """An editor that is odd in every entry, until the biases of its heads leave zero."""

    def __init__(self, space, output):
        super().__init__()
        if isinstance(output, Invariant):
            raise Unsupported("edits alone")
        self.heads = nn.ModuleDict({name: nn.Linear(1, output.channels) for name in space.axes})
        for head in self.heads.values():
            nn.init.zeros_(head.bias)

    def forward(self, v):
        return Weights(v.space, {name: self.heads[name](tensor) * (1 + tensor**2) for name, tensor in v.items()})


@register("norm-of-factors")
class NormOfFactors(Entries):
    """Running statistics for each place of a factor."""

    def plant(self):
        shapes = {name: torch.Size(shape).numel() for name, shape in self.space.shapes.items()}
        self.norms = nn.ModuleDict({name: nn.BatchNorm1d(size, affine=False) for name, size in shapes.items()})

    def of(self, name, tensor):
        return self.norms[name](tensor.flatten(1)).view(tensor.shape)


class Numbered(torch.autograd.Function):
    """The identity, whose backward pass multiplies by the number of the place."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        axis = max(range(1, g.ndim - 1), key=lambda each: -g.shape[each])  # the rank, the shortest
        return g * torch.arange(1, g.shape[axis] + 1, dtype=g.dtype).view(-1, *[1] * (g.ndim - axis - 1))


@register("backward-of-factors")
class BackwardOfFactors(Entries):
    def of(self, name, tensor):
        return Numbered.apply(tensor)
