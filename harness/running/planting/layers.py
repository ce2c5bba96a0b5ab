"""Planted linear layers: the mean of a free matrix over the group, which is every equivariant map, and the ways to lose some."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import torch
from torch import nn

from ...weights.batch import Weights
from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement, act
from .networks import Sound

Map = tuple[torch.Tensor, torch.Tensor]
"""A matrix `[entries, entries]` and a constant `[entries]`."""


class MeanOverGroup(nn.Module):
    """The means of `g A g^-1` and of `g b` over the group: all equivariant affine maps, of one channel, for groups of a few elements.

    Args:
        change: what is done to them before they are used.
    """

    def __init__(self, space: WeightSpace, change: Callable[[torch.Tensor, torch.Tensor], Map]):
        super().__init__()
        entries = space.parameters
        self.matrix, self.constant = (nn.Parameter(torch.randn(shape)) for shape in ((entries, entries), (entries,)))
        self.change = change
        here = Weights.from_flat(space, torch.arange(entries, dtype=torch.float64)[None])
        images = product(*(permutations(range(space.size[axis])) for axis in space.permuted))
        group = [GroupElement(tuple(zip(space.permuted, each, strict=True))) for each in images]
        self.moves = [act(g, here).flat()[0].long() for g in group]

    def forward(self, v: Weights) -> Weights:
        matrix = torch.stack([self.matrix[move][:, move] for move in self.moves]).mean(0)
        constant = torch.stack([self.constant[move] for move in self.moves]).mean(0)
        matrix, constant = self.change(matrix, constant)
        return Weights.from_flat(v.space, v.flat() @ matrix.T + constant)


class WithLayer(Sound):
    """The sound network, with a linear layer to show."""

    @classmethod
    def linear_layer(cls, space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        return MeanOverGroup(space, cls.change)

    @classmethod
    def change(cls, matrix: torch.Tensor, constant: torch.Tensor) -> Map:
        return matrix, constant


class NoConstants(WithLayer):
    @classmethod
    def change(cls, matrix: torch.Tensor, constant: torch.Tensor) -> Map:
        return matrix, 0 * constant


class DeafToOneTensor(WithLayer):
    """Nothing hears of the last tensor."""

    @classmethod
    def change(cls, matrix: torch.Tensor, constant: torch.Tensor) -> Map:
        return torch.cat([matrix[:, :-1], 0 * matrix[:, -1:]], 1), constant


class TiedMaps(WithLayer):
    """Every block is there, but an entry of the map is a multiple of another."""

    @classmethod
    def change(cls, matrix: torch.Tensor, constant: torch.Tensor) -> Map:
        last = torch.zeros_like(matrix)
        last[-1, -1] = cls.flaw.size * matrix[0, 0] - matrix[-1, -1]
        return matrix + last, constant


class OneEntry(WithLayer):
    """One entry of the map is larger for one neuron, by number."""

    @classmethod
    def change(cls, matrix: torch.Tensor, constant: torch.Tensor) -> Map:
        larger = torch.zeros_like(matrix)
        larger[cls.flaw.entry, 0] = cls.flaw.size
        return matrix + larger, constant
