"""One orbit: the permutation is applied and compared, entry by entry."""

from __future__ import annotations

import numpy as np

from ...core.certificates import Part
from ...core.certificates.permutation import OneOrbit
from ..exact.refuted import demand, index
from ..exact.subject import Subject


def permutation(subject: Subject, said: OneOrbit) -> None:
    """`images[i]` is where index i of the axis goes."""
    space, element = subject.space, said["element"]
    demand(set(element) == set(space.permuted), "the permutation is on the permuted axes")  # JSON has them in any order
    for axis, images in element.items():
        size = space.size[axis]
        demand(
            sorted(index(i, size, f"an image on {axis}") for i in images) == [*range(size)], f"a permutation of {axis}"
        )
    for name, axes in space.tensors:
        images = np.ix_(*(np.array(element.get(axis, range(space.size[axis])), dtype=int) for axis in axes))
        v, w = (net[name] for net in subject.nets)
        demand((w[images] == v).all(), f"the permutation maps {name} of v to that of w")


CHECKS = {(Part.ORBIT, "same", "permutation"): permutation}
