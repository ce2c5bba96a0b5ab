"""Families of highly regular graphs and designs as middle matrices: 1-WL-equivalent, not one orbit, and hard to separate.

Sources: theory.md, section 5; Shrikhande 1959 for the strongly regular graphs; Cai, Fuerer, Immerman 1992.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from typing import Annotated

import numpy as np
from pydantic import Field

from .demands import problem, refuse, refuse_repeats
from .middle import Middle, MiddleParameters, middle_family


class StronglyRegularParameters(MiddleParameters):
    """Parameters of `strongly-regular`."""


def cayley_4x4(steps: set[tuple[int, int]]) -> np.ndarray:
    """Adjacency of the graph on Z4 x Z4 in which a vertex is joined to those that differ by one of `steps`."""
    vertices = list(product(range(4), repeat=2))
    return np.array([[((a - c) % 4, (b - d) % 4) in steps for c, d in vertices] for a, b in vertices], dtype=np.float64)


ROOK = cayley_4x4({(0, 1), (0, 2), (0, 3), (1, 0), (2, 0), (3, 0)})
SHRIKHANDE = cayley_4x4({(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)})


def _strongly_regular(parameters: StronglyRegularParameters) -> dict[str, Middle]:
    """The diagonal is labelled, since A alone is a double cover, which forgets the graph: one orbit."""
    return {"": Middle((16, 16), lambda rng: (ROOK + 2 * np.eye(16), SHRIKHANDE + 2 * np.eye(16)))}


STRONGLY_REGULAR = middle_family(
    "strongly-regular",
    "rook 4x4 against Shrikhande, A + 2I as the middle matrix: 1-WL-equivalent, not one orbit",
    StronglyRegularParameters,
    _strongly_regular,
    "prop-6.2",
)


def development(product_of: Callable[[int, int], int], difference_set: set[int]) -> np.ndarray:
    """Points x blocks of the design whose blocks are the right translates of a difference set of a group on 0..15."""
    matrix = np.zeros((16, 16))
    for block in range(16):
        for element in difference_set:
            matrix[product_of(element, block), block] = 1
    return matrix


def _semidihedral(first: int, second: int) -> int:
    """<x, y | x^8, y^2, y x y = x^3>, element x^a y^b at 2a + b."""
    (a, b), (c, d) = divmod(first, 2), divmod(second, 2)
    return (a + c * 3**b) % 8 * 2 + (b + d) % 2


def _cyclic_2_8(first: int, second: int) -> int:
    """Z2 x Z8, element (a, b) at 8a + b."""
    (a, b), (c, d) = divmod(first, 8), divmod(second, 8)
    return (a + c) % 2 * 8 + (b + d) % 8


def _quaternion_2(first: int, second: int) -> int:
    """Q8 x Z2, element i^a j^b z^c at 4a + 2b + c, with j i = i^-1 j and j^2 = i^2."""
    (a, b, c), (d, e, f) = ((element // 4, element // 2 % 2, element % 2) for element in (first, second))
    return (a + d * (-1) ** b + 2 * b * e) % 4 * 4 + (b + e) % 2 * 2 + (c + f) % 2


BIPLANES = {
    6: development(_semidihedral, {0, 1, 2, 5, 6, 8}),
    7: development(_cyclic_2_8, {0, 1, 2, 4, 9, 14}),
    8: development(_quaternion_2, {0, 1, 2, 4, 6, 9}),
}
"""The three 2-(16,6,2) designs by their rank over GF(2), which tells them apart."""


class BiplaneParameters(MiddleParameters):
    """Parameters of `biplanes`."""

    ranks: Annotated[
        list[Annotated[list[int], Field(min_length=2, max_length=2)]],
        Field(min_length=1, description="pairs of designs, each by its rank over GF(2): 6, 7 or 8"),
    ] = [[6, 7], [6, 8], [7, 8]]


def _biplanes(parameters: BiplaneParameters) -> dict[str, Middle]:
    refuse(
        *(
            problem("ranks", place, side, message=f"no 2-(16,6,2) design has GF(2)-rank {rank}; allowed: 6, 7, 8")
            for place, ranks in enumerate(parameters.ranks)
            for side, rank in enumerate(ranks)
            if rank not in BIPLANES
        ),
        *(
            problem("ranks", place, message=f"both sides are the same design, of rank {first}, hence one orbit")
            for place, (first, second) in enumerate(parameters.ranks)
            if first == second
        ),
    )
    refuse_repeats("ranks", parameters.ranks)
    return {f"rank {first} and {second}": _biplane_pair(first, second) for first, second in parameters.ranks}


def _biplane_pair(first: int, second: int) -> Middle:
    return Middle((16, 16), lambda rng: (BIPLANES[first], BIPLANES[second]))


BIPLANE_PAIRS = middle_family(
    "biplanes",
    "the three 2-(16,6,2) designs as the middle matrix: 1-WL-equivalent, equal Gram matrices, not one orbit",
    BiplaneParameters,
    _biplanes,
    "prop-6.2",
)


class CaiFuererImmermanParameters(MiddleParameters):
    """Parameters of `cai-furer-immerman`."""


def cai_fuerer_immerman(*, twisted: bool) -> np.ndarray:
    """Edge vertices x inner vertices of the Cai-Fuerer-Immerman graph over K4, `(12, 16)`.

    Each vertex of K4 becomes four inner vertices, the even subsets of its three edges; each edge becomes two, 'out' and
    'in', and an inner vertex is joined to the 'in' of the edges in its subset and the 'out' of the others. Twisted: one
    vertex has the odd subsets.
    """
    edges = list(combinations(range(4), 2))
    inner = [
        (vertex, subset)
        for vertex in range(4)
        for subset in product((0, 1), repeat=3)
        if sum(subset) % 2 == (twisted and vertex == 0)
    ]
    matrix = np.zeros((2 * len(edges), len(inner)))
    for column, (vertex, subset) in enumerate(inner):
        incident = [number for number, edge in enumerate(edges) if vertex in edge]
        for number, member in zip(incident, subset, strict=True):
            matrix[2 * number + member, column] = 1
    return matrix


def _cai_fuerer_immerman(parameters: CaiFuererImmermanParameters) -> dict[str, Middle]:
    return {"": Middle((16, 12), lambda rng: (cai_fuerer_immerman(twisted=False), cai_fuerer_immerman(twisted=True)))}


CAI_FUERER_IMMERMAN = middle_family(
    "cai-furer-immerman",
    "Cai-Fuerer-Immerman graphs over K4 as the middle matrix: 1-WL-equivalent, not one orbit",
    CaiFuererImmermanParameters,
    _cai_fuerer_immerman,
    "prop-6.2",
)
