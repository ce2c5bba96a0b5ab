"""A vector and its copy moved along each factor of the function's group, on any space; and factors of one update that no element joins.

Law: `w = g v` for a random exact element g of the group that the case names, so `f_v = f_w`; a network that declares this group, or a larger
one, must not tell the two apart. One case for each group by name that the space carries and whose elements are exact.

Where an update `Delta = B A` has a lower rank than its factors, their orbit is not closed, and one update has many: `(B, 0)` for any B. No continuous
invariant parts them.
"""

from __future__ import annotations

import numpy as np

from ..weights.groups import GROUPS, NotCarried, group
from ..weights.pair import Pair
from ..weights.space import WeightSpace
from ..weights.symmetry import act, random_elements
from .demands import Counted, demand_space, label_of, numbered, refusal
from .family import PairFamily
from .vectors import entries, random_vector

REACH = 2


class FactorParameters(Counted):
    """Parameters of `factors`: so many pairs for each group."""


def carried_by(space: WeightSpace) -> tuple[str, ...]:
    """The groups by name, larger than permutations, of which every element is exact; of two that are one the first."""
    found: dict[str, str] = {}
    for name in GROUPS:
        try:
            of = group(space, name)
        except NotCarried:
            continue
        if name not in ("permutation", "full") and not any(factor.kind.turns for factor in of.factors):
            found.setdefault(str(of), name)
    return tuple(found.values())


def _cases(parameters: FactorParameters, space: WeightSpace | None) -> tuple[str, ...]:
    names = carried_by(demand_space("factors", space))
    if not names:
        raise refusal("factors needs a space whose functions have more than permutations")
    return tuple(f"{name}, {number}" for name in names for number in range(parameters.count))


def _make(parameters: FactorParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    from ..weights.batch import Weights

    own, name = demand_space("factors", space), case.rpartition(",")[0]
    v = random_vector(own, rng)
    g = random_elements(group(own, name), 1, rng, reach=REACH)[0]
    moved = act(g, Weights.from_arrays(own, [v])).arrays(0)
    return Pair(own, v, moved, function_equal=f"moved along {name}" if own.is_mlp else None, symmetry=name)


FACTORS = PairFamily(
    "factors",
    "copies moved along each factor of the function's group: scales, signs, linear and orthogonal maps, shifts",
    FactorParameters,
    _cases,
    _make,
)


class UpdateParameters(Counted):
    """Parameters of `same-update`."""


RANK_LOST = ("none read", "none written", "one column")
"""A is zero and B is any; B is zero and A is any; one row of A is zero, and its column of B is any."""


def _update_cases(parameters: UpdateParameters, space: WeightSpace | None) -> tuple[str, ...]:
    network = demand_space("same-update", space).network
    if network is None or network.name != "lora":
        raise refusal(f"same-update needs factor pairs, as of LoRA; the check's space is {space}")
    return numbered(parameters.count, RANK_LOST)


def _update(parameters: UpdateParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    own = demand_space("same-update", space)
    v, lost = random_vector(own, rng), label_of(case)
    layer = int(rng.integers(1, len(own.tensors) // 2 + 1))
    A, B = f"A{layer}", f"B{layer}"
    one = int(rng.integers(v[A].shape[0])) if lost == "one column" else slice(None)
    zeroed, free = (
        ((B, (slice(None), one)), (A, (one,))) if lost == "none written" else ((A, (one,)), (B, (slice(None), one)))
    )
    v[zeroed[0]][zeroed[1]] = 0
    w = {name: value.copy() for name, value in v.items()}
    while np.array_equal(v[free[0]], w[free[0]]):
        w[free[0]][free[1]] = entries(w[free[0]][free[1]].shape, rng)
    return Pair(own, v, w)


SAME_UPDATE = PairFamily(
    "same-update",
    "factors of one update of a lower rank than theirs, in different orbits (same function)",
    UpdateParameters,
    _update_cases,
    _update,
)
