"""The one training loop: several networks of one architecture on one data set, to the same end every time.

Law: the same networks, data, budget and seeds give the same parameters, bit for bit, on the same machine and thread count,
also when the run was interrupted and went on from a checkpoint. Every random number is a function of seed and step.

AdamW with a warm-up and a cosine schedule, gradients clipped by their norm, the best parameters by validation error kept. The
parameters of all networks are the rows of one matrix, so that an optimiser step is a handful of operations; where networks
are small, and on a GPU, the rows are trained together (`torch.func`), else one after the other.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np
import torch
from torch.func import functional_call, vmap

from ..core.progress import Progress, unwatched
from ..core.result import digest
from .checkpoint import Checkpoint
from .workbench import waiting

Augment = Callable[[torch.Tensor, int], torch.Tensor]
"""Inputs `[seeds, batch, entries]` and their step -> inputs with the same targets, of the same shape; a pure function."""

BETAS, EPSILON, CLIP, WARM_UP = (0.9, 0.99), 1e-8, 1.0, 0.05
"""AdamW's own numbers, the largest norm of a gradient, and the share of the steps in which the rate rises to its peak."""
VALIDATION_SHARE = 0.06
"""Validation costs at most about this share of the training: forwards alone, against forward and backward (3 to 1)."""
EVALUATIONS = (4, 40)
"""Fewest and most looks at the validation set."""
TOGETHER = 2**14
"""On a CPU networks are trained together where a batch holds fewer entries than this: beyond, overhead no longer counts, and
the activations of all networks at once leave the cache (measured: 10 to 25 % saved below, nothing or less above)."""
CHUNK = 512
"""Samples a forward without gradients."""


@dataclass(frozen=True)
class Data:
    """Samples: `inputs` `[n, entries]` and `targets` `[n, outputs]`, float32, in the units in which the loss is measured."""

    inputs: torch.Tensor
    targets: torch.Tensor


@dataclass(frozen=True)
class Budget:
    """What a training may cost.

    Args:
        steps: optimiser steps, at most.
        batch: samples a step; the samples seen are their product.
        rate: peak learning rate.
        decay: weight decay, decoupled from the gradient.
        patience: looks at the validation set without a new best after which a network stops.
    """

    steps: int
    batch: int
    rate: float
    decay: float = 1e-4
    patience: int = 12


@dataclass(frozen=True)
class Outcome:
    """What became of one network.

    Args:
        seed: of its batches.
        best_step, best_error: where the validation error over variance was least; the network is left with those parameters.
        steps: until it stopped.
        diverged_at: the step whose loss was not finite, or None; the network then keeps its best parameters before.
        last_finite_loss: of the training, None if there was none.
    """

    seed: int
    best_step: int
    best_error: float
    steps: int
    diverged_at: int | None
    last_finite_loss: float | None


@dataclass(frozen=True)
class Training:
    """One outcome a network, `(step, validation error of each network)`, and where the time went.

    Args:
        loop_share: share of the loop's time inside forward, backward and optimiser step of the training.
        model_seconds: time inside the networks' own forwards and backwards, validation included.
        samples_seen: by each network.
        together: whether the networks were trained as one population.
    """

    outcomes: tuple[Outcome, ...]
    curve: tuple[tuple[int, tuple[float, ...]], ...]
    loop_share: float
    model_seconds: float
    samples_seen: int
    together: bool


def unchanged(inputs: torch.Tensor, step: int) -> torch.Tensor:
    """No augmentation."""
    return inputs


@dataclass
class _State:
    """All that the loop carries from step to step; a checkpoint holds just this."""

    flat: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    best: torch.Tensor
    buffers: dict[str, torch.Tensor]
    best_buffers: dict[str, torch.Tensor]
    step: int = 0
    best_errors: list[float] = field(default_factory=list)
    best_steps: list[int] = field(default_factory=list)
    stopped_at: list[int | None] = field(default_factory=list)
    diverged_at: list[int | None] = field(default_factory=list)
    last_losses: list[float | None] = field(default_factory=list)
    curve: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)


def train(
    models: Sequence[torch.nn.Module],
    data: Data,
    validation: Data,
    budget: Budget,
    seeds: Sequence[int],
    *,
    checkpoint: Checkpoint | None = None,
    progress: Progress = unwatched,
    augment: Augment = unchanged,
    train_mode: bool = False,
) -> Training:
    """Train networks `[batch, entries] -> [batch, outputs]` on the mean squared error; they are left at their best, in eval mode.

    Args:
        models: of one architecture and size, in float32.
        seeds: one a model, for its batches and whatever is random inside it.
        checkpoint: where to keep the state, and where to go on from; removed once the training is done.
        progress: called at every look at the validation set.
        augment: what becomes of a batch before it is learned from; the validation set stays as it is.
        train_mode: whether the modules are in train mode for the steps.
    """
    template, layout = models[0], _Layout(models[0])
    state = _initial(models, layout)
    looks = _looks(budget, len(data.inputs), len(validation.inputs))
    device = data.inputs.device
    together = len(models) > 1 and (device.type == "cuda" or budget.batch * data.inputs.shape[1] < TOGETHER)
    template.train(train_mode)
    together = together and _agree(template, layout, state, data, budget, seeds)
    if checkpoint is not None:
        kept = checkpoint.read()
        if kept is not None:
            state = _State(**kept)
    gradients = _gradients_together if together else _gradients_apart
    spent = _Clock(waiting(device))
    batches = _batches(seeds, len(data.inputs), budget.batch, state.step)
    variance = max(float(validation.targets.double().var(0, correction=0).mean()), 1e-300)
    while state.step < budget.steps and any(_running(state)):
        with spent.on("other"):
            index = next(batches)
            inputs, targets = augment(data.inputs[index], state.step), data.targets[index]
        with spent.on("training"), _seeded(seeds, state.step, device):
            losses, gradient = gradients(template, layout, state, inputs, targets)
            _adamw_(state, gradient, budget)
        with spent.on("other"):
            state.step += 1
            _note_losses(state, losses)
        if state.step in looks:
            with spent.on("validation"):
                template.eval()
                errors = [_error(template, layout, state, row, validation) / variance for row in range(len(models))]
                template.train(train_mode)
            with spent.on("other"):
                _note_errors(state, errors, budget.patience)
                progress("training", state.step, budget.steps)
        if checkpoint is not None and checkpoint.due():
            checkpoint.write(vars(state))
    for row, model in enumerate(models):
        layout.put_(model, state.best[row], {name: value[row] for name, value in state.best_buffers.items()})
        model.eval()
    if checkpoint is not None:
        checkpoint.remove()
    return Training(
        outcomes=tuple(
            Outcome(
                seed=seed,
                best_step=state.best_steps[row],
                best_error=state.best_errors[row],
                steps=state.stopped_at[row] or state.step,
                diverged_at=state.diverged_at[row],
                last_finite_loss=state.last_losses[row],
            )
            for row, seed in enumerate(seeds)
        ),
        curve=tuple(state.curve),
        loop_share=spent.share("training"),
        model_seconds=spent.seconds["training"] + spent.seconds["validation"],
        samples_seen=state.step * min(budget.batch, len(data.inputs)),
        together=together,
    )


class _Layout:
    """Where each trained parameter of a module sits in its row of the matrix."""

    def __init__(self, model: torch.nn.Module):
        trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
        self.shapes = {name: value.shape for name, value in trained}
        self.sizes = [value.numel() for _, value in trained]
        self.bounds = list(accumulate(self.sizes, initial=0))

    def row(self, model: torch.nn.Module) -> torch.Tensor:
        parameters = dict(model.named_parameters())
        return torch.cat([parameters[name].detach().flatten() for name in self.shapes])

    def views(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """Name -> `[*leading axes of flat, *shape]`; one split, whose gradient is one concatenation."""
        parts = flat.split(self.sizes, dim=-1)
        return {
            name: part.view(*flat.shape[:-1], *shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def put_(self, model: torch.nn.Module, row: torch.Tensor, buffers: Mapping[str, torch.Tensor]) -> None:
        held = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        with torch.no_grad():
            for name, value in {**self.views(row), **buffers}.items():
                held[name].copy_(value)


def _initial(models: Sequence[torch.nn.Module], layout: _Layout) -> _State:
    flat = torch.stack([layout.row(model) for model in models])
    frozen = [
        {
            **{name: value.detach() for name, value in model.named_parameters() if not value.requires_grad},
            **dict(model.named_buffers()),
        }
        for model in models
    ]
    nothing: list[None] = [None] * len(models)
    buffers = {name: torch.stack([each[name] for each in frozen]) for name in frozen[0]}
    return _State(
        flat=flat,
        first=torch.zeros_like(flat),
        second=torch.zeros_like(flat),
        best=flat.clone(),
        buffers=buffers,
        best_buffers={name: value.clone() for name, value in buffers.items()},
        best_errors=[math.inf] * len(models),
        best_steps=[0] * len(models),
        stopped_at=[*nothing],
        diverged_at=[*nothing],
        last_losses=[*nothing],
    )


def _running(state: _State) -> list[bool]:
    return [stop is None and fall is None for stop, fall in zip(state.stopped_at, state.diverged_at, strict=True)]


def _batches(seeds: Sequence[int], count: int, batch: int, start: int) -> Iterator[torch.Tensor]:
    """From step `start` on, `[seeds, batch]` positions: every seed goes through the samples in its own order, epoch by epoch.

    An epoch's last samples that fill no batch are left out; a batch larger than the data is the data.
    """
    per_epoch, batch = max(count // batch, 1), min(batch, count)
    epoch, orders, step = -1, torch.empty(0), start
    while True:
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            permutations = [np.random.default_rng([seed, epoch]).permutation(count) for seed in seeds]
            orders = torch.from_numpy(np.stack(permutations))
        position = step % per_epoch * batch
        yield orders[:, position : position + batch]
        step += 1


def _gradients_apart(
    template: torch.nn.Module, layout: _Layout, state: _State, inputs: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses `[seeds]` and gradients `[seeds, parameters]`, one network after the other."""
    losses, rows = [], []
    for row, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        leaf = state.flat[row].detach().requires_grad_()
        buffers = {name: value[row] for name, value in state.buffers.items()}
        loss = _loss(template, {**layout.views(leaf), **buffers}, x, y)
        losses.append(loss.detach())
        rows.append(torch.autograd.grad(loss, leaf)[0])
    return torch.stack(losses), torch.stack(rows)


def _gradients_together(
    template: torch.nn.Module, layout: _Layout, state: _State, inputs: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same for all networks in one pass."""
    leaf = state.flat.detach().requires_grad_()
    each = vmap(lambda tensors, x, y: _loss(template, tensors, x, y), randomness="different")
    losses = each({**layout.views(leaf), **state.buffers}, inputs, targets)
    return losses.detach(), torch.autograd.grad(losses.sum(), leaf)[0]


def _loss(
    template: torch.nn.Module, tensors: Mapping[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    return (functional_call(template, dict(tensors), (x,)) - y).square().mean()


def _agree(
    template: torch.nn.Module, layout: _Layout, state: _State, data: Data, budget: Budget, seeds: Sequence[int]
) -> bool:
    """Whether the population passes through `vmap` and comes out the same; what torch cannot batch goes one by one."""
    index = next(_batches(seeds, len(data.inputs), budget.batch, 0))
    inputs, targets = data.inputs[index], data.targets[index]
    answers = []
    for gradients in (_gradients_apart, _gradients_together):
        trial = replace(state, buffers={name: value.clone() for name, value in state.buffers.items()})
        try:
            with warnings.catch_warnings(), _seeded(seeds, 0, data.inputs.device):
                warnings.simplefilter("error")  # a missing batching rule is a warning, and slow
                answers.append(gradients(template, layout, trial, inputs, targets))
        except Exception:
            if gradients is _gradients_apart:
                raise
            return False
    (apart, apart_gradient), (joint, joint_gradient) = answers
    near = torch.linalg.vector_norm(joint_gradient - apart_gradient, dim=1) <= 1e-2 * torch.linalg.vector_norm(
        apart_gradient, dim=1
    )
    return bool(torch.allclose(joint, apart, rtol=1e-3) and near.all())


@contextmanager
def _seeded(seeds: Sequence[int], step: int, device: torch.device) -> Iterator[None]:
    """What is random inside a network (dropout) is a function of the seeds and the step; the caller's state comes back."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[device.index or 0])
    states = [generator.get_state() for generator in generators]
    for generator in generators:
        generator.manual_seed(int(digest([*seeds, step])[:15], 16))
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


def _adamw_(state: _State, gradient: torch.Tensor, budget: Budget) -> None:
    """One step of every row, in place. Rows of numbers that are not finite stay where they are."""
    finite = torch.isfinite(gradient).all(dim=1, keepdim=True)
    if not finite.all():
        gradient = torch.where(finite, gradient, 0.0)
    gradient = gradient * (CLIP / (torch.linalg.vector_norm(gradient, dim=1, keepdim=True) + EPSILON)).clamp(max=1.0)
    (beta1, beta2), count = BETAS, state.step + 1
    rate = _rate(state.step, budget)
    state.first.lerp_(gradient, 1 - beta1)
    state.second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    scale = (state.second / (1 - beta2**count)).sqrt_().add_(EPSILON)
    state.flat.mul_(1 - rate * budget.decay).addcdiv_(state.first, scale, value=-rate / (1 - beta1**count))


def _rate(step: int, budget: Budget) -> float:
    warm = max(1, round(WARM_UP * budget.steps))
    return (
        budget.rate
        * min(1.0, (step + 1) / warm)
        * 0.5
        * (1 + math.cos(math.pi * max(0, step - warm) / max(1, budget.steps - warm)))
    )


def _looks(budget: Budget, samples: int, validation: int) -> frozenset[int]:
    """The steps after which the validation set is looked at; always the last."""
    seen = budget.steps * min(budget.batch, samples)
    fewest, most = EVALUATIONS
    count = min(max(int(VALIDATION_SHARE * 3 * seen / validation), fewest), most, budget.steps)
    return frozenset(round(budget.steps * (number + 1) / count) for number in range(count))


def _error(template: torch.nn.Module, layout: _Layout, state: _State, row: int, data: Data) -> float:
    """Mean squared error of one network."""
    buffers = {name: value[row] for name, value in state.buffers.items()}
    tensors = {**layout.views(state.flat[row]), **buffers}
    total = 0.0
    with torch.no_grad():
        for x, y in zip(data.inputs.split(CHUNK), data.targets.split(CHUNK), strict=True):
            total += float((functional_call(template, tensors, (x,)) - y).double().square().sum())
    return total / data.targets.numel()


def _note_losses(state: _State, losses: torch.Tensor) -> None:
    for row, loss in enumerate(losses.tolist()):
        if state.diverged_at[row] is not None or state.stopped_at[row] is not None:
            continue
        if math.isfinite(loss):
            state.last_losses[row] = loss
        else:
            state.diverged_at[row] = state.step


def _note_errors(state: _State, errors: Sequence[float], patience: int) -> None:
    """Keep what is the best so far, and let those rest that have not found better for long."""
    state.curve.append((state.step, tuple(errors)))
    for row, (error, running) in enumerate(zip(errors, _running(state), strict=True)):
        if running and error < state.best_errors[row]:
            state.best_errors[row], state.best_steps[row] = error, state.step
            state.best[row] = state.flat[row]
            for name, value in state.buffers.items():
                state.best_buffers[name][row] = value[row]
        elif running and sum(step > state.best_steps[row] for step, _ in state.curve) >= patience:
            state.stopped_at[row] = state.step


class _Clock:
    """Seconds by what they were spent on; `wait` returns once the device is done."""

    def __init__(self, wait: Callable[[], None]) -> None:
        self.wait = wait
        self.seconds = {"training": 0.0, "validation": 0.0, "other": 0.0}

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """What the block takes counts as `what`."""
        start = time.perf_counter()
        try:
            yield
            self.wait()
        finally:
            self.seconds[what] += time.perf_counter() - start

    def share(self, what: str) -> float:
        return self.seconds[what] / max(sum(self.seconds.values()), 1e-12)
