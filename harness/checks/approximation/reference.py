"""The exact floor of an approximation row, and the spread of a network's outputs inside the classes that it cannot separate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...oracles import capacity, classes, floors
from ...oracles.refinement import refine
from ...oracles.tuples.colouring import Kind, colour, entry_classes
from ...oracles.tuples.orbits import orbit_classes
from ...oracles.two_fwl import classes as pair_classes
from ...oracles.two_fwl.refinement import refine_mlp_pairs
from ...oracles.two_fwl.spaces import refine_space_pairs
from ...targets.target import EQUIVARIANT_OPERATOR, FUNCTION_OPERATOR, LABEL
from ...weights.space import SpaceError, WeightSpace
from .data import Problem
from .evidence import WrongEvidence
from .verdict import Floor


@dataclass(frozen=True)
class Reference:
    """What the oracles say of the test set.

    Args:
        floor: None where nothing is known.
        members: class of each datum, `[n]` for functionals, `[n, entries]` for equivariant operators; None without classes.
    """

    floor: Floor | None
    members: np.ndarray | None

    @property
    def classes(self) -> int | None:
        return None if self.members is None else len(np.unique(self.members))


def reference(problem: Problem, kind: str | None, networks: int, refinement: Kind = "joint") -> Reference:
    """The floor over classes of one kind, or over the capacity of the output.

    Args:
        refinement: that the network declares; on MLPs both are one.
    """
    if problem.target.kind == FUNCTION_OPERATOR:
        return Reference(capacity_floor(problem, networks), None)
    if kind is None:
        return Reference(None, None)
    if not problem.space.is_mlp:
        return _beyond_mlps(problem, kind, refinement)
    space, values = problem.space, problem.targets["test"]
    arrays = {name: tensor[..., 0].numpy() for name, tensor in problem.samples["test"].weights.items()}
    if problem.target.kind == EQUIVARIANT_OPERATOR:
        by_kind = {"orbit": classes.orbit_entry_classes, "2-fwl": pair_classes.two_fwl_entry_classes}
        by_tensor = by_kind.get(kind, classes.refinement_entry_classes)(space, arrays)
        found = floors.equivariant_floor(by_tensor, problem.entries(values))
        members = joined(by_tensor)
    else:
        by_kind = {
            "refinement": classes.refinement_classes,
            "2-fwl": pair_classes.two_fwl_classes,
            "orbit": classes.orbit_classes,
            "function": classes.function_classes,
        }
        members = by_kind[kind](space, arrays)
        found = floors.functional_floor(members, values.numpy())
    rounds = needed_rounds(space, arrays) if kind == "refinement" else None
    if kind == "2-fwl":
        rounds = pair_classes.needed_rounds(refine_mlp_pairs(space, arrays))
    return Reference(Floor(kind, found.mse / problem.variance, rounds), members)


def _beyond_mlps(problem: Problem, kind: str, refinement: Kind) -> Reference:
    """As `reference`: of entries nothing is known but by refinement; nets that refinement never parts have one function."""
    space, values = problem.space, problem.targets["test"]
    arrays = {name: tensor[..., 0].numpy() for name, tensor in problem.samples["test"].weights.items()}
    rounds = None
    if problem.target.kind == EQUIVARIANT_OPERATOR and kind != "refinement":
        return Reference(None, None)
    if problem.target.kind == EQUIVARIANT_OPERATOR:
        by_tensor = entry_classes(space, arrays, refinement)
        least, members = floors.equivariant_floor(by_tensor, problem.entries(values)).mse, joined(by_tensor)
    else:
        if kind == "orbit":
            members = orbit_classes(space, arrays)[0]
        elif kind == "2-fwl":
            try:
                pairs = refine_space_pairs(space, arrays)
            except SpaceError:  # three permuted axes in a tensor
                return Reference(None, None)
            members, rounds = pairs.classes(), pair_classes.needed_rounds(pairs)
        else:
            found = colour(space, arrays, refinement if kind == "refinement" else "joint")
            members = found.classes()
        least = floors.functional_floor(members, values.numpy()).mse
    if kind == "refinement":
        history = colour(space, arrays, refinement).net_classes
        rounds = next(n for n, found in enumerate(history) if found.max() == history[-1].max())
    return Reference(Floor(kind, least / problem.variance, rounds), members)


def joined(by_tensor: dict[str, np.ndarray]) -> np.ndarray:
    """Entry classes of all tensors as `[n, entries]`; no class spans two tensors."""
    columns, first = [], 0
    for members in by_tensor.values():
        flat = members.reshape(len(members), -1)
        columns.append(flat - flat.min() + first)
        first = int(columns[-1].max()) + 1
    return np.concatenate(columns, axis=1)


def needed_rounds(space: WeightSpace, arrays: classes.Arrays) -> int:
    """The first round by which refinement has separated all of the test set's nets that it ever separates."""
    history = refine(space, arrays).net_classes
    final = len(np.unique(history[-1]))
    return next(number for number, found in enumerate(history) if len(np.unique(found)) == final)


def capacity_floor(problem: Problem, networks: int) -> Floor | None:
    """The least mean squared error, over the test functions, of polylines with as many pieces as the output can have.

    None where the emitted function is no polyline on a line.
    """
    pieces = pieces_of(problem, networks)
    if pieces is None:
        return None
    assert problem.x is not None
    values = problem.targets["test"].view(-1, len(problem.x), problem.size).movedim(2, 1)
    least = capacity.l2_floor(problem.x[:, 0].numpy(), values.numpy(), pieces)
    return Floor("capacity", least / problem.variance)


def pieces_of(problem: Problem, networks: int) -> int | None:
    """Pieces at most of the mean of so many networks; None where no bound is known."""
    try:
        return capacity.pieces_of(problem.space, networks)
    except SpaceError:
        return None


def wrong(data: Problem, outputs: torch.Tensor, known: Reference) -> WrongEvidence | None:
    """How often the greatest output names another class than a label does; None of all other targets."""
    if data.target.kind != LABEL or data.size == 1:
        return None
    trained, tested = (
        (data.targets[part] * data.units.scale + data.units.shift).argmax(1) for part in ("train", "test")
    )
    answers = (outputs * data.units.scale + data.units.shift).argmax(1)
    least = None
    if known.members is not None:
        pairs, counts = np.unique(np.stack([known.members, tested.numpy()]), axis=1, return_counts=True)
        best = np.zeros(int(known.members.max()) + 1, dtype=np.int64)
        np.maximum.at(best, pairs[0], counts)
        least = 1 - int(best.sum()) / len(tested)
    commonest = trained.bincount(minlength=data.size).argmax()
    return WrongEvidence(
        float((answers != tested).double().mean()), least, float((tested != commonest).double().mean())
    )


def leak(outputs: torch.Tensor, noise: torch.Tensor, members: np.ndarray, channels: int) -> float | None:
    """The largest ratio, over classes with several members, of the spread of outputs inside the class to the class's own noise.

    A class is measured by itself: one sample at which a network is noisy, or huge, excuses no leak in another class. None where
    no class has two members.

    Args:
        outputs: `[n, outputs]`.
        noise: the same under the smallest changes there are, minus `outputs`; the largest of several draws, since a class of
            two has few numbers to take it from.
        members: `[n]`, or `[n, entries]` with `channels` outputs an entry.
    """
    shape = (members.size, -1 if members.ndim == 1 else channels)
    order = np.argsort(members, axis=None, kind="stable")
    ranked = members.ravel()[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    if len(starts) == len(ranked):
        return None
    values = outputs.numpy().reshape(shape)[order]
    moved = noise.abs().numpy().reshape(shape)[order].max(axis=1)
    spread = (np.maximum.reduceat(values, starts) - np.minimum.reduceat(values, starts)).max(axis=1)
    rounding = 4 * 2.0**-53 * np.maximum.reduceat(np.abs(values).max(axis=1), starts)
    own = np.maximum(np.maximum.reduceat(moved, starts), rounding)
    return float((spread / np.maximum(own, 1e-300)).max())
