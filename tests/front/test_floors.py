"""`orbitcheck.floor` and `orbitcheck floor`: lists of weights, zoos, forms; text, JSON and a figure that agree."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner

import orbitcheck
from orbitcheck import GroupElement, SpaceError, Weights, act, mlp
from orbitcheck.harness.core.registry import UnknownName
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.zoo import population
from orbitcheck.harness.zoo.recipe import ZOOS


def rescaled(space=None) -> Weights:
    """Four ReLU networks: v, v with a neuron rescaled by 2, v rounded to another function, and v in other numbering."""
    space = space or mlp(1, 2, 1)
    v = {"W1": [[1.0], [2.0]], "b1": [0.25, 0.5], "W2": [[1.0, -1.0]], "b2": [0.0]}
    nets = [v, {**v, "W1": [[2.0], [2.0]], "b1": [0.5, 0.5], "W2": [[0.5, -1.0]]}, {**v, "b2": [1.0]}, v]
    stacked = Weights(space, {name: torch.tensor([net[name] for net in nets]).unsqueeze(-1) for name in space.axes})
    swap = GroupElement(((space.permuted[0], (1, 0)),))
    return Weights.cat([stacked[:3], act(swap, stacked[3:])])


def test_a_list_of_weights_has_floors_along_the_arrows():
    v = rescaled()
    found = orbitcheck.floor(v, [0.0, 1.0, 2.0, 0.0])
    assert [(level.level, level.shared, level.says) for level in found.levels] == [
        ("orbit", 1, "constant on every class"), ("2-fwl", 1, "constant on every class"), ("2-fwl-0", 1, "constant on every class"),
        ("1-wl", 1, "constant on every class"),
        ("1-wl-0", 1, "constant on every class"), ("function", 1, "varies inside classes"),
    ]  # fmt: skip
    function = found.at("function")
    assert (function.networks, function.relative, function.upper) == (
        3,
        pytest.approx((2 / 3) / 2.75),
        None,
    )
    assert function.costliest[0].networks == ("0", "1", "3")
    again = orbitcheck.floor([v[:1], v[1:]], torch.tensor([0.0, 1.0, 2.0, 0.0]), names=list("abcd"))
    assert again.at("function").costliest[0].networks == ("a", "b", "d")
    assert [level.relative for level in again.levels] == [level.relative for level in found.levels]


def test_floors_are_shown_in_one_line():
    v = rescaled()
    found = orbitcheck.floor(v, [0.0, 1.0, 2.0, 0.0])
    shown = "LabelFloors(label of 4 networks as float: orbit 0, 2-fwl 0, 1-wl 0, function 0.2424)"
    assert repr(found) == shown and found.at("function").relative == pytest.approx(0.2424, abs=5e-5)
    assert repr(found.at("function")) == "LevelFloor(function: 0.2424, 3 networks in 1 shared classes)"
    assert repr(orbitcheck.floor(v[:2], [0, 1], form="float")).startswith("LabelFloors(label of 2 networks as float: ")
    assert "says nothing at this precision" in repr(orbitcheck.floor(v[2:], [1.0, 0.0]))


@pytest.mark.parametrize(
    ("given", "got"), [(3, "int"), ([{"W1": [1.0]}], "dict"), (Path("nets"), "Path"), (["a.pt"], "str")]
)
def test_what_is_no_population_is_said_with_what_is_allowed(given, got):
    with pytest.raises(SpaceError, match=f"^got a [A-Za-z]*{got}; allowed: the name of a zoo, Weights"):
        orbitcheck.floor(given, [1.0])


def test_networks_of_other_numbering_are_alone_only_where_the_list_holds_them_once():
    v = rescaled()
    assert orbitcheck.floor(v[:3], [0.0, 1.0, 2.0]).at("orbit").shared == 0
    assert orbitcheck.floor(v[2:], [1.0, 0.0]).silent
    words = orbitcheck.floor(v, ["a", "b", "c", "a"])
    assert words.label_classes == 3 and words.at("function").wrong == 0.25
    several = orbitcheck.floor([v, rescaled(mlp(1, 2, 1, activation="abs"))], [0.0, 1, 2, 0, 5, 6, 7, 5])
    assert len(several.spaces) == 2 and several.at("orbit").shared == 2


def test_batches_of_two_spaces_may_come_in_any_order():
    v, other = rescaled(), rescaled(mlp(1, 2, 1, activation="tanh"))
    found = orbitcheck.floor([v[:1], other, v[1:]], [0.0, 5, 6, 7, 5, 1, 2, 0], names=list("aABCDbcd"))
    assert found.at("function").costliest[0].networks == ("a", "b", "d")
    assert found.at("orbit").shared == 2 and found.at("orbit").relative == 0


def test_coarse_forms_share_more():
    v = rescaled()
    moved = Weights.cat([v[:1], v[:1].map(lambda tensor: tensor * (1 + 1e-3))])
    assert orbitcheck.floor(moved, [0, 1]).silent
    pruned = orbitcheck.floor(Weights.cat([v[:1], v[1:2]]), [0, 1], form="pruned-99%")
    assert pruned.form == "pruned-99%"


def test_populations_of_others_are_taken_as_they_are():
    own = SimpleNamespace(
        weights=rescaled(), metadata={"accuracy": [0.5, 0.25, 0.125, 0.5], "name": ["a", "b", "c", "d"]}
    )
    assert orbitcheck.floor(own, "accuracy").at("orbit").says == "constant on every class"
    assert orbitcheck.floor([own, own], "accuracy").at("orbit").shared == 3
    with pytest.raises(UnknownName, match='did you mean "accuracy"'):
        orbitcheck.floor(own, "acuracy")


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"label": [0, 1]}, ValueError, "2 values for 4 networks"),
        ({"label": [0, 1, 2, 3], "names": ["a"]}, ValueError, "1 names for 4 networks"),
        ({"label": [0, 1, 2, 3], "form": "9-bits"}, ValueError, '"9-bits" is no form'),
        ({"label": [0, 1, 2, float("inf")]}, ValueError, "no finite number"),
        ({"label": "accuracy"}, UnknownName, "available: none"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(given, error, words):
    label = given.pop("label")
    with pytest.raises(error, match=words):
        orbitcheck.floor(rescaled(), label, **given)
    with pytest.raises(SpaceError, match="2"):
        orbitcheck.floor(rescaled().map(lambda tensor: tensor.repeat_interleave(2, -1)), [0, 1, 2, 3])
    with pytest.raises(ValueError, match="at least one"):
        orbitcheck.floor([], [])


@pytest.fixture
def zoo(monkeypatch):
    """A zoo of the four networks twice over, in two groups."""
    own = population.Population(
        mlp(1, 2, 1), rescaled(), {"label": torch.tensor([0, 1, 2, 0]), "loss": torch.tensor([0.5, 1.5, 2.5, 0.5])}, ""
    )
    monkeypatch.setattr(population, "load", lambda name, group=None: own)
    return own


def invoke(*arguments: str):
    return CliRunner().invoke(main, ["floor", *arguments])


def test_the_command_says_classes_first_then_floors_then_what_costs_most(zoo, tmp_path):
    figure = tmp_path / "floors.svg"
    answer = invoke("digits-inr", "--label", "label", "--form", "float", "--form", "8-bit", "--figure", str(figure))
    assert answer.exit_code == 0, answer.output
    lines = answer.stdout.splitlines()
    assert lines[0] == "digits-inr, float: 4 networks of mlp(1, 2, 1, activation='relu'); label (3 classes)"
    assert lines[1].split()[:3] == ["level", "shared", "networks"] and lines[2].split()[:4] == ["orbit", "1", "2", "3"]
    assert any("costliest classes at function:" in line for line in lines)
    assert figure.read_text().startswith("<?xml") and "8-bit" in figure.read_text()
    data = json.loads(invoke("digits-inr", "--label", "loss", "--json").stdout)
    assert [level["level"] for level in data[0]["levels"]] == [
        "orbit",
        "2-fwl",
        "2-fwl-0",
        "1-wl",
        "1-wl-0",
        "function",
    ]
    assert data[0]["label_classes"] is None and data[0]["levels"][-1]["wrong"] is None
    assert json.loads(invoke("digits-inr", "--label", "loss", "--classes", "--json").stdout)[0]["label_classes"] == 3


def test_all_groups_of_a_zoo_are_one_population(zoo):
    data = json.loads(invoke("digits-classifiers", "--label", "loss", "--json").stdout)
    assert data[0]["nets"] == 4 * len(ZOOS["digits-classifiers"].spaces)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("digits-inr", "--label", "lable"), 'unknown label "lable"; did you mean "label"?'),
        (("digits-in", "--label", "label"), 'did you mean "digits-inr"?'),
        (("digits-inr", "--label", "label", "--form", "bits"), '"bits" is no form'),
        (("digits-inr", "--label", "label", "--figure", "a.png"), "allowed: .svg, .pdf"),
        (("digits-inr",), "--label"),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_2(zoo, arguments, words):
    answer = invoke(*arguments)
    assert answer.exit_code == 2 and words in answer.stderr and answer.stderr.count("\n") == 1


def test_a_zoo_in_which_every_network_is_alone_says_nothing():
    answer = invoke("digits-classifiers/16-16-10", "--label", "test_accuracy")
    assert answer.exit_code == 0, answer.output
    assert "0 classes with more than one network: says nothing at this precision" in answer.stdout
    assert "pairwise different functions" in answer.stdout


def copies(count: int) -> Weights:
    """One network, in both numberings in turn."""
    v, swap = rescaled()[:1], GroupElement(((mlp(1, 2, 1).permuted[0], (1, 0)),))
    return Weights.cat([act(swap, v) if number % 2 else v for number in range(count)])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "label",
    [[1e-170, -1e-170], [1e-200, 3e-200], [1e155, -1e155], [1.7e308, -1.7e308], [5e-324, 0.0], [1e300, 1.1e300],
     [[1e-200, 7.0], [2e-200, 7.0]]],
)  # fmt: skip
def test_labels_of_any_magnitude_have_their_floor(label):
    orbit = orbitcheck.floor(copies(2), label).at("orbit")
    assert (orbit.relative, orbit.says) == (1.0, "varies inside classes")


def test_a_floor_below_every_float_is_no_zero():
    other = rescaled()[2:3]
    nets = Weights.cat([copies(2), other, other])
    found = orbitcheck.floor(nets, [1e-200, 3e-200, 1.0, 1.0]).at("orbit")
    assert 0 < found.relative < 1e-300 and found.says == "varies inside classes"
    assert 0 < orbitcheck.floor(nets, [1e-200, 3e-200, 1e100, 1.5e100]).at("orbit").relative < 1
    with pytest.raises(ValueError, match="no unit holds"):
        orbitcheck.floor(nets, [1e-200, 3e-200, 1e308, 1e308])


def test_a_label_without_a_value_for_each_network_is_refused():
    for values in (["a", ""], ["a", None], [None, 1.0]):
        with pytest.raises(ValueError, match="no value for 1 networks, the first is number"):
            orbitcheck.floor(copies(2), values)
