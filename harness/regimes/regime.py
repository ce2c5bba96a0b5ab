"""Regimes: where samples for an approximation check come from. A registry, and what a regime hands over.

A regime says which part of the weight space is sampled (general position, ties of a chosen kind, twins, trained networks).
It never says what is possible there: that follows from the samples themselves, by the oracles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.parameters import Parameters
from ..core.registry import Registry, demand_signature
from ..weights.space import WeightSpace

if TYPE_CHECKING:
    import numpy as np
    import torch

    from ..weights.batch import Weights

Draw = TypeVar("Draw", bound=Callable[..., Any])


@dataclass(frozen=True)
class Samples:
    """Weight vectors and what is known of each.

    Args:
        weights: float64, one channel; every entry is exact in float32.
        metadata: name -> tensor of length `batch` ("label": digit class of an implicit image, ...).
    """

    weights: Weights
    metadata: Mapping[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Regime:
    """A regime.

    Args:
        name: as suites name it.
        title: one line for `orbitcheck list regimes`.
        parameters: the model of what a suite may say under `regime` beside `name`.
        space: `(parameters, space named by the check or None) -> the samples' space`; raises `SuiteValueError` for a space
            that is missing, not wanted, or impossible with these parameters. No torch.
        draw: `(parameters, space, sizes, rng) -> one batch of samples per size`; batches are independent, and disjoint where
            the population is finite. Twins stay in one batch. Every random number comes from `rng`.
        limit: `(parameters) -> how many samples there are at most`, or None for no limit. No torch.
        metadata: names that the samples carry.
        needs: `(parameters) -> the zoos that `draw` reads`, as `zoo` or `zoo/group`. No torch.
        classes: `(parameters) -> those of the metadata that name a class by its number`; all others are amounts. No torch.
    """

    name: str
    title: str
    parameters: type[Parameters]
    space: Callable[[Any, WeightSpace | None], WeightSpace]
    draw: Callable[[Any, WeightSpace, Sequence[int], np.random.Generator], tuple[Samples, ...]]
    limit: Callable[[Any], int | None] = lambda parameters: None
    metadata: tuple[str, ...] = ()
    needs: Callable[[Any], Iterable[str]] = lambda parameters: ()
    classes: Callable[[Any], tuple[str, ...]] = lambda parameters: ()


REGIMES: Registry[Regime] = Registry("regime")


def regime(
    name: str,
    title: str,
    *,
    space: Callable[[Any, WeightSpace | None], WeightSpace],
    parameters: type[Parameters] = Parameters,
    **settings: Any,
) -> Callable[[Draw], Draw]:
    """Register the decorated `draw(parameters, space, sizes, rng)` as a regime; `settings` are the rest of `Regime`.

    Raises:
        DuplicateName: a regime of that name is there.
        WrongSignature: a function does not take what it will be given.
    """

    def register(draw: Draw) -> Draw:
        made = Regime(name, title, parameters, space, draw, **settings)
        demand_signature(f'regime "{name}"', space, "parameters, space")
        demand_signature(f'regime "{name}"', made.limit, "parameters")
        demand_signature(f'regime "{name}"', draw, "parameters, space, sizes, rng")
        REGIMES.add(name, made)
        return draw

    return register
