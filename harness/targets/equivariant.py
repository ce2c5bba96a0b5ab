"""Permutation-equivariant operators on weights: pruning, normalisation, what a neuron knows of itself, identity.

Law: `phi(g v) = g phi(v)` for every `g` of the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..core.parameters import Parameters
from ..weights.algebra.kinds import OutputKind
from ..weights.space import WeightSpace
from .refusals import unless_mlp
from .target import EQUIVARIANT_OPERATOR, EVERY_FACTOR, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples
    from ..weights.batch import Weights


class MaskParameters(Parameters):
    """Parameters of `magnitude-mask`."""

    kept: Annotated[float, Field(gt=0, lt=1, description="share of each matrix that is kept, largest first")] = 0.5


def _magnitude_mask(parameters: MaskParameters, samples: Samples) -> Weights:
    """Entries as large as the last one kept are kept too: ties have no order."""
    import torch

    from ..weights.batch import Weights

    def mask(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.ndim < 4:
            return torch.ones_like(tensor)
        magnitudes = tensor.abs().flatten(1)
        last = max(1, round(parameters.kept * magnitudes.shape[1])) - 1
        threshold = magnitudes.sort(dim=1, descending=True).values[:, last]
        return (tensor.abs() >= threshold.view(-1, *[1] * (tensor.ndim - 1))).to(tensor.dtype)

    v = samples.weights
    return Weights(v.space, {name: mask(tensor) for name, tensor in v.items()})


MAGNITUDE_MASK = Target(
    "magnitude-mask",
    "which weights magnitude pruning keeps, matrix by matrix; biases are kept",
    EQUIVARIANT_OPERATOR,
    MaskParameters,
    lambda parameters, space: None,
    lambda parameters, space: 1,
    _magnitude_mask,
    claim="thm-7.4",
)


def _on_entries(space: WeightSpace, receiving: Sequence[torch.Tensor], sending: Sequence[torch.Tensor]) -> Weights:
    """Numbers of neurons, written onto every entry that has the neuron: two channels.

    Args:
        receiving: per layer from 1 on `[batch, n_l]`; channel 0 of row i of `W_l` and of entry i of `b_l`.
        sending: per layer from 0 on `[batch, n_l]`; channel 1 of column j of `W_{l+1}` and of entry j of `b_l`.
    """
    import torch

    from ..weights.batch import Weights

    tensors = {}
    for layer, row in enumerate(receiving, 1):
        column = sending[layer - 1]
        shape = (*row.shape, column.shape[1])
        tensors[f"W{layer}"] = torch.stack([row.unsqueeze(2).expand(shape), column.unsqueeze(1).expand(shape)], dim=-1)
        tensors[f"b{layer}"] = torch.stack([row, sending[layer]], dim=-1)
    return Weights(space, tensors)


def _incoming_norm(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """`[batch, n_l]`: of each neuron's incoming weights and bias together."""
    import torch

    return torch.cat([weight.squeeze(-1), bias], dim=2).norm(dim=2)


def _neuron_statistics(parameters: Parameters, samples: Samples) -> Weights:
    import torch

    v = samples.weights
    incoming = [_incoming_norm(weight, bias) for weight, bias in zip(v.weights, v.biases, strict=True)]
    outgoing = [weight.squeeze(-1).norm(dim=1) for weight in v.weights]
    return _on_entries(v.space, incoming, [*outgoing, torch.zeros_like(incoming[-1])])


NEURON_STATISTICS = Target(
    "neuron-statistics",
    "norms of each neuron's incoming weights with its bias, and of its outgoing weights, on every entry of the neuron",
    EQUIVARIANT_OPERATOR,
    Parameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 2,
    _neuron_statistics,
    claim="thm-7.4",
)


def _neuron_rank(parameters: Parameters, samples: Samples) -> Weights:
    """Equal biases share the mean of their places; input and output neurons stand where they stand."""
    import torch

    v = samples.weights
    widths = v.space.widths

    def scaled(places: torch.Tensor) -> torch.Tensor:
        return (places / max(1, places.shape[1] - 1)).expand(v.batch, -1)

    fixed = [torch.arange(width, dtype=torch.float64).unsqueeze(0) for width in (widths[0], widths[-1])]
    biases = [bias.squeeze(-1) for bias in v.biases[:-1]]
    below = [(bias.unsqueeze(1) < bias.unsqueeze(2)).double().sum(dim=2) for bias in biases]
    equal = [(bias.unsqueeze(1) == bias.unsqueeze(2)).double().sum(dim=2) for bias in biases]
    hidden = [less + (same - 1) / 2 for less, same in zip(below, equal, strict=True)]
    ranks = [scaled(places) for places in (fixed[0], *hidden, fixed[1])]
    return _on_entries(v.space, ranks[1:], ranks)


NEURON_RANK = Target(
    "neuron-rank",
    "each neuron's place in the canonical form, sorted by bias and scaled to [0, 1], on every entry of the neuron",
    EQUIVARIANT_OPERATOR,
    Parameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 2,
    _neuron_rank,
    claim="thm-7.4",
)


def _weight_normalisation(parameters: Parameters, samples: Samples) -> Weights:
    """The bias goes along, as for a ReLU neuron rescaled; a neuron of zeros stays one."""
    import torch

    from ..weights.batch import Weights

    v = samples.weights
    tensors = {}
    for layer, (weight, bias) in enumerate(zip(v.weights, v.biases, strict=True), 1):
        norm = _incoming_norm(weight, bias).unsqueeze(-1)
        divisor = torch.where(norm > 0, norm, 1.0)
        tensors[f"W{layer}"] = weight / divisor.unsqueeze(-1)
        tensors[f"b{layer}"] = bias / divisor
    return Weights(v.space, tensors)


WEIGHT_NORMALISATION = Target(
    "weight-normalisation",
    "every neuron's incoming weights and bias divided by their norm",
    EQUIVARIANT_OPERATOR,
    Parameters,
    lambda parameters, space: unless_mlp(space),
    lambda parameters, space: 1,
    _weight_normalisation,
    claim="thm-7.4",
)

IDENTITY = Target(
    "identity",
    "the weights themselves",
    EQUIVARIANT_OPERATOR,
    Parameters,
    lambda parameters, space: None,
    lambda parameters, space: 1,
    lambda parameters, samples: samples.weights.clone(),
    claim="thm-7.4",
    moves=OutputKind.POINT,
    under=EVERY_FACTOR,
)
