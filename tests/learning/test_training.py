"""The training loop learns, is a function of its seeds, goes on where it was, and says what diverged."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from orbitcheck.harness.learning import training as module
from orbitcheck.harness.learning.checkpoint import Checkpoint
from orbitcheck.harness.learning.training import Budget, Data, train

BUDGET = Budget(steps=60, batch=16, rate=1e-2)


def models(seeds=(0, 1), build=lambda: nn.Sequential(nn.Linear(3, 16), nn.GELU(), nn.Linear(16, 2))):
    made = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            made.append(build())
    return made


def samples(count: int, seed: int) -> Data:
    x = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed))
    return Data(x, torch.stack([x[:, 0] - 2 * x[:, 1], x[:, 2]], 1))


TRAIN, VALIDATION = samples(100, 1), samples(40, 2)


def parameters(found) -> list[torch.Tensor]:
    return [torch.cat([value.detach().flatten() for value in model.parameters()]) for model in found]


def same(left, right) -> bool:
    return all(torch.equal(a, b) for a, b in zip(parameters(left), parameters(right), strict=True))


class OneByOne(nn.Module):
    """Refuses to be trained as one of a population: it reads a number out of a tensor."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 2)

    def forward(self, x):
        return self.inner(x) * (1.0 if float(x.sum()) > -1e9 else 0.0)


def test_a_linear_map_is_learned_and_the_best_parameters_are_kept():
    found = models()
    budget = Budget(steps=400, batch=16, rate=1e-2)
    training = train(found, TRAIN, VALIDATION, budget, [3, 4])
    assert training.together
    assert training.samples_seen == 400 * 16
    for row, (model, outcome) in enumerate(zip(found, training.outcomes, strict=True)):
        variance = VALIDATION.targets.var(0, correction=0).mean()
        error = (model(VALIDATION.inputs) - VALIDATION.targets).square().mean().detach() / variance
        assert outcome.best_error == min(errors[row] for _, errors in training.curve) < 0.01
        assert float(error) == pytest.approx(outcome.best_error, rel=1e-4)
    assert training.curve[-1][0] == 400


@pytest.mark.parametrize("decay", [0.0, 1e-4, 0.5])
def test_a_step_is_that_of_the_library_whose_gradients_are_clipped(decay: float):
    """Three networks of five parameters, of very unequal gradients."""
    budget = Budget(steps=40, batch=1, rate=0.1, decay=decay)
    draw = torch.Generator().manual_seed(0)
    flat = torch.randn(3, 5, generator=draw)
    state = SimpleNamespace(flat=flat.clone(), first=torch.zeros(3, 5), second=torch.zeros(3, 5), step=0)
    rows = [nn.Parameter(row.clone()) for row in flat]
    others = [torch.optim.AdamW([row], betas=module.BETAS, eps=module.EPSILON, weight_decay=decay) for row in rows]
    for _ in range(budget.steps):
        gradient = torch.randn(3, 5, generator=draw) * torch.tensor([[0.01], [1.0], [100.0]])
        module._adamw_(state, gradient, budget)
        for row, given, other in zip(rows, gradient, others, strict=True):
            row.grad = given.clone()
            nn.utils.clip_grad_norm_([row], module.CLIP)
            other.param_groups[0]["lr"] = module._rate(state.step, budget)
            other.step()
        state.step += 1
    torch.testing.assert_close(state.flat, torch.stack([row.detach() for row in rows]), rtol=1e-4, atol=1e-6)


def test_the_same_seeds_give_the_same_bits_and_others_do_not():
    first, again, other = models(), models(), models()
    for found, seeds in ((first, [3, 4]), (again, [3, 4]), (other, [5, 6])):
        train(found, TRAIN, VALIDATION, BUDGET, seeds)
    assert same(first, again)
    assert not same(first, other)


def test_a_network_in_a_population_is_what_it_is_alone():
    joint, alone = models(), models()
    train(joint, TRAIN, VALIDATION, BUDGET, [3, 4])
    for model, seed in zip(alone, [3, 4], strict=True):
        assert not train([model], TRAIN, VALIDATION, BUDGET, [seed]).together
    for a, b in zip(parameters(joint), parameters(alone), strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-4)


def test_what_cannot_be_batched_is_trained_one_by_one():
    found = models(build=OneByOne)
    training = train(found, TRAIN, VALIDATION, Budget(steps=300, batch=16, rate=3e-2), [3, 4])
    assert not training.together
    assert max(outcome.best_error for outcome in training.outcomes) < 0.01


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("build", [lambda: nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2)), OneByOne])
def test_an_interrupted_training_goes_on_and_ends_with_the_same_bits(tmp_path, build):
    whole, broken = models(build=build), models(build=build)
    wanted = train(whole, TRAIN, VALIDATION, BUDGET, [3, 4], train_mode=True)

    def stop(stage: str, done: int, total: int) -> None:
        if done > total // 2:
            raise Interrupted

    kept = Checkpoint(tmp_path / "kept" / "a.pt", "x", interval=0.0)
    with pytest.raises(Interrupted):
        train(broken, TRAIN, VALIDATION, BUDGET, [3, 4], train_mode=True, checkpoint=kept, progress=stop)
    assert kept.path.exists()
    seen = []
    again = models(seeds=(7, 8), build=build)  # another start: all that counts is in the checkpoint
    training = train(
        again,
        TRAIN,
        VALIDATION,
        BUDGET,
        [3, 4],
        train_mode=True,
        checkpoint=kept,
        progress=lambda stage, done, total: seen.append(done),
    )
    assert seen[0] > BUDGET.steps // 2
    assert (training.curve, training.outcomes) == (wanted.curve, wanted.outcomes)
    assert same(whole, again)
    assert not kept.path.exists()


def test_batches_are_augmented_by_their_step_and_validation_is_not():
    """Negated inputs are learned as what they are: on the validation set the network is wrong by as much."""
    steps = []

    def negate(inputs: torch.Tensor, step: int) -> torch.Tensor:
        steps.append(step)
        return -inputs

    budget = Budget(steps=300, batch=16, rate=0.1, patience=1000)
    found = models(build=lambda: nn.Linear(3, 2))
    training = train(found, TRAIN, VALIDATION, budget, [3, 4], augment=negate)
    assert steps == list(range(300))
    for row, outcome in enumerate(training.outcomes):
        assert outcome.last_finite_loss is not None and outcome.last_finite_loss < 0.05
        assert training.curve[-1][1][row] == pytest.approx(4.0, rel=0.2)  # targets are odd and have mean 0


def test_a_checkpoint_of_another_making_or_a_damaged_one_is_none(tmp_path):
    path = tmp_path / "a.pt"
    Checkpoint(path, "x").write({"step": 3})
    assert Checkpoint(path, "x").read() == {"step": 3}
    assert Checkpoint(path, "y").read() is None
    path.write_bytes(path.read_bytes()[:-20])
    assert Checkpoint(path, "x").read() is None
    assert Checkpoint(tmp_path / "none.pt", "x").read() is None


def test_a_disk_that_refuses_costs_the_resuming_and_not_the_training(tmp_path):
    (tmp_path / "file").touch()
    kept = Checkpoint(tmp_path / "file" / "a.pt", "x", interval=0.0)
    assert train(models(), TRAIN, VALIDATION, BUDGET, [3, 4], checkpoint=kept).curve[-1][0] == BUDGET.steps


class Explosive(nn.Module):
    """Its output is not finite once its weight has moved."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 2)
        self.start = nn.Parameter(torch.zeros(()), requires_grad=False)

    def forward(self, x):
        fuse = (self.inner.weight - self.inner.weight.detach()).sum() + (self.inner.bias.sum() > self.start) * math.inf
        return self.inner(x) + torch.where(fuse == math.inf, fuse, 0.0)


def test_a_diverging_network_is_named_with_its_step_and_leaves_the_others_alone():
    first, second = models(build=Explosive)
    with torch.no_grad():
        first.inner.bias.fill_(-1.0)
        second.inner.bias.fill_(-1.0)
        second.start.fill_(1e9)
    data, validation = (Data(each.inputs, each.targets + 5.0) for each in (TRAIN, VALIDATION))
    training = train([first, second], data, validation, Budget(steps=200, batch=16, rate=0.1), [3, 4])
    fallen, sound = training.outcomes
    assert fallen.diverged_at is not None and 1 < fallen.diverged_at < 200
    assert fallen.last_finite_loss is not None and math.isfinite(fallen.last_finite_loss)
    assert sound.diverged_at is None and sound.steps == 200
    assert all(bool(torch.isfinite(value).all()) for model in (first, second) for value in model.parameters())


def test_a_network_that_finds_nothing_better_stops_early():
    training = train(
        models(), TRAIN, Data(VALIDATION.inputs, torch.randn(40, 2)), Budget(600, 16, 1e-2, patience=2), [3, 4]
    )
    assert all(outcome.best_step <= outcome.steps < 600 for outcome in training.outcomes)
