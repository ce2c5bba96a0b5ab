"""Two matrices as the middle weights of MLPs that are otherwise alike: the frame of every family made from graphs.

All other weights are one and the biases of a layer are equal, so nothing but the two matrices can separate the nets. A family
says which matrices; embedding, general position and random relabelling are done here, once (theory.md, section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ..weights.pair import Pair, Vector
from ..weights.space import WeightSpace, mlp
from .demands import Counted, demand_fit, label_of, numbered, problem, refuse
from .family import PairFamily
from .vectors import constant, distinct, relabelled

GeneralPosition = Literal["none", "first", "second", "both"]


class MiddleParameters(Counted):
    """Parameters of a family made from two matrices in which general position can be restored."""

    general_position: Annotated[
        GeneralPosition, Field(description="which of the two hidden layers beside the matrix get distinct biases")
    ] = "none"
    bits: Annotated[
        int | None,
        Field(ge=1, le=16, description="restore general position only up to biases of this many bits (ties remain)"),
    ] = None


@dataclass(frozen=True)
class Middle:
    """Where two matrices come from.

    Args:
        hidden: hidden widths of the nets; all alike if there are more than two.
        draw: `rng -> (A, B)`, matrices of shape `(hidden[1], hidden[0])`, in the family's own order of the neurons.
    """

    hidden: tuple[int, ...]
    draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def middle_family(
    name: str,
    title: str,
    parameters: type[Counted],
    middles: Callable[[Any], Mapping[str, Middle]],
    claim: str,
) -> PairFamily:
    """The family of the pairs of matrices that `middles(parameters)` lists by label; `count` pairs a label.

    Where the check names no space, the nets have one input, one output and ReLU.

    Args:
        middles: raises `SuiteValueError` for parameters that no matrix can have.
    """

    def cases(parameters: Counted, space: WeightSpace | None) -> tuple[str, ...]:
        if isinstance(parameters, MiddleParameters) and parameters.bits and parameters.general_position == "none":
            refuse(problem("bits", message="needs general_position first, second or both, got none"))
        listed = middles(parameters)
        for middle in listed.values():
            demand_fit(name, middle.hidden, space)
        return numbered(parameters.count, listed)

    def make(parameters: Counted, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
        middle = middles(parameters)[label_of(case)]
        space = space or mlp(1, *middle.hidden, 1)
        if isinstance(parameters, MiddleParameters):
            return middle_pair(space, middle, rng, parameters.general_position, parameters.bits)
        return middle_pair(space, middle, rng)

    return PairFamily(name, title, parameters, cases, make, claim)


def middle_pair(
    space: WeightSpace,
    middle: Middle,
    rng: np.random.Generator,
    general_position: GeneralPosition = "none",
    bits: int | None = None,
) -> Pair:
    """Two nets that differ in one inner weight matrix, in the order of the neurons, and in nothing else.

    In the layers beside the matrix that `general_position` names the biases are distinct, all other layers have one bias;
    both nets have the same. With more than two hidden layers the place of the matrix is random.
    """
    first, second = middle.draw(rng)
    layer = int(rng.integers(2, len(space.widths) - 1))
    restored = {"none": (), "first": (layer - 1,), "second": (layer,), "both": (layer - 1, layer)}[general_position]
    biases = {
        number: _spread(width, rng, bits) if number in restored else np.full(width, constant(rng))
        for number, width in enumerate(space.widths[1:], 1)
    }
    v, w = (embedded(space, matrix, layer, biases) for matrix in (first, second))
    reason = f"all neurons of layer {layer - 1} are alike and the row sums of W{layer} agree"
    sums, other_sums = _through_row_sums(v, layer), _through_row_sums(w, layer)
    same = sums is not None and sums == other_sums
    return Pair(space, relabelled(space, v, rng), relabelled(space, w, rng), function_equal=reason if same else None)


def embedded(
    space: WeightSpace, matrix: np.ndarray, layer: int, biases: Mapping[int, np.ndarray]
) -> dict[str, np.ndarray]:
    """The net with `W_layer = matrix`, all other weights one, and `b_l = biases[l]`."""
    vector = {name: np.ones(shape) for name, shape in space.shapes.items()}
    vector[f"W{layer}"] = matrix.astype(np.float64)
    vector.update({f"b{number}": value for number, value in biases.items()})
    return {name: vector[name] for name in space.axes}


def _spread(width: int, rng: np.random.Generator, bits: int | None) -> np.ndarray:
    """Distinct biases, or ones drawn from the `2^bits` evenly spaced values of [-1, 1)."""
    return distinct(width, rng) if bits is None else rng.integers(0, 2**bits, width) * 2.0 ** (1 - bits) - 1


def _through_row_sums(vector: Vector, layer: int) -> list[tuple[float, float]] | None:
    """What determines the function of an embedded net whose layer before the matrix is constant; None if it is not.

    Behind alike neurons a neuron sees the row sum of its weights alone, and all that follows sums over the neurons.
    """
    if len(set(vector[f"b{layer - 1}"])) > 1:
        return None
    return sorted(zip(vector[f"W{layer}"].sum(axis=1).tolist(), vector[f"b{layer}"].tolist(), strict=True))
