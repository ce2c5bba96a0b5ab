"""What the controls share: plain MLPs, and the two heads that follow a pooled summary of a weight vector."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported
from ..harness.weights.batch import Weights
from ..harness.weights.realisation import Realisation, realisation
from ..harness.weights.space import SpaceError, WeightSpace


def check_size(option: str, value: int) -> None:
    """Raises ValueError unless the option is at least 1."""
    if value < 1:
        raise ValueError(f"{option}={value}; allowed: integers of at least 1")


def check_input(space: WeightSpace, v: Weights) -> None:
    """Raises SpaceError unless `v` are plain weight vectors (one channel) of the space that the network was built for."""
    if v.space != space:
        raise SpaceError(f"got weights of {v.space}; this network was built for {space}")
    if v.channels != 1:
        raise SpaceError(f"got weights with {v.channels} channels; this network takes plain weight vectors, with 1")


def demand_function(name: str, space: WeightSpace, output: Invariant | Equivariant) -> tuple[Realisation, int]:
    """`f_v` of the space, for networks that look at it alone, and the size of their output.

    Raises:
        Unsupported: its function is not known; an equivariant output, which no function of `f_v` alone is.
    """
    if isinstance(output, Equivariant):
        raise Unsupported(f"{name} reads the function alone, which does not say which neuron is which")
    try:
        return realisation(space), output.dim
    except SpaceError as reason:
        raise Unsupported(f"{name} runs the network; {reason}") from None


class _Asinh(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor) -> torch.Tensor:
        size = x.abs()
        return torch.addcmul(size, size, size / (torch.hypot(x, x.new_ones(())) + 1)).log1p().copysign(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        return gradient / torch.hypot(x, x.new_ones(()))

    jvp = backward  # type: ignore[assignment]


def asinh(x: torch.Tensor) -> torch.Tensor:
    """`asinh x = sign(x) log(1 + |x| + x^2 / (1 + sqrt(1 + x^2)))`, to rounding: seven times as fast as torch's own, which takes one number at a time."""
    # A compiler fuses torch's own, and follows no function with a forward derivative of its own.
    if torch.compiler.is_compiling():
        return x.asinh()
    return cast(torch.Tensor, _Asinh.apply(x))


def mlp_head(inputs: int, channels: int, outputs: int, depth: int) -> nn.Sequential:
    """`inputs -> channels -> ... -> outputs` with `depth` hidden layers, GELU after each; acts on the last axis.

    Weights and biases keep torch's uniform initialisation: a density, with no parameter at an exact zero.

    Raises:
        ValueError: no hidden layer or no channel.
    """
    check_size("channels", channels)
    check_size("depth", depth)
    widths = [inputs] + [channels] * depth
    hidden = [layer for before, after in pairwise(widths) for layer in (nn.Linear(before, after), nn.GELU())]
    return nn.Sequential(*hidden, nn.Linear(channels, outputs))


class EntryMLP(nn.Module):
    """`MLP([entry, s])` for every entry of one tensor, with `s` the same for all of them: equivariant.

    The first layer is held in two parts, one for the entry and one for `s`: each starts at the scale of its own fan-in,
    lest one entry drown in a long summary, and `s` is multiplied once a weight vector and not once an entry.
    """

    def __init__(self, pooled: int, channels: int, outputs: int, depth: int):
        super().__init__()
        self.rest = mlp_head(channels, channels, outputs, depth)[1:]
        self.entry = nn.Linear(1, channels, bias=False)
        self.summary = nn.Linear(pooled, channels)

    def forward(self, tensor: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """`[batch, *axes, 1]` and `[batch, pooled]` -> `[batch, *axes, outputs]`."""
        around = self.summary(pooled)
        return self.rest(self.entry(tensor) + around.view(len(tensor), *[1] * (tensor.ndim - 2), -1))


class PooledHead(nn.Module):
    """From a summary `s` of `v` that the group leaves alone: `MLP(s)`, or for each tensor an `EntryMLP` beside `s`.

    Args:
        space: of the weight vectors.
        output: which of the two forms.
        pooled: length of the summary.
        channels, depth: width and number of the hidden layers.
    """

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, pooled: int, channels: int, depth: int):
        super().__init__()
        self.output = output
        if isinstance(output, Invariant):
            self.summary = mlp_head(pooled, channels, output.dim, depth)
        else:
            self.entries = nn.ModuleList(EntryMLP(pooled, channels, output.channels, depth) for _ in space.tensors)

    def forward(self, v: Weights, pooled: torch.Tensor) -> torch.Tensor | Weights:
        """`v` with one channel and its summaries `[batch, pooled]` -> `[batch, dim]` or Weights."""
        if isinstance(self.output, Invariant):
            return self.summary(pooled)
        answers = zip(v.items(), self.entries, strict=True)
        return Weights(v.space, {name: network(tensor, pooled) for (name, tensor), network in answers})
