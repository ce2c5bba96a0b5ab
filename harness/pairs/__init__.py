"""Pair families: importing this folder registers the built-in ones.

May import zoo, learning, oracles, weights and core.
"""

from __future__ import annotations

from ..weights.pair import Pair, Vector
from . import (
    attachment,
    beyond_mlps,
    counting,
    cycles,
    designs,
    factors,
    function_preserving,
    ladders,
    regular,
    sampled,
    trained,
    unseen,
)
from .family import PAIR_FAMILIES, PairFamily

__all__ = ["PAIR_FAMILIES", "Pair", "PairFamily", "Vector"]

for _family in (
    sampled.SAME_ORBIT,
    sampled.GENERIC,
    sampled.PERTURBATION,
    attachment.RE_PAIRING,
    attachment.BIAS_REATTACHMENT,
    cycles.BIPARTITE_CYCLES,
    regular.REGULAR_BIPARTITE,
    designs.STRONGLY_REGULAR,
    designs.BIPLANE_PAIRS,
    designs.CAI_FUERER_IMMERMAN,
    cycles.ROUND_LADDER,
    ladders.LADDER_OF_SPACE,
    beyond_mlps.BEYOND_MLPS,
    counting.DIRECTION,
    counting.MULTIPLICITY,
    function_preserving.RELU_RESCALING,
    function_preserving.SIGN_FLIP,
    factors.FACTORS,
    factors.SAME_UPDATE,
    function_preserving.DEAD_NEURON,
    function_preserving.SPLIT_NEURON,
    trained.TRAINED,
    unseen.BLINDNESS_PAIRS,
):
    PAIR_FAMILIES.add(_family.name, _family)
