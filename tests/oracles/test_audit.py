"""The audit against its definitions, written out for one net at a time, and against the laws between its answers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from orbitcheck.harness.oracles.audit import FORM, audit, formed
from orbitcheck.harness.weights.space import SpaceError, mlp


def stack(space, vectors) -> dict[str, np.ndarray]:
    return {name: np.stack([v[name] for v in vectors]) for name in space.axes}


def test_every_answer_is_the_one_of_its_definition(tools, all_permutations):
    rng = np.random.default_rng(0)
    seen = set()
    for space in (mlp(1, 3, 3, 1), mlp(2, 3, 2, 1), mlp(1, 4, 1)):
        for _ in range(12):
            values = ((0.0, 1.0), (-1.0, 0.0, 1.0), tuple(range(12)))[rng.integers(3)]
            nets = [tools.tied(space, rng, values) for _ in range(3)]
            nets += [tools.near_miss(space, v, rng) for v in nets]
            found = audit(space, stack(space, nets))
            rounds = tools.slow_rounds(space, nets, 12)
            bags = [tuple(sorted((node[0], c) for node, c in own.items())) for own in rounds[-1]]
            forms = [min(all_permutations(space, v)) for v in nets]
            hidden = range(1, len(space.widths) - 1)
            for net, v in enumerate(nets):
                distinct = [len({float(b) for b in v[f"b{layer}"]}) == space.widths[layer] for layer in hidden]
                assert found.general_position[net] == all(distinct)
                apart = [
                    all(
                        len({own[net][layer, i] for i in range(space.widths[layer])}) == space.widths[layer]
                        for layer in hidden
                    )
                    for own in rounds
                ]
                assert found.discrete[net] == any(apart)
                assert found.rounds[net] == (apart.index(True) if any(apart) else -1)
                alone = {form for form, bag in zip(forms, bags, strict=True) if bag == bags[net]} == {forms[net]}
                assert found.one_orbit[net] == alone
                for place, layer in enumerate(hidden):
                    b = v[f"b{layer}"].tolist()
                    assert found.tied[net, place] == sum(b.count(x) > 1 for x in b)
            assert (found.classes, found.orbits) == (len(set(bags)), len(set(forms)))
            # general position => discrete => one orbit; general position is discreteness after no round
            assert (~found.general_position | found.discrete).all() and (~found.discrete | found.one_orbit).all()
            assert (found.general_position == (found.rounds == 0)).all()
            seen |= set(zip(found.general_position.tolist(), found.discrete.tolist(), strict=True))
    assert seen == {(True, True), (False, True), (False, False)}


def test_the_pair_of_prop_6_2_breaks_the_sharp_condition_and_a_set_without_it_keeps_it(tools):
    space, left = tools.embedded(tools.cycles(4))
    _, right = tools.embedded(tools.cycles(2, 2))
    both, one = audit(space, stack(space, [left, right])), audit(space, stack(space, [left, left]))
    assert both.one_orbit.tolist() == [False, False] and (both.classes, both.orbits) == (1, 2)
    # Not discrete, and still nothing for a 1-WL network to miss: discreteness is sufficient, not necessary.
    assert one.one_orbit.all() and not one.discrete.any() and one.orbits == 1


def test_quantisation_keeps_ends_order_and_at_most_so_many_values():
    rng = np.random.default_rng(1)
    arrays = {"W1": rng.normal(size=(5, 6, 7)), "b1": rng.normal(size=(5, 6))}
    for bits in (1, 2, 4, 8):
        for name, array in formed(arrays, f"{bits}-bit").items():
            for before, after in zip(arrays[name], array, strict=True):
                assert (after.min(), after.max()) == (before.min(), pytest.approx(before.max()))
                assert len(np.unique(after)) <= 2**bits
                order = np.argsort(before, axis=None)
                assert (np.diff(after.reshape(-1)[order]) >= 0).all()
                step = (before.max() - before.min()) / (2**bits - 1)
                assert np.abs(after - before).max() <= step / 2 * (1 + 1e-9)
    constant = {"b1": np.full((2, 3), 0.7)}
    assert (formed(constant, "8-bit")["b1"] == 0.7).all()


@pytest.mark.parametrize("exponent", [-1040, -600, 600, 1023])
def test_quantisation_and_ties_of_weights_of_any_size_are_those_of_size_one(exponent):
    rng = np.random.default_rng(2)
    arrays = {"b1": rng.integers(-7, 8, (5, 6)) / 8, "W1": rng.uniform(-1, 1, (5, 6, 7)).round(6)}
    arrays["b1"][0, :2] = 7 / 8, -7 / 8
    sized = {name: np.ldexp(array, exponent) for name, array in arrays.items()}
    back = {name: np.ldexp(array, -exponent) for name, array in sized.items()}  # which small floats have rounded
    for bits in (1, 3, 8):
        found, plain = formed(sized, f"{bits}-bit"), formed(back, f"{bits}-bit")
        assert all((found[name] == np.ldexp(plain[name], exponent)).all() for name in arrays)
    space = mlp(1, 6, 1)
    vectors = {n: np.zeros((5, *s)) for n, s in space.shapes.items()}
    tied = [audit(space, {**vectors, "b1": each["b1"]}).tied.tolist() for each in (arrays, sized)]
    assert tied[0] == tied[1] and np.any(tied[0])


def test_pruning_sets_the_smallest_of_each_tensor_to_zero():
    arrays = {"b1": np.array([[3.0, -1.0, 0.5, -4.0], [1.0, 1.0, 2.0, 3.0]])}
    assert formed(arrays, "pruned-50%")["b1"].tolist() == [[3.0, 0.0, 0.0, -4.0], [0.0, 0.0, 2.0, 3.0]]
    assert formed(arrays, "pruned-24%")["b1"].tolist() == arrays["b1"].tolist()
    assert formed(arrays, "float")["b1"].tolist() == arrays["b1"].tolist()


def test_coarser_storage_leaves_general_position_as_the_birthday_problem_says():
    """Uniform biases, L = 2^b - 1 steps from the least to the largest: the other n - 2 must all round to values between, no two to
    one, which they do with probability (L-1)/L (L-2)/L ... (L-n+2)/L in each layer."""
    rng = np.random.default_rng(2)
    space = mlp(1, 16, 16, 1)
    arrays = {name: rng.uniform(-1, 1, (4000, *shape)) for name, shape in space.shapes.items()}
    for bits in (6, 8, 10):
        share = audit(space, formed(arrays, f"{bits}-bit")).general_position.mean()
        steps = 2**bits - 1
        wanted = np.prod((steps - np.arange(1, 15)) / steps) ** 2
        assert share == pytest.approx(wanted, abs=4 * np.sqrt(wanted * (1 - wanted) / 4000))


@pytest.mark.parametrize("form", ["8bit", "0-bit", "33-bit", "pruned-0%", "pruned-100%", "pruned-50", "FLOAT", ""])
def test_forms_that_are_none_are_refused(form: str):
    with pytest.raises(ValueError, match=re.escape(f'"{form}" is no form; allowed: float, 1-bit to 32-bit')):
        formed({}, form)
    assert not re.fullmatch(FORM, form)


def test_nets_that_are_not_finite_are_refused():
    space = mlp(1, 2, 1)
    arrays = {name: np.zeros((1, *shape)) for name, shape in space.shapes.items()}
    with pytest.raises(SpaceError, match="weights are finite"):
        audit(space, {**arrays, "b1": np.array([[0.0, np.nan]])})


@pytest.mark.parametrize("form", ["float", "4-bit", "pruned-30%"])
def test_a_form_keeps_shapes_and_is_that_of_the_same_numbers_in_double_precision(form: str):
    rng = np.random.default_rng(0)
    single = {
        "W1": rng.standard_normal((3, 5, 4)).astype(np.float32),
        "b1": rng.standard_normal((3, 5)).astype(np.float32),
    }
    found, wanted = (
        formed(single, form),
        formed({name: array.astype(np.float64) for name, array in single.items()}, form),
    )
    for name, array in single.items():
        assert found[name].shape == array.shape and found[name].dtype == np.float64
        assert np.array_equal(found[name], wanted[name])


def test_of_entries_of_one_magnitude_those_that_come_first_are_pruned():
    array = np.where(np.arange(200) % 3 == 0, -2.0, 2.0)[None]
    assert np.flatnonzero(formed({"b1": array}, "pruned-40%")["b1"][0] == 0).tolist() == list(range(80))


@pytest.mark.parametrize(("form", "dtype"), [("fp16", "float16"), ("bf16", "bfloat16"), ("fp8", "float8_e4m3fn"), ("fp8-e5m2", "float8_e5m2")])  # fmt: skip
def test_short_floats_are_the_nearest_numbers_of_their_type(form: str, dtype: str):
    import torch

    rng = np.random.default_rng(0)
    # float32 beforehand: torch rounds float64 twice on the way to the shortest types
    values = (rng.standard_normal(4000) * 2.0 ** rng.integers(-30, 8, 4000)).astype(np.float32).astype(np.float64)
    values = np.concatenate([values, [0.0, -0.0, 1.0, 448.0, 2.0**-9, 3 * 2.0**-10, 2.0**-24, 3 * 2.0**-25]])
    expected = torch.from_numpy(values).float().to(getattr(torch, dtype)).double().numpy()
    np.testing.assert_array_equal(formed({"W": values[None]}, form)["W"][0], expected)
    assert (
        formed({"W": np.array([[1e300, -1e300]])}, form)["W"].tolist()[0][1] == -torch.finfo(getattr(torch, dtype)).max
    )
