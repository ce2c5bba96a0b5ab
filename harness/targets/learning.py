"""Equivariant operators that learn: the gradient of a fixed regression's loss, and steps of SGD and Adam along it.

Law: `phi(g v) = g phi(v)`, since the loss is invariant and the group acts by permutations of entries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..weights.algebra.kinds import OutputKind
from .losses import LossParameters
from .refusals import unless_function
from .target import EQUIVARIANT_OPERATOR, EVERY_FACTOR, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples
    from ..weights.batch import Weights


def _loss_gradient(parameters: LossParameters, samples: Samples) -> Weights:
    from .losses import loss_gradient

    return loss_gradient(samples.weights, parameters.log_points)


LOSS_GRADIENT = Target(
    "loss-gradient",
    "the gradient of a fixed regression's loss",
    EQUIVARIANT_OPERATOR,
    LossParameters,
    lambda parameters, space: unless_function(space),
    lambda parameters, space: 1,
    _loss_gradient,
    claim="thm-7.4",
    moves=OutputKind.COVECTOR,
    under=EVERY_FACTOR,
)


class StepParameters(LossParameters):
    """Parameters of steps of an optimiser."""

    rate: Annotated[float, Field(gt=0, allow_inf_nan=False, description="the learning rate")] = 0.5
    steps: Annotated[int, Field(ge=1, le=100, description="number of steps, each on the whole data set")] = 1


def _walk(parameters: StepParameters, v: Weights, move: Callable[[int, str, torch.Tensor], torch.Tensor]) -> Weights:
    """`steps` steps from v, each by `rate * move(step, tensor's name, gradient)`, downhill."""
    from ..weights.batch import Weights
    from .losses import loss_gradient

    for step in range(1, parameters.steps + 1):
        gradient = loss_gradient(v, parameters.log_points).tensors
        v = Weights(
            v.space,
            {name: tensor - parameters.rate * move(step, name, gradient[name]) for name, tensor in v.items()},
        )
    return v


def _gradient_step(parameters: StepParameters, samples: Samples) -> Weights:
    return _walk(parameters, samples.weights, lambda step, name, gradient: gradient)


GRADIENT_STEP = Target(
    "gradient-step",
    "the weights after steps of gradient descent (SGD on the whole of a fixed regression)",
    EQUIVARIANT_OPERATOR,
    StepParameters,
    lambda parameters, space: unless_function(space),
    lambda parameters, space: 1,
    _gradient_step,
    claim="thm-7.4",
    moves=OutputKind.POINT,
    under=frozenset({"perm", "sign", "phase", "orth"}),
)


class AdamParameters(StepParameters):
    """Parameters of `adam-step`."""

    betas: Annotated[
        tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]],
        Field(strict=False, description="decay of the means of gradients and of their squares"),
    ] = (0.9, 0.999)
    epsilon: Annotated[
        float,
        Field(
            gt=0,
            allow_inf_nan=False,
            description="added to the root of the mean square; with the usual 1e-8 a first step is the gradient's sign, "
            "which is not continuous",
        ),
    ] = 0.05


def _adam_step(parameters: AdamParameters, samples: Samples) -> Weights:
    import torch

    first_beta, second_beta = parameters.betas
    v = samples.weights
    first = {name: torch.zeros_like(tensor) for name, tensor in v.items()}
    second = {name: torch.zeros_like(tensor) for name, tensor in v.items()}

    def move(step: int, name: str, gradient: torch.Tensor) -> torch.Tensor:
        first[name] = first_beta * first[name] + (1 - first_beta) * gradient
        second[name] = second_beta * second[name] + (1 - second_beta) * gradient.square()
        mean, square = first[name] / (1 - first_beta**step), second[name] / (1 - second_beta**step)
        return mean / (square.sqrt() + parameters.epsilon)

    return _walk(parameters, v, move)


ADAM_STEP = Target(
    "adam-step",
    "the weights after steps of Adam from rest, on a fixed regression",
    EQUIVARIANT_OPERATOR,
    AdamParameters,
    lambda parameters, space: unless_function(space),
    lambda parameters, space: 1,
    _adam_step,
    claim="thm-7.4",
    moves=OutputKind.POINT,
    under=frozenset({"perm", "sign", "phase"}),
)
