"""Stacks of square matrices `[outer, n, n]` with their inverse transposes, float64: drawn, moved, joined. No solver anywhere.

Every drawer builds In and Out = In^-T from the same factors: a permutation and a sign are their own inverse transposes, so is a
reflection, and the inverse transpose of `1 + c E_ij` is `1 - c E_ji`. Exact ones have dyadic entries, so that products of
dyadic numbers with them are exact.
"""

from __future__ import annotations

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]
"""In and Out, each `[outer, n, n]`."""

HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
"""Orthogonal, symmetric and dyadic."""


def unit(outer: int, size: int) -> np.ndarray:
    return np.tile(np.eye(size), (outer, 1, 1))


def permutations(outer: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """A uniform permutation matrix for each outer index."""
    return np.stack([np.eye(size)[rng.permutation(size)] for _ in range(outer)])


def signs(outer: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform signs on the diagonal."""
    return unit(outer, size) * rng.choice((-1.0, 1.0), (outer, size, 1))


def diagonal(factors: np.ndarray) -> Pair:
    """Of factors `[outer, n]`."""
    eye = unit(*factors.shape)
    return eye * factors[:, :, None], eye * (1 / factors)[:, :, None]


def exact_rotations(outer: int, size: int, rng: np.random.Generator) -> Pair:
    """Signed permutations, and as many 4 x 4 blocks as fit between two of them."""
    middle = unit(outer, size)
    for start in range(0, size - 3, 4):
        middle[:, start : start + 4, start : start + 4] = HADAMARD
    left = signs(outer, size, rng) @ permutations(outer, size, rng)
    right = permutations(outer, size, rng) @ signs(outer, size, rng)
    found = left @ middle @ right
    return found, found


def rotations(outer: int, size: int, rng: np.random.Generator) -> Pair:
    """Products of as many reflections as there are dimensions, and signs: any orthogonal matrix, to rounding."""
    found = signs(outer, size, rng)
    for _ in range(size):
        mirror = rng.standard_normal((outer, size, 1))
        mirror /= np.linalg.norm(mirror, axis=1, keepdims=True)
        found = found - 2 * mirror @ (mirror.transpose(0, 2, 1) @ found)
    return found, found


def exact_maps(outer: int, size: int, rng: np.random.Generator, reach: int) -> Pair:
    """Signed permutations times `reach` integer shears `1 +- E_ij`: integers, of determinant one or minus one."""
    inward = signs(outer, size, rng) @ permutations(outer, size, rng)
    outward = inward.copy()
    for each in range(outer if size > 1 else 0):
        for _ in range(reach):
            i, j = rng.choice(size, 2, replace=False)
            sign = rng.choice((-1.0, 1.0))
            inward[each, i] += sign * inward[each, j]
            outward[each, j] -= sign * outward[each, i]
    return inward, outward


def maps(outer: int, size: int, rng: np.random.Generator, reach: int) -> Pair:
    """Two rotations and factors `2^k` between them, |k| <= reach: a condition number of at most `4^reach`."""
    left, right = rotations(outer, size, rng)[0], rotations(outer, size, rng)[0]
    factors = 2.0 ** rng.uniform(-reach, reach, (outer, 1, size))
    return (left * factors) @ right, (left / factors) @ right


def complex_factors(real: np.ndarray, imaginary: np.ndarray) -> Pair:
    """Of numbers z `[outer, n/2]`: `z` on the places i and i + n/2 as real and imaginary part, and `1/conj(z)`, its inverse transpose."""
    size = real**2 + imaginary**2

    def stack(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        along, across = diagonal_of(a), diagonal_of(b)
        return np.concatenate([np.concatenate([along, -across], 2), np.concatenate([across, along], 2)], 1)

    def diagonal_of(each: np.ndarray) -> np.ndarray:
        return np.eye(each.shape[1]) * each[:, :, None]

    return stack(real, imaginary), stack(real / size, imaginary / size)


def exact_complex_factors(outer: int, size: int, rng: np.random.Generator, reach: int) -> Pair:
    """`i^u (1 + i)^k` and `i^u (1 - i)^-k` for k up to the reach: dyadic, and so are their inverses."""
    powers, turns = (
        rng.integers(-reach, reach, (outer, size // 2), endpoint=True),
        rng.integers(0, 4, (outer, size // 2)),
    )
    real, imaginary = np.ones(powers.shape), np.zeros(powers.shape)
    for k in range(reach):
        more = np.abs(powers) > k
        real, imaginary = np.where(more, real - imaginary, real), np.where(more, real + imaginary, imaginary)
    for k in range(3):
        more = turns > k
        real, imaginary = np.where(more, -imaginary, real), np.where(more, real, imaginary)
    back = np.where(powers < 0, real**2 + imaginary**2, 1.0)
    return complex_factors(real / back, imaginary / back)


def generic_complex_factors(outer: int, size: int, rng: np.random.Generator, reach: int) -> Pair:
    """Any angles, sizes 2^k for real k, |k| <= reach."""
    sizes, angles = 2.0 ** rng.uniform(-reach, reach, (outer, size // 2)), rng.uniform(0, 2 * np.pi, (outer, size // 2))
    return complex_factors(sizes * np.cos(angles), sizes * np.sin(angles))


def generating_complex(outer: int, size: int) -> list[Pair]:
    """i and 1 + i, at each outer index and pair of places apart."""
    found = []
    for place in np.ndindex(outer, size // 2):
        for z in (1j, 1 + 1j):
            numbers = np.ones((outer, size // 2), dtype=complex)
            numbers[place] = z
            found.append(complex_factors(np.real(numbers), np.imag(numbers)))
    return found


def times(a: Pair, b: Pair) -> Pair:
    return a[0] @ b[0], a[1] @ b[1]


def carried(matrices: np.ndarray, outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """`P X[pi^-1 o] P^-1`, where `outer` and `inner` are the sources of pi and of P: `sources[j]` comes to j."""
    return matrices[outer][:, inner][:, :, inner]


def condition(inward: np.ndarray, outward: np.ndarray) -> float:
    """The largest `|In| |In^-1|` of the stack, in the spectral norm's upper bound by Frobenius, over n."""
    size = inward.shape[-1]
    norms = np.linalg.norm(inward, axis=(1, 2)) * np.linalg.norm(outward, axis=(1, 2))
    return float(norms.max()) / size


def generating(outer: int, size: int, whole: bool) -> list[Pair]:
    """Matrices that generate a dense part of the orthogonal group of four and more, or of all linear maps (`whole`).

    For each outer index apart: adjacent transpositions and one sign; then a Hadamard block, or the shears of neighbours and
    one factor of 2.
    """
    found: list[Pair] = []
    for each in range(outer):

        def at(matrix: np.ndarray, dual: np.ndarray | None = None, each: int = each) -> Pair:
            inward, outward = unit(outer, size), unit(outer, size)
            inward[each], outward[each] = matrix, matrix if dual is None else dual
            return inward, outward

        if whole:
            for i in range(size - 1):
                for a, b in ((i, i + 1), (i + 1, i)):
                    shear, dual = np.eye(size), np.eye(size)
                    shear[a, b], dual[b, a] = 1, -1
                    found.append(at(shear, dual))
            double, half = np.eye(size), np.eye(size)
            double[0, 0], half[0, 0] = 2, 0.5
            found.append(at(double, half))
        else:
            found += [at(np.eye(size)[_swapped(size, i)]) for i in range(size - 1)]
            if size >= 4:
                block = np.eye(size)
                block[:4, :4] = HADAMARD
                found.append(at(block))
        mirror = np.eye(size)
        mirror[0, 0] = -1
        found.append(at(mirror))
    return found


def transpositions(outer: int, size: int) -> list[np.ndarray]:
    """For each outer index apart, the adjacent transpositions."""
    found = []
    for each in range(outer):
        for i in range(size - 1):
            stack = unit(outer, size)
            stack[each] = np.eye(size)[_swapped(size, i)]
            found.append(stack)
    return found


def _swapped(size: int, i: int) -> list[int]:
    order = list(range(size))
    order[i], order[i + 1] = order[i + 1], order[i]
    return order
