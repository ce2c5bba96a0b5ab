"""What NFT owes: the law, the formulas by a slow loop over tokens, what it parts and what it cannot, clear refusals."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, SpaceError, Unsupported, Weights, WeightSpace, act, mlp, random_elements
from orbitcheck.architectures.nft import NFT, Entries, WeightAttention
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance.kind import CONSTRUCTED_INPUTS
from orbitcheck.harness.checks.separation.draws import draw_once
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.core.result import Result
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.pairs.making import make_pair, read_pairs
from orbitcheck.harness.plugins.architecture import Architecture, as_architecture
from orbitcheck.harness.plugins.redraw import GAINS, redraw_
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.inputs import constructed
from orbitcheck.harness.weights.space import NamedSpace

SPACES = {"tiny": mlp(2, 4, 3, 1), "shallow": mlp(3, 5, 2), "deep": mlp(1, 3, 1, 4, 2, 1), "ones": mlp(1, 1, 1)}
OUTPUTS = [Invariant(3), Equivariant(2)]


def flat(result: torch.Tensor | Weights) -> torch.Tensor:
    return result.flat() if isinstance(result, Weights) else result


def rows(architecture: Architecture, kind: str, **parameters) -> list[Result]:
    """Every row of one check on the architecture."""
    check = CHECK_KINDS[kind]
    named = {name: NamedSpace(space) for name, space in SPACES.items()}
    resolved = check.resolve(parse_parameters(check.parameters, parameters), named)
    cells = [Cell("tests", kind, kind, resolved, case, None, architecture.name) for case in check.cases(resolved)]
    return [evaluate(cell, architecture) for cell in cells]


@pytest.mark.parametrize("space", ["tiny", pytest.param("deep", marks=pytest.mark.long)])
def test_the_law_holds_on_every_kind_of_input_in_both_modes(space: str) -> None:
    """Two blocks, one that is followed and one that is not; all four, on all kinds, in `orbitcheck run quick`."""
    results = rows(
        as_architecture(NFT).with_options({"depth": 2}), "equivariance", spaces=[space], modes=["eval", "train"]
    )
    assert len(results) == 2 * 2 * len(CONSTRUCTED_INPUTS)
    assert {row.outcome for row in results} == {"pass"}, [(row.case, row.reason) for row in results]


@pytest.mark.parametrize("options", [{}, {"fourier": 3}, {"heads": 1, "feedforward": 1}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equivariant_to_rounding_in_both_precisions(dtype: torch.dtype, options: dict) -> None:
    rng = np.random.default_rng(0)
    for space in SPACES.values():
        for output in OUTPUTS:
            built = as_architecture(NFT).with_options(options).build(space, output, seed=3, dtype=dtype)
            for kind in ("generic", "zeros", "ties", "duplicated-neurons", "pruned"):
                v = constructed(kind, space, 4, rng).to(dtype)
                g = random_elements(space, 4, rng)
                with torch.no_grad():
                    moved, result = built(act(g, v)), built(v)
                after = act(g, result).flat() if isinstance(result, Weights) else result
                error = (flat(moved) - after).abs().max().item() / after.abs().max().item()
                assert error <= 64 * torch.finfo(dtype).eps, (str(space), output, kind, error)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("batch", [1, 3])
def test_shapes(space: WeightSpace, output: Invariant | Equivariant, batch: int) -> None:
    v = constructed("generic", space, batch, np.random.default_rng(0)).to(torch.float32)
    result = NFT(space, output, channels=8, depth=2)(v)
    if isinstance(output, Invariant):
        assert isinstance(result, torch.Tensor)
        assert result.shape == (batch, output.dim)
    else:
        assert isinstance(result, Weights)
        assert result.space == space
        assert (result.batch, result.channels) == (batch, output.channels)


def attention_by_loops(attention: WeightAttention, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The attention of one weight vector: tokens spelled out as vectors, one after the other.

    A token is a list of the places `(tensor, index)` of its entries, so that a sum over it can be written out. Nothing but
    the three linear maps is taken from the code under test.
    """
    heads = attention.heads
    q, k, v = ([linear(x) for x in tensors] for linear in (attention.Q, attention.K, attention.V))
    answers = [torch.zeros_like(x) for x in tensors]
    size = tensors[0].shape[-1] // heads
    last = len(tensors) // 2
    widths = [tensors[0].shape[1], *(tensors[2 * i + 1].shape[0] for i in range(last))]

    for head in range(heads):
        mine = slice(head * size, (head + 1) * size)
        means = [[x[..., mine].flatten(0, -2).mean(0) for x in some] for some in (q, k, v)]
        for target in range(len(tensors)):
            logits = torch.stack([means[0][target] @ other / math.sqrt(size) for other in means[1]])
            for share, value in zip(logits.softmax(0), means[2], strict=True):
                answers[target][..., mine] += share * value
        for i in range(last + 1):
            tokens = []
            if i > 0:
                tokens += [[(2 * i - 2, (j, column)) for j in range(widths[i])] for column in range(widths[i - 1])]
                tokens += [[(2 * i - 1, (j,)) for j in range(widths[i])]]
            if i < last:
                tokens += [[(2 * i, (row, j)) for j in range(widths[i])] for row in range(widths[i + 1])]
            for token in tokens:
                logits = []
                for other in tokens:
                    pairs = zip(token, other, strict=True)
                    logit = sum(q[a][x][mine] @ k[b][y][mine] for (a, x), (b, y) in pairs)
                    logits.append(logit / math.sqrt(size * widths[i]))
                for share, other in zip(torch.stack(logits).softmax(0), tokens, strict=True):
                    for (a, x), (b, y) in zip(token, other, strict=True):
                        answers[a][x][mine] += share * v[b][y][mine]
    return answers


@pytest.mark.parametrize("space", [mlp(2, 3, 4, 2), mlp(1, 2, 1), mlp(2, 1, 3, 2, 1)], ids=str)
def test_attention_is_what_loops_over_tokens_give(space: WeightSpace) -> None:
    torch.manual_seed(0)
    entries = Entries(space)
    attention = WeightAttention(entries, 6, 2).double()
    tensors = [torch.randn(2, *shape, 6, dtype=torch.float64) for shape in space.shapes.values()]
    with torch.no_grad():
        fast = entries.split(attention(torch.cat([x.flatten(1, -2) for x in tensors], 1)))
        for sample in range(2):
            slow = attention_by_loops(attention, [x[sample] for x in tensors])
            for mine, theirs in zip(fast, slow, strict=True):
                torch.testing.assert_close(mine[sample], theirs, rtol=0, atol=1e-13)


def test_the_pair_of_prop_6_2_is_parted() -> None:
    results = rows(as_architecture(NFT), "separation", pairs={"family": "bipartite-cycles", "count": 2})
    assert [(row.outcome, row.observed) for row in results] == [("pass", "separated")] * 2


def test_the_biplanes_are_not_parted() -> None:
    """Their Gram matrices coincide, so no draw shows a gap above the noise."""
    architecture, parameters = as_architecture(NFT), {"space": None, "pairs": {"family": "biplanes", "count": 1}}
    family, settings, space = read_pairs(parameters)
    cases = family.cases(settings, space)
    assert len(cases) == 3
    for case in cases:
        pair = make_pair(parameters, case)
        draws = [draw_once(architecture, pair, 1, number, Workbench()) for number in range(4)]
        assert {draw.gain for draw in draws} == set(GAINS)
        assert all(draw.fault is None and draw.ratio <= 10 for draw in draws)


def test_late_rounds_and_directions_are_seen() -> None:
    ladder = rows(as_architecture(NFT), "separation", pairs={"family": "round-ladder", "rounds": [1, 4], "count": 1})
    direction = rows(as_architecture(NFT), "separation", pairs={"family": "direction", "count": 1})
    assert {row.observed for row in ladder + direction} == {"separated"}


@pytest.mark.parametrize("output", OUTPUTS)
def test_parameters_are_dense_at_initialisation_and_all_are_used(output: Invariant | Equivariant) -> None:
    """No parameter at an exact zero; every one has a gradient; outputs differ between inputs by a visible share."""
    torch.manual_seed(0)
    space = SPACES["tiny"]
    built = NFT(space, output, depth=2).double()
    result = flat(built(constructed("generic", space, 16, np.random.default_rng(2))))
    assert (result.std(0) > 1e-3 * result.abs().max()).all()
    result.square().sum().backward()
    for name, parameter in built.named_parameters():
        assert (parameter != 0).all(), name
        assert parameter.grad is not None, name
        assert (parameter.grad != 0).all(), name


@pytest.mark.parametrize("gain", [1.0, 3.0, 5.0, 10.0])
def test_a_redrawn_network_stays_finite_and_visible(gain: float) -> None:
    torch.manual_seed(0)
    built = NFT(SPACES["tiny"], Invariant(3)).double()
    redraw_(built, 1, gain)
    result = built(constructed("generic", SPACES["tiny"], 16, np.random.default_rng(2)))
    assert torch.isfinite(result).all()
    assert (result.std(0) > 1e-3 * result.abs().max()).all()


def test_inputs_and_outputs_are_named() -> None:
    """An exchange of two inputs or of two outputs is no symmetry, and is seen."""
    space = mlp(3, 4, 2)
    torch.manual_seed(0)
    built = NFT(space, Invariant(3)).double()
    v = constructed("generic", space, 4, np.random.default_rng(0))
    inputs = Weights(space, {**v.tensors, "W1": v.tensors["W1"].flip(2)})
    outputs = Weights(space, {**v.tensors, "W2": v.tensors["W2"].flip(1), "b2": v.tensors["b2"].flip(1)})
    for other in (inputs, outputs):
        assert (built(v) - built(other)).abs().amax(1).min() > 1e-4


def test_default_dtype_does_not_matter() -> None:
    v = constructed("generic", SPACES["tiny"], 2, np.random.default_rng(2))
    torch.set_default_dtype(torch.float64)
    try:
        built = NFT(SPACES["tiny"], Invariant(2), depth=1, fourier=2)
    finally:
        torch.set_default_dtype(torch.float32)
    for dtype in (torch.float64, torch.float32):
        assert built.to(dtype)(v.to(dtype)).dtype == dtype


def test_vmap_over_parameters_is_a_loop_over_them() -> None:
    torch.manual_seed(0)
    space = SPACES["tiny"]
    many = [NFT(space, Equivariant(2), channels=4, depth=2).double() for _ in range(3)]
    v = constructed("generic", space, 2, np.random.default_rng(2))
    parameters, buffers = torch.func.stack_module_state(many)
    skeleton = copy.deepcopy(many[0])

    def call(drawn: dict, held: dict) -> torch.Tensor:
        return torch.func.functional_call(skeleton, (drawn, held), (v,)).flat()

    together = torch.func.vmap(call)(parameters, buffers)
    torch.testing.assert_close(together, torch.stack([one(v).flat() for one in many]), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 2}, "channels=2; allowed: integers of at least 3"),
        ({"depth": 0}, "depth=0; allowed: integers of at least 1"),
        ({"heads": 0}, "heads=0; allowed: integers of at least 1"),
        ({"heads": 5}, "heads=5; allowed: divisors of channels=32"),
        ({"feedforward": 0}, "feedforward=0; allowed: integers of at least 1"),
        ({"head": 0}, "head=0; allowed: integers of at least 1"),
        ({"fourier": -1}, "fourier=-1; allowed: integers of at least 0"),
        ({"fourier_scale": 0.0}, "fourier_scale=0.0; allowed: positive numbers"),
    ],
)
def test_bad_options_are_refused_with_what_is_allowed(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NFT(mlp(2, 3, 1), Invariant(1), **options)


def test_bad_input_gets_one_clear_line() -> None:
    recurrent = WeightSpace((("W", ("h", "h")), ("b", ("h",))), (("h", 3),), ("h",))
    with pytest.raises(Unsupported, match="the weights of MLPs only"):
        NFT(recurrent, Invariant(1))
    built = NFT(mlp(2, 3, 1), Invariant(1), depth=1)
    other = constructed("generic", mlp(2, 4, 1), 1, np.random.default_rng(0))
    with pytest.raises(SpaceError, match=r"mlp\(2, 4, 1.*built for mlp\(2, 3, 1"):
        built(other)
    two = constructed("generic", mlp(2, 3, 1), 1, np.random.default_rng(0)).map(lambda x: torch.cat([x, x], -1))
    with pytest.raises(SpaceError, match="got weights with 2 channels"):
        built(two)
