"""What the evidence of a layer, or of a training, says of its case: the space, the dimensions that follow from it, and the size that was asked."""

from __future__ import annotations

from collections.abc import Collection
from math import comb, prod

from ..checks.approximation.evidence import ApproximationEvidence
from ..checks.completeness.evidence import CompletenessEvidence
from ..checks.stored import Stored
from ..core.result import Result
from ..weights.space import WeightSpace
from .exact.refuted import demand
from .law import of_the_law


def of_its_case(row: Result, stored: Stored) -> None:
    """Evidence is of its row's case: what it says of itself is what the case says, or follows from it.

    Raises:
        Refuted: it is not.
    """
    of_the_law(row, stored)
    said = stored.evidence
    if isinstance(said, CompletenessEvidence):
        _of_layer(row, said, stored)
    if isinstance(said, ApproximationEvidence):
        networks, _, size = row.case.rpartition("/")
        demand(said.asked_parameters == int(size), f"{size} parameters were asked for")
        demand(not networks or f"k={said.networks}" == networks, f"the evidence is of the case's networks, {networks}")


def _of_layer(row: Result, said: CompletenessEvidence, stored: Stored) -> None:
    space = WeightSpace.from_json(stored.parameters["spaces"][row.case])
    demand(said.space == str(space), f"the evidence is of the case's space, {space}")
    plain = all(axis in space.size for axis in said.axes)
    demand(plain or stored.declared.get("symmetry") != "permutation", "the layer is held against axes that it permutes")
    if not plain:  # factors of a larger group, which is counted by the oracle alone
        return
    demand(
        said.hidden == (set(space.permuted) <= set(said.axes)), "hidden: all permuted axes are among those that commute"
    )
    tensors = [axes for _, axes in space.tensors]
    maps = sum(orbits(space, one + two, said.axes) for one in tensors for two in tensors)
    constants = sum(orbits(space, axes, said.axes) for axes in tensors)
    demand((said.dimension, said.constant_dimension) == (maps, constants), f"the dimensions are {maps} and {constants}")


def orbits(space: WeightSpace, places: tuple[str, ...], permuted: Collection[str]) -> int:
    """Orbits of index tuples at these places: which places of a permuted axis are equal is all that permutations leave."""
    counts = {axis: places.count(axis) for axis in places}
    return prod(
        sum(partitions(k, blocks) for blocks in range(min(k, space.size[axis]) + 1))
        if axis in permuted
        else space.size[axis] ** k
        for axis, k in counts.items()
    )


def partitions(n: int, blocks: int) -> int:
    """Ways to part n places into so many blocks that are not empty."""
    if n == 0 or blocks == 0:
        return int(n == blocks)
    return sum(comb(n - 1, k) * partitions(n - 1 - k, blocks - 1) for k in range(n))
