"""What a suite of one's own names as killers: a network that hears incoming edges alone and claims both directions, and its twin."""

from __future__ import annotations

import torch
from torch import nn

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, register


class Moments(nn.Module):
    """Power sums of two rounds of messages, mixed with random weights."""

    backward = True

    def __init__(self, space, output, *, channels: int = 8, depth: int = 2):
        super().__init__()
        self.depth = depth
        if isinstance(output, Equivariant):
            raise Unsupported("answers with numbers alone")
        assert isinstance(output, Invariant)
        self.mix = nn.Linear(4 * (len(space.widths) - 1) * channels, output.dim)
        self.lift = nn.Parameter(torch.randn(channels))

    def forward(self, v: Weights) -> torch.Tensor:
        hidden = [v.weights[0].new_ones(v.batch, v.space.widths[0], 1)]
        hidden += [torch.tanh(bias + 0.3) for bias in v.biases]
        for _ in range(self.depth):
            new = []
            for layer, own in enumerate(hidden):
                total = own * self.lift
                if layer:
                    total = total + torch.einsum("bnmc,bmd->bnd", v.weights[layer - 1], hidden[layer - 1])
                if layer + 1 < len(hidden) and self.backward:
                    total = total + 0.7 * torch.einsum("bnmc,bnd->bmd", v.weights[layer], hidden[layer + 1])
                new.append(torch.tanh(total))
            hidden = new
        sums = [(each**power).sum(1) for each in hidden[1:] for power in (1, 2, 3, 4)]
        return self.mix(torch.cat(sums, 1))


@register("both-ways", power="1-wl", rounds=lambda depth: (1, depth + 1))
class BothWays(Moments):
    """Keeps what it claims."""


@register("one-way", power="1-wl", rounds=lambda depth: (1, depth + 1))
class OneWay(Moments):
    """Claims the same, and hears forward messages alone."""

    backward = False


@register("by-number", power="1-wl", rounds=lambda depth: (1, depth + 1))
class ByNumber(OneWay):
    """The same, and it breaks the law."""

    def forward(self, v: Weights) -> torch.Tensor:
        return super().forward(v) + v.biases[0][:, :1, 0]
