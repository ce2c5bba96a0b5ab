"""One element of a symmetry group as plain data: what it does to each axis, and what can be moved by it.

No torch and no numpy; `symmetry.py` has the group and its action.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

from .space import SpaceError

NEARLY_INVERSE = 2.0**-20
"""How far In times Out may be from one: by rounding alone, in products of many elements."""


class OutputKind(StrEnum):
    """How something that is laid out as weights moves: as weights do, as a difference of two weights, or as a gradient.

    `covector` moves by inverse transposes, so that `<covector, vector>` stays what it is. Permutations and signs do not tell
    it from `vector`; scales do. Shifts, which would tell `point` from `vector`, are in none of the groups here.
    """

    POINT = "point"
    VECTOR = "vector"
    COVECTOR = "covector"


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
class GroupElement:
    """One element of the group, in the order of the space's permuted axes.

    Args:
        permutations: `((axis, images), ...)`: for each permuted axis the images of `0, ..., n-1`; `images[i]` is where index `i`
            goes.
        diagonals: the factors of those axes that have any but ones; others are left out, so that equal elements compare equal.

    Raises:
        SpaceError: the images of an axis are no permutation, or factors that do not fit them.
    """

    permutations: tuple[tuple[str, tuple[int, ...]], ...]
    diagonals: tuple[Diagonal, ...] = ()

    def __post_init__(self) -> None:
        for axis, images in self.permutations:
            if sorted(images) != list(range(len(images))):
                raise SpaceError(f"axis {axis!r}: {images} is no permutation of 0..{len(images) - 1}")
        listed = {d.axis for d in self.diagonals}
        wanted = [(axis, len(images)) for axis, images in self.permutations if axis in listed]
        got = [(diagonal.axis, len(diagonal.inward)) for diagonal in self.diagonals]
        if got != wanted:
            raise SpaceError(
                f"factors on {got} do not fit permutations of {[(a, len(i)) for a, i in self.permutations]}"
            )
        kept = tuple(d for d in self.diagonals if any(factor != 1 for factor in (*d.inward, *d.outward)))
        object.__setattr__(self, "diagonals", kept)

    @property
    def factors(self) -> dict[str, Diagonal]:
        """Axis -> its factors, where they are not all one."""
        return {diagonal.axis: diagonal for diagonal in self.diagonals}

    def __str__(self) -> str:
        """Per axis cycles, then `[index: factor]`, as in `n1: (0 2)(1 3) [1: 0.5, 2: -1]`; axes at rest are left out."""
        factors = self.factors
        parts = {axis: [_cycles(images), _listed(factors.get(axis))] for axis, images in self.permutations}
        return (
            ", ".join(f"{axis}: {' '.join(filter(None, told))}" for axis, told in parts.items() if any(told))
            or "identity"
        )

    def to_json(self) -> dict[str, Any]:
        """Axis -> images; where there are factors, axis -> `{"images": [...], "in": [...], "out": [...]}`."""
        factors = self.factors
        return {
            axis: {"images": list(images), "in": list(factors[axis].inward), "out": list(factors[axis].outward)}
            if axis in factors
            else list(images)
            for axis, images in self.permutations
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> GroupElement:
        """The element that `to_json` described.

        Raises:
            SpaceError: as the constructor.
        """
        told = {axis: part if isinstance(part, Mapping) else {"images": part} for axis, part in data.items()}
        return GroupElement(
            tuple((axis, tuple(part["images"])) for axis, part in told.items()),
            tuple(Diagonal(axis, tuple(p["in"]), tuple(p["out"])) for axis, p in told.items() if "in" in p),
        )


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


def _listed(diagonal: Diagonal | None) -> str:
    factors = enumerate(diagonal.inward if diagonal else ())
    told = ", ".join(f"{index}: {factor:g}" for index, factor in factors if factor != 1)
    return f"[{told}]" if told else ""
