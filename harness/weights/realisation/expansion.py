"""Output capacity expansion: k networks in the channels of an equivariant output, and the mean of their functions.

Source: Dayan, Eitan, Maron 2026, arXiv 2602.01083, section 7: a function-space operator `f_v -> f_u` is out of reach while u is
one network of the size of v (proposition 7.1), and within reach once the output is large enough (theorem 7.2). k networks
of the size of v, averaged, are one network that is k times as wide.
"""

from __future__ import annotations

import torch

from ..batch import Weights
from .functions import realisation, realise


def apart(v: Weights, k: int) -> Weights:
    """`[B, *axes, k * C]` as the k networks of every weight vector, `[B * k, *axes, C]`; those of the first one first."""
    return v.map(lambda tensor: tensor.unflatten(-1, (k, -1)).movedim(-2, 1).flatten(0, 1))


def mean_function(v: Weights, x: torch.Tensor) -> torch.Tensor:
    """`mean_i f_{u_i}(x)` over the networks `u_i` in the channels of `v`, `[B, points, *shape of one output]`.

    Args:
        v: k channels.
        x: inputs `[points, *shape]` for all of them, or `[B, points, *shape]`, as `realise` takes them.

    Raises:
        SpaceError: a space whose function is not known, or inputs that do not fit.
    """
    shared = x.ndim == len(realisation(v.space).axes) + 1
    answers = realise(apart(v, v.channels), x if shared else x.repeat_interleave(v.channels, 0))
    return answers.unflatten(0, (v.batch, v.channels)).mean(1)
