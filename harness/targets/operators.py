"""Function-space operators: maps `f_v -> u`, given by the new function's values.

Law: `u` depends on `f_v` alone. Values are those of the definition, at the points where they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..parameters import Parameters
from ..space import WeightSpace
from .refusals import unless_mlp
from .target import FUNCTION_OPERATOR, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples

Finite = Annotated[float, Field(allow_inf_nan=False)]


def uniform_inputs(parameters: Any, space: WeightSpace, count: int, generator: torch.Generator) -> torch.Tensor:
    """`[count, n_0]`, uniform in [-1, 1]^n_0."""
    import torch

    return 2 * torch.rand(count, space.widths[0], generator=generator, dtype=torch.float64) - 1


class ShiftParameters(Parameters):
    """Parameters of `output-shift`."""

    shift: Annotated[Finite, Field(description="what is added to every output")] = 0.5


def _output_shift(parameters: ShiftParameters, samples: Samples, x: torch.Tensor) -> torch.Tensor:
    from ..realisation import realise

    return realise(samples.weights, x) + parameters.shift


OUTPUT_SHIFT = Target(
    "output-shift",
    "u(x) = f(x) + shift",
    FUNCTION_OPERATOR,
    ShiftParameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: space.widths[-1],
    _output_shift,
    uniform_inputs,
    claim="thm-7.2",
)
