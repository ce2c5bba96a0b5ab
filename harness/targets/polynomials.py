"""A generic random invariant polynomial: a random combination of sums over all choices of neurons.

Law: invariant under the group, since every term sums a monomial over all neurons that its variables can stand for. Terms
of this kind (homomorphism counts of the parameter graph) span the invariant polynomials of their degree; the random ones
are connected, and the closed walks `tr (W W^T)^(d/2)`, which refinement cannot count from d = 4 on, are always among them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from ..core.parameters import Parameters
from ..weights.space import WeightSpace
from .target import INVARIANT_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples


class PolynomialParameters(Parameters):
    """Parameters of `random-polynomial`."""

    degree: Annotated[int, Field(ge=1, le=6, description="degree of the polynomial")] = 4
    terms: Annotated[int, Field(ge=0, le=256, description="random terms, of random degrees up to `degree`")] = 16
    seed: Annotated[int, Field(ge=0, description="of terms and coefficients")] = 0


Factor = tuple[str, tuple[int | str, ...]]
"""A tensor with an index for each axis: a number where the axis is fixed, a variable where it is permuted."""


@dataclass(frozen=True)
class Term:
    """`coefficient` times the mean over the variables' values of the product of the factors, times `sqrt(choices)`.

    Args:
        coefficient: 1/2 to 1 in size; of random terms, that over the root of their number: together they weigh as much as one.
        factors: at least one.
        choices: number of values of all variables together; independent entries give terms of like size.
    """

    coefficient: float
    factors: tuple[Factor, ...]
    choices: int


def terms(parameters: PolynomialParameters, space: WeightSpace) -> list[Term]:
    """The polynomial: closed walks of even degree, then the random terms, the first of them of full degree."""
    rng = np.random.default_rng([parameters.seed, parameters.degree])
    walks = [
        _closed_walk(name, axes, parameters.degree)
        for name, axes in space.tensors
        if parameters.degree % 2 == 0 and len(axes) == 2 and len(set(axes) & set(space.permuted)) == 2
    ]
    drawn = []
    for number in range(parameters.terms):
        degree = parameters.degree if number == 0 else int(rng.integers(1, parameters.degree + 1))
        drawn.append(_connected(space, degree, rng))
    shares = [1.0] * len(walks) + [1 / math.sqrt(max(1, len(drawn)))] * len(drawn)
    return [
        Term(share * float(rng.uniform(0.5, 1.0) * rng.choice((-1, 1))), factors, _choices(space, factors))
        for share, factors in zip(shares, [*walks, *drawn], strict=True)
    ]


def _closed_walk(name: str, axes: tuple[str, ...], degree: int) -> tuple[Factor, ...]:
    """`tr (W W^T)^(degree/2)`: rows and columns in turn, back to the first row."""
    half = degree // 2
    rows, columns = ([f"{axis}.{number}" for number in range(half)] for axis in axes)
    walk = zip(rows, columns, [*rows[1:], rows[0]], strict=True)
    return tuple(factor for row, column, after in walk for factor in ((name, (row, column)), (name, (after, column))))


def _connected(space: WeightSpace, degree: int, rng: np.random.Generator) -> tuple[Factor, ...]:
    """Factors drawn one by one, each after the first with a variable in common with one before, where a tensor has one."""
    factors: list[Factor] = []
    variables: dict[str, list[str]] = {}
    for _ in range(degree):
        touching = [tensor for tensor in space.tensors if not variables or set(tensor[1]) & set(variables)]
        name, axes = (touching or list(space.tensors))[int(rng.integers(len(touching or space.tensors)))]
        shared = [axis for axis in axes if axis in variables]
        anchor = shared[int(rng.integers(len(shared)))] if shared else None
        index: list[int | str] = []
        for axis in axes:
            known = variables.get(axis, [])
            if axis not in space.permuted:
                index.append(int(rng.integers(space.size[axis])))
            elif axis == anchor or (known and rng.random() < 0.5):
                index.append(known[int(rng.integers(len(known)))])
            else:
                index.append(f"{axis}.{len(known)}")
            anchor = None if axis == anchor else anchor
            if axis in space.permuted and index[-1] not in known:
                variables.setdefault(axis, []).append(str(index[-1]))
        factors.append((name, tuple(index)))
    return tuple(factors)


def _choices(space: WeightSpace, factors: tuple[Factor, ...]) -> int:
    variables = {variable for _, index in factors for variable in index if isinstance(variable, str)}
    return math.prod(space.size[variable.partition(".")[0]] for variable in variables)


def _random_polynomial(parameters: PolynomialParameters, samples: Samples) -> torch.Tensor:
    import torch

    v = samples.weights
    total = torch.zeros(v.batch, dtype=torch.float64)
    for term in terms(parameters, v.space):
        letters: dict[str, str] = {}
        operands, patterns = [], []
        for name, index in term.factors:
            operands.append(
                v.tensors[name][(slice(None), *(i if isinstance(i, int) else slice(None) for i in index), 0)]
            )
            variables = (variable for variable in index if isinstance(variable, str))
            patterns.append(
                "Z" + "".join(letters.setdefault(variable, chr(97 + len(letters))) for variable in variables)
            )
        summed = torch.einsum(f"{','.join(patterns)}->Z", *operands)
        total += term.coefficient / math.sqrt(term.choices) * summed
    return total.unsqueeze(1)


RANDOM_POLYNOMIAL = Target(
    "random-polynomial",
    "a generic invariant polynomial of a chosen degree",
    INVARIANT_FUNCTIONAL,
    PolynomialParameters,
    lambda parameters, space: None,
    lambda parameters, space: 1,
    _random_polynomial,
)
