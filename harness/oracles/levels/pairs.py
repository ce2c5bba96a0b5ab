"""The partitions of a population by folklore 2-WL, round by round, between its orbits and the classes of 1-WL.

Law: orbits refine 2-FWL classes of every round, round t + 1 refines round t, and round t refines round t of 1-WL (theory.md, section 8).
So in round t only networks of one 1-WL class of round t need to be compared, one for each orbit in it; what is compared
in an earlier round is compared to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...weights.space import WeightSpace
from ..classes import Arrays
from ..two_fwl.refinement import refine_mlp_pairs

MOST_TRIPLES = 2_000_000_000
"""Triples of neurons that one round of 2-FWL may look at in one 1-WL class; some minutes."""
MOST_PAIRS = 20_000_000
"""Pairs of neurons that one refinement may hold; a gigabyte."""

Sides = tuple[np.ndarray, np.ndarray]
"""`[n]` classes as fine as they are or finer, and as coarse or coarser; equal but past the budgets."""


def pair_rounds(
    space: WeightSpace, arrays: Arrays, refinement: Sequence[np.ndarray], orbits: np.ndarray
) -> list[Sides]:
    """The 2-FWL classes of round 0, 1, ... up to the first round whose classes are the stable ones.

    Args:
        refinement: per round `[n]` 1-WL classes, the last ones stable.
        orbits: `[n]`.
    """
    _, first = np.unique(orbits, return_index=True)
    place = np.searchsorted(orbits[first], orbits)  # orbits are numbered from 0, so `first` goes by their numbers
    groups: list[tuple[np.ndarray, tuple[np.ndarray, ...]]] = []
    rounds: list[Sides] = []
    left: list[np.ndarray] = []  # what each round lies past the budgets of
    while True:
        number = len(rounds)
        told, most = np.arange(len(first)), np.arange(len(first))
        compared = (
            np.isin(told, np.concatenate([own for own, _ in groups])) if groups else np.zeros(len(first), dtype=bool)
        )
        for own in _several(refinement[min(number, len(refinement) - 1)][first], ~compared):
            size = len(own) * sum(space.widths) ** 2
            if size * sum(space.widths) <= MOST_TRIPLES and size <= MOST_PAIRS:
                found = refine_mlp_pairs(space, {name: array[first[own]] for name, array in arrays.items()})
                groups.append((own, found.net_classes))
            else:
                most[own] = own[0]
        for own, history in groups:
            classes = history[min(number, len(history) - 1)]
            told[own] = most[own] = own[np.unique(classes, return_index=True)[1][classes]]
        rounds.append((told, most))
        left.append(np.flatnonzero(told != most))
        if number >= max([len(refinement), *(len(history) for _, history in groups)]) - 1:
            break
    for number in reversed(range(len(rounds) - 1)):  # what a later round does not tell apart, no earlier one does
        rounds[number][0][left[number]] = rounds[number + 1][0][left[number]]
    numbered = [(_numbered(told[place]), _numbered(most[place])) for told, most in rounds]
    while len(numbered) > 1 and all(side[-1].max() == side[-2].max() for side in zip(*numbered, strict=True)):
        numbered.pop()  # rounds refine each other, so as many classes are the same classes
    return numbered


def _several(classes: np.ndarray, asked: np.ndarray) -> Iterator[np.ndarray]:
    """The places of every class that holds several of those that are asked."""
    counts = np.bincount(classes, weights=asked)
    for number in np.flatnonzero(counts > 1):
        yield np.flatnonzero((classes == number) & asked)


def _numbered(classes: np.ndarray) -> np.ndarray:
    return np.unique(classes, return_inverse=True)[1]
