"""Classes of a set of nets and of their entries under folklore 2-WL: what a map of that power cannot separate there.

Law: a map of 2-FWL power is constant on nets with one number, and equivariant ones on pairs of net and entry with one number: every
state of a pair of neurons is a function of the pair's colour.
"""

from __future__ import annotations

import numpy as np

from ...weights.space import WeightSpace
from ..classes import Arrays
from .refinement import PairRefinement, refine_mlp_pairs


def two_fwl_classes(space: WeightSpace, arrays: Arrays) -> np.ndarray:
    """`[n]`: the 2-FWL class of every net. Exact.

    Raises:
        SpaceError: no MLP space, or arrays that do not fit it, or that are not finite.
    """
    return refine_mlp_pairs(space, arrays).classes()


def two_fwl_entry_classes(space: WeightSpace, arrays: Arrays) -> dict[str, np.ndarray]:
    """Tensor -> `[n, *shape]`: the stable colour of (neuron, neuron below) for a weight, of (neuron, neuron) for a bias. Exact.

    A colour of round 0 holds the weight; a stable one holds those of all pairs of its net, so nothing is lost by not naming the
    net's own class.

    Raises:
        SpaceError: as `two_fwl_classes`.
    """
    stable = refine_mlp_pairs(space, arrays).stable
    starts = np.concatenate([[0], np.cumsum(space.widths)])
    found = {}
    for layer in range(1, len(space.widths)):
        own, below = (slice(starts[at], starts[at + 1]) for at in (layer, layer - 1))
        found[f"W{layer}"] = stable[:, own, below]
        found[f"b{layer}"] = np.diagonal(stable, axis1=1, axis2=2)[:, own]
    return {name: found[name] for name in space.axes}


def needed_rounds(refinement: PairRefinement) -> int:
    """The first round by which the nets are separated that ever are."""
    final = len(np.unique(refinement.classes()))
    return next(number for number, found in enumerate(refinement.net_classes) if len(np.unique(found)) == final)
