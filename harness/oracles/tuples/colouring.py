"""Colour refinement of weight vectors of any space, exact, for any number of nets at once.

`joint` (what networks see that read all tensors of one pair of axes together, as UNF does), of the label and keys of `keys.py`:

    c_0(x)     = round-0 label of x
    c_{t+1}(x) = (c_t(x), label(x), c_t of every proper sub-tuple of x and of (), and for every key with one place more, for every
                  way to extend x into it, the multiset of c_{t+1} over the tuples that do)
    c_{t+1}(()) = (c_t(()), label, for every axis the multiset of c_{t+1} over its indices)

so that a round runs from the longest tuples down to single indices to the net. `split` (what message passing on a parameter graph
sees, as GMN does) has keys of at most two places, an own label and own multisets for the tensors of each *ordered* pair of axes,
and nothing that tells an index of the whole net. It is coarser; the two are one where no axis stands twice in a tensor and all
tensors of one pair of axes have them in one order: on MLPs, convolutions, transformer blocks.

Two nets are separated in round t if t is the first with different `c_t(())` (`split`: different histograms). On MLPs both have the
rounds and the stable classes of `refinement.refine`, which is what runs there.

Colours are ranks in lexicographic order, as in `refinement.py`. Only the longest keys get none of their own before they are asked
for: each of their tuples is told by its label and by the colours of its sub-tuples.

Source: ours; for three and more axes it is stronger than colours of single indices, which is what UNF needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...weights.space import SpaceError, WeightSpace
from ..refinement import rank_rows, refine, stacked
from .keys import Key, Labels, Ranks, columns_of, fold, key_of, keys, pattern, ranks, shape_of

if TYPE_CHECKING:
    from ...weights.pair import Vector

Kind = Literal["joint", "split"]
KINDS: tuple[Kind, ...] = ("joint", "split")
Colours = Mapping[Key, Ranks]
"""Key -> `[nets, *sizes]`, for all keys but the longest ones; a colour of one key says nothing of another key's."""


@dataclass(frozen=True)
class Relation:
    """What is known of the tuples of some places: of a key (`joint`), or of an ordered pair of axes (`split`).

    Args:
        places: the axes.
        made: makes their labels of round 1, `[nets, *sizes]`.
    """

    places: Key
    made: Callable[[], Ranks]

    @cached_property
    def label(self) -> Ranks:
        return self.made()


@dataclass(frozen=True)
class Colouring:
    """The colours of every round, up to the first stable one.

    Args:
        space: of the nets.
        kind: joint or split.
        relations: of the tuples that have no colours of their own; of `split` all of two places.
        rounds_of: per round the colours of all other keys.
        net_classes: per round `[nets]`: nets with one number are one to this kind of refinement.
    """

    space: WeightSpace
    kind: Kind
    relations: tuple[Relation, ...]
    rounds_of: tuple[Colours, ...]
    net_classes: tuple[np.ndarray, ...]

    @property
    def rounds(self) -> int:
        """Rounds until stable."""
        return len(self.rounds_of) - 1

    @property
    def stable(self) -> Colours:
        return self.rounds_of[-1]

    def classes(self) -> np.ndarray:
        """`[nets]`: the class of every net, numbered from 0."""
        return self.net_classes[-1]

    def of_axis(self, axis: str, number: int = -1) -> np.ndarray:
        """`[nets, size]`: colours of the indices of one permuted axis, stable ones or those of some round."""
        return self.rounds_of[number][(axis,)]

    def round_of_separation(self, i: int, j: int) -> int | None:
        """The first round in which nets `i` and `j` differ; None if none does."""
        return next((number for number, classes in enumerate(self.net_classes) if classes[i] != classes[j]), None)

    @property
    def is_discrete(self) -> np.ndarray:
        """`[nets, permuted axes]`: whether every index of the axis has a colour of its own within its net."""
        return self.discrete_in(-1)

    def discrete_in(self, number: int) -> np.ndarray:
        """As `is_discrete`, in some round."""
        alone = [
            (np.diff(np.sort(self.of_axis(axis, number), axis=1), axis=1) > 0).all(axis=1)
            for axis in self.space.permuted
        ]
        return np.stack(alone, axis=1) if alone else np.ones((len(self.classes()), 0), dtype=bool)

    def of_tuples(self, relation: Relation) -> Ranks:
        """Stable colours of tuples that have none of their own: of their label and of all their sub-tuples."""
        return ranks(fold([relation.label, *_below(self.stable, relation.places)]))

    def restricted(self, nets: np.ndarray) -> Colouring:
        """The stable round of some of the nets; the colours keep their numbers."""
        return Colouring(
            self.space,
            self.kind,
            tuple(Relation(relation.places, lambda of=relation: of.label[nets]) for relation in self.relations),
            ({key: colours[nets] for key, colours in self.stable.items()},),
            (self.classes()[nets],),
        )


def colour(
    space: WeightSpace,
    vectors: Sequence[Vector] | Mapping[str, np.ndarray],
    kind: Kind = "joint",
    *,
    marks: Mapping[str, np.ndarray] | None = None,
) -> Colouring:
    """Refine the nets jointly until stable.

    Args:
        vectors: weight vectors, or one map tensor name -> `[nets, *shape]`.
        marks: permuted axis -> `[nets, size]` integers that become part of round 0 (individualised indices).

    Raises:
        SpaceError: as `refinement.refine`, on any space; `split` of a tensor with three permuted axes.
    """
    if space.is_mlp:
        return _of_mlp(space, vectors, kind, marks)
    arrays = stacked(space, vectors)
    said, every = Labels(space, arrays), keys(space)
    nets = said.nets

    def label(key: Key, late: bool) -> Ranks:
        known = said.of(key, late)
        return np.zeros((nets, *shape_of(space, key)), dtype=np.int64) if known is None else known

    if kind == "split":
        relations = split_relations(space, arrays)
        coloured = [key for key in every if len(key) == 1]
    else:
        longest = [key for key in every if len(key) > 1 and not _extended(every, key)]
        relations = tuple(Relation(key, partial(label, key, True)) for key in longest)
        coloured = [key for key in every if key and key not in longest]
    colours: dict[Key, Ranks] = {}
    for key in coloured:
        start = label(key, False)
        colours[key] = ranks(fold([start, ranks(marks[key[0]])])) if marks and len(key) == 1 else start
    colours[()] = _of_nets(space, [label((), False)], colours)
    history = [colours]
    for number in range(sum(each.size for each in colours.values()) + 1):
        finer = dict(colours)
        for key in coloured:
            first = None if number else partial(said.of, key, True)
            finer[key] = _refined(key, colours, finer, relations, first, kind)
        own = [colours[()], *([] if number else [label((), True)])]
        finer[()] = _of_nets(space, own, finer)
        if all(int(finer[key].max()) == int(colours[key].max()) for key in colours):
            classes = tuple(each[()] for each in history)
            return Colouring(space, kind, relations, tuple(history), classes)
        colours = finer
        history.append(colours)
    raise AssertionError("refinement did not end")


def split_relations(space: WeightSpace, arrays: Mapping[str, np.ndarray]) -> tuple[Relation, ...]:
    """Of every ordered pair of axes that tensors join, the entries of those tensors.

    Raises:
        SpaceError: a tensor with three permuted axes; an edge of a parameter graph joins two.
    """
    parts: dict[Key, list[tuple[str, tuple[int, ...]]]] = {}
    for name, axes in space.tensors:
        order = tuple(place for place, axis in enumerate(axes) if axis in space.permuted)
        if len(order) > 2:
            raise SpaceError(
                f"tensor {name} of {space} has {len(order)} permuted axes; an edge of a parameter graph joins two"
            )
        if len(order) == 2:
            ends = axes[order[0]], axes[order[1]]
            parts.setdefault(ends, []).append((name, order))

    def made(ends: Key) -> Ranks:
        listed = list(pattern(ends, shape_of(space, ends)))
        for name, order in parts[ends]:
            columns = columns_of(space, space.axes[name], order, ranks(arrays[name]))
            listed += [columns[..., slot] for slot in range(columns.shape[-1])]
        return ranks(fold(listed)) if len(listed) > 1 else listed[0]

    return tuple(Relation(ends, partial(made, ends)) for ends in parts)


def entry_classes(
    space: WeightSpace, vectors: Sequence[Vector] | Mapping[str, np.ndarray], kind: Kind = "joint"
) -> dict[str, np.ndarray]:
    """Tensor -> `[nets, *shape]`: entries (of all nets) with one number are one to an equivariant map of this kind.

    `joint`: fixed indices, the stable colour of the tuple in the tensor's own order of places, and the net's class. `split`: the
    label of the tuple, the colours of its ends, and the class of the *component* of the parameter graph that the tensor lies
    in: an output in one component knows nothing of another one.
    """
    arrays = stacked(space, vectors)
    found = colour(space, arrays, kind)
    nets = len(found.classes())
    of_relation = {relation.places: found.of_tuples(relation) for relation in found.relations}
    component = _component_classes(found, arrays) if kind == "split" else {}
    classes = {}
    for name, axes in space.tensors:
        order = [place for place, axis in enumerate(axes) if axis in space.permuted]
        places = tuple(axes[place] for place in order)
        if kind == "joint":
            order.sort(key=lambda place: (space.permuted.index(axes[place]), place))
            places = key_of(space, axes)
        if not places and kind == "split":
            colours = np.zeros(nets, dtype=np.int64)
        else:
            colours = of_relation[places] if places in of_relation else found.stable[places]
        spread = colours.reshape(*colours.shape, *[1] * (len(axes) - len(order)))
        others = [place for place in range(len(axes)) if place not in order]
        back = np.argsort([*order, *others])
        spread = spread.transpose(0, *(place + 1 for place in back))
        shape = space.shapes[name]
        fixed = np.arange(int(np.prod([shape[place] for place in others], dtype=np.int64)))
        fixed = fixed.reshape([shape[place] if place in others else 1 for place in range(len(axes))])
        net = (component[name] if kind == "split" else found.classes()).reshape(nets, *[1] * len(axes))
        classes[name] = ranks(np.broadcast_to(fold([spread, fixed[None], net]), (nets, *shape)))
    return classes


def ends_of(space: WeightSpace, axes: tuple[str, ...]) -> tuple[str, ...]:
    """The axes that an edge of the parameter graph joins: the permuted ones, and where there are fewer, the first fixed ones."""
    first = sorted(range(len(axes)), key=lambda place: axes[place] not in space.permuted)[:2]
    return tuple(axes[place] for place in sorted(first))


def _component_classes(found: Colouring, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Tensor -> `[nets]`: what its component of the parameter graph looks like as a whole."""
    space = found.space
    root = {axis: axis for axis, _ in space.sizes}

    def top(axis: str) -> str:
        while root[axis] != axis:
            axis = root[axis]
        return axis

    for _, axes in space.tensors:
        ends = ends_of(space, axes)
        for axis in ends[1:]:
            root[top(axis)] = top(ends[0])
    nets = len(found.classes())
    rows: dict[str, list[np.ndarray]] = {}
    for axis in space.permuted:
        rows.setdefault(top(axis), []).append(np.sort(found.of_axis(axis), axis=1))
    for name, axes in space.tensors:
        if axes and not key_of(space, axes):
            rows.setdefault(top(ends_of(space, axes)[0]), []).append(ranks(arrays[name]).reshape(nets, -1))
    classes = {axis: rank_rows(np.concatenate(parts, axis=1)) for axis, parts in rows.items()}
    alone = np.zeros(nets, dtype=np.int64)
    return {name: classes[top(ends_of(space, axes)[0])] if axes else alone for name, axes in space.tensors}


def _extended(all_keys: Sequence[Key], key: Key) -> list[Key]:
    """The keys with one place more."""
    return [longer for longer in all_keys if len(longer) == len(key) + 1 and _places(longer, key)]


def _places(longer: Key, key: Key) -> list[int]:
    """The places of `longer` that, left out, leave `key`: one for each axis, since labels hold every order of a key's places."""
    found = {longer[place]: place for place in range(len(longer)) if longer[:place] + longer[place + 1 :] == key}
    return list(found.values())


def _below(colours: Colours, places: Key, holding: int | None = None) -> list[Ranks]:
    """The colours of all proper sub-tuples but (), in the shape of the tuples; only of those that hold one place, if asked."""
    found = []
    for size in range(len(places) - 1, 0, -1):
        for chosen in combinations(range(len(places)), size):
            if holding is None or holding in chosen:
                part = colours[tuple(places[place] for place in chosen)]
                found.append(part.reshape([len(part), *_spread(part.shape[1:], chosen, len(places))]))
    return found


def _spread(sizes: tuple[int, ...], chosen: Sequence[int], rank: int) -> list[int]:
    shape = [1] * rank
    for place, size in zip(chosen, sizes, strict=True):
        shape[place] = size
    return shape


def _refined(
    key: Key,
    colours: Colours,
    finer: Colours,
    relations: Sequence[Relation],
    first: Callable[[], Ranks | None] | None,
    kind: Kind,
) -> Ranks:
    """The colours of one key after one more round; `finer` holds those of longer keys already."""
    old = colours[key]
    # A tuple that is alone with its colour among all nets keeps it alone: the old colour stays in the new one.
    busy = np.bincount(old.ravel())[old] > 1
    where = np.nonzero(busy)
    if not len(where[0]):
        return old
    label = first() if first else None
    seen = [] if label is None else [label[where]]
    seen += [np.broadcast_to(part, old.shape)[where] for part in _below(colours, key)]
    if kind == "joint":
        seen.append(colours[()][where[0]])
        for longer in _extended(list(finer), key):
            seen += [_multisets(np.moveaxis(finer[longer], place + 1, -1)[where]) for place in _places(longer, key)]
    for relation in relations:
        for place in range(len(relation.places)) if kind == "split" else _places(relation.places, key):
            if relation.places[:place] + relation.places[place + 1 :] == key:
                codes = fold([relation.label, *_below(colours, relation.places, place)])
                seen.append(_multisets(np.moveaxis(codes, place + 1, -1)[where]))
    part = np.zeros(old.shape, dtype=np.int64)
    part[where] = ranks(fold(seen)) if seen else 0
    return ranks(fold([old, part]))


def _multisets(rows: np.ndarray) -> np.ndarray:
    """Ranks of the multisets in the rows."""
    rows = np.sort(rows, axis=1)
    return rank_rows(rows)


def _of_nets(space: WeightSpace, own: Sequence[np.ndarray], colours: Colours) -> np.ndarray:
    """`[nets]`: what was known of the nets themselves, and the multisets of colours of every axis."""
    return ranks(fold([*own, *(_multisets(colours[axis,]) for axis in space.permuted)]))


def _of_mlp(
    space: WeightSpace,
    vectors: Sequence[Vector] | Mapping[str, np.ndarray],
    kind: Kind,
    marks: Mapping[str, np.ndarray] | None,
) -> Colouring:
    """The refinement of an MLP's neurons, axis by axis; nothing is copied that it does not copy."""
    axes = [axis for axis, _ in space.sizes]
    listed = None
    if marks:
        nets = len(next(iter(marks.values())))
        listed = [marks.get(axis, np.zeros((nets, size), dtype=np.int64)) for axis, size in space.sizes]
    found = refine(space, vectors, marks=listed)

    def label(layer: int) -> Ranks:
        codes = ranks(stacked(space, vectors)[f"W{layer}"])
        return codes.swapaxes(1, 2) if kind == "joint" else codes

    relations = tuple(
        Relation(tuple(axes[layer - 1 : layer + 1][:: 1 if kind == "joint" else -1]), partial(label, layer))
        for layer in range(2, len(axes) - 1)
    )
    rounds_of = tuple(
        {
            **{(axis,): colours[layer] for layer, axis in enumerate(axes) if axis in space.permuted},
            (): classes,
        }
        for colours, classes in zip(found.colours, found.net_classes, strict=True)
    )
    return Colouring(space, kind, relations, rounds_of, found.net_classes)
