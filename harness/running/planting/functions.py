"""Planted networks that look at the function of their weights: sound under every group that keeps it, and the ways to break that.

`Reading` evaluates the function at fixed probes. Its vectors are the weights themselves times numbers that it reads, but for tensors that
half turns or shifts move, which it leaves out: differences of weights do not move with them.
"""

from __future__ import annotations

import torch
from torch import nn

from ...plugins.architecture import Equivariant, Invariant
from ...weights.batch import Weights
from ...weights.groups import carried, roles_of
from ...weights.realisation import realisation, realise
from ...weights.space import WeightSpace
from .networks import CHANNELS, Flaw, Tensors

PROBES, EXTENT = 3, 2


class Reading(nn.Module):
    """`phi(g v) = phi(v)` and `g phi(v)` for every g that keeps the function and is among what axes carry."""

    flaw = Flaw()
    probes: torch.Tensor

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant):
        super().__init__()
        self.space, self.output = space, output
        self.register_buffer("probes", torch.randn(PROBES, *realisation(space).input_shape(EXTENT)))
        with torch.no_grad():
            values = realise(Weights(space, {n: torch.zeros(1, *s, 1) for n, s in space.shapes.items()}), self.probes)
        self.read = nn.Linear(values[0].numel(), CHANNELS)
        self.left_out = _moved(space)
        if isinstance(output, Invariant):
            self.out = nn.Linear(CHANNELS, output.dim)
        else:
            self.gain = nn.Linear(CHANNELS, output.channels)

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result

    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        return tensors

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        seen = self.read(realise(v, self.probes).flatten(1).tanh()).tanh()
        if isinstance(self.output, Invariant):
            return self.finish(self.out(seen), v)
        gain = 1 + self.gain(seen) / 4
        made = {
            name: tensor.expand(*tensor.shape[:-1], self.output.channels)
            * (gain.view(v.batch, *[1] * (tensor.ndim - 2), -1) if name not in self.left_out else 0)
            for name, tensor in v.items()
        }
        return Weights(v.space, self.finish_weights(made, v))


def _moved(space: WeightSpace) -> frozenset[str]:
    """Tensors that half turns and shifts add to, and those through which a shift would have to be made up for in one of them."""
    told, kinds = roles_of(space), {axis: factor.kind for axis, factor in carried(space).items()}
    added = {shift.moved for shift in told.shifts if kinds[shift.axis].shifts}
    added |= {name for role in told.axes if kinds[role.axis].turns for name in role.biases}
    through = {
        by for shift in told.shifts for target, by in shift.through if target in added and kinds[shift.axis].shifts
    }
    return frozenset(added | through)


def _entry(v: Weights, flaw: Flaw) -> torch.Tensor:
    """One entry of the first tensor, by number."""
    first = next(iter(v.tensors.values())).flatten(1)
    return first[:, [flaw.entry % first.shape[1]]]


class ReadingEntry(Reading):
    """One entry is read by its number: no group leaves it alone."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + self.flaw.size * _entry(v, self.flaw).tanh()


class ReadingBiases(Reading):
    """Sizes of a tensor that half turns, shifts, factors and linear maps move, and permutations and signs do not."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        moved = next(name for name in ("bV", "u", "b1") if name in v.tensors)
        return result + 0.1 * v.tensors[moved].abs().flatten(1).mean(1, keepdim=True).tanh()


class ReadingAcross(Reading):
    """Keys are compared across heads, number by number: one permutation for all heads does not show."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + 0.1 * v.tensors["bQ"].prod(1).sum(1).tanh()


class ReadingCurved(Reading):
    """A tensor through a curve, which commutes with permutations alone."""

    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        name = next(iter(tensors))
        return {**tensors, name: tensors[name] + 0.1 * v.tensors[name].square().tanh()}


class ReadingEntryOfTensor(Reading):
    """An entry of an output tensor is larger, by its number."""

    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        name = next(iter(tensors))
        factors = torch.ones_like(tensors[name][0]).flatten()
        factors[self.flaw.entry % len(factors)] += self.flaw.size
        return {**tensors, name: tensors[name] * factors.view(tensors[name].shape[1:])}


class ReadingMeans(Reading):
    """An output tensor of attention is mixed with its mean over heads, key by key: one permutation for all heads does not show."""

    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        return {**tensors, "WQ": tensors["WQ"] + 0.1 * tensors["WQ"].mean(1, keepdim=True)}
