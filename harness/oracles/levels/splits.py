"""Do the parts of a data set share anything? And how a population is dealt to parts that share nothing.

Law: parts that share no orbit hold no two networks of which one is the other in another numbering; parts that share no function hold
no two networks that are proved to compute one function, which networks of one orbit do. What is shared is learned by heart in
training and looks learned in the test. So is what answers alike to within rounding: a population that somebody made may hold copies
rescaled by any factor, and is dealt and compared by that (`near`); what is stored in float32 was rounded to that, and there agrees what
`duplicates` calls `rounded`. Proofs alone say that a regime without end draws something anew.

First come intervals around outputs, which tell nearly all networks apart at once, for functions and so for orbits
(`enclosures.py`); only what they leave together is asked the exact oracles. Off MLPs orbits alone are proved, and what tells most
networks apart at once are the values of each tensor in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...weights.networks.forms import has_function
from ...weights.space import WeightSpace
from ..classes import Arrays, function_classes, orbit_classes
from ..duplicates.outputs import rounded_classes
from ..tuples.orbits import orbit_classes as orbits_of
from .enclosures import alike_classes, indistinct_classes
from .partitions import Power


@dataclass(frozen=True)
class Shared:
    """What several parts share.

    Args:
        power: orbit or function.
        classes: that lie in more than one part.
        networks: of all parts, in such classes.
        example: two networks of one class, as (part, number in it).
        proved: that these two are one; else their answers are, to within rounding.
    """

    power: Power
    classes: int
    networks: int
    example: tuple[tuple[str, int], tuple[str, int]]
    proved: bool = True

    def __str__(self) -> str:
        (one, i), (other, j) = self.example
        what = (
            "compute one function" if self.power is Power.FUNCTION else "are one up to the numbering of hidden neurons"
        )
        what = what if self.proved else "answer alike to within rounding"
        noun = self.power if self.classes == 1 else f"{self.power}s"
        return (
            f"{self.classes} {noun} with {self.networks} networks lie in several parts; network {i} of {one} and network {j} "
            f"of {other} {what}"
        )


@dataclass(frozen=True)
class Split:
    """A data set in its parts, with the classes of its networks as far as they might span parts.

    Args:
        power: orbit or function.
        names: of the parts.
        part, place: `[n]` where each network lies.
        members: `[n]` numbers of classes; a network that is alone in its part, and shares nothing, may have a number of its own.
        proved: the same, as far as exact oracles have them.
    """

    power: Power
    names: tuple[str, ...]
    part: np.ndarray
    place: np.ndarray
    members: np.ndarray
    proved: np.ndarray

    @property
    def shared(self) -> Shared | None:
        """What the parts share; None for nothing."""
        several = [own for own in _groups(self.members) if len(np.unique(self.part[own])) > 1]
        if not several:
            return None
        own = several[0]
        pair = (own[0], own[self.part[own] != self.part[own[0]]][0])
        one, other = ((self.names[self.part[net]], int(self.place[net])) for net in pair)
        told = bool(self.proved[pair[0]] == self.proved[pair[1]])
        return Shared(self.power, len(several), sum(map(len, several)), (one, other), told)

    @property
    def repeated(self) -> dict[str, np.ndarray]:
        """Part -> places of its networks whose class lies in an earlier part as well; without them nothing is shared."""
        first = np.full(int(self.members.max()) + 1, len(self.names))
        np.minimum.at(first, self.members, self.part)
        late = self.part > first[self.members]
        return {name: self.place[late & (self.part == number)] for number, name in enumerate(self.names)}


def split(space: WeightSpace, parts: Mapping[str, Arrays], power: Power, *, near: bool = False) -> Split:
    """The parts of a data set, compared.

    Args:
        parts: name -> arrays, tensor -> `[n, *shape]`.
        power: `Power.ORBIT`, or `Power.FUNCTION` as far as functions are proved to be one; off MLPs as far as orbits are.
        near: functions count as one, too, that answer alike to within rounding.

    Raises:
        SpaceError: arrays that do not fit the space or are not finite.
    """
    together = {name: np.concatenate([arrays[name] for arrays in parts.values()]) for name in space.axes}
    sizes = [len(arrays[next(iter(space.axes))]) for arrays in parts.values()]
    part = np.repeat(np.arange(len(parts)), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    near = near and power is Power.FUNCTION
    proved, alike = _classes(space, together, part, power, near=near)
    return Split(power, tuple(parts), part, place, alike if near else proved, proved)


def whole_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]` classes of a population that no split may cut: functions that are proved to be one or answer alike, hence whole orbits."""
    everything = np.zeros(len(arrays[next(iter(space.axes))]), dtype=np.int64)
    return _classes(space, arrays, np.arange(len(everything)), Power.FUNCTION, near=True)[1]


def deal(classes: np.ndarray, order: Sequence[int], sizes: Sequence[int]) -> list[list[int]] | None:
    """Networks for each part, in the given order and no class in two parts; None where they do not suffice.

    A class goes whole to the first part with room for it; where that leaves a part short, members of a class that is nobody's fill
    it, and its others go to none. If every class has one network, the parts are runs of the order.
    """
    groups: dict[int, list[int]] = {}
    for net in order:
        groups.setdefault(int(classes[net]), []).append(net)
    dealt: list[list[int]] = [[] for _ in sizes]
    left = []
    for own in groups.values():
        place = next((n for n, size in enumerate(sizes) if len(dealt[n]) + len(own) <= size), None)
        if place is None:
            left.append(own)
        else:
            dealt[place] += own
    for part, size in zip(dealt, sizes, strict=True):
        while len(part) < size and left:
            best = max(range(len(left)), key=lambda n: min(len(left[n]), size - len(part)))
            part += left.pop(best)[: size - len(part)]
    return dealt if all(len(part) == size for part, size in zip(dealt, sizes, strict=True)) else None


def _classes(
    space: WeightSpace, arrays: Arrays, part: np.ndarray, power: Power, *, near: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Classes of all networks, exact where they might span two parts; and, if asked for, coarser ones of those that answer alike."""
    alike = indistinct_classes([(space, arrays)]) if space.is_mlp else _rearranged(arrays)
    asked = np.concatenate(
        [own for own in _groups(alike) if len(np.unique(part[own])) > 1] or [np.zeros(0, dtype=np.int64)]
    )
    members, nearer = np.arange(len(part)), np.arange(len(part))
    if len(asked):
        own = {name: array[asked] for name, array in arrays.items()}
        if not space.is_mlp:
            found = orbits_of(space, own)[0]
        else:
            found = {Power.ORBIT: orbit_classes, Power.FUNCTION: function_classes}[power](space, own)
        members[asked] = nearer[asked] = asked[_firsts(found)]
        if space.is_mlp and near:
            nearer[asked] = asked[_firsts(joined(found, alike_classes(space, own)))]
    if near and has_function(space) and _in_float32(arrays):
        nearer = joined(nearer, rounded_classes(space, arrays))
    return members, nearer


def _in_float32(arrays: Arrays) -> bool:
    """Whether every entry is one of float32: then copies were rounded to that, too."""
    with np.errstate(over="ignore"):
        return all(bool((array.astype(np.float32) == array).all()) for array in arrays.values())


def joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """`[n]` the finest classes of which both are parts."""
    found = first.copy()
    while True:
        least = np.full(int(second.max()) + 1, len(found) + int(first.max()))
        np.minimum.at(least, second, found)
        again = least[second]
        back = np.full(int(first.max()) + 1, len(found) + int(first.max()))
        np.minimum.at(back, first, again)
        again = back[first]
        if (again == found).all():
            return found
        found = again


def _rearranged(arrays: Arrays) -> np.ndarray:
    """`[n]`: networks whose tensors hold the same values in whatever order, which those of one orbit do."""
    rows = [np.sort(array.reshape(len(array), -1) + 0.0, axis=1) for array in arrays.values()]
    return np.unique(np.concatenate(rows, axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def _firsts(classes: np.ndarray) -> np.ndarray:
    """`[n]`: of every class the first member."""
    _, first, back = np.unique(classes, return_index=True, return_inverse=True)
    return first[back.reshape(-1)]


def _groups(members: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(members, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(members[order])) + 1)
