"""Orbits where indices are permuted within others, as keys and members are within heads: the wreath product.

Such a space is *unfolded*: the pair of outer and inner index becomes an axis of its own, and a tensor of zeros and ones says which pair
lies in which outer index. Permutations of the unfolded space that keep that tensor are those of the wreath product. Where a tensor has
two axes within one outer index, its entries are those of both pairs, and zero where the two lie in different outer ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...weights.exact import exact
from ...weights.space import SpaceError, WeightSpace
from ...weights.symmetry import GroupElement
from ..orbit import SECONDS, OrbitDecision
from .orbits import same_orbit

if TYPE_CHECKING:
    from ...weights.pair import Vector


@dataclass(frozen=True)
class Nested:
    """A space in which some axes lie within others, and the space of the same weights with the pairs of indices as axes.

    Args:
        space: as networks know it.
        within: inner axis -> outer axis; both permuted.
        staying: inner axes that stay as they are, with their outer ones: they are mapped, not permuted.

    Raises:
        SpaceError: axes that are not permuted, chains of axes, or a tensor in which an inner axis stands without its outer one, or
            either stands twice.
    """

    space: WeightSpace
    within: Mapping[str, str]
    staying: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for inner, outer in self.within.items():
            if {inner, outer} - set(self.space.permuted) or outer in self.within:
                raise SpaceError(f"{inner!r} within {outer!r}; allowed: two permuted axes, the outer one within none")
            for name, axes in self.space.tensors:
                if inner in axes and (axes.count(inner), axes.count(outer)) != (1, 1):
                    raise SpaceError(f"tensor {name} has {inner!r} without one {outer!r} of its own")

    def pair(self, inner: str) -> str:
        """The axis of the pairs, by a name that no other axis has."""
        name = f"{self.within[inner]}/{inner}"
        while name in self.space.size:
            name += "'"
        return name

    def belongs(self, inner: str) -> str:
        """The tensor that says which pair lies in which outer index, by a name that no other tensor has."""
        name = f"in {self.pair(inner)}"
        while name in self.space.axes:
            name += "'"
        return name

    @property
    def unfolded(self) -> WeightSpace:
        """The space with an axis `outer/inner` for the pairs, and a tensor that says which pair lies where."""
        size = self.space.size
        tensors = [(name, self.axes(axes)) for name, axes in self.space.tensors]
        pairs = {self.pair(inner): size[outer] * size[inner] for inner, outer in self.within.items()}
        belongs = [(self.belongs(inner), (self.pair(inner), outer)) for inner, outer in self.within.items()]
        sizes = {axis: n for axis, n in self.space.sizes if axis not in self.within} | pairs
        permuted = [axis for axis in self.space.permuted if axis not in self.within]
        return WeightSpace((*tensors, *belongs), tuple(sizes.items()), (*permuted, *pairs), self.space.activation)

    def axes(self, axes: tuple[str, ...]) -> tuple[str, ...]:
        """Of a tensor's axes those of the unfolded tensor: an outer axis stays only with one that lies in it and stays."""
        dropped = self._dropped(axes)
        return tuple(self.pair(axis) if axis in self.within else axis for axis in axes if axis not in dropped)

    def _dropped(self, axes: tuple[str, ...]) -> set[str]:
        kept = {self.staying[axis] for axis in axes if axis in self.staying}
        return {self.within[axis] for axis in axes if axis in self.within} - kept

    def unfold(self, v: Vector) -> dict[str, np.ndarray]:
        """The weight vector in the unfolded space."""
        size = self.space.size
        found = {name: self._unfolded(axes, exact(v[name], name)) for name, axes in self.space.tensors}
        for inner, outer in self.within.items():
            found[self.belongs(inner)] = np.repeat(np.eye(size[outer]), size[inner], axis=0)
        return found

    def _unfolded(self, axes: tuple[str, ...], array: np.ndarray) -> np.ndarray:
        """Every entry at its pairs; zero where two pairs, or a pair and an outer index that stays, do not lie together."""
        if not any(axis in self.within for axis in axes):
            return array
        size, dropped = self.space.size, self._dropped(axes)
        left = [axis for axis in axes if axis not in dropped]
        grid = np.ogrid[tuple(slice(size[a] * size[self.within[a]] if a in self.within else size[a]) for a in left)]
        index: list[np.ndarray | None] = [None] * len(axes)
        outers: dict[str, list[np.ndarray]] = {}
        places = iter(zip(left, grid, strict=True))
        for place, axis in enumerate(axes):
            if axis in dropped:
                continue
            _, at = next(places)
            if axis in self.within:
                outers.setdefault(self.within[axis], []).append(at // size[axis])
                at = at % size[axis]
            elif axis in self.within.values():
                outers.setdefault(axis, []).append(at)
            index[place] = at
        together = np.array(True)
        for axis, ends in outers.items():
            for other in ends[1:]:
                together = together & (ends[0] == other)
            if axis in dropped:
                index[axes.index(axis)] = ends[0]
        return np.where(together, array[tuple(index)], 0.0)  # type: ignore[arg-type]

    def images(self, g: GroupElement) -> dict[str, list[list[int]]]:
        """Of an element of the unfolded space: outer or plain axis -> its one list of images; inner axis -> per outer index, as it
        was before, the images of the inner indices."""
        moves, size = dict(g.permutations), self.space.size
        found = {axis: [list(images)] for axis, images in moves.items() if axis in size}
        for inner, outer in self.within.items():
            pairs = np.array(moves[self.pair(inner)]).reshape(size[outer], size[inner]) % size[inner]
            found[inner] = pairs.tolist()
        return found


def same_nested_orbit(
    space: WeightSpace, within: Mapping[str, str], v: Vector, w: Vector, *, seconds: float = SECONDS
) -> OrbitDecision:
    """As `same_orbit`, under the wreath product; the element is one of the unfolded space (`Nested.images` reads it)."""
    nested = Nested(space, within)
    return same_orbit(nested.unfolded, nested.unfold(v), nested.unfold(w), seconds=seconds)
