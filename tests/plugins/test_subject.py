"""A network is held to its contract at every call, and what it costs is added up."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, conv_net, mlp
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.redraw import redraw_
from orbitcheck.harness.plugins.subject import NonFinite, PluginFault, Subject, describe_error
from orbitcheck.harness.weights.inputs import constructed

SPACE = mlp(1, 3, 1)


def subject(forward, output, **options) -> Subject:
    """A subject whose forward is the function given, with one parameter for the dtype."""

    class Net(nn.Module):
        def __init__(self, space, output):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(2.0))

        def forward(self, v):
            return forward(self, v)

    settings = {"seed": 0, "dtype": torch.float64, "bench": Workbench(), **options}
    return Subject(as_architecture(Net), SPACE, output, **settings)


def batch(size: int = 3) -> Weights:
    import numpy as np

    return constructed("generic", SPACE, size, np.random.default_rng(0))


def mean(net, v):
    return net.scale * v.flat().mean(1, keepdim=True)


def test_answers_are_flat_float64_without_gradients():
    answer = subject(mean, Invariant(1), dtype=torch.float32)(batch())
    assert answer.shape == (3, 1)
    assert answer.dtype == torch.float64
    assert not answer.requires_grad
    weights = subject(lambda net, v: v.map(lambda t: net.scale * t), Equivariant(1))(batch())
    assert torch.equal(weights, 2 * batch().flat())


def test_cost_is_added_up():
    bench = Workbench()
    net = subject(mean, Invariant(1), bench=bench)
    net(batch(3))
    net(batch(4))
    assert bench.forwards == 7
    assert bench.seconds > 0


@pytest.mark.parametrize(
    ("forward", "output", "words"),
    [
        (lambda net, v: [1.0], Invariant(1), "returned list; for Invariant"),
        (lambda net, v: v, Invariant(1), "returned Weights; for Invariant"),
        (mean, Invariant(2), r"shape \(3, 1\); for Invariant"),
        (mean, Equivariant(1), "returned Tensor; for Equivariant"),
        (lambda net, v: v, Equivariant(2), "with batch 3 and 2"),
        (lambda net, v: v[[0]], Equivariant(1), "batch=1"),
        (lambda net, v: mean(net, v).half(), Invariant(1), "float16"),
        (lambda net, v: net.nothing, Invariant(1), "AttributeError"),
    ],
)
def test_a_broken_promise_is_one_line(forward, output, words):
    with pytest.raises(PluginFault, match=words) as caught:
        subject(forward, output)(batch())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_a_fault_of_their_own(value):
    with pytest.raises(NonFinite):
        subject(lambda net, v: mean(net, v) * value, Invariant(1))(batch())


def test_a_constructor_may_refuse_or_fail():
    def refuses(space, output):
        raise Unsupported("too small")

    def fails(space, output):
        raise KeyError("size")

    settings = {"seed": 0, "dtype": torch.float64, "bench": Workbench()}
    with pytest.raises(Unsupported, match="too small"):
        Subject(as_architecture(refuses), SPACE, Invariant(1), **settings)
    with pytest.raises(PluginFault, match=r"constructor raised KeyError: 'size' \(test_subject.py:\d+\)"):
        Subject(as_architecture(fails), SPACE, Invariant(1), **settings)


def test_lowering_gives_the_network_that_float32_would_have_built():
    lowered = subject(mean, Invariant(1)).lower_()
    single = subject(mean, Invariant(1), dtype=torch.float32)
    assert torch.equal(lowered(batch()), single(batch()))


def test_parameter_jitter_is_tiny_and_undone_by_lowering():
    net = subject(mean, Invariant(1))
    before = net(batch())
    net.jitter_(0)
    after = net(batch())
    assert 0 < float((after - before).abs().max()) < 1e-14
    assert torch.equal(net.lower_()(batch()), subject(mean, Invariant(1), dtype=torch.float32)(batch()))


@pytest.mark.parametrize(
    ("output", "space"), [(Equivariant(1), SPACE), (Invariant(1), conv_net(1, 4, 2))], ids=["output", "space"]
)
def test_a_plugin_that_forgot_to_refuse_is_told_so(output, space):
    def constructs(space, output):
        module = nn.Identity()
        module.sizes = (output.dim, space.widths)
        return module

    def reads(space, output):
        module = nn.Identity()
        module.forward = lambda v: v.weights[0].sum((1, 2)) * output.dim
        return module

    class Own(nn.Module):
        def __init__(self, space, output):
            super().__init__()
            self.size = self.missing  # its own mistake

    settings = {"seed": 0, "dtype": torch.float64, "bench": Workbench()}
    with pytest.raises(PluginFault, match="refused by raising Unsupported in the constructor"):
        Subject(as_architecture(constructs), space, output, **settings)
    with pytest.raises(PluginFault, match="refused by raising Unsupported in the constructor"):
        Subject(as_architecture(reads), space, output, **settings)(
            constructed("generic", space, 2, np.random.default_rng(0))
        )
    with pytest.raises(PluginFault, match="missing") as caught:
        Subject(as_architecture(Own), space, output, **settings)
    assert "Unsupported" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_torchscript_says_is_told_by_its_last_line():
    @torch.jit.script
    def added(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a + b

    with pytest.raises(RuntimeError) as caught:
        added(torch.zeros(2), torch.zeros(3))
    assert "The size of tensor a (2) must match" in describe_error(caught.value)
    assert "interpreter" not in describe_error(caught.value)
    loading = RuntimeError("Error(s) in loading state_dict for Net:\n\tMissing key(s): a.\n\tmore")
    assert describe_error(loading).startswith(
        "RuntimeError: Error(s) in loading state_dict for Net: Missing key(s): a."
    )


def test_an_error_names_its_place():
    with pytest.raises(ValueError, match="first line") as caught:
        raise ValueError("first line\nsecond line")
    assert describe_error(caught.value).startswith("ValueError: first line (test_subject.py:")


def test_an_answer_is_a_copy_that_later_calls_leave_alone():
    kept = torch.empty(3, 1, dtype=torch.float64)
    net = subject(lambda net, v: kept.copy_(mean(net, v).detach()), Invariant(1))
    first = net(batch())
    wanted = first.clone()
    net(batch().map(lambda tensor: 5 * tensor))
    assert torch.equal(first, wanted)


def test_jitter_of_parameters_ends_with_its_block():
    net = subject(mean, Invariant(1))
    before = net(batch())
    with net.jittered(0):
        assert not torch.equal(net(batch()), before)
    assert torch.equal(net(batch()), before)


def test_what_a_network_sets_in_torch_ends_with_its_call():
    def sets(net, v):
        torch.set_default_dtype(torch.float16)
        torch.set_grad_enabled(True)
        torch.set_float32_matmul_precision("medium")
        return mean(net, v)

    subject(sets, Invariant(1))(batch())
    assert torch.get_default_dtype() == torch.float32
    assert torch.get_float32_matmul_precision() == "highest"


def test_gradients_are_recorded_where_asked():
    seen = []
    net = subject(lambda net, v: seen.append(torch.is_grad_enabled()) or mean(net, v), Invariant(1))
    assert not net(batch(), gradients=True).requires_grad
    net(batch())
    assert seen == [True, False]


class Phases(nn.Module):
    """A complex parameter and a complex buffer: their imaginary parts are what is read."""

    def __init__(self, space, output):
        super().__init__()
        self.turn = nn.Parameter(torch.tensor([1 + 2j, 3 + 4j], dtype=torch.complex64))
        self.register_buffer("unit", torch.tensor(1j))

    def forward(self, v):
        return v.flat().mean(1, keepdim=True) * (self.turn * self.unit).real.sum()


def test_complex_numbers_stay_complex_in_both_precisions_and_move_as_pairs():
    net = Subject(as_architecture(Phases), SPACE, Invariant(1), seed=0, dtype=torch.float64, bench=Workbench())
    assert (net.module.turn.dtype, net.module.unit.dtype) == (torch.complex128, torch.complex128)
    before, kept = net(batch()), net.module.turn.detach().clone()
    assert torch.allclose(before, -6 * batch().flat().mean(1, keepdim=True))
    with net.jittered(0):
        moved = torch.view_as_real(net.module.turn.detach()) / torch.view_as_real(kept)
        assert bool((moved != 1).all()) and bool(((moved - 1).abs() <= 2 * torch.finfo(torch.float64).eps).all())
    assert torch.equal(net.module.turn, kept)
    redraw_(net.module, 0, 1.0)
    assert bool((torch.view_as_real(net.module.turn - kept) != 0).all())
    net.lower_()
    assert (net.module.turn.dtype, net.module.unit.dtype) == (torch.complex64, torch.complex64)
    assert bool((net(batch()) != 0).all())


def test_a_parameter_without_a_size_is_refused_by_its_name():
    class Late(nn.Module):
        def __init__(self, space, output):
            super().__init__()
            self.late = nn.LazyLinear(1)

    with pytest.raises(PluginFault, match=r"leaves late.weight without a size, as lazy modules do"):
        Subject(as_architecture(Late), SPACE, Invariant(1), seed=0, dtype=torch.float64, bench=Workbench())
