"""Which neurons of two networks of one function correspond: the witness behind equal normal forms.

Law: for every pair (i, j, c) the activation of neuron j of w is exactly c times that of neuron i of v, at every input. A neuron is
*dead* if no output reads it, or if its activation is constant; neurons of one net are *doubled* if their activations are multiples of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..functions.normal_form import Form

Pairs = tuple[tuple[int, int, Fraction], ...]


@dataclass(frozen=True)
class LayerMap:
    """One hidden layer: pairs with factors; dead neurons and sets of doubled ones of each of the two nets."""

    pairs: Pairs
    dead: tuple[tuple[int, ...], tuple[int, ...]]
    doubled: tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]


@dataclass(frozen=True)
class NeuronMap:
    """The hidden layers of two networks with equally many of them."""

    layers: tuple[LayerMap, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """By what the two networks differ, though they compute one function."""
        pairs = [pair for layer in self.layers for pair in layer.pairs]
        found = {
            "permutation": any(i != j for i, j, _ in pairs),
            "rescaling": any(abs(factor) != 1 for *_, factor in pairs),
            "signs": any(factor < 0 for *_, factor in pairs),
            "dead neurons": any(side for layer in self.layers for side in layer.dead),
            "duplicated neurons": any(side for layer in self.layers for side in layer.doubled),
        }
        return tuple(name for name, holds in found.items() if holds) or ("equal normal forms",)

    def __str__(self) -> str:
        """As in `n1: 0->2 x 1/2, 1->0 x 2, dead 3 in the first and 1 in the second, doubled 4=5 in the second`; what stays as it is, is
        left out."""
        return "; ".join(f"n{number}: {told}" for number, layer in enumerate(self.layers, 1) if (told := _told(layer)))

    def to_json(self) -> dict[str, Any]:
        return {
            f"n{number}": {
                "pairs": [[i, j, str(factor)] for i, j, factor in layer.pairs],
                "dead": [list(side) for side in layer.dead],
                "doubled": [[list(each) for each in side] for side in layer.doubled],
            }
            for number, layer in enumerate(self.layers, 1)
        }


def _told(layer: LayerMap) -> str:
    moved = [
        f"{i}->{j}" + (f" x {factor}" if factor != 1 else "") for i, j, factor in layer.pairs if (i, factor) != (j, 1)
    ]
    more = []
    if any(layer.dead):
        more.append("dead " + _of_both([",".join(map(str, side)) for side in layer.dead]))
    if any(layer.doubled):
        more.append("doubled " + _of_both([", ".join("=".join(map(str, s)) for s in side) for side in layer.doubled]))
    return ", ".join([*moved, *more])


def _of_both(sides: Sequence[str]) -> str:
    """What is said of each network, and of which of the two."""
    return " and ".join(
        f"{told} in the {which}" for told, which in zip(sides, ("first", "second"), strict=True) if told
    )


Layers = list[list[Form]]


def corresponding(
    spaces: tuple[WeightSpace, WeightSpace], nets: tuple[Vector, Vector], forms: tuple[Layers, Layers]
) -> NeuronMap | None:
    """The map between two nets, from the forms of all their neurons in tables with common features (`FeatureTable.layers`).

    None where they have other numbers of layers.
    """
    if len(spaces[0].widths) != len(spaces[1].widths):
        return None
    read = [_read(space, net) for space, net in zip(spaces, nets, strict=True)]
    return NeuronMap(
        tuple(
            _layer((forms[0][k + 1], forms[1][k + 1]), (read[0][k], read[1][k]))
            for k in range(len(spaces[0].widths) - 2)
        )
    )


def _layer(forms: tuple[list[Form], list[Form]], read: tuple[np.ndarray, np.ndarray]) -> LayerMap:
    sides, dead = [], []
    for own, used in zip(forms, read, strict=True):
        lives: dict[Any, list[tuple[int, Fraction]]] = {}
        rest = []
        for index, form in enumerate(own):
            if not used[index] or set(form) <= {0}:
                rest.append(index)
            else:
                key, factor = _direction(form)
                lives.setdefault(key, []).append((index, factor))
        sides.append(lives)
        dead.append(tuple(rest))
    first, second = sides
    pairs = [
        (i, j, b / a)
        for key, own in first.items()
        if key in second
        for (i, a), (j, b) in zip(own, second[key], strict=False)
    ]
    doubled = tuple(
        tuple(tuple(index for index, _ in each) for each in side.values() if len(each) > 1) for side in (first, second)
    )
    return LayerMap(tuple(sorted(pairs)), (dead[0], dead[1]), (doubled[0], doubled[1]))


def _direction(form: Form) -> tuple[frozenset[tuple[int, Fraction]], Fraction]:
    """A form up to multiples, and the multiple."""
    lead = form[min(form)]
    return frozenset((number, coefficient / lead) for number, coefficient in form.items()), lead


def _read(space: WeightSpace, v: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Per hidden layer `[width]`: whether an output reads the neuron, through weights that are not zero."""
    used = np.ones(space.widths[-1], dtype=bool)
    found = []
    for layer in range(len(space.widths) - 1, 1, -1):
        used = (np.asarray(v[f"W{layer}"])[used] != 0).any(axis=0)
        found.append(used)
    return found[::-1]
