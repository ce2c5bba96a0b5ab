"""A label of networks, as a table, a name or a trainer says it: to be predicted, with nothing promised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..core.parameters import Parameters, SuiteValueError
from ..weights.space import WeightSpace
from .target import LABEL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples


class LabelParameters(Parameters):
    """Parameters of `label`."""

    classes: Annotated[
        int | None,
        Field(ge=2, le=10_000, description="the label names so many classes, by numbers from 0; none: an amount"),
    ] = None


def _size(parameters: LabelParameters, space: WeightSpace) -> int:
    return parameters.classes or 1


def _value(parameters: LabelParameters, samples: Samples) -> torch.Tensor:
    """An amount as it is; a class one-hot, so that the least squared error is the posterior's."""
    import torch

    known = samples.metadata["label"]
    if parameters.classes is None:
        return known.double().reshape(len(known), -1)
    whole = known.round().long()
    if not bool(((whole == known) & (whole >= 0) & (whole < parameters.classes)).all()):
        raise SuiteValueError(
            (("target", "classes"), f"the label has values that are none of 0 to {parameters.classes - 1}")
        )
    return torch.nn.functional.one_hot(whole, parameters.classes).double()


TABLE_LABEL = Target(
    "label",
    "what is known of each network: a number, or the class that it names, one-hot",
    LABEL,
    LabelParameters,
    lambda parameters, space: None,
    _size,
    _value,
    needs=("label",),
)
