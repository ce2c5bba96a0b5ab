"""Two orbits: ranks or components of an inner weight matrix differ, which no permutation of rows and columns changes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from ...core.certificates import Part
from ...core.certificates.matrices import OtherComponents, TwoRanks
from ..exact.refuted import demand, floating
from ..exact.subject import Subject

Matrix = Sequence[Sequence[int]]
LARGEST_FIELD = 2**31
"""Numbers below are seen to be prime at once."""


def two_ranks(subject: Subject, said: TwoRanks) -> None:
    field = said["field"]
    prime = type(field) is int and 1 < field < LARGEST_FIELD and all(field % i for i in range(2, isqrt(field) + 1))
    demand(field == "Q" or prime, "the field is Q or that of a prime below 2^31")
    values = [rank(matrix, field) for matrix in _matrices(subject, said)]
    demand(values == said["values"] and values[0] != values[1], f"the rank of {said['tensor']}")


def other_components(subject: Subject, said: OtherComponents) -> None:
    values = [components(matrix) for matrix in _matrices(subject, said)]
    demand(values == said["values"] and values[0] != values[1], f"the components of {said['tensor']}")


def _matrices(subject: Subject, said: TwoRanks | OtherComponents) -> list[Matrix]:
    """The tensor of both nets in integers, or where it has the entry."""
    space, name, entry = subject.space, said["tensor"], said["entry"]
    axes = space.axes.get(name, ())
    inner = len(axes) == 2 and axes[0] != axes[1] and {*axes} <= {*space.permuted}
    demand(inner, "an inner weight matrix: both axes are permuted, and not as one")
    tensors = [net[name] for net in subject.nets]
    if entry is not None:
        value = floating(entry)
        tensors = [tensor == value for tensor in tensors]
    return integers(tensors)


def integers(matrices: Sequence[np.ndarray]) -> list[Matrix]:
    """The matrices times the least power of two that makes all their entries integers."""
    exact = [[[Fraction(entry) for entry in row] for row in matrix.tolist()] for matrix in matrices]
    unit = max(entry.denominator for matrix in exact for row in matrix for entry in row)
    return [[[int(entry * unit) for entry in row] for row in matrix] for matrix in exact]


def rank(matrix: Matrix, field: str | int) -> int:
    """Rank over "Q", or over GF(field) for a prime, by elimination: the number of rows that served as pivots."""
    reduced: Any = Fraction if field == "Q" else lambda entry: entry % field
    rows: list[list[Any]] = [[reduced(entry) for entry in row] for row in matrix]
    for column in range(len(matrix[0])):
        if pivot := next((row for row in rows if row[column]), None):
            rows.remove(pivot)
            inverse = 1 / pivot[column] if field == "Q" else pow(pivot[column], -1, int(field))
            for row in rows:
                if row[column]:
                    factor = row[column] * inverse
                    row[:] = [reduced(a - factor * b) for a, b in zip(row, pivot, strict=True)]
    return len(matrix) - len(rows)


def components(matrix: Matrix) -> list[int]:
    """Sizes of the connected components of the bipartite graph of the non-zero entries, in rising order."""
    parts = [{("column", j)} for j in range(len(matrix[0]))]
    for i, row in enumerate(matrix):
        joined = [part for part in parts if any(row[j] for side, j in part if side == "column")]
        parts = [part for part in parts if part not in joined] + [{("row", i)}.union(*joined)]
    return sorted(len(part) for part in parts)


CHECKS = {
    (Part.ORBIT, "different", "rank"): two_ranks,
    (Part.ORBIT, "different", "components"): other_components,
}
