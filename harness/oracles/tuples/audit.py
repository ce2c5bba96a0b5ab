"""How far a set of nets of any space is from the hard cases of the theory; on MLPs as `oracles/audit.py`, which runs there.

General position is that of order 0: on every permuted axis the vectors of the tensors that have this axis alone are pairwise
distinct; an axis without such a tensor has none. Discreteness, rounds and the sharp condition are by `joint` refinement and orbits
of the space's permutations.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...weights.space import WeightSpace
from ..audit import Audit
from ..audit import audit as audit_mlps
from ..orbit import SECONDS, moved
from ..refinement import rank_rows, stacked
from .colouring import Colouring, colour
from .orbits import elements_to_forms


def audit(space: WeightSpace, arrays: Mapping[str, np.ndarray], *, seconds: float = SECONDS) -> Audit:
    """Audit every net of a set, `arrays` being tensor -> `[n, *shape]`; `tied` is `[n, permuted axes]`.

    Args:
        seconds: budget of the canonical labelling of one class of refinement; past it, nets of that class are in one orbit only if
            they are equal as they stand.

    Raises:
        SpaceError: arrays that do not fit the space or are not finite.
    """
    if space.is_mlp:
        return audit_mlps(space, arrays, seconds=seconds)
    held = stacked(space, arrays)
    colouring = colour(space, held)
    tied = np.stack([_tied(space, held, axis) for axis in space.permuted], axis=1) if space.permuted else None
    if tied is None:
        tied = np.zeros((len(colouring.classes()), 0), dtype=int)
    rounds = np.full(len(tied), -1)
    for number in reversed(range(colouring.rounds + 1)):
        rounds[colouring.discrete_in(number).all(axis=1)] = number
    classes = colouring.classes()
    orbits = _orbits(space, held, colouring, seconds)
    found = np.unique(np.stack([classes, orbits], axis=1), axis=0)
    one_orbit = np.bincount(found[:, 0])[classes] == 1
    return Audit(np.all(tied == 0, axis=1), rounds >= 0, one_orbit, rounds, tied, int(classes.max()) + 1, len(found))


def _tied(space: WeightSpace, arrays: Mapping[str, np.ndarray], axis: str) -> np.ndarray:
    """`[n]`: how many indices of the axis share the entries of all its one-axis tensors with another one; all, where there is none."""
    told = [arrays[name] for name, axes in space.tensors if axes == (axis,)]
    if not told:
        return np.full(len(next(iter(arrays.values()))), space.size[axis])
    rows = np.stack(told, axis=2)
    codes = rank_rows(np.unique(rows, return_inverse=True)[1].reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
    ordered = np.sort(codes, axis=1)
    same = np.diff(ordered, axis=1) == 0
    ends = np.zeros((len(rows), 1), dtype=bool)
    return (np.concatenate([ends, same], axis=1) | np.concatenate([same, ends], axis=1)).sum(axis=1)


def _orbits(space: WeightSpace, arrays: Mapping[str, np.ndarray], colouring: Colouring, seconds: float) -> np.ndarray:
    """`[n]`: orbits, numbered apart within every class; a net that is alone in its class needs no form."""
    classes, orbits = colouring.classes(), np.zeros(len(colouring.classes()), dtype=np.int64)
    for number in np.flatnonzero(np.bincount(classes) > 1).tolist():
        members = np.flatnonzero(classes == number).tolist()
        nets = [{name: array[net] for name, array in arrays.items()} for net in members]
        elements = elements_to_forms(space, colouring, members, seconds=seconds)
        if elements is not None:
            nets = [moved(space, g, v) for g, v in zip(elements, nets, strict=True)]
        numbers: dict[bytes, int] = {}
        for net, v in zip(members, nets, strict=True):
            content = b"".join(np.ascontiguousarray(array).tobytes() for array in v.values())
            orbits[net] = numbers.setdefault(content, len(numbers))
    return orbits
