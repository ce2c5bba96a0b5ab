"""A population's networks for training, validation and test, so that no part knows another's.

Law: two networks of one orbit, or proved to compute one function, are never in two parts; nor are networks that share the value of a label
that keeps networks together (one training run, one data set). By chance whole classes are dealt; by a split of the population's own, what a
later part holds is left out of the earlier ones: a test set stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..oracles.levels.splits import deal, joined, whole_classes

if TYPE_CHECKING:
    from ..weights.batch import Weights

PARTS = ("train", "validation", "test")
SPOKEN = {"train": ("tr", "fit"), "validation": ("va", "dev"), "test": ("te", "held", "hold")}
"""Part -> how the words begin by which a split calls it."""
VALIDATED = 8
"""A split without a validation part has every so-manieth network of its training part for one."""


class NoParts(ValueError):
    """A split that names no training part or no test part, or values that fit no network."""


@dataclass(frozen=True)
class Pools:
    """Networks as they may be dealt.

    Args:
        classes: `[n]` that no split may cut.
        given: places of the networks of each part, where the population has a split of its own; else None.
        left_out: networks that its split has in an earlier part though a later one holds their class.
    """

    classes: np.ndarray
    given: tuple[np.ndarray, ...] | None = None
    left_out: int = 0

    @property
    def several(self) -> tuple[int, int]:
        """Classes with more than one network, and the networks in them."""
        counts = np.unique(self.classes, return_counts=True)[1]
        return int((counts > 1).sum()), int(counts[counts > 1].sum())

    def sizes(self) -> tuple[int, int, int]:
        """Of training, validation and test: the split's own, or about seven, one and two tenths of what can be dealt."""
        if self.given is not None:
            first, second, third = map(len, self.given)
            return first, second, third
        whole = len(self.classes)
        while whole > 0:
            validation, test = max(2, whole // 10), max(2, whole // 5)
            sizes = (whole - validation - test, validation, test)
            if sizes[0] >= 2 and deal(self.classes, range(len(self.classes)), sizes) is not None:
                return sizes
            whole = min(whole - 1, int(0.95 * whole))
        return 0, 0, 0

    def dealt(self, sizes: Sequence[int], rng: np.random.Generator) -> list[list[int]] | None:
        """Places of networks for each part, in random order; None where they do not suffice.

        Raises:
            NoParts: a split of the population's own, and other than three sizes.
        """
        order = rng.permutation(len(self.classes)).tolist()
        if self.given is None:
            return deal(self.classes, order, sizes)
        if len(sizes) != len(self.given):
            raise NoParts(f"a split has the parts {', '.join(PARTS)}, and {len(sizes)} are asked for")
        rank = np.argsort(order)
        parts = [sorted(own.tolist(), key=lambda place: rank[place]) for own in self.given]
        if any(len(own) < size for own, size in zip(parts, sizes, strict=True)):
            return None
        return [own[:size] for own, size in zip(parts, sizes, strict=True)]


def pools(v: Weights, split: Sequence[str] | None = None, together: Sequence[float] | None = None) -> Pools:
    """The classes of a population, and its own split if it has one.

    Args:
        split: the word of each network's part; one that begins as no part does is in none.
        together: networks of one value stay in one part.

    Raises:
        NoParts: no training or no test part.
    """
    classes = whole_classes(v.space, {name: tensor[..., 0].double().numpy() for name, tensor in v.items()})
    if together is not None:
        classes = joined(classes, np.unique(np.asarray(together), return_inverse=True)[1].reshape(-1))
    if split is None:
        return Pools(classes)
    part = np.array([part_of(word) for word in split])
    named = sorted(set(split))
    for wanted in (0, 2):
        if not (part == wanted).any():
            raise NoParts(f"the split names no {PARTS[wanted]} part; it has {', '.join(named[:8])}")
    late = np.full(int(classes.max()) + 1, -1)
    np.maximum.at(late, classes, part)
    kept = (part >= 0) & (part == late[classes])
    given = [np.flatnonzero(kept & (part == number)) for number in range(len(PARTS))]
    if not len(given[1]):
        numbers = np.unique(classes[given[0]])
        own = np.isin(classes[given[0]], numbers[::VALIDATED])
        given[0], given[1] = given[0][~own], given[0][own]
    return Pools(classes, tuple(given), int(((part >= 0) & ~kept).sum()))


def part_of(word: str) -> int:
    """0 for a training part, 1 for a validation part, 2 for a test part, -1 for none of these."""
    for number, name in enumerate(PARTS):
        if word.strip().lower().startswith(SPOKEN[name]):
            return number
    return -1
