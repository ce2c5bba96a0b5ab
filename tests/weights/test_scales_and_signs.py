"""Groups that multiply: laws of the group and its action, and that networks keep their function under the right ones alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from orbitcheck import (
    GroupElement,
    SpaceError,
    Weights,
    WeightSpace,
    act,
    compose,
    conv_net,
    generators,
    identity,
    inverse,
    mlp,
    random_elements,
    realise,
    recurrent,
    residual_mlp,
    transformer_block,
)
from orbitcheck.harness.weights.element import Diagonal
from orbitcheck.harness.weights.groups import Factor, FactorKind, Group, NotCarried, group, roles
from orbitcheck.harness.weights.realisation import realisation
from orbitcheck.harness.weights.symmetry import act_in_size, generic_elements, on_axis

KINDS = ("point", "vector", "covector")
SPACES = {
    "permutation+scale": (
        mlp(2, 4, 3, 1), mlp(1, 5, 1, activation="leaky-relu"), mlp(2, 3, 3, 2, 1, activation="abs"), mlp(1, 1, 1),
        mlp(2, 3, 1, activation="identity"), conv_net(1, 3, 2, 2), recurrent(2, 3, 2, 1, activation="relu"),
        residual_mlp(2, 3, (4, 2), 1), transformer_block(3, 2, 2, 2, 4, activation="relu"),
    ),
    "permutation+sign": (
        mlp(2, 4, 3, 1, activation="tanh"), mlp(1, 5, 1, activation="sine"), mlp(2, 3, 1, activation="identity"),
        conv_net(1, 3, 2, 2, activation="tanh"), recurrent(2, 3, 2, 1), residual_mlp(2, 3, (4, 2), 1, activation="sine"),
        transformer_block(3, 2, 2, 2, 4, activation="tanh"),
    ),
}  # fmt: skip
CASES = [pytest.param(group(space, name), id=f"{name}-{space}") for name in SPACES for space in SPACES[name]]
CASES += [
    pytest.param(Group(mlp(2, 4, 3, 1), (Factor("n2", kind),)), id=f"{kind} alone")
    for kind in (FactorKind.SCALE, FactorKind.SIGN, FactorKind.PERM)
]
TRIALS = 20


def drawn(space: WeightSpace, rng: np.random.Generator, batch: int = 2, channels: int = 2) -> Weights:
    """Normal entries, with zeros of both signs among them, so that bits, not just values, are seen to be kept."""

    def tensor(shape):
        values = rng.standard_normal((batch, *shape, channels))
        return torch.from_numpy(np.where(rng.random(values.shape) < 0.1, np.copysign(0.0, values), values))

    return Weights(space, {name: tensor(shape) for name, shape in space.shapes.items()})


def dyadic(space: WeightSpace, rng: np.random.Generator) -> Weights:
    """Multiples of 1/4 in [-2, 2]: products and sums of a small network are exact."""
    return Weights(
        space,
        {name: torch.from_numpy(rng.integers(-8, 9, (1, *s, 1)) / 4.0) for name, s in space.shapes.items()},
    )


def same_bits(v: Weights, w: Weights) -> bool:
    return all(torch.equal(a.view(torch.int64), w.tensors[name].view(torch.int64)) for name, a in v.items())


def difference(v: Weights, w: Weights) -> float:
    return max(float(((a - w.tensors[name]).abs() / (1e-300 + a.abs())).max()) for name, a in v.items())


@pytest.mark.parametrize("of", CASES)
def test_the_laws_hold_to_the_bit_for_exact_elements(of):
    rng = np.random.default_rng(1)
    for _ in range(TRIALS):
        g, h, k = random_elements(of, 3, rng)
        v = drawn(of.space, rng)
        assert compose(compose(g, h), k) == compose(g, compose(h, k))
        assert compose(g, identity(of)) == compose(identity(of), g) == g
        assert compose(g, inverse(g)) == compose(inverse(g), g) == identity(of) == identity(of.space)
        for kind in KINDS:
            assert same_bits(act(g, act(h, v, kind), kind), act(compose(g, h), v, kind))
            assert same_bits(act(inverse(g), act(g, v, kind), kind), v)
            assert same_bits(act([g, h], v, kind)[0], act(g, v[0], kind))
            assert same_bits(act([g, h], v, kind)[1], act(h, v[1], kind))
        assert same_bits(act(g, v), act(g, v, "vector"))


@pytest.mark.parametrize("of", CASES)
def test_the_laws_hold_to_rounding_for_generic_scales(of):
    rng = np.random.default_rng(2)
    for _ in range(5):
        g, h = generic_elements(of, 2, rng)
        v = drawn(of.space, rng)
        for kind in KINDS:
            assert difference(act(g, act(h, v, kind), kind), act(compose(g, h), v, kind)) < 2e-15
            assert difference(v, act(inverse(g), act(g, v, kind), kind)) < 2e-15


@pytest.mark.parametrize("of", CASES)
def test_a_covector_on_a_vector_is_invariant_to_the_bit_where_sums_are_exact(of):
    rng = np.random.default_rng(3)
    for g in (*random_elements(of, TRIALS, rng), *generators(of)):
        c, v = dyadic(of.space, rng), dyadic(of.space, rng)
        before = (c.flat() * v.flat()).sum()
        assert torch.equal((act(g, c, "covector").flat() * act(g, v, "vector").flat()).sum(), before)


@pytest.mark.parametrize("of", CASES)
def test_the_action_is_the_definition_entry_by_entry(of):
    rng = np.random.default_rng(4)
    for g, v in zip(random_elements(of, 4, rng), [drawn(of.space, rng, 1, 1) for _ in range(4)], strict=True):
        images, factors = dict(g.permutations), g.factors
        for kind in KINDS:
            moved = act(g, v, kind)
            for name, axes in of.space.tensors:
                for index in np.ndindex(*of.space.shapes[name]):
                    goal = tuple(images[axis][i] if axis in images else i for axis, i in zip(axes, index, strict=True))
                    value = float(v.tensors[name][(0, *index, 0)])
                    for axis, role, j in zip(axes, roles(of.space)[name], goal, strict=True):
                        if axis in factors:
                            by_in = (role == "in") != (kind == "covector")
                            value *= factors[axis].inward[j] if by_in else factors[axis].outward[j]
                    assert float(moved.tensors[name][(0, *goal, 0)]) == value


def test_on_an_mlp_it_is_the_action_of_monomial_matrices():
    """`W_l -> M_l W_l M_{l-1}^-1`, `b_l -> M_l b_l`; covectors by inverse transposes."""
    space = mlp(2, 4, 3, 2)
    rng = np.random.default_rng(0)
    (g,) = random_elements(group(space, "permutation+scale"), 1, rng)
    v = drawn(space, rng, 1, 1)
    matrices = [np.eye(2)]
    for axis, images in g.permutations:
        shuffle = np.zeros((len(images), len(images)))
        shuffle[list(images), range(len(images))] = 1
        matrices.append(np.diag(g.factors[axis].inward) @ shuffle)
    matrices.append(np.eye(2))
    before, moved, dual = v.arrays(), act(g, v).arrays(), act(g, v, "covector").arrays()
    for layer, (below, here) in enumerate(pairwise(matrices), 1):
        w, b = before[f"W{layer}"], before[f"b{layer}"]
        assert np.array_equal(moved[f"W{layer}"], here @ w @ np.linalg.inv(below))
        assert np.array_equal(moved[f"b{layer}"], here @ b)
        assert np.array_equal(dual[f"W{layer}"], np.linalg.inv(here).T @ w @ below.T)
        assert np.array_equal(dual[f"b{layer}"], np.linalg.inv(here).T @ b)


def points(space: WeightSpace, rng: np.random.Generator) -> torch.Tensor:
    shape = realisation(space).input_shape(4)
    return torch.from_numpy(rng.integers(-4, 5, (5, *shape)) / 2.0)


def change(of: Group, g: GroupElement, rng: np.random.Generator) -> float:
    """Of the network's function, relative."""
    v, x = dyadic(of.space, rng), points(of.space, rng)
    before, after = realise(v, x), realise(act(g, v), x)
    return float((before - after).abs().max() / (1e-300 + before.abs().max()))


@pytest.mark.parametrize("name", SPACES)
def test_networks_keep_their_function(name):
    """To the bit where all sums are exact: piecewise-linear activations, no softmax, no normalisation."""
    for space in SPACES[name]:
        of, rng = group(space, name), np.random.default_rng(5)
        exact = name == "permutation+scale" and "hidden" not in space.permuted
        for g in (*generators(of), *random_elements(of, TRIALS, rng)):
            assert change(of, g, rng) <= (0 if exact else 2e-14), (str(space), str(g))
        for g in generic_elements(of, 5, rng):
            assert change(of, g, rng) < 2e-14


@pytest.mark.parametrize(
    ("space", "kind"),
    [
        (mlp(2, 4, 3, 1), FactorKind.SIGN),
        (mlp(2, 4, 3, 1, activation="abs"), FactorKind.SIGN),
        (mlp(2, 4, 3, 1, activation="tanh"), FactorKind.SCALE),
        (mlp(2, 4, 3, 1, activation="sine"), FactorKind.SCALE),
        (recurrent(2, 4, 1), FactorKind.SCALE),
        (transformer_block(3, 2, 2, 2, 4, activation="gelu"), FactorKind.SIGN),
    ],
    ids=str,
)
def test_wrong_groups_break_the_function(space, kind):
    """So the laws above could have failed: the very same code, on an activation that does not commute."""
    axis = space.permuted[-1]
    wrong, rng = Group(space, (Factor(axis, kind),)), np.random.default_rng(6)
    changes = [change(wrong, g, rng) for g in random_elements(wrong, 10, rng) if g != identity(space)]
    assert changes and min(changes) > 1e-3


def test_gradients_are_covectors():
    """The gradient of a function of the network's function, taken at g v, is the covector image of the one at v."""
    for name in SPACES:
        for space in SPACES[name][:1]:
            of, rng = group(space, name), np.random.default_rng(7)
            for g in generic_elements(of, 5, rng):
                v = Weights.from_flat(
                    space, torch.from_numpy(rng.standard_normal((1, space.parameters)))
                )  # off every kink
                x, gradients = points(space, rng), []
                for at in (v, act(g, v)):
                    leaves = at.map(lambda t: t.clone().requires_grad_())
                    realise(leaves, x).square().sum().backward()
                    gradients.append(leaves.map(lambda t: t.grad))
                wanted = act(g, gradients[0], "covector")
                worst = max(float((a - wanted.tensors[n]).abs().max()) for n, a in gradients[1].items())
                assert worst < 1e-12 * float(wanted.flat().abs().max())
                wrong = act(g, gradients[0], "vector")
                assert name == "permutation+sign" or not torch.allclose(wrong.flat(), gradients[1].flat())


def test_generators_are_swaps_then_one_factor_at_each_index():
    space = mlp(2, 3, 2, 1)
    scales, signs = (
        generators(group(space, "permutation+scale")),
        generators(group(mlp(2, 3, 2, 1, activation="tanh"), "permutation+sign")),
    )
    assert scales[:3] == signs[:3] == generators(space)
    assert [str(g) for g in scales[3:]] == ["n1: [0: 2]", "n1: [1: 2]", "n1: [2: 2]", "n2: [0: 2]", "n2: [1: 2]"]
    assert [str(g) for g in signs[3:]] == ["n1: [0: -1]", "n1: [1: -1]", "n1: [2: -1]", "n2: [0: -1]", "n2: [1: -1]"]
    assert [str(g) for g in generators(Group(space, (Factor("n2", FactorKind.SCALE),)))] == ["n2: [0: 2]", "n2: [1: 2]"]


def test_permutations_are_those_of_the_same_seed_without_factors():
    for name, activation in (("permutation+scale", "relu"), ("permutation+sign", "tanh")):
        space = mlp(2, 5, 4, 1, activation=activation)
        for sampler in (random_elements, generic_elements):
            plain, joined = np.random.default_rng(8), np.random.default_rng(8)
            alone = random_elements(space, 6, plain)
            assert [g.permutations for g in sampler(group(space, name), 6, joined)] == [g.permutations for g in alone]
            assert plain.random() == joined.random()  # and whatever is drawn next


def test_random_factors_are_uniform_over_powers_of_two_and_signs():
    space = mlp(1, 2, 1)
    factors = [f for g in random_elements(group(space, "permutation+scale"), 4000, np.random.default_rng(9))
               for f in (g.factors["n1"].inward if g.diagonals else (1.0, 1.0))]  # fmt: skip
    values, counts = np.unique(factors, return_counts=True)
    assert values.tolist() == [2.0**k for k in range(-3, 4)]
    assert chisquare(counts).pvalue > 1e-3
    far = random_elements(group(space, "permutation+scale"), 400, np.random.default_rng(9), reach=20)
    assert max(f for g in far for d in g.diagonals for f in d.inward) == 2.0**20
    signs = random_elements(group(mlp(1, 2, 1, activation="tanh"), "permutation+sign"), 4000, np.random.default_rng(9))
    pairs = [g.factors["n1"].inward if g.diagonals else (1.0, 1.0) for g in signs]
    _, counts = np.unique(pairs, axis=0, return_counts=True)
    assert len(counts) == 4 and chisquare(counts).pvalue > 1e-3
    generic = generic_elements(group(space, "permutation+scale"), 1000, np.random.default_rng(9))
    logs = [np.log2(f) for g in generic for f in g.factors["n1"].inward]
    assert kstest(logs, "uniform", (-3, 6)).pvalue > 1e-3


def test_elements_are_data():
    g = GroupElement((("n1", (1, 0, 2)), ("n2", (0, 1))), (Diagonal("n1", (1.0, 0.25, -2.0), (1.0, 4.0, -0.5)),))
    assert str(g) == "n1: (0 1) [1: 0.25, 2: -2]"
    assert g.to_json() == {"n1": {"images": [1, 0, 2], "in": [1.0, 0.25, -2.0], "out": [1.0, 4.0, -0.5]}, "n2": [0, 1]}
    assert GroupElement.from_json(g.to_json()) == g and hash(GroupElement.from_json(g.to_json())) == hash(g)
    assert GroupElement.from_json({"n1": [1, 0]}) == GroupElement((("n1", (1, 0)),))
    assert GroupElement(g.permutations, (Diagonal("n2", (1.0, 1.0), (1.0, 1.0)),)) == GroupElement(g.permutations)


@pytest.mark.parametrize(
    ("inward", "outward"), [((0.0,), (1.0,)), ((2.0,), (2.0,)), ((float("inf"),), (0.0,)), ((float("nan"),), (1.0,))]
)
def test_factors_that_are_not_inverse_to_each_other_are_refused(inward, outward):
    with pytest.raises(SpaceError, match="are not inverse to each other"):
        Diagonal("n1", inward, outward)


def test_factors_that_do_not_fit_are_refused():
    with pytest.raises(SpaceError, match="do not fit permutations"):
        GroupElement((("n1", (1, 0)),), (Diagonal("n1", (1.0,), (1.0,)),))
    with pytest.raises(SpaceError, match="do not fit permutations"):
        GroupElement((("n1", (1, 0)),), (Diagonal("n2", (2.0,), (0.5,)),))
    space = WeightSpace((("W", ("h",)),), (("h", 2),), ("h",))
    with pytest.raises(NotCarried):
        act(
            GroupElement((("h", (1, 0)),), (Diagonal("h", (2.0, 1.0), (0.5, 1.0)),)),
            drawn(space, np.random.default_rng(0)),
        )


def test_one_axis_of_an_element():
    space = mlp(2, 3, 2, 1)
    (g,) = random_elements(group(space, "permutation+scale"), 1, np.random.default_rng(0))
    assert compose(on_axis(g, "n1"), on_axis(g, "n2")) == compose(on_axis(g, "n2"), on_axis(g, "n1")) == g


def test_the_action_in_size_is_that_of_absolute_values():
    rng = np.random.default_rng(11)
    for name in ("permutation", *SPACES):
        space = mlp(2, 4, 3, 1, activation="identity")
        for g in random_elements(group(space, name), 5, rng):
            v = drawn(space, rng)
            for kind in KINDS:
                assert same_bits(act_in_size(g, v.map(torch.abs), kind), act(g, v, kind).map(torch.abs))


def test_float32_keeps_bits_too():
    space, rng = mlp(2, 4, 3, 1), np.random.default_rng(12)
    for g in random_elements(group(space, "permutation+scale"), 5, rng):
        v = drawn(space, rng).to(torch.float32)
        moved = act(g, v)
        assert moved.dtype == torch.float32
        assert torch.equal(moved.to(torch.float64).flat(), act(g, v.to(torch.float64)).flat())
