"""Permutation-equivariant operators: maps `v -> V` that go along with the neurons' numbering.

Law: `phi(g v) = g phi(v)` for every `g` of the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..parameters import Parameters
from ..space import WeightSpace
from .losses import LossParameters, loss_gradient
from .refusals import unless_mlp
from .target import EQUIVARIANT_OPERATOR, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples
    from ..weights import Weights


class StepParameters(LossParameters):
    """Parameters of steps of gradient descent."""

    rate: Annotated[float, Field(gt=0, allow_inf_nan=False, description="the learning rate")] = 0.5
    steps: Annotated[int, Field(ge=1, le=100, description="steps on the whole data set")] = 1


def _gradient_step(parameters: StepParameters, samples: Samples) -> Weights:
    from ..weights import Weights

    v = samples.weights
    for _ in range(parameters.steps):
        gradient = loss_gradient(v, parameters.log_points)
        v = Weights(v.space, {name: tensor - parameters.rate * gradient.tensors[name] for name, tensor in v.items()})
    return v


GRADIENT_STEP = Target(
    "gradient-step",
    "the weights after steps of gradient descent on a fixed regression",
    EQUIVARIANT_OPERATOR,
    StepParameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 1,
    _gradient_step,
    claim="thm-7.4",
)


def _neuron_statistics(parameters: Parameters, samples: Samples) -> Weights:
    import torch

    v = samples.weights
    incoming = [
        torch.cat([weight.squeeze(-1), bias], dim=2).square().sum(dim=2).sqrt()
        for weight, bias in zip(v.weights, v.biases, strict=True)
    ]
    outgoing = [weight.squeeze(-1).square().sum(dim=1).sqrt() for weight in v.weights]
    outgoing.append(torch.zeros_like(incoming[-1]))
    return on_entries(v.space, incoming, outgoing)


def on_entries(space: WeightSpace, receiving: Sequence[torch.Tensor], sending: Sequence[torch.Tensor]) -> Weights:
    """Numbers of neurons, written onto every entry that has the neuron: two channels.

    Args:
        receiving: per layer from 1 on `[batch, n_l]`; channel 0 of row i of `W_l` and of entry i of `b_l`.
        sending: per layer from 0 on `[batch, n_l]`; channel 1 of column j of `W_{l+1}` and of entry j of `b_l`.
    """
    import torch

    from ..weights import Weights

    tensors = {}
    for layer, row in enumerate(receiving, 1):
        column = sending[layer - 1]
        shape = (*row.shape, column.shape[1])
        tensors[f"W{layer}"] = torch.stack([row.unsqueeze(2).expand(shape), column.unsqueeze(1).expand(shape)], dim=-1)
        tensors[f"b{layer}"] = torch.stack([row, sending[layer]], dim=-1)
    return Weights(space, tensors)


NEURON_STATISTICS = Target(
    "neuron-statistics",
    "norms of each neuron's incoming and outgoing weights, on every entry of the neuron",
    EQUIVARIANT_OPERATOR,
    Parameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 2,
    _neuron_statistics,
    claim="thm-7.4",
)
