"""Real zoos: trained networks, dealt out at random to disjoint batches, whole orbits and functions at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters, SuiteValueError
from ..oracles.levels.splits import deal, whole_classes
from ..pairs.demands import refusal
from ..weights.space import WeightSpace
from ..zoo.recipe import ZOOS
from .regime import Regime, Samples

INRS, CLASSIFIERS, REGRESSORS = "digits-inr", "digits-classifiers", "diabetes-regressors"


class ClassifiersParameters(Parameters):
    """Parameters of `digits-classifiers`."""

    group: Annotated[
        Literal["64-16-10", "64-32-10", "64-16-16-10", "16-16-10"], Field(description="the widths of the networks")
    ] = "64-16-10"


class RegressorsParameters(Parameters):
    """Parameters of `diabetes-regressors`."""

    group: Annotated[Literal["10-12-1", "10-8-8-1"], Field(description="the widths of the networks")] = "10-12-1"


def zoo_regime(
    name: str,
    title: str,
    parameters: type[Parameters],
    group: Callable[[Any], str],
    count: int,
    metadata: tuple[str, ...],
) -> Regime:
    """The regime of one zoo's networks, dealt out at random.

    Args:
        name: of the zoo, and of the regime.
        group: `parameters -> group of the zoo`.
        count: how many networks a group has.
        metadata: of the networks, as the trainer names it.
    """

    def space(chosen: Any, given: WeightSpace | None) -> WeightSpace:
        own = ZOOS[name].spaces[group(chosen)]
        if given is not None and given != own:
            raise refusal(f"{name} lives in its zoo's space {own}, the check's space is {given}; leave `space` out")
        return own

    def draw(chosen: Any, space: WeightSpace, sizes: Sequence[int], rng: np.random.Generator) -> tuple[Samples, ...]:
        import torch

        from ..zoo.population import load  # trains the zoo where it is not kept yet

        if sum(sizes) > count:
            raise SuiteValueError((("sizes",), f"{name} has {count} networks, {sum(sizes)} are asked for"))
        population = load(name, group(chosen))
        order = rng.permutation(count).tolist()
        whole = whole_classes(
            space, {key: tensor[..., 0].double().numpy() for key, tensor in population.weights.items()}
        )
        found = deal(whole, order, sizes)
        if found is None:
            raise SuiteValueError(
                (
                    ("sizes",),
                    f"{name} has {len(np.unique(whole))} different networks of {count}, too few for {sum(sizes)} in parts that share none",
                )
            )
        dealt = [torch.tensor(part, dtype=torch.int64) for part in found]
        return tuple(
            Samples(
                population.weights[indices].to(torch.float64),
                {key: population.metadata[key][indices] for key in metadata},
            )
            for indices in dealt
        )

    return Regime(
        name,
        title,
        parameters,
        space,
        draw,
        lambda _: count,
        metadata,
        lambda chosen: [f"{name}/{group(chosen)}"],
        lambda _: ZOOS[name].classes,
    )


DIGITS_INR = zoo_regime(
    INRS,
    "SIRENs fitted to scikit-learn's digits, batches without a common image",
    Parameters,
    lambda parameters: ZOOS[INRS].group(None),
    ZOOS[INRS].recipe["images"],
    ("image", "label", "mse", "general_position"),
)
DIGITS_CLASSIFIERS = zoo_regime(
    CLASSIFIERS,
    "ReLU classifiers of scikit-learn's digits",
    ClassifiersParameters,
    lambda parameters: parameters.group,
    ZOOS[CLASSIFIERS].recipe["nets"],
    ("test_accuracy", "train_accuracy", "learning_rate", "epochs", "label_noise", "general_position"),
)
DIABETES_REGRESSORS = zoo_regime(
    REGRESSORS,
    "tanh networks that predict scikit-learn's diabetes",
    RegressorsParameters,
    lambda parameters: parameters.group,
    ZOOS[REGRESSORS].recipe["nets"],
    ("test_r2", "train_r2", "learning_rate", "epochs", "noise", "decay", "general_position"),
)
