"""Measuring the resolution of single entries: a generic vector beside copies of it with one entry moved, or with two exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...core.cell import Cell
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...oracles.function import function_relation
from ...oracles.tuples.colouring import colour
from ...plugins.architecture import Architecture
from ...plugins.redraw import GAINS
from ...plugins.subject import Subject
from ...weights.activations import ANALYTIC
from ...weights.batch import Weights
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..applicability import applicability
from ..prediction import SEPARATED, of_own, predict
from ..separation.draws import drawn_again, drawn_subject
from ..separation.read_out import asked
from . import verdict
from .evidence import ResolutionEvidence, StepEvidence

STEPS = {torch.float64: 2.0**-30, torch.float32: 2.0**-12}
ENTRIES = 12
"""Of one tensor; where it has more, so many at random."""
COPIES = 4
"""Of the vector itself, at other places of the batch."""
Entry = tuple[str, int]
"""Tensor and flat index."""
TURNS = 3
"""Entries of a tensor that are negated, and pairs of entries of a matrix that are exchanged, each."""


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """All entries of one space; an editor through a read-out."""
    return asked(lambda asked_of: _measured(cell, asked_of, bench), architecture)


def _measured(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    refused = applicability(architecture.traits)
    space = WeightSpace.from_json(cell.parameters["spaces"][cell.case])
    facts = ResolutionEvidence(str(space))
    if refused is not None:
        return refused.judgement(evidence=facts)
    rng = np.random.default_rng(cell.seed)
    entries = chosen(space, rng)
    v = unmoved(space, rng)
    predicted = predicted_moves(architecture, space, v, [stepped(v, entry, STEPS[torch.float64]) for entry in entries])
    turns = turned(space, v, np.random.default_rng([cell.seed, len(entries)]))
    of_turns = predicted_moves(architecture, space, v, [w for _, w in turns])
    best = np.zeros(len(turns))
    ratios: dict[torch.dtype, list[np.ndarray]] = {dtype: [] for dtype in STEPS}
    taken = 0
    while taken < verdict.DRAWS or (taken < 2 * verdict.DRAWS and _missing(ratios, predicted, best[of_turns])):
        found, turns_shown = drawn_again(
            lambda rng, n=taken: measure_draw(architecture, space, v, entries, turns, n, rng, bench), cell.seed, taken
        )
        for dtype, values in found.items():
            ratios[dtype].append(values)
        best = np.maximum(best, turns_shown)
        taken += 1
    measured = replace(
        facts,
        draws=taken,
        float64=_told(entries, predicted, np.max(ratios[torch.float64], axis=0), verdict.HIDDEN, verdict.SHOWN),
        float32=_told(entries, predicted, np.max(ratios[torch.float32], axis=0), 0.0, 0.0),
        turned=_told(turns, of_turns, best, verdict.HIDDEN, verdict.SHOWN),
    )
    return Judgement.of(verdict.judge(measured), measured)


def _missing(ratios: dict[torch.dtype, list[np.ndarray]], predicted: np.ndarray, turned: np.ndarray) -> bool:
    best64, best32 = (np.max(ratios[dtype], axis=0) for dtype in (torch.float64, torch.float32))
    return bool((predicted & ((best64 < verdict.SHOWN) | (best32 == 0))).any() or (turned < verdict.SHOWN).any())


def chosen(space: WeightSpace, rng: np.random.Generator) -> list[Entry]:
    """Up to `ENTRIES` entries of every tensor."""
    found = []
    for name, shape in space.shapes.items():
        size = int(np.prod(shape))
        found += [(name, int(index)) for index in np.sort(rng.choice(size, min(size, ENTRIES), replace=False))]
    return found


def unmoved(space: WeightSpace, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A generic vector: sizes in [1/2, 3/2), no two of one size, signs at random. None is small, so that a share of any is one of all."""
    places = 2 ** max(10, (space.parameters - 1).bit_length())
    sizes = 0.5 + rng.choice(places, space.parameters, replace=False) / places
    flat = sizes * rng.choice([-1.0, 1.0], space.parameters)
    return Weights.from_flat(space, torch.from_numpy(flat[None])).arrays(0)


def stepped(v: Vector, entry: Entry, step: float) -> dict[str, np.ndarray]:
    """The vector with one entry moved by a relative step."""
    name, index = entry
    moved = np.array(v[name])
    moved.flat[index] *= 1 + step
    return {**v, name: moved}


def turned(space: WeightSpace, v: Vector, rng: np.random.Generator) -> list[tuple[str, dict[str, np.ndarray]]]:
    """What is turned, and v with it: one entry negated, two entries of a matrix in other rows and columns exchanged, two inputs, two outputs."""
    found = []
    for name, shape in space.shapes.items():
        for index in rng.choice(v[name].size, min(v[name].size, TURNS), replace=False):
            found.append((f"sign:{name}", stepped(v, (name, int(index)), -2.0)))
        if len(matrix := [size for size in shape if size > 1]) == 2:
            for _ in range(TURNS):
                rows, columns = (rng.choice(size, 2, replace=False) for size in matrix)
                w = np.array(v[name]).reshape(matrix)
                w[rows, columns] = w[rows[::-1], columns[::-1]]
                found.append((f"entries:{name}", {**v, name: w.reshape(v[name].shape)}))
    for axis, size in space.sizes:
        if axis not in space.permuted and size > 1:
            pair = rng.choice(size, 2, replace=False)
            order = np.arange(size)
            order[pair] = pair[::-1]
            moved = {name: np.take(v[name], order, axes.index(axis)) for name, axes in space.tensors if axis in axes}
            found.append((f"indices:{axis}", {**v, **moved}))
    return found


def predicted_moves(architecture: Architecture, space: WeightSpace, v: Vector, moved: list[Vector]) -> np.ndarray:
    """`[moved]`: whether the declared power has to tell each from v, by the oracles."""
    traits = architecture.traits
    if traits.power == "function" and space.activation not in ANALYTIC:
        return np.zeros(len(moved), bool)  # behind a kink the network's own probes may see no change
    refinement = colour(space, [v, *moved], "split" if of_own(space, traits.refinement) == "split" else "joint")
    known = []
    for number, w in enumerate(moved, 1):
        parted = refinement.round_of_separation(0, number)
        function = _function(space, v, w) if traits.power == "function" else "unknown"
        prediction = predict(
            orbit="different" if parted is not None else "unknown",
            separating_round=parted,
            function=function,
            power=traits.power,
            rounds=architecture.rounds,
            symmetry=traits.symmetry,
        )
        known.append(prediction.verdict == SEPARATED)
    return np.array(known)


def _function(space: WeightSpace, v: Vector, w: Vector) -> str:
    """Whether the functions are equal, as the oracle of MLPs says; of other spaces' it knows none that are different."""
    return function_relation(space, v, w).answer if space.is_mlp else "unknown"


def measure_draw(
    architecture: Architecture,
    space: WeightSpace,
    v: Vector,
    entries: list[Entry],
    turns: list[tuple[str, dict[str, np.ndarray]]],
    number: int,
    rng: np.random.Generator,
    bench: Workbench,
) -> tuple[dict[torch.dtype, np.ndarray], np.ndarray]:
    """Precision -> `[entries]` changes over rounding, each entry of v moved alone; and those of what is turned, in float64.

    Every draw has the same v, of which the prediction is: at another one a step may cross a rounding inside the network, or
    an entry be seen that is not seen here.

    In float64 the unit is the larger of four units of rounding and what copies of v differ by; in float32 a change counts as what it
    exceeds that difference by, in units of rounding.
    """
    subject = drawn_subject(architecture, space, int(rng.integers(2**48)), GAINS[number % len(GAINS)], bench)
    found = {}
    own, copies, unit = _changes(subject, space, v, [w for _, w in turns], np.random.default_rng([number]))
    of_turns = own / max(unit, copies)
    for dtype, step in STEPS.items():
        if dtype is torch.float32:
            subject.lower_()
        own, copies, unit = _changes(subject, space, v, [stepped(v, entry, step) for entry in entries], rng)
        found[dtype] = own / max(unit, copies) if dtype is torch.float64 else np.maximum(own - copies, 0.0) / unit
    return found, of_turns


def _changes(
    subject: Subject, space: WeightSpace, v: Vector, moved: list[dict[str, np.ndarray]], rng: np.random.Generator
) -> tuple[np.ndarray, float, float]:
    """By how much the output changes for each, by how much copies of v differ, and the unit of rounding."""
    listed = [v] * (1 + COPIES) + moved
    slots = torch.from_numpy(np.concatenate([[0], 1 + rng.permutation(len(listed) - 1)]))
    answer = subject(Weights.from_arrays(space, listed)[torch.argsort(slots)])
    outputs = answer[slots]
    changes = torch.linalg.vector_norm(outputs - outputs[0], dim=1).numpy()
    unit = 4 * torch.finfo(subject.dtype).eps / 2 * float(torch.linalg.vector_norm(outputs, dim=1).mean()) + 1e-300
    return changes[1 + COPIES :], float(changes[1 : 1 + COPIES].max()), unit


def _told(
    entries: Sequence[tuple[str, Any]], predicted: np.ndarray, best: np.ndarray, hidden: float, shown: float
) -> dict[str, StepEvidence]:
    told = {}
    for name in dict.fromkeys(name for name, _ in entries):
        own = np.array([entry[0] == name for entry in entries])
        wanted = own & predicted
        told[name] = StepEvidence(
            entries=int(own.sum()),
            predicted=int(wanted.sum()),
            hidden=int((best[wanted] <= hidden).sum()),
            unclear=int(((best[wanted] > hidden) & (best[wanted] < shown)).sum()),
            least=float(best[wanted].min()) if wanted.any() else None,
            seen=int(((best[own] > hidden) & (best[own] >= shown)).sum()),
        )
    return told
