"""What NG-T owes: the law, the formulas by a slow loop over pairs, power and rounds as declared, clear refusals."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from bank import binary_classes

from orbitcheck import Equivariant, Invariant, SpaceError, Unsupported, Weights, WeightSpace, act, mlp, random_elements
from orbitcheck.architectures.ng_t import NGT, EdgeUpdate, RelationalAttention, joined, split
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance.kind import CONSTRUCTED_INPUTS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.core.result import Result
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
        as_architecture(NGT).with_options({"depth": 2}), "equivariance", spaces=[space], modes=["eval", "train"]
    )
    assert len(results) == 2 * 2 * len(CONSTRUCTED_INPUTS)
    assert {row.outcome for row in results} == {"pass"}, [(row.case, row.reason) for row in results]


@pytest.mark.parametrize("options", [{}, {"fourier": 3}, {"heads": 1, "feedforward": 1}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equivariant_to_rounding_in_both_precisions(dtype: torch.dtype, options: dict) -> None:
    rng = np.random.default_rng(0)
    for space in SPACES.values():
        for output in OUTPUTS:
            built = as_architecture(NGT).with_options(options).build(space, output, seed=3, dtype=dtype)
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
    result = NGT(space, output, channels=8, depth=2)(v)
    if isinstance(output, Invariant):
        assert isinstance(result, torch.Tensor)
        assert result.shape == (batch, output.dim)
    else:
        assert isinstance(result, Weights)
        assert result.space == space
        assert (result.batch, result.channels) == (batch, output.channels)


def random_graph(widths: tuple[int, ...], channels: int) -> tuple[torch.Tensor, dict[tuple[int, int], torch.Tensor]]:
    """Features of two graphs: every neuron's, and every ordered pair's of joined neurons."""
    joined = [pair for layer in range(1, len(widths)) for pair in ((layer, layer - 1), (layer - 1, layer))]
    edges = {(i, j): torch.randn(2, widths[i], widths[j], channels, dtype=torch.float64) for i, j in joined}
    return torch.randn(2, sum(widths), channels, dtype=torch.float64), edges


def together(widths: tuple[int, ...], e: dict[tuple[int, int], torch.Tensor]) -> torch.Tensor:
    """`[B, 2P, C]`: of every pair of layers both directions, at the places of the later one's rows."""
    there = [e[i, i - 1].flatten(1, 2) for i in range(1, len(widths))]
    back = [e[i - 1, i].transpose(1, 2).flatten(1, 2) for i in range(1, len(widths))]
    return torch.cat([*there, *back], 1)


def neurons(widths: tuple[int, ...]) -> list[tuple[int, int]]:
    """(layer, index) of every neuron, in the order of the features."""
    return [(layer, index) for layer, width in enumerate(widths) for index in range(width)]


WIDTHS = [(2, 3, 4, 1), (1, 2, 1), (2, 1, 3, 2, 2)]


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_attention_is_what_loops_over_pairs_give(widths: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    channels, heads = 6, 2
    attention = RelationalAttention(widths, channels, heads).double()
    x, e = random_graph(widths, channels)
    size = channels // heads
    with torch.no_grad():
        edges = together(widths, e)
        fast = attention(x, joined(widths), *(edges @ weight.mT for weight in attention.maps()))
        for sample in range(2):
            collected = torch.zeros_like(x[sample])
            q, k, v = attention.qkv(x[sample]).chunk(3, -1)
            for head in range(heads):
                mine = slice(head * size, (head + 1) * size)
                for row, (i, a) in enumerate(neurons(widths)):
                    logits, values = [], []
                    for column, (j, b) in enumerate(neurons(widths)):
                        edge = e[i, j][sample, a, b] if (i, j) in e else torch.zeros(channels, dtype=torch.float64)
                        query, key = q[row] + attention.Q(edge), k[column] + attention.K(edge)
                        logits.append(query[mine] @ key[mine] / math.sqrt(size))
                        values.append((v[column] * (1 + attention.M(edge)) + attention.V(edge))[mine])
                    collected[row, mine] = torch.stack(logits).softmax(0) @ torch.stack(values)
            torch.testing.assert_close(fast[sample], attention.out(collected), rtol=0, atol=1e-13)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_edges_are_updated_from_both_directions_and_both_ends(widths: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    update = EdgeUpdate(4).double()
    x, e = random_graph(widths, 4)
    place = {neuron: number for number, neuron in enumerate(neurons(widths))}
    with torch.no_grad():
        edges = together(widths, e)
        changed = update(x, joined(widths), update.E(edges), update.F(edges)).chunk(2, 1)
        there, back = (split(part, widths) for part in changed)
        change = {(i, i - 1): part for i, part in enumerate(there, 1)}
        change |= {(i - 1, i): part.transpose(1, 2) for i, part in enumerate(back, 1)}
        assert set(change) == set(e)
        for (i, j), edge in e.items():
            for sample in range(2):
                for a in range(widths[i]):
                    for b in range(widths[j]):
                        target, _ = update.ends(x[sample, place[i, a]]).chunk(2)
                        _, source = update.ends(x[sample, place[j, b]]).chunk(2)
                        hidden = update.E(edge[sample, a, b]) + update.F(e[j, i][sample, b, a]) + target + source
                        slow = update.out(torch.nn.functional.silu(hidden))
                        torch.testing.assert_close(change[i, j][sample, a, b], slow, rtol=0, atol=1e-13)


def test_all_blocks_but_the_last_update_the_edges() -> None:
    blocks = NGT(SPACES["tiny"], Invariant(1), depth=3).blocks
    assert [block.update is not None for block in blocks] == [True, True, False]


def separation(architecture: Architecture, **pairs) -> list[tuple[str, str]]:
    results = rows(architecture, "separation", pairs={"count": 1, **pairs})
    return [(row.outcome, row.observed) for row in results]


@pytest.mark.parametrize("family", ["bipartite-cycles", "regular-bipartite", "strongly-regular"])
def test_nothing_that_refinement_does_not_part_is_parted(family: str) -> None:
    assert set(separation(as_architecture(NGT), family=family)) == {("pass", "not separated")}


def test_defaults_part_the_ladder_up_to_round_four() -> None:
    results = separation(as_architecture(NGT), family="round-ladder", rounds=[1, 2, 3, 4])
    assert results == [("pass", "separated")] * 4


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sight_ends_exactly_where_it_is_declared_to(depth: int) -> None:
    """Neurons alone are read: `depth` blocks see the ladder's pair of that round, and of the next one nothing at all."""
    architecture = as_architecture(NGT).with_options({"depth": depth})
    assert architecture.rounds == (depth, depth)
    results = separation(architecture, family="round-ladder", rounds=[depth, depth + 1])
    assert results == [("pass", "separated"), ("pass", "not separated")]


@pytest.mark.parametrize("family", ["direction", "multiplicity"])
def test_direction_and_multiplicity_are_seen(family: str) -> None:
    assert separation(as_architecture(NGT), family=family) == [("pass", "separated")]


def test_defaults_part_the_whole_bank_but_for_the_one_pair_of_prop_6_2() -> None:
    """Two copies of each class, moved; a pair is parted where its gap is 1e3 times what any two copies differ by."""
    classes, copies = binary_classes(), 2
    assert len(classes) == 317
    space, ones = mlp(1, 4, 4, 1), np.ones((4, 1))
    around = {"W1": ones, "b1": np.full(4, 0.5), "b2": np.full(4, 0.25), "W3": ones.T, "b3": np.full(1, 0.125)}
    v = Weights.from_arrays(space, [{**around, "W2": middle} for middle in classes for _ in range(copies)])
    best = np.zeros((317, 317))
    for draw in range(16):
        if draw >= len(GAINS) and (np.triu(best < 1e3, 1)).sum() == 1:
            break
        built = as_architecture(NGT).build(space, Invariant(8), seed=draw, dtype=torch.float64)
        redraw_(built, draw, GAINS[draw % len(GAINS)])
        with torch.no_grad():
            seen = built(act(random_elements(space, v.batch, np.random.default_rng(draw)), v))
        seen = seen.unflatten(0, (317, copies))
        norm = seen.norm(dim=-1).mean().item()
        within = (seen - seen[:, :1]).norm(dim=-1).max().item()
        floor = max(within, 4 * 2.0**-53 * norm)
        assert floor / norm < 1e-9
        between = torch.cdist(seen[:, 0], seen[:, 1], compute_mode="donot_use_mm_for_euclid_dist")
        best = np.maximum(best, (torch.minimum(between, between.T) / floor).numpy())
    first, second = np.nonzero(np.triu(best < 1e3, 1))
    assert len(first) == 1
    a, b = classes[first[0]], classes[second[0]]
    assert best[first[0], second[0]] <= 10
    assert {np.linalg.matrix_rank(a), np.linalg.matrix_rank(b)} == {2, 3}


@pytest.mark.parametrize("output", OUTPUTS)
def test_parameters_are_dense_at_initialisation_and_all_are_used(output: Invariant | Equivariant) -> None:
    """No parameter at an exact zero; every one has a gradient; outputs differ between inputs by a visible share."""
    torch.manual_seed(0)
    space = SPACES["tiny"]
    built = NGT(space, output, depth=2).double()
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
    built = NGT(SPACES["tiny"], Invariant(3)).double()
    redraw_(built, 1, gain)
    result = built(constructed("generic", SPACES["tiny"], 16, np.random.default_rng(2)))
    assert torch.isfinite(result).all()
    assert (result.std(0) > 1e-3 * result.abs().max()).all()


def test_inputs_and_outputs_are_named() -> None:
    """An exchange of two inputs or of two outputs is no symmetry, and is seen."""
    space = mlp(3, 4, 2)
    torch.manual_seed(0)
    built = NGT(space, Invariant(3)).double()
    v = constructed("generic", space, 4, np.random.default_rng(0))
    inputs = Weights(space, {**v.tensors, "W1": v.tensors["W1"].flip(2)})
    outputs = Weights(space, {**v.tensors, "W2": v.tensors["W2"].flip(1), "b2": v.tensors["b2"].flip(1)})
    for other in (inputs, outputs):
        assert (built(v) - built(other)).abs().amax(1).min() > 1e-4


def test_default_dtype_does_not_matter() -> None:
    v = constructed("generic", SPACES["tiny"], 2, np.random.default_rng(2))
    torch.set_default_dtype(torch.float64)
    try:
        built = NGT(SPACES["tiny"], Invariant(2), depth=1, fourier=2)
    finally:
        torch.set_default_dtype(torch.float32)
    for dtype in (torch.float64, torch.float32):
        assert built.to(dtype)(v.to(dtype)).dtype == dtype


def test_vmap_over_parameters_is_a_loop_over_them() -> None:
    torch.manual_seed(0)
    space = SPACES["tiny"]
    many = [NGT(space, Equivariant(2), channels=4, depth=2).double() for _ in range(3)]
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
        NGT(mlp(2, 3, 1), Invariant(1), **options)


def test_bad_input_gets_one_clear_line() -> None:
    recurrent = WeightSpace((("W", ("h", "h")), ("b", ("h",))), (("h", 3),), ("h",))
    with pytest.raises(Unsupported, match="parameter graph of an MLP"):
        NGT(recurrent, Invariant(1))
    built = NGT(mlp(2, 3, 1), Invariant(1), depth=1)
    other = constructed("generic", mlp(2, 4, 1), 1, np.random.default_rng(0))
    with pytest.raises(SpaceError, match=r"mlp\(2, 4, 1.*built for mlp\(2, 3, 1"):
        built(other)
    two = constructed("generic", mlp(2, 3, 1), 1, np.random.default_rng(0)).map(lambda x: torch.cat([x, x], -1))
    with pytest.raises(SpaceError, match="got weights with 2 channels"):
        built(two)
