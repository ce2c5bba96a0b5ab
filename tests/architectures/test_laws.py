"""What the 1-WL families owe: the law in both precisions and modes, independence of batch mates, density, clear refusals."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, Weights, act, mlp, random_elements
from orbitcheck.architectures.dws import DWS
from orbitcheck.architectures.gmn import GMN
from orbitcheck.architectures.nfn_hnp import NFNHNP
from orbitcheck.architectures.nfn_np import NFNNP
from orbitcheck.architectures.ng_gnn import NGGNN
from orbitcheck.architectures.unf import UNF
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.redraw import redraw_
from orbitcheck.harness.plugins.static_traits import COMPUTED, declared_traits
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed

NETWORKS = [
    pytest.param(DWS, {}, id="dws"),
    pytest.param(DWS, {"norm": True}, id="dws-norm"),
    pytest.param(NFNHNP, {}, id="hnp"),
    pytest.param(NFNHNP, {"fourier": 3}, id="hnp-fourier"),
    pytest.param(NFNNP, {}, id="np"),
    pytest.param(NFNNP, {"encoding": "learned", "fourier": 3}, id="np-learned-fourier"),
    pytest.param(NFNNP, {"encoding": "none"}, id="np-none"),
    pytest.param(GMN, {}, id="gmn"),
    pytest.param(UNF, {"channels": 8}, id="unf"),
    pytest.param(NGGNN, {}, id="ng-gnn"),
]
SPACES = [mlp(2, 5, 4, 3), mlp(3, 4, 2), mlp(1, 1, 1), mlp(1, 3, 1, 4, 2, 1)]
OUTPUTS = [Invariant(3), Equivariant(2)]
IN_TRAINING = ("generic", "ties", "zeros")
"""Kinds of input that each run of the tests asks in train mode, too; `-m long` asks all."""


def flat(result: torch.Tensor | Weights) -> torch.Tensor:
    return result.flat() if isinstance(result, Weights) else result


@pytest.mark.parametrize("in_training", [IN_TRAINING, pytest.param(CONSTRUCTED, marks=pytest.mark.long)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("network", "options"), NETWORKS)
def test_equivariant_to_rounding_on_every_kind_of_input(
    network: type[DWS], options: dict, dtype: torch.dtype, in_training: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(0)
    for space in SPACES:
        for output in OUTPUTS:
            built = as_architecture(network).with_options(options).build(space, output, seed=3, dtype=dtype)
            for mode in (True, False):
                built.train(mode)
                for kind in CONSTRUCTED:
                    v = constructed(kind, space, 4, rng).to(dtype)
                    g = random_elements(space, 4, rng)
                    if mode and kind not in in_training:
                        continue
                    with torch.no_grad():
                        moved, result = built(act(g, v)), built(v)
                    after = act(g, result).flat() if isinstance(result, Weights) else result
                    scale = after.abs().max().item()
                    error = (flat(moved) - after).abs().max().item() / scale
                    assert error <= 64 * torch.finfo(dtype).eps, (str(space), output, kind, error)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("network", "options"), NETWORKS)
def test_a_sample_does_not_see_its_batch(network: type[DWS], options: dict, output: Invariant | Equivariant) -> None:
    torch.manual_seed(0)
    built = network(SPACES[0], output, **options).double()
    v = constructed("generic", SPACES[0], 5, np.random.default_rng(1))
    kept = v.clone()
    together = flat(built(v))
    alone = torch.cat([flat(built(v[i])) for i in range(5)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-13)
    assert torch.equal(v.flat(), kept.flat())
    assert torch.equal(flat(built(v)), together)


@pytest.mark.parametrize(("network", "options"), NETWORKS)
def test_parameters_are_dense_at_initialisation_and_all_are_used(network: type[DWS], options: dict) -> None:
    """No parameter at an exact zero; every one has a gradient; outputs differ between inputs by a visible share."""
    torch.manual_seed(0)
    for output in OUTPUTS:
        built = network(SPACES[0], output, **options).double()
        v = constructed("generic", SPACES[0], 16, np.random.default_rng(2))
        result = flat(built(v))
        assert (result.std(0) > 1e-3 * result.abs().max()).all()
        result.square().sum().backward()
        for name, parameter in built.named_parameters():
            assert parameter.grad is not None, name
            assert (parameter.grad != 0).all(), name
            if "norm" not in name:
                assert (parameter != 0).all(), name


@pytest.mark.parametrize(("network", "options"), NETWORKS)
@pytest.mark.parametrize("gain", [1.0, 10.0])
def test_a_redrawn_network_stays_finite_and_visible(network: type[DWS], options: dict, gain: float) -> None:
    torch.manual_seed(0)
    built = network(SPACES[0], Invariant(3), **options).double()
    redraw_(built, 1, gain)
    result = built(constructed("generic", SPACES[0], 16, np.random.default_rng(2)))
    assert torch.isfinite(result).all()
    assert (result.std(0) > 1e-3 * result.abs().max()).all()


@pytest.mark.parametrize(("network", "options"), NETWORKS)
def test_default_dtype_does_not_matter(network: type[DWS], options: dict) -> None:
    v = constructed("generic", SPACES[0], 2, np.random.default_rng(2))
    for default in (torch.float32, torch.float64):
        torch.set_default_dtype(default)
        try:
            built = network(SPACES[0], Invariant(2), **options)
            assert built(v.to(default)).dtype == default
        finally:
            torch.set_default_dtype(torch.float32)
        for dtype in (torch.float32, torch.float64):
            assert built.to(dtype)(v.to(dtype)).dtype == dtype


@pytest.mark.parametrize(("network", "options"), NETWORKS)
def test_vmap_over_parameters_is_a_loop_over_them(network: type[DWS], options: dict) -> None:
    torch.manual_seed(0)
    many = [network(SPACES[0], Equivariant(2), **{"channels": 4, "depth": 2, **options}).double() for _ in range(3)]
    for other in many[1:]:  # buffers are shared by an ensemble
        for (_, mine), (_, first) in zip(other.named_buffers(), many[0].named_buffers(), strict=True):
            mine.copy_(first)
    v = constructed("generic", SPACES[0], 2, np.random.default_rng(2))
    parameters, buffers = torch.func.stack_module_state(many)
    skeleton = copy.deepcopy(many[0])

    def call(drawn: dict, held: dict) -> torch.Tensor:
        return torch.func.functional_call(skeleton, (drawn, held), (v,)).flat()

    together = torch.func.vmap(call)(parameters, buffers)
    torch.testing.assert_close(together, torch.stack([one(v).flat() for one in many]), rtol=0, atol=1e-13)


def test_positions_name_input_and_output_neurons() -> None:
    """NP is blind to an exchange of two inputs or two outputs without a code, and sees it with one."""
    space = mlp(3, 4, 2)
    v = constructed("generic", space, 4, np.random.default_rng(0))
    inputs = Weights(space, {**v.tensors, "W1": v.tensors["W1"].flip(2)})
    outputs = Weights(space, {**v.tensors, "W2": v.tensors["W2"].flip(1), "b2": v.tensors["b2"].flip(1)})
    only_biases = Weights(space, {**v.tensors, "b2": v.tensors["b2"].flip(1)})
    for encoding, seen in (("none", False), ("sinusoidal", True), ("learned", True)):
        torch.manual_seed(0)
        built = NFNNP(space, Invariant(3), encoding=encoding).double()
        for other in (inputs, outputs):
            change = (built(v) - built(other)).abs().max().item()
            assert (change > 1e-4) if seen else (change < 1e-14), (encoding, change)
        assert (built(v) - built(only_biases)).abs().max().item() > 1e-4


@pytest.mark.parametrize(("name", "network"), [("dws", DWS), ("nfn-hnp", NFNHNP), ("nfn-np", NFNNP), ("unf", UNF)])
def test_traits_are_readable_without_running_the_file(name: str, network: type[DWS]) -> None:
    declared = declared_traits()[name]
    traits = as_architecture(network).traits
    assert {**declared, "rounds": traits.rounds} == vars(traits)
    assert declared["rounds"] == COMPUTED
    assert callable(getattr(network, declared["linear_layer"]))
    assert inspect.getdoc(network)
