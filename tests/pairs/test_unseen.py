"""Pairs that some networks cannot see: two functions, related as the table says, and told apart by whoever sees more."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Weights, mlp, transformer_block
from orbitcheck.extending import lora
from orbitcheck.harness.checks.separation.measurement import measure_case
from orbitcheck.harness.core.blindness import BLIND, BLIND_ON_BLOCKS, BLIND_ON_MLPS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.oracles.tuples.relation import certify
from orbitcheck.harness.oracles.unseen.blindness import BLINDNESS, OF_BLOCKS, OF_MLPS, unseen
from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.plugins.architecture import Traits
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.plugins.traits import InvalidPlugin
from orbitcheck.harness.verification.exact.unseen import unseen as seen_again
from orbitcheck.harness.weights.realisation import realisation
from orbitcheck.harness.weights.space import NamedSpace

FAMILY = PAIR_FAMILIES["blindness"]
SPACES = [mlp(2, 3, 3, 1), mlp(1, 4, 2, 3, 2), mlp(2, 3, 1, 2, 4, 1, activation="tanh")]


def pair_of(name, space, seed=0):
    return FAMILY.make(parse_parameters(FAMILY.parameters, {}), space, f"{name} #0", np.random.default_rng(seed))


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("name", OF_MLPS)
def test_a_pair_is_an_instance_of_its_relation_alone(name, space):
    for seed in range(5):
        pair = pair_of(name, space, seed)
        assert [other for other in OF_MLPS if BLINDNESS[other](space, pair.v, pair.w)] == [name]
        assert unseen(tuple(BLINDNESS), space, pair.v, pair.w) == name
        assert unseen((), space, pair.v, pair.w) == ""
        assert certify(pair).orbit == "different"


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_verification_decides_as_the_oracle_does_by_code_of_its_own(space):
    """Each relation's pairs, and the same with one entry changed, in size, in sign, or moved to another place."""
    rng = np.random.default_rng(0)
    assert tuple(BLINDNESS) == BLIND and tuple(OF_BLOCKS) == BLIND_ON_BLOCKS
    answers = set()
    for name in BLIND_ON_MLPS:
        for seed in range(4):
            pair = pair_of(name, space, seed)
            for change in range(8):
                w = {key: value.copy() for key, value in pair.w.items()}
                entries = w[sorted(w)[int(rng.integers(len(w)))]].reshape(-1)
                if change == 7:
                    entries[:] = rng.permutation(entries)
                elif change:
                    entries[int(rng.integers(entries.size))] *= rng.choice([-1.0, 2.0, -2.0, 0.0])
                for one in BLIND:
                    said = unseen((one,), space, pair.v, w)
                    assert seen_again((one,), space, pair.v, w) == said
                    answers.add(said)
    assert answers == {"", *BLIND_ON_MLPS}


@pytest.mark.parametrize("name", OF_MLPS)
def test_one_entry_more_and_the_relation_is_gone(name):
    """In the last bias, in a row of W_1, in a column of W_L, and in an inner entry."""
    space = SPACES[1]
    pair = pair_of(name, space)
    for tensor, place in (("b4", 0), ("W1", (0, 0)), ("W4", (0, 1))):
        w = {key: value.copy() for key, value in pair.w.items()}
        w[tensor][place] -= 16.0
        assert not BLINDNESS[name](space, pair.v, w), tensor
    for tensor, place in (("W2", (0, 0)), ("b3", 1)):
        w = {key: value.copy() for key, value in pair.w.items()}
        w[tensor][place] *= -8 if name != "inner-signs" else 8
        assert not BLINDNESS[name](space, pair.v, w), tensor


def test_shallow_and_other_spaces_have_no_inner_matrix():
    shallow = mlp(1, 3, 1)
    v = {name: np.ones(shape) for name, shape in shallow.shapes.items()}
    assert unseen(tuple(BLINDNESS), shallow, v, v) == ""
    with pytest.raises(SuiteValueError, match="needs an inner matrix"):
        FAMILY.cases(parse_parameters(FAMILY.parameters, {}), shallow)
    for other in (lora((3, 2), rank=2).space, transformer_block(2, 1, 2, 2, 2)):
        with pytest.raises(SuiteValueError, match="a transformer block of two heads"):
            FAMILY.cases(parse_parameters(FAMILY.parameters, {}), other)
    with pytest.raises(SuiteValueError, match="is no relation"):
        FAMILY.cases(parse_parameters(FAMILY.parameters, {"only": ["colour"]}), SPACES[0])


BLOCKS = [transformer_block(3, 2, 2, 3, 4), transformer_block(2, 3, 2, 2, 2), transformer_block(1, 2, 3, 2, 1)]


def changes(pair, rng):
    """w as it is, with one entry changed, and with two entries of one tensor exchanged."""
    yield pair.w
    for number in range(8):
        w = {key: value.copy() for key, value in pair.w.items()}
        entries = w[sorted(w)[int(rng.integers(len(w)))]].reshape(-1)
        if number % 2:
            entries[int(rng.integers(entries.size))] += 4.0
        else:
            entries[:] = np.roll(entries, 1)
        yield w


OF_EACH = [(name, space) for space in BLOCKS for name in OF_BLOCKS if (name, space) != ("inner-embedding", BLOCKS[2])]


@pytest.mark.parametrize(("name", "space"), OF_EACH, ids=str)
def test_a_pair_of_blocks_is_an_instance_of_its_relation_alone_and_decided_alike_twice(name, space):
    """Sums over heads are those that the formulas of the published network have, and the same but for biases; of places in another order,
    what the next layer makes of attention is the same, and the stream is not."""
    rng = np.random.default_rng(0)
    for seed in range(3):
        pair = pair_of(name, space, seed)
        assert [other for other in OF_BLOCKS if OF_BLOCKS[other](space, pair.v, pair.w)] == [name]
        assert unseen((*BLIND_ON_MLPS, name), space, pair.v, pair.w) == name and unseen((), space, pair.v, pair.w) == ""
        assert certify(pair).orbit == "different"
        if name == "inner-embedding":
            made = [(np.einsum("kj,jhm->khm", u["W1"], u["WO"]), u["W1"] @ u["bO"]) for u in (pair.v, pair.w)]
            assert all(map(np.array_equal, *made))
            assert not np.allclose(*(realised(space, u) for u in (pair.v, pair.w)), rtol=1e-3)
        elif name != "attention-biases":
            for first, second in (("hki,hkj->ij", ("WQ", "WK")), ("hmi,jhm->ij", ("WV", "WO"))):
                sums = [np.einsum(first, *(u[tensor] for tensor in second)) for u in (pair.v, pair.w)]
                assert np.array_equal(*sums)  # dyadic entries: exact
        for w in changes(pair, rng):
            for one in BLIND_ON_BLOCKS:
                assert seen_again((one,), space, pair.v, w) == unseen((one,), space, pair.v, w)


def realised(space, v):
    """What a block computes of four tokens."""
    x = torch.linspace(-1, 1, 4 * space.size["model"], dtype=torch.float64).cos().view(1, 4, -1)
    return realisation(space)(Weights.from_arrays(space, [v]), x).numpy()


def test_one_place_has_no_other_order():
    parameters = parse_parameters(FAMILY.parameters, {"count": 1})
    assert FAMILY.cases(parameters, BLOCKS[0])[-1] == "inner-embedding #0"
    assert FAMILY.cases(parameters, BLOCKS[2])[-1] == "attention-biases #0"
    with pytest.raises(SuiteValueError, match="is no relation"):
        FAMILY.cases(parse_parameters(FAMILY.parameters, {"only": ["inner-embedding"]}), BLOCKS[2])


def test_one_entry_more_of_a_block_and_the_relation_is_gone():
    space = BLOCKS[0]
    for name in OF_BLOCKS:
        pair = pair_of(name, space)
        for tensor in {"W1", "b1", "W2", "b2", "WQ", "WO", *(() if name == "attention-biases" else ("bQ", "bV", "bO"))}:
            w = {key: value.copy() for key, value in pair.w.items()}
            w[tensor].reshape(-1)[0] -= 16.0
            assert unseen(BLIND, space, pair.v, w) == seen_again(BLIND, space, pair.v, w) == "", (name, tensor)


def test_two_exchanges_are_not_one():
    space = transformer_block(2, 2, 3, 2, 2)
    v = pair_of("head-pairing", space).v
    w = {key: value.copy() for key, value in v.items()}
    for key in (0, 1):
        for tensor in ("WQ", "WK", "bQ", "bK"):
            w[tensor][[0, 1], [key, key]] = w[tensor][[1, 0], [key, key]]
    within = {key: value.copy() for key, value in v.items()}
    for tensor in ("WQ", "WK", "bQ", "bK"):
        within[tensor][0, [0, 1]] = within[tensor][0, [1, 0]]
    for other in (w, within):
        for decide in (unseen, seen_again):
            assert decide(("sums-over-heads",), space, v, other) == ""


def test_factors_of_one_update_lie_in_many_orbits_and_no_more_is_the_same():
    family, space = PAIR_FAMILIES["same-update"], lora((3, 2), (2, 3), rank=2).space
    cases = family.cases(parse_parameters(family.parameters, {"count": 2}), space)
    assert len(cases) == 6
    for case in cases:
        pair = family.make(parse_parameters(family.parameters, {}), space, case, np.random.default_rng(0))
        products = [[u[f"B{layer}"] @ u[f"A{layer}"] for layer in (1, 2)] for u in (pair.v, pair.w)]
        assert all(np.array_equal(one, two) for one, two in zip(*products, strict=True))
        relation = certify(pair)
        assert (relation.orbit, relation.function) == ("different", "equal")
        assert min(np.linalg.matrix_rank(product) for product in products[0]) < 2
    with pytest.raises(SuiteValueError, match="needs factor pairs"):
        family.cases(parse_parameters(family.parameters, {}), SPACES[0])


def judged(architecture: str, name: str, activation: str):
    space = mlp(2, 3, 3, 1, activation=activation) if name in OF_MLPS else transformer_block(2, 2, 2, 2, 1)
    pairs = {"family": "blindness", "count": 1, "only": [name]}
    parameters = {"space": NamedSpace(space).to_json(), "pairs": pairs}
    cell = Cell("s", "c", "separation", parameters, f"{name} #0", None, architecture)
    return measure_case(cell, load(parse_name(architecture)), Workbench())


@pytest.mark.parametrize(
    ("architecture", "name", "activation", "predicted", "observed"),
    [
        ("monomial-nfn", "inner-magnitudes", "relu", "not separated", "not separated"),
        ("monomial-nfn", "incidence", "relu", "not separated", "not separated"),
        ("monomial-nfn-sign", "inner-signs", "tanh", "not separated", "not separated"),
        ("monomial-nfn-sign", "inner-magnitudes", "tanh", "any", "separated"),
        ("magep[channels=4]", "incidence", "relu", "any", "separated"),
        *(("transformer-nfn", name, "gelu", "not separated", "not separated") for name in OF_BLOCKS),
        *(("block-nfn", name, "gelu", "any", "separated") for name in OF_BLOCKS),
    ],
)
def test_the_built_in_networks_are_as_blind_as_they_declare(architecture, name, activation, predicted, observed):
    found = judged(architecture, name, activation)
    assert (found.outcome in (Outcome.PASS, Outcome.OBSERVED), found.predicted, found.observed) == (
        True,
        predicted,
        observed,
    )


def test_a_blindness_without_a_relation_is_refused():
    with pytest.raises(InvalidPlugin, match="blind="):
        Traits(blind=("colour",))
