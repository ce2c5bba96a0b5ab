"""Rotary keys: at each pair of places a complex number z takes the rows q of role `in` to `z q` and the rows k of role `out` to `k / conj(z)`.

Law: (q, k) and (q', k') are in one orbit of `z` iff `q_a conj(k_b)` agree for all columns a and b and, where q or k is zero in either, also
`q_a conj(q_b) / |q|^2` and `k_a conj(k_b) / |k|^2`. For if both are not zero, `q conj(k) = q' conj(k')` of rank one makes q' a multiple of
q, and k' the one that goes with it; if k is zero, the projector says q up to a multiple. The multiple is a quotient of entries, so it
has rational real and imaginary parts. Real and imaginary parts of a complex row are the places i and i + n/2.

Source: ours (docs/spaces.md); rotary keys after Su et al. 2021, arXiv 2104.09864.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import numpy as np

from ...weights.algebra.kinds import Role
from . import rational

Front = tuple[str, np.ndarray, tuple[str, ...], tuple[Role | None, ...]]
"""Name, `[outer, n, *others]` of `Fraction`, axes and roles of the others."""


def contracted(
    axis: str, outer: str | None, sides: Sequence[Sequence[Front]], *, all_full: bool
) -> tuple[list[Front], list[bool]]:
    """Products and, unless `all_full`, projectors, `[outer, n/2, *others]`; and for each side, outer index and pair whether it is not zero.

    Args:
        sides: the tensors of role `in`, and those of role `out`.
    """
    found = [piece for left, right in product(sides[1], sides[0]) for piece in _times(axis, "", right, left, None)]
    filled: list[bool] = []
    for side in sides:
        if not side:
            filled.append(False)  # no product has the other side
            continue
        size: np.ndarray = sum(_size(front) for _, front, _, _ in side)  # type: ignore[assignment]
        filled += [bool(each) for each in size.flat]
        if not all_full:
            for one, two in product(side, repeat=2):
                found += _times(axis, f"rows of {axis}: ", two, one, size)
    return found, filled


def _halves(front: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Real and imaginary part, `[outer, n/2, others]` flattened."""
    flat = front.reshape(*front.shape[:2], -1)
    half = flat.shape[1] // 2
    return flat[:, :half], flat[:, half:]


def _size(front: np.ndarray) -> np.ndarray:
    """`|q|^2`, `[outer, n/2]`."""
    a, b = _halves(front)
    return (a * a).sum(-1) + (b * b).sum(-1)


def _times(axis: str, said: str, into: Front, out: Front, size: np.ndarray | None) -> list[Front]:
    """Real and imaginary part of `q_a conj(k_b)`, k's axes first; over the size where it is not zero."""
    (a, b), (c, d) = _halves(into[1]), _halves(out[1])
    c, d, a, b = c[..., :, None], d[..., :, None], a[..., None, :], b[..., None, :]
    parts = {"real": c * a + d * b, "imaginary": c * b - d * a}
    if size is not None:
        one = np.array([Fraction(1) / x if x else Fraction(0) for x in size.flat], dtype=object)
        parts = {key: part * one.reshape(*size.shape, 1, 1) for key, part in parts.items()}
    shape = (*a.shape[:2], *out[1].shape[2:], *into[1].shape[2:])
    axes, places = (f"pairs of {axis}", *out[2], *into[2]), (None, *out[3], *into[3])
    return [
        (f"{said}{key} {out[0]} {into[0]}", np.asarray(part, dtype=object).reshape(shape), axes, places)
        for key, part in parts.items()
    ]


def factors(
    a: rational.Matrix, b: rational.Matrix, c: rational.Matrix, d: rational.Matrix, size: int
) -> rational.Matrix:
    """The matrix of numbers z with `z a = c` and `b / conj(z) = d`; a and c are lists of columns of role `in`, b and d of role `out`."""
    found, half = rational.unit(size), size // 2
    for i in range(half):
        into = [(x, y) for x, y in zip(a, c, strict=True) if x[i] or x[i + half]]
        out = [(y, x) for x, y in zip(b, d, strict=True) if x[i] or x[i + half]]
        if not into and not out:
            continue
        x, y = (into or out)[0]
        lengths = x[i] ** 2 + x[i + half] ** 2
        if not lengths:
            raise ArithmeticError("no complex factor")
        real = (y[i] * x[i] + y[i + half] * x[i + half]) / lengths
        imaginary = (y[i + half] * x[i] - y[i] * x[i + half]) / lengths
        if not into:  # z = conj(b / d)
            imaginary = -imaginary
        found[i][i] = found[i + half][i + half] = real
        found[i][i + half], found[i + half][i] = -imaginary, imaginary
    return found
