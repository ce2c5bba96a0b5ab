"""Networks of any zoo, one's own among them, dealt out at random to disjoint batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters, SuiteValueError
from ..core.registry import UnknownName
from ..oracles.levels.splits import deal, whole_classes
from ..pairs.demands import refusal
from ..weights.space import WeightSpace
from ..zoo.recipe import Zoo, parse_reference
from .regime import Regime, Samples

LABEL = "label"


class ZooParameters(Parameters):
    """Parameters of `zoo`."""

    zoo: Annotated[str, Field(description="a zoo, with its group if it has several, or the path of a manifest")]
    label: Annotated[str | None, Field(description="which of a manifest's labels the targets see as `label`")] = None


def _found(parameters: ZooParameters) -> tuple[Zoo, str]:
    try:
        zoo, group = parse_reference(parameters.zoo)
    except UnknownName as error:
        raise SuiteValueError((("regime", "zoo"), str(error))) from None
    if parameters.label is not None and parameters.label in zoo.told.lacking:
        raise SuiteValueError(
            (
                ("regime", "label"),
                f"{parameters.zoo}: {parameters.label} is no label: {zoo.told.lacking[parameters.label]}",
            )
        )
    if parameters.label is not None and parameters.label not in zoo.recipe.get("labels", [parameters.label]):
        known = ", ".join(zoo.recipe["labels"]) or "none"
        raise SuiteValueError(
            (("regime", "label"), f"{parameters.zoo} has no label {parameters.label!r}; it has {known}")
        )
    return zoo, group


def _space(parameters: ZooParameters, given: WeightSpace | None) -> WeightSpace:
    zoo, group = _found(parameters)
    if given is not None and given != zoo.spaces[group]:
        raise refusal(f"{parameters.zoo} lives in its own space, the check's space is {given}; leave `space` out")
    return zoo.spaces[group]


def _limit(parameters: ZooParameters) -> int | None:
    zoo, group = _found(parameters)
    return zoo.recipe.get("counts", {}).get(group)


def _draw(
    parameters: ZooParameters, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Samples, ...]:
    import torch

    from ..zoo.population import load  # reads or trains the zoo where it is not kept yet

    population = load(*_found(parameters))
    count = population.weights.batch
    if sum(sizes) > count:
        raise SuiteValueError((("sizes",), f"{parameters.zoo} has {count} networks, {sum(sizes)} are asked for"))
    whole = whole_classes(space, {key: tensor[..., 0].double().numpy() for key, tensor in population.weights.items()})
    found = deal(whole, rng.permutation(count).tolist(), sizes)
    if found is None:
        different = f"{len(np.unique(whole))} different networks of {count}"
        raise SuiteValueError(
            (("sizes",), f"{parameters.zoo} has {different}, too few for {sum(sizes)} in parts that share none")
        )
    dealt = [torch.tensor(part, dtype=torch.int64) for part in found]
    name = parameters.label or LABEL
    known = {LABEL: population.metadata[name]} if name in population.metadata else {}
    return tuple(
        Samples(population.weights[indices].to(torch.float64), {key: one[indices] for key, one in known.items()})
        for indices in dealt
    )


ZOO = Regime(
    "zoo",
    "networks of any zoo, your own among them, batches without a common network",
    ZooParameters,
    _space,
    _draw,
    _limit,
    (LABEL,),
    lambda parameters: [parameters.zoo],
    lambda parameters: (LABEL,) if (parameters.label or LABEL) in _found(parameters)[0].classes else (),
)
