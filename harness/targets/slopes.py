"""Derivatives of `f_v` with respect to an input: one-sided ones, so that they are a matter of the function alone.

Law: `slope(v, x, i) = lim (f_v(x + h e_i) - f_v(x)) / h` for h falling to zero. At a kink of one neuron a derivative by the chain
rule would depend on how the function is written (relu(x) - relu(-x) = x); the limit from above does not.
"""

from __future__ import annotations

import torch

from ..realisation import ACTIVATION_FUNCTIONS
from ..weights import Weights

PIECEWISE_LINEAR = ("relu", "leaky-relu", "abs", "identity")
"""Activations with `act(t z) = t act(z)` for positive t: at zero their slope towards z is act(z)."""


def slope(v: Weights, x: torch.Tensor, coordinate: int) -> torch.Tensor:
    """The derivative from above with respect to one input coordinate.

    Args:
        v: MLP weights with one channel.
        x: `[points, n_0]`.

    Returns:
        `[batch, points, n_L]`.
    """
    activation = ACTIVATION_FUNCTIONS[v.space.activation]
    hidden = x.expand(v.batch, *x.shape)
    along = torch.zeros_like(hidden)
    along[..., coordinate] = 1
    for layer, (weight, bias) in enumerate(zip(v.weights, v.biases, strict=True), 1):
        transposed = weight.squeeze(-1).transpose(1, 2)
        hidden = torch.baddbmm(bias.squeeze(-1).unsqueeze(1), hidden, transposed)
        along = torch.bmm(along, transposed)
        if layer < len(v.weights):
            argument = hidden
            hidden, chained = torch.func.jvp(activation, (argument,), (along,))
            if v.space.activation in PIECEWISE_LINEAR:
                chained = torch.where(argument == 0, activation(along), chained)
            along = chained
    return along
