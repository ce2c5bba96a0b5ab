"""Weight spaces: the JSON round trip, what `mlp` makes, and every way in which a space can make no sense."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck import SpaceError, WeightSpace, mlp
from orbitcheck.harness.weights.activations import ACTIVATIONS


@st.composite
def spaces(draw) -> WeightSpace:
    """Any space of up to four tensors over up to three axes; an axis may occur twice in a tensor, or in several."""
    tensors = draw(st.lists(st.lists(st.sampled_from("hio"), max_size=3), min_size=1, max_size=4))
    used = sorted({axis for axes in tensors for axis in axes})
    return WeightSpace(
        tensors=tuple((f"T{number}", tuple(axes)) for number, axes in enumerate(tensors)),
        sizes=tuple((axis, draw(st.integers(1, 5))) for axis in draw(st.permutations(used))),
        permuted=tuple(axis for axis in used if draw(st.booleans())),
        activation=draw(st.sampled_from(list(ACTIVATIONS))),
    )


@given(spaces())
@settings(deadline=None, derandomize=True, max_examples=200)
def test_json_gives_the_same_space_back(space):
    again = WeightSpace.from_json(json.loads(json.dumps(space.to_json())))
    assert again == space
    assert hash(again) == hash(space)


@given(st.lists(st.integers(1, 9), min_size=3, max_size=6), st.sampled_from(list(ACTIVATIONS)))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_an_mlp_is_known_by_its_widths_and_activation(widths, activation):
    space = mlp(*widths, activation=activation)
    assert space.is_mlp
    assert space.widths == tuple(widths)
    assert WeightSpace.from_json(space.to_json()).widths == tuple(widths)
    assert eval(str(space), {"mlp": mlp}) == space
    assert space.permuted == tuple(f"n{layer}" for layer in range(1, len(widths) - 1))
    assert space.parameters == sum((before + 1) * after for before, after in pairwise(widths))


def test_an_mlp_lists_its_tensors_as_networks_do():
    assert mlp(2, 5, 4, 3).shapes == {
        "W1": (5, 2), "b1": (5,), "W2": (4, 5), "b2": (4,), "W3": (3, 4), "b3": (3,)
    }  # fmt: skip


def test_spaces_are_told_apart_by_activation_and_by_what_is_permuted():
    space = mlp(2, 3, 1)
    free = WeightSpace(space.tensors, space.sizes, (*space.permuted, "n0"), space.activation)
    assert len({space, mlp(2, 3, 1), mlp(2, 3, 1, activation="tanh"), free}) == 3
    assert not free.is_mlp
    with pytest.raises(SpaceError, match="layer widths are defined for MLP spaces only"):
        _ = free.widths


GOOD = {"tensors": (("W", ("h", "h")), ("b", ("h",))), "sizes": (("h", 3),), "permuted": ("h",)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tensors": ()}, "needs at least one tensor|belongs to no tensor"),
        ({"tensors": (("W", ("h",)), ("W", ("h", "h")))}, "tensor 'W' is named twice"),
        ({"sizes": (("h", 3), ("h", 4))}, "axis 'h' is named twice"),
        ({"sizes": ()}, "axis 'h' has no size; sizes are given for none"),
        ({"sizes": (("h", 3), ("k", 2))}, "axis 'k' belongs to no tensor"),
        ({"sizes": (("h", 0),)}, "axis 'h' has size 0; sizes are integers of at least 1"),
        ({"sizes": (("h", 2.0),)}, "axis 'h' has size 2.0"),
        ({"sizes": (("h", True),)}, "axis 'h' has size True"),
        ({"permuted": ("h", "h")}, "permuted axis 'h' is named twice"),
        ({"permuted": ("k",)}, "axis 'k' belongs to no tensor"),
        ({"activation": "rule"}, "unknown activation 'rule'; allowed: relu, "),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(change, message):
    assert WeightSpace(**GOOD).shapes == {"W": (3, 3), "b": (3,)}
    with pytest.raises(SpaceError, match=message):
        WeightSpace(**{**GOOD, **change})


@pytest.mark.parametrize("widths", [(), (3,), (3, 2)])
def test_an_mlp_needs_a_hidden_layer(widths):
    with pytest.raises(SpaceError, match="has no hidden layer; give input, hidden and output widths"):
        mlp(*widths)


@pytest.mark.parametrize("width", [0, -1, 2.5, "4", True, None])
def test_a_width_is_a_positive_integer(width):
    with pytest.raises(SpaceError, match="sizes are integers of at least 1"):
        mlp(2, width, 1)


@pytest.mark.parametrize("drop", ["tensors", "sizes", "permuted", "activation"])
def test_json_without_a_key_or_with_another_is_refused(drop):
    data = mlp(2, 3, 1).to_json()
    with pytest.raises(SpaceError, match="a weight space has the keys"):
        WeightSpace.from_json({key: value for key, value in data.items() if key != drop})
    with pytest.raises(SpaceError, match="a weight space has the keys"):
        WeightSpace.from_json({**data, "widths": [2, 3, 1]})
