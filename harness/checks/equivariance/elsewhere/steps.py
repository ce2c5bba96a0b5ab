"""Optimiser steps of the check's own: towards random targets or away from them, the same in every process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ....plugins.redraw import real
from ....plugins.subject import PluginRaised, Subject
from ....weights.batch import Weights
from ....weights.inputs import constructed
from .optimisers import Optimiser

lists: Any = torch  # its operations on whole lists of tensors are not exported to type checkers
RATE = 0.01
"""Of Adam; of SGD, whose gradient is scaled to the length of the parameters, so that any network moves and none leaves for infinity."""
WAKING, WOKEN_BY = 3, 4
"""Steps of Adam, and weight vectors that they are shown, after which a network whose output starts as a constant is asked."""


def wake_(subject: Subject, seed: int) -> None:
    """Take a network whose last layer starts at zero to where training goes, in place.

    Raises:
        PluginFault: no gradient can be taken.
    """
    v = constructed("generic", subject.space, WOKEN_BY, np.random.default_rng([seed, WAKING]))
    take_steps(subject, v, Optimiser.ADAM, RATE, range(WAKING), seed, {})


def take_steps(
    subject: Subject,
    v: Weights,
    optimiser: Optimiser,
    rate: float,
    numbers: range,
    seed: int,
    state: dict[str, dict[int, torch.Tensor]],
) -> None:
    """Gradient steps on the squared distance to random targets, in train mode where the network runs there, in place.

    Args:
        rate: negative for steps away from the targets.
        numbers: of the steps, counted from the initialisation.
        state: the optimiser's moments, kept between calls.
    """
    module, mode = subject.module, subject.module.training
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    v = v.to(subject.dtype).to(subject.bench.device)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        target = None
        for number in numbers:
            outputs = _answer_in_training(subject, v)
            if target is None:
                target = torch.from_numpy(np.random.default_rng(seed).standard_normal(tuple(outputs.shape))).to(outputs)
            gradients = subject.gradients((outputs - target).square().mean(), trained)
            with torch.no_grad():
                _move(trained, gradients, optimiser, rate, number, state)
    module.train(mode)


def _answer_in_training(subject: Subject, v: Weights) -> torch.Tensor:
    if not subject.module.training:
        subject.module.train()
    try:
        return subject.answer(v)
    except PluginRaised:
        subject.module.eval()
        return subject.answer(v)


def _move(
    trained: Sequence[torch.Tensor],
    gradients: Sequence[torch.Tensor | None],
    optimiser: Optimiser,
    rate: float,
    number: int,
    state: dict[str, dict[int, torch.Tensor]],
) -> None:
    """One step; written out, since importing torch's own optimisers costs more than all steps here. Complex numbers move as pairs."""
    placed = [
        (place, real(parameter), real(gradient))
        for place, (parameter, gradient) in enumerate(zip(trained, gradients, strict=True))
        if gradient is not None
    ]
    if not placed:
        return
    places, moved, by = (list(each) for each in zip(*placed, strict=True))
    if optimiser is Optimiser.SGD:
        length = sum(float(g.square().sum()) for g in by) ** 0.5
        size = sum(float(real(parameter).square().sum()) for parameter in trained) ** 0.5
        scale = max(size, 1e-3) / length if length else 0.0
        lists._foreach_sub_(moved, by, alpha=rate * scale)
        return
    first, second = state.setdefault("first", {}), state.setdefault("second", {})
    for place, parameter in zip(places, moved, strict=True):
        if place not in first:
            first[place], second[place] = torch.zeros_like(parameter), torch.zeros_like(parameter)
    means, squares = [first[place] for place in places], [second[place] for place in places]
    lists._foreach_mul_(means, 0.9)
    lists._foreach_add_(means, by, alpha=0.1)
    lists._foreach_mul_(squares, 0.999)
    lists._foreach_addcmul_(squares, by, by, value=1e-3)
    corrected = lists._foreach_div(squares, 1 - 0.999 ** (number + 1))
    lists._foreach_sqrt_(corrected)
    lists._foreach_add_(corrected, 1e-8)
    lists._foreach_addcdiv_(moved, means, corrected, value=-rate / (1 - 0.9 ** (number + 1)))
