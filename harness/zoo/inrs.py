"""SIRENs, one per image, fitted many at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from ..weights.batch import Weights
from ..weights.realisation import realise
from ..weights.space import WeightSpace
from .digits import coordinates, digits
from .recipe import Zoo
from .trainer import Progress, Trained, generators, in_general_position, leaves, net_seeds, uniform


def train(zoo: Zoo, progress: Progress) -> dict[str, Trained]:
    """Fit one network of the zoo's only space to each image: `f_v(row, column)` = intensity in [0, 1] at the 64 pixels.

    Metadata: `image` (index in scikit-learn's order), `label` (digit), `seed`, `mse` (over the pixels, in float64), `general_position`.
    Progress counts networks.
    """
    recipe = zoo.recipe
    [(group, space)] = zoo.spaces.items()
    images, labels = digits()
    count = recipe["images"]
    images, labels = images[:count], labels[:count]
    seeds = net_seeds(zoo.name, group, recipe["seed"], count)
    bounds = siren_bounds(space, recipe["omega"])
    points = coordinates()

    fitted = []
    progress(zoo.name, 0, count)
    for start in range(0, count, recipe["nets_at_once"]):  # so few that their activations stay in the cache
        stop = min(start + recipe["nets_at_once"], count)
        initial = uniform(space, bounds, generators(seeds[start:stop]))
        fitted.append(_fit(space, initial, points, images[start:stop].unsqueeze(-1), recipe))
        progress(zoo.name, stop, count)
    weights = Weights.cat(fitted)
    with torch.no_grad():
        error = realise(weights.to(torch.float64), points.double()).squeeze(-1) - images.double()
    metadata = {
        "image": torch.arange(count),
        "label": labels,
        "seed": torch.tensor(seeds, dtype=torch.int64),
        "mse": error.square().mean(dim=1),
        "general_position": in_general_position(weights),
    }
    return {group: Trained(weights, metadata)}


def siren_bounds(space: WeightSpace, omega: float) -> dict[str, float]:
    """Bounds of the uniform initial weights; hidden layers compute `sin(W x + b)`, with the frequency omega inside W and b.

    Unfolded, a hidden layer is `sin(omega (W x + b))`, with W within 1/fan_in in the first layer and sqrt(6/fan_in)/omega
    in the others, and b within 1/sqrt(fan_in).

    Source: Sitzmann et al. 2020, section 3.2 and supplement 1.5.
    """
    widths = space.widths
    bounds = {}
    for layer, fan_in in enumerate(widths[:-1], 1):
        fold = omega if layer < len(widths) - 1 else 1.0
        bounds[f"W{layer}"] = fold * (1 / fan_in if layer == 1 else math.sqrt(6 / fan_in) / omega)
        bounds[f"b{layer}"] = fold / math.sqrt(fan_in)
    return bounds


def _fit(
    space: WeightSpace,
    initial: Mapping[str, torch.Tensor],
    points: torch.Tensor,
    targets: torch.Tensor,
    recipe: Mapping[str, Any],
) -> Weights:
    """Adam on the squared error with a cosine schedule, every network for itself; `targets` is `[nets, points, 1]`.

    Written out: an optimiser object would import the compiler, which takes longer than a few hundred of these networks.
    """
    steps, (beta1, beta2), epsilon = recipe["steps"], recipe["betas"], recipe["epsilon"]
    tensors = leaves(initial)
    first = {name: torch.zeros_like(tensor) for name, tensor in initial.items()}
    second = {name: torch.zeros_like(tensor) for name, tensor in initial.items()}
    for step in range(steps):
        rate = recipe["learning_rate"] * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss = (realise(Weights(space, tensors), points) - targets).square().sum()
        gradients = torch.autograd.grad(loss, list(tensors.values()))
        size = rate / (1 - beta1 ** (step + 1))
        scale = 1 / math.sqrt(1 - beta2 ** (step + 1))
        with torch.no_grad():
            for name, gradient in zip(tensors, gradients, strict=True):
                first[name].lerp_(gradient, 1 - beta1)
                second[name].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
                tensors[name].addcdiv_(first[name], second[name].sqrt().mul_(scale).add_(epsilon), value=-size)
    return Weights(space, tensors).map(torch.Tensor.detach)
