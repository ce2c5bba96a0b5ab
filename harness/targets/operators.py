"""Function-space operators: maps `f_v -> u`, given by the new function's values.

Law: `u` depends on `f_v` alone. Off MLPs `x` is any input of the function and `f(x)` all numbers of its output. Values are those of the definition, at the points where they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..core.parameters import Parameters
from ..weights.space import WeightSpace
from .boxes import ends, values_at
from .refusals import unless_function, unless_inputs, unless_mlp
from .target import FUNCTION_OPERATOR, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples

Finite = Annotated[float, Field(allow_inf_nan=False)]
Map = Callable[[Any, "torch.Tensor"], "torch.Tensor"]
"""`(parameters, tensor) -> tensor`, entry by entry."""


def uniform_inputs(parameters: Any, space: WeightSpace, count: int, generator: torch.Generator) -> torch.Tensor:
    """`[count, *shape of one input]`, every number uniform in [-1, 1]."""
    import torch

    return 2 * torch.rand(count, *ends(space)[0], generator=generator, dtype=torch.float64) - 1


def _any_function(parameters: Any, space: WeightSpace) -> str | None:
    return unless_function(space)


def _one_input(parameters: Any, space: WeightSpace) -> str | None:
    return unless_inputs(space, 1, "a function on a line")


def _composed(
    name: str,
    title: str,
    parameters: type[Parameters],
    *,
    before: Map = lambda parameters, x: x,
    after: Map = lambda parameters, y: y,
    refusal: Callable[[Any, WeightSpace], str | None] = _any_function,
) -> Target:
    """The operator `u(x) = after(f(before(x)))`."""

    def value(chosen: Any, samples: Samples, x: torch.Tensor) -> torch.Tensor:
        return after(chosen, values_at(samples.weights, before(chosen, x)))

    return Target(
        name,
        title,
        FUNCTION_OPERATOR,
        parameters,
        refusal,
        lambda parameters, space: ends(space)[1],
        value,
        uniform_inputs,
        claim="thm-7.2",
    )


NEGATION = _composed("negation", "u(x) = -f(x)", Parameters, after=lambda parameters, y: -y)


class OutputShiftParameters(Parameters):
    """Parameters of `output-shift`."""

    shift: Annotated[Finite, Field(description="what is added to every output")] = 0.5


OUTPUT_SHIFT = _composed(
    "output-shift", "u(x) = f(x) + shift", OutputShiftParameters, after=lambda parameters, y: y + parameters.shift
)


class AffineParameters(Parameters):
    """Parameters of `affine-output`."""

    scale: Annotated[Finite, Field(description="what every output is multiplied with")] = -2.0
    shift: Annotated[Finite, Field(description="what is added thereafter")] = 0.5


AFFINE_OUTPUT = _composed(
    "affine-output",
    "u(x) = scale f(x) + shift",
    AffineParameters,
    after=lambda parameters, y: parameters.scale * y + parameters.shift,
)


class InputShiftParameters(Parameters):
    """Parameters of `input-shift`."""

    shift: Annotated[Finite, Field(description="what is added to every input coordinate")] = 0.5


INPUT_SHIFT = _composed(
    "input-shift", "u(x) = f(x + shift)", InputShiftParameters, before=lambda parameters, x: x + parameters.shift
)


class InputScalingParameters(Parameters):
    """Parameters of `input-scaling`."""

    factor: Annotated[Finite, Field(description="what every input coordinate is multiplied with")] = 2.0


INPUT_SCALING = _composed(
    "input-scaling", "u(x) = f(factor x)", InputScalingParameters, before=lambda parameters, x: parameters.factor * x
)


class ZoomOutParameters(Parameters):
    """Parameters of `zoom-out`."""

    factor: Annotated[float, Field(gt=1, allow_inf_nan=False, description="how many times smaller f's picture is")] = (
        2.0
    )


ZOOM_OUT = _composed(
    "zoom-out",
    "f on [-1, 1] seen smaller, its end values continued: u(x) = f(clip(factor x)) (one input)",
    ZoomOutParameters,
    before=lambda parameters, x: (parameters.factor * x).clamp(-1, 1),
    refusal=_one_input,
)


class ToothParameters(Parameters):
    """Parameters of `tooth-doubling`."""

    times: Annotated[int, Field(ge=1, le=16, description="how often the teeth are doubled")] = 1


def _tents(parameters: ToothParameters, x: torch.Tensor) -> torch.Tensor:
    for _ in range(parameters.times):
        x = 1 - 2 * x.abs()
    return x


TOOTH_DOUBLING = _composed(
    "tooth-doubling",
    "f and its mirror image side by side: u(x) = f(1 - 2|x|) (one input)",
    ToothParameters,
    before=_tents,
    refusal=_one_input,
)


class DerivativeParameters(Parameters):
    """Parameters of `derivative`."""

    coordinate: Annotated[int, Field(ge=0, description="the input that is moved")] = 0


def _derivative_refusal(parameters: DerivativeParameters, space: WeightSpace) -> str | None:
    refused = unless_mlp(space)
    if refused is None and parameters.coordinate >= space.widths[0]:
        refused = f"there is no input {parameters.coordinate}, the space is {space}"
    return refused


def _derivative(parameters: DerivativeParameters, samples: Samples, x: torch.Tensor) -> torch.Tensor:
    from .slopes import slope

    return slope(samples.weights, x, parameters.coordinate)


DERIVATIVE = Target(
    "derivative",
    "the derivative with respect to one input, from above",
    FUNCTION_OPERATOR,
    DerivativeParameters,
    _derivative_refusal,
    lambda parameters, space: space.widths[-1],
    _derivative,
    uniform_inputs,
    claim="thm-7.2",
)
