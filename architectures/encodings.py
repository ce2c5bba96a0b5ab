"""Encodings: names for the neurons of a fixed axis, and frozen Fourier features of the weights' values."""

from __future__ import annotations

import math

import torch
from torch import nn

POSITIONS = ("sinusoidal", "learned")


def sinusoidal(count: int, frequencies: int = 8) -> torch.Tensor:
    """`[count, 2 * frequencies]`: sines and cosines of octaves of the position in [-1, 1], one row a neuron.

    The lowest frequency is a quarter, so that its sine alone is one-to-one on [-1, 1]; with whole frequencies the first
    and the last neuron would share a code.
    """
    position = torch.linspace(-1, 1, count, dtype=torch.float64) if count > 1 else torch.zeros(1, dtype=torch.float64)
    phase = position[:, None] * (math.pi / 2) * 2.0 ** torch.arange(frequencies, dtype=torch.float64)
    return torch.cat([phase.sin(), phase.cos()], -1)


class PositionCode(nn.Module):
    """A learned vector per neuron of one fixed axis, `[count, channels]`, to be added to what belongs to that neuron.

    Args:
        count: neurons on the axis.
        channels: length of the vectors.
        kind: "sinusoidal": a learned linear map of the code of `sinusoidal`, so that the number of parameters does not
            grow with the axis; "learned": one free vector for each neuron.
    """

    code: torch.Tensor | None

    def __init__(self, count: int, channels: int, kind: str):
        super().__init__()
        if kind == "sinusoidal":
            code = sinusoidal(count).to(torch.get_default_dtype())
            self.register_buffer("code", code)
            self.weight = nn.Parameter(torch.randn(channels, code.shape[1]) * code.shape[1] ** -0.5)
        else:
            self.code = None
            self.weight = nn.Parameter(torch.randn(count, channels) * channels**-0.5)

    def forward(self) -> torch.Tensor:
        """-> `[count, channels]`."""
        return self.weight if self.code is None else nn.functional.linear(self.code, self.weight)


class GaussianFourier(nn.Module):
    """`x -> [sin 2 pi x B, cos 2 pi x B]` on every entry of a one-channel tensor `[..., slots]`: `[..., slots * 2F]`.

    B is a buffer of F normal numbers of the given scale, drawn at construction and frozen. With F = 0 the values
    themselves go on, one channel. `channels` is how many there are behind.

    Raises:
        ValueError: F below zero, or a scale that is not positive.
    """

    B: torch.Tensor

    def __init__(self, frequencies: int, scale: float):
        super().__init__()
        if frequencies < 0:
            raise ValueError(f"fourier={frequencies}; allowed: integers of at least 0")
        if not 0 < scale < math.inf:
            raise ValueError(f"fourier_scale={scale}; allowed: positive numbers")
        self.channels = 2 * frequencies or 1
        self.register_buffer("B", torch.randn(frequencies) * scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[..., slots]` -> `[..., slots * 2F]`; as it is with F = 0."""
        if len(self.B) == 0:
            return x
        phase = 2 * math.pi * x.unsqueeze(-1) * self.B
        return torch.cat([phase.sin(), phase.cos()], -1).flatten(-2)
