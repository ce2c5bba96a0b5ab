"""Outputs at tested inputs, and what agrees to rounding: against torch's own answers, one network at a time, and a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import conv_net, mlp, transformer_block
from orbitcheck.extending import recurrence
from orbitcheck.harness.oracles.duplicates.functions import function_links
from orbitcheck.harness.oracles.duplicates.outputs import (
    CHUNK,
    EXTENT,
    POINTS,
    ROUNDED,
    alike,
    inputs,
    outputs_beyond_mlps,
    rounded_classes,
    spreads,
)
from orbitcheck.harness.weights.space import SpaceError, WeightSpace


def drawn(space, rng, count):
    return {name: rng.standard_normal((count, *shape)) for name, shape in space.shapes.items()}


def in_torch(arrays, net, x):
    """An MLP's outputs by torch's layers, a GRU's by torch's cell."""
    held = {name: torch.from_numpy(array[net]) for name, array in arrays.items()}
    if "Rr1" in held:
        inner, read = held["br1"].shape[0], nn.functional.linear
        cell = nn.GRU(held["Wr1"].shape[1], inner, batch_first=True).double()
        with torch.no_grad():
            for theirs, ours in (("weight_ih", "W"), ("weight_hh", "R"), ("bias_ih", "b"), ("bias_hh", "c")):
                getattr(cell, f"{theirs}_l0").copy_(torch.cat([held[f"{ours}{gate}1"] for gate in "rzn"]))
            return read(cell(torch.from_numpy(x))[0][:, -1], held["W2"], held["b2"]).numpy()
    z = torch.from_numpy(x)
    last = len(held) // 2
    for n in range(1, last + 1):
        z = nn.functional.linear(z, held[f"W{n}"], held[f"b{n}"])
        z = z.relu() if n < last else z
    return z.numpy()


def by_a_loop(outputs):
    """The law: each network joins the first one, itself none's copy, that it agrees with; without a spread it is alone."""
    found, firsts = list(range(len(outputs))), []
    for net, own in enumerate(outputs):
        if (own == own[0]).all():
            continue
        for other in firsts:
            if np.abs(own - outputs[other]).max() <= ROUNDED * outputs[other].std(axis=0).max():
                found[net] = other
                break
        else:
            firsts.append(net)
    return found


def test_inputs_are_the_same_ones_each_time_in_three_sizes():
    points = inputs((2, 3))
    assert points.shape == (POINTS, 2, 3)
    assert np.array_equal(points, inputs((2, 3)))
    plain = np.random.default_rng(0).standard_normal((48, 2, 3))
    for third, size in enumerate((1, 4, 16)):
        own = slice(16 * third, 16 * (third + 1))
        assert np.array_equal(points[own], size * plain[own])


@pytest.mark.parametrize("size", [1.0, 2.0**-1060, 2.0**1020])
def test_the_spread_is_that_of_the_output_that_varies_most_at_any_size(size):
    rng = np.random.default_rng(1)
    plain = rng.integers(-8, 9, (5, 48, 3)) * np.array([1.0, 0.5, 0.25])
    plain[3] = plain[3, 0]  # does not vary
    plain[4, :, 0] = 0
    wanted = [max(np.sqrt(np.mean((column - column.mean()) ** 2)) for column in own.T) for own in plain]
    found = spreads(plain * size) / size
    assert found == pytest.approx(wanted, rel=1e-4 if size < 1 else 1e-12)
    assert found[3] == 0 and found[4] > 0


def test_the_spread_is_not_finite_where_an_output_is_not():
    outputs = np.ones((4, 48, 2))
    outputs[0, 5, 1], outputs[1, 7, 0], outputs[3, :, 1] = np.nan, np.inf, np.inf
    outputs[2, 0, 0] = 2
    found = spreads(outputs)
    assert np.isfinite(found).tolist() == [False, False, True, False]


def test_what_does_not_vary_has_no_spread_whatever_rounding_says():
    """The mean of 48 times 0.1 is not 0.1 in floats, so that a standard deviation is not zero."""
    values = np.random.default_rng(5).standard_normal(40)
    outputs = np.broadcast_to(values[:, None, None], (40, 48, 1))
    assert (outputs.std(axis=1) > 0).any()
    assert (spreads(outputs) == 0).all()


def test_networks_that_do_not_vary_are_no_copies_of_each_other():
    space = recurrence(1, 2, 1, cell="gru").space
    rng = np.random.default_rng(6)
    for constant in rng.standard_normal(8):
        nets = [{name: rng.standard_normal(shape) for name, shape in space.shapes.items()} for _ in range(2)]
        for v in nets:
            v["W2"] *= 0
            v["b2"] = np.array([constant])
        assert not list(function_links([(space, v) for v in nets], [0, 1]))


@pytest.mark.parametrize("space", [mlp(2, 3, 3, 2), recurrence(2, 3, 2, cell="gru").space], ids=["mlp", "gru"])
def test_classes_are_those_of_a_loop_over_torchs_outputs(space):
    """Past a chunk: copies to rounding, on either side of the bound, copies of copies, networks that do not vary, one beyond floats."""
    rng, count = np.random.default_rng(2), CHUNK + 40
    arrays = drawn(space, rng, count)
    last = "b3" if space.is_mlp else "b2"
    for net in range(count):
        source = int(rng.integers(0, net)) if net and rng.random() < 0.5 else net
        for name in arrays:
            arrays[name][net] = arrays[name][source]
        arrays[last][net] += rng.choice([0.0, 1e-7, 3e-6, 3e-5, 1e-3]) * (source != net)
    for net in (7, 8, CHUNK + 3):
        arrays["W3" if space.is_mlp else "W2"][net] = 0
    arrays[last][8] = arrays[last][7]
    x = inputs((2,) if space.is_mlp else (EXTENT, 2))
    outputs = np.stack([in_torch(arrays, net, x) for net in range(count)])
    wanted = by_a_loop(outputs)
    assert 60 < len(set(wanted)) < count - 60
    assert rounded_classes(space, arrays).tolist() == wanted
    assert wanted[7] == 7 and wanted[8] == 8
    if not space.is_mlp:
        vectors = [{name: a[net] for name, a in arrays.items()} for net in range(count)]
        assert np.allclose(outputs_beyond_mlps(space, vectors), outputs, atol=1e-12)


def test_a_network_whose_outputs_leave_the_floats_is_alone():
    space = mlp(1, 2, 1)
    arrays = drawn(space, np.random.default_rng(3), 4)
    for name in arrays:
        arrays[name][1:] = arrays[name][0]
    arrays["W1"][1:3], arrays["W2"][1:3] = 1e200, 1e200
    with np.errstate(all="ignore"):
        assert rounded_classes(space, arrays).tolist() == [0, 1, 2, 0]


def test_the_bound_is_the_spread_of_the_first_of_a_class():
    """Shifted by half a bound each, the third is beyond the first's and opens a class of its own."""
    space = mlp(1, 1, 1)
    v = {"W1": [[1.0]], "b1": [0.0], "W2": [[1.0]], "b2": [0.0]}
    arrays = {name: np.array([array] * 4) for name, array in v.items()}
    spread = np.maximum(inputs((1,)), 0).std()
    arrays["b2"][:, 0] = np.array([0.0, 0.6, 1.2, 1.7]) * ROUNDED * spread
    assert rounded_classes(space, arrays).tolist() == [0, 0, 2, 2]


def test_what_lies_on_the_bound_agrees():
    """The second output is constant, so that the gap of two networks is its bias to the bit."""
    space = mlp(1, 1, 2)
    v = {"W1": [[1.0]], "b1": [0.0], "W2": [[1.0], [0.0]], "b2": [0.0, 0.0]}
    arrays = {name: np.array([array] * 3) for name, array in v.items()}
    bound = ROUNDED * spreads(np.stack([in_torch(arrays, 0, inputs((1,)))]))[0]
    arrays["b2"][:, 1] = 0.0, bound, np.nextafter(bound, 1.0)
    assert rounded_classes(space, arrays).tolist() == [0, 0, 2]


@pytest.mark.parametrize("space", [conv_net(2, 3, 2), transformer_block(4, 2, 2, 2, 3)], ids=["images", "tokens"])
def test_where_the_extent_is_free_it_is_four(space):
    rng = np.random.default_rng(4)
    arrays = drawn(space, rng, 2)
    found = outputs_beyond_mlps(space, [{name: a[net] for name, a in arrays.items()} for net in range(2)])
    if space.permuted[0] == "n1":  # three by three, padded by one; the mean over positions
        for net in range(2):
            held = {name: torch.from_numpy(array[net]) for name, array in arrays.items()}
            x = torch.from_numpy(inputs((2, 4, 4)))
            maps = nn.functional.conv2d(x, held["C1"], held["b1"], padding=1).relu()
            wanted = nn.functional.linear(maps.mean((2, 3)), held["W2"], held["b2"]).numpy()
            assert np.allclose(found[net], wanted, atol=1e-12)
    else:
        assert found.shape == (2, POINTS, 4 * 4)  # four tokens of four


def test_a_space_without_a_function_is_refused():
    space = WeightSpace((("T", ("i", "i")),), (("i", 2),), ("i",))
    with pytest.raises(SpaceError, match="no function is known"):
        rounded_classes(space, {"T": np.ones((1, 2, 2))})


def test_a_gap_that_one_of_two_reaches_across_parts_nothing():
    values = np.array([[0.0], [1.0], [2.0], [9.0], [9.0]])
    assert [own.tolist() for own in alike(values, np.zeros(5))] == [[3, 4]]
    assert [own.tolist() for own in alike(values, np.array([1.0, 0, 0, 0, 0]))] == [[0, 1], [3, 4]]
    assert [own.tolist() for own in alike(values, np.array([0, 0, 1.0, 0, 0]))] == [[1, 2], [3, 4]]
    assert [own.tolist() for own in alike(values, np.array([0, 0, 7.0, 0, 0]))] == [[0, 1, 2, 3, 4]]
    assert [own.tolist() for own in alike(np.append(values, [[np.nan]], axis=0), np.zeros(6))] == [[3, 4]]
