"""Every kind of factor, on every kind of space: the group's laws, the action's, and that functions are kept by the right groups alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

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
)  # fmt: skip
from orbitcheck.extending import transformer
from orbitcheck.harness.weights.algebra.blocks import exact_complex_factors, generating_complex
from orbitcheck.harness.weights.algebra.kinds import FactorKind, OutputKind
from orbitcheck.harness.weights.algebra.roles import AxisRole, Roles, Shift, Standing
from orbitcheck.harness.weights.element import Blocks
from orbitcheck.harness.weights.groups import GROUPS, Factor, Group, NotCarried, carried, group, roles, roles_of
from orbitcheck.harness.weights.networks.transformers import turned_by_place
from orbitcheck.harness.weights.realisation import realisation
from orbitcheck.harness.weights.symmetry import act_in_size, generic_elements, inner_permutation, on_axis

LORA = WeightSpace(
    (("A", ("r", "n")), ("B", ("m", "r"))), (("r", 5), ("n", 3), ("m", 4)), ("r",), "identity",
    Roles((AxisRole("r", Standing.LINEAR),)),
)  # fmt: skip
RMS = WeightSpace(
    (("U", ("r", "n")), ("u", ("r",)), ("A", ("h", "r")), ("a", ("h",)), ("B", ("r", "h"))), (("r", 5), ("n", 2), ("h", 3)),
    ("r", "h"), "relu", Roles((AxisRole("r", Standing.RMS_NORM), AxisRole("h", Standing.HIDDEN, biases=("a",)))),
)  # fmt: skip
GATED = WeightSpace(
    (("G", ("h", "n")), ("F", ("h", "n")), ("W", ("m", "h"))), (("h", 3), ("n", 2), ("m", 2)), ("h",), "silu",
    Roles((AxisRole("h", Standing.GATED),), (("G", (None, None)),)),
)  # fmt: skip
ROTARY = transformer(2, 3, 2, 4, 2, 2, 1, rotary=True, norm="rms").space
GROUPED = transformer(2, 3, 2, 2, 2, 2, 1, per_group=2).space
SPACES = (
    mlp(2, 4, 3, 1, activation="sine"), mlp(2, 4, 3, 1, activation="identity"), mlp(2, 3, 1), conv_net(1, 3, 2, 2, activation="identity"),
    recurrent(2, 3, 2, 1, activation="sine"), recurrent(2, 3, 2, 1, activation="identity"), residual_mlp(2, 5, (4, 2), 1),
    residual_mlp(2, 3, (4, 2), 1, activation="sine"), transformer_block(3, 2, 3, 2, 4), transformer_block(3, 3, 2, 4, 2, activation="relu"),
    LORA, RMS, GATED, ROTARY, GROUPED,
)  # fmt: skip
NAMES = tuple(name for name in GROUPS if name != "permutation")


def every_group() -> list[Group]:
    found = []
    for space in SPACES:
        for name in NAMES:
            try:
                of = group(space, name)
            except NotCarried:
                continue
            if of not in found:
                found.append(of)
    return found


ALL = every_group()
INDEX = st.integers(0, len(ALL) - 1)
SEED = st.integers(0, 2**32 - 1)


def dyadic(space: WeightSpace, rng: np.random.Generator, channels: int = 1) -> Weights:
    shapes = space.shapes.items()
    return Weights(space, {n: torch.from_numpy(rng.integers(-8, 9, (1, *s, channels)) / 4.0) for n, s in shapes})


def equal(v: Weights, w: Weights) -> bool:
    return bool((v.flat() == w.flat()).all())


def apart(v: Weights, w: Weights) -> float:
    return float((v.flat() - w.flat()).abs().max() / (1 + w.flat().abs().max()))


def test_there_are_groups_of_every_kind_on_many_spaces():
    kinds = {kind for of in ALL for kind in of.kind.values()}
    assert {"scale", "sign", "phase", "orth", "gl", "rotary", "shift", "perm"} == {
        atom for kind in kinds for atom in kind.atoms
    }
    assert any(factor.within for of in ALL for factor in of.factors) and len(ALL) >= 30


@settings(max_examples=20, deadline=None)
@given(INDEX, SEED)
def test_the_laws_hold_to_the_bit_for_exact_elements(number, seed):
    """Homomorphism on points, vectors and covectors, associativity, inverses on both sides, and duality."""
    of, rng = ALL[number], np.random.default_rng(seed)
    phase = any(kind.turns for kind in of.kind.values())
    g, h, k = random_elements(of, 3, rng)
    v, c = dyadic(of.space, rng, 2), dyadic(of.space, rng, 2)
    assert compose(compose(g, h), k) == compose(g, compose(h, k))
    assert compose(g, identity(of)) == compose(identity(of), g) == g
    assert compose(g, inverse(g)) == compose(inverse(g), g) == identity(of)
    assert inverse(compose(g, h)) == compose(inverse(h), inverse(g))
    for kind in OutputKind:
        there, back = act(g, act(h, v, kind), kind), act(inverse(g), act(g, v, kind), kind)
        if kind is OutputKind.POINT and phase:  # a half turn is itself rounded
            assert apart(there, act(compose(g, h), v, kind)) < 1e-15 and apart(back, v) < 1e-14
        else:
            assert equal(there, act(compose(g, h), v, kind)) and equal(back, v)
    pairing = (act(g, c, "covector").flat() * act(g, v, "vector").flat()).sum()
    assert float(pairing) == float((c.flat() * v.flat()).sum())
    assert equal(act([g, h], Weights.cat([v, c]))[1], act(h, c))


@settings(max_examples=10, deadline=None)
@given(INDEX, SEED)
def test_the_laws_hold_to_rounding_for_floats(number, seed):
    of, rng = ALL[number], np.random.default_rng(seed)
    g, h = generic_elements(of, 2, rng, reach=2)
    v = dyadic(of.space, rng)
    for kind in OutputKind:
        assert apart(act(g, act(h, v, kind), kind), act(compose(g, h), v, kind)) < 1e-12
        assert apart(act(inverse(g), act(g, v, kind), kind), v) < 1e-12


@settings(max_examples=10, deadline=None)
@given(INDEX, SEED)
def test_points_differ_by_vectors(number, seed):
    """`g v - g w = g (v - w)` with the difference as a vector: the action on points is affine, that on vectors its linear part."""
    of, rng = ALL[number], np.random.default_rng(seed)
    (g,) = random_elements(of, 1, rng)
    v, w = dyadic(of.space, rng), dyadic(of.space, rng)
    minus = Weights(of.space, {name: a - w.tensors[name] for name, a in v.items()})
    left = act(g, v).flat() - act(g, w).flat()
    assert float((left - act(g, minus, "vector").flat()).abs().max()) < 1e-13 * (
        1 + float(act(g, v).flat().abs().max())
    )


@settings(max_examples=10, deadline=None)
@given(INDEX, SEED)
def test_the_action_in_size_bounds_the_action(number, seed):
    of, rng = ALL[number], np.random.default_rng(seed)
    for g in (*random_elements(of, 1, rng), *generic_elements(of, 1, rng)):
        v = dyadic(of.space, rng)
        for kind in OutputKind:
            assert bool(
                (act(g, v, kind).flat().abs() <= act_in_size(g, v.map(torch.abs), kind).flat() * (1 + 1e-12)).all()
            )


@settings(max_examples=10, deadline=None)
@given(INDEX, SEED)
def test_elements_are_plain_data_and_products_of_their_axes(number, seed):
    of, rng = ALL[number], np.random.default_rng(seed)
    for g in (*random_elements(of, 1, rng), *generic_elements(of, 1, rng)):
        assert GroupElement.from_json(g.to_json()) == g and hash(g) == hash(GroupElement.from_json(g.to_json()))
        told = GroupElement.from_json(dict(sorted(g.to_json().items())))  # as results are written
        v = dyadic(of.space, rng)
        assert equal(act(told, v), act(g, v))
        product = identity(of)
        listed = [*of.space.permuted, *roles_of(of.space).rotary] if of.space.roles else of.space.permuted
        for axis in sorted(listed, key=lambda axis: any(f.within == axis for f in of.factors)):
            product = compose(product, on_axis(g, axis))  # outer axes first: what lies within moves with them
        assert product == g
        assert str(g) and (g == identity(of)) == (str(g) == "identity")


@cache
def inputs(space: WeightSpace) -> torch.Tensor:
    rng = np.random.default_rng(1)
    return torch.from_numpy(rng.integers(-4, 5, (5, *realisation(space).input_shape(4))) / 2.0)


def change(of: Group, g: GroupElement, v: Weights) -> float:
    if of.space == LORA:
        before, after = (w.tensors["B"][..., 0] @ w.tensors["A"][..., 0] for w in (v, act(g, v)))
    elif of.space == RMS:
        before, after = _rms(v), _rms(act(g, v))
    elif of.space == GATED:
        before, after = _gated(v), _gated(act(g, v))
    else:
        before, after = realise(v, inputs(of.space)), realise(act(g, v), inputs(of.space))
    return float((before - after).abs().max() / (1e-300 + before.abs().max()))


def _rms(v: Weights) -> torch.Tensor:
    """The norm that leaves the block, and what a head orthogonal to nothing sees: its own squares."""
    t = {name: tensor[0, ..., 0] for name, tensor in v.items()}
    stream = inputs(mlp(2, 3, 1)) @ t["U"].T + t["u"]
    normal = stream / stream.square().mean(-1, keepdim=True).sqrt()
    stream = stream + torch.relu(normal @ t["A"].T + t["a"]) @ t["B"].T
    return stream @ stream.T


def _gated(v: Weights) -> torch.Tensor:
    t, x = {name: tensor[0, ..., 0] for name, tensor in v.items()}, inputs(mlp(2, 3, 1))
    return (torch.nn.functional.silu(x @ t["G"].T) * (x @ t["F"].T)) @ t["W"].T


def is_exact(of: Group) -> bool:
    """Whether all sums of the function are exact on dyadic weights and inputs."""
    linear = of.space == LORA or (of.space.activation in ("relu", "identity") and "hidden" not in of.space.permuted)
    return linear and of.space != RMS


@settings(max_examples=20, deadline=None)
@given(INDEX, SEED)
def test_functions_are_kept_to_the_bit_where_all_is_exact(number, seed):
    of, rng = ALL[number], np.random.default_rng(seed)
    listed = generators(of)
    for g in (*random_elements(of, 2, rng), listed[int(rng.integers(len(listed)))]):
        assert change(of, g, dyadic(of.space, rng)) <= (0 if is_exact(of) else 2e-12), (str(of), str(g))
    (g,) = generic_elements(of, 1, rng, reach=1)
    assert change(of, g, dyadic(of.space, rng)) < 1e-11, (str(of), str(g))


def test_generators_keep_the_function_and_move_something():
    rng = np.random.default_rng(3)
    for of in ALL:
        v = dyadic(of.space, rng)
        listed = generators(of)
        for g in [listed[i] for i in rng.permutation(len(listed))[:4]]:
            assert change(of, g, v) < 1e-12, (str(of), str(g))
            assert g != identity(of)


@pytest.mark.parametrize(
    ("space", "factor"),
    [
        (mlp(2, 4, 1, activation="gelu"), Factor("n1", FactorKind.PHASE)),
        (mlp(2, 4, 1, activation="tanh"), Factor("n1", FactorKind.PHASE)),
        (mlp(2, 4, 1), Factor("n1", FactorKind.ORTH)),
        (mlp(2, 4, 1, activation="tanh"), Factor("n1", FactorKind.GL)),
        (mlp(2, 4, 1), Factor("n1", FactorKind.SHIFT)),
        (recurrent(2, 4, 1), Factor("n1", FactorKind.GL)),
        (transformer_block(3, 2, 2, 2, 4), Factor("head", FactorKind.GL)),
        (transformer_block(3, 2, 2, 2, 4), Factor("hidden", FactorKind.ORTH)),
        (RMS, Factor("r", FactorKind.GL)),
        (RMS, Factor("r", FactorKind.SCALE)),
        (RMS, Factor("h", FactorKind.SIGN)),
        (GATED, Factor("h", FactorKind.GL)),
    ],
    ids=str,
)
def test_wrong_groups_break_the_function(space, factor):
    """So the tests above could have failed; and none of these is what the axis carries."""
    wrong, rng = Group(space, (factor,)), np.random.default_rng(4)
    changes = [change(wrong, g, dyadic(space, rng)) for g in generic_elements(wrong, 8, rng)]
    assert max(changes) > 1e-3
    assert not factor.kind.atoms <= carried(space)[factor.axis].kind.covers


def test_gradients_are_covectors():
    rng = np.random.default_rng(5)
    for of in ALL:
        if of.space in (LORA, RMS, GATED) or of.space.activation == "relu":
            continue
        for g in generic_elements(of, 1, rng, reach=1):
            v, gradients = dyadic(of.space, rng), []
            for at in (v, act(g, v)):
                leaves = at.map(lambda t: t.clone().requires_grad_())
                realise(leaves, inputs(of.space)).square().sum().backward()
                gradients.append(leaves.map(lambda t: t.grad))
            assert apart(gradients[1], act(g, gradients[0], "covector")) < 1e-11, str(of)


def test_the_table_of_what_axes_carry():
    told = {name: str(group(transformer_block(3, 2, 2, 2, 4), name)) for name in ("heads", "gl", "gl+shift", "full")}
    assert told["heads"] == "head: perm, key within head: perm, value within head: perm, hidden: perm"
    assert told["gl"] == "head: perm, key within head: gl, value within head: gl, hidden: perm"
    assert (
        told["gl+shift"]
        == told["full"]
        == "head: perm, key within head: gl+shift, value within head: gl+shift, hidden: perm"
    )
    assert str(group(mlp(2, 3, 1, activation="sine"), "full")) == "n1: perm+sign+phase"
    assert str(group(mlp(2, 3, 1), "full")) == "n1: perm+scale"
    assert str(group(mlp(2, 3, 1, activation="gelu"), "full")) == "n1: perm"
    assert str(group(mlp(2, 3, 1, activation="identity"), "full")) == "n1: gl+shift"
    assert str(group(residual_mlp(2, 3, (4,), 1), "full")) == "r: gl+shift, n1: perm+scale"
    assert str(group(residual_mlp(2, 3, (4,), 1), "orth")) == "r: orth, n1: perm"
    assert str(group(ROTARY, "gl")).endswith("key1 within head1: rotary")
    assert "value1 within head1: gl+shift" in str(group(ROTARY, "gl+shift"))
    assert "key1 within head1: gl+shift, value1 within head1: gl+shift" in str(group(GROUPED, "gl+shift"))
    assert str(group(RMS, "full")) == "r: orth, h: perm+scale"
    assert str(group(LORA, "gl")) == "r: gl" and str(group(GATED, "full")) == "h: perm+scale+sign"
    for name, space in (("gl", mlp(2, 3, 1)), ("heads", mlp(2, 3, 1)), ("orth", mlp(2, 3, 1, activation="tanh"))):
        with pytest.raises(NotCarried, match=f"{name}: no axis of"):
            group(space, name)
    with pytest.raises(NotCarried, match="tanh does not commute with half turns"):
        group(mlp(2, 3, 1, activation="tanh"), "permutation+sign+phase")


def test_keys_are_permuted_in_every_head_apart_and_move_with_it():
    space = transformer_block(1, 2, 2, 1, 1)
    inner = inner_permutation(space, "key", "head", ((1, 0), (0, 1)))
    outer = GroupElement((("head", (1, 0)), ("key", (0, 1)), ("value", (0,)), ("hidden", (0,))))
    v = dyadic(space, np.random.default_rng(0))
    before, after = v.tensors["bQ"][0, ..., 0], act(compose(outer, inner), v).tensors["bQ"][0, ..., 0]
    assert after.tolist() == [before[1].tolist(), before[0].flip(0).tolist()]
    assert str(inner) == "key: [0 1; 1 0] 1" and inverse(inner) == inner
    assert compose(outer, inner) == compose(inner_permutation(space, "key", "head", ((0, 1), (1, 0))), outer)


def test_rotary_keys_have_complex_factors_and_no_more():
    """What commutes with the turns of one place has as many dimensions as there are real and imaginary parts; other maps break the function."""
    size, rng = 6, np.random.default_rng(6)
    turns = turned_by_place(torch.eye(size, dtype=torch.float64)[:, None].expand(-1, 2, -1))[:, 1].numpy().T
    commuting = np.kron(turns, np.eye(size)) - np.kron(np.eye(size), turns.T)
    values = np.linalg.svd(commuting, compute_uv=False)
    assert (values < 1e-12).sum() == size and values[-size - 1] > 1e-4
    for inward, outward in (*generating_complex(1, size), exact_complex_factors(1, size, rng, 3)):
        assert np.abs(inward[0] @ turns - turns @ inward[0]).max() < 1e-12
        assert (inward[0].T @ outward[0] == np.eye(size)).all()
    half = np.eye(4)[[1, 0, 3, 2]]  # pairs change places
    wrong = GroupElement(
        identity(ROTARY).permutations, (), (Blocks.of("key1", "head1", np.stack([half, half]), np.stack([half, half])),)
    )
    assert change(group(ROTARY), wrong, dyadic(ROTARY, rng)) > 1e-3
    with pytest.raises(NotCarried, match="holds no rotary keys"):
        Group(ROTARY, (Factor("key1", FactorKind.ROTARY),))
    with pytest.raises(SpaceError, match="turn in pairs"):
        WeightSpace((("Q", ("k",)),), (("k", 3),), (), "relu", Roles((AxisRole("k", Standing.ROTARY),)))
    with pytest.raises(SpaceError, match="rotary keys are a fixed axis"):
        WeightSpace((("Q", ("k",)),), (("k", 2),), ("k",), "relu", Roles((AxisRole("k", Standing.ROTARY),)))


def test_half_turns_by_hand():
    space = mlp(1, 1, 1, activation="sine")
    (turn,) = [g for g in generators(group(space, "permutation+sign+phase")) if g.phases]
    v = Weights(
        space, {name: torch.full((1, *shape, 1), 0.5, dtype=torch.float64) for name, shape in space.shapes.items()}
    )
    assert act(turn, v).flat().tolist() == [[0.5, 0.5 + np.pi, -0.5, 0.5]]
    assert act(turn, v, "vector").flat().tolist() == act(turn, v, "covector").flat().tolist() == [[0.5, 0.5, -0.5, 0.5]]
    assert str(turn) == "n1: [0: 1 half turns]" and str(compose(turn, turn)) == "n1: [0: 2 half turns]"
    assert compose(turn, turn).half_turns == 2 and equal(act(compose(turn, turn), v, "vector"), v)
    many = float(act(compose(turn, turn), v.to(torch.float32)).tensors["b1"])
    assert many == np.float32(0.5 + 2 * np.pi)  # one rounding, whatever the dtype


def test_shifts_by_hand():
    """`bV += d` and `bO -= W_O d`; to keys anything; a covector knows what the shift goes through."""
    space = transformer_block(1, 1, 1, 1, 1)
    ones = Weights(
        space, {name: torch.ones((1, *shape, 1), dtype=torch.float64) for name, shape in space.shapes.items()}
    )
    shifts = {g.translations[0].tensor: g for g in generators(group(space, "gl+shift")) if g.translations}
    moved = {name: {n: t.item() for n, t in act(g, ones).items() if t.item() != 1} for name, g in shifts.items()}
    assert moved == {"bK": {"bK": 2.0}, "bV": {"bV": 2.0, "bO": 0.0}}
    dual = {n: t.item() for n, t in act(shifts["bV"], ones, "covector").items() if t.item() != 1}
    assert dual == {"WO": 2.0} and str(shifts["bV"]) == "value: bV [(0, 0): +1]"


def test_what_is_added_to_values_is_made_up_for_once_a_member():
    """Each member of a group of heads reads the same values, so `bO -= sum of W_O over members d`; a covector knows all members."""
    space = transformer(1, 1, 1, 1, 1, 1, 1, per_group=3).space
    ones = Weights(space, {n: torch.ones((1, *shape, 1), dtype=torch.float64) for n, shape in space.shapes.items()})
    (g,) = [g for g in generators(group(space, "gl+shift")) if g.translations and g.translations[0].tensor == "bV1"]
    moved = {n: t.item() for n, t in act(g, ones).items() if (t != 1).any()}
    assert moved == {"bV1": 2.0, "bO1": -2.0}
    dual = {n: t.flatten().tolist() for n, t in act(g, ones, "covector").items() if (t != 1).any()}
    assert dual == {"WO1": [2.0, 2.0, 2.0]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Roles((AxisRole("n"),)), "axis 'n' has a role; allowed: one for each permuted axis, r"),
        (Roles((AxisRole("r", within="n"),)), "lies within 'n'; allowed: another permuted axis"),
        (Roles((AxisRole("r", biases=("A",)),)), "'A' is named among the biases"),
        (Roles((), (("A", ("in",)),)), "a tensor of the space has one for each"),
        (Roles((), (("A", ("in", "in")),)), "has a role at an axis that is not permuted"),
        (Roles((), (), (Shift("r", "A"),)), "'A' is shifted along 'r'; allowed: tensors of the axes r alone"),
        (Roles((), (), (Shift("r", "b", (("A", "B"),)),)), "'A' cannot make up for 'b' through 'B'"),
        (Roles((), (), (Shift("r", "b", (("b", "A"),)),)), "'b' cannot make up for 'b' through 'A'"),
    ],
    ids=str,
)  # fmt: skip
def test_roles_that_do_not_fit_are_refused(given, told):
    with pytest.raises(SpaceError, match=told):
        WeightSpace(
            (("A", ("r", "n")), ("b", ("r",)), ("B", ("m", "r"))), (("r", 2), ("n", 2), ("m", 2)), ("r",), "relu", given
        )


def test_a_space_with_roles_is_plain_data():
    for space in (LORA, RMS, GATED):
        assert WeightSpace.from_json(space.to_json()) == space and not space.is_mlp
    assert "roles" not in mlp(2, 3, 1).to_json()
    with pytest.raises(SpaceError, match="are none"):
        WeightSpace.from_json({**LORA.to_json(), "roles": {"axes": {"r": {"standing": "seated"}}}})
    assert roles(GATED)["G"] == (None, None)


def test_groups_that_make_no_sense_are_refused():
    space = transformer_block(3, 2, 2, 2, 4)
    for factors, told in (
        ((Factor("key", FactorKind.PERM, "model"),), "cannot lie within 'model'"),
        ((Factor("hidden", FactorKind.PERM, "head"),), "lies within 'head', which 'W1' does not have once"),
        ((Factor("head", FactorKind.SIGN), Factor("key", FactorKind.GL, "head")), "so it carries perm alone"),
        ((Factor("key", FactorKind.SHIFT),), "lies within 'head'"),
        ((Factor("head", FactorKind.SHIFT),), "has no shift"),
        ((Factor("key", FactorKind.PHASE),), "has no phase"),
    ):
        with pytest.raises(SpaceError, match=told):
            Group(space, factors)
