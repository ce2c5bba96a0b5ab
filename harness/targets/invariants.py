"""Permutation-invariant functionals: maps `v -> R^n` that look at the weights and not at the neurons' numbering.

Law: `phi(g v) = phi(v)` for every `g` of the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..core.parameters import Parameters
from ..weights.space import WeightSpace
from .losses import LossParameters
from .refusals import unless_mlp
from .target import INVARIANT_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples


class PowerParameters(Parameters):
    """Parameters of a norm."""

    power: Annotated[int, Field(ge=1, le=4, description="p of the p-norm")] = 2


def _weight_norms(parameters: PowerParameters, samples: Samples) -> torch.Tensor:
    import torch

    p = parameters.power
    return torch.stack([tensor.flatten(1).norm(p, dim=1) for _, tensor in samples.weights.items()], dim=1)


WEIGHT_NORMS = Target(
    "weight-norms",
    "the p-norm of every weight matrix and bias, entry by entry",
    INVARIANT_FUNCTIONAL,
    PowerParameters,
    lambda parameters, space: None,
    lambda parameters, space: len(space.tensors),
    _weight_norms,
)


def _path_norm(parameters: PowerParameters, samples: Samples) -> torch.Tensor:
    """Sums over paths factor: a product of the matrices of powers, applied to ones."""
    p = parameters.power
    first, *rest = (weight.squeeze(-1).abs().pow(p) for weight in samples.weights.weights)
    along = first.sum(dim=2, keepdim=True)
    for matrix in rest:
        along = matrix @ along
    return along.sum(dim=1).pow(1 / p)


PATH_NORM = Target(
    "path-norm",
    "the p-norm of the vector of all paths from inputs to outputs, a path being the product of its weights",
    INVARIANT_FUNCTIONAL,
    PowerParameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 1,
    _path_norm,
)


class MomentParameters(Parameters):
    """Parameters of `path-moment`."""

    layer: Annotated[int, Field(ge=1, description="of the hidden neurons where the paths begin, from 1 to L - 1")] = 1


def _moment_refusal(parameters: MomentParameters, space: WeightSpace) -> str | None:
    refused = unless_mlp(space)
    if refused is None and parameters.layer > len(space.widths) - 2:
        refused = f"layer {parameters.layer} is no hidden layer, the space is {space}"
    return refused


def _path_moment(parameters: MomentParameters, samples: Samples) -> torch.Tensor:
    """Of the sums of all paths from a neuron to an output, a path being the product of its weights."""
    along, *rest = (weight.squeeze(-1) for weight in reversed(samples.weights.weights[parameters.layer :]))
    for matrix in rest:
        along = along @ matrix
    return along.square().mean(dim=(1, 2)).sqrt().unsqueeze(1)


PATH_MOMENT = Target(
    "path-moment",
    "the root mean square, over the neurons of a hidden layer, of the sum of all paths from there to an output",
    INVARIANT_FUNCTIONAL,
    MomentParameters,
    _moment_refusal,
    lambda parameters, space: 1,
    _path_moment,
)


def _spectral_product(parameters: Parameters, samples: Samples) -> torch.Tensor:
    import torch

    norms = [torch.linalg.matrix_norm(weight.squeeze(-1), ord=2) for weight in samples.weights.weights]
    return torch.stack(norms, dim=1).prod(dim=1, keepdim=True)


SPECTRAL_PRODUCT = Target(
    "spectral-product",
    "the product of the weight matrices' spectral norms, which bounds the Lipschitz constant",
    INVARIANT_FUNCTIONAL,
    Parameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 1,
    _spectral_product,
)


def _hessian_trace(parameters: LossParameters, samples: Samples) -> torch.Tensor:
    import torch

    from .functionals import pieces
    from .losses import hessian_trace

    return torch.cat([hessian_trace(v, parameters.log_points) for v in pieces(samples.weights)]).unsqueeze(1)


HESSIAN_TRACE = Target(
    "hessian-trace",
    "the trace of the Hessian of a fixed regression's loss with respect to all weights (curvature)",
    INVARIANT_FUNCTIONAL,
    LossParameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 1,
    _hessian_trace,
)


class EntryParameters(Parameters):
    """Parameters of `bias-sorted-entry`."""

    tensor: Annotated[str | None, Field(description="as in W2; left out: the first matrix between hidden layers")] = (
        None
    )
    ranks: Annotated[
        list[Annotated[int, Field(ge=0)]] | None,
        Field(description="an index for each axis, counted in the order of the biases; left out: zeros"),
    ] = None


def _entry(parameters: EntryParameters, space: WeightSpace) -> tuple[str, list[int]]:
    tensor = parameters.tensor or ("W2" if len(space.widths) > 3 else "W1")
    return tensor, parameters.ranks or [0] * len(space.axes[tensor])


def _entry_refusal(parameters: EntryParameters, space: WeightSpace) -> str | None:
    refused = unless_mlp(space)
    if refused is None and parameters.tensor is not None and parameters.tensor not in space.shapes:
        refused = f"there is no tensor {parameters.tensor}, the space is {space}"
    if refused is None:
        tensor, ranks = _entry(parameters, space)
        shape = space.shapes[tensor]
        if len(ranks) != len(shape) or any(rank >= size for rank, size in zip(ranks, shape, strict=True)):
            refused = f"the ranks {ranks} are no place of {tensor} of shape {shape}, the space is {space}"
    return refused


def _bias_sorted_entry(parameters: EntryParameters, samples: Samples) -> torch.Tensor:
    """An average over the places whose neurons have the biases of those ranks: one place in general position.

    So it is invariant on all of V, and in general position the coordinate of the form sorted by bias.
    """
    v = samples.weights
    tensor, ranks = _entry(parameters, v.space)
    value = v.tensors[tensor].squeeze(-1)
    for axis, rank in reversed(list(zip(v.space.axes[tensor], ranks, strict=True))):
        if axis in v.space.permuted:
            bias = v.tensors[f"b{axis[1:]}"].squeeze(-1)
            chosen = bias == bias.sort(dim=1).values[:, rank : rank + 1]
            chosen = chosen.view(v.batch, *[1] * (value.ndim - 2), -1)
            value = (value * chosen).sum(dim=-1) / chosen.sum(dim=-1)
        else:
            value = value[..., rank]
    return value.unsqueeze(1)


BIAS_SORTED_ENTRY = Target(
    "bias-sorted-entry",
    "one entry of the canonical form, every hidden layer sorted by bias (a mean over ties)",
    INVARIANT_FUNCTIONAL,
    EntryParameters,
    _entry_refusal,
    lambda parameters, space: 1,
    _bias_sorted_entry,
)
