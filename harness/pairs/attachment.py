"""Families that keep every part of a hidden neuron and change what belongs together.

Law: in one hidden layer the multisets of incoming vectors, of biases and of outgoing vectors of `v` and `w` agree, and the
neurons made of them do not. Statistics of single tensors cannot separate such a pair; one round of refinement does, since all
hidden biases of one layer are distinct.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..weights.pair import Pair, Vector
from ..weights.space import WeightSpace
from .demands import Counted, demand_mlp, hidden_layers, numbered
from .family import PairFamily
from .vectors import random_vector


class AttachmentParameters(Counted):
    """Parameters of `re-pairing` and `bias-reattachment`."""


def _attachment_family(name: str, title: str, part: Callable[[int], str]) -> PairFamily:
    """The family in which tensor `part(layer)` is permuted against the neurons of a random hidden layer."""

    def cases(parameters: AttachmentParameters, space: WeightSpace | None) -> tuple[str, ...]:
        demand_mlp(name, space, width=2)
        return numbered(parameters.count)

    def make(parameters: AttachmentParameters, space: WeightSpace | None, case: str, rng: np.random.Generator) -> Pair:
        space = demand_mlp(name, space, width=2)
        layer = int(rng.choice(hidden_layers(space, width=2)))
        tensor = part(layer)
        v = w = random_vector(space, rng)
        while _neurons(v, layer) == _neurons(w, layer):  # twins by chance, or a permutation that moves nothing
            v = random_vector(space, rng)
            images = rng.permutation(space.widths[layer])
            w = {**v, tensor: np.take(v[tensor], images, axis=space.axes[tensor].index(f"n{layer}"))}
        return Pair(space, v, w)

    return PairFamily(name, title, AttachmentParameters, cases, make, "thm-6.3")


def _neurons(vector: Vector, layer: int) -> list[tuple[float, ...]]:
    """The neurons of a hidden layer as (incoming, bias, outgoing), sorted: the same for vectors with the same neurons."""
    parts = (vector[f"W{layer}"], vector[f"b{layer}"][:, None], vector[f"W{layer + 1}"].T)
    return sorted(map(tuple, np.concatenate(parts, axis=1).tolist()))


RE_PAIRING = _attachment_family(
    "re-pairing",
    "the same incoming and the same outgoing vectors of a hidden layer, paired differently",
    lambda layer: f"W{layer + 1}",
)
BIAS_REATTACHMENT = _attachment_family(
    "bias-reattachment",
    "the biases of a hidden layer permuted against its neurons",
    lambda layer: f"b{layer}",
)
