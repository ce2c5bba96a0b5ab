"""One case of an equivariance check, read off its cell, and the pairs of a weight vector and a group element that it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, permutations, product

import numpy as np
import torch

from ...core.cell import Cell
from ...plugins.architecture import Architecture, Equivariant, Invariant
from ...weights.algebra.kinds import FactorKind, OutputKind
from ...weights.batch import Weights
from ...weights.groups import Group
from ...weights.inputs import constructed
from ...weights.space import NamedSpace, WeightSpace, mlp
from ...weights.symmetry import (
    GroupElement,
    generators,
    generic_elements,
    on_axis,
    order,
    random_elements,
)
from . import verdict
from .evidence import Ask

GIVEN = "given"
"""The input of weights that are handed over with the task."""
OUTPUTS = {
    "invariant": Invariant(3),
    "equivariant": Equivariant(2),
    "point": Equivariant(2, OutputKind.POINT),
    "covector": Equivariant(2, OutputKind.COVECTOR),
}
"""Name, as suites give it -> what is asked of the plug-in; `equivariant` asks for vectors."""
PAIRS = 64
"""Independent draws of a weight vector and an element: a defect on 4.6 % of pairs shows in one of them with 95 %."""
FEW_PAIRS = 16
"""The same on a space that is asked beside the row's own."""
GENERATOR_SAMPLES = 4
"""Generic weight vectors on which every generator is asked, at least."""
MANY_NUMBERS, MANY_CHANNELS = 24, 12
"""Of large outputs."""
MANY = 32
"""Of more generators than these, each is asked on one weight vector: the draws move all indices often enough."""
REAL = frozenset({"scale", "orth", "gl", "rotary", "shift"})
"""Kinds of which random elements are drawn exactly and as any floats."""
FAR = 20
"""Reach of the one element a row whose factors are far from one."""


@dataclass(frozen=True)
class Task:
    """One case of an equivariance check, read off its cell; `given` are its inputs where its input is `GIVEN`.

    A task of `few` pairs and calls is asked beside another one. A module that declares nothing (not `declared`) claims no continuity between
    its inputs.
    """

    named: NamedSpace
    output: str
    input: str
    mode: str
    samples: int
    elements: int
    asked: Invariant | Equivariant
    ask: Ask = Ask.LAW
    given: Weights | None = None
    few: bool = False
    declared: bool = True

    @property
    def pairs(self) -> int:
        """How many independent draws of vector and element are asked."""
        return FEW_PAIRS if self.few else PAIRS

    @staticmethod
    def of(cell: Cell) -> Task:
        """What the case and the parameters of a row ask."""
        case, ask = cell.case, Ask.LAW
        before, _, last = case.rpartition("/")
        if last in tuple(Ask):
            case, ask = before, Ask(last)
        space, output, kind, mode = case.rsplit("/", 3)
        parameters = cell.parameters
        named = NamedSpace.from_json({key: parameters["spaces"][space][key] for key in ("space", "zoo")})
        return Task(named, output, kind, mode, parameters["samples"], parameters["elements"], OUTPUTS[output], ask)

    @property
    def other_space(self) -> WeightSpace | None:
        """Where one hidden layer is called in all ways or drawn anew, three of them; where the law is asked beyond MLPs, axes of twice the
        size; else None."""
        space = self.named.space
        if self.named.zoo or (self.input, self.mode) != ("generic", "eval"):
            return None
        if not space.is_mlp:
            return space.resized({axis: 2 * size for axis, size in space.sizes}) if self.ask is Ask.LAW else None
        if self.ask not in (Ask.CALLS, Ask.REDRAW) or len(space.widths) != 3:
            return None
        first, hidden, last = space.widths
        return mlp(first, hidden, max(2, hidden - 1), max(2, hidden - 2), last, activation=space.activation)

    @property
    def of_one(self) -> Task:
        """The same, asked of an output of one number, or of one channel."""
        asked = self.asked
        one = replace(asked, dim=1) if isinstance(asked, Invariant) else replace(asked, channels=1)
        return replace(self, asked=one)

    @property
    def of_many(self) -> Task:
        """The same, asked of an output of many numbers, or of many channels."""
        asked = self.asked
        many = (
            replace(asked, dim=MANY_NUMBERS) if isinstance(asked, Invariant) else replace(asked, channels=MANY_CHANNELS)
        )
        return replace(self, asked=many)

    @property
    def kind(self) -> OutputKind | None:
        """How the output moves; None for an invariant one."""
        return OutputKind(self.asked.kind) if isinstance(self.asked, Equivariant) else None


def declared_group(architecture: Architecture, space: WeightSpace) -> Group:
    """The group of the declared symmetry on a space; permutations, where none is declared.

    Raises:
        NotCarried: the space does not carry it.
    """
    return architecture.traits.group(space)


def draw_inputs(task: Task, space: WeightSpace, samples: int, rng: np.random.Generator) -> Weights:
    """Weight vectors of the task's kind: constructed, or different trained ones from its zoo; fewer where there are fewer."""
    if task.input == "zeros":  # there is one; two make a batch
        return constructed(task.input, space, min(samples, 2), rng)
    if task.given is not None:
        return task.given[rng.permutation(task.given.batch)[:samples].tolist()]
    if task.input != verdict.ZOO_INPUT:
        return constructed(task.input, space, samples, rng)
    from ...zoo.population import population  # the only inputs that need a training run

    assert task.named.zoo is not None
    trained = population(task.named.zoo).weights
    return trained[rng.permutation(trained.batch)[:samples].tolist()].to(torch.float64)


@dataclass(frozen=True)
class Pairs:
    """Element i is asked on weight vector `partner[i]`; the first `swaps` elements are generators.

    Args:
        v: weight vectors.
        elements: group elements, single factors before products.
        partner: index of each element's weight vector.
        swaps: how many of them are generators.
        drawn: how many are independent draws of vector and element, or all that there are (`exhaustive`).
    """

    v: Weights
    elements: tuple[GroupElement, ...]
    partner: tuple[int, ...]
    swaps: int = 0
    drawn: int = 0
    exhaustive: bool = False


def draw_pairs(task: Task, symmetry: Group, v: Weights, rng: np.random.Generator) -> Pairs:
    """Where the input is generic, or given, every generator on four weight vectors; then one element a weight vector, single factors first."""
    shown = generator_pairs(task, symmetry, v) if task.input in ("generic", GIVEN) else []
    every = _all(task, symmetry)
    if every is not None:
        drawn = [(g, 0) for g in every]
        return _pairs(v, shown, drawn, exhaustive=True)
    drawn = [(g, number % v.batch) for number, g in enumerate(draw_elements(task, symmetry, task.pairs, rng))]
    far: list[tuple[GroupElement, int]] = []
    if any(kind.scales for kind in symmetry.kind.values()):
        far = [(g, 0) for g in random_elements(_of_factors(symmetry), 1, rng, reach=FAR)]
    return _pairs(v, shown, drawn, far=far)


def _of_factors(symmetry: Group) -> Group:
    """The permutations, scales and signs of a group, one for an axis: what may lie far from one and lifts no floor."""
    kept = (each for each in symmetry.factors if each.within is None and each.kind.atoms <= {"perm", "scale", "sign"})
    return Group(symmetry.space, tuple(kept))


def generator_pairs(task: Task, symmetry: Group, v: Weights) -> list[tuple[GroupElement, int]]:
    """Every generator with the index of each weight vector that it is asked on."""
    swaps = generators(symmetry)
    repeats = max(GENERATOR_SAMPLES, task.samples) if len(swaps) <= MANY and not task.few else 1
    return [(g, (place + number) % v.batch) for number, g in enumerate(swaps) for place in range(repeats)]


def only_generators(task: Task, symmetry: Group, v: Weights) -> Pairs:
    """The generators alone: what names the axes that break a law."""
    return _pairs(v, generator_pairs(task, symmetry, v), [])


def _pairs(
    v: Weights,
    shown: Sequence[tuple[GroupElement, int]],
    drawn: Sequence[tuple[GroupElement, int]],
    far: Sequence[tuple[GroupElement, int]] = (),
    exhaustive: bool = False,
) -> Pairs:
    listed = [*shown, *drawn, *far]
    elements, partner = zip(*listed, strict=True)
    return Pairs(v, elements, partner, len(shown), len(drawn), exhaustive)


def draw_elements(task: Task, symmetry: Group, count: int, rng: np.random.Generator) -> tuple[GroupElement, ...]:
    """`count` independent elements: some that move one axis alone, then products; where elements are real numbers every second one of floats."""
    drawn = random_elements(symmetry, count, rng)
    if any(kind.atoms & REAL for kind in symmetry.kind.values()):
        floats = generic_elements(symmetry, count, rng)
        drawn = tuple(pair[number % 2] for number, pair in enumerate(zip(drawn, floats, strict=True)))
    axes = symmetry.space.permuted
    if len(axes) < 2:
        return drawn
    alone = min(task.elements, count // 4)
    return tuple(on_axis(g, axes[number % len(axes)]) if number < alone else g for number, g in enumerate(drawn))


def _all(task: Task, symmetry: Group) -> list[GroupElement] | None:
    """Every element of a finite group of at most `PAIRS`, for an input of which there is only one; else None."""
    space = symmetry.space
    if task.input != "zeros" or any(each.kind != FactorKind.PERM or each.within for each in symmetry.factors):
        return None
    if order(space) > PAIRS:
        return None
    held = symmetry.kind
    images = [
        permutations(range(space.size[axis])) if axis in held else [tuple(range(space.size[axis]))]
        for axis in space.permuted
    ]
    return [GroupElement(tuple(zip(space.permuted, each, strict=True))) for each in islice(product(*images), PAIRS)]
