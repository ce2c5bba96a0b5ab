"""Public answers in Python: right against brute force, each with a witness that holds, short, and refused in one line."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

import orbitcheck
from orbitcheck import (
    Undecided,
    Weights,
    act,
    canonical_form,
    in_general_position,
    load_weights,
    mlp,
    random_elements,
    relation,
    same_orbit,
)
from orbitcheck.harness.front.answers import OrbitAnswer
from orbitcheck.harness.weights.symmetry import GroupElement

SPACE = mlp(1, 3, 2, 1)


def vector(seed: int, values: int | None = None) -> Weights:
    """Gaussian entries, or small integers that tie."""
    rng = np.random.default_rng(seed)
    draw = rng.standard_normal if values is None else lambda shape: rng.integers(0, values, shape)
    return Weights.from_arrays(SPACE, [{name: draw(shape) for name, shape in SPACE.shapes.items()}])


def everywhere(v: Weights) -> list[torch.Tensor]:
    """All copies of v, by brute force."""
    from itertools import permutations, product

    return [
        act(GroupElement((("n1", first), ("n2", second))), v).flat()
        for first, second in product(permutations(range(3)), permutations(range(2)))
    ]


def test_same_orbit_is_what_brute_force_says_and_its_witness_holds():
    same = 0
    for seed in range(60):
        v, w = vector(seed, 2), vector(seed + 1000, 2)
        if seed % 2:
            w = act(random_elements(SPACE, 1, np.random.default_rng(seed))[0], v)
        answer = same_orbit(v, w)
        truth = any(torch.equal(copy, w.flat()) for copy in everywhere(v))
        assert bool(answer) is truth
        assert (canonical_form(v) == canonical_form(w)) is truth
        if truth:
            same += 1
            assert answer.element is not None and torch.equal(act(answer.element, v).flat(), w.flat())
            assert relation(v, w).orbit == "same"
    assert same >= 30


def test_a_canonical_form_is_a_copy_and_comes_with_its_element():
    v = vector(0)
    found = canonical_form(v)
    assert torch.equal(act(found.element, v).flat(), found.weights.flat())
    moved = act(random_elements(SPACE, 1, np.random.default_rng(5))[0], v)
    assert canonical_form(moved).sha256 == found.sha256 and len({found, canonical_form(moved)}) == 1
    assert canonical_form(vector(1)) != found


def test_general_position_names_the_neurons_that_tie():
    v = vector(0).arrays()
    assert in_general_position(v, SPACE)
    tied = in_general_position({**v, "b1": np.array([0.5, 1.0, 0.5]), "b2": np.zeros(2)}, SPACE)
    assert not tied and tied.ties == {1: [[0, 2]], 2: [[0, 1]]}
    assert repr(tied) == "PositionAnswer(False; b1: 0=2; b2: 0=1)"


def test_a_relation_has_its_certificate_and_prints_short():
    v, w = vector(0), vector(1)
    found = relation(v, w)
    assert (found.orbit, found.round, found.function) == ("different", 0, "different")
    assert found.certificate["function"]["kind"] == "input"
    for shown in (found, same_orbit(v, v), canonical_form(v), in_general_position(v)):
        assert len(repr(shown)) < 200 and "\n" not in repr(shown)


def test_unknown_is_no_condition():
    with pytest.raises(Undecided, match="neither: no time"):
        bool(OrbitAnswer("unknown", None, "no time"))


REFUSED = {
    "b1 is missing": lambda v: Weights.from_arrays(SPACE, [{k: a for k, a in v.items() if k != "b1"}]),
    "missing: b1; unknown: none": lambda v: same_orbit({k: a for k, a in v.items() if k != "b1"}, v, SPACE),
    r"weight vector 1: W1 has shape \(3,\)": lambda v: Weights.from_arrays(SPACE, [v, {**v, "W1": np.zeros(3)}]),
    "at least one": lambda v: Weights.from_arrays(SPACE, []),
    "arrays need space": lambda v: in_general_position(v),
    "batch of 2": lambda v: canonical_form(Weights.from_arrays(SPACE, [v, v])),
    "two spaces": lambda v: relation(Weights.from_arrays(SPACE, [v]), vector_of_another_space()),
    "weights are finite": lambda v: same_orbit({**v, "b3": np.array([np.nan])}, v, SPACE),
    "no such file": lambda v: load_weights("none.pt"),
    "got None; allowed: a path, or a list of paths": lambda v: load_weights(None),
    "got a int; allowed: a path, or a list of paths": lambda v: load_weights(["none.pt", 3]),
    "no network was given": lambda v: load_weights([]),
    "orientation='up'; allowed: out-in, in-out": lambda v: load_weights("none.pt", orientation="up"),
    r'order="0,2"; allowed: a list of names, as ..0., .2..': lambda v: load_weights("none.pt", order="0,2"),
    'ignore="head"; allowed: a list': lambda v: load_weights("none.pt", ignore="head"),
    "^w: mlp.*missing: b2; unknown: none": lambda v: same_orbit(v, without_a_tensor(v), SPACE),
    "^v: mlp.*missing: b2; unknown: none": lambda v: relation(without_a_tensor(v), v, SPACE),
    "unknown: 1, W9": lambda v: canonical_form({**v, "W9": v["W1"], 1: v["W1"]}, SPACE),
    "W1 is no array": lambda v: in_general_position({**v, "W1": [[1.0], [1.0, 2.0], [3.0]]}, SPACE),
    "space='mlp'; allowed: a WeightSpace": lambda v: same_orbit(v, v, "mlp"),
    "weight vector 1: b2 is missing": lambda v: Weights.from_arrays(SPACE, [v, without_a_tensor(v)]),
    "weight vector 0: W9 is no tensor; mlp": lambda v: Weights.from_arrays(SPACE, [{**v, "W9": v["W1"]}]),
    "weight vector 0: got a NoneType; allowed: a mapping": lambda v: Weights.from_arrays(SPACE, [None]),
    "weight vector 0: got a str; allowed: a mapping": lambda v: Weights.from_arrays(SPACE, v),
}


def without_a_tensor(v):
    return {name: array for name, array in v.items() if name != "b2"}


def vector_of_another_space() -> Weights:
    return Weights.from_arrays(mlp(1, 2, 1), [{"W1": [[1], [2]], "b1": [0, 1], "W2": [[1, 2]], "b2": [0]}])


@pytest.mark.parametrize("told", REFUSED)
def test_what_cannot_be_answered_is_one_line(told):
    with pytest.raises(ValueError, match=told) as caught:
        REFUSED[told](vector(0).arrays())
    assert "\n" not in str(caught.value)


def test_a_file_is_a_batch_of_one(tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    torch.save(net.state_dict(), tmp_path / "a.pt")
    found = load_weights(str(tmp_path / "a.pt"), activation="tanh")
    assert found.space == mlp(2, 3, 1, activation="tanh") and found.batch == 1
    assert torch.equal(found.weights[0][0, ..., 0], net[0].weight.double())


def test_several_paths_are_one_batch_in_their_order(tmp_path):
    for seed in range(3):
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        torch.save(net.state_dict(), tmp_path / f"{seed}.pt")
    folder, last = load_weights(tmp_path), load_weights(str(tmp_path / "2.pt"))
    assert folder.batch == 3
    several = load_weights(path for path in (tmp_path / "2.pt", str(tmp_path / "[01].pt")))
    assert torch.equal(several.flat(), torch.cat([last.flat(), folder.flat()[:2]]))
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Linear(4, 1)).state_dict(), tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"0.pt, .*other.pt: networks of 2 spaces \(1 of .*a batch has one"):
        load_weights([tmp_path / "0.pt", tmp_path / "other.pt"])


def test_the_public_names_are_shown_and_cost_no_torch():
    code = "import sys, orbitcheck; assert 'torch' not in sys.modules; print(*dir(orbitcheck))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(orbitcheck.__all__) <= set(shown)
    assert not {name for name in shown if not name.startswith("__")} - set(orbitcheck.__all__)


@pytest.mark.parametrize(("given", "got"), [(None, "None"), ([1, 2], "a list"), ("net.pt", "a str")])
def test_what_is_no_weight_vector_is_said_with_what_is_allowed(given, got):
    for ask in (orbitcheck.same_orbit, orbitcheck.relation):
        with pytest.raises(orbitcheck.SpaceError, match=f"^got {got}; allowed: Weights with one network"):
            ask(given, given)
