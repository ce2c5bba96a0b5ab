"""Every built-in architecture says in one line what is wrong: an option out of range, weights of another space."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import torch
from served import others_of, space_of

from orbitcheck import Equivariant, Invariant, SpaceError, Unsupported
from orbitcheck.harness.plugins.discovery import built_in, load, parse_name
from orbitcheck.harness.weights.inputs import constructed


def outputs(name: str) -> list[Invariant | Equivariant]:
    """The outputs that the architecture claims."""
    claimed: list[Invariant | Equivariant] = []
    for output in (Invariant(2), Equivariant(2)):
        try:
            load(parse_name(name)).build(space_of(name), output, seed=0)
            claimed.append(output)
        except Unsupported as reason:
            assert str(reason)  # noqa: PT017
    return claimed


def out_of_range() -> list[tuple[str, str, object]]:
    """`(architecture, option, value)`: below the smallest number of every numeric option, and a word for every other."""
    cases: list[tuple[str, str, object]] = []
    for name in built_in():
        for option, default in load(parse_name(name)).defaults.items():
            if isinstance(default, bool):
                continue
            if isinstance(default, int | float):
                smallest = -1 if default == 0 else 0  # an option that is off at zero may not be less than off
                cases.append((name, option, type(default)(smallest)))
                cases.append((name, option, type(default)(-3)))
                if isinstance(default, float):
                    cases.append((name, option, float("inf")))
            else:
                cases.append((name, option, "no-such-choice"))
    return cases


@pytest.mark.parametrize(("name", "option", "value"), out_of_range())
def test_an_option_out_of_range_is_refused_with_the_range(name, option, value):
    architecture = load(parse_name(name)).with_options({option: value})
    for output in outputs(name):
        with pytest.raises(Exception, match=re.escape(str(value))) as refusal:
            architecture.build(space_of(name), output, seed=0)
        assert isinstance(refusal.value, ValueError | LookupError)
        assert re.search(r"allowed|did you mean|Available|known", str(refusal.value)), str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_options_are_tried_for_every_architecture():
    assert {name for name, _, _ in out_of_range()} == set(built_in())


@pytest.mark.parametrize("name", built_in())
def test_weights_of_another_space_are_refused_with_both_spaces(name):
    space = space_of(name)
    for output in outputs(name):
        net = load(parse_name(name)).build(space, output, seed=0, dtype=torch.float64)
        for other in others_of(name):
            v = constructed("generic", other, 2, np.random.default_rng(0))
            with pytest.raises(SpaceError) as refusal:
                net(v)
            assert str(space) in str(refusal.value) and str(other) in str(refusal.value)
        v = constructed("generic", space, 2, np.random.default_rng(0))
        with pytest.raises(SpaceError, match="2 channels"):
            net(v.map(lambda tensor: torch.cat([tensor, tensor], -1)))


@pytest.mark.parametrize("name", built_in())
def test_every_architecture_documents_itself(name):
    """Its paper (or that it is a control), every option, and what it refuses."""
    architecture = load(parse_name(name))
    assert architecture.traits.paper
    classes = [c for c in inspect.getmro(architecture.factory) if c.__module__.startswith("orbitcheck.")]
    text = "\n".join(inspect.getdoc(c) or "" for c in classes)
    for option in architecture.defaults:
        assert re.search(rf"\b{option}\b", text), f"{option} is not documented"
    assert "Raises:" in text
