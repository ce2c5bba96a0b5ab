"""Every built-in network as a pure function of its parameters: many seeds in one call (`torch.func`), one graph to compile."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from served import INVARIANT_ONLY, space_of

from orbitcheck import Equivariant, Invariant, Unsupported, Weights
from orbitcheck.harness.plugins.discovery import built_in, load, parse_name
from orbitcheck.harness.weights.inputs import constructed

SEEDS, BATCH = 3, 2
# Canonical labelling is done sample by sample on plain numbers: it is no tensor algebra.
NAMES = [name for name in built_in() if name not in ("canonical", "canonical-mlp")]


def flat(result: torch.Tensor | Weights) -> torch.Tensor:
    return result.flat() if isinstance(result, Weights) else result


def built(name: str, output: Invariant | Equivariant, count: int, **options: int) -> list[torch.nn.Module]:
    """Networks of as many seeds, with the buffers of the first one; skipped where the plug-in claims no such output."""
    space = space_of(name)
    try:
        architecture = load(parse_name(name))
        architecture = architecture.with_options({key: options[key] for key in options if key in architecture.defaults})
        many = [architecture.build(space, output, seed=seed, dtype=torch.float64) for seed in range(count)]
    except Unsupported as reason:
        pytest.skip(str(reason))
    for other in many[1:]:
        for mine, first in zip(other.buffers(), many[0].buffers(), strict=True):
            mine.copy_(first)
    return many


def inputs(name: str, batches: int) -> list[Weights]:
    return [constructed("generic", space_of(name), BATCH, np.random.default_rng(batch)) for batch in range(batches)]


def as_function(net: torch.nn.Module) -> Callable[..., torch.Tensor]:
    """`(parameters, tensors) -> flat output` of a network with its own buffers."""
    skeleton = copy.deepcopy(net)
    held = dict(skeleton.named_buffers())

    def call(parameters: dict[str, torch.Tensor], tensors: dict[str, torch.Tensor], space) -> torch.Tensor:
        return flat(torch.func.functional_call(skeleton, (parameters, held), (Weights(space, tensors),)))

    return call


def close(got: torch.Tensor, wanted: torch.Tensor) -> None:
    """Equal to rounding: batched products sum in another order."""
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12 * float(wanted.detach().abs().max()))


@pytest.mark.parametrize(
    ("output", "own_batches"), [(Invariant(3), False), (Equivariant(2), True)], ids=["one-batch", "own-batches"]
)
@pytest.mark.parametrize("name", NAMES)
def test_many_seeds_in_one_call_are_a_loop_over_them(name: str, output: Invariant | Equivariant, own_batches: bool):
    """Outputs and gradients, with the same weight vectors for all seeds or a batch of its own for each."""
    many = built(name, output, SEEDS)
    batches = inputs(name, SEEDS if own_batches else 1)
    space, call = batches[0].space, as_function(many[0])
    parameters, _ = torch.func.stack_module_state(many)  # pyright: ignore[reportArgumentType]
    tensors = {key: torch.stack([v.tensors[key] for v in batches]) for key in space.axes}
    if not own_batches:
        tensors = {key: stacked[0] for key, stacked in tensors.items()}
    over = (0, 0 if own_batches else None)

    def loss(drawn, given):
        return call(drawn, given, space).square().mean()

    together = torch.func.vmap(lambda drawn, given: call(drawn, given, space), over)(parameters, tensors)
    gradients = torch.func.vmap(torch.func.grad(loss), over)(parameters, tensors)
    for seed, net in enumerate(many):
        answer = flat(net(batches[seed if own_batches else 0]))
        close(together[seed], answer)
        answer.square().mean().backward()
        for key, parameter in net.named_parameters():
            if parameter.grad is not None:
                close(gradients[key][seed], parameter.grad)
            else:
                assert not gradients[key][seed].any()


# einops caches while it traces; the others are traced under another name, and tracing is most of this file's time.
UNTRACED = ("nfn-official", "monomial-nfn-sign", "magep-sign")
TRACED = [name for name in NAMES if name not in UNTRACED]


# Tracing takes seconds a network; at each run of the tests every third of them stands for the others.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (at % 3 > 0)) for at, name in enumerate(TRACED)]
)
def test_one_graph_holds_the_whole_network(name: str):
    """`torch.compile` finds no break, and what it traced computes the same; two layers, since more are the same code again."""
    (net,), (v,) = built(name, Invariant(3) if name in INVARIANT_ONLY else Equivariant(2), 1, depth=2), inputs(name, 1)
    torch._dynamo.reset()
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    close(flat(compiled(v)), flat(net(v)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", built_in())
def test_the_dtype_of_the_module_is_that_of_the_answer_whatever_the_default_is(name: str, dtype: torch.dtype):
    """In a batch of one."""
    output = Invariant(3) if name in INVARIANT_ONLY else Equivariant(2)
    (net,), (v,) = built(name, output, 1), inputs(name, 1)
    answer = flat(net.to(dtype)(v.to(dtype)[0]))
    assert answer.dtype == dtype
    assert bool(torch.isfinite(answer).all())
    torch.set_default_dtype(torch.float64)
    try:
        (other,) = built(name, output, 1)
        assert flat(other.to(dtype)(v.to(dtype)[0])).dtype == dtype
    finally:
        torch.set_default_dtype(torch.float32)
