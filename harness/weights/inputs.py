"""Constructed weight vectors to test on: the generic, and the ugly ones that a real network may still meet.

Every value is exact in float32, so that both precisions see the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from .batch import Weights
from .space import WeightSpace

Drawn = dict[str, np.ndarray]
"""Tensor name -> `[samples, *shape]`."""


def _generic(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    return {name: rng.standard_normal((samples, *shape)) for name, shape in space.shapes.items()}


def _ties(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    return {name: rng.integers(-1, 2, (samples, *shape)) * 0.5 for name, shape in space.shapes.items()}


def _zeros(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    return {name: np.zeros((samples, *shape)) for name, shape in space.shapes.items()}


def _equal_biases(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    """Every tensor with one axis (a bias) constant along it; the constant differs between samples and tensors."""
    drawn = _generic(space, samples, rng)
    return {
        name: value if value.ndim > 2 else np.repeat(value[:, :1], value.shape[1], 1) for name, value in drawn.items()
    }


def _duplicated_neurons(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    """Index 1 of every permuted axis repeats index 0, in every tensor that has the axis."""
    drawn = _generic(space, samples, rng)
    size = space.size
    for name, axes in space.tensors:
        for position, axis in enumerate(axes, 1):
            if axis in space.permuted and size[axis] > 1:
                view = np.moveaxis(drawn[name], position, 0)
                view[1] = view[0]
    return drawn


def _scaled(factor: float) -> Callable[[WeightSpace, int, np.random.Generator], Drawn]:
    return lambda space, samples, rng: {name: factor * value for name, value in _generic(space, samples, rng).items()}


def _pruned(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    """Nine entries in ten are zero."""
    return {name: value * (rng.random(value.shape) < 0.1) for name, value in _generic(space, samples, rng).items()}


def _scales(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    """Every tensor of every vector at a scale of its own, from 2^-10 to 2^10."""
    return {
        name: value * 2.0 ** rng.integers(-10, 11, (samples, *[1] * (value.ndim - 1)))
        for name, value in _generic(space, samples, rng).items()
    }


def _quantised(space: WeightSpace, samples: int, rng: np.random.Generator) -> Drawn:
    """Four bits: multiples of 1/4 from -2 to 7/4."""
    return {name: np.clip(np.round(value * 4), -8, 7) / 4 for name, value in _generic(space, samples, rng).items()}


CONSTRUCTED: Mapping[str, Callable[[WeightSpace, int, np.random.Generator], Drawn]] = {
    "generic": _generic,
    "ties": _ties,
    "zeros": _zeros,
    "equal-biases": _equal_biases,
    "duplicated-neurons": _duplicated_neurons,
    "large": _scaled(1e3),
    "small": _scaled(1e-3),
    "pruned": _pruned,
    "scales": _scales,
    "quantised": _quantised,
}


def constructed(kind: str, space: WeightSpace, samples: int, rng: np.random.Generator) -> Weights:
    """`samples` weight vectors of one kind, float64 values that float32 holds exactly."""
    drawn = CONSTRUCTED[kind](space, samples, rng)
    return Weights(
        space,
        {
            name: torch.from_numpy(value.astype(np.float32).astype(np.float64)).unsqueeze(-1)
            for name, value in drawn.items()
        },
    )


def jittered(v: Weights, rng: np.random.Generator, dtype: torch.dtype = torch.float64) -> Weights:
    """Every entry moved by one unit in the last place of `dtype`, up or down at random: the smallest change there is."""

    def move(tensor: torch.Tensor) -> torch.Tensor:
        held = tensor.to(dtype)
        direction = torch.from_numpy(rng.choice([-np.inf, np.inf], tuple(held.shape))).to(dtype)
        return torch.nextafter(held, direction)

    return v.map(move)


def general_position(v: Weights) -> torch.Tensor:
    """Whether each weight vector lies in general position, `[batch]`: on every permuted axis the vectors of its one-axis tensors
    are pairwise distinct; for an MLP, the biases of every hidden layer (theory.md, section 1).

    False for a space with a permuted axis that no tensor has for its only axis: nothing there tells its indices apart at once.
    """
    found = torch.ones(v.batch, dtype=torch.bool)
    for axis in v.space.permuted:
        alone = [v.tensors[name] for name, axes in v.space.tensors if axes == (axis,)]
        if not alone:
            return torch.zeros(v.batch, dtype=torch.bool)
        vectors = torch.cat([tensor.flatten(2) for tensor in alone], 2)
        same = (vectors[:, :, None] == vectors[:, None]).all(-1)
        found &= same.sum((1, 2)) == vectors.shape[1]
    return found


def in_general_position(v: Weights) -> bool:
    """Whether all weight vectors of the batch lie in general position."""
    return bool(general_position(v).all())
