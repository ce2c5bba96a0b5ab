"""Separators: the wider criterion against fractions, its laws, and the check that asks for it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from orbitcheck.harness.checks.general_position.kind import KIND, GeneralPositionParameters
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.oracles.audit import SEPARATORS, audit, separated
from orbitcheck.harness.oracles.orbit import moved
from orbitcheck.harness.weights.space import NamedSpace, mlp
from orbitcheck.harness.weights.symmetry import random_elements

SPACE = mlp(1, 3, 3, 1)


def few_values(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-2, 3, (count, *shape)) / 4 for name, shape in SPACE.shapes.items()}


def by_fractions(arrays, net: int, names) -> bool:
    """The definition, in exact arithmetic."""

    def numbers(name: str, layer: int) -> list[Fraction]:
        into, out = arrays[f"W{layer}"][net], arrays[f"W{layer + 1}"][net].T
        rows = {"incoming": into, "outgoing": out}
        if name == "bias":
            return [Fraction(float(b)) for b in arrays[f"b{layer}"][net]]
        side, _, what = name.partition("-")
        power = 2 if what == "squares" else 1
        return [sum((Fraction(float(w)) ** power for w in row), Fraction()) for row in rows[side]]

    return all(any(len(set(numbers(name, layer))) == 3 for name in names) for layer in (1, 2))


@pytest.mark.parametrize("names", [["bias"], ["incoming-sum", "outgoing-squares"], list(SEPARATORS)])
def test_separated_is_what_its_definition_says(names):
    arrays = few_values(200)
    found = separated(SPACE, arrays, names)
    assert found.tolist() == [by_fractions(arrays, net, names) for net in range(200)]
    assert found.any() and not found.all()


@pytest.mark.parametrize("exponent", [-1070, -600, 600, 1022])
@pytest.mark.parametrize("name", [name for name in SEPARATORS if name != "bias"])
def test_weights_of_any_size_are_separated_as_those_of_size_one(name, exponent):
    """Squares of these are 0, or no floats, and sums of the largest end in an error."""
    arrays = {key: np.ldexp(array, exponent) for key, array in few_values(60, 3).items()}
    found = separated(SPACE, arrays, [name])
    assert found.tolist() == [by_fractions(arrays, net, [name]) for net in range(60)]
    assert found.any() and not found.all()


def test_general_position_implies_separated_and_that_implies_discrete():
    arrays = few_values(300, 1)
    told, wide = audit(SPACE, arrays), separated(SPACE, arrays, list(SEPARATORS))
    assert not np.any(told.general_position & ~wide) and not np.any(wide & ~told.discrete)
    assert told.general_position.sum() < wide.sum() < told.discrete.sum()
    assert separated(SPACE, arrays, ["bias"]).tolist() == told.general_position.tolist()


def test_numbering_does_not_matter_though_sums_round():
    rng = np.random.default_rng(2)
    space = mlp(2, 7, 7, 1)
    vector = {name: rng.normal(size=shape) for name, shape in space.shapes.items()}
    vector |= {"b1": np.zeros(7), "b2": np.zeros(7), "W2": np.tile(rng.permuted(vector["W2"][0]), (7, 1))}
    vector["W3"][:] = 1.0
    for row in vector["W2"]:
        rng.shuffle(row)  # rows of the same entries, whose naive sums differ in the last place
    for element in random_elements(space, 3, rng):
        arrays = {name: array[None] for name, array in moved(space, element, vector).items()}
        assert not separated(space, arrays, ["bias", "incoming-sum", "incoming-squares"])[0]


def resolved(**more):
    given = {"space": "tiny", "regime": {"name": "ties"}, "forms": {"float": {"separated": [0.5, 1]}}, **more}
    return KIND.resolve(parse_parameters(GeneralPositionParameters, given), {"tiny": NamedSpace(SPACE)})


def test_a_suite_names_separators_and_what_was_not_asked_stays_out():
    assert resolved(separators=["bias", "outgoing-sum"])["separators"] == ["bias", "outgoing-sum"]
    assert "separators" not in resolved(forms={"float": {"discrete": [0, 0.5]}})
    with pytest.raises(SuiteValueError, match="separators"):
        resolved()
    with pytest.raises(SuiteValueError, match="twice"):
        resolved(separators=["bias", "bias"])
