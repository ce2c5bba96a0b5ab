"""What a declared blindness does not see, by its definition (`oracles/unseen` has the tables): entry by entry, in bags.

Shares nothing with the oracle but the names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ...core.blindness import BLIND_ON_BLOCKS, BLIND_ON_MLPS
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ...weights.spaces import constructor

_LOOSE = {"attention-biases": "bQ bK bV bO", "inner-embedding": "WO bO W1"}


def unseen(declared: Iterable[str], space: WeightSpace, v: Vector, w: Vector) -> str:
    """The first declared relation that holds of two vectors of an MLP with three layers of weights or more, or of one transformer block; or
    nothing."""
    if space.is_mlp:
        layers = len(space.widths) - 1
        names = BLIND_ON_MLPS if layers > 2 else ()
        return next((name for name in declared if name in names and _holds(name, layers, v, w)), "")
    names = [name for name in declared if name in BLIND_ON_BLOCKS]
    if not names or constructor(space) != "transformer_block":
        return ""
    return next((name for name in names if _of_heads(name, v, w)), "")


def _holds(name: str, layers: int, v: Vector, w: Vector) -> bool:
    inner = {f"W{i}" for i in range(2, layers)} | {f"b{i}" for i in range(2, layers - 1)}
    if name == "incidence":
        return (
            _first(v) == _first(w)
            and _last(v, layers) == _last(w, layers)
            and v[f"b{layers}"].tolist() == w[f"b{layers}"].tolist()
            and all(Counter(v[each].ravel().tolist()) == Counter(w[each].ravel().tolist()) for each in inner)
        )
    loose = inner | {f"b{layers - 1}"} if name == "inner-magnitudes" else inner
    kept = _sign if name == "inner-magnitudes" else abs
    for each, entries in v.items():
        for x, y in zip(entries.ravel().tolist(), w[each].ravel().tolist(), strict=True):
            if (kept(x) != kept(y)) if each in loose else x != y:
                return False
    return True


def _sign(x: float) -> int:
    return (x > 0) - (x < 0)


def _first(u: Vector) -> Counter[Any]:
    """The bag of rows `[W_1, b_1]`, one for each neuron of the first hidden layer."""
    return Counter((*row, bias) for row, bias in zip(map(tuple, u["W1"].tolist()), u["b1"].tolist(), strict=True))


def _last(u: Vector, layers: int) -> Counter[Any]:
    """The bag of columns `[b_{L-1}; W_L]`, one for each neuron of the last hidden layer."""
    columns = map(tuple, u[f"W{layers}"].T.tolist())
    return Counter((bias, *column) for bias, column in zip(u[f"b{layers - 1}"].tolist(), columns, strict=True))


def _of_heads(name: str, v: Vector, w: Vector) -> bool:
    loose = _LOOSE.get(name, "WQ WK WV WO bQ bK bV")
    if any(v[each].tolist() != w[each].tolist() for each in v if each not in loose.split()):
        return False
    if name == "attention-biases":
        return True
    if name == "inner-embedding":
        return _places(v) == _places(w)
    for of in (_keys, _values):
        before, after = of(v), of(w)
        if name == "head-pairing":
            if Counter(map(tuple, before)) != Counter(map(tuple, after)):
                return False
            continue
        moved = {
            (h, k): (one, two)
            for h, both in enumerate(zip(before, after, strict=True))
            for k, (one, two) in enumerate(zip(*both, strict=True))
            if one != two
        }
        if not moved:
            continue
        if len(moved) != 2:
            return False
        ((head, _), there), ((other, _), back) = moved.items()
        if head == other or there != back[::-1]:
            return False
    return True


def _places(u: Vector) -> Counter[Any]:
    """The bag of places of the stream, each with its row of W_O, its bias, and its column of W_1."""
    written, read = u["WO"].tolist(), u["W1"].T.tolist()
    return Counter(
        (*(entry for head in rows for entry in head), bias, *column)
        for rows, bias, column in zip(written, u["bO"].tolist(), read, strict=True)
    )


def _keys(u: Vector) -> list[list[tuple[float, ...]]]:
    """By head and key: row of W_Q, of W_K, and the two biases."""
    heads, sizes = u["bQ"].shape
    return [
        [
            (*u["WQ"][h, k].tolist(), *u["WK"][h, k].tolist(), float(u["bQ"][h, k]), float(u["bK"][h, k]))
            for k in range(sizes)
        ]
        for h in range(heads)
    ]


def _values(u: Vector) -> list[list[tuple[float, ...]]]:
    """By head and value: row of W_V, its bias, and column of W_O."""
    heads, sizes = u["bV"].shape
    return [
        [(*u["WV"][h, m].tolist(), float(u["bV"][h, m]), *u["WO"][:, h, m].tolist()) for m in range(sizes)]
        for h in range(heads)
    ]
