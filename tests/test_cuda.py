"""A GPU changes nothing but the time: the laws of the harness and of the networks hold there too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import nn

from orbitcheck import Equivariant, Invariant, Weights, mlp, recurrent
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.learning.checkpoint import Checkpoint
from orbitcheck.harness.learning.training import Budget, Data, train
from orbitcheck.harness.learning.workbench import Workbench, exact_arithmetic
from orbitcheck.harness.plugins.architecture import Unsupported
from orbitcheck.harness.plugins.discovery import built_in, load, parse_name
from orbitcheck.harness.plugins.subject import Subject
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

pytestmark = [pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]

SPACES = {"tiny": NamedSpace(mlp(1, 4, 4, 1)), "recurrent": NamedSpace(recurrent(1, 4, 1))}
TINY_TRAINING = {
    "space": "tiny",
    "sizes": {"train": 256, "validation": 64, "test": 64},
    "parameters": [2000],
    "steps": 40,
    "seeds": 2,
}
CHECKS = {
    "equivariance": {"spaces": ["tiny", "recurrent"], "modes": ["eval", "train"]},
    "separation": {"pairs": {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "count": 1}},
    "detection": {"spaces": ["tiny"]},
    "completeness": {"spaces": ["tiny"]},
}
OUTPUTS = {"invariant": Invariant(3), "equivariant": Equivariant(2)}


def cells(kind: str, asked: dict[str, object], architecture: str) -> Iterator[Cell]:
    declared = CHECK_KINDS[kind]
    parameters = declared.resolve(parse_parameters(declared.parameters, asked), SPACES)
    for case in declared.cases(parameters):
        yield Cell("cuda", kind, kind, parameters, case, None, architecture)


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    with exact_arithmetic("cuda"):
        yield


@pytest.mark.parametrize("architecture", built_in())
@pytest.mark.parametrize("kind", CHECKS)
def test_outcomes_do_not_depend_on_the_device(architecture, kind):
    for cell in cells(kind, CHECKS[kind], architecture):
        assert evaluate(cell, device="cuda").outcome == evaluate(cell, device="cpu").outcome


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("architecture", built_in())
def test_outputs_are_the_cpus_to_rounding_and_the_same_bits_every_time(architecture, output, dtype):
    space = mlp(2, 16, 16, 3)
    generator = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(5, *shape, 1, generator=generator) for name, shape in space.shapes.items()}
    v, found = Weights(space, tensors), {}
    try:
        for device in ("cpu", "cuda", "cuda again"):
            bench = Workbench(device.split()[0])
            subject = Subject(load(parse_name(architecture)), space, OUTPUTS[output], seed=1, dtype=dtype, bench=bench)
            found[device] = subject(v)
            assert bench.forwards == 5 and bench.seconds > 0
    except Unsupported:
        pytest.skip("does not read this space")
    assert torch.equal(found["cuda"], found["cuda again"])
    # TF32 would leave about 1e-3 of float32.
    near = 1e-9 if dtype == torch.float64 else 1e-4
    assert (found["cuda"] - found["cpu"]).norm() <= near * found["cpu"].norm()


@pytest.mark.parametrize("target", [{"name": "weight-norms"}, {"name": "neuron-statistics"}, {"name": "zoom-out"}])
@pytest.mark.parametrize("architecture", ["dws", "gmn", "nft"])
def test_a_training_is_the_cpus_at_its_start_and_the_same_row_every_time(architecture, target):
    asked = {**TINY_TRAINING, "target": target, "regime": {"name": "general-position"}}
    for cell in cells("approximation", asked, architecture):
        first, again, cpu = (evaluate(cell, device=device) for device in ("cuda", "cuda", "cpu"))
        assert first.outcome == cpu.outcome and first.evidence.together
        assert replace(first.evidence, loop_share=0) == replace(again.evidence, loop_share=0)
        assert first.evidence.curve[0][1] == pytest.approx(cpu.evidence.curve[0][1], rel=0.05)
        assert first.evidence.error == pytest.approx(cpu.evidence.error, rel=0.3)


def networks() -> list[nn.Module]:
    found = []
    for seed in (0, 1):
        torch.default_generator.manual_seed(seed)
        found.append(nn.Sequential(nn.Linear(3, 16), nn.GELU(), nn.Dropout(0.5), nn.Linear(16, 1)).cuda())
    return found


def parameters(found: list[nn.Module]) -> torch.Tensor:
    return torch.stack([torch.cat([value.detach().flatten() for value in model.parameters()]) for model in found])


def test_dropout_is_a_function_of_seeds_and_step_and_an_interrupted_training_ends_the_same(tmp_path):
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0)).cuda()
    data, budget = Data(x, x[:, :1]), Budget(steps=30, batch=8, rate=1e-2)
    whole, again, interrupted, resumed = networks(), networks(), networks(), networks()
    before = torch.cuda.get_rng_state()
    train(whole, data, data, budget, [3, 4], train_mode=True)
    torch.cuda.manual_seed(9)
    train(again, data, data, budget, [3, 4], train_mode=True)
    assert torch.equal(parameters(whole), parameters(again))

    class Stop(Exception):
        pass

    def stop(stage: str, done: int, total: int) -> None:
        if done >= 15:
            raise Stop

    kept = Checkpoint(tmp_path / "kept.pt", "this", interval=0.0)
    with pytest.raises(Stop):
        train(interrupted, data, data, budget, [3, 4], checkpoint=kept, progress=stop, train_mode=True)
    train(resumed, data, data, budget, [3, 4], checkpoint=kept, train_mode=True)
    assert torch.equal(parameters(whole), parameters(resumed))
    torch.cuda.set_rng_state(before)


def test_float32_products_and_convolutions_are_float32s():
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(256, 256, generator=generator) for _ in range(2))
    image, kernel = torch.randn(4, 8, 32, 32, generator=generator), torch.randn(8, 8, 3, 3, generator=generator)
    for function, operands in ((torch.matmul, (left, right)), (nn.functional.conv2d, (image, kernel))):
        exact = function(*(operand.double() for operand in operands))
        found = function(*(operand.cuda() for operand in operands)).cpu().double()
        assert (found - exact).norm() < 2e-6 * exact.norm()
