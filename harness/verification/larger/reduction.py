"""The reductions of two vectors under a larger group, in which refinement and orbits under permutations decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...weights.groups import Group, roles_of
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..exact.refuted import demand
from .products import taken_out
from .scales import distances, doubled, loose_in, normalise_
from .tensors import Tensors, shift_, tensors_of


def reduced(of: Group, nets: Sequence[Vector]) -> tuple[WeightSpace, list[dict[str, np.ndarray]]]:
    """The reductions of the nets by the table of `oracles/larger/reduction.py`.

    Raises:
        Refuted: the group or the vectors have none.
    """
    # Half turns are nobody's business: multiples of pi are no rationals but for zero, so they relate no two vectors.
    linear = {f.axis: f for f in of.factors if f.kind.maps or f.kind.rotates or f.kind.rotary}
    scaled = {f.axis for f in of.factors if f.kind.scales}
    signed = {f.axis: f for f in of.factors if f.kind.signs}
    started, sized = [tensors_of(of, net) for net in nets], []
    for tensors in started:
        _unshifted(of, tensors)
        if scaled:
            (read,), _, _ = taken_out([tensors], linear)
            sized.append(distances(read, scaled))
            normalise_(tensors, sized[-1], scaled)
    done, full, loose = taken_out(started, linear)
    loose = loose or any(loose_in(t, set(linear), scaled, known) for t, known in zip(started, sized, strict=False))
    if not loose and not full:
        done, _, _ = taken_out(started, linear, projected=True)
    ended = [doubled({n: found[n] for n in (sorted(found) if linear else found)}, signed) for found in done]
    values = sorted({x for found in ended for _, entries in found.values() for x in entries.values()})
    code = {x: float(n) for n, x in enumerate(values)}
    sizes: dict[str, int] = {}
    vectors: list[dict[str, np.ndarray]] = []
    for found in ended:
        vectors.append({})
        for name, (places, entries) in found.items():
            shape = tuple(1 + max(place[p] for place in entries) for p in range(len(places)))
            sizes |= {axis: n for (axis, _), n in zip(places, shape, strict=True)}
            array = np.zeros(shape)
            for place, x in entries.items():
                array[place] = code[x]
            vectors[-1][name] = array
    moving = {f.axis for f in of.factors if f.kind.permutes and f.axis not in linear} | set(signed)
    space = WeightSpace(
        tuple((name, tuple(axis for axis, _ in places)) for name, (places, _) in ended[0].items()),
        tuple(sizes.items()),
        tuple(axis for axis in of.space.permuted if axis in sizes and axis in moving),
        of.space.activation,
    )
    return space, vectors


def _unshifted(of: Group, tensors: Tensors) -> None:
    moving = {f.axis for f in of.factors if f.kind.shifts}
    shifts = [shift for shift in roles_of(of.space).shifts if shift.axis in moving] if moving else []
    for _ in range(len(shifts) + 1):
        for shift in shifts:
            shift_(tensors, shift, {place: -x for place, x in tensors[shift.moved][1].items()})
    demand(not any(x for shift in shifts for x in tensors[shift.moved][1].values()), "shifts come to an end")
