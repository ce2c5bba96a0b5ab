"""Which axis of each tensor is which, from what a network does with them: one pass over its operations.

Law: two axes are one exactly where an operation needs their indices to agree; an axis is fixed where the network's input, its output or a
place in a kernel is numbered along it. All others may be permuted, and no function changes. An operation that no rule covers is refused.

A value in the network has one `Dim` for each of its axes: the axes of weights whose product it runs over, the first outermost; or
nothing, where no weight has been met (a batch, places, inputs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ...core.registry import did_you_mean
from ..activations import ACTIVATIONS, allowed
from ..space import SpaceError, WeightSpace, mlp
from ..spaces import conv_net, residual_mlp
from .records import Cause, ReadError, State
from .values import product

Dim = tuple[int, ...] | None
Dims = list[Dim]


@dataclass(frozen=True)
class Part:
    """A tensor of the space, as it lies in an entry of the file.

    Args:
        name: in the space.
        entry: in the state dict, as it was at first.
        shape: of the entry after its axes were split.
        order: of these axes in the space's tensor.
        rows: the first and the last row of the entry that are the tensor's, None for all.
        factor: that the network multiplies the entry by, before anything else.
    """

    name: str
    entry: str
    shape: tuple[int, ...]
    order: tuple[int, ...]
    rows: tuple[int, int] | None = None
    factor: float = 1.0

    def of(self, state: State) -> np.ndarray:
        """The tensor's numbers.

        Raises:
            ReadError: no such entry, or one of another size.
        """
        if self.entry not in state:
            raise ReadError(
                Cause.SHAPES, f"has no {self.entry}, which the network needs{did_you_mean(self.entry, state, 8)}"
            )
        array = state[self.entry]
        array = array if self.rows is None else array[self.rows[0] : self.rows[1]]
        if array.size != prod(self.shape):
            raise ReadError(
                Cause.SHAPES,
                f"{self.entry} has the shape {state[self.entry].shape}, and the network's is of {prod(self.shape)} numbers; it is of another network",
            )
        array = array if self.factor == 1.0 else product(array, np.asarray(self.factor), self.entry)
        return np.ascontiguousarray(array.reshape(self.shape).transpose(self.order))

    def back(self, array: np.ndarray) -> np.ndarray:
        """The entry's rows, flat, from the tensor's numbers."""
        return array.transpose(np.argsort(self.order)).reshape(-1) / self.factor


@dataclass(frozen=True)
class Wired:
    """A network's space, and where its tensors lie in a state dict.

    Args:
        assumed: what the operations do not say, or what was left out.
        usual: the same as the space of a constructor, whose function is known; None where none makes it.
        entries: all that the network's state dict may hold, under every name.
    """

    space: WeightSpace
    parts: tuple[Part, ...]
    assumed: tuple[str, ...]
    usual: Wired | None = None
    entries: frozenset[str] = frozenset()

    def arrays(self, state: State) -> dict[str, np.ndarray]:
        """The weight vector of a state dict.

        Raises:
            ReadError: as `Part.of`.
        """
        return {part.name: part.of(state) for part in self.parts}


class Wiring:
    """What has been found so far of a network's axes."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.size: list[int] = []
        self.fixed: list[bool] = []
        self.found: dict[
            tuple[str, tuple[int, int] | None], tuple[str, list[int], tuple[int, ...], tuple[int, ...]]
        ] = {}
        self.activations: list[tuple[str, tuple[int, ...]]] = []
        self.factors: dict[str, float] = {}
        self.assumed: list[str] = []

    def fresh(self, size: int, fixed: bool = False) -> int:
        """A new axis."""
        self.parent.append(len(self.parent))
        self.size.append(int(size))
        self.fixed.append(fixed)
        return len(self.parent) - 1

    def root(self, axis: int) -> int:
        while self.parent[axis] != axis:
            self.parent[axis] = self.parent[self.parent[axis]]
            axis = self.parent[axis]
        return axis

    def fix(self, dim: Dim) -> None:
        """Say that the indices of these axes are numbered."""
        for axis in dim or ():
            self.fixed[self.root(axis)] = True

    def same(self, one: Dim, other: Dim, where: str) -> Dim:
        """Say that two products of axes are run over together.

        Raises:
            ReadError: they are made of axes of different sizes.
        """
        if one is None or other is None:
            self.fix(one)
            self.fix(other)
            return one or other
        sizes = [tuple(self.size[axis] for axis in dim) for dim in (one, other)]
        if sizes[0] != sizes[1]:
            raise ReadError(
                Cause.AMBIGUOUS,
                f"{where} joins axes of sizes {sizes[0]} and {sizes[1]}, for which there is no rule; write a manifest",
            )
        for a, b in zip(one, other, strict=True):
            first, second = self.root(a), self.root(b)
            if first != second:
                self.parent[second] = first
                self.fixed[first] |= self.fixed[second]
        return one

    def given(self, dim: Dim, size: int) -> tuple[int, ...]:
        """The axes of a dimension that a weight reads; a fixed one of its own where no weight has been met."""
        return dim if dim is not None else (self.fresh(size, fixed=True),)

    def tensor(
        self,
        entry: str,
        dims: Sequence[Sequence[int]],
        name: str | None = None,
        order: Sequence[int] | None = None,
        rows: tuple[int, int] | None = None,
    ) -> None:
        """An entry with the axes that its own axes run over; one that was met before is used again, so its axes are the same.

        Args:
            order: of the axes in the space's tensor, where it is another.
            rows: as `Part`.
        """
        axes = [axis for dim in dims for axis in dim]
        key = (entry, rows)
        if key in self.found:
            self.same(tuple(self.found[key][1]), tuple(axes), f"{entry}, which is used twice,")
            return
        shape = tuple(self.size[axis] for axis in axes)
        self.found[key] = (name or entry, axes, shape, tuple(order or range(len(axes))))

    def point_wise(self, activation: str, axes: Sequence[int]) -> None:
        """A point-wise function was applied to a value that runs over these axes."""
        self.activations.append((activation, tuple(axes)))

    def finished(self, unused: Sequence[str] = ()) -> Wired:
        """The space, once every operation was seen.

        Raises:
            ReadError: no axis is left to be permuted, or activations of several kinds.
        """
        activation, assumed = self._activation()
        assumed = [*self.assumed, *assumed, *(f"{entry} is not used" for entry in unused)]
        names: dict[int, str] = {}
        counted = {True: 0, False: 0}
        tensors, parts = [], []
        for (entry, rows), (name, axes, shape, order) in self.found.items():
            roots = [self.root(axes[place]) for place in order]
            for axis in roots:
                if axis not in names:
                    counted[self.fixed[axis]] += 1
                    names[axis] = f"{'x' if self.fixed[axis] else 'n'}{counted[self.fixed[axis]]}"
            tensors.append((name, tuple(names[axis] for axis in roots)))
            parts.append(Part(name, entry, shape, order, rows, self.factors.get(entry, 1.0)))
        permuted = tuple(label for axis, label in names.items() if not self.fixed[axis])
        if not permuted:
            raise ReadError(
                Cause.SHAPES, "has no hidden layer: no axis of any tensor may be permuted, so there is nothing to ask"
            )
        sizes = tuple((label, self.size[axis]) for axis, label in names.items())
        try:
            space = WeightSpace(tuple(tensors), sizes, permuted, activation)
        except SpaceError as error:
            raise ReadError(Cause.SHAPES, str(error)) from None
        made = space_like(space)
        if made is None or not self._activated_as(made, names, space):
            return Wired(space, tuple(parts), tuple(assumed))
        renamed = tuple(replace(part, name=name) for name, part in zip(made.axes, parts, strict=True))
        return Wired(space, tuple(parts), tuple(assumed), Wired(made, renamed, tuple(assumed)))

    def _activated_as(self, made: WeightSpace, names: Mapping[int, str], space: WeightSpace) -> bool:
        """Whether activations stand where those of a constructor's function do: once on each permuted axis, but on no stream."""
        applied = Counter(
            names.get(self.root(axis)) for kind, axes in self.activations if kind != "identity" for axis in axes
        )
        residual = not made.is_mlp and len(space.tensors[0][1]) == 2  # beside chains and convolutions
        stream = {space.tensors[0][1][0]} if residual else set[str]()
        return all(applied[axis] == (axis not in stream) for axis in space.permuted) or made.activation == "identity"

    def _activation(self) -> tuple[str, list[str]]:
        """The one activation between weights, and what of the others was left out."""
        inner = {
            kind: None
            for kind, axes in self.activations
            if kind != "identity" and any(not self.fixed[self.root(axis)] for axis in axes)
        }
        outer = {
            kind: None for kind, axes in self.activations if axes and all(self.fixed[self.root(axis)] for axis in axes)
        }
        if len(inner) > 1:
            raise ReadError(
                Cause.AMBIGUOUS,
                f"has the activations {', '.join(inner)}; a space has one; write a manifest without it, with the axes alone",
            )
        unknown = next((kind for kind in inner if kind not in ACTIVATIONS), None)
        if unknown is not None:
            raise ReadError(Cause.AMBIGUOUS, f"has the activation {unknown}, which no space has; allowed: {allowed()}")
        return next(iter(inner), "identity"), [
            f"{kind} on the output is no part of the space" for kind in outer if kind != "identity"
        ]


def space_like(space: WeightSpace) -> WeightSpace | None:
    """The space of a constructor whose tensors have, one by one, the same axes under other names."""
    shapes = list(space.shapes.values())
    rows = [shape[0] for shape in shapes]
    ranks = [len(shape) for shape in shapes]
    candidates: list[Callable[[], WeightSpace]] = []
    if ranks == [2, 1] * (len(ranks) // 2) and len(ranks) > 2:
        candidates.append(lambda: mlp(shapes[0][1], *rows[::2], activation=space.activation))
        candidates.append(
            lambda: residual_mlp(shapes[0][1], rows[0], rows[2:-2:4], rows[-1], activation=space.activation)
        )
    if ranks == [*[4, 1] * (len(ranks) // 2 - 1), 2, 1] and len(ranks) > 2:
        candidates.append(lambda: conv_net(shapes[0][1], *rows[::2], kernel=shapes[0][2], activation=space.activation))
    for make in candidates:
        try:
            made = make()
        except SpaceError:
            continue
        if same_axes(space, made):
            return made
    return None


def same_axes(space: WeightSpace, other: WeightSpace) -> bool:
    """Whether two spaces differ in names alone, tensor by tensor in their order."""
    if list(space.shapes.values()) != list(other.shapes.values()):
        return False
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for (_, axes), (_, others) in zip(space.tensors, other.tensors, strict=True):
        for one, two in zip(axes, others, strict=True):
            if there.setdefault(one, two) != two or back.setdefault(two, one) != one:
                return False
    return {there[axis] for axis in space.permuted} == set(other.permuted) and space.activation == other.activation
