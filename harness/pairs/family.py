"""Families of constructed weight pairs: a registry, and what a family hands over.

A family works in numpy and draws from a generator that depends on the family, its parameters and the case alone, so that
every architecture is shown the same pairs. Its word on how the two vectors are related is never trusted: the relation is
certified by the oracles (`oracles/relation.py`); what a family knows by construction is passed on as a hint to be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..core.parameters import Parameters
from ..core.registry import Registry, demand_signature
from ..weights.pair import Pair
from ..weights.space import WeightSpace

Cases = Callable[[Any, WeightSpace | None], tuple[str, ...]]
Make = TypeVar("Make", bound=Callable[..., Pair])


@dataclass(frozen=True)
class PairFamily:
    """A family of pairs.

    Args:
        name: as suites name it.
        title: one line for `orbitcheck list pairs`.
        parameters: the model of what a suite may say under `pairs` beside `family`.
        cases: `(parameters, space) -> case names`; raises `SuiteValueError` for parameters that no pair can have.
            `space` is the check's space, or None when the suite names none.
        make: `(parameters, space, case, rng) -> Pair`.
        claim: id in the claims ledger that the family serves by default, or None.
        needs: `(parameters) -> the zoos that `make` reads`, as `zoo` or `zoo/group`. No torch.
    """

    name: str
    title: str
    parameters: type[Parameters]
    cases: Cases
    make: Callable[[Any, WeightSpace | None, str, np.random.Generator], Pair]
    claim: str | None = None
    needs: Callable[[Any], Iterable[str]] = lambda parameters: ()


PAIR_FAMILIES: Registry[PairFamily] = Registry("pair family")


def pair_family(
    name: str,
    title: str,
    *,
    cases: Cases,
    parameters: type[Parameters] = Parameters,
    **settings: Any,
) -> Callable[[Make], Make]:
    """Register the decorated `make(parameters, space, case, rng) -> Pair` as a family; `settings` are the rest of `PairFamily`.

    Raises:
        DuplicateName: a family of that name is there.
        WrongSignature: a function does not take what it will be given.
    """

    def register(make: Make) -> Make:
        demand_signature(f'pair family "{name}"', cases, "parameters, space")
        demand_signature(f'pair family "{name}"', make, "parameters, space, case, rng")
        PAIR_FAMILIES.add(name, PairFamily(name, title, parameters, cases, make, **settings))
        return make

    return register
