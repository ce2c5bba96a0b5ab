"""Families of bipartite cycles and paths: the pair of prop-6.2, and pairs that a chosen round separates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from .demands import Counted, problem, refuse, refuse_repeats
from .middle import Middle, MiddleParameters, middle_family

WIDEST = 256
"""Hidden widths that the cycles may add up to."""


def cycle(half: int) -> np.ndarray:
    """Biadjacency of the cycle C_2n, n = `half`: rows are one side, columns the other; identity + shift."""
    return np.eye(half) + np.roll(np.eye(half), 1, axis=1)


def path(half: int) -> np.ndarray:
    """Biadjacency of the path with 2n vertices, n = `half` on either side; n = 0 gives the empty graph."""
    return np.eye(half) + np.eye(half, k=1)


def disjoint_union(*matrices: np.ndarray) -> np.ndarray:
    """Block-diagonal matrix: biadjacency of the disjoint union."""
    shape = np.sum([matrix.shape for matrix in matrices], axis=0)
    result = np.zeros(tuple(shape))
    row = column = 0
    for matrix in matrices:
        result[row : row + matrix.shape[0], column : column + matrix.shape[1]] = matrix
        row, column = row + matrix.shape[0], column + matrix.shape[1]
    return result


class CyclesParameters(MiddleParameters):
    """Parameters of `bipartite-cycles`; the default is the pair of prop-6.2."""

    cycles: Annotated[
        list[list[int]],
        Field(min_length=2, max_length=2, description="two disjoint unions of cycles C_2n, each as a list of n"),
    ] = [[4], [2, 2]]


def _cycles(parameters: CyclesParameters) -> dict[str, Middle]:
    first, second = parameters.cycles
    refuse(
        *(
            problem("cycles", side, position, message=f"a cycle C_2n needs n of at least 2, got {half}")
            for side, halves in enumerate(parameters.cycles)
            for position, half in enumerate(halves)
            if half < 2
        )
    )
    if sum(first) != sum(second):
        refuse(problem("cycles", message=f"both sides need the same sum, got {sum(first)} and {sum(second)}"))
    if sorted(first) == sorted(second):
        refuse(problem("cycles", message=f"both sides are the same graph, {sorted(first)}, hence one orbit"))
    if sum(first) > WIDEST:
        refuse(problem("cycles", message=f"the cycles add up to {sum(first)} neurons a layer; allowed: up to {WIDEST}"))

    def union(halves: Sequence[int]) -> np.ndarray:
        return disjoint_union(*map(cycle, halves))

    return {"": Middle((sum(first), sum(first)), lambda rng: (union(first), union(second)))}


BIPARTITE_CYCLES = middle_family(
    "bipartite-cycles",
    "one cycle against several as the middle matrix: 1-WL-equivalent, not one orbit (prop-6.2)",
    CyclesParameters,
    _cycles,
    "prop-6.2",
)


class LadderParameters(Counted):
    """Parameters of `round-ladder`."""

    rounds: Annotated[
        list[Annotated[int, Field(ge=1, le=64)]],
        Field(min_length=1, description="refinement rounds t, each the first to separate its pairs"),
    ] = [1, 2, 3, 4, 5, 6, 7, 8]
    layers: Annotated[int, Field(ge=0, le=16, description="extra hidden layers with all weights one")] = 0


def _ladder(parameters: LadderParameters) -> dict[str, Middle]:
    refuse_repeats("rounds", parameters.rounds)
    return {f"t={t}": _rung(t, parameters.layers) for t in parameters.rounds}


def _rung(t: int, layers: int) -> Middle:
    first = disjoint_union(path(t - 1), cycle(3))
    second = disjoint_union(path(t), cycle(2))
    return Middle((t + 2,) * (2 + layers), lambda rng: (first, second))


ROUND_LADDER = middle_family(
    "round-ladder",
    "path and cycle as the middle matrix: pairs that refinement separates in round t and not before",
    LadderParameters,
    _ladder,
    "thm-5.2",
)
