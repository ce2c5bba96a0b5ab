"""The data that an approximation row learns from: samples, targets and the units they are measured in.

The samples are a function of regime, space and sizes, and the targets of these and the target: the same for every architecture,
size and number of networks, so that errors can be compared. Kept per process, since many rows ask for the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from ...core.result import digest
from ...oracles.levels.partitions import Power
from ...oracles.levels.splits import Shared, Split, split
from ...plugins.architecture import Equivariant, Invariant
from ...regimes.regime import Samples
from ...targets.target import EQUIVARIANT_OPERATOR, FUNCTION_FUNCTIONAL, FUNCTION_OPERATOR, Target
from ...weights.algebra.kinds import OutputKind
from ...weights.batch import Weights
from ...weights.inputs import in_general_position
from ...weights.space import WeightSpace
from .task import read

PARTS = ("train", "validation", "test")
KEPT = 4
"""Data sets that a process holds at once."""
REDRAWN = 64
"""How often samples are drawn anew in place of those that an earlier part holds already."""


@dataclass(frozen=True)
class Units:
    """`(value - shift) / scale`, per column `[outputs]`: in which targets are learned and errors measured.

    Mean and deviation over the training set. A functional has its own for each dimension. An equivariant operator has one for
    each tensor and channel, a function-space operator one for each output neuron: finer ones would not commute with the
    group, or would bend functions.
    """

    shift: torch.Tensor
    scale: torch.Tensor

    def of(self, values: torch.Tensor) -> torch.Tensor:
        return (values - self.shift) / self.scale


@dataclass(frozen=True)
class Problem:
    """A data set.

    Args:
        target, space: what is learned, where.
        samples: part -> weight vectors.
        targets: part -> `[n, outputs]` float64, in the units.
        units: of the targets.
        size: of the target (`Target.size`).
        x: inputs at which functions are compared; None for the other kinds.
        general_position: whether every weight vector of every part lies in it.
        shared: what training, validation and test share, though they must not: orbits, or functions where the target sees those
            alone; None for nothing.
    """

    target: Target
    space: WeightSpace
    samples: Mapping[str, Samples]
    targets: Mapping[str, torch.Tensor]
    units: Units
    size: int
    x: torch.Tensor | None
    general_position: bool
    shared: Shared | None

    def output(self, networks: int, moves: OutputKind = OutputKind.VECTOR) -> Invariant | Equivariant:
        """What an architecture is asked for; an equivariant one moves as the target does (`Target.asked_kind`)."""
        if self.target.kind == FUNCTION_OPERATOR:
            return Equivariant(networks, moves)
        return Equivariant(self.size, moves) if self.target.kind == EQUIVARIANT_OPERATOR else Invariant(self.size)

    def inputs(self, part: str) -> torch.Tensor:
        """`[n, entries]` float64."""
        return self.samples[part].weights.flat()

    @property
    def variance(self) -> float:
        """Of the test targets, mean over columns about each column's own mean; for equivariant operators about the mean of
        each tensor and channel, since no network that commutes with the group knows a column from its neighbour."""
        values = self.targets["test"]
        if self.target.kind != EQUIVARIANT_OPERATOR:
            return float(values.var(0, correction=0).mean())
        means = spread_over(self.space, _blocks(self.space, values, lambda block: block.mean((0, 1))))
        return float((values - means).square().mean())

    def entries(self, values: torch.Tensor) -> dict[str, np.ndarray]:
        """`[n, outputs]` of an equivariant operator as tensor name -> `[n, *shape, channels]`."""
        return {name: tensor.numpy() for name, tensor in Weights.from_flat(self.space, values).items()}


def problem(parameters: Mapping[str, Any]) -> Problem:
    """The data set of a check's resolved parameters."""
    asked = {key: parameters[key] for key in ("space", "target", "regime", "sizes", "points")}
    return _problem(json.dumps(asked))  # keys unsorted: a space's tensors have an order


@lru_cache(maxsize=KEPT)
def _problem(text: str) -> Problem:
    parameters = json.loads(text)
    target, settings, _, _, space = read(parameters)
    samples, shared = samples_of(parameters)
    size = target.size(settings, space)
    x = None
    if target.inputs is not None:
        generator = torch.Generator().manual_seed(int(digest(parameters)[:12], 16))
        x = target.inputs(settings, space, parameters["points"], generator).double()
    raw = {part: _flat(target.value(settings, samples[part], *(() if x is None else (x,)))) for part in PARTS}
    units = _units(target, space, size, raw["train"])
    return Problem(
        target=target,
        space=space,
        samples=samples,
        targets={part: units.of(values) for part, values in raw.items()},
        units=units,
        size=size,
        x=x,
        general_position=space.is_mlp and all(in_general_position(each.weights) for each in samples.values()),
        shared=shared,
    )


def samples_of(parameters: Mapping[str, Any]) -> tuple[Mapping[str, Samples], Shared | None]:
    """The weight vectors of a check's parts, and what they share all the same.

    Law: training, validation and test share no orbit, and no function where the target sees functions alone. Where a regime
    without end draws what an earlier part holds, that is drawn anew; what a regime with an end deals twice stays, and is said. There
    functions count as one that answer alike to within rounding.
    """
    return _samples(json.dumps({key: parameters[key] for key in ("space", "target", "regime", "sizes")}))


@lru_cache(maxsize=KEPT)
def _samples(text: str) -> tuple[Mapping[str, Samples], Shared | None]:
    parameters = json.loads(text)
    target, _, regime, settings, space = read(parameters)
    seed = int(digest([parameters[key] for key in ("regime", "space", "sizes")])[:12], 16)
    rng = np.random.default_rng(seed)
    drawn = regime.draw(settings, space, [parameters["sizes"][part] for part in PARTS], rng)
    parts: dict[str, Samples] = dict(zip(PARTS, drawn, strict=True))
    power = Power.FUNCTION if target.kind in (FUNCTION_FUNCTIONAL, FUNCTION_OPERATOR) else Power.ORBIT
    endless = regime.limit(settings) is None
    first = found = _split(space, parts, power, near=not endless)
    tries = REDRAWN if endless else 0
    while found.shared is not None and tries:
        repeated = {part: places for part, places in found.repeated.items() if len(places)}
        again = regime.draw(settings, space, [len(places) for places in repeated.values()], rng)
        for (part, places), new in zip(repeated.items(), again, strict=True):
            parts[part] = _replaced(parts[part], torch.from_numpy(places), new)
        found, tries = _split(space, parts, power, near=False), tries - 1
    return parts, None if found.shared is None else first.shared


def _split(space: WeightSpace, parts: Mapping[str, Samples], power: Power, *, near: bool) -> Split:
    return split(
        space,
        {part: {name: t[..., 0].numpy() for name, t in each.weights.items()} for part, each in parts.items()},
        power,
        near=near,
    )


def _replaced(samples: Samples, places: torch.Tensor, new: Samples) -> Samples:
    """The samples with others at these places."""
    weights = {name: t.index_copy(0, places, new.weights.tensors[name]) for name, t in samples.weights.items()}
    metadata = {name: t.index_copy(0, places, new.metadata[name]) for name, t in samples.metadata.items()}
    return Samples(Weights(samples.weights.space, weights), metadata)


def _flat(values: torch.Tensor | Weights) -> torch.Tensor:
    return values.flat() if isinstance(values, Weights) else values.double().flatten(1)


def _units(target: Target, space: WeightSpace, size: int, values: torch.Tensor) -> Units:
    if target.kind == EQUIVARIANT_OPERATOR:
        shift = spread_over(space, _blocks(space, values, lambda block: block.mean((0, 1))))
        scale = spread_over(space, _blocks(space, values, lambda block: block.std((0, 1), correction=0)))
    elif target.kind == FUNCTION_OPERATOR:
        by_neuron = values.view(len(values), -1, size).flatten(0, 1)
        repeats = values.shape[1] // size
        shift, scale = by_neuron.mean(0).repeat(repeats), by_neuron.std(0, correction=0).repeat(repeats)
    else:
        shift, scale = values.mean(0), values.std(0, correction=0)
    return Units(shift, torch.where(scale > 1e-12 * (1 + shift.abs()), scale, 1.0))


def _blocks(space: WeightSpace, values: torch.Tensor, reduce: Any) -> list[torch.Tensor]:
    """`reduce` of each tensor's `[n, entries, channels]`."""
    return [reduce(tensor.flatten(1, -2)) for _, tensor in Weights.from_flat(space, values).items()]


def spread_over(space: WeightSpace, per_tensor: list[torch.Tensor]) -> torch.Tensor:
    """One `[channels]` per tensor as `[outputs]`."""
    entries = [int(np.prod(shape)) for shape in space.shapes.values()]
    return torch.cat([value.repeat(count) for value, count in zip(per_tensor, entries, strict=True)])
