"""Evidence of a layer and of a training stands in the row of its case; dimensions are those that orbits have, counted one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from types import SimpleNamespace

import pytest

from orbitcheck import WeightSpace, mlp, recurrent
from orbitcheck.harness.checks.completeness.evidence import CompletenessEvidence
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.verification.counted import of_its_case, orbits, partitions
from orbitcheck.harness.verification.exact.refuted import Refuted

SPACE = mlp(2, 3, 2, 1)
THRICE = WeightSpace((("T", ("a", "a", "x")), ("u", ("a",))), (("a", 3), ("x", 2)), ("a",))


def orbits_one_by_one(space: WeightSpace, places: tuple[str, ...], permuted: tuple[str, ...]) -> int:
    """Move every index tuple by every permutation and count what is left."""
    moves = [
        dict(zip(permuted, picked, strict=True))
        for picked in product(*(list(permutations(range(space.size[axis]))) for axis in permuted))
    ]
    tuples = product(*(range(space.size[axis]) for axis in places))
    return len(
        {
            min(tuple(m[axis][i] if axis in m else i for axis, i in zip(places, at, strict=True)) for m in moves)
            for at in tuples
        }
    )


@pytest.mark.parametrize(
    ("space", "permuted"),
    [
        (SPACE, ("n1", "n2")),
        (SPACE, ("n1",)),
        (SPACE, ("n0", "n1", "n2", "n3")),
        (THRICE, ("a",)),
        (recurrent(1, 3, 1), ("h",)),
    ],
    ids=["mlp", "one axis", "all axes", "an axis twice", "recurrent"],
)
def test_orbits_are_those_that_are_counted_one_by_one(space, permuted):
    permuted = tuple(axis for axis in permuted if axis in space.size) or space.permuted
    tensors = [axes for _, axes in space.tensors]
    for one, two in [(a, b) for a in tensors for b in tensors][:12]:
        assert orbits(space, one + two, permuted) == orbits_one_by_one(space, one + two, permuted)
    for axes in tensors:
        assert orbits(space, axes, permuted) == orbits_one_by_one(space, axes, permuted)


def test_partitions_by_hand():
    assert [[partitions(n, k) for k in range(5)] for n in range(5)] == [
        [1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 3, 1, 0], [0, 1, 7, 6, 1],
    ]  # fmt: skip


SOUND = CompletenessEvidence(str(mlp(2, 5, 1)), ("n1",), True, 41, 41, 5, 5, {})
"""As `dws` was measured; of one output its permutations are none."""


def asked(evidence=SOUND, case: str = "shallow", symmetry: str = "permutation"):
    spaces = {"shallow": mlp(2, 5, 1).to_json(), "three": mlp(2, 3, 4, 3, 2).to_json()}
    of_its_case(SimpleNamespace(case=case), Stored(evidence, {"spaces": spaces}, case, {"symmetry": symmetry}))  # type: ignore[arg-type]


def test_what_was_measured_of_a_layer_stands_in_its_row_alone():
    asked()
    asked(replace(SOUND, rank=40))  # a layer that lacks a map
    with pytest.raises(Refuted, match="the case's space"):
        asked(case="three")
    asked(replace(SOUND, axes=("n0", "n1"), rank=27, dimension=27, constant_dimension=4))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"dimension": 40, "rank": 40}, "the dimensions are 41 and 5"),
        ({"constant_dimension": 4, "constant_rank": 4}, "the dimensions are 41 and 5"),
        ({"axes": ("n0", "n1")}, "the dimensions are 27 and 4"),
        ({"axes": ("n0",)}, "hidden"),
        ({"hidden": False}, "hidden"),
        ({"axes": ("n1: perm+scale",)}, "axes that it permutes"),
    ],
    ids=str,
)
def test_dimensions_that_are_not_those_of_the_space_are_refused(change, why):
    with pytest.raises(Refuted, match=why):
        asked(replace(SOUND, **change))


def test_of_a_larger_group_its_factors_are_named():
    asked(replace(SOUND, axes=("n1: perm+scale",), rank=11, dimension=11), symmetry="permutation+scale")


@pytest.mark.parametrize(
    ("case", "right"), [("500", True), ("400", False), ("k=2/500", True), ("k=8/500", False), ("k=2/8", False)]
)
def test_a_training_was_asked_for_the_size_and_the_networks_of_its_case(case, right, honest):
    (fit,) = [row.evidence for row in honest.results if row.check == "norms" and row.architecture == "stats"]
    fit = replace(fit, networks=2)
    row = SimpleNamespace(case=case)
    if right:
        of_its_case(row, Stored(fit, {}, case, {}))  # type: ignore[arg-type]
        return
    with pytest.raises(Refuted, match=r"were asked for|the case's networks"):
        of_its_case(row, Stored(fit, {}, case, {}))  # type: ignore[arg-type]
