"""Errors in units that go with the symmetry: by hand, and that no scale hides a broken tensor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import GroupElement, Weights, act, identity, mlp
from orbitcheck.harness.weights.element import Diagonal, OutputKind
from orbitcheck.harness.weights.groups import group
from orbitcheck.harness.weights.symmetry import generic_elements, random_elements
from orbitcheck.harness.weights.units import by_tensor, in_units, law_errors, moved, moved_units, tensor_entries, units

SPACE = mlp(1, 2, 1)
"""Flat with one channel: W1 (2), b1 (2), W2 (2), b2 (1)."""
SCALE = GroupElement((("n1", (1, 0)),), (Diagonal("n1", (8.0, 1.0), (0.125, 1.0)),))
"""Swaps the two neurons, then the one now at 0 by 8."""
OUTPUT = torch.tensor([[1.0, -4.0, 0.5, 0.25, 0.0, 1e-9, 2.0]], dtype=torch.float64)


def test_units_are_each_tensors_largest_entry_or_a_thousandth_of_all():
    assert units(SPACE, OutputKind.VECTOR, OUTPUT).tolist() == [[4.0, 4.0, 0.5, 0.5, 0.004, 0.004, 2.0]]
    assert units(SPACE, None, OUTPUT).tolist() == [[4.0] * 7]
    assert units(SPACE, OutputKind.VECTOR, OUTPUT, least=3.0).tolist() == [[4.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0]]
    assert units(SPACE, None, OUTPUT, least=5.0).tolist() == [[5.0] * 7]


def test_units_are_per_sample_and_join_channels():
    both = torch.cat([OUTPUT, 10 * OUTPUT])
    assert torch.equal(units(SPACE, OutputKind.VECTOR, both)[1], 10 * units(SPACE, OutputKind.VECTOR, OUTPUT)[0])
    v = Weights(
        mlp(1, 1, 1), {n: torch.tensor([[1.0, 5.0]]).view(1, *[1] * len(a), 2) for n, a in mlp(1, 1, 1).tensors}
    )
    assert tensor_entries(v.space, v.flat()) == [2, 2, 2, 2]
    assert units(v.space, OutputKind.VECTOR, v.flat()).tolist() == [[5.0] * 8]


def test_units_move_by_absolute_values_as_the_output_does():
    found = units(SPACE, OutputKind.VECTOR, OUTPUT)
    assert moved_units(SPACE, OutputKind.VECTOR, SCALE, found).tolist() == [[32.0, 4.0, 4.0, 0.5, 0.0005, 0.004, 2.0]]
    assert moved_units(SPACE, OutputKind.COVECTOR, SCALE, found).tolist() == [
        [0.5, 4.0, 0.0625, 0.5, 0.032, 0.004, 2.0]
    ]
    negative = GroupElement((("n1", (0, 1)),), (Diagonal("n1", (-1.0, 1.0), (-1.0, 1.0)),))
    assert torch.equal(moved_units(SPACE, OutputKind.VECTOR, negative, found), found)
    assert moved_units(SPACE, None, SCALE, found) is found
    assert moved(SPACE, None, SCALE, OUTPUT) is OUTPUT
    assert moved(SPACE, OutputKind.VECTOR, SCALE, OUTPUT).tolist() == [[-32.0, 1.0, 2.0, 0.5, 0.125e-9, 0.0, 2.0]]


def test_an_error_is_pulled_back_whatever_the_scales():
    """The same relative error in one tensor gives one e at every reach; over the largest entry it would vanish."""
    rng = np.random.default_rng(0)
    space = mlp(2, 3, 3, 1)
    output = torch.from_numpy(rng.standard_normal((1, space.parameters)))
    for reach in (0, 3, 20, 60):
        for sampler in (random_elements, generic_elements):
            (g,) = sampler(group(space, "permutation+scale"), 1, rng, reach)
            for kind in OutputKind:
                images = moved(space, kind, g, output)
                assert float(law_errors(space, kind, g, output, images)) == 0
                wrong = Weights.from_flat(space, output)
                wrong.tensors["W3"] = wrong.tensors["W3"] * (1 + 1e-6)
                off = act(g, wrong, kind).flat()
                assert float(law_errors(space, kind, g, output, off)) == pytest.approx(1e-6, rel=1e-6)
                unit = moved_units(space, kind, g, units(space, kind, output))
                told = by_tensor(space, off - images, unit)
                assert [name for name, error in told.items() if float(error) > 0] == ["W3"]
                assert float(in_units(off - images, unit)) == float(told["W3"])


def test_elements_one_a_sample():
    rng = np.random.default_rng(1)
    output = torch.from_numpy(rng.standard_normal((3, SPACE.parameters)))
    elements = random_elements(group(SPACE, "permutation+scale"), 3, rng)
    images = moved(SPACE, OutputKind.VECTOR, elements, output)
    images[1] += 0.5
    errors = law_errors(SPACE, OutputKind.VECTOR, elements, output, images)
    assert errors[0] == errors[2] == 0 < errors[1]
    assert errors[1] == law_errors(SPACE, OutputKind.VECTOR, elements[1], output[[1]], images[[1]])[0]
    assert law_errors(SPACE, None, elements, output, 2 * output).tolist() == [1.0] * 3


def test_outputs_that_vanish():
    zero = torch.zeros((2, 7), dtype=torch.float64)
    for kind in (None, OutputKind.VECTOR):
        assert law_errors(SPACE, kind, identity(SPACE), zero, zero).tolist() == [0.0, 0.0]
        assert float(law_errors(SPACE, kind, identity(SPACE), zero, zero + 1e-12).min()) > 1e200
        assert float(law_errors(SPACE, kind, identity(SPACE), zero, zero + 1e-12, least=1.0).max()) == 1e-12
