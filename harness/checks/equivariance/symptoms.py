"""Measuring what tells causes apart, where the law is not kept."""

from __future__ import annotations

import numpy as np
import torch

from ...plugins.subject import Subject
from ...weights.batch import Weights
from ...weights.groups import Group
from ...weights.symmetry import GroupElement, act
from ...weights.units import in_units, units
from .causes import KEPT
from .controls import Controls
from .evidence import Symptoms
from .law import Errors, Law, law_errors, neighbours, untied, wrong_tensors
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
    slope, roughness = answer_to_steps(subject, task, v[:2], rng, controls.least)
    if not pairs.swaps:
        pairs = only_generators(task, symmetry, law.pairs.v)
        errors = law_errors(subject, task, pairs, controls.least) if pairs.elements else errors
    by_axis = errors_of_axes(pairs, errors)
    wrong = [each for listed in by_axis.values() for each in listed if each > limit]
    erring = [each for listed in by_axis.values() for each in listed if each > 0]
    return Symptoms(
        slope=slope,
        roughness=roughness,
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
    if g.diagonals:
        return g.diagonals[0].axis
    return next((axis for axis, images in g.permutations if list(images) != sorted(images)), "")


def answer_to_steps(
    subject: Subject, task: Task, v: Weights, rng: np.random.Generator, least: float
) -> tuple[float, float]:
    """`(slope, roughness)` along random lines from v, in one call; see `evidence.Symptoms`."""
    away = [0.0, STEP, *(FINE * place / POINTS for place in range(1, POINTS + 1))]
    away += [COARSE * place / POINTS for place in range(1, POINTS + 1)]
    direction = v.map(lambda tensor: torch.from_numpy(rng.standard_normal(tuple(tensor.shape))))
    size = max(float(v.flat().square().mean().sqrt()), 2.0**-10)
    line = [
        Weights(v.space, {name: tensor + size * t * direction.tensors[name] for name, tensor in v.items()})
        for t in away
    ]
    outputs = subject(Weights.cat(line)).view(len(away), v.batch, -1)
    unit = units(v.space, task.kind, outputs[0], least)
    fine = torch.cat([outputs[:1], outputs[2 : 2 + POINTS]])
    coarse = torch.cat([outputs[:1], outputs[2 + POINTS :]])
    roughness = max(
        float(in_units((path[2:] - 2 * path[1:-1] + path[:-2]).flatten(0, 1), unit.repeat(POINTS - 1, 1)).max())
        for path in (fine, coarse - _bent(coarse))
    )
    short = (outputs[1] - outputs[0]) / unit
    long = (fine[-1] - fine[0]) / unit * (STEP / FINE)
    largest = float(long.abs().max())
    return float((short - long).abs().max()) / largest if largest else float("inf"), roughness


def _bent(path: torch.Tensor) -> torch.Tensor:
    """The cubic that fits a path best: what is smooth in it."""
    t = torch.linspace(-1, 1, len(path), dtype=path.dtype)
    powers = torch.stack([t**power for power in range(4)], 1)
    flat = path.flatten(1)
    return (powers @ torch.linalg.lstsq(powers, flat).solution).view_as(path)
