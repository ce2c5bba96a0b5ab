"""Networks of any zoo, one's own among them, dealt out at random to disjoint batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ..core.parameters import Parameters, SuiteValueError
from ..core.registry import UnknownName
from ..pairs.demands import refusal
from ..weights.space import WeightSpace
from ..zoo.recipe import Zoo, parse_reference
from .parts import NoParts, Pools, pools
from .regime import Regime, Samples

if TYPE_CHECKING:
    from ..zoo.population import Population

LABEL = "label"


class ZooParameters(Parameters):
    """Parameters of `zoo`."""

    zoo: Annotated[str, Field(description="a zoo, with its group if it has several, or the path of a manifest")]
    label: Annotated[str | None, Field(description="which of a manifest's labels the targets see as `label`")] = None
    split: Annotated[
        str | None,
        Field(description="the label that says which network is of training, validation and test; none: by chance"),
    ] = None
    together: Annotated[
        str | None,
        Field(description="a label whose value is never in two parts, as of the run that checkpoints are of"),
    ] = None

    @model_serializer(mode="wrap")
    def _asked(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What was not asked for is no part of a row: its id and seeds are those from before one could ask."""
        unasked = {name for name in ("split", "together") if getattr(self, name) is None}
        return {key: value for key, value in handler(self).items() if key not in unasked}


def _found(parameters: ZooParameters) -> tuple[Zoo, str]:
    try:
        zoo, group = parse_reference(parameters.zoo)
    except UnknownName as error:
        raise SuiteValueError((("regime", "zoo"), str(error))) from None
    for key in (LABEL, "split", "together"):
        asked = getattr(parameters, key)
        if asked is not None and asked in zoo.told.lacking:
            raise SuiteValueError(
                (("regime", key), f"{parameters.zoo}: {asked} is no label: {zoo.told.lacking[asked]}")
            )
        if asked is not None and asked not in zoo.recipe.get("labels", [asked]):
            known = ", ".join(zoo.recipe["labels"]) or "none"
            raise SuiteValueError((("regime", key), f"{parameters.zoo} has no label {asked!r}; it has {known}"))
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
    try:
        whole = pools_of(parameters, population)
        found = whole.dealt(sizes, rng)
    except NoParts as error:
        raise SuiteValueError((("regime", "split"), f"{parameters.zoo}: {error}")) from None
    if found is None:
        many = whole.sizes() if whole.given else (len(np.unique(whole.classes)),)
        held = f"parts of {', '.join(map(str, many))}" if whole.given else f"{many[0]} different networks of {count}"
        raise SuiteValueError(
            (("sizes",), f"{parameters.zoo} has {held}, too few for {sum(sizes)} in parts that share none")
        )
    dealt = [torch.tensor(part, dtype=torch.int64) for part in found]
    name = parameters.label or LABEL
    known = {LABEL: population.metadata[name]} if name in population.metadata else {}
    return tuple(
        Samples(population.weights[indices].to(torch.float64), {key: one[indices] for key, one in known.items()})
        for indices in dealt
    )


def pools_of(parameters: ZooParameters, population: Population) -> Pools:
    """The networks of a population as they may be dealt.

    Raises:
        NoParts: a split without a training or a test part.
    """
    zoo, _ = _found(parameters)
    known = population.metadata
    words = None
    if parameters.split is not None:
        if parameters.split not in zoo.told.words:
            raise NoParts(f"{parameters.split} holds no words, by which parts are called")
        listed = zoo.told.words[parameters.split]
        words = [listed[int(place)] for place in known[parameters.split].tolist()]
    if parameters.together is not None and parameters.together not in known:
        raise NoParts(f"nothing is known by the name {parameters.together}; there is {', '.join(known) or 'nothing'}")
    together = None if parameters.together is None else known[parameters.together].double().tolist()
    return pools(population.weights, words, together)


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
