"""Stabilisers on any space against every element of the group, and the elements that `canonical` moves by."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from orbitcheck import GroupElement, WeightSpace, conv_net, mlp, random_elements, recurrent, transformer_block
from orbitcheck.harness.oracles.orbit import equal, moved
from orbitcheck.harness.oracles.stabiliser import entry_orbits
from orbitcheck.harness.oracles.stabiliser import stabiliser as of_mlp
from orbitcheck.harness.oracles.tuples import stabiliser as module
from orbitcheck.harness.oracles.tuples.orbits import elements_alone
from orbitcheck.harness.oracles.tuples.stabiliser import stabiliser

SPACES = {
    "convolution": conv_net(1, 3, 2, 1, kernel=1),
    "recurrence": recurrent(1, 4, 1),
    "attention": transformer_block(1, 2, 2, 2, 1),
    "three axes": WeightSpace((("T", ("a", "b", "c")), ("S", ("a",))), (("a", 2), ("b", 3), ("c", 2)), ("a", "b", "c")),
    "one axis three times": WeightSpace((("T", ("a", "a", "a")),), (("a", 3),), ("a",)),
}


def whole_group(space: WeightSpace) -> list[GroupElement]:
    listed = [permutations(range(space.size[axis])) for axis in space.permuted]
    return [GroupElement(tuple(zip(space.permuted, chosen, strict=True))) for chosen in product(*listed)]


def drawn(space: WeightSpace, values: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: rng.integers(0, values, shape).astype(float) for name, shape in space.shapes.items()}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_stabiliser_is_what_leaves_the_vector_in_place(space):
    rng, group, orders = np.random.default_rng(0), whole_group(space), set()
    for number in range(12):
        v = drawn(space, 1 + (number % 4 > 0), rng)
        fixing = [g for g in group if equal(space, moved(space, g, v), v)]
        found = stabiliser(space, v)
        assert found is not None and found.order == len(fixing)
        assert all(equal(space, moved(space, g, v), v) for g in found.generators)
        mine, slow = entry_orbits(space, found.generators), entry_orbits(space, fixing)
        assert all(np.array_equal(mine[name], slow[name]) for name in space.axes)
        orders.add(found.order)
    assert max(orders) == len(group) and len(orders) > 1


def test_a_cycle_without_twins_is_turned():
    """No two indices of a directed cycle may be exchanged: what leaves it alone is found by marks alone."""
    space = recurrent(1, 5, 1)
    v = {name: np.ones(shape) for name, shape in space.shapes.items()} | {"R1": np.roll(np.eye(5), 1, axis=1)}
    found = stabiliser(space, v)
    assert found is not None and found.order == 5 and len(found.generators) == 4


def test_mlps_run_where_they_ran():
    space = mlp(1, 3, 2, 1)
    v = drawn(space, 2, np.random.default_rng(3))
    assert stabiliser(space, v) == of_mlp(space, v)


def test_past_the_budget_nothing_is_said(monkeypatch):
    space = recurrent(1, 4, 1)
    cycle = {name: np.ones(shape) for name, shape in space.shapes.items()} | {"R1": np.roll(np.eye(4), 1, axis=1)}
    monkeypatch.setattr(module, "MAX_WORK", 4 * space.parameters - 1)
    assert stabiliser(space, cycle) is None
    monkeypatch.setattr(module, "MAX_WORK", 4 * space.parameters)
    monkeypatch.setattr(
        module, "elements_to_forms", lambda *_, seconds: None if seconds == 0.25 else pytest.fail("seconds")
    )
    assert stabiliser(space, cycle, seconds=0.25) is None


@pytest.mark.parametrize("space", [*SPACES.values(), mlp(1, 3, 2, 1)], ids=str)
def test_the_element_to_a_form_depends_on_its_vector_alone(space):
    """Whatever stands beside a vector, and whichever copy of it is asked, the form is one to the bit."""
    rng = np.random.default_rng(1)
    for _ in range(4):
        nets = [drawn(space, 2, rng), drawn(space, 3, rng)]
        copies = [moved(space, g, nets[0]) for g in random_elements(space, 2, rng)]
        forms = []
        for asked in (nets[:1], nets, [*copies, nets[1]]):
            elements = elements_alone(space, asked)
            for g, v in zip(elements, asked, strict=True):
                assert g is not None
                if v is not nets[1]:
                    forms.append(moved(space, g, v))
        assert all(equal(space, form, forms[0]) for form in forms)
