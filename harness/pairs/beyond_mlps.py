"""Hard pairs on spaces beyond MLPs: all constant but for one or two tensors, which refinement cannot tell, or tells in one kind alone.

| case | space | tensors | joint | split |
|---|---|---|---|---|
| `conv` | two hidden layers of 4 channels | `C2`: 8-cycle / two 4-cycles | never | never |
| `conv-places` | the same, three places a kernel | `C2`: the identity in one place, a directed 4-cycle / two swaps in another | never | never |
| `conv-place-alone` | the same | `C2`: the identity in one place, a directed 4-cycle / the identity in another | round 1 | round 1 |
| `residual` | one block of 4 on a stream of 4 | `B1`: the same, `A1` all ones | never | never |
| `glued-directed` | the same | `A1` the identity, `B1` a directed 4-cycle / two swaps | never | never |
| `glued` | one block of 6 on a stream of 6 | `A1` the identity, `B1` hexagon / two triangles | never | never |
| `directed` | recurrent, 4 units | `R1`: directed 4-cycle / two swaps | round 1 | never |
| `directed-triangles` | recurrent, 6 units | `R1`: directed hexagon / two directed triangles | never | never |
| `hexagon` | recurrent, 6 units | `R1`: hexagon / two triangles | never | never |
| `rook` | recurrent, 16 units | `R1`: rook's graph 4x4 / Shrikhande graph | never | never |
| `attention` | 4 heads of 4 keys | `WQ`: 8-cycle / two 4-cycles between heads and keys | never | never |
| `attention-both` | the same | `WQ` and `WK`: the same | never | never |
| `attention-glued` | the same | `WQ` the identity, `WK`: directed 4-cycle / two swaps | never | never |
| `parity` | `T[a, b, c]`, 2 of each | 1 where a + b + c is even / where a = b: alike to colours of single indices | round 1 | not defined |
| `latin` | `T[a, b, c]`, 4 of each | 1 where `L[a, b] = c` for the Latin squares Z4 / Z2 x Z2 | never | not defined |

All are two orbits (of the space's permutations: where keys are permuted within each head apart `attention` is one). Refinement is that of `oracles/tuples/colouring.py`; the pairs are ours. `directed` is the smallest that only one of
the two kinds is blind to.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..core.parameters import Parameters
from ..weights.pair import Pair
from ..weights.space import WeightSpace
from ..weights.spaces import conv_net, recurrent, residual_mlp, transformer_block
from .cycles import cycle, disjoint_union
from .demands import problem, refuse
from .family import PairFamily

Sides = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]


class BeyondParameters(Parameters):
    """Parameters of `beyond-mlps`: which cases, all where none is named."""

    only: list[str] = []


def directed(*lengths: int) -> np.ndarray:
    """The disjoint union of directed cycles."""
    return disjoint_union(*(np.roll(np.eye(length), 1, axis=1) for length in lengths))


def undirected(*lengths: int) -> np.ndarray:
    """The disjoint union of cycles."""
    return directed(*lengths) + directed(*lengths).T


def rook() -> np.ndarray:
    """Adjacency of the rook's graph on 4 x 4 squares."""
    row, column = np.divmod(np.arange(16), 4)
    joined = (row[:, None] == row) ^ (column[:, None] == column)
    return joined.astype(float)


def shrikhande() -> np.ndarray:
    """Adjacency of the Shrikhande graph: Z4 x Z4, joined by +-(0, 1), +-(1, 0), +-(1, 1)."""
    row, column = np.divmod(np.arange(16), 4)
    steps = {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
    by = zip(
        ((row - row[:, None]) % 4).ravel().tolist(), ((column - column[:, None]) % 4).ravel().tolist(), strict=True
    )
    return np.array([step in steps for step in by], dtype=float).reshape(16, 16)


def latin(square: np.ndarray) -> np.ndarray:
    """`T[a, b, c]`, 1 where `square[a, b] = c`."""
    return (square[..., None] == np.arange(len(square))).astype(float)


def _glued(first: np.ndarray, second: np.ndarray) -> Sides:
    same = np.eye(len(first))
    return {"A1": same, "B1": first}, {"A1": same, "B1": second}


def _places(first: np.ndarray, second: np.ndarray) -> Sides:
    """Of kernels of three by three: ones but for two places, in which one side has the identity and a matrix."""

    def kernels(matrix: np.ndarray) -> np.ndarray:
        found = np.ones((4, 4, 3, 3))
        found[..., 1, 1], found[..., 0, 0] = np.eye(4), matrix
        return found

    return {"C2": kernels(first)}, {"C2": kernels(second)}


def _heads(names: str, first: np.ndarray, second: np.ndarray, fixed: str = "") -> Sides:
    """`[head, key, 1]` of the tensors that are named, the identity in those that are `fixed`."""
    same = {f"W{letter}": np.eye(len(first))[..., None] for letter in fixed}
    v, w = (same | {f"W{letter}": side[..., None] for letter in names} for side in (first, second))
    return v, w


def _of(name: str, first: np.ndarray, second: np.ndarray) -> Sides:
    return {name: first}, {name: second}


_BOTH = cycle(4), disjoint_union(cycle(2), cycle(2))
_BLOCK = transformer_block(1, 4, 4, 1, 1)
_THREE = WeightSpace((("T", ("a", "b", "c")),), (("a", 4), ("b", 4), ("c", 4)), ("a", "b", "c"))
CASES: dict[str, tuple[WeightSpace, Callable[[], Sides]]] = {
    "conv": (conv_net(1, 4, 4, 1, kernel=1), lambda: _of("C2", *(side[..., None, None] for side in _BOTH))),
    "conv-places": (conv_net(1, 4, 4, 1), lambda: _places(directed(4), directed(2, 2))),
    "conv-place-alone": (conv_net(1, 4, 4, 1), lambda: _places(directed(4), np.eye(4))),
    "residual": (residual_mlp(1, 4, (4,), 1), lambda: _of("B1", *_BOTH)),
    "glued-directed": (residual_mlp(1, 4, (4,), 1), lambda: _glued(directed(4), directed(2, 2))),
    "glued": (residual_mlp(1, 6, (6,), 1), lambda: _glued(undirected(6), undirected(3, 3))),
    "directed": (recurrent(1, 4, 1), lambda: _of("R1", directed(4), directed(2, 2))),
    "directed-triangles": (recurrent(1, 6, 1), lambda: _of("R1", directed(6), directed(3, 3))),
    "hexagon": (recurrent(1, 6, 1), lambda: _of("R1", undirected(6), undirected(3, 3))),
    "rook": (recurrent(1, 16, 1), lambda: _of("R1", rook(), shrikhande())),
    "attention": (_BLOCK, lambda: _heads("Q", *_BOTH)),
    "attention-both": (_BLOCK, lambda: _heads("QK", *_BOTH)),
    "attention-glued": (_BLOCK, lambda: _heads("K", directed(4), directed(2, 2), fixed="Q")),
    "parity": (
        WeightSpace(_THREE.tensors, (("a", 2), ("b", 2), ("c", 2)), ("a", "b", "c")),
        lambda: _of("T", (np.indices((2, 2, 2)).sum(0) + 1) % 2.0, np.repeat(np.eye(2)[..., None], 2, axis=2)),
    ),
    "latin": (
        _THREE,
        lambda: _of(
            "T",
            latin(np.add.outer(np.arange(4), np.arange(4)) % 4),
            latin(np.bitwise_xor.outer(np.arange(4), np.arange(4))),
        ),
    ),
}
"""Case -> its space, and the tensors of v and w that are not all ones."""


def _cases(parameters: BeyondParameters, space: WeightSpace | None) -> tuple[str, ...]:
    """All cases, or those that are named."""
    refuse(
        *(
            problem("only", place, message=f"{name} is no case; allowed: {', '.join(CASES)}")
            for place, name in enumerate(parameters.only)
            if name not in CASES or name in parameters.only[:place]
        )
    )
    return tuple(parameters.only) or tuple(CASES)


def _make(parameters: BeyondParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    """The pair of one case; the check's space is not asked."""
    own, sides = CASES[case]
    v, w = ({name: given.get(name, np.ones(shape)) for name, shape in own.shapes.items()} for given in sides())
    return Pair(own, v, w)


BEYOND_MLPS = PairFamily(
    "beyond-mlps",
    "hard pairs on convolutions, residual streams, recurrences and attention and three-axis tensors",
    BeyondParameters,
    _cases,
    _make,
)
