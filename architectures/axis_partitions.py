"""The equivariant maps between tensors with named axes, one for each partition of their axes, in three steps.

An entry of the output T is the mean of those entries of the input S whose indices agree within every block of a partition of
the joint axes. Every block has axes of S alone, of T alone, or of both, so that a map is read from S and written to T:

    diagonal    the axes of S in one block take one index
    mean        over the blocks with no axis of T; what is left has one axis a block, and their names are its *key*
    embed       on the diagonals of T, constant along the blocks with no axis of S

With a fixed axis every index is a tensor of its own: it is a slot, and slots are channels. Tensors whose permuted axes have
the same names (in any order) are slots of one *bundle*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations, product
from math import prod

import torch

from ..harness.weights.batch import Weights
from ..harness.weights.space import SpaceError, WeightSpace

Key = tuple[str, ...]
"""Names of permuted axes, sorted; a name may occur more than once."""
Blocks = tuple[tuple[int, ...], ...]
"""A partition of the places of a key: places in one block have the same name and take the same index."""


@dataclass(frozen=True)
class Term:
    """One way to read a key from a bundle, or to write it to one: take diagonals by `blocks`, then keep some of them.

    `kept` are the blocks that stand for the key's axes, in the key's order.
    """

    bundle: Key
    blocks: Blocks
    kept: tuple[int, ...]

    @property
    def is_diagonal(self) -> bool:
        return len(self.blocks) < len(self.bundle)


@dataclass(frozen=True)
class Layout:
    """How the tensors of a weight space lie in bundles, and what is read and written with every key."""

    space: WeightSpace

    @cached_property
    def bundles(self) -> dict[Key, tuple[str, ...]]:
        """Permuted axes -> the tensors that have just these."""
        found: dict[Key, tuple[str, ...]] = {}
        for name, axes in self.space.tensors:
            key = tuple(sorted(axis for axis in axes if axis in self.space.permuted))
            found[key] = (*found.get(key, ()), name)
        return found

    @cached_property
    def slots(self) -> dict[Key, tuple[int, ...]]:
        """Per bundle the slots of its tensors: the sizes of their fixed axes, multiplied."""
        size = self.space.size
        return {
            key: tuple(prod(size[axis] for axis in self.space.axes[name] if axis not in key) for name in names)
            for key, names in self.bundles.items()
        }

    @cached_property
    def writes(self) -> dict[Key, list[Term]]:
        """Key -> the ways to write it, in one order of blocks; diagonals last. Longest keys first: a bundle's own before others."""
        found: dict[Key, list[Term]] = {}
        for bundle in self.bundles:
            for blocks in _partitions(bundle):
                for count in range(len(blocks) + 1):
                    for kept in combinations(range(len(blocks)), count):
                        found.setdefault(_names(bundle, blocks, kept), []).append(Term(bundle, blocks, kept))
        longest = sorted(found.items(), key=lambda item: -len(item[0]))
        return {key: sorted(terms, key=lambda term: term.is_diagonal) for key, terms in longest}

    @cached_property
    def reads(self) -> dict[Key, list[Term]]:
        """Key -> the ways to read it: as to write it, and in every order of blocks whose names are the same."""
        return {
            key: [
                Term(term.bundle, term.blocks, order)
                for term in terms
                for order in permutations(term.kept)
                if _names(term.bundle, term.blocks, order) == key
            ]
            for key, terms in self.writes.items()
        }

    def width(self, terms: list[Term]) -> list[int]:
        """Slots of every term."""
        return [sum(self.slots[term.bundle]) for term in terms]

    def sort(self, v: Weights, channels: int) -> dict[Key, torch.Tensor]:
        """`[B, *key, slots * C]` for every bundle.

        Raises:
            SpaceError: weights of another space, or with another number of channels.
        """
        if v.space != self.space:
            raise SpaceError(f"got weights of {v.space}; this network was built for {self.space}")
        if v.channels != channels:
            raise SpaceError(f"got weights with {v.channels} channels; this layer takes {channels}")
        bundles = {}
        for key, names in self.bundles.items():
            parts = [v.tensors[name].permute(self._order(name)).flatten(len(key) + 1) for name in names]
            bundles[key] = torch.cat(parts, -1)
        return bundles

    def restore(self, bundles: dict[Key, torch.Tensor], channels: int) -> Weights:
        """The inverse of `sort`."""
        size, tensors = self.space.size, {}
        for key, names in self.bundles.items():
            parts = bundles[key].split([slots * channels for slots in self.slots[key]], -1)
            for name, part in zip(names, parts, strict=True):
                order = self._order(name)
                fixed = [size[axis] for axis in self.space.axes[name] if axis not in key]
                back = sorted(range(len(order)), key=order.__getitem__)
                tensors[name] = part.unflatten(-1, (*fixed, channels)).permute(back)
        return Weights(self.space, tensors)

    def _order(self, name: str) -> list[int]:
        """Batch, permuted axes in the key's order, fixed axes, channels."""
        axes = self.space.axes[name]
        moved = sorted(
            (place for place, axis in enumerate(axes, 1) if axis in self.space.permuted), key=lambda p: axes[p - 1]
        )
        fixed = [place for place in range(1, len(axes) + 1) if place not in moved]
        return [0, *moved, *fixed, len(axes) + 1]


def _partitions(key: Key) -> Iterator[Blocks]:
    """All partitions of the places of a key into blocks of one name, the finest one first."""
    places = {name: [place for place, other in enumerate(key) if other == name] for name in key}
    for chosen in product(*(list(_set_partitions(tuple(listed))) for listed in places.values())):
        yield tuple(sorted(block for blocks in chosen for block in blocks))


def _set_partitions(places: tuple[int, ...]) -> Iterator[Blocks]:
    if not places:
        yield ()
        return
    first, *rest = places
    for smaller in _set_partitions(tuple(rest)):
        yield ((first,), *smaller)
        for number, block in enumerate(smaller):
            yield (*smaller[:number], (first, *block), *smaller[number + 1 :])


def _names(bundle: Key, blocks: Blocks, kept: tuple[int, ...]) -> Key:
    return tuple(bundle[blocks[block][0]] for block in kept)


def diagonal(tensor: torch.Tensor, blocks: Blocks) -> torch.Tensor:
    """The entries of `[B, *places, C]` whose indices agree within every block, as a view `[B, *blocks, C]`."""
    labels = [-1, *(0 for block in blocks for _ in block), len(blocks)]
    for number, block in enumerate(blocks):
        for place in block:
            labels[place + 1] = number
    for number, block in enumerate(blocks):
        for _ in block[1:]:
            first = labels.index(number)
            second = labels.index(number, first + 1)
            tensor = tensor.diagonal(dim1=first, dim2=second)  # moves to the end
            del labels[second], labels[first]
            labels.append(number)
    return tensor if labels == sorted(labels) else tensor.permute([labels.index(label) for label in sorted(labels)])


class Reader:
    """Reads terms from bundles; a mean that two keys need is taken once."""

    def __init__(self, bundles: dict[Key, torch.Tensor]):
        self.bundles = bundles
        self.known: dict[tuple[Key, Blocks, tuple[int, ...]], torch.Tensor] = {}

    def __call__(self, term: Term) -> torch.Tensor:
        """`[B, *key, slots * C]`: diagonals, then means over the blocks that are not kept, then the key's order."""
        axes = tuple(sorted(term.kept))
        tensor = self._mean(term.bundle, term.blocks, axes)
        if term.kept == axes:
            return tensor
        return tensor.permute(0, *(1 + axes.index(block) for block in term.kept), len(axes) + 1)

    def _mean(self, bundle: Key, blocks: Blocks, kept: tuple[int, ...]) -> torch.Tensor:
        place = (bundle, blocks, kept)
        if place not in self.known:
            missing = next((block for block in range(len(blocks)) if block not in kept), None)
            if missing is None:
                self.known[place] = diagonal(self.bundles[bundle], blocks)
            else:
                more = tuple(sorted((*kept, missing)))
                finer, axis = self._mean(bundle, blocks, more), 1 + more.index(missing)
                # A sum times a number: the gradient of a sum is a view, that of a mean a whole tensor.
                self.known[place] = finer.sum(axis) * (1 / finer.shape[axis])
        return self.known[place]


def spread(part: torch.Tensor, term: Term) -> torch.Tensor:
    """`[B, *key, C]` with an axis of length one for every block that is not kept: `[B, *blocks, C]` up to broadcasting."""
    for block in range(len(term.blocks)):
        if block not in term.kept:
            part = part.unsqueeze(block + 1)
    return part
