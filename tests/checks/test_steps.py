"""The check's own optimiser steps are those of torch's optimisers, on real and complex parameters and on those without a gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import Invariant, mlp
from orbitcheck.harness.checks.equivariance.elsewhere.optimisers import Optimiser
from orbitcheck.harness.checks.equivariance.elsewhere.steps import take_steps
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.subject import Subject
from orbitcheck.harness.weights.inputs import constructed

SPACE = mlp(2, 3, 1)


class Net(nn.Module):
    """A matrix, a vector, a complex number, one parameter that nothing depends on and one that is frozen; notes its mode at every call."""

    def __init__(self, space, output):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(space.parameters, 4))
        self.vector = nn.Parameter(torch.randn(4))
        self.turn = nn.Parameter(torch.randn(4, dtype=torch.complex64))
        self.unused = nn.Parameter(torch.randn(3))
        self.frozen = nn.Parameter(torch.randn(4), requires_grad=False)
        self.modes: list[bool] = []

    def forward(self, v):
        self.modes.append(self.training)
        hidden = torch.tanh(v.flat() @ self.matrix) * self.frozen + self.vector
        return (hidden * self.turn).abs().sum(1, keepdim=True)


def built() -> Subject:
    return Subject(as_architecture(Net), SPACE, Invariant(1), seed=0, dtype=torch.float64, bench=Workbench())


def expected(rate: float, count: int) -> nn.Module:
    """After steps of torch's own Adam."""
    subject, v = built(), inputs()
    module = subject.module
    optimiser = torch.optim.Adam([each for each in module.parameters() if each.requires_grad], lr=rate)
    target = torch.from_numpy(np.random.default_rng(7).standard_normal((4, 1)))
    for _ in range(count):
        optimiser.zero_grad()
        (module(v) - target).square().mean().backward()
        optimiser.step()
    return module


def inputs():
    return constructed("generic", SPACE, 4, np.random.default_rng(1))


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: each.detach() for name, each in module.named_parameters()}


@pytest.mark.parametrize("rate", [0.01, -0.01])
def test_adam_is_that_of_torch_however_the_steps_are_parted(rate):
    wanted = state(expected(abs(rate), 5)) if rate > 0 else None
    moved, kept = built(), {}
    take_steps(moved, inputs(), Optimiser.ADAM, rate, range(2), 7, kept)
    take_steps(moved, inputs(), Optimiser.ADAM, rate, range(2, 5), 7, kept)
    at_once = built()
    take_steps(at_once, inputs(), Optimiser.ADAM, rate, range(5), 7, {})
    before, found = state(built().module), state(moved.module)
    for name, each in found.items():
        assert torch.equal(each, state(at_once.module)[name])
        assert torch.equal(each, before[name]) == (name in ("unused", "frozen"))
        if wanted is not None:
            torch.testing.assert_close(each, wanted[name], rtol=1e-10, atol=1e-12)


def test_steps_away_go_the_other_way():
    towards, away = built(), built()
    take_steps(towards, inputs(), Optimiser.ADAM, 0.01, range(1), 7, {})
    take_steps(away, inputs(), Optimiser.ADAM, -0.01, range(1), 7, {})
    before = state(built().module)
    for name in ("matrix", "vector", "turn"):
        there, back = (state(each.module)[name] - before[name] for each in (towards, away))
        torch.testing.assert_close(there, -back, rtol=1e-9, atol=1e-12)


def test_a_step_of_sgd_is_the_rate_times_the_length_of_the_parameters_along_the_gradient():
    subject, v = built(), inputs()
    before = state(built().module)
    module = built().module
    target = torch.from_numpy(np.random.default_rng(7).standard_normal((4, 1)))
    (module(v) - target).square().mean().backward()
    slopes = {name: each.grad for name, each in module.named_parameters() if each.grad is not None}
    length = sum(float(each.abs().square().sum()) for each in slopes.values()) ** 0.5
    size = sum(float(before[name].abs().square().sum()) for name in before if name != "frozen") ** 0.5
    take_steps(subject, v, Optimiser.SGD, 0.01, range(1), 7, {})
    for name, each in state(subject.module).items():
        step = 0.01 * size / length * slopes[name] if name in slopes else torch.zeros_like(each)
        torch.testing.assert_close(each, before[name] - step, rtol=1e-10, atol=1e-12)


def test_steps_are_taken_in_train_mode_and_leave_the_mode_as_it_was():
    subject = built()
    take_steps(subject, inputs(), Optimiser.ADAM, 0.01, range(3), 7, {})
    assert subject.module.modes == [True] * 3
    assert not subject.module.training
