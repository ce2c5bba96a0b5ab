"""Families whose two nets compute one function though they lie in different orbits.

Law: `f_v = f_w` exactly, by a symmetry of the activation or by neurons whose weights do not matter; the reason goes along as
a hint for the oracles to check. Separated by every network that sees the weights, by none that sees the function alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..weights.activations import ACTIVATIONS, HOMOGENEOUS, ODD
from ..weights.pair import Pair, Vector
from ..weights.space import WeightSpace
from .demands import Counted, demand_activation, demand_mlp, hidden_layers, numbered, refusal
from .family import PairFamily
from .vectors import entries, random_vector


class RescalingParameters(Counted):
    """Parameters of `relu-rescaling` and `sign-flip`."""


def rescaled(space: WeightSpace, v: Vector, factors: Mapping[int, np.ndarray]) -> dict[str, np.ndarray]:
    """Incoming weights and bias of each neuron times its factor, outgoing weights divided by it.

    Args:
        factors: per hidden layer of an MLP one factor a neuron; powers of two and signs keep every entry exact.
    """
    last = len(space.widths) - 1
    scale = {0: np.ones(space.widths[0]), last: np.ones(space.widths[last]), **factors}
    w = {}
    for layer in range(1, last + 1):
        w[f"W{layer}"] = v[f"W{layer}"] * scale[layer][:, None] / scale[layer - 1][None, :]
        w[f"b{layer}"] = v[f"b{layer}"] * scale[layer]
    return w


def _rescaling_family(
    name: str, title: str, activations: tuple[str, ...], factors: tuple[float, ...], reason: str, symmetry: str
) -> PairFamily:
    """Random hidden neurons, at least one, rescaled by random `factors`, under `activations` that commute with them."""

    def cases(parameters: RescalingParameters, space: WeightSpace | None) -> tuple[str, ...]:
        demand_activation(name, demand_mlp(name, space), activations)
        return numbered(parameters.count)

    def make(parameters: RescalingParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
        space = demand_mlp(name, space)
        v = random_vector(space, rng)
        drawn = {
            layer: np.where(rng.random(space.widths[layer]) < 0.5, rng.choice(factors, space.widths[layer]), 1.0)
            for layer in hidden_layers(space)
        }
        layer = int(rng.choice(hidden_layers(space)))
        drawn[layer][rng.integers(space.widths[layer])] = rng.choice(factors)
        return Pair(space, v, rescaled(space, v, drawn), function_equal=reason, symmetry=symmetry)

    return PairFamily(name, title, RescalingParameters, cases, make)


RELU_RESCALING = _rescaling_family(
    "relu-rescaling",
    "hidden neurons scaled by powers of two going in and by the inverse going out (same function)",
    HOMOGENEOUS,
    (0.25, 0.5, 2.0, 4.0),
    "neuron-wise rescaling by powers of two under a positively homogeneous activation",
    "permutation+scale",
)
SIGN_FLIP = _rescaling_family(
    "sign-flip",
    "incoming weights, bias and outgoing weights of hidden neurons negated (same function)",
    ODD,
    (-1.0,),
    "neuron-wise change of sign under an odd activation",
    "permutation+sign",
)


class DeadNeuronParameters(Counted):
    """Parameters of `dead-neuron`."""

    dead: Annotated[
        Literal["unread", "silent"],
        Field(
            description="unread: outgoing weights are zero, incoming ones differ; "
            "silent: incoming weights and bias are zero, outgoing weights differ"
        ),
    ] = "unread"


def _dead_cases(parameters: DeadNeuronParameters, space: WeightSpace | None) -> tuple[str, ...]:
    own = demand_mlp("dead-neuron", space)
    if parameters.dead == "silent" and not ACTIVATIONS[own.activation].vanishes:
        raise refusal(f"dead-neuron needs an activation that is zero at zero, the check's space has {own.activation}")
    return numbered(parameters.count)


def _dead(parameters: DeadNeuronParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    """Where the activation is zero at zero, a silent neuron passes nothing on."""
    space = demand_mlp("dead-neuron", space)
    layer = int(rng.choice(hidden_layers(space)))
    neuron = int(rng.integers(space.widths[layer]))
    v = random_vector(space, rng)
    incoming, outgoing = (f"W{layer}", np.s_[neuron, :]), (f"W{layer + 1}", np.s_[:, neuron])
    if parameters.dead == "unread":
        (zero, zeroed), (free, differing) = outgoing, incoming
        reason = "they differ in the incoming weights of a neuron whose outgoing weights are zero"
    else:
        (zero, zeroed), (free, differing) = incoming, outgoing
        v[f"b{layer}"][neuron] = 0
        reason = "they differ in the outgoing weights of a neuron whose activation is zero"
    v[zero][zeroed] = 0
    w = {name: value.copy() for name, value in v.items()}
    while np.array_equal(v[free], w[free]):
        w[free][differing] = entries(v[free][differing].shape, rng)
    return Pair(space, v, w, function_equal=reason)


DEAD_NEURON = PairFamily(
    "dead-neuron",
    "the free weights of a hidden neuron that does nothing (same function)",
    DeadNeuronParameters,
    _dead_cases,
    _dead,
)


class SplitNeuronParameters(Counted):
    """Parameters of `split-neuron`."""

    w: Annotated[
        Literal["split", "merged"],
        Field(description="how w shares the outgoing weights out: over both twins, or all to one of them"),
    ] = "split"


def _split_cases(parameters: SplitNeuronParameters, space: WeightSpace | None) -> tuple[str, ...]:
    demand_mlp("split-neuron", space, width=2)
    return numbered(parameters.count)


def _split(parameters: SplitNeuronParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
    """Two neurons with the same incoming weights and bias; only the sum of their outgoing weights reaches the function."""
    space = demand_mlp("split-neuron", space, width=2)
    layer = int(rng.choice(hidden_layers(space, width=2)))
    one, other = rng.choice(space.widths[layer], 2, replace=False)
    v = random_vector(space, rng)
    for name in (f"W{layer}", f"b{layer}"):
        v[name][other] = v[name][one]
    outgoing = v[f"W{layer + 1}"]
    difference = outgoing[:, other] - outgoing[:, one]
    shift = outgoing[:, other] if parameters.w == "merged" else difference
    while np.array_equal(shift, difference):  # that shift would only swap the twins
        shift = entries(outgoing.shape[0], rng)
    w = {name: value.copy() for name, value in v.items()}
    w[f"W{layer + 1}"][:, one] += shift
    w[f"W{layer + 1}"][:, other] -= shift
    return Pair(space, v, w, function_equal="twin neurons share the same sum of outgoing weights")


SPLIT_NEURON = PairFamily(
    "split-neuron",
    "the outgoing weights of twin neurons shared out differently (same function)",
    SplitNeuronParameters,
    _split_cases,
    _split,
)
