"""Optimiser steps of the check's own: towards random targets or away from them, the same in every process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ....plugins.redraw import real
from ....plugins.subject import PluginRaised, Subject
from ....weights.batch import Weights
from ....weights.inputs import constructed
from .optimisers import Optimiser

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
        for number in numbers:
            outputs = _answer_in_training(subject, v)
            rng = np.random.default_rng(seed)
            target = torch.from_numpy(rng.standard_normal(tuple(outputs.shape))).to(outputs)
            gradients = subject.gradients((outputs - target).square().mean(), trained)
            with torch.no_grad():
                _move(trained, gradients, optimiser, rate, number, state)
    module.train(mode)


def _answer_in_training(subject: Subject, v: Weights) -> torch.Tensor:
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
    trained, gradients = [real(each) for each in trained], [None if each is None else real(each) for each in gradients]
    if optimiser is Optimiser.SGD:
        length = sum(float(g.square().sum()) for g in gradients if g is not None) ** 0.5
        size = sum(float(parameter.square().sum()) for parameter in trained) ** 0.5
        scale = max(size, 1e-3) / length if length else 0.0
        for parameter, gradient in zip(trained, gradients, strict=True):
            if gradient is not None:
                parameter.sub_(gradient, alpha=rate * scale)
        return
    first, second = state.setdefault("first", {}), state.setdefault("second", {})
    for place, (parameter, gradient) in enumerate(zip(trained, gradients, strict=True)):
        if gradient is None:
            continue
        mean = first.setdefault(place, torch.zeros_like(parameter)).mul_(0.9).add_(gradient, alpha=0.1)
        square = (
            second.setdefault(place, torch.zeros_like(parameter)).mul_(0.999).addcmul_(gradient, gradient, value=1e-3)
        )
        corrected = (square / (1 - 0.999 ** (number + 1))).sqrt_().add_(1e-8)
        parameter.addcdiv_(mean, corrected, value=-rate / (1 - 0.9 ** (number + 1)))
