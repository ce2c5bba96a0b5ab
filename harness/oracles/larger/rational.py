"""Exact linear algebra over the rationals: matrices are lists of rows of `Fraction`, small and dense."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Matrix = list[list[Fraction]]


def times(a: Matrix, b: Matrix) -> Matrix:
    """`a b`; entries that are zero cost nothing."""
    width = len(b[0]) if b else 0
    found = []
    for row in a:
        total = [Fraction(0)] * width
        for x, other in zip(row, b, strict=True):
            if x:
                total = [t + x * y if y else t for t, y in zip(total, other, strict=True)]
        found.append(total)
    return found


def transposed(a: Matrix, width: int) -> Matrix:
    """The transpose; `width` is the number of columns, for matrices without rows."""
    return [[row[j] for row in a] for j in range(width)]


def unit(size: int) -> Matrix:
    """The identity matrix."""
    return [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]


def reduced(a: Matrix) -> tuple[Matrix, list[int]]:
    """The reduced row echelon form without zero rows, which is one for all matrices of one row space, and its pivots."""
    rows, pivots, top = [list(row) for row in a], [], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(top, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[top], rows[pivot] = rows[pivot], rows[top]
        lead = rows[top][column]
        rows[top] = [x / lead if x else x for x in rows[top]]
        for i, row in enumerate(rows):
            if i != top and row[column]:
                factor = row[column]
                rows[i] = [x - factor * y if y else x for x, y in zip(row, rows[top], strict=True)]
        pivots.append(column)
        top += 1
    return rows[:top], pivots


def rank(a: Matrix) -> int:
    """The rank."""
    return len(reduced(a)[1])


def inverse(a: Matrix) -> Matrix:
    """Of an invertible matrix."""
    size = len(a)
    both, pivots = reduced([row + one for row, one in zip(a, unit(size), strict=True)])
    assert pivots[:size] == list(range(size)), "an invertible matrix"
    return [row[size:] for row in both]


def projector(a: Matrix) -> Matrix:
    """The orthogonal projector onto the row space: `R^T (R R^T)^-1 R` for any basis R of it. One for all matrices of one row space."""
    width = len(a[0]) if a else 0
    basis, _ = reduced(a)
    if not basis:
        return [[Fraction(0)] * width for _ in range(width)]
    columns = transposed(basis, width)
    return times(columns, times(inverse(times(basis, columns)), basis))


def completed(columns: Sequence[Sequence[Fraction]], size: int) -> list[list[Fraction]]:
    """Unit vectors that make independent vectors of that size a basis."""
    held, found = [list(column) for column in columns], []
    for each in unit(size):
        if rank([*held, each]) > len(held):
            held.append(each)
            found.append(each)
    return found


def solution(a: Matrix, b: Sequence[Fraction]) -> list[Fraction]:
    """Some x with `a x = b`, zero where it is free; there has to be one."""
    width = len(a[0]) if a else 0
    rows, pivots = reduced([[*row, end] for row, end in zip(a, b, strict=True)])
    assert width not in pivots, "a solution"
    found = [Fraction(0)] * width
    for row, pivot in zip(rows, pivots, strict=True):
        found[pivot] = row[width]
    return found


def kernel(a: Matrix, width: int) -> list[list[Fraction]]:
    """A basis of the x with `a x = 0`."""
    rows, pivots = reduced(a)
    found = []
    for free in (column for column in range(width) if column not in pivots):
        each = [Fraction(0)] * width
        each[free] = Fraction(1)
        for row, pivot in zip(rows, pivots, strict=True):
            each[pivot] = -row[free]
        found.append(each)
    return found
