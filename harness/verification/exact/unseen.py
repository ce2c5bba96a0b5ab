"""What a declared blindness does not see, by its definition (`oracles/unseen` has the table): entry by entry, in bags.

Shares nothing with the oracle but the names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ...weights.pair import Vector
from ...weights.space import WeightSpace


def unseen(declared: Iterable[str], space: WeightSpace, v: Vector, w: Vector) -> str:
    """The first declared relation that holds of the two vectors of an MLP with three layers of weights or more, or nothing."""
    if not space.is_mlp or len(space.widths) < 4:
        return ""
    return next((name for name in declared if _holds(name, len(space.widths) - 1, v, w)), "")


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
