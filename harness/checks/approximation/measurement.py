"""Measuring an approximation row: find the width, train, evaluate in float64, hold against the floor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...core.cell import Cell
from ...core.outcomes import Fault, Refusal
from ...core.result import Judgement, digest
from ...learning.augmentation import sign_flips
from ...learning.equivalence import CONFIDENCE
from ...learning.training import CHUNK, Budget, Data, Training, train, unchanged
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Equivariant, Invariant
from ...plugins.capacity_search import fitted
from ...plugins.subject import Subject
from ...targets.target import EQUIVARIANT_OPERATOR, FUNCTION_OPERATOR
from ...weights.algebra.kinds import OutputKind
from ...weights.batch import Weights
from ...weights.groups import NotCarried
from ...weights.inputs import jittered
from ..applicability import Refused, applicability
from . import task, verdict
from .coarse import Outputs, answers_spread, distinct, partitions, shown, sup_floor
from .data import Problem, problem, samples_of
from .evidence import ApproximationEvidence, EmittedEvidence, SeedEvidence
from .learner import Learner
from .reference import Reference, leak, reference, wrong

RESAMPLES = 1000
JITTERS = 4
"""Draws of the noise that a class's spread is held against; a class of two nets has no more numbers than these give it."""
SHARED = "training, validation and test must share nothing"
POINTS = 40
"""Of the curve that a row keeps, at most."""


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """One row: all its seeds at one size."""
    parameters = cell.parameters
    target, settings, regime, _, space = task.read(parameters)
    networks, asked = task.read_case(cell.case)
    refusal = target.refusal(settings, space)
    missing = [name for name in target.needs if name not in regime.metadata]
    if refusal is None and missing:
        refusal = f"target {target.name} needs {missing[0]!r}, which regime {regime.name} does not know"
    if refusal is not None:
        return Refused(Refusal.TARGET, refusal).judgement()
    traits = architecture.traits
    moves = OutputKind.VECTOR
    try:
        declared = traits.group(space)
    except NotCarried:  # it is asked all the same: nothing here follows from what the space does not carry
        declared = None
    if declared is not None and traits.symmetry != "none":
        moves = target.asked_kind(declared)
        mismatch = target.mismatch(declared)
        if mismatch is not None:
            return Refused(Refusal.TARGET, mismatch).judgement()
    if traits.law == "functional" and target.kind == EQUIVARIANT_OPERATOR:
        why = f"target {target.name} asks for tensors, and edits are held to their functions"
        return Refused(Refusal.TARGET, why).judgement()
    data = problem(parameters)
    if data.shared is not None:
        return Judgement("error", f"{SHARED}: {data.shared}", fault=Fault.SHARED)
    refused = applicability(
        traits,
        modulo_symmetry=False,
        in_general_position=data.general_position,
        inside=traits.domain in ("all", "general-position"),
    )
    if refused is not None:
        return refused.judgement()
    chosen = fitted(architecture, space, data.output(networks, moves), asked)
    if data.variance <= 0:
        return Judgement("error", "vacuous: the target is constant on the test set", fault=Fault.VACUOUS)
    seeds = [int(digest([cell.seed, number])[:8], 16) for number in range(parameters["seeds"])]
    reach = parameters["reach"]

    def untrained() -> list[Learner]:
        output = data.output(networks, moves)
        learns = "step" in parameters
        return [_learner(chosen.architecture, data, output, seed, reach, bench, learns) for seed in seeds]

    learners = untrained()
    training = _trained(learners, data, parameters, seeds, bench)
    refinement = "split" if traits.refinement == "split" else "joint"
    known = reference(data, verdict.classes_of(traits, data.general_position), networks, refinement)
    prediction = verdict.predict(traits, architecture.rounds, target.kind, known.floor, parameters["threshold"])
    measured, mse, outputs = _measured(learners, data, known, training, bench)
    emitted = _emitted(learners, untrained, outputs[measured.chosen], data, networks, bench)
    floors = partitions(data)
    if prediction.verdict == verdict.APPROXIMABLE:
        seen = [(each, _noise(learner, learner, data.inputs("test"), each, number, bench))
                for number, (learner, each) in enumerate(zip(learners, outputs, strict=True))]  # fmt: skip
        coarse = shown(floors, seen, lambda: _on_test(untrained(), data, bench), data.size, parameters["threshold"])
    else:
        coarse = shown(floors, [], list, data.size, math.inf)
    sup = None if emitted is None or emitted.sup_floor is None else (emitted.sup_error, emitted.sup_floor)
    measured = replace(measured, coarse=coarse, sup=sup, larger=asked < max(parameters["parameters"]))
    evidence = ApproximationEvidence(
        target=target.name,
        target_kind=target.kind,
        regime=regime.name,
        space=str(space),
        networks=networks,
        parameters=chosen.parameters,
        asked_parameters=asked,
        options=chosen.options,
        general_position=data.general_position,
        error=measured.error,
        error_low=measured.low,
        error_high=measured.high,
        error_range=(min(measured.errors), max(measured.errors)),
        mse=mse,
        variance=data.variance,
        floor=known.floor.relative if known.floor else None,
        floor_kind=known.floor.kind if known.floor else None,
        floor_rounds=known.floor.rounds if known.floor else None,
        classes=known.classes,
        samples=parameters["sizes"]["test"],
        leak=measured.leak,
        threshold=parameters["threshold"],
        coarse=coarse,
        emitted=emitted,
        wrong=wrong(data, outputs[measured.chosen], known),
        **_of_training(training, measured),
    )
    return Judgement.of(verdict.judge(measured, prediction, known.floor, parameters["threshold"]), evidence)


def refusal(parameters: Mapping[str, Any]) -> str | None:
    """Why no row of a check can be measured, seen from its samples alone: training, validation and test share something."""
    target, settings, regime, _, space = task.read(parameters)
    if target.refusal(settings, space) is not None or any(name not in regime.metadata for name in target.needs):
        return None  # each row says so
    _, shared = samples_of(parameters)
    return None if shared is None else f"{SHARED}: {shared}"


def _learner(
    architecture: Architecture,
    data: Problem,
    output: Invariant | Equivariant,
    seed: int,
    reach: float,
    bench: Workbench,
    learns_step: bool,
) -> Learner:
    """A network that was seen to keep the contract on a few samples."""
    subject = Subject(architecture, data.space, output, seed=seed, dtype=torch.float32, bench=bench)
    subject(data.samples["test"].weights[:2])
    raw = architecture.traits.power == "function"
    learner = Learner(subject.module, data, raw=raw, reach=reach, learns_step=learns_step)
    return learner.to(device=bench.device, dtype=torch.float32)


def _trained(learners: list[Learner], data: Problem, parameters: Any, seeds: list[int], bench: Workbench) -> Training:
    samples, validation = (
        Data(data.inputs(part).float().to(bench.device), data.targets[part].float().to(bench.device))
        for part in ("train", "validation")
    )
    budget = Budget(steps=parameters["steps"], batch=parameters["batch"], rate=parameters["rate"])
    augment = sign_flips(data.space, seeds) if "augmentation" in parameters else unchanged
    training = train(learners, samples, validation, budget, seeds, checkpoint=bench.checkpoint, augment=augment)
    bench.seconds += training.model_seconds
    bench.forwards += training.samples_seen * len(seeds)
    return training


def _measured(
    learners: list[Learner], data: Problem, known: Reference, training: Training, bench: Workbench
) -> tuple[verdict.Measured, float, list[torch.Tensor]]:
    """The test errors in float64, where noise is far below any floor; the mean squared error in the target's units; and the outputs."""
    inputs, wanted = data.inputs("test"), data.targets["test"]
    fallen = tuple(
        (number, each.diverged_at, each.last_finite_loss)
        for number, each in enumerate(training.outcomes)
        if each.diverged_at is not None
    )
    squares, leaks, seen = [], [], []
    for number, learner in enumerate(learners):
        learner.double()
        outputs = _outputs(learner, inputs, bench)
        seen.append(outputs)
        squares.append((outputs - wanted).square().mean(1).numpy())
        if known.members is not None and len(np.unique(known.members)) < known.members.size:
            noise = _noise(learner, learner, inputs, outputs, number, bench)
            leaks.append(leak(outputs, noise, known.members, data.size))
    chosen = _chosen(training)
    per_sample = squares[chosen]
    low, high = _bootstrap(per_sample / data.variance)
    errors = tuple(float(np.mean(each)) / data.variance for each in squares)
    found = [each for each in leaks if each is not None]
    return (
        verdict.Measured(errors, chosen, low, high, max(found) if found else None, fallen),
        float(np.mean(per_sample)),
        seen,
    )


def _on_test(networks: list[Learner], data: Problem, bench: Workbench, answers: bool = False) -> list[Outputs]:
    """What networks give on the test set, in float64, with its noise; or what they emit there, less the input network."""
    found = []
    for number, learner in enumerate(networks):
        asked = _Answers(learner) if answers else learner
        learner.double()
        outputs = _outputs(asked, data.inputs("test"), bench)
        found.append((outputs, _noise(learner, asked, data.inputs("test"), outputs, number, bench)))
    return found


class _Answers(torch.nn.Module):
    """What a learner's network gives, as one row a sample."""

    def __init__(self, learner: Learner):
        super().__init__()
        self.learner = learner

    def forward(self, flat: torch.Tensor) -> torch.Tensor:
        answer = self.learner.answer(flat)
        return answer.flat() if isinstance(answer, Weights) else answer


def _emitted(
    learners: list[Learner],
    untrained: Callable[[], list[Learner]],
    outputs: torch.Tensor,
    data: Problem,
    networks: int,
    bench: Workbench,
) -> EmittedEvidence | None:
    """What a function-space operator emitted; None of other targets.

    Args:
        outputs: of the seed that validation prefers.
    """
    if data.target.kind != FUNCTION_OPERATOR:
        return None
    trained = _on_test(learners, data, bench, answers=True)
    networks_shown, spread = max(distinct(each, networks) for each, _ in trained), answers_spread(trained)
    if networks_shown < networks or spread <= verdict.NULL_RATIO:
        first = _on_test(untrained(), data, bench, answers=True)
        networks_shown = max(networks_shown, *(distinct(each, networks) for each, _ in first))
        spread = max(spread, answers_spread(first))
    error = float((outputs - data.targets["test"]).abs().max())
    return EmittedEvidence(networks_shown, spread, error, sup_floor(data, networks))


def _outputs(learner: torch.nn.Module, inputs: torch.Tensor, bench: Workbench) -> torch.Tensor:
    with bench.call(len(inputs)), torch.no_grad():
        parts = [learner(part.to(bench.device)).cpu() for part in inputs.split(CHUNK)]
    return torch.cat(parts)


def _noise(
    learner: Learner,
    asked: torch.nn.Module,
    inputs: torch.Tensor,
    outputs: torch.Tensor,
    number: int,
    bench: Workbench,
) -> torch.Tensor:
    """How far outputs move under one unit in the last place of every weight that is read, or of every parameter, `JITTERS` times each.

    Args:
        asked: the learner, or what it is seen through.
    """
    rng = np.random.default_rng(number)
    noise = torch.zeros_like(outputs)
    for _ in range(JITTERS):
        moved = jittered(Weights.from_flat(learner.space, inputs), rng).flat()
        noise = torch.maximum(noise, (_outputs(asked, moved, bench) - outputs).abs())
        parameters = list(asked.parameters())
        kept = [parameter.detach().clone() for parameter in parameters]
        with torch.no_grad():
            for parameter in parameters:
                up = torch.from_numpy(rng.integers(0, 2, tuple(parameter.shape))).to(parameter)
                if parameter.is_floating_point() or parameter.is_complex():
                    parameter.mul_(1 + (2 * up - 1) * torch.finfo(torch.float64).eps)
        noise = torch.maximum(noise, (_outputs(asked, inputs, bench) - outputs).abs())
        with torch.no_grad():  # no copy of the network: one that keeps what it computed has none
            for parameter, before in zip(parameters, kept, strict=True):
                parameter.copy_(before)
    return noise


def _bootstrap(errors: np.ndarray) -> tuple[float, float]:
    """Interval of the mean over samples."""
    rng = np.random.default_rng(len(errors))
    means = errors[rng.integers(0, len(errors), (RESAMPLES, len(errors)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _chosen(training: Training) -> int:
    """The seed that the validation set prefers, of those that did not diverge where there are such."""
    rank = [(outcome.diverged_at is not None, outcome.best_error) for outcome in training.outcomes]
    return rank.index(min(rank))


def _of_training(training: Training, measured: verdict.Measured) -> dict[str, Any]:
    """What the training leaves in the evidence; nothing here but the share depends on the machine."""
    stride = max(1, -(-len(training.curve) // POINTS))
    return {
        "steps": max(outcome.steps for outcome in training.outcomes),
        "samples_seen": training.samples_seen,
        "together": training.together,
        "loop_share": training.loop_share,
        "curve": tuple((step, errors[measured.chosen]) for step, errors in training.curve[::-1][::stride][::-1]),
        "chosen": measured.chosen,
        "seeds": tuple(
            SeedEvidence(
                seed=outcome.seed,
                error=error,
                validation_error=outcome.best_error if math.isfinite(outcome.best_error) else None,
                best_step=outcome.best_step,
                steps=outcome.steps,
                diverged_at=outcome.diverged_at,
                last_finite_loss=outcome.last_finite_loss,
            )
            for outcome, error in zip(training.outcomes, measured.errors, strict=True)
        ),
    }
