"""The point-wise activations of networks, and all that is known of them: one entry each, every other module reads it here.

Law: `phi(0) = 0` for every one. Where `slopes` are given, `phi(z) = a z` below zero and `b z` above, so that
`phi(t z) = t phi(z)` for positive t; the others are real-analytic everywhere. No torch until a tensor is activated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import pi
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Activation:
    """One activation phi.

    Args:
        tensors: phi on tensors of any floating dtype.
        slopes: a and b, below and above zero, if phi is piecewise linear; denominators divide 64.
        formula: `(functions, z) -> phi(z)` if it is not: the one definition that floats, high precision and intervals share;
            `functions` has exp, sin, tanh, erf and sqrt (numpy's, mpmath's, ...).
        odd: `phi(-z) = -phi(z)`.
        skew: the c of `phi(-z) = phi(z) - c z`, where there is one.
        half_turn: the h of `phi(z + h) = -phi(z)`, where there is one.
    """

    tensors: Callable[[torch.Tensor], torch.Tensor]
    slopes: tuple[Fraction, Fraction] | None = None
    formula: Callable[[Any, Any], Any] | None = None
    odd: bool = False
    skew: Fraction | None = None
    half_turn: float | None = None

    def __post_init__(self) -> None:
        if (self.slopes is None) == (self.formula is None):
            raise ValueError("an activation has either slopes or a formula")

    @property
    def homogeneous(self) -> bool:
        """`phi(t z) = t phi(z)` for every t > 0."""
        return self.slopes is not None

    @property
    def kinked(self) -> bool:
        """Two slopes that differ; without a kink at zero phi is real-analytic on the whole line."""
        return self.slopes is not None and self.slopes[0] != self.slopes[1]

    @property
    def non_negative(self) -> bool:
        """`phi(z) >= 0` for every z."""
        return self.slopes is not None and self.slopes[0] <= 0 <= self.slopes[1]


def _bent(below: Fraction | int, above: int, tensors: Callable[[torch.Tensor], torch.Tensor]) -> Activation:
    a, b = Fraction(below), Fraction(above)
    return Activation(tensors, slopes=(a, b), odd=a == b, skew=a + b)


def _leaky_relu(z: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    return functional.leaky_relu(z, LEAKY_SLOPE)


def _gelu(z: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    return functional.gelu(z)


def _silu(z: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    return functional.silu(z)


LEAKY_SLOPE = 2.0**-6
"""Slope of the leaky ReLU below zero: exact in binary, so that exact networks stay exact."""

ACTIVATIONS: Mapping[str, Activation] = {
    "relu": _bent(0, 1, lambda z: z.relu()),
    "leaky-relu": _bent(Fraction(LEAKY_SLOPE), 1, _leaky_relu),
    "abs": _bent(-1, 1, lambda z: z.abs()),
    "identity": _bent(1, 1, lambda z: z),
    "tanh": Activation(lambda z: z.tanh(), formula=lambda f, z: f.tanh(z), odd=True),
    "sine": Activation(lambda z: z.sin(), formula=lambda f, z: f.sin(z), odd=True, half_turn=pi),
    "gelu": Activation(_gelu, formula=lambda f, z: z * (1 + f.erf(z / f.sqrt(2))) / 2, skew=Fraction(1)),
    "silu": Activation(_silu, formula=lambda f, z: z / (1 + f.exp(-z)), skew=Fraction(1)),
}
"""As weight spaces name them."""

SLOPES: Mapping[str, tuple[Fraction, Fraction]] = {
    name: activation.slopes for name, activation in ACTIVATIONS.items() if activation.slopes is not None
}
"""Slopes below and above zero of the piecewise-linear ones; exactly these are positively homogeneous."""

HOMOGENEOUS = tuple(SLOPES)
ODD = tuple(name for name, activation in ACTIVATIONS.items() if activation.odd)
KINKED = tuple(name for name, activation in ACTIVATIONS.items() if activation.kinked)
ANALYTIC = tuple(name for name, activation in ACTIVATIONS.items() if not activation.kinked)
