"""The function that a weight vector computes: `f_v(x)`, batched over weight vectors and inputs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from .space import SpaceError
from .weights import LEAKY_SLOPE, Weights

ACTIVATION_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": torch.relu,
    "leaky-relu": lambda x: functional.leaky_relu(x, LEAKY_SLOPE),
    "abs": torch.abs,
    "identity": lambda x: x,
    "tanh": torch.tanh,
    "sine": torch.sin,
    "gelu": functional.gelu,
    "silu": functional.silu,
}


def realise(v: Weights, x: torch.Tensor) -> torch.Tensor:
    """`f_v(x)`: the MLP's outputs, activation after every layer but the last.

    Args:
        v: a batch of MLP weights with one channel.
        x: inputs `[points, n_0]`, shared by all weight vectors, or `[batch, points, n_0]`.

    Returns:
        `[batch, points, n_L]`.

    Raises:
        SpaceError: the space is no MLP's, there is more than one channel, or the inputs do not fit `n_0`.

    Source: theory.md section 1, the realisation map.
    """
    widths = v.space.widths
    if v.channels != 1:
        raise SpaceError(f"only weights with one channel compute a function; these have {v.channels}")
    if x.shape[-1] != widths[0]:
        raise SpaceError(f"inputs of {x.shape[-1]} coordinates for a network of {widths[0]} inputs")
    activation = ACTIVATION_FUNCTIONS[v.space.activation]
    hidden = x.expand(v.batch, *x.shape[-2:])
    for layer, (weight, bias) in enumerate(zip(v.weights, v.biases, strict=True), 1):
        hidden = torch.baddbmm(bias.squeeze(-1).unsqueeze(1), hidden, weight.squeeze(-1).transpose(1, 2))
        if layer < len(widths) - 1:
            hidden = activation(hidden)
    return hidden
