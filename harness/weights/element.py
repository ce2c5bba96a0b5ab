"""One element of a symmetry group as plain data: what it does to each axis, and what can be moved by it.

No torch; `symmetry.py` has the group, `action.py` what elements do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from .algebra.blocks import condition
from .algebra.kinds import OutputKind as OutputKind
from .algebra.kinds import Role
from .space import SpaceError

NEARLY_INVERSE = 2.0**-20
"""How far In times Out may be from one: by rounding alone, in products of many elements."""

Matrices = tuple[tuple[tuple[float, ...], ...], ...]
"""`[outer][row][column]`."""


@dataclass(frozen=True)
class Diagonal:
    """The factors of one axis: `inward[j]` for what comes to index j at places of role `in`, `outward[j]` at `out`.

    Both are kept, so that no inverse is ever computed: that of an element is made of the same numbers.

    Raises:
        SpaceError: a factor that is zero or not finite, or two that are not inverse to each other.
    """

    axis: str
    inward: tuple[float, ...]
    outward: tuple[float, ...]

    def __post_init__(self) -> None:
        for a, b in zip(self.inward, self.outward, strict=True):
            if not (isfinite(a) and isfinite(b) and abs(a * b - 1) <= NEARLY_INVERSE):
                raise SpaceError(f"axis {self.axis!r}: the factors {a} and {b} are not inverse to each other")


@dataclass(frozen=True)
class Blocks:
    """The matrices of one axis, one for each index of the axis that it lies within, or one alone.

    Law: `Out = In^-T`; what has come to outer index o is multiplied by `inward[o]` at places of role `in`, by `outward[o]` at `out`.

    Raises:
        SpaceError: matrices that are not square, not finite, or not inverse transposes of each other.
    """

    axis: str
    within: str | None
    inward: Matrices
    outward: Matrices

    def __post_init__(self) -> None:
        a, b = self.arrays
        if a.ndim != 3 or a.shape != b.shape or a.shape[1] != a.shape[2]:
            raise SpaceError(
                f"axis {self.axis!r}: matrices of shapes {a.shape} and {b.shape}; allowed: [outer, n, n] both"
            )
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise SpaceError(f"axis {self.axis!r}: matrices that are not finite")
        size = np.abs(a.transpose(0, 2, 1)) @ np.abs(b)
        if (np.abs(a.transpose(0, 2, 1) @ b - np.eye(a.shape[1])) > NEARLY_INVERSE * np.maximum(1, size)).any():
            raise SpaceError(f"axis {self.axis!r}: the matrices are not inverse transposes of each other")

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """In and Out, `[outer, n, n]`, float64."""
        return np.array(self.inward, dtype=np.float64), np.array(self.outward, dtype=np.float64)

    @property
    def rests(self) -> bool:
        return all((found == np.eye(found.shape[-1])).all() for found in self.arrays)

    @staticmethod
    def of(axis: str, within: str | None, inward: np.ndarray, outward: np.ndarray) -> Blocks:
        return Blocks(axis, within, _nested(inward), _nested(outward))


@dataclass(frozen=True)
class Phase:
    """Half turns at each index of an axis: its biases move by so many, and what reads it by `(-1)^halves`."""

    axis: str
    halves: tuple[int, ...]


@dataclass(frozen=True)
class Translation:
    """What is added to one tensor, whose role on its axis is `role`: `amounts[outer][index]`, after all else."""

    tensor: str
    axis: str
    within: str | None
    role: Role
    amounts: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if not all(isfinite(amount) for row in self.amounts for amount in row):
            raise SpaceError(f"{self.tensor!r} is shifted by what is not finite")

    @property
    def array(self) -> np.ndarray:
        """`[outer, n]`, float64."""
        return np.array(self.amounts, dtype=np.float64)

    @staticmethod
    def of(like: Translation, amounts: np.ndarray) -> Translation:
        return Translation(like.tensor, like.axis, like.within, like.role, tuple(map(tuple, amounts.tolist())))


@dataclass(frozen=True)
class GroupElement:
    """One element of the group, in the order of the space's permuted axes.

    Args:
        permutations: `((axis, images), ...)`: for each permuted axis the images of `0, ..., n-1`; `images[i]` is where index `i`
            goes.
        diagonals: the factors of those axes that have any but ones; others are left out, so that equal elements compare equal.
        blocks: the matrices of axes that have any but the identity, permutations within an outer axis among them; after those of
            permuted axes those of rotary keys, which are none.
        phases: half turns of axes that have any but zero.
        translations: what is added, where that is not nothing.

    Raises:
        SpaceError: the images of an axis are no permutation, or factors that do not fit them.
    """

    permutations: tuple[tuple[str, tuple[int, ...]], ...]
    diagonals: tuple[Diagonal, ...] = ()
    blocks: tuple[Blocks, ...] = ()
    phases: tuple[Phase, ...] = ()
    translations: tuple[Translation, ...] = ()

    def __post_init__(self) -> None:
        for axis, images in self.permutations:
            if sorted(images) != list(range(len(images))):
                raise SpaceError(f"axis {axis!r}: {images} is no permutation of 0..{len(images) - 1}")
        self._demand_fitting([(diagonal.axis, len(diagonal.inward)) for diagonal in self.diagonals])
        kept = tuple(d for d in self.diagonals if any(factor != 1 for factor in (*d.inward, *d.outward)))
        object.__setattr__(self, "diagonals", kept)
        if self.plain:
            return
        placed = [axis for axis, _ in self.permutations]
        turned = sorted((block for block in self.blocks if block.axis not in placed), key=lambda block: block.axis)
        moved = [block for block in self.blocks if block.axis in placed]
        object.__setattr__(self, "blocks", (*moved, *turned))
        self._demand_fitting([(block.axis, len(block.inward[0])) for block in moved])
        self._demand_fitting([(phase.axis, len(phase.halves)) for phase in self.phases])
        size = {axis: len(images) for axis, images in self.permutations}
        for part, rows in (*((b, b.inward) for b in self.blocks), *((t, t.amounts) for t in self.translations)):
            outer = size.get(part.within) if part.within else 1
            inner = len(rows[0]) if part in turned else size.get(part.axis)
            if outer != len(rows) or {len(row) for row in rows} != {inner}:
                raise SpaceError(f"axis {part.axis!r} within {part.within!r} does not fit permutations of {size}")
        both = {d.axis for d in self.diagonals} & {b.axis for b in self.blocks}
        if both:
            raise SpaceError(f"axis {both.pop()!r} has factors and matrices; the matrices alone say both")
        object.__setattr__(self, "blocks", tuple(block for block in self.blocks if not block.rests))
        object.__setattr__(self, "phases", tuple(phase for phase in self.phases if any(phase.halves)))
        moving = sorted((t for t in self.translations if t.array.any()), key=lambda t: t.tensor)
        object.__setattr__(self, "translations", tuple(moving))

    def _demand_fitting(self, got: list[tuple[str, int]]) -> None:
        listed = {axis for axis, _ in got}
        wanted = [(axis, len(images)) for axis, images in self.permutations if axis in listed]
        if got != wanted:
            raise SpaceError(
                f"factors on {got} do not fit permutations of {[(a, len(i)) for a, i in self.permutations]}"
            )

    @property
    def plain(self) -> bool:
        """Whether it is permutations and factors alone."""
        return not (self.blocks or self.phases or self.translations)

    @property
    def permutes_alone(self) -> bool:
        """Whether indices change places, each axis by one permutation, and nothing else happens."""
        return self.plain and not self.diagonals

    @property
    def factors(self) -> dict[str, Diagonal]:
        """Axis -> its factors, where they are not all one."""
        return {diagonal.axis: diagonal for diagonal in self.diagonals}

    @property
    def matrices(self) -> dict[str, Blocks]:
        """Axis -> its matrices, where they are not all the identity."""
        return {block.axis: block for block in self.blocks}

    @property
    def moving(self) -> tuple[str, ...]:
        """The axes that it does not leave at rest."""
        told = {part.axis for part in (*self.diagonals, *self.blocks, *self.phases, *self.translations)}
        placed = {axis for axis, _ in self.permutations}
        return (
            *(axis for axis, images in self.permutations if axis in told or list(images) != sorted(images)),
            *(block.axis for block in self.blocks if block.axis not in placed),
        )

    @property
    def largest(self) -> float:
        """The largest entry of In and Out."""
        entries = [1.0, *(factor for d in self.diagonals for factor in (*d.inward, *d.outward))]
        return max(*map(abs, entries), *(float(np.abs(array).max()) for b in self.blocks for array in b.arrays), 1.0)

    @property
    def condition(self) -> float:
        """The largest condition number of its matrices; of factors, largest over smallest."""
        told = [max(map(abs, d.inward)) * max(map(abs, d.outward)) for d in self.diagonals]
        return max([1.0, *told, *(condition(*block.arrays) for block in self.blocks)])

    @property
    def half_turns(self) -> int:
        """The largest number of half turns at one index."""
        return max((abs(half) for phase in self.phases for half in phase.halves), default=0)

    @property
    def shifted(self) -> float:
        """The largest amount that is added."""
        return max((float(np.abs(each.array).max()) for each in self.translations), default=0.0)

    def __str__(self) -> str:
        """Per axis cycles, then `[index: factor]`, as in `n1: (0 2)(1 3) [1: 0.5, 2: -1]`; axes at rest are left out."""
        factors, matrices = self.factors, self.matrices
        halves = {phase.axis: phase for phase in self.phases}
        parts = {
            axis: [
                _cycles(images),
                _listed(enumerate(factors[axis].inward if axis in factors else ()), 1),
                _matrix(matrices.get(axis)),
                _listed(enumerate(halves[axis].halves if axis in halves else ()), 0, " half turns"),
                *(
                    f"{each.tensor} {_listed((((o, i) if each.within else i, a) for o, row in enumerate(each.amounts) for i, a in enumerate(row)), 0, '', '+')}"
                    for each in self.translations
                    if each.axis == axis
                ),
            ]
            for axis, images in self.permutations
        }
        parts |= {axis: [_matrix(block)] for axis, block in matrices.items() if axis not in parts}
        return (
            ", ".join(f"{axis}: {' '.join(filter(None, told))}" for axis, told in parts.items() if any(told))
            or "identity"
        )

    def to_json(self) -> dict[str, Any]:
        """Axis -> images; where anything else happens, axis -> `{"images": [...]}` with

        `"in"`, `"out"`: factors; `"inward"`, `"outward"`, `"within"`: matrices; `"halves"`: half turns; `"added"`: tensor ->
        `{"within": ..., "role": ..., "amounts": ...}`.
        """
        told: dict[str, dict[str, Any]] = {axis: {"images": list(images)} for axis, images in self.permutations}
        for diagonal in self.diagonals:
            told[diagonal.axis] |= {"in": list(diagonal.inward), "out": list(diagonal.outward)}
        for block in self.blocks:
            inward, outward = block.arrays
            told.setdefault(block.axis, {})
            told[block.axis] |= {"within": block.within, "inward": inward.tolist(), "outward": outward.tolist()}
        for phase in self.phases:
            told[phase.axis] |= {"halves": list(phase.halves)}
        for each in self.translations:
            added = {"within": each.within, "role": str(each.role), "amounts": each.array.tolist()}
            told[each.axis].setdefault("added", {})[each.tensor] = added
        return {axis: part["images"] if set(part) == {"images"} else part for axis, part in told.items()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> GroupElement:
        """The element that `to_json` described.

        Raises:
            SpaceError: as the constructor.
        """
        told = {axis: part if isinstance(part, Mapping) else {"images": part} for axis, part in data.items()}
        return GroupElement(
            tuple((axis, tuple(part["images"])) for axis, part in told.items() if "images" in part),
            tuple(Diagonal(axis, tuple(p["in"]), tuple(p["out"])) for axis, p in told.items() if "in" in p),
            tuple(
                Blocks(axis, p["within"], _nested(p["inward"]), _nested(p["outward"]))
                for axis, p in told.items()
                if "inward" in p
            ),
            tuple(Phase(axis, tuple(p["halves"])) for axis, p in told.items() if "halves" in p),
            tuple(
                Translation(tensor, axis, a["within"], Role(a["role"]), tuple(map(tuple, a["amounts"])))
                for axis, p in told.items()
                for tensor, a in p.get("added", {}).items()
            ),
        )


def _nested(found: np.ndarray | Sequence[Any]) -> Matrices:
    listed = found.tolist() if isinstance(found, np.ndarray) else found
    return tuple(tuple(tuple(row) for row in matrix) for matrix in listed)


def _cycles(images: Sequence[int]) -> str:
    seen: set[int] = set()
    text = ""
    for start in range(len(images)):
        cycle, here = [], start
        while here not in seen:
            seen.add(here)
            cycle.append(here)
            here = images[here]
        if len(cycle) > 1:
            text += f"({' '.join(map(str, cycle))})"
    return text


def _listed(entries: Iterable[tuple[Any, float]], rest: float, unit: str = "", sign: str = "") -> str:
    told = ", ".join(f"{index}: {value:{sign}g}" for index, value in entries if value != rest)
    return f"[{told}{unit}]" if told else ""


SHOWN = 4
"""Matrices up to this size are written out."""


def _matrix(block: Blocks | None) -> str:
    """`[1 2; 0 1]`, one after the other where there are several, `1` for the identity; only its size where it is large."""
    if block is None:
        return ""
    inward = block.arrays[0]
    if inward.shape[1] > SHOWN:
        return f"[{inward.shape[1]} x {inward.shape[1]}, condition {condition(*block.arrays):.0e}]"
    shown = ("; ".join(" ".join(f"{entry:.4g}" for entry in row) for row in matrix) for matrix in inward + 0.0)
    eye = np.eye(inward.shape[1])
    return " ".join("1" if (m == eye).all() else f"[{text}]" for m, text in zip(inward, shown, strict=True))
