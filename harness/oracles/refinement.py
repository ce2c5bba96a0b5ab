"""Joint colour refinement (1-WL) of weight vectors, exact, for any number of nets at once.

Law: round 0 colours a neuron by its layer, its index if it is an input or an output, and its bias; a round replaces the colour
by the triple (colour, multiset of (weight, colour) over incoming edges, the same over outgoing edges). Colours are shared by all
nets of a call, so two nets are 1-WL-equivalent iff their stable colours have equal histograms (theory.md, section 4).

Floats are compared exactly, -0.0 equals 0.0. Nothing is hashed: a colour is the rank of its triple in lexicographic order, among
the triples of all nets in its layer. So colours depend on the set of nets alone, neither on their order nor on the numbering of
hidden neurons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..weights.exact import exact
from ..weights.space import SpaceError, WeightSpace

if TYPE_CHECKING:
    from ..weights.pair import Vector

Direction = Literal["both", "forward"]
Colours = tuple[np.ndarray, ...]
"""Per layer, inputs first: `[nets, width]`, integers from 0; a colour of one layer says nothing of another layer's."""


@dataclass(frozen=True)
class Refinement:
    """The colours of every round, up to the first stable one.

    Args:
        space: the weight space of the nets.
        colours: per round, per layer `[nets, width]`; the last entry is the stable colouring.
        net_classes: per round `[nets]`: nets with equal histograms of colours share a number.
    """

    space: WeightSpace
    colours: tuple[Colours, ...]
    net_classes: tuple[np.ndarray, ...]

    @property
    def rounds(self) -> int:
        """Rounds until stable: one more would separate no two neurons of any two nets."""
        return len(self.colours) - 1

    @property
    def stable(self) -> Colours:
        """The stable colours, per layer `[nets, width]`."""
        return self.colours[-1]

    def classes(self) -> np.ndarray:
        """`[nets]`: the 1-WL class of every net, numbered from 0."""
        return self.net_classes[-1]

    def round_of_separation(self, i: int, j: int) -> int | None:
        """The first round in which the histograms of nets `i` and `j` differ; None if they are 1-WL-equivalent."""
        return next((number for number, classes in enumerate(self.net_classes) if classes[i] != classes[j]), None)

    @property
    def is_discrete(self) -> np.ndarray:
        """`[nets, hidden layers]`: whether every neuron of the layer has a colour of its own within its net."""
        alone = np.ones((len(self.classes()), len(self.stable) - 2), dtype=bool)
        for place, layer in enumerate(self.stable[1:-1]):
            alone[:, place] = (np.diff(np.sort(layer, axis=1), axis=1) > 0).all(axis=1)
        return alone

    def restricted(self, nets: np.ndarray) -> Refinement:
        """The stable round of some of the nets; the colours keep their numbers."""
        return Refinement(self.space, (tuple(layer[nets] for layer in self.stable),), (self.classes()[nets],))


def refine(
    space: WeightSpace,
    vectors: Sequence[Vector] | Mapping[str, np.ndarray],
    *,
    direction: Direction = "both",
    marks: Sequence[np.ndarray] | None = None,
) -> Refinement:
    """Refine the nets' neurons jointly until stable.

    Args:
        vectors: weight vectors, or one map tensor name -> `[nets, *shape]`.
        direction: "forward" leaves the outgoing edges out; nets that then agree compute the same function.
        marks: per layer `[nets, width]` integers that become part of round 0 (individualised neurons).

    Raises:
        SpaceError: no MLP space, a tensor missing, unknown, of another shape, with a NaN or infinity, or with a number that float64
            would round (`exact.exact`).
    """
    arrays = stacked(space, vectors)
    layers = range(len(space.widths))
    weights = [_codes(arrays[f"W{layer}"]) for layer in layers[1:]]
    colours = _initial(space, arrays, marks)
    history, classes = [colours], [_net_classes(colours)]
    for _ in range(sum(colour.size for colour in colours)):  # every round but the last one splits a class
        finer = tuple(_refined(layer, colours, weights, direction) for layer in layers)
        if all(int(new.max()) == int(old.max()) for new, old in zip(finer, colours, strict=True)):
            return Refinement(space, tuple(history), tuple(classes))
        colours = finer
        history.append(colours)
        classes.append(_net_classes(colours))
    raise AssertionError("refinement did not end")


def stacked(space: WeightSpace, vectors: Sequence[Vector] | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Tensor name -> `[nets, *shape]` float64, checked, with -0.0 made 0.0.

    Raises:
        SpaceError: as `refine`.
    """
    shapes = space.shapes
    given = [vectors] if isinstance(vectors, Mapping) else vectors
    batch: tuple[int, ...] = ()
    for number, vector in enumerate(given):
        if set(vector) != set(shapes):
            missing, unknown = sorted(set(shapes) - set(vector)), sorted(map(str, set(vector) - set(shapes)))
            raise SpaceError(
                f"weight vector {number}: {space} has the tensors {', '.join(shapes)}; "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        if isinstance(vectors, Mapping):
            batch = np.shape(vector[next(iter(shapes))])[:1]
        for name, shape in shapes.items():
            got, wanted = _shape(vector[name], f"weight vector {number}: {name}"), batch + shape
            if got != wanted:
                raise SpaceError(f"weight vector {number}: {name} has shape {got}, in {space} it is {wanted}")
    if not given or batch == (0,):
        raise SpaceError("refinement needs at least one weight vector")
    if isinstance(vectors, Mapping):
        arrays = {name: exact(vectors[name], f"weight vectors: {name}") for name in shapes}
    else:
        numbered = list(enumerate(given))
        arrays = {
            name: np.stack([exact(v[name], f"weight vector {i}: {name}") for i, v in numbered]) for name in shapes
        }
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            place = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
            raise SpaceError(f"weight vector {place[0]}: {name}{list(place[1:])} is {array[place]}; weights are finite")
    return {name: array + 0.0 for name, array in arrays.items()}


def _shape(values: np.ndarray, where: str) -> tuple[int, ...]:
    try:
        return np.shape(values)
    except (TypeError, ValueError, RuntimeError):  # rows of several lengths
        return exact(values, where).shape


def rank_rows(rows: np.ndarray) -> np.ndarray:
    """`[n, k]` non-negative integers -> `[n]`: the rank of every row among the distinct rows, in lexicographic order."""
    if rows.shape[1] == 1:
        return _codes(rows[:, 0])
    # Big-endian words of one row, read as one string of bytes, sort as the row of numbers does.
    words = np.ascontiguousarray(rows.astype(">u4" if rows.max(initial=0) < 2**32 else ">u8"))
    return _codes(words.view(np.dtype((np.void, words.dtype.itemsize * words.shape[1])))[:, 0])


def _codes(values: np.ndarray) -> np.ndarray:
    """The rank of every entry among the distinct values, in the shape of `values`."""
    return np.unique(values, return_inverse=True)[1].reshape(values.shape)


def _initial(space: WeightSpace, arrays: Mapping[str, np.ndarray], marks: Sequence[np.ndarray] | None) -> Colours:
    widths = space.widths
    nets = len(arrays["b1"])
    colours = []
    for layer, width in enumerate(widths):
        fixed = np.tile(np.arange(width), (nets, 1))
        if layer == 0:
            colour = fixed
        else:
            colour = _codes(arrays[f"b{layer}"])
            if layer == len(widths) - 1:
                colour = _paired(fixed, colour)
        colours.append(colour if marks is None else _paired(colour, _codes(marks[layer])))
    return tuple(colours)


def _paired(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Ranks of the pairs of two arrays of ranks."""
    return _codes(first * (int(second.max()) + 1) + second)


def _refined(layer: int, colours: Colours, weights: Sequence[np.ndarray], direction: Direction) -> np.ndarray:
    """The colours of one layer after one more round."""
    old = colours[layer]
    # A neuron that is alone with its colour among all nets keeps it alone: the old colour stays in the new one.
    net, index = np.nonzero(np.bincount(old.ravel())[old] > 1)
    if not len(net):
        return old
    seen = np.zeros(len(net), dtype=np.int64)
    if layer > 0:
        seen = _paired(seen, _multisets(weights[layer - 1][net, index, :], colours[layer - 1], net))
    if layer < len(weights) and direction == "both":
        seen = _paired(seen, _multisets(weights[layer][net, :, index], colours[layer + 1], net))
    finer = np.zeros_like(old)
    finer[net, index] = seen
    return _paired(old, finer)


def _multisets(codes: np.ndarray, neighbours: np.ndarray, net: np.ndarray) -> np.ndarray:
    """Ranks of the multisets of (weight code, neighbour's colour), one a row."""
    pairs = codes * (int(neighbours.max()) + 1) + neighbours[net]
    pairs.sort(axis=1)
    return rank_rows(pairs)


def _net_classes(colours: Colours) -> np.ndarray:
    return rank_rows(np.concatenate([np.sort(layer, axis=1) for layer in colours], axis=1))
