"""How two weight vectors are related, exactly: orbit, refinement round and function, with a certificate for each statement.

Laws: one orbit => 1-WL-equivalent => same function. `orbit` and `function` are "unknown" where no certificate was found; two
canonical forms that differ are none. A pair family's own word is checked, never trusted.

The certificate is plain data of a declared type (`core/certificates`) that binds itself to the two vectors by their SHA-256 and holds, under "refinement", "orbit" and
"function", one object each with the "relation" that it proves and the "kind" of proof:

| statement | kind | proof |
|---|---|---|
| refinement equivalent | `orbit` | follows from the permutation |
| | `colouring` | `colours`: per net, per layer; finer than round 0, stable, with equal histograms |
| refinement different | `round` | histograms agree up to `round - 1`; in `round` the colour of `neuron` (net, layer, index) has these `counts` |
| orbit same | `permutation` | `element`: axis -> images, maps v to w |
| orbit different | `refinement` | follows from refinement |
| | `rank`, `components`, `walks` | `invariants.py` |
| | `individualisation` | `individualisation.py` |
| function equal | `orbit`, `refinement` | follows; the latter also from a first difference after round L |
| | `forward-refinement` | the outputs have equal colours when only incoming edges count |
| | `normal-form` | `normal_form.py` |
| | `polyline` | equal at `points`, linear between them and beyond: `polyline.py` |
| | `signs` | equal normal forms, once the `bounds` of each net prove some of its neurons linear: `signs.py` |
| function different | `input` | at `x` the intervals `v` and `w` around output `output` are disjoint |

Layers are counted from 0 (inputs), floats are hexadecimal, other rationals are "numerator/denominator".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..core.certificates import Certificate, Statement, VectorRecord
from ..core.result import digest
from ..weights.exact import exact
from ..weights.space import WeightSpace
from ..weights.symmetry import GroupElement
from .function import function_relation
from .functions.signs import Bound
from .individualisation import individualising_neurons
from .invariants import differing_invariant
from .orbit import equal, moved, same_orbit
from .refinement import Refinement, refine, stacked

if TYPE_CHECKING:
    from ..weights.pair import Pair, Vector

PRINTED = 400
"""Weight vectors of up to this many entries are written out in their certificate."""


class ContradictedPair(ValueError):
    """A pair family says of a pair what exact arithmetic refutes; the family is at fault."""


@dataclass(frozen=True)
class Relation:
    """The certified relation of a pair.

    Args:
        orbit: "same", "different" or "unknown".
        round: the first refinement round that separates the two; None if they are 1-WL-equivalent.
        function: "equal", "different" or "unknown".
        certificate: as the module says, with its own digest under "sha256".
        general_position: for v and for w, whether the biases of every hidden layer are pairwise distinct.
        two_fwl: "equivalent", "different" or "unknown"; None where it was not asked (`two_fwl/relation.py`).
        two_fwl_round: the first round of folklore 2-WL that separates the two.
    """

    orbit: str
    round: int | None
    function: str
    certificate: Certificate = field(repr=False)
    general_position: tuple[bool, bool]
    two_fwl: str | None = None
    two_fwl_round: int | None = None


def certify(pair: Pair) -> Relation:
    """The relation of v and w in exact arithmetic, certified.

    Raises:
        ContradictedPair: `pair.element` does not map v to w, or `pair.function_equal` is given and an input refutes it.
        SpaceError: as `refinement.refine`.
    """
    space, v, w = pair.space, pair.v, pair.w
    both = stacked(space, [v, w])
    v, w = ({name: array[net] for name, array in both.items()} for net in (0, 1))
    refinement = refine(space, [v, w])
    parted = refinement.round_of_separation(0, 1)
    orbit = _orbit(space, v, w, pair.element, refinement)
    function = _function(space, v, w, orbit["relation"] == "same")
    if pair.function_equal is not None and function["relation"] == "different":
        raise ContradictedPair(f"the functions differ, but the family says that they are equal: {pair.function_equal}")
    positions = in_general_position(space, v), in_general_position(space, w)
    content = {
        "version": 1,
        "space": space.to_json(),
        "vectors": [_printed(space, vector) for vector in (v, w)],
        "refinement": _refinement(refinement, orbit["relation"] == "same"),
        "orbit": orbit,
        "function": function,
        "general_position": list(positions),
    }
    certificate = cast(Certificate, {**content, "sha256": digest(content)})
    return Relation(orbit["relation"], parted, function["relation"], certificate, positions)


def in_general_position(space: WeightSpace, v: Vector) -> bool:
    """Whether in every hidden layer the biases are pairwise distinct (theory.md, section 1)."""
    hidden = range(1, len(space.widths) - 1)
    return all(len(np.unique(v[f"b{layer}"])) == space.widths[layer] for layer in hidden)


def vector_digest(space: WeightSpace, v: Vector) -> str:
    """SHA-256 of the entries as little-endian float64, tensors in the order of the space, -0.0 written as 0.0."""
    content = b"".join((exact(v[name], name) + 0.0).astype("<f8").tobytes() for name in space.axes)
    return hashlib.sha256(content).hexdigest()


def _printed(space: WeightSpace, v: Vector) -> VectorRecord:
    printed: VectorRecord = {"sha256": vector_digest(space, v)}
    if space.parameters <= PRINTED:
        printed["entries"] = {name: [value.hex() for value in v[name].ravel().tolist()] for name in space.axes}
    return printed


def _refinement(refinement: Refinement, same: bool) -> Statement:
    parted = refinement.round_of_separation(0, 1)
    if same:
        return {"relation": "equivalent", "kind": "orbit"}
    if parted is None:
        colours = [[layer[net].tolist() for layer in refinement.stable] for net in (0, 1)]
        return {"relation": "equivalent", "kind": "colouring", "colours": colours}
    for layer, colours in enumerate(refinement.colours[parted]):
        counts = np.stack([np.bincount(colours[net], minlength=int(colours.max()) + 1) for net in (0, 1)])
        differing = np.flatnonzero(counts[0] != counts[1])
        if len(differing):
            colour = differing[0]
            net = int(counts[0, colour] == 0)
            neuron = [net, layer, int(np.flatnonzero(colours[net] == colour)[0])]
            return {
                "relation": "different",
                "kind": "round",
                "round": parted,
                "neuron": neuron,
                "counts": counts[:, colour].tolist(),
            }
    raise AssertionError("nets that refinement separates have a colour whose counts differ")


def _orbit(space: WeightSpace, v: Vector, w: Vector, claimed: GroupElement | None, refinement: Refinement) -> Statement:
    if claimed is not None:
        if not equal(space, moved(space, claimed, v), w):
            raise ContradictedPair(f"the family's group element ({claimed}) does not map v to w")
        return {"relation": "same", "kind": "permutation", "element": claimed.to_json()}
    if refinement.round_of_separation(0, 1) is not None:
        return {"relation": "different", "kind": "refinement"}
    decision = same_orbit(space, v, w, refinement=refinement)
    if decision.element is not None:
        return {"relation": "same", "kind": "permutation", "element": decision.element.to_json()}
    proof = differing_invariant(space, v, w) or individualising_neurons(space, v, w)
    if proof:
        return {"relation": "different", **proof}
    return {"relation": "unknown", "reason": f"{decision.reason}; no invariant or individualisation proves two orbits"}


def _bound(bound: Bound) -> dict[str, Any]:
    terms = [[*neuron, constraint, str(multiplier)] for neuron, constraint, multiplier in bound.terms]
    return {"neuron": list(bound.neuron), "side": bound.side, "terms": terms}


def _function(space: WeightSpace, v: Vector, w: Vector, same: bool) -> Statement:
    if same:
        return {"relation": "equal", "kind": "orbit"}
    decision = function_relation(space, v, w)
    if decision.kind == "polyline":
        return {"relation": "equal", "kind": "polyline", "points": [str(point) for point in decision.points]}
    if decision.kind == "signs":
        return {"relation": "equal", "kind": "signs", "bounds": [list(map(_bound, net)) for net in decision.bounds]}
    if decision.witness is None:
        return {"relation": decision.answer, "kind": decision.kind}
    return {
        "relation": "different",
        "kind": "input",
        "x": [c.hex() if isinstance(c, float) else str(c) for c in decision.witness.x],
        "output": decision.witness.output,
        "v": [str(end) for end in decision.witness.v],
        "w": [str(end) for end in decision.witness.w],
    }
