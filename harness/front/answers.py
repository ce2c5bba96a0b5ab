"""Answers about weight vectors in plain Python: one call, one answer, with the witness that anyone can apply.

Law: `same_orbit` says "same" only with an element g such that `g v` has been computed and equals w entry by entry; "different" only
with a proof; "unknown" is an answer. All is exact, in the floats as they are; -0.0 equals 0.0.

A weight vector is given as `Weights` with a batch of one, or as arrays by tensor name together with `space=`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..oracles.orbit import SECONDS
from ..oracles.orbit import moved as _moved
from ..oracles.refinement import stacked as _stacked
from ..oracles.relation import Relation, vector_digest
from ..oracles.tuples.orbits import canonical_element as _canonical_element
from ..oracles.tuples.orbits import same_orbit as _decided
from ..oracles.tuples.relation import certify
from ..weights.batch import Weights
from ..weights.pair import Pair, Vector
from ..weights.readers.loading import Reading
from ..weights.readers.records import Loaded, Network, Unread
from ..weights.space import SpaceError, WeightSpace
from ..weights.symmetry import GroupElement
from ..zoo.imported import networks_at

SHOWN = 80
"""Characters of a group element that a `repr` shows."""


MOST_PATHS = 3
"""Paths that a message names."""


class Undecided(ValueError):
    """What was asked has an answer, but not within the budget; give more seconds."""


@dataclass(frozen=True, repr=False)
class OrbitAnswer:
    """Whether two weight vectors are copies of each other under permutations of hidden neurons.

    Args:
        answer: "same", "different" or "unknown".
        element: g with `g v = w`, applied and compared, where the answer is "same"; else None.
        reason: what decided, in one line.

    As a condition it is true for "same" and false for "different"; for "unknown" it raises `Undecided`.
    """

    answer: str
    element: GroupElement | None
    reason: str

    def __bool__(self) -> bool:
        if self.answer == "unknown":
            raise Undecided(f"neither: {self.reason}")
        return self.answer == "same"

    def __repr__(self) -> str:
        told = f"same, {_short(str(self.element))}" if self.element else f"{self.answer}, {self.reason}"
        return f"OrbitAnswer({told})"


@dataclass(frozen=True, repr=False)
class PositionAnswer:
    """Whether a weight vector is in general position: in every hidden layer the biases are pairwise distinct.

    Args:
        holds: the answer, also as a condition.
        ties: hidden layer (from 1) -> groups of neurons (from 0) with one bias; empty iff it holds.
    """

    holds: bool
    ties: dict[int, list[list[int]]]

    def __bool__(self) -> bool:
        return self.holds

    def __repr__(self) -> str:
        told = "; ".join(
            f"b{layer}: " + ", ".join("=".join(map(str, group)) for group in groups)
            for layer, groups in self.ties.items()
        )
        return f"PositionAnswer({self.holds}{_short(f'; {told}') if told else ''})"


@dataclass(frozen=True, repr=False)
class CanonicalForm:
    """The representative of an orbit: the same, entry by entry, for every `g v`.

    Args:
        weights: the form, a batch of one in float64.
        element: g with `g v` = the form.
        sha256: of the form's entries; equal for two weight vectors of one space iff they are in one orbit.
    """

    weights: Weights
    element: GroupElement
    sha256: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CanonicalForm) and (self.weights.space, self.sha256) == (
            other.weights.space,
            other.sha256,
        )

    def __hash__(self) -> int:
        return hash((self.weights.space, self.sha256))

    def __repr__(self) -> str:
        return f"CanonicalForm({self.weights.space}, sha256={self.sha256[:12]})"


def same_orbit(
    v: Weights | Vector, w: Weights | Vector, space: WeightSpace | None = None, *, seconds: float = SECONDS
) -> OrbitAnswer:
    """Whether `w = g v` for a permutation g of hidden neurons, with g.

    Args:
        v, w: weight vectors of one space.
        space: of both, where they are given as arrays.
        seconds: budget of each of at most two canonical labellings; neurons that refinement tells apart need none.

    Raises:
        SpaceError: weights that do not fit the space, are not finite, or are of two spaces; a batch of several.
    """
    own, first, second = two_vectors(v, w, space)
    found = _decided(own, first, second, seconds=seconds)
    return OrbitAnswer(found.answer, found.element, found.reason)


def relation(v: Weights | Vector, w: Weights | Vector, space: WeightSpace | None = None) -> Relation:
    """How two weight vectors are related: orbit, refinement round and function, with a certificate for each statement.

    The answer has `orbit` ("same", "different", "unknown"), `round` (the first in which refinement parts the two, None if never),
    `function` ("equal", "different", "unknown"), `general_position` of both, and the `certificate`: the permutation, the input at
    which the functions differ, or another proof, as plain data that binds itself to the two vectors by their SHA-256.

    All of it is about the floats as they are: a copy by factors that floats round computes another function in the last bits, and is
    "different" here; `duplicates` says `rounded` of it.

    Raises:
        SpaceError: as `same_orbit`.

    Source: docs/theory.md, section 4.
    """
    own, first, second = two_vectors(v, w, space)
    return certify(Pair(own, first, second))


def in_general_position(v: Weights | Vector, space: WeightSpace | None = None) -> PositionAnswer:
    """Whether the biases of every hidden layer are pairwise distinct, with the neurons that tie.

    Raises:
        SpaceError: as `same_orbit`, and for spaces that are not those of MLPs.

    Source: docs/theory.md, section 1.
    """
    own, vector = _one(v, space)
    hidden = range(1, len(own.widths) - 1)
    ties = {layer: groups for layer in hidden if (groups := _tied(vector[f"b{layer}"]))}
    return PositionAnswer(not ties, ties)


def canonical_form(v: Weights | Vector, space: WeightSpace | None = None, *, seconds: float = SECONDS) -> CanonicalForm:
    """The representative of v's orbit under permutations of hidden neurons; two forms are equal iff the orbits are.

    Raises:
        SpaceError: as `same_orbit`.
        Undecided: no canonical labelling within `seconds`; networks in general position need none.
    """
    own, vector = _one(v, space)
    found = _canonical_element(own, vector, seconds=seconds)
    if found is None:
        raise Undecided(f"no canonical labelling of {own} within {seconds:g} s; give more seconds")
    form = _moved(own, found, vector)
    return CanonicalForm(Weights.from_arrays(own, [form]), found, vector_digest(own, form))


def load_weights(
    path: str | Path | Iterable[str | Path],
    *,
    activation: str | None = None,
    order: Sequence[str] | None = None,
    orientation: Literal["out-in", "in-out"] | None = None,
    key: str | None = None,
    ignore: Sequence[str] = (),
) -> Weights:
    """The networks of a file, a folder, a pattern or a manifest, or of several, which are of one space, as a batch in float64.

    Args:
        path: what is read, in this order: see `weights/readers`; no code of a file is run.
        activation: of networks whose file names none; relu by default.
        order: names of the layers, first to last, where their numbers do not say it.
        orientation: of all weights, where shapes and names leave two.
        key: under which a file holds the network.
        ignore: names or patterns of entries that are no weights of the network.

    Raises:
        ValueError: a file that cannot be read, none at all, networks of several spaces, or an option that is none; the message is
            one line.
    """
    for option, given in (("order", order), ("ignore", ignore)):
        if isinstance(given, str):
            raise ValueError(f'{option}="{given}"; allowed: a list of names, as {given.split(",")}')
    paths = [path] if isinstance(path, str | Path) else list(path) if isinstance(path, Iterable) else [path]
    other = next((one for one in paths if not isinstance(one, str | Path)), None)
    if other is not None or None in paths:
        got = "None" if other is None else f"a {type(other).__name__}"
        raise ValueError(f"got {got}; allowed: a path, or a list of paths")
    layers = None if order is None else tuple(order)
    read = list(networks_at(map(str, paths), Reading(activation, layers, orientation, key, ignore=tuple(ignore))))
    found = Loaded(
        tuple(one for one in read if isinstance(one, Network)), tuple(one for one in read if isinstance(one, Unread))
    )
    if found.unread:
        first, *others = found.unread
        more = f" (and {len(others)} more files)" if others else ""
        raise ValueError(f"{first.line}{more}")
    if len(found.spaces) != 1:
        listed = "; ".join(f"{len(nets)} of {space}" for space, nets in found.spaces.items())
        shown = ", ".join(map(str, paths[:MOST_PATHS])) + (", ..." if len(paths) > MOST_PATHS else "")
        if not found.spaces:
            raise ValueError(f"{shown or 'no path'}: no network was given")
        raise ValueError(f"{shown}: networks of {len(found.spaces)} spaces ({listed}); a batch has one")
    ((space, networks),) = found.spaces.items()
    return Weights.from_arrays(space, [network.arrays for network in networks])


def two_vectors(
    v: Weights | Vector, w: Weights | Vector, space: WeightSpace | None
) -> tuple[WeightSpace, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The space of two weight vectors, and the arrays of each, checked.

    Raises:
        SpaceError: as `same_orbit`.
    """
    known = [u.space for u in (v, w) if isinstance(u, Weights)]
    if space is None and len(known) == 1:
        space = known[0]
    (own, first), (other, second) = _called("v", v, space), _called("w", w, space)
    if own != other:
        raise SpaceError(f"two spaces: {own} and {other}; vectors are compared within one")
    return own, first, second


def demand_space(given: object) -> None:
    """Refuse what is no weight space."""
    if not isinstance(given, WeightSpace):
        raise SpaceError(f"space={given!r}; allowed: a WeightSpace, as orbitcheck.mlp(2, 8, 1)")


def _called(name: str, v: Weights | Vector, space: WeightSpace | None) -> tuple[WeightSpace, dict[str, np.ndarray]]:
    """As `_one`; a message names the one of two that it is about."""
    try:
        return _one(v, space)
    except SpaceError as error:
        raise SpaceError(str(error).replace("weight vector 0", name, 1)) from None


def _one(v: Weights | Vector, space: WeightSpace | None) -> tuple[WeightSpace, dict[str, np.ndarray]]:
    """The space and the arrays of one weight vector, checked."""
    if space is not None:
        demand_space(space)
    if isinstance(v, Weights):
        if space is not None and space != v.space:
            raise SpaceError(f"the weights are of {v.space}, but space is {space}")
        if v.batch != 1:
            raise SpaceError(f"a batch of {v.batch} weight vectors; give one, as v[0]")
        own, arrays = v.space, v.arrays()
    elif not isinstance(v, Mapping):
        got = "None" if v is None else f"a {type(v).__name__}"
        raise SpaceError(
            f"got {got}; allowed: Weights with one network, or a mapping of tensor names to arrays with space=..."
        )
    elif space is None:
        raise SpaceError("arrays need space=..., as in orbitcheck.mlp(2, 8, 1)")
    else:
        own, arrays = space, v
    return own, {name: array[0] for name, array in _stacked(own, [arrays]).items()}


def _tied(biases: np.ndarray) -> list[list[int]]:
    _, codes, counts = np.unique(biases, return_inverse=True, return_counts=True)
    return sorted(np.flatnonzero(codes == code).tolist() for code in np.flatnonzero(counts > 1))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"
