"""Other weight vectors of the same functions, drawn anew for every batch of a training.

Law: `f_{s v} = f_v` for `s` a sign per hidden neuron, where the activation is odd: incoming weights and bias change sign, and so do
outgoing weights. With few networks to learn from, this is what keeps a network from learning them by heart: one function of a
SIREN of 64 hidden neurons has 2^64 such vectors. Seeds and step decide the signs, so that a training repeats to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from ..weights.space import WeightSpace
from .training import Augment


def sign_flips(space: WeightSpace, seeds: Sequence[int]) -> Augment:
    """Every hidden neuron of every weight vector of a batch negated with probability one half.

    Args:
        space: of an MLP with an odd activation; anything else would change functions.
        seeds: one a network that is trained.
    """
    return partial(_flip, space, tuple(seeds))


def _flip(space: WeightSpace, seeds: tuple[int, ...], inputs: torch.Tensor, step: int) -> torch.Tensor:
    neurons = sum(space.size[axis] for axis in space.permuted)
    shape = (inputs.shape[1], neurons)
    drawn = np.stack([np.random.default_rng([seed, step]).integers(0, 2, shape, dtype=np.int8) for seed in seeds])
    signs = torch.from_numpy(1 - 2 * drawn).to(inputs)
    of_axis = dict(zip(space.permuted, signs.split([space.size[axis] for axis in space.permuted], -1), strict=True))
    factors = []
    for _, axes in space.tensors:
        factor = signs.new_ones(*signs.shape[:2], 1)
        for axis in axes:
            along = of_axis.get(axis, signs.new_ones(space.size[axis]).expand(*signs.shape[:2], -1))
            factor = (factor.unsqueeze(-1) * along.unsqueeze(-2)).flatten(-2)
        factors.append(factor)
    return inputs * torch.cat(factors, -1)
