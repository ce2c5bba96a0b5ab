"""A jump between generic inputs is found and its size told; what is continuous, however steep or bent, is not accused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from orbitcheck import Weights, mlp
from orbitcheck.harness.checks.equivariance.elsewhere.jumps import WIDEST, largest_jump

SPACE = mlp(2, 5, 4, 1)
SEEDS = range(40)


def jump(of: Callable[[torch.Tensor], torch.Tensor], seed: int, space=SPACE) -> tuple[float, Weights | None]:
    """Of a function of the flat weight vectors `[batch, entries]`."""
    return largest_jump(lambda v: of(v.flat()), space, None, seed, 1e-3)  # type: ignore[arg-type]


def smooth(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([(x * (1 + k)).sin().mean(1) + x[:, k] for k in range(3)], 1)


def sign(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, 1.0, -1.0).to(x.dtype)


EDGES = torch.linspace(-2.03, 2.11, 9, dtype=torch.float64)
JUMPING = {
    "counts in bins": lambda x: smooth(x) + (x.unsqueeze(-1) > EDGES).double().mean((1, 2))[:, None],
    "roundings": lambda x: smooth(x + 0.05 * (4 * x).round()),
    "signs": lambda x: smooth(x) + 0.1 * sign(x).mean(1, keepdim=True),
    "the first of the largest": lambda x: smooth(x) * x.gather(1, x[:, :8].argmax(1, keepdim=True) + 8),
    "counts of a hundredth of the output": lambda x: smooth(x) + 0.01 * (x > 0.377).double().sum(1, keepdim=True),
    "an inverse": lambda x: smooth(x) + (1 / x[:, :10]).tanh().mean(1, keepdim=True),
}
CONTINUOUS = {
    "smooth": smooth,
    "linear": lambda x: x[:, :3],
    "constant": lambda x: torch.ones_like(x[:, :3]),
    "kinks": lambda x: smooth(x) + (5 * x).relu().sum(1, keepdim=True) + x.abs().amax(1, keepdim=True),
    "sorted": lambda x: x.sort(1).values[:, :3] * torch.tensor([1.0, 5, 20], dtype=x.dtype),
    "roots": lambda x: smooth(x) + x.abs().sqrt().sum(1, keepdim=True),
    "cube roots": lambda x: smooth(x) + (x.abs() ** (1 / 3)).sum(1, keepdim=True),
    "normalised": lambda x: smooth(x / x.norm(dim=1, keepdim=True)),
    "standardised": lambda x: torch.nn.functional.layer_norm(x, x.shape[1:])[:, :3],
    "steep": lambda x: smooth(x) + (1e7 * x).tanh().mean(1, keepdim=True),
    "narrow hats": lambda x: smooth(x) + (1 - (x - 0.3).abs() * 1e5).relu().sum(1, keepdim=True),
    "over almost zero": lambda x: smooth(x) + x.mean(1, keepdim=True) / (x.mean(1, keepdim=True).abs() + 1e-8),
    "attention at logits of hundreds": lambda x: smooth(x) + ((300 * x).softmax(1) * x.flip(1)).sum(1, keepdim=True),
    "single precision": lambda x: smooth(x.float().double()),
    "huge": lambda x: 1e12 * smooth(x),
}


@pytest.mark.parametrize("name", JUMPING)
def test_a_jump_is_found_on_nearly_all_draws(name: str) -> None:
    found = [jump(JUMPING[name], seed)[0] for seed in SEEDS]
    assert sum(each > 1e-6 for each in found) >= 0.9 * len(found), found


@pytest.mark.parametrize("name", CONTINUOUS)
def test_what_is_continuous_is_never_accused(name: str) -> None:
    assert [jump(CONTINUOUS[name], seed) for seed in SEEDS] == [(0.0, None)] * len(SEEDS)


def test_the_two_sides_are_neighbours_and_differ_by_the_jump() -> None:
    of = JUMPING["counts in bins"]
    told = [jump(of, seed) for seed in SEEDS]
    sides = [both for size, both in told if both is not None and size > 0]
    assert len(sides) >= 0.9 * len(SEEDS)
    for both in sides:
        first, second = both.flat()
        assert 0 < float((first - second).abs().max()) < 1e-10
        away = float((of(first[None]) - of(second[None])).abs().max())
        assert away == pytest.approx(1 / (9 * SPACE.parameters))  # one entry crosses one edge


def test_spaces_of_one_index_and_very_wide_ones_are_not_asked() -> None:
    for space in (mlp(1, 1, 1), mlp(2, 1, 3, 1), mlp(1, WIDEST + 1, 1)):
        assert jump(lambda x: sign(x), 0, space) == (0.0, None)
    assert jump(lambda x: sign(x), 0, mlp(1, WIDEST, 1))[0] > 0
