"""Editing implicit images: operators on functions of (row, column), compared at the pixels.

Law: at the pixels `u` is the image filter of the same name, applied to the image that `f_v` draws on the 8x8 grid of [-1, 1]^2,
its border pixels repeated beyond the edge. In between the definition is the same, with neighbours one pixel apart, so `u` is a
function on the whole square.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..core.parameters import Parameters
from .refusals import unless_ends
from .target import FUNCTION_OPERATOR, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples


def pixels() -> torch.Tensor:
    """`[64, 2]` float64: the pixel centres as (row, column), in the order of `zoo/digits.py`."""
    import torch

    from ..zoo.digits import SIDE

    line = torch.linspace(-1, 1, SIDE, dtype=torch.float64)
    return torch.cartesian_prod(line, line)


def _neighbourhood(samples: Samples, x: torch.Tensor) -> torch.Tensor:
    """`[batch, points, 1, 9]`: the function at `x` and its eight neighbours one pixel away, held inside the square."""
    import torch

    from ..weights.realisation import realise
    from ..zoo.digits import SIDE
    from .functionals import pieces

    step = 2 / (SIDE - 1)
    shifts = step * torch.cartesian_prod(*[torch.arange(-1, 2, dtype=x.dtype)] * 2)
    around = (x.unsqueeze(1) + shifts).clamp(-1, 1)
    values = torch.cat([realise(v, around.flatten(0, 1)) for v in pieces(samples.weights)])
    return values.view(-1, *around.shape[:2]).unsqueeze(2)


def _editing(
    name: str,
    title: str,
    value: Callable[[Any, Samples, torch.Tensor], torch.Tensor],
    parameters: type[Parameters] = Parameters,
) -> Target:
    return Target(
        name,
        title,
        FUNCTION_OPERATOR,
        parameters,
        lambda parameters, space: unless_ends(space, 2, 1, "an implicit image"),
        lambda parameters, space: 1,
        value,
        lambda parameters, space, count, generator: pixels(),
        claim="thm-7.2",
    )


INR_DILATION = _editing(
    "inr-dilation",
    "grey-scale dilation of an implicit image: the maximum over 3x3 pixels",
    lambda parameters, samples, x: _neighbourhood(samples, x).amax(dim=-1),
)


def _blur(parameters: Parameters, samples: Samples, x: torch.Tensor) -> torch.Tensor:
    """Weights (1, 2, 1) / 4 along rows and along columns."""
    line = x.new_tensor([0.25, 0.5, 0.25])
    return _neighbourhood(samples, x) @ (line.unsqueeze(1) * line).flatten()


INR_BLUR = _editing("inr-blur", "binomial blur of an implicit image over 3x3 pixels", _blur)


class ContrastParameters(Parameters):
    """Parameters of `inr-contrast`."""

    gain: Annotated[float, Field(gt=0, allow_inf_nan=False, description="above 1 for more contrast")] = 2.0


def _contrast(parameters: ContrastParameters, samples: Samples, x: torch.Tensor) -> torch.Tensor:
    from ..weights.realisation import realise

    return (0.5 + parameters.gain * (realise(samples.weights, x) - 0.5)).clamp(0, 1)


INR_CONTRAST = _editing(
    "inr-contrast",
    "contrast of an implicit image around mid-grey, intensities clipped to [0, 1]",
    _contrast,
    ContrastParameters,
)
