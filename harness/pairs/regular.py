"""Random regular bipartite graphs of different rank as middle matrices: 1-WL-equivalent, and not one orbit by the rank."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from .demands import problem, refuse
from .middle import Middle, MiddleParameters, middle_family


class RegularParameters(MiddleParameters):
    """Parameters of `regular-bipartite`."""

    size: Annotated[int, Field(ge=4, le=64, description="width of both hidden layers")] = 6
    degree: Annotated[int, Field(description="ones in every row and column of the middle matrix")] = 3


def _regular(parameters: RegularParameters) -> dict[str, Middle]:
    size, degree = parameters.size, parameters.degree
    if not 2 <= degree <= size - 2:
        refuse(
            problem(
                "degree",
                message=f"regular graphs of different rank on {size} + {size} neurons have a degree "
                f"from 2 to {size - 2}, got {degree}",
            )
        )
    return {"": Middle((size, size), lambda rng: _of_different_rank(size, degree, rng))}


def _of_different_rank(size: int, degree: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random regular matrix and one with twin rows, hence of rank below `size`; drawn again while their ranks agree."""
    while True:
        first = random_margins(np.full(size, degree), np.full(size, degree), rng)
        columns = np.where(np.arange(size) < degree, degree - 2, degree)
        twins = np.tile((columns < degree).astype(np.int64), (2, 1))
        second = np.vstack([twins, random_margins(np.full(size - 2, degree), columns, rng)])
        if rational_rank(first) != rational_rank(second):
            return first, second


def random_margins(rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random 0/1 matrix with these row and column sums, which some matrix must have.

    Greedy filling (Gale-Ryser: each row takes the columns that need most), then random switches of 2x2 checkerboards; these
    connect all matrices with the given sums (Ryser 1957), so every one can come up.
    """
    matrix = np.zeros((len(rows), len(columns)), dtype=np.int64)
    need = columns.copy()
    for row, total in enumerate(rows):
        order = rng.permutation(len(columns))
        chosen = order[np.argsort(-need[order], kind="stable")[:total]]
        matrix[row, chosen] = 1
        need[chosen] -= 1
    for _ in range(10 * int(rows.sum())):
        (a, b), (c, d) = rng.choice(len(rows), 2, replace=False), rng.choice(len(columns), 2, replace=False)
        if matrix[a, c] == matrix[b, d] != matrix[a, d] == matrix[b, c]:
            matrix[np.ix_([a, b], [c, d])] = 1 - matrix[np.ix_([a, b], [c, d])]
    return matrix


def rational_rank(matrix: np.ndarray) -> int:
    """Rank over Q of an integer matrix, by elimination without fractions (Bareiss): exact."""
    rows = [[int(entry) for entry in row] for row in matrix]
    rank, divisor = 0, 1
    for column in range(matrix.shape[1]):
        pivot = next((row for row in range(rank, len(rows)) if rows[row][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        head = rows[rank]
        for row in range(rank + 1, len(rows)):
            factor = rows[row][column]
            rows[row] = [(head[column] * x - factor * y) // divisor for x, y in zip(rows[row], head, strict=True)]
        rank, divisor = rank + 1, head[column]
    return rank


REGULAR_BIPARTITE = middle_family(
    "regular-bipartite",
    "random regular graphs of different rank as the middle matrix: 1-WL-equivalent, not one orbit",
    RegularParameters,
    _regular,
    "prop-6.2",
)
