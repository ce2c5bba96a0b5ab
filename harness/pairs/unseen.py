"""Pairs of two functions that differ in nothing but what some published networks are blind to (`oracles/unseen/blindness.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..oracles.unseen.blindness import inner, relations_of
from ..weights.pair import Pair
from ..weights.space import WeightSpace
from .demands import Counted, demand_mlp, demand_space, label_of, numbered, problem, refusal, refuse
from .family import PairFamily
from .vectors import entries, random_vector

Drawn = dict[str, np.ndarray]
KEYS, VALUES = (("WQ", 0), ("WK", 0), ("bQ", 0), ("bK", 0)), (("WV", 0), ("bV", 0), ("WO", 1))
"""Tensors that one index of one head goes through, and the place of the head in each; the index stands behind it."""


class BlindnessParameters(Counted):
    """Parameters of `blindness`: which relations, all of the space where none is named."""

    only: list[str] = []


def _cases(parameters: BlindnessParameters, space: WeightSpace | None) -> tuple[str, ...]:
    space = demand_space("blindness", space)
    # One place has no other order.
    known = [name for name in relations_of(space) if name != "inner-embedding" or space.size["model"] > 1]
    if space.is_mlp:
        demand_mlp("blindness", space, width=2)
        if not known:
            raise refusal(f"blindness needs an inner matrix, the check's space is {space}")
    elif not known or space.size["head"] < 2:
        raise refusal(f"blindness needs an MLP, or a transformer block of two heads; the check's space is {space}")
    refuse(
        *(
            problem("only", place, message=f"{name} is no relation; allowed: {', '.join(known)}")
            for place, name in enumerate(parameters.only)
            if name not in known or name in parameters.only[:place]
        )
    )
    return numbered(parameters.count, parameters.only or known)


def _make(parameters: BlindnessParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    space = demand_space("blindness", space)
    v = random_vector(space, rng)
    if space.is_mlp:
        for name in inner(space):  # an entry of zero has neither size nor sign
            v[name][v[name] == 0] = 0.5
    w = {name: value.copy() for name, value in v.items()}
    while all(np.array_equal(v[name], w[name]) for name in v):
        w = _MOVES[label_of(case)](space, v, rng)
    return Pair(space, v, w)


def _magnitudes(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    return {
        name: value * rng.choice([0.5, 1.0, 2.0], value.shape) if name in inner(space) else value.copy()
        for name, value in v.items()
    }


def _signs(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    return {
        name: value * rng.choice([-1.0, 1.0], value.shape) if name in inner(space) else value.copy()
        for name, value in v.items()
    }


def _incidence(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    last = len(space.widths) - 1
    rows, columns = rng.permutation(space.widths[1]), rng.permutation(space.widths[last - 1])
    w = {name: rng.permutation(v[name].ravel()).reshape(v[name].shape) for name in inner(space)}
    w |= {"W1": v["W1"][rows], "b1": v["b1"][rows], f"b{last}": v[f"b{last}"].copy()}
    return w | {f"W{last}": v[f"W{last}"][:, columns], f"b{last - 1}": v[f"b{last - 1}"][columns]}


def _pairing(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    """Heads of queries and keys in another order, those of values in theirs."""
    order = rng.permutation(space.size["head"])
    moved = {name: v[name].take(order, place) for name, place in KEYS}
    return {name: value.copy() for name, value in v.items()} | moved


def _exchange(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    """One key index or one value index exchanged between two heads."""
    axis, tensors = (("key", KEYS), ("value", VALUES))[int(rng.integers(2))]
    one, two = (int(head) for head in rng.choice(space.size["head"], 2, replace=False))
    here, there = (int(index) for index in rng.integers(space.size[axis], size=2))
    w = {name: value.copy() for name, value in v.items()}
    for name, place in tensors:
        before, after = (np.moveaxis(u[name], (place, place + 1), (0, 1)) for u in (v, w))
        after[one, here], after[two, there] = before[two, there], before[one, here]
    return w


def _biases(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    """Other biases of queries, so that the function is another one, and of keys, values and what they are written with."""
    drawn = {name: entries(v[name].shape, rng) for name in ("bQ", "bK", "bV", "bO")}
    return {name: value.copy() for name, value in v.items()} | drawn


def _places(space: WeightSpace, v: Drawn, rng: np.random.Generator) -> Drawn:
    """What attention writes to each place of the stream, and what reads it there, in another order of places."""
    order = rng.permutation(space.size["model"])
    moved = {"WO": v["WO"][order], "bO": v["bO"][order], "W1": v["W1"][:, order]}
    return {name: value.copy() for name, value in v.items()} | moved


_MOVES: Mapping[str, Callable[[WeightSpace, Drawn, np.random.Generator], Drawn]] = {
    "inner-magnitudes": _magnitudes,
    "inner-signs": _signs,
    "incidence": _incidence,
    "head-pairing": _pairing,
    "sums-over-heads": _exchange,
    "attention-biases": _biases,
    "inner-embedding": _places,
}

BLINDNESS_PAIRS = PairFamily(
    "blindness",
    "sizes or signs of inner weights, which neuron, head or place of the stream an entry belongs to, biases of heads: what some networks cannot see",
    BlindnessParameters,
    _cases,
    _make,
)
