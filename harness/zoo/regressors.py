"""Populations of small regression networks on scikit-learn's diabetes data, which differ in length of training, rate, noise and decay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..weights.batch import Weights
from ..weights.realisation import realise
from ..weights.space import WeightSpace
from .digits import is_test
from .recipe import Zoo
from .trainer import Progress, Trained, generators, in_general_position, leaves, net_seeds, uniform

DRAWN = ("learning_rate", "epochs", "noise", "decay")
"""What each network draws for itself, log-uniform between the recipe's limits."""


def patients() -> tuple[torch.Tensor, torch.Tensor]:
    """Ten measurements of each patient `[442, 10]`, and the progress of the disease `[442, 1]`, both float32 of mean 0 and variance 1."""
    from sklearn.datasets import load_diabetes  # a second of import, needed only to train

    x, y = (torch.from_numpy(np.asarray(part)) for part in load_diabetes(return_X_y=True))
    table = torch.cat([x, y.unsqueeze(1)], dim=1).double()
    table = (table - table.mean(0)) / table.std(0, correction=0)
    return table[:, :-1].float(), table[:, -1:].float()


def train(zoo: Zoo, progress: Progress) -> dict[str, Trained]:
    """Train every group on two thirds of the patients, all networks of a group together, by Adam on the whole of them at every step.

    Metadata: `test_r2` and `train_r2` (share of variance explained, in float64), `learning_rate`, `epochs`, `noise` (standard deviation
    added to the progress in training), `decay` (of weights), `width` (hidden neurons), `seed`, `general_position`. Progress counts steps.
    """
    x, y = patients()
    held_out = is_test(len(x))
    groups = {}
    for group, space in zoo.spaces.items():
        seeds = net_seeds(zoo.name, group, zoo.recipe["seed"], zoo.recipe["nets"])
        sources = generators(seeds)
        draws = _draw(zoo.recipe, sources)
        weights = _train(f"{zoo.name}/{group}", space, draws, sources, x[~held_out], y[~held_out], zoo.recipe, progress)
        metadata = {
            "test_r2": explained(weights, x[held_out], y[held_out]),
            "train_r2": explained(weights, x[~held_out], y[~held_out]),
            **draws,
            "width": torch.full((weights.batch,), sum(space.widths[1:-1])),
            "seed": torch.tensor(seeds, dtype=torch.int64),
            "general_position": in_general_position(weights),
        }
        groups[group] = Trained(weights, metadata)
    return groups


def explained(v: Weights, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 less the squared error over the variance of `y`, `[batch]`, float64 throughout."""
    with torch.no_grad():
        wrong = realise(v.to(torch.float64), x.double()) - y.double()
        return 1 - wrong.square().mean((1, 2)) / y.double().var(correction=0)


def _draw(recipe: Mapping[str, Any], sources: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
    shares = torch.stack([torch.rand(len(DRAWN), generator=source, dtype=torch.float64) for source in sources])
    made = {}
    for name, share in zip(DRAWN, shares.unbind(1), strict=True):
        low, high = recipe[name]
        made[name] = low * (high / low) ** share
    return {**made, "epochs": made["epochs"].round().long()}


def _train(
    stage: str,
    space: WeightSpace,
    draws: Mapping[str, torch.Tensor],
    sources: Sequence[torch.Generator],
    x: torch.Tensor,
    y: torch.Tensor,
    recipe: Mapping[str, Any],
    progress: Progress,
) -> Weights:
    """Adam; a network whose epochs are over stands still."""
    fan_in = {name[1:]: shape[1] for name, shape in space.shapes.items() if len(shape) == 2}
    tensors = uniform(space, {name: 1 / math.sqrt(fan_in[name[1:]]) for name in space.axes}, sources)
    noise = torch.stack([torch.randn(y.shape, generator=source) for source in sources])
    wanted = y + draws["noise"].float()[:, None, None] * noise
    first = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    second = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    (low, high), longest = recipe["betas"], int(draws["epochs"].max())
    for epoch in range(1, longest + 1):
        if epoch % 50 == 1:
            progress(stage, epoch - 1, longest)
        tensors = leaves(tensors)
        loss = (realise(Weights(space, tensors), x) - wanted).square().mean((1, 2)).sum()
        gradients = dict(zip(tensors, torch.autograd.grad(loss, list(tensors.values())), strict=True))
        rate = torch.where(draws["epochs"] >= epoch, draws["learning_rate"], 0.0).float()
        with torch.no_grad():
            for name, tensor in tensors.items():
                each = (-1, *[1] * (tensor.ndim - 1))
                gradient = gradients[name] + draws["decay"].float().reshape(each) * tensor
                mean = first[name].lerp_(gradient, 1 - low) / (1 - low**epoch)
                square = second[name].lerp_(gradient.square(), 1 - high) / (1 - high**epoch)
                tensor.sub_(rate.reshape(each) * mean / (square.sqrt() + recipe["epsilon"]))
    progress(stage, longest, longest)
    return Weights(space, {name: tensor.detach() for name, tensor in tensors.items()})
