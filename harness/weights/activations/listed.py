"""What is known of an activation, and the activations with exact arithmetic.

Law: where `slopes` are given, `phi(z) = a z` below zero and `b z` above, so that `phi(t z) = t phi(z)` for positive t; those with a
`formula` are real-analytic everywhere and zero at zero; of the others (`further.py`) the values of tensors alone are known. No torch until
a tensor is activated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import pi
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Activation:
    """One activation phi.

    Args:
        tensors: phi on tensors of any floating dtype.
        slopes: a and b, below and above zero, if phi is piecewise linear; denominators are powers of two.
        formula: `(functions, z) -> phi(z)` if it is not: the one definition that floats, high precision and intervals share;
            `functions` has exp, sin, tanh, erf and sqrt (numpy's, mpmath's, ...).
        vanishes: `phi(0) = 0`; so it is wherever there are slopes or a formula.
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
    vanishes: bool = True

    def __post_init__(self) -> None:
        if self.slopes is not None and self.formula is not None:
            raise ValueError("an activation has either slopes or a formula")

    @property
    def opaque(self) -> bool:
        """Neither slopes nor a formula: no exact arithmetic is known, and no rule but what holds for every function of one number."""
        return self.slopes is None and self.formula is None

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


def _leaky_relu(z: torch.Tensor, slope: float) -> torch.Tensor:
    from torch.nn import functional

    return functional.leaky_relu(z, slope)


def _gelu(z: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    return functional.gelu(z)


def _silu(z: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    return functional.silu(z)


def sine(omega: float) -> Activation:
    """`sin(omega z)`, omega > 0 and not 1; half a turn is pi over omega. Values of tensors alone are known: bounds of the exact
    arithmetic rest on slopes of about one."""
    return Activation(lambda z: (omega * z).sin(), odd=True, half_turn=pi / omega)


LEAKY_SLOPE = 2.0**-6
"""Slope of the leaky ReLU below zero: exact in binary, so that exact networks stay exact."""


def leaky(slope: float) -> Activation:
    """The leaky ReLU of a slope, which is the rational that the float is."""
    return _bent(Fraction(slope), 1, partial(_leaky_relu, slope=slope))


LISTED: Mapping[str, Activation] = {
    "relu": _bent(0, 1, lambda z: z.relu()),
    "leaky-relu": leaky(LEAKY_SLOPE),
    "abs": _bent(-1, 1, lambda z: z.abs()),
    "identity": _bent(1, 1, lambda z: z),
    "tanh": Activation(lambda z: z.tanh(), formula=lambda f, z: f.tanh(z), odd=True),
    "sine": Activation(lambda z: z.sin(), formula=lambda f, z: f.sin(z), odd=True, half_turn=pi),
    "gelu": Activation(_gelu, formula=lambda f, z: z * (1 + f.erf(z / f.sqrt(2))) / 2, skew=Fraction(1)),
    "silu": Activation(_silu, formula=lambda f, z: z / (1 + f.exp(-z)), skew=Fraction(1)),
}
"""As weight spaces name them."""
