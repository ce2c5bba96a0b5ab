"""Measuring the equivariance law: the network in two precisions, the action and the comparison in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...core.cell import Cell
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Equivariant, Invariant
from ...plugins.subject import Subject
from ...weights.batch import Weights
from ...weights.inputs import constructed, jittered
from ...weights.space import NamedSpace, WeightSpace
from ...weights.symmetry import GroupElement, act, generators, identity, random_elements
from . import verdict
from .evidence import Rule

OUTPUTS = {"invariant": Invariant(3), "equivariant": Equivariant(2)}
JITTERS = 4
"""One-ulp neighbours of each sample that measure the noise floor."""
SMALLEST_SCALE = 1e-3
"""Errors are relative to the output's scale on the inputs at hand, or to this share of the scale on generic inputs."""


@dataclass(frozen=True)
class Task:
    """One case of an equivariance check, read off its cell."""

    named: NamedSpace
    output: str
    input: str
    mode: str
    samples: int
    elements: int
    asked: Invariant | Equivariant

    @staticmethod
    def of(cell: Cell) -> Task:
        space, output, kind, mode = cell.case.rsplit("/", 3)
        parameters = cell.parameters
        named = NamedSpace.from_json({key: parameters["spaces"][space][key] for key in ("space", "zoo")})
        return Task(named, output, kind, mode, parameters["samples"], parameters["elements"], OUTPUTS[output])


def draw_inputs(task: Task, space: WeightSpace, samples: int, rng: np.random.Generator) -> Weights:
    """Weight vectors of the task's kind: constructed, or trained ones from its zoo."""
    if task.input != verdict.ZOO_INPUT:
        return constructed(task.input, space, samples, rng)
    from ...zoo.population import population  # the only inputs that need a training run

    assert task.named.zoo is not None
    trained = population(task.named.zoo).weights
    return trained[rng.choice(trained.batch, samples, replace=False).tolist()].to(torch.float64)


def draw_elements(space: WeightSpace, count: int, rng: np.random.Generator) -> tuple[GroupElement, ...]:
    """Every generator, `count` uniform elements, and for every permuted axis one uniform element that moves it alone."""
    one_axis = tuple(
        GroupElement(
            tuple(
                (name, images if name == axis else rest)
                for (name, images), (_, rest) in zip(g.permutations, identity(space).permutations, strict=True)
            )
        )
        for axis in space.permuted
        for g in random_elements(space, 1, rng)
    )
    return generators(space) + random_elements(space, count, rng) + one_axis


def moved(
    outputs: torch.Tensor, elements: Sequence[GroupElement], space: WeightSpace, output: Invariant | Equivariant
) -> torch.Tensor:
    """`g phi(v)` for flat outputs `[batch, entries]`: nothing moves in an invariant one."""
    if isinstance(output, Invariant):
        return outputs
    return act(elements, Weights.from_flat(space, outputs)).flat()


def _largest(difference: torch.Tensor) -> float:
    return float(difference.abs().max()) if difference.numel() else 0.0


def law_error(subject: Subject, v: Weights, elements: Sequence[GroupElement]) -> tuple[torch.Tensor, torch.Tensor]:
    """`(phi(v), largest |phi(g v) - g phi(v)| for each element)`, element i on sample i modulo the batch, in one call."""
    partner = torch.arange(len(elements)) % v.batch
    outputs = subject(Weights.cat([v, act(elements, v[partner])]))
    base, images = outputs[: v.batch], outputs[v.batch :]
    return base, (images - moved(base[partner], elements, v.space, subject.output)).abs().amax(dim=1)


def measure(
    architecture: Architecture, task: Task, seed: int, bench: Workbench, elements: Sequence[GroupElement] | None = None
) -> tuple[verdict.Measurement, GroupElement]:
    """Measure one case on the task's own group elements, or on given ones.

    Returns:
        The measurement, and the group element whose error stands highest above the noise.

    Raises:
        Unsupported, PluginFault: as `Subject` does.
    """
    space, output = task.named.space, task.asked
    rng = np.random.default_rng(seed)
    v = draw_inputs(task, space, task.samples, rng)
    mates = constructed("generic", space, task.samples, rng)
    elements = elements or draw_elements(space, task.elements, rng)

    subject = Subject(architecture, space, output, seed=seed, dtype=torch.float64, bench=bench, mode=task.mode)
    kept = v.clone()
    first = subject(v)
    modified = not all(torch.equal(kept.tensors[name], tensor) for name, tensor in v.items())
    v = kept
    base, errors = law_error(subject, v, elements)

    # Mates of another size and scale: a statistic over the batch cannot miss them.
    among = subject(Weights.cat([mates.map(lambda tensor: 8 * tensor), v[[0]]]))
    generic = subject(mates)
    steady, still = (v, first) if architecture.traits.continuous else (mates, generic)
    # In the same places of a batch of the same size, so that what the batch does to the answer is not taken for noise.
    jitter = torch.cat([subject(jittered(steady, rng)) for _ in range(JITTERS)]) - still.repeat(JITTERS, 1)
    backwards = subject(v[list(range(v.batch - 1, -1, -1))]).flip(0)
    alone = subject(v[[0]])
    again = subject(v)
    subject.jitter_(seed)
    inside = subject(v) - again

    own_scale, generic_scale = _largest(base), _largest(generic)
    scale = max(own_scale, SMALLEST_SCALE * generic_scale, 1e-300)
    pairs = torch.combinations(torch.arange(task.samples))
    jitter_scale = scale if architecture.traits.continuous else max(generic_scale, 1e-300)
    noise = max(_largest(jitter) / jitter_scale, _largest(inside) / scale)
    spread = (generic[pairs[:, 0]] - generic[pairs[:, 1]]).abs().amax(dim=1).median()

    base32, errors32 = law_error(subject.lower_(), v, elements)
    still32 = base32 if steady is v else subject(steady)
    jitter32 = torch.cat([subject(jittered(steady, rng, torch.float32)) for _ in range(JITTERS)]) - still32.repeat(
        JITTERS, 1
    )
    again32 = subject(v)
    subject.jitter_(seed)
    noise32 = max(_largest(jitter32) / jitter_scale, _largest(subject(v) - again32) / scale)
    floor64, floor32 = max(noise, verdict.ROUNDING), max(noise32, verdict.ROUNDING * verdict.SINGLE)
    worst = int(torch.maximum(errors / floor64, errors32 / floor32).argmax())
    return (
        verdict.Measurement(
            error64=_largest(errors) / scale,
            error32=_largest(errors32) / scale,
            floor64=floor64,
            floor32=floor32,
            properties={
                Rule.REPEATED_CALL: _largest(again - first) / scale,
                Rule.BATCH_ORDER: _largest(backwards - again) / scale,
                Rule.BATCH_MATES: _largest(among[-1:] - again[:1]) / scale,
                Rule.BATCH_OF_ONE: _largest(alone - again[:1]) / scale,
            },
            spread=float(spread) / max(generic_scale, 1e-300),
            modified=modified,
        ),
        elements[worst],
    )
