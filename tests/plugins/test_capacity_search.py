"""Widths by parameter count: the nearest there is, held against trying all of them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from orbitcheck import Invariant, mlp
from orbitcheck.harness.plugins.architecture import Unsupported, as_architecture
from orbitcheck.harness.plugins.capacity_search import fitted, nearest
from orbitcheck.harness.plugins.discovery import load, parse_name

SPACE = mlp(1, 4, 4, 1)


@given(
    growth=st.sampled_from([lambda w: w + 3, lambda w: w * w + 5 * w, lambda w: 100 + 7 * w**2]),
    every=st.integers(1, 8),
    least=st.integers(1, 9),
    asked=st.integers(1, 20000),
)
def test_the_nearest_of_all_allowed_widths_is_found(growth, every, least, asked):
    def size(width: int) -> int | None:
        return growth(width) if width >= least and width % every == 0 else None

    allowed = [width for width in range(1, 4097) if size(width) is not None]
    assert nearest(size, asked) == min(allowed, key=lambda width: (abs(growth(width) - asked), width))


def test_no_allowed_width_is_none():
    assert nearest(lambda width: None, 100) is None


@pytest.mark.parametrize("name", ["dws", "nft", "sorted-mlp"])
def test_the_count_is_that_of_the_network_that_is_built(name):
    for asked in (3000, 12000):
        found = fitted(load(parse_name(name)), SPACE, Invariant(1), asked)
        network = found.architecture.build(SPACE, Invariant(1), seed=3)
        assert found.parameters == sum(value.numel() for value in network.parameters())
        assert found.options == dict(found.architecture.options)
        for other in (found.options["channels"] - 1, found.options["channels"] + 1):
            try:
                near = load(parse_name(name)).with_options({"channels": other}).build(SPACE, Invariant(1), seed=3)
            except ValueError:
                continue  # a width that the attention's heads do not divide
            count = sum(value.numel() for value in near.parameters())
            assert abs(count - asked) >= abs(found.parameters - asked)


def test_a_given_width_stays_and_so_does_an_architecture_without_one():
    given_width = fitted(load(parse_name("dws[channels=5]")), SPACE, Invariant(1), 20000)
    assert given_width.options == {"channels": 5}

    def one_size(space, output):
        return nn.Linear(3, 1)

    assert (fitted(as_architecture(one_size), SPACE, Invariant(1), 500).parameters, one_size) == (4, one_size)


def test_what_a_constructor_refuses_altogether_surfaces():
    def refuses(space, output, *, channels: int = 8):
        raise Unsupported("not today")

    with pytest.raises(Unsupported, match="not today"):
        fitted(as_architecture(refuses), SPACE, Invariant(1), 500)


def test_frozen_parameters_are_not_counted():
    def network(space, output, *, channels: int = 8):
        made = nn.Linear(channels, 1, bias=False)
        made.frozen = nn.Parameter(torch.zeros(1000), requires_grad=False)
        return made

    assert fitted(as_architecture(network), SPACE, Invariant(1), 50).options == {"channels": 50}
