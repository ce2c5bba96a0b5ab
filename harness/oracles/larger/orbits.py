"""Are two weight vectors of a space in one orbit of a group that scales, signs, maps or shifts? Exact, with a witness or a certificate.

Law: "same" comes with an element over the rationals that has been applied to v and compared with w, entry by entry; "different" with
a certificate about the reductions of both; what is beyond is "unknown", with the reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.result import digest
from ...weights.exact import exact
from ...weights.groups import Factor, Group
from ...weights.pair import Pair
from ..orbit import SECONDS
from ..tuples.orbits import canonical_form, same_orbit
from ..tuples.relation import certify
from .parts import Undecided
from .reduction import Reductions, rationals, reductions, unsigned
from .unfolding import unfolded
from .witness import Exact, applied, element

if TYPE_CHECKING:
    from ...weights.pair import Vector


@dataclass(frozen=True)
class Decision:
    """Whether two weight vectors are in one orbit of a group.

    Args:
        answer: "same", "different" or "unknown".
        element: over the rationals, with `g v = w`, where the answer is "same"; of what is permuted within an outer axis, by the
            pairs of both (`unfolding.py`).
        reason: what decided, in one line.
    """

    answer: str
    element: Exact | None
    reason: str


def same_orbit_under(of: Group, v: Vector, w: Vector, *, seconds: float = SECONDS) -> Decision:
    """Decide whether `w = g v` for some element of a group.

    Raises:
        SpaceError: vectors that do not fit the space.
    """
    try:
        of, (v, w) = unfolded(of, [v, w])
        reduced = reductions(of, [v, w])
    except Undecided as reason:
        return Decision("unknown", None, str(reason))
    found = same_orbit(reduced.space, reduced.nets[0], reduced.nets[1], seconds=seconds)
    if found.element is None:
        return Decision(found.answer, None, f"of the reductions: {found.reason}")
    signed = [factor.axis for factor in of.factors if factor.kind.signs]
    moves = unsigned({axis: images for axis, images in found.element.permutations if axis in signed}, of.space.size)
    images = {axis: images for axis, images in found.element.permutations if axis not in signed}
    images |= {axis: each[0] for axis, each in moves.items()}
    try:
        g = element(
            of, images, {axis: each[1] for axis, each in moves.items()}, v, reduced.on_way[0], reduced.on_way[1]
        )
    except (ArithmeticError, AssertionError) as error:
        return _unknown(reduced, f"no element was found: {error}")
    moved = applied(of, g, v)
    for name in of.space.axes:
        if not (moved[name] == rationals(exact(w[name], name))).all():
            return _unknown(reduced, f"the element that was found misses {name}")
    return Decision("same", g, "an element maps one to the other")


def _unknown(reduced: Reductions, why: str) -> Decision:
    return Decision("unknown", None, reduced.loose or f"the reductions are one orbit, but {why}")


def normal_form(of: Group, v: Vector, *, seconds: float = SECONDS) -> str | None:
    """A digest that is one for all vectors of an orbit, and another one for every other orbit; None where that is undecided."""
    try:
        of, (v,) = unfolded(of, [v])
        reduced = reductions(of, [v])
    except Undecided:
        return None
    form = None if reduced.loose else canonical_form(reduced.space, reduced.nets[0], seconds=seconds)
    if form is None:
        return None
    entries = {name: array.astype(int).tolist() for name, array in form.items()}
    return digest({"entries": entries, "values": list(map(str, reduced.values))})


def certify_under(of: Group, v: Vector, w: Vector) -> dict[str, Any]:
    """What `same_orbit_under` says, as plain data that `verification` can check without the oracles.

    `different` holds the certificate of the reductions, which are derived again; `same` the element, which is applied again.
    """
    decision = same_orbit_under(of, v, w)
    said: dict[str, Any] = {"relation": decision.answer}
    if decision.element is not None:
        said["element"] = decision.element.to_json()
    elif decision.answer == "different":
        reduced = reductions(*unfolded(of, [v, w]))
        inner = certify(Pair(reduced.space, reduced.nets[0], reduced.nets[1]))
        said = (
            {"relation": inner.orbit, "reductions": inner.certificate}
            if inner.orbit == "different"
            else {"relation": "unknown"}
        )
    if said["relation"] == "unknown":
        said["reason"] = decision.reason
    content = {
        "version": 1,
        "space": of.space.to_json(),
        "group": [_told(factor) for factor in of.factors],
        "vectors": [_sha256(of, u) for u in (v, w)],
        "orbit": said,
    }
    return {**content, "sha256": digest(content)}


def _told(factor: Factor) -> list[str | None]:
    return [factor.axis, str(factor.kind), factor.within]


def _sha256(of: Group, v: Vector) -> str:
    data = b"".join(np.asarray(exact(v[n], n) + 0.0, dtype="<f8").tobytes() for n in of.space.axes)
    return hashlib.sha256(data).hexdigest()
