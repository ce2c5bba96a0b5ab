"""A statement about orbits under a larger group, checked again: the element is applied, or both vectors are reduced and the certificate
of their reductions is checked.

Shares nothing with `oracles/larger` but the definition of the reduction (its table): every entry is a `Fraction` in a dictionary, sums
run over indices one by one, projectors come from Gram and Schmidt, scales from distances. Slow and obvious on purpose."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.result import digest
from ...weights.groups import Group
from ...weights.pair import Pair, Vector
from ..certificate import MALFORMED, plus_zero, problem_of
from ..exact.refuted import Refuted, demand
from .element import check_element
from .reduction import reduced
from .unfolding import unfolded

KEYS = {"version", "space", "group", "vectors", "orbit", "sha256"}


def problem_under(certificate: Mapping[str, Any], of: Group, v: Vector, w: Vector) -> str | None:
    """What is wrong with a certificate of `certify_under` for these vectors, or None. "unknown" claims nothing and is right."""
    try:
        _check(certificate, of, [plus_zero(of.space, u) for u in (v, w)])
    except Refuted as error:
        return str(error)
    except (*MALFORMED, AssertionError) as error:
        return f"malformed: {type(error).__name__} {' '.join(str(error).split())[:200]}"
    return None


def _check(said: Mapping[str, Any], of: Group, nets: Sequence[Vector]) -> None:
    demand(set(said) == KEYS, "a certificate has its keys")
    demand(
        said["sha256"] == digest({k: x for k, x in said.items() if k != "sha256"}), "the digest is that of the content"
    )
    demand(said["version"] == 1 and said["space"] == of.space.to_json(), "the version and the space")
    demand(said["group"] == [[f.axis, str(f.kind), f.within] for f in of.factors], "the group")
    for net, printed in zip(nets, said["vectors"], strict=True):
        data = b"".join(np.asarray(net[name], dtype="<f8").tobytes() for name in of.space.axes)
        demand(printed == hashlib.sha256(data).hexdigest(), "the vectors are those of the question")
    orbit = said["orbit"]
    of, nets = unfolded(of, nets)
    demand(orbit["relation"] in ("same", "different", "unknown"), "a relation")
    if orbit["relation"] == "same":
        demand(set(orbit) == {"relation", "element"}, "an element alone")
        check_element(of, nets, orbit["element"])
    elif orbit["relation"] == "different":
        demand(set(orbit) == {"relation", "reductions"}, "the reductions alone")
        space, vectors = reduced(of, nets)
        inner = orbit["reductions"]
        parted = inner["refinement"].get("round")
        demand(inner["orbit"]["relation"] == "different", "the reductions are two orbits")
        row = ["different", parted, inner["function"]["relation"]]
        problem = problem_of(inner, Pair(space, vectors[0], vectors[1]), row)
        demand(problem is None, f"the certificate of the reductions: {problem}")
