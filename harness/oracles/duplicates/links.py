"""What two networks have in common, with its witness; and the groups that links make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement
from .neurons import NeuronMap


class Likeness(StrEnum):
    """How two networks are alike, the strictest first."""

    IDENTICAL = "identical"
    PERMUTED = "permuted"
    FUNCTION = "function"
    ROUNDED = "rounded"
    NEAR = "near"


MEANING = {
    Likeness.IDENTICAL: "equal entry by entry",
    Likeness.PERMUTED: "equal after a permutation of hidden neurons",
    Likeness.FUNCTION: "the same function, proved in rationals",
    Likeness.ROUNDED: "the same outputs at tested inputs, up to rounding",
    Likeness.NEAR: "close to each other after a permutation of hidden neurons",
}


@dataclass(frozen=True)
class Link:
    """Two networks that are alike.

    Args:
        first, second: numbers of the networks.
        likeness: how.
        element: g with `g first = second` where the likeness is `permuted` or `function` and such an element is known, applied and
            compared; where it is `rounded` or `near`, the element that comes closest.
        neurons: where the likeness is `function`, which neurons correspond, with factors, and which are dead or doubled.
        share: where it is `near`, the matched distance as a share of the population's median; where it is `rounded`, the largest
            gap between outputs as a share of their spread.
        scaled: where it is `near`, the symmetry beyond permutations that was taken out first ("scale", "sign"), or "".
    """

    first: int
    second: int
    likeness: Likeness
    element: GroupElement | None = None
    neurons: NeuronMap | None = None
    share: float | None = None
    scaled: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """By what two networks of one function differ, as far as it is known."""
        if self.element is None:
            return self.neurons.reasons if self.neurons else ()
        factors = [factor for diagonal in self.element.diagonals for factor in diagonal.inward]
        found = {
            "permutation": any(images != tuple(range(len(images))) for _, images in self.element.permutations),
            "rescaling": any(abs(factor) != 1 for factor in factors),
            "signs": any(factor < 0 for factor in factors),
        }
        return tuple(name for name, holds in found.items() if holds)

    @property
    def told(self) -> str:
        """The witness in one line."""
        if self.likeness is Likeness.FUNCTION:
            by = f"by {', '.join(self.reasons)}: " if self.reasons else ""
            return f"{by}{self.element or self.neurons or 'equal normal forms'}"
        if self.likeness is Likeness.ROUNDED:
            by = f", by {', '.join(self.reasons)}: {self.element}" if self.element else ""
            return f"outputs differ by at most {self.share:.1e} of their spread{by}"
        if self.likeness is Likeness.NEAR:
            beyond = f" and {self.scaled}s" if self.scaled else ""
            return (
                f"{100 * (self.share or 0):.2g} % of the median distance, modulo permutations{beyond}: {self.element}"
            )
        return str(self.element) if self.element else MEANING[self.likeness]


@dataclass(frozen=True)
class Scale:
    """What "near" means among the networks of one space.

    Args:
        space: their space.
        nets: how many networks of it are not copies of each other.
        median: the median matched distance of pairs of them, 0 where none could be measured.
        pairs: how many pairs were measured.
        drawn: whether the pairs are of networks with the entries of each tensor drawn from the population's, for want of networks.
    """

    space: WeightSpace
    nets: int
    median: float
    pairs: int
    drawn: bool


@dataclass(frozen=True)
class Groups:
    """The networks of a set that are alike.

    Args:
        count: networks.
        links: a forest: as few as connect what belongs together, each from an earlier network to a later one.
        scales: one for each space.
        nearest: network -> matched distance to the nearest other one that is no copy, as a share of the median; upper bounds.
        unasked: why function equality was not asked, one line a space.
    """

    count: int
    links: tuple[Link, ...]
    scales: tuple[Scale, ...] = ()
    nearest: tuple[tuple[int, float], ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def members(self) -> list[list[int]]:
        """The groups of two and more networks, in order."""
        forest = Forest(self.count)
        for link in self.links:
            forest.join(link.first, link.second)
        groups: dict[int, list[int]] = {}
        for net in range(self.count):
            groups.setdefault(forest.root(net), []).append(net)
        return [group for group in groups.values() if len(group) > 1]

    @property
    def counts(self) -> Counter[Likeness]:
        """Likeness -> number of links."""
        return Counter(link.likeness for link in self.links)


class Forest:
    """Sets that are joined one by one; the root of a set is its least member."""

    def __init__(self, count: int):
        self.above = list(range(count))

    def root(self, net: int) -> int:
        while self.above[net] != net:
            self.above[net] = self.above[self.above[net]]
            net = self.above[net]
        return net

    def join(self, first: int, second: int) -> bool:
        """Join two sets; False if they were one."""
        a, b = sorted((self.root(first), self.root(second)))
        self.above[b] = a
        return a != b

    def roots(self, nets: Iterable[int]) -> list[int]:
        return [self.root(net) for net in nets]


def to_json(link: Link) -> dict[str, Any]:
    """A link without the names of its networks, as plain data."""
    told: dict[str, Any] = {"likeness": link.likeness.value, "witness": link.told}
    if link.element is not None:
        told["element"] = link.element.to_json()
    if link.reasons:
        told["by"] = list(link.reasons)
    if link.neurons is not None:
        told["neurons"] = link.neurons.to_json()
    if link.share is not None:
        told["share"] = link.share
    if link.scaled:
        told["scaled"] = link.scaled
    return told
