"""How two weight vectors of any space are related, exactly, with a certificate for each statement; of MLPs as `oracles/relation.py`.

Beyond MLPs the statements are those of the table there, with permuted axes for layers. Refinement is `joint`; `fixed-tensor` is the
proof that a tensor without a permuted axis differs. Two nets that refinement never parts compute the same function where the space
is one whose function is known: indices of one stable colour have one activation on every input. Whether functions of nets that it
parts are equal is decided for MLPs, and for factor pairs by their products; of others it is "unknown".
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from ...core.certificates import Certificate, Statement
from ...core.certificates.normal_form import PRODUCTS
from ...core.result import digest
from ...weights.networks.forms import has_function
from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement
from ..invariants import differing_invariant
from ..orbit import equal, moved
from ..refinement import stacked
from ..relation import PRINTED, ContradictedPair, Relation, vector_digest
from ..relation import certify as certify_mlp
from .colouring import Colouring, colour
from .individualisation import individualising_indices
from .keys import key_of
from .orbits import same_orbit

if TYPE_CHECKING:
    from ...weights.pair import Pair, Vector


def certify(pair: Pair) -> Relation:
    """The relation of v and w in exact arithmetic, certified.

    Raises:
        ContradictedPair: `pair.element` does not map v to w.
        SpaceError: as `colour`.
    """
    space = pair.space
    if space.is_mlp:
        return certify_mlp(pair)
    both = stacked(space, [pair.v, pair.w])
    v, w = ({name: array[net] for name, array in both.items()} for net in (0, 1))
    joint = colour(space, both)
    orbit = _orbit(space, v, w, pair.element, joint)
    parted = joint.round_of_separation(0, 1)
    function: Statement = {"relation": "unknown", "kind": "none"}
    if orbit["relation"] == "same":
        function = {"relation": "equal", "kind": "orbit"}
    elif parted is None and has_function(space):
        function = {"relation": "equal", "kind": "refinement"}
    elif space.network is not None and space.network.name == "lora" and has_function(space):
        function = _of_products(space, v, w)
    positions = order_zero(space, v), order_zero(space, w)
    printed = [{"sha256": vector_digest(space, u)} for u in (v, w)]
    if space.parameters <= PRINTED:
        for into, u in zip(printed, (v, w), strict=True):
            into["entries"] = {name: [entry.hex() for entry in u[name].ravel().tolist()] for name in space.axes}  # type: ignore[assignment]
    content = {
        "version": 1,
        "space": space.to_json(),
        "vectors": printed,
        "refinement": _refinement(joint, both, orbit["relation"] == "same"),
        "orbit": orbit,
        "function": function,
        "general_position": list(positions),
    }
    certificate = cast(Certificate, {**content, "sha256": digest(content)})
    return Relation(orbit["relation"], parted, function["relation"], certificate, positions)


def _of_products(space: WeightSpace, v: Vector, w: Vector) -> Statement:
    """Of factor pairs: the function is `x -> B_k A_k x` for every layer, so the exact products decide."""
    layers = range(1, len(space.tensors) // 2 + 1)
    if sum(v[f"B{k}"].size * v[f"A{k}"].shape[1] for k in layers) > PRODUCTS:
        return {"relation": "unknown", "kind": "none"}
    for k in layers:
        one, two = (_rationals(u[f"B{k}"]) @ _rationals(u[f"A{k}"]) for u in (v, w))
        differing = np.argwhere(one != two)
        if len(differing):
            row, column = differing[0].tolist()
            return {"relation": "different", "kind": "products", "layer": k, "row": row, "column": column}
    return {"relation": "equal", "kind": "products"}


def _rationals(array: np.ndarray) -> np.ndarray:
    return np.vectorize(Fraction, otypes=[object])(array)


def round_of(pair: Pair, kind: str) -> int | None:
    """The first round in which refinement of one kind separates the two; None if none does.

    Raises:
        SpaceError: as `colour`.
    """
    return colour(pair.space, [pair.v, pair.w], "split" if kind == "split" else "joint").round_of_separation(0, 1)


def order_zero(space: WeightSpace, v: Vector) -> bool:
    """Whether on every permuted axis the vectors of the tensors that have this axis alone are pairwise distinct.

    Of an MLP: general position. False where an axis has no such tensor.
    """
    for axis in space.permuted:
        told = [v[name] for name, axes in space.tensors if axes == (axis,)]
        rows = np.stack(told, axis=1) if told else np.zeros((space.size[axis], 1))
        if len(np.unique(rows, axis=0)) != len(rows):
            return False
    return True


def _refinement(joint: Colouring, both: dict[str, np.ndarray], same: bool) -> Statement:
    space, parted = joint.space, joint.round_of_separation(0, 1)
    if same:
        return {"relation": "equivalent", "kind": "orbit"}
    if parted is None:
        colours = [[joint.of_axis(axis)[net].tolist() for axis in space.permuted] for net in (0, 1)]
        return {"relation": "equivalent", "kind": "colouring", "colours": colours}
    for number, axis in enumerate(space.permuted):
        colours = joint.of_axis(axis, parted)
        counts = np.stack([np.bincount(own, minlength=int(colours.max()) + 1) for own in colours])
        differing = np.flatnonzero(counts[0] != counts[1])
        if len(differing):
            first = differing[0]
            net = int(counts[0, first] == 0)
            neuron = [net, number, int(np.flatnonzero(colours[net] == first)[0])]
            told = {"round": parted, "neuron": neuron, "counts": counts[:, first].tolist()}
            return {"relation": "different", "kind": "round", **told}
    for name, axes in space.tensors:
        if not key_of(space, axes) and (len(axes) > 1) == parted and not np.array_equal(*both[name]):
            return {"relation": "different", "kind": "fixed-tensor", "round": parted, "tensor": name}
    raise AssertionError("nets that refinement separates have a colour whose counts differ")


def _orbit(space: WeightSpace, v: Vector, w: Vector, claimed: GroupElement | None, joint: Colouring) -> Statement:
    if claimed is not None:
        if not equal(space, moved(space, claimed, v), w):
            raise ContradictedPair(f"the family's group element ({claimed}) does not map v to w")
        return {"relation": "same", "kind": "permutation", "element": claimed.to_json()}
    if joint.round_of_separation(0, 1) is not None:
        return {"relation": "different", "kind": "refinement"}
    decision = same_orbit(space, v, w, colouring=joint)
    if decision.element is not None:
        return {"relation": "same", "kind": "permutation", "element": decision.element.to_json()}
    proof = differing_invariant(space, v, w) or individualising_indices(space, v, w)
    if proof:
        return {"relation": "different", **proof}
    return {"relation": "unknown", "reason": f"{decision.reason}; no invariant or individualisation proves two orbits"}
