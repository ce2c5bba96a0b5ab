"""Targets made from a matrix between two hidden layers, where refinement is blind: rank, log-determinant, cycles.

Law: rank and `log det(I + W W^T)` are the same for `P W Q`, whatever the permutations; the cycles through an entry move along.
The two orbits of prop-6.2 have different values, though no network of the power of 1-WL can tell them apart.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters
from ..oracles.invariants import rank
from ..weights.space import WeightSpace
from .refusals import unless_mlp
from .target import EQUIVARIANT_OPERATOR, INVARIANT_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples
    from ..weights.batch import Weights

CERTAIN = 1e-10
"""Least over greatest singular value from which the floats' word on full rank is taken; they are good to n times 1e-16."""


class MiddleParameters(Parameters):
    """Parameters of a target of a middle matrix."""

    layer: Annotated[int, Field(ge=2, description="l of W_l, from 2 to L - 1")] = 2


def _refusal(parameters: MiddleParameters, space: WeightSpace) -> str | None:
    refused = unless_mlp(space)
    last = len(space.widths) - 1 if refused is None else 0
    if refused is None and last < 3:
        refused = f"a matrix between two hidden layers needs L >= 3, the space is {space}"
    if refused is None and parameters.layer >= last:
        refused = f"W_{parameters.layer} is no matrix between two hidden layers, the space is {space}"
    return refused


def _matrix(parameters: MiddleParameters, samples: Samples) -> torch.Tensor:
    return samples.weights.tensors[f"W{parameters.layer}"].squeeze(-1)


def _rank(parameters: MiddleParameters, samples: Samples) -> torch.Tensor:
    """Exact: floats decide where they are sure of full rank, integers everywhere else."""
    import torch

    matrices = _matrix(parameters, samples).numpy()
    singular = np.linalg.svd(matrices, compute_uv=False)
    full = singular[:, -1] > CERTAIN * singular[:, 0]
    ranks = [
        min(matrix.shape) if certain else exact_rank(matrix) for matrix, certain in zip(matrices, full, strict=True)
    ]
    return torch.tensor(ranks, dtype=torch.float64).unsqueeze(1)


def exact_rank(matrix: np.ndarray) -> int:
    """The rank over the rationals of a matrix of floats."""
    entries = [Fraction(entry) for entry in matrix.ravel().tolist()]
    common = max(entry.denominator for entry in entries)  # all are powers of two
    return rank(np.array([int(entry * common) for entry in entries], dtype=object).reshape(matrix.shape), "Q")


MIDDLE_RANK = Target(
    "middle-rank",
    "the rank of a matrix between two hidden layers (exact)",
    INVARIANT_FUNCTIONAL,
    MiddleParameters,
    _refusal,
    lambda parameters, space: 1,
    _rank,
)


def _log_determinant(parameters: MiddleParameters, samples: Samples) -> torch.Tensor:
    import torch

    return torch.linalg.slogdet(_gram(_matrix(parameters, samples))).logabsdet.unsqueeze(1)


def _gram(matrices: torch.Tensor) -> torch.Tensor:
    """`I + W W^T`."""
    import torch

    return torch.eye(matrices.shape[1], dtype=matrices.dtype) + matrices @ matrices.transpose(1, 2)


LOG_DETERMINANT = Target(
    "log-determinant",
    "log det(I + W W^T) of a matrix between two hidden layers",
    INVARIANT_FUNCTIONAL,
    MiddleParameters,
    _refusal,
    lambda parameters, space: 1,
    _log_determinant,
)


def _cycle_weights(parameters: MiddleParameters, samples: Samples) -> Weights:
    """`W_ij` times the sum of `W_im W_km W_kj` over k other than i and m other than j; zero in every other tensor.

    All walks `(W W^T W)_ij`, less those with k = i or m = j; walks with both are taken off twice and come back once.
    """
    import torch

    from ..weights.batch import Weights

    v, matrices = samples.weights, _matrix(parameters, samples)
    squares = matrices.square()
    walks = matrices @ matrices.transpose(1, 2) @ matrices
    back = matrices * (squares.sum(dim=1, keepdim=True) + squares.sum(dim=2, keepdim=True) - squares)
    tensors = {name: torch.zeros_like(tensor) for name, tensor in v.items()}
    tensors[f"W{parameters.layer}"] = (matrices * (walks - back)).unsqueeze(-1)
    return Weights(v.space, tensors)


CYCLE_WEIGHTS = Target(
    "cycle-weights",
    "for every entry of a matrix between two hidden layers the weight of all 4-cycles through it",
    EQUIVARIANT_OPERATOR,
    MiddleParameters,
    _refusal,
    lambda parameters, space: 1,
    _cycle_weights,
    claim="thm-7.4",
)
