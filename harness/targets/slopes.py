"""Derivatives: of the activations, written out, and of `f_v` with respect to an input, from above.

Law: `slope(v, x, i) = lim (f_v(x + h e_i) - f_v(x)) / h` for h falling to zero, a matter of the function alone. At a kink of one
neuron a derivative by the chain rule would depend on how the function is written (relu(x) - relu(-x) = x); the limit from
above does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch

from ..weights.activations import ACTIVATIONS, HOMOGENEOUS, LEAKY_SLOPE
from ..weights.batch import Weights

Elementwise = Callable[[torch.Tensor], torch.Tensor]


def _density(z: torch.Tensor) -> torch.Tensor:
    """Of the standard normal distribution."""
    return torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)


def _tanh_slope(z: torch.Tensor) -> torch.Tensor:
    return 1 - torch.tanh(z).square()


def _silu_slope(z: torch.Tensor) -> torch.Tensor:
    share = torch.sigmoid(z)
    return share * (1 + z * (1 - share))


def _silu_bend(z: torch.Tensor) -> torch.Tensor:
    share = torch.sigmoid(z)
    return share * (1 - share) * (2 + z * (1 - 2 * share))


class Derivatives(dict[str, Elementwise]):
    """Name -> derivative; of an activation that is not written out, torch's own.

    Args:
        order: of the derivative.
    """

    def __init__(self, written: Mapping[str, Elementwise], order: int):
        super().__init__(written)
        self.order = order

    def __missing__(self, name: str) -> Elementwise:
        phi = ACTIVATIONS[name]
        if phi.slopes is not None:
            below, above = map(float, phi.slopes)
            if self.order > 1:
                return torch.zeros_like
            return lambda z: torch.where(z > 0, z.new_tensor(above), z.new_tensor(below))
        return lambda z: _differentiated(phi.tensors, z, self.order)


def _differentiated(phi: Elementwise, z: torch.Tensor, order: int) -> torch.Tensor:
    with torch.enable_grad():
        at = z if z.requires_grad else z.detach().requires_grad_(True)
        value = phi(at)
        for _ in range(order):
            if not value.requires_grad:
                return torch.zeros_like(z)
            (value,) = torch.autograd.grad(value.sum(), at, create_graph=True)
    return value if z.requires_grad else value.detach()


FIRST: Mapping[str, Elementwise] = Derivatives({
    "relu": lambda z: (z > 0).to(z.dtype),
    "leaky-relu": lambda z: torch.where(z > 0, 1.0, LEAKY_SLOPE).to(z.dtype),
    "abs": torch.sign,
    "identity": torch.ones_like,
    "tanh": _tanh_slope,
    "sine": torch.cos,
    "gelu": lambda z: torch.special.ndtr(z) + z * _density(z),
    "silu": _silu_slope,
}, 1)  # fmt: skip
"""First derivatives; at kinks those that torch's gradients have."""

SECOND: Mapping[str, Elementwise] = Derivatives({
    **dict.fromkeys(HOMOGENEOUS, torch.zeros_like),
    "tanh": lambda z: -2 * torch.tanh(z) * _tanh_slope(z),
    "sine": lambda z: -torch.sin(z),
    "gelu": lambda z: (2 - z.square()) * _density(z),
    "silu": _silu_bend,
}, 2)  # fmt: skip
"""Second derivatives, zero at kinks."""


def slope(v: Weights, x: torch.Tensor, coordinate: int) -> torch.Tensor:
    """The derivative from above with respect to one input coordinate.

    Args:
        v: MLP weights with one channel.
        x: `[points, n_0]`.

    Returns:
        `[batch, points, n_L]`.
    """
    name = v.space.activation
    activation = ACTIVATIONS[name].tensors
    hidden = x.expand(v.batch, *x.shape)
    along = torch.zeros_like(hidden)
    along[..., coordinate] = 1
    for layer, (weight, bias) in enumerate(zip(v.weights, v.biases, strict=True), 1):
        transposed = weight.squeeze(-1).transpose(1, 2)
        hidden = torch.baddbmm(bias.squeeze(-1).unsqueeze(1), hidden, transposed)
        along = torch.bmm(along, transposed)
        if layer < len(v.weights):
            at_kink = (hidden == 0) & (name in HOMOGENEOUS)  # at zero their slope towards z is act(z)
            along = torch.where(at_kink, activation(along), FIRST[name](hidden) * along)
            hidden = activation(hidden)
    return along
