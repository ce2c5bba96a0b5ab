"""One certificate: whether it speaks of these very vectors, agrees with itself, and each of its statements follows by its proof.

Shares nothing with the oracles but data types; slow and obvious on purpose. The proofs are checked in `proofs`, a file a kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core.certificates import Certificate, Part, Statement, key_of
from ..core.result import digest
from ..weights.exact import exact
from ..weights.pair import Pair, Vector
from ..weights.space import WeightSpace
from .exact.refuted import Refuted, demand
from .exact.subject import Subject
from .proofs import CHECKS

MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a statement that is none may raise."""


def problem_of(certificate: Certificate | Mapping[str, Any], pair: Pair, row_says: Sequence[Any]) -> str | None:
    """What is wrong with a certificate for this pair, or None.

    Args:
        row_says: orbit, refinement round and function, as the row's evidence has them; where 2-FWL was asked its relation and
            round, too.
    """
    try:
        check(certificate, pair.space, [plus_zero(pair.space, u) for u in (pair.v, pair.w)], row_says)
    except Refuted as error:
        return str(error)
    except MALFORMED as error:
        return f"malformed: {type(error).__name__} {' '.join(str(error).split())[:200]}"
    return None


def plus_zero(space: WeightSpace, vector: Vector) -> dict[str, np.ndarray]:
    """The vector in float64 without a negative zero, which is the same weight as zero."""
    return {name: exact(vector[name], name) + 0.0 for name in space.axes}


def check(certificate: Mapping[str, Any], space: WeightSpace, nets: Sequence[Vector], row_says: Sequence[Any]) -> None:
    """Raises Refuted if a statement does not hold."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    asked = [part for part in Part if part is not Part.TWO_FWL or part in certificate]
    keys = {*Certificate.__annotations__} - {*Part} | {*asked}
    demand(set(certificate) == keys, "a certificate has its keys")
    demand(certificate["sha256"] == digest(content), "the digest is that of the content")
    demand(content["version"] == 1 and content["space"] == space.to_json(), "the version and the space")
    for net, printed in zip(nets, content["vectors"], strict=True):
        data = b"".join(np.asarray(net[name], dtype="<f8").tobytes() for name in space.axes)
        demand(printed["sha256"] == hashlib.sha256(data).hexdigest(), "the vectors are those of the row")
        for name, entries in printed.get("entries", {}).items():
            demand(entries == [entry.hex() for entry in net[name].ravel().tolist()], f"the entries of {name}")
    positions = [general_position(space, net) for net in nets]
    stated = content["general_position"]
    demand(stated == positions and all(type(each) is bool for each in stated), "general position")
    said = {part: content[part] for part in asked}
    relations = {part: said[part]["relation"] for part in asked}
    demand(list(row_says) == row_of(said), "the row says what its certificate says")
    demand(consistent(relations, space.is_mlp), "one orbit => 1-WL-equivalent => the same function")
    demand(arrows(said), "one orbit => 2-FWL-equivalent => 1-WL-equivalent, and 2-FWL parts no later than 1-WL")
    subject = Subject(space, nets, relations)
    for part in asked:
        proof = CHECKS.get(key_of(part, said[part]))
        if proof is None:
            raise Refuted(f"does not hold: a known kind of {part} statement")
        proof(subject, said[part])


def row_of(said: Mapping[Part, Statement]) -> list[Any]:
    """Orbit, round and function, as the row of such a certificate has them, and of 2-FWL relation and round where asked."""
    pairs = said.get(Part.TWO_FWL)
    by_pairs = [] if pairs is None else [pairs["relation"], pairs.get("round")]
    return [
        said[Part.ORBIT]["relation"],
        said[Part.REFINEMENT].get("round"),
        said[Part.FUNCTION]["relation"],
        *by_pairs,
    ]


def consistent(relations: Mapping[Part, str], of_mlps: bool = True) -> bool:
    """Whether the parts do not contradict each other (theory.md, section 4); beyond MLPs a function need not be known."""
    orbit, refinement, function = (relations[part] for part in (Part.ORBIT, Part.REFINEMENT, Part.FUNCTION))
    if orbit == "same":
        return refinement == "equivalent" and function == "equal"
    if refinement == "equivalent":
        return function == "equal" or (function == "unknown" and not of_mlps)
    return orbit == "different"


def arrows(said: Mapping[Part, Statement]) -> bool:
    """Whether 2-FWL, where asked, lies between orbits and 1-WL, round by round (theory.md, section 8)."""
    pairs = said.get(Part.TWO_FWL)
    if pairs is None or pairs["relation"] == "unknown":
        return True
    if pairs["relation"] == "equivalent":
        return said[Part.REFINEMENT]["relation"] == "equivalent"
    by_nodes = said[Part.REFINEMENT].get("round")
    return said[Part.ORBIT]["relation"] != "same" and (by_nodes is None or pairs["round"] <= by_nodes)


def general_position(space: WeightSpace, net: Vector) -> bool:
    """Whether the biases of every hidden layer are pairwise distinct (theory.md, section 1); beyond MLPs, on every permuted axis the
    vectors of the entries of all tensors that have this axis alone."""

    def told(axis: str, i: int) -> tuple[float, ...]:
        return tuple(net[name].tolist()[i] for name, axes in space.tensors if axes == (axis,))

    return all(len({told(axis, i) for i in range(space.size[axis])}) == space.size[axis] for axis in space.permuted)
