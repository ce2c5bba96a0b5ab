"""Which groups weight spaces carry: the table of `groups.py` by hand, and by whether networks keep their function."""

from __future__ import annotations

import pytest

from orbitcheck import SpaceError, WeightSpace, conv_net, mlp, recurrent, residual_mlp, transformer_block
from orbitcheck.harness.plugins.traits import SYMMETRIES
from orbitcheck.harness.weights.groups import GROUPS, Factor, FactorKind, Group, NotCarried, Role, group, relates, roles

IN, OUT = Role.IN, Role.OUT
ACTIVATIONS = ("relu", "leaky-relu", "abs", "identity", "tanh", "sine", "gelu", "silu")


def every_space(activation: str) -> tuple[WeightSpace, ...]:
    return (
        mlp(2, 4, 3, 1, activation=activation),
        conv_net(1, 3, 2, 2, activation=activation),
        recurrent(2, 3, 2, 1, activation=activation),
        residual_mlp(2, 3, (4, 2), 1, activation=activation),
        transformer_block(3, 2, 2, 2, 4, activation=activation),
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_name_gives_a_group_exactly_where_the_activation_carries_it(activation):
    for space in every_space(activation):
        assert str(group(space)) == ", ".join(f"{axis}: perm" for axis in space.permuted)
        for name, allowed in (
            ("permutation+scale", {"relu", "leaky-relu", "abs", "identity"}),
            ("permutation+sign", {"tanh", "sine", "identity"}),
        ):
            if activation in allowed:
                assert group(space, name).space == space
            else:
                with pytest.raises(NotCarried, match=f"{activation} does not commute"):
                    group(space, name)


def test_only_axes_under_a_pointwise_activation_are_multiplied():
    scaled = [
        [factor.axis for factor in group(space, "permutation+scale").factors if factor.kind is FactorKind.PERM_SCALE]
        for space in every_space("relu")
    ]
    assert scaled == [["n1", "n2"], ["n1", "n2"], ["n1", "n2"], ["n1", "n2"], ["hidden"]]
    assert group(every_space("relu")[3], "permutation+scale").kind["r"] is FactorKind.PERM


def test_roles_are_those_of_the_networks_formulas():
    assert roles(mlp(2, 4, 3, 1)) == {
        "W1": (IN, None), "b1": (IN,), "W2": (IN, OUT), "b2": (IN,), "W3": (None, OUT), "b3": (None,),
    }  # fmt: skip
    assert roles(conv_net(1, 3, 2, 2))["C2"] == (IN, OUT, None, None)
    assert roles(recurrent(2, 3, 1))["R1"] == (IN, OUT)
    residual = roles(residual_mlp(2, 3, (4,), 1))
    assert (residual["A1"], residual["B1"], residual["U"], residual["V"]) == (
        (IN, OUT),
        (IN, OUT),
        (IN, None),
        (None, OUT),
    )
    block = roles(transformer_block(3, 2, 2, 2, 4))
    assert [block[name][1] for name in ("WQ", "bQ", "WK", "bK", "WV", "bV")] == [IN, IN, OUT, OUT, IN, IN]
    assert block["WO"] == (None, OUT, OUT)
    assert (block["W1"], block["b1"], block["W2"], block["b2"]) == ((IN, None), (IN,), (None, OUT), (None,))


def test_a_space_that_no_constructor_made_carries_permutations_alone():
    space = WeightSpace((("W", ("h", "i")), ("b", ("h",))), (("h", 3), ("i", 2)), ("h",))
    assert group(space).factors == (Factor("h", FactorKind.PERM),)
    with pytest.raises(NotCarried, match="only permutations are known of WeightSpace"):
        group(space, "permutation+scale")
    with pytest.raises(NotCarried, match="only permutations are known"):
        Group(space, (Factor("h", FactorKind.SIGN),))


def test_factors_stand_on_permuted_axes_one_each():
    space = mlp(2, 3, 1)
    with pytest.raises(SpaceError, match="axis 'n0' is not permuted"):
        Group(space, (Factor("n0", FactorKind.PERM),))
    with pytest.raises(SpaceError, match="two factors; a join"):
        Group(space, (Factor("n1", FactorKind.PERM), Factor("n1", FactorKind.SCALE)))
    with pytest.raises(SpaceError, match="no group is called 'scale'; allowed: permutation, permutation\\+scale"):
        group(space, "scale")


def test_plug_ins_may_declare_groups_that_there_are():
    assert set(SYMMETRIES) <= {*GROUPS, "none"}


def test_a_declared_group_relates_what_a_smaller_one_relates():
    relu, tanh, sine = (mlp(2, 3, 1, activation=name) for name in ("relu", "tanh", "sine"))
    for space, larger, smaller in (
        (relu, "full", "permutation+scale"),
        (tanh, "full", "permutation+sign"),
        (sine, "permutation+sign+phase", "permutation+sign"),
        (transformer_block(3, 2, 2, 2, 4), "gl", "heads"),
        (transformer_block(3, 2, 2, 2, 4), "heads", "permutation"),
    ):
        assert relates(larger, smaller, space)
        assert relates(smaller, larger, space) == (larger == "full")  # which is the very same group on these
    assert relates("permutation+scale", "permutation+scale", tanh) and not relates("permutation", None, relu)
    assert not relates("permutation", "permutation+scale", relu) and not relates("of_my_own", "permutation+scale", relu)
    assert not relates("gl", "permutation+scale", relu)
