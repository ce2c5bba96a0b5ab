"""For every built-in architecture a space that it serves, others of the kind, and whether it has an equivariant output."""

from __future__ import annotations

from orbitcheck import WeightSpace, mlp, transformer_block
from orbitcheck.extending import lora
from orbitcheck.harness.plugins.discovery import load, parse_name

ACTIVATIONS = {"permutation+sign": "tanh", "permutation+sign+phase": "sine"}
FACTORS = ("gl-net", "gl-spectral", "gl-align", "w2t")
BLOCKS = ("transformer-nfn", "block-nfn")
INVARIANT_ONLY = ("probe", "probe-gen", "w2t")


def space_of(name: str) -> WeightSpace:
    if name in FACTORS:
        return lora((5, 4), (3, 4), rank=2).space
    if name in BLOCKS:
        return transformer_block(3, 2, 2, 2, 3)
    return mlp(2, 4, 3, 2, activation=ACTIVATIONS.get(load(parse_name(name)).traits.symmetry, "relu"))


def others_of(name: str) -> list[WeightSpace]:
    """Spaces whose weights a network for `space_of(name)` refuses."""
    if name in FACTORS:
        return [lora((5, 4), rank=2).space, lora((5, 4), (3, 4), rank=3).space, mlp(2, 3, 1)]
    if name in BLOCKS:
        return [transformer_block(3, 2, 2, 2, 4), transformer_block(3, 2, 2, 2, 3, activation="relu"), mlp(2, 3, 1)]
    activation = space_of(name).activation
    return [
        mlp(2, 3, 4, 2, activation=activation),
        mlp(2, 4, 2, activation=activation),
        mlp(2, 4, 3, 2, activation="gelu"),
    ]
