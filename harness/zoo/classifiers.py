"""Populations of small classifiers that differ in size, training length, learning rate and label noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from ..weights.batch import Weights
from ..weights.realisation import realise
from ..weights.space import WeightSpace
from .digits import digits, is_test, pooled
from .recipe import Zoo
from .trainer import Progress, Trained, generators, in_general_position, leaves, net_seeds, uniform

CLASSES = 10


@dataclass(frozen=True)
class _Draws:
    """What each network of a group drew for itself, each `[nets]`: learning rate, share of wrong labels, epochs."""

    rate: torch.Tensor
    noise: torch.Tensor
    epochs: torch.Tensor


def train(zoo: Zoo, progress: Progress) -> dict[str, Trained]:
    """Train every group on two thirds of the digits, all networks of a group together, logits from 64 intensities,
    or from 16, which are means of blocks of two by two.

    Metadata: `test_accuracy` (on the held-out third, in float64), `train_accuracy` (against the true labels),
    `learning_rate`, `epochs`, `label_noise`, `width` (hidden neurons), `seed`, `general_position`. Progress counts groups' network-epochs.
    """
    images, labels = digits()
    held_out = is_test(len(images))
    groups = {}
    for group, space in zoo.spaces.items():
        seen = pooled(images, space.widths[0])
        seeds = net_seeds(zoo.name, group, zoo.recipe["seed"], zoo.recipe["nets"])
        sources = generators(seeds)
        draws = _draw(zoo.recipe, sources)
        total = int(draws.epochs.sum())
        stage = f"{zoo.name}/{group}"
        progress(stage, 0, total)
        weights = _train(
            space,
            draws,
            sources,
            seen[~held_out],
            labels[~held_out],
            zoo.recipe,
            lambda done, s=stage, t=total: progress(s, done, t),
        )
        metadata = {
            "test_accuracy": accuracy(weights, seen[held_out], labels[held_out]),
            "train_accuracy": accuracy(weights, seen[~held_out], labels[~held_out]),
            "learning_rate": draws.rate,
            "epochs": draws.epochs,
            "label_noise": draws.noise,
            "width": torch.full((weights.batch,), sum(space.widths[1:-1])),
            "seed": torch.tensor(seeds, dtype=torch.int64),
            "general_position": in_general_position(weights),
        }
        groups[group] = Trained(weights, metadata)
    return groups


def accuracy(v: Weights, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Share of `images` `[n, n_0]` whose greatest logit is the label's, `[batch]`, float64 throughout."""
    with torch.no_grad():
        return (realise(v.to(torch.float64), images.double()).argmax(dim=-1) == labels).double().mean(dim=1)


def _draw(recipe: Mapping[str, Any], sources: Sequence[torch.Generator]) -> _Draws:
    """Rates and epochs log-uniform between their limits; noise by a squared uniform, so that clean training is common."""
    drawn = torch.stack([torch.rand(3, generator=source, dtype=torch.float64) for source in sources])

    def log_uniform(limits: Sequence[float], share: torch.Tensor) -> torch.Tensor:
        low, high = limits
        return low * (high / low) ** share

    low, high = recipe["label_noise"]
    return _Draws(
        rate=log_uniform(recipe["learning_rate"], drawn[:, 0]).float(),
        noise=low + (high - low) * drawn[:, 1].square(),
        epochs=log_uniform(recipe["epochs"], drawn[:, 2]).round().long(),
    )


def _noisy(labels: torch.Tensor, draws: _Draws, sources: Sequence[torch.Generator]) -> torch.Tensor:
    """Labels `[nets, images]`: each is moved to one of the other classes with the network's own probability."""
    rows = []
    for noise, source in zip(draws.noise, sources, strict=True):
        moved = torch.rand(labels.shape, generator=source, dtype=torch.float64) < noise
        shift = torch.randint(1, CLASSES, labels.shape, generator=source)
        rows.append(torch.where(moved, (labels + shift) % CLASSES, labels))
    return torch.stack(rows)


def _train(
    space: WeightSpace,
    draws: _Draws,
    sources: Sequence[torch.Generator],
    images: torch.Tensor,
    labels: torch.Tensor,
    recipe: Mapping[str, Any],
    progress: Callable[[int], None],
) -> Weights:
    """Stochastic gradient descent with momentum on the cross-entropy, every network with its own rate, labels and order.

    Networks run in order of falling length, so that those that are done drop out at the end of the batch.
    """
    order = torch.argsort(draws.epochs, descending=True, stable=True)
    sources = [sources[index] for index in order.tolist()]
    draws = _Draws(draws.rate[order], draws.noise[order], draws.epochs[order])
    fan_in = {name[1:]: shape[1] for name, shape in space.shapes.items() if len(shape) == 2}
    tensors = uniform(space, {name: 1 / math.sqrt(fan_in[name[1:]]) for name in space.axes}, sources)
    velocity = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    noisy = _noisy(labels, draws, sources)
    batch, momentum = recipe["batch"], recipe["momentum"]
    done = 0
    for epoch in range(int(draws.epochs.max())):
        active = int((draws.epochs > epoch).sum())
        shuffled = torch.stack([torch.randperm(len(images), generator=source) for source in sources[:active]])
        for chosen in shuffled.split(batch, dim=1):
            current = leaves({name: tensor[:active] for name, tensor in tensors.items()})
            logits = realise(Weights(space, current), images[chosen])
            targets = noisy[:active].gather(1, chosen)
            loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum") / chosen.shape[1]
            gradients = torch.autograd.grad(loss, list(current.values()))
            with torch.no_grad():
                for name, gradient in zip(current, gradients, strict=True):
                    rate = draws.rate[:active].reshape(-1, *[1] * (gradient.ndim - 1))
                    moving = velocity[name][:active].mul_(momentum).add_(gradient)
                    current[name].sub_(rate * moving)
        done += active
        progress(done)
    return Weights(space, tensors)[torch.argsort(order)]
