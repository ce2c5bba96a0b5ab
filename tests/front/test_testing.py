"""The assertions of `orbitcheck.testing`: sound networks pass and give their measurement, broken ones are named."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import Equivariant, Invariant, SpaceError, Unsupported, Weights, mlp
from orbitcheck.testing import assert_equivariant, assert_separates, checks_for, pipeline

SPACE = mlp(1, 3, 2, 1)


class Pooled(nn.Module):
    """Means of a point-wise network; with `leak` it knows the first hidden neuron of every layer."""

    leak = False

    def __init__(self, space, output):
        super().__init__()
        self.output = output
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.entry = nn.ModuleDict({name: nn.Linear(1, 8) for name in space.axes})
        self.read = nn.Linear(8, size)

    def forward(self, v):
        hidden = {name: torch.tanh(self.entry[name](tensor)) for name, tensor in v.items()}
        if self.leak:
            hidden["b1"] = torch.cat([hidden["b1"][:, :1] * 1.1, hidden["b1"][:, 1:]], 1)
        if isinstance(self.output, Invariant):
            return self.read(sum(tensor.flatten(1, -2).mean(1) for tensor in hidden.values()))
        return Weights(v.space, {name: self.read(tensor) for name, tensor in hidden.items()})


class Leaky(Pooled):
    leak = True


def refuses(space, output):
    raise Unsupported("not today")


def test_a_factory_is_asked_for_both_outputs_and_a_module_for_its_own():
    measured = assert_equivariant(Pooled, SPACE, inputs=["generic", "ties"])
    assert set(measured) == {f"{o}/{i}/eval" for o in ("invariant", "equivariant") for i in ("generic", "ties")}
    assert all(entry.error64 < 1e-14 for entry in measured.values())
    built = Pooled(SPACE, Equivariant(5))
    kept = {name: value.clone() for name, value in built.state_dict().items()}
    assert set(assert_equivariant(built, SPACE, inputs=["zeros"])) == {"equivariant/zeros/eval"}
    assert all(torch.equal(kept[name], value) for name, value in built.state_dict().items())


def test_a_broken_law_is_an_assertion_error_that_names_the_case():
    with pytest.raises(AssertionError, match=r"Leaky on mlp\(.*, invariant/generic/eval\nfail: phi\(g v\) differs"):
        assert_equivariant(Leaky, SPACE)
    with pytest.raises(AssertionError, match="differs"):
        assert_equivariant(Leaky(SPACE, Invariant(2)), SPACE)


def test_a_network_that_claims_nothing_is_no_pass():
    with pytest.raises(Unsupported, match="not today"):
        assert_equivariant(refuses, SPACE)


def test_separation_is_asserted_both_ways():
    rng = np.random.default_rng(0)
    v = {name: rng.standard_normal(shape) for name, shape in SPACE.shapes.items()}
    w = {**v, "W2": v["W2"] + 0.1}
    twin = {**v, "W1": v["W1"][[1, 0, 2]], "b1": v["b1"][[1, 0, 2]], "W2": v["W2"][:, [1, 0, 2]]}
    assert assert_separates(Pooled, v, w, SPACE)
    assert len(assert_separates(Pooled, v, twin, SPACE, separates=False)) == 4
    with pytest.raises(
        AssertionError, match=r"wanted: separated\nobserved: no gap\nlargest gap over noise: .* in 16 draws"
    ):
        assert_separates(Pooled, v, twin, SPACE)
    with pytest.raises(AssertionError, match="wanted: not separated\nobserved: separated\n"):
        assert_separates(Pooled, Weights.from_arrays(SPACE, [v]), Weights.from_arrays(SPACE, [w]), separates=False)
    with pytest.raises(AssertionError, match="invalid"):
        assert_separates(Leaky, v, w, SPACE)
    with pytest.raises(ValueError, match="space="):
        assert_separates(Pooled, v, w)


@pytest.mark.parametrize("size", [1, 8, 30])
def test_a_built_network_is_asked_with_the_parameters_that_it_has(size):
    rng = np.random.default_rng(0)
    v = {name: rng.standard_normal(shape) for name, shape in SPACE.shapes.items()}
    w = {**v, "W2": v["W2"] + 0.1}
    network = Pooled(SPACE, Invariant(size))
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    assert assert_separates(network, v, w, SPACE)
    assert all(torch.equal(kept[name], value) for name, value in network.state_dict().items())
    with torch.no_grad():
        network.entry["W2"].weight.zero_()
    assert assert_separates(network, v, w, SPACE, separates=False), "blind to W2 as it is now"
    assert assert_separates(Pooled, v, w, SPACE), "though the family is not"
    with pytest.raises(TypeError, match="answers with Weights"):
        assert_separates(Pooled(SPACE, Equivariant(2)), v, w, SPACE)


class Noisy(Pooled):
    """Warns at every call, as libraries do."""

    def forward(self, v):
        warnings.warn("soon to change", DeprecationWarning, stacklevel=1)
        return super().forward(v)


class Careless(Pooled):
    """Sound, and leaves a setting of the whole process changed."""

    def forward(self, v):
        torch.set_default_dtype(torch.float64)
        return super().forward(v)


def test_a_projects_own_settings_change_no_verdict_and_are_put_back():
    flat_sum = Pooled(SPACE, Invariant(2))
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(2)
    torch.set_default_device("meta")
    torch.set_autocast_enabled("cpu", True)
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.no_grad(), np.errstate(all="raise"):
            here = assert_equivariant(Pooled, SPACE, inputs=["generic"])
            assert assert_equivariant(flat_sum, SPACE, inputs=["generic"])
            with pytest.warns(DeprecationWarning, match="soon"):
                assert assert_equivariant(Noisy, SPACE, inputs=["generic"]) == here
            assert not torch.is_grad_enabled()
            assert np.geterr()["under"] == "raise"
        assert (torch.get_num_threads(), torch.get_default_dtype()) == (2, torch.float64)
        assert torch.get_default_device() == torch.device("meta") and torch.is_autocast_enabled("cpu")
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
        torch.set_autocast_enabled("cpu", False)
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(1)
    assert assert_equivariant(Pooled, SPACE, inputs=["generic"]) == here


def test_rows_of_a_suite_can_be_parametrised(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "suite: s\nversion: 1\ntitle: T\nspaces: {tiny: {mlp: [1, 3, 1]}}\n"
        "checks: [{id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic]}]\n"
    )
    (sound,), (broken,) = (checks_for(network, str(tmp_path / "s.yaml")) for network in (Pooled, Leaky))
    assert str(sound) == "law/tiny/invariant/generic/eval"
    assert sound().outcome == "pass"
    with pytest.raises(AssertionError, match="smallest counter-example"):
        broken()
    (careless,) = checks_for(Careless, str(tmp_path / "s.yaml"))
    with pytest.raises(
        AssertionError, match=r"Careless changes torch.s default dtype in law / .*, and leaves it so; it was put back"
    ):
        careless()
    assert torch.get_default_dtype() == torch.float32


WITHOUT_PYTEST = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pytest", "_pytest"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from orbitcheck import mlp
from orbitcheck.architectures.flat_mlp import FlatMLP
from orbitcheck.testing import assert_equivariant, assert_separates, checks_for

def flat(space, output):
    return FlatMLP(space, output)

row = checks_for(flat)[0]
for call in (lambda: assert_equivariant(flat, mlp(1, 3, 1)), row):
    try:
        call()
    except AssertionError as error:
        print(error)
"""


def test_it_works_where_pytest_is_not_installed():
    """Assertions and rows of a suite, and what they say when they fail."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_PYTEST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("fail: phi(g v) differs from g phi(v)") == 2
    assert "smallest counter-example: mlp(" in done.stdout


def own(batch: int = 2, **changed: float) -> Weights:
    found = Weights.from_flat(SPACE, torch.randn(batch, SPACE.parameters, dtype=torch.float64))
    for name, value in changed.items():
        found.tensors[name][-1, 0] = value
    return found


NOT_ASKED = {
    'modes: unknown "evl"; did you mean "eval"': {"modes": ["evl"]},
    "modes: got 'train'; allowed: a list of eval, train": {"modes": "train"},
    "modes: got a list; allowed": {"modes": []},
    'inputs: unknown "generik"; did you mean "generic"': {"inputs": ["generik"]},
    "inputs: got 'generic'; allowed: a list of generic": {"inputs": "generic"},
    "inputs: got a list with a Weights; allowed: .*join": {"inputs": [own(1), own(1)]},
    "inputs: got a dict; allowed: .* or Weights": {"inputs": own(1).arrays()},
    r"inputs: weight vector 1: b2\[0\] is nan; inputs are finite": {"inputs": own(b2=np.nan)},
    r"inputs: weight vector 1: b1\[0\] is 1e\+300; inputs are finite": {"inputs": own(b1=1e300)},
}


@pytest.mark.parametrize("told", NOT_ASKED)
def test_what_cannot_be_asked_passes_nothing_and_is_one_line(told):
    with pytest.raises(SpaceError, match=f"^{told}") as caught:
        assert_equivariant(Pooled, SPACE, **NOT_ASKED[told])
    assert "\n" not in str(caught.value)


def test_two_vectors_are_one_each_of_one_space():
    v = own()
    for told, given in {
        "a batch of 2 weight vectors": (v[0], v),
        "two spaces": (v[0], Weights.from_flat(mlp(1, 2, 1), torch.ones(1, 7))),
        r"w: b2\[0\] is nan": (v[0], own(b2=np.nan)[1]),
        "arrays need space=": (v.arrays(0), v.arrays(1)),
        "the weights are of": (v[0], v[1], mlp(1, 3, 3, 1)),
        "got None": (None, v[1]),
    }.items():
        with pytest.raises(SpaceError, match=f"^{told}"):
            assert_separates(Pooled, *given)
    assert assert_separates(Pooled, v[0], v.arrays(1))


def test_a_pipeline_has_parts_that_can_be_called():
    for parts in ((), (3,), (torch.nn.Tanh,)):
        with pytest.raises(TypeError, match="pipeline"):
            pipeline(*parts)
    with pytest.raises(SpaceError, match="space=None; allowed: a WeightSpace"):
        assert_equivariant(Pooled, None)
