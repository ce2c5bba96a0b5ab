"""Ladders on every kind of space: refinement of either kind parts a rung in exactly its round, and two orbits they are."""

from __future__ import annotations

import numpy as np
import pytest

from orbitcheck import Invariant, WeightSpace, conv_net, mlp, recurrent, residual_mlp, transformer_block
from orbitcheck.architectures.probe import Probe
from orbitcheck.extending import convolutional, dense, lora, recurrence, residual, transformer
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.oracles.tuples.relation import certify, round_of
from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.pairs.ladders import places_of
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.weights.networks.forms import has_function

FAMILY = PAIR_FAMILIES["ladder-of-space"]
SPACES = {
    "mlp": mlp(1, 2, 2, 1),
    "convolution": conv_net(1, 3, 2, 1, kernel=1),
    "stream": residual_mlp(1, 3, (2,), 1),
    "stream, norm": residual(1, 2, (2,), 1, norm="rms").space,
    "recurrence": recurrent(1, 4, 1),
    "memory": recurrence(1, 2, 1, cell="gru").space,
    "attention": transformer_block(1, 2, 2, 1, 1),
    "stack": transformer(1, 2, 2, 1, 1, 1, 1).space,
    "three axes": WeightSpace((("T", ("a", "b", "c")), ("s", ("a",))), (("a", 2), ("b", 3), ("c", 2)), ("a", "b", "c")),
    "twice of three": WeightSpace((("T", ("a", "a", "b")),), (("a", 2), ("b", 2)), ("a", "b")),
}
SPLIT_TOO = ("mlp", "convolution", "stream", "stream, norm", "recurrence", "memory", "attention")


def pair_of(space: WeightSpace, t: int):
    settings = parse_parameters(FAMILY.parameters, {"rounds": [t], "count": 1})
    (case,) = FAMILY.cases(settings, space)
    return FAMILY.make(settings, space, case, np.random.default_rng(t))


@pytest.mark.parametrize("name", SPACES)
def test_a_rung_is_parted_in_its_round_and_not_before(name):
    for t in (1, 2, 4):
        pair = pair_of(SPACES[name], t)
        assert round_of(pair, "joint") == t
        if name in SPLIT_TOO:
            assert round_of(pair, "split") == t


@pytest.mark.parametrize("name", ["recurrence", "attention"])
def test_rungs_are_certified(name):
    pair = pair_of(SPACES[name], 2)
    found = certify(pair)
    assert (found.orbit, found.round) == ("different", 2)
    assert problem_of(found.certificate, pair, [found.orbit, found.round, found.function]) is None


def test_spaces_that_carry_no_ladder_say_so():
    for space in (conv_net(1, 3, 1), lora((5, 4), rank=2).space):
        assert places_of(space) is None
        with pytest.raises(SuiteValueError, match="needs a tensor with two permuted axes"):
            FAMILY.cases(FAMILY.parameters(), space)
    with pytest.raises(SuiteValueError, match="names none"):
        FAMILY.cases(FAMILY.parameters(), None)
    with pytest.raises(SuiteValueError, match="2 is listed twice"):
        FAMILY.cases(FAMILY.parameters(rounds=[2, 2]), mlp(1, 2, 2, 1))


@pytest.mark.parametrize(
    "space",
    [
        convolutional(1, 2, 2, 1, stride=2, image=(9,), head="max", batch_norm=True).space,
        recurrence(1, 2, 2, 1, cell="lstm").space,
        residual(1, 2, (2, 3), 1, norm="layer").space,
        transformer(1, 2, 2, 1, 1, 2, 1, blocks=2, per_group=2).space,
        dense(1, 2, 2, 1, biases=False).space,
    ],
    ids=["convolutions", "memory", "stream", "stack", "dense"],
)
def test_rungs_of_networks_have_functions_which_networks_that_look_at_them_may_read(space):
    for t in (1, 2, 3):
        pair = pair_of(space, t)
        assert round_of(pair, "joint") == t
        assert has_function(pair.space) and pair.space.network.name == space.network.name
        assert Probe(pair.space, Invariant(2))
