"""Violations of a chosen size, or on a chosen share of inputs: what the power of the law's rows is measured with."""

from __future__ import annotations

import torch
from meta_nets.base import Net

from orbitcheck import register


@register("sized")
class Sized(Net):
    """The output grows by a part `size` where the first hidden neuron's bias is the larger one of the first two."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 2, size: float = 1e-6):
        super().__init__(space, output, channels=channels, depth=depth)
        self.size = size

    def forward(self, v):
        result, bias = super().forward(v), v.tensors["b1"][..., 0]
        by = 1 + self.size * (bias[:, 0] > bias[:, 1]).to(v.dtype)
        if isinstance(result, torch.Tensor):
            return result * by.view(-1, 1)
        return result.map(lambda t: t * by.view(-1, *[1] * (t.ndim - 1)))


@register("sometimes")
class Sometimes(Net):
    """Broken in full on a share of all pairs (v, g v): where digits of the entries, weighed by place, fall into it.

    A pair is broken if one of its two members falls into a share s: 1 - (1 - s)^2 of all pairs.
    """

    def __init__(self, space, output, *, channels: int = 12, depth: int = 2, share: float = 0.05):
        super().__init__(space, output, channels=channels, depth=depth)
        self.part = 1 - (1 - share) ** 0.5

    def forward(self, v):
        result = super().forward(v)
        flat = v.flat().detach().double()
        places = torch.arange(1, flat.shape[1] + 1, dtype=torch.float64, device=flat.device)
        digits = ((flat * torch.sin(places)).sum(1) * 1e4).frac().abs()
        hit = (digits < self.part).to(v.dtype)
        if isinstance(result, torch.Tensor):
            return result * (1 + hit.view(-1, 1))
        return result.map(lambda t: t * (1 + hit.view(-1, *[1] * (t.ndim - 1))))
