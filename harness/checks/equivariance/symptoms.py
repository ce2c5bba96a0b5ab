"""Measuring what tells causes apart, where the law is not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.groups import Group
from ...weights.inputs import jittered
from ...weights.symmetry import GroupElement, act
from ...weights.units import in_units, units
from .causes import JUMPY, KEPT
from .controls import FEW, Controls
from .evidence import Symptoms
from .law import TRIES, Errors, Law, law_errors, neighbours, untied, wrong_tensors
from .task import Pairs, Task, only_generators

STEP = 1e-10
FINE, COARSE = 1e-6, 1e-2
"""Lengths of the lines along which jumps are looked for: float32 answers in steps of 6e-8, float16 of 5e-4."""
POINTS = 16
"""Steps of each line."""


def measure_symptoms(
    subject: Subject,
    task: Task,
    symmetry: Group,
    law: Law,
    controls: Controls,
    rng: np.random.Generator,
    seed: int,
) -> Symptoms:
    """In float64: how the output answers small steps, what neighbours say, which generators and tensors are wrong."""
    pairs, errors, limit = law.pairs, law.double, KEPT * law.floor64
    near = law.neighbours
    if near is None and task.input != "generic":
        near = neighbours(subject, task, pairs, errors, rng, seed, controls.least)
    v = pairs.v if task.input == "generic" else untied(pairs.v, rng)
    steps = answer_to_steps(subject, task, v[:2], rng, controls.least)
    if not pairs.swaps:
        pairs = only_generators(task, symmetry, law.pairs.v)
        errors = law_errors(subject, task, pairs, controls.least) if pairs.elements else errors
    by_axis = errors_of_axes(pairs, errors)
    wrong = [each for listed in by_axis.values() for each in listed if each > limit]
    erring = [each for listed in by_axis.values() for each in listed if each > 0]
    return Symptoms(
        slope=steps.slope,
        roughness=steps.roughness,
        stays=steps.stays,
        wide=steps.wide,
        growth=near.growth if near else None,
        near_ties=near.error if near else None,
        near_floor=near.floor if near else None,
        kept=tuple(axis for axis, listed in by_axis.items() if max(listed) <= limit),
        broken=tuple(axis for axis, listed in by_axis.items() if max(listed) > limit),
        kept_generators=sum(each <= limit for listed in by_axis.values() for each in listed),
        broken_generators=len(wrong),
        least_broken=min(erring, default=0.0),
        most_broken=max(erring, default=0.0),
        tensors=wrong_tensors(task, law.pairs, law.double, 1e2 * law.floor64),
        seeded=controls.seeded,
        lifted=lifted(subject, task, pairs.v[:FEW], rng, controls.least) if law.jump is not None else None,
    )


def errors_of_axes(pairs: Pairs, errors: Errors) -> dict[str, list[float]]:
    """Axis -> the error of each of its generators, the largest over the weight vectors that it was asked on and moves."""
    found: dict[GroupElement, float] = {}
    if not pairs.swaps:
        return {}
    before = pairs.v[torch.tensor(pairs.partner[: pairs.swaps])]
    moves = (act(pairs.elements[: pairs.swaps], before).flat() != before.flat()).any(1)
    for number, g in enumerate(pairs.elements[: pairs.swaps]):
        if moves[number]:
            found[g] = max(found.get(g, 0.0), float(errors.each[number]))
    by_axis: dict[str, list[float]] = {}
    for g, each in found.items():
        by_axis.setdefault(axis_of(g), []).append(each)
    return by_axis


def axis_of(g: GroupElement) -> str:
    """The axis that a generator moves."""
    return next(iter(g.moving), "")


@dataclass(frozen=True)
class Steps:
    """How the output answers steps along random lines; see `evidence.Symptoms`."""

    slope: float
    roughness: float
    stays: float | None
    wide: float


def answer_to_steps(subject: Subject, task: Task, v: Weights, rng: np.random.Generator, least: float) -> Steps:
    """Along random lines from v, in one call, and in a second one about the roughest place, where the fine steps are smooth."""
    away = [0.0, STEP, *(FINE * place / POINTS for place in range(1, POINTS + 1))]
    away += [COARSE * place / POINTS for place in range(1, POINTS + 1)]
    direction = v.map(lambda tensor: torch.from_numpy(rng.standard_normal(tuple(tensor.shape))))
    size = max(float(v.flat().square().mean().sqrt()), 2.0**-10)

    def answers(distances: Sequence[float]) -> torch.Tensor:
        line = [
            Weights(v.space, {name: tensor + size * t * direction.tensors[name] for name, tensor in v.items()})
            for t in distances
        ]
        return subject(Weights.cat(line)).view(len(line), v.batch, -1)

    outputs = answers(away)
    unit = units(v.space, task.kind, outputs[0], least)
    fine = torch.cat([outputs[:1], outputs[2 : 2 + POINTS]])
    coarse = torch.cat([outputs[:1], outputs[2 + POINTS :]])
    far = bends(coarse - _bent(coarse), unit)
    roughness = max(float(bends(fine, unit).max()), float(far.max()))
    short = (outputs[1] - outputs[0]) / unit
    long = (fine[-1] - fine[0]) / unit * (STEP / FINE)
    largest = float(long.abs().max())
    slope = float((short - long).abs().max()) / largest if largest else float("inf")
    stays = None
    if slope <= JUMPY and float(far.max()) > 0:
        middle = int(far.argmax()) + 1
        near = [COARSE / POINTS * (middle - 1 + place / POINTS) for place in range(2 * POINTS + 1)]
        found = answers(near)
        stays = float(bends(found - _bent(found), unit).max()) / float(far.max())
    return Steps(slope, roughness, stays, float(far.median() / far.max()) if float(far.max()) else 0.0)


def bends(path: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
    """The largest second difference of each step, over all samples and entries, in units of the output."""
    second = path[2:] - 2 * path[1:-1] + path[:-2]
    return (second.abs() / unit).flatten(1).amax(1)


def _bent(path: torch.Tensor) -> torch.Tensor:
    """The cubic that fits a path best: what is smooth in it."""
    basis = _cubics(len(path))
    return (basis @ (basis.T @ path.flatten(1))).view_as(path)


@cache
def _cubics(points: int) -> torch.Tensor:
    """`[points, 4]`, float64: an orthonormal basis of the cubics on evenly spaced points, by Gram and Schmidt, each taken twice.

    Not by a solver of least squares: LAPACK's give other last bits from call to call, and a row is the same in every process.
    """
    t = torch.linspace(-1, 1, points, dtype=torch.float64)
    basis: list[torch.Tensor] = []
    for power in range(4):
        column = t**power
        for each in (*basis, *basis):
            column = column - (each * column).sum() * each
        basis.append(column / column.square().sum().sqrt())
    return torch.stack(basis, 1)


def lifted(subject: Subject, task: Task, v: Weights, rng: np.random.Generator, least: float) -> float | None:
    """How many times as far one ulp of float32 moves the output in float32 as one ulp of float64 does; lowers the subject for good.

    One for a jump; 2^14.5 for a root of rounding, 2^29 for rounding. None where nothing moves in float64, or a call fails.
    """
    moves = []
    for lower in (False, True):
        if lower:
            subject.lower_()
        try:
            still = subject(v)
            unit = units(v.space, task.kind, still, least)
            moves.append(
                max(float(in_units(subject(jittered(v, rng, subject.dtype)) - still, unit).max()) for _ in range(TRIES))
            )
        except PluginFault:
            return None
    return moves[1] / moves[0] if moves[0] else None
