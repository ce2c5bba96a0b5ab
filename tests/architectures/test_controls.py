"""The controls keep or break the law as they declare, and have just the power that makes their verdicts known."""

from __future__ import annotations

import re
from itertools import permutations, product

import numpy as np
import pytest
import torch

from orbitcheck import (
    Equivariant,
    GroupElement,
    Invariant,
    SpaceError,
    Unsupported,
    Weights,
    WeightSpace,
    act,
    generators,
    mlp,
    random_elements,
)
from orbitcheck.architectures.heads import EntryMLP
from orbitcheck.architectures.sorted_mlp import gather_neurons
from orbitcheck.architectures.stats import QUANTILES, statistics
from orbitcheck.harness.plugins.discovery import load, parse_name

CONTROLS = ("flat-mlp", "stats", "deep-sets", "sorted-mlp")
SYMMETRIC = ("stats", "deep-sets", "sorted-mlp")
OUTPUTS = (Invariant(3), Equivariant(2))
DTYPES = (torch.float32, torch.float64)
DEEP = mlp(2, 5, 4, 3, activation="tanh")
RECURRENT = WeightSpace(
    tensors=(("U", ("h", "i")), ("W", ("h", "h")), ("b", ("h",)), ("c", ())),
    sizes=(("h", 4), ("i", 2)),
    permuted=("h",),
)
CASES = [
    (name, space) for name in SYMMETRIC for space in (DEEP, RECURRENT) if (name, space) != ("sorted-mlp", RECURRENT)
]


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def build(name: str, space: WeightSpace, output, dtype=torch.float64, seed: int = 0) -> torch.nn.Module:
    return load(parse_name(name)).build(space, output, seed=seed, dtype=dtype)


def drawn(space: WeightSpace, batch: int = 6, seed: int = 0) -> Weights:
    """Normal entries that float32 holds exactly."""
    generator = torch.Generator().manual_seed(seed)
    shapes = space.shapes.items()
    return Weights(space, {name: torch.randn(batch, *s, 1, generator=generator).double() for name, s in shapes})


def flat(answer: torch.Tensor | Weights) -> torch.Tensor:
    return answer if isinstance(answer, torch.Tensor) else answer.flat()


def violation(net: torch.nn.Module, v: Weights, elements) -> float:
    """`max |phi(g v) - g phi(v)|` over `max |phi(v)|`."""
    still, moved = net(v), net(act(elements, v))
    wanted = still if isinstance(still, torch.Tensor) else act(elements, still).flat()
    return float((flat(moved) - wanted).abs().max() / flat(still).abs().max())


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize(("name", "space"), CASES, ids=lambda x: str(x)[:12])
def test_the_symmetric_controls_keep_the_law_to_rounding(name, space, output, dtype, mode):
    net = build(name, space, output, dtype).train(mode == "train")
    v = drawn(space).to(dtype)
    elements = [*generators(space), *random_elements(space, 5, np.random.default_rng(0))]
    each_its_own = random_elements(space, v.batch, np.random.default_rng(1))
    assert max(violation(net, v, g) for g in [*elements, each_its_own]) <= 16 * torch.finfo(dtype).eps


@pytest.mark.parametrize("name", ["stats", "sorted-mlp"])
def test_what_is_sorted_first_is_invariant_to_the_bit(name):
    net, v = build(name, DEEP, Invariant(3)), drawn(DEEP)
    moved = act(random_elements(DEEP, v.batch, np.random.default_rng(0)), v)
    assert torch.equal(net(moved), net(v))


@pytest.mark.parametrize("kind", ["ties", "zeros", "large"])
@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize("name", ["stats", "deep-sets"])
def test_ties_cost_no_digits(name, output, kind):
    v = drawn(DEEP).map({"ties": torch.sign, "zeros": torch.zeros_like, "large": lambda x: 1024 * x}[kind])
    net = build(name, DEEP, output)
    assert max(violation(net, v, g) for g in generators(DEEP)) <= 64 * torch.finfo(torch.float64).eps


@pytest.mark.parametrize("space", [DEEP, RECURRENT], ids=["mlp", "recurrent"])
@pytest.mark.parametrize("output", OUTPUTS, ids=str)
def test_flat_mlp_breaks_the_law_at_every_generator(output, space):
    net, v = build("flat-mlp", space, output), drawn(space)
    assert min(violation(net, v, g) for g in generators(space)) > 1e-2


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize("name", CONTROLS)
def test_a_sample_depends_on_nothing_but_itself(name, output):
    net, v = build(name, DEEP, output), drawn(DEEP)
    before = v.clone()
    together = flat(net(v))
    alone = torch.cat([flat(net(v[i])) for i in range(v.batch)])
    torch.testing.assert_close(
        together, alone, rtol=0, atol=16 * torch.finfo(torch.float64).eps * float(together.abs().max())
    )
    assert torch.equal(together, flat(net(v))), "the same call twice"
    assert torch.equal(together, flat(net.train()(v))), "train mode"
    assert torch.equal(before.flat(), v.flat()), "the input was modified"


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize("name", CONTROLS)
def test_outputs_have_the_promised_form_and_depend_on_the_input(name, output, dtype):
    net, v = build(name, DEEP, output, dtype), drawn(DEEP).to(dtype)
    answer = net(v)
    if isinstance(output, Invariant):
        assert isinstance(answer, torch.Tensor) and answer.shape == (v.batch, output.dim)
    else:
        assert isinstance(answer, Weights)
        assert (answer.space, answer.batch, answer.channels) == (DEEP, v.batch, output.channels)
        within = [
            tensor.flatten(1, -2) - tensor.flatten(1, -2).mean(dim=1, keepdim=True) for _, tensor in answer.items()
        ]
        assert all(bool((entries.flatten(0, 1).std(dim=0) > 1e-3).all()) for entries in within), "entries differ"
    assert flat(answer).dtype == dtype
    assert float(flat(answer).std(dim=0).min()) > 1e-4


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize("name", CONTROLS)
def test_parameters_come_from_a_density(name, output):
    for tensor in build(name, DEEP, output).parameters():
        assert bool((tensor != 0).all()) and tensor.unique().numel() > 0.99 * tensor.numel()


def test_statistics_are_what_numpy_computes():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 8, 97):
        for rows in (rng.standard_normal((3, n)), rng.integers(-1, 2, (3, n)).astype(float), np.full((3, n), 0.1)):
            wanted = np.column_stack([rows.mean(1), rows.var(1), *np.quantile(rows, QUANTILES, axis=1)])
            np.testing.assert_allclose(statistics(torch.from_numpy(rows)), wanted, rtol=1e-13, atol=1e-15)


def test_the_variance_does_not_lose_digits_far_from_zero():
    rows = 2.0**26 + torch.tensor([[0.0, 1.0, 2.0, 3.0]], dtype=torch.float64)
    assert statistics(rows)[0, 1] == 1.25


def test_the_entry_network_is_an_mlp_on_the_entry_joined_with_the_summary():
    torch.manual_seed(0)
    network = EntryMLP(5, 7, 2, 2).double()
    tensor, pooled = torch.randn(3, 4, 6, 1).double(), torch.randn(3, 5).double()
    first = torch.nn.Linear(6, 7).double()
    first.weight.copy_(torch.cat([network.entry.weight, network.summary.weight], dim=1))
    first.bias.copy_(network.summary.bias)
    slow = torch.nn.Sequential(first, *network.rest)
    fast = network(tensor, pooled)
    for b, i, j in product(range(3), range(4), range(6)):
        torch.testing.assert_close(fast[b, i, j], slow(torch.cat([tensor[b, i, j], pooled[b]])), rtol=0, atol=1e-14)


def test_sorting_is_the_groups_action():
    v = drawn(DEEP)
    orders = [bias.squeeze(-1).argsort(dim=1) for bias in v.biases[:-1]]
    elements = [
        GroupElement(tuple((f"n{layer}", tuple(order[i].argsort().tolist())) for layer, order in enumerate(orders, 1)))
        for i in range(v.batch)
    ]
    fast = gather_neurons(v, orders)
    assert torch.equal(fast.flat(), act(elements, v).flat())
    assert all(bool((bias.diff(dim=1) > 0).all()) for bias in fast.biases[:-1])
    back = gather_neurons(fast, [order.argsort(dim=1) for order in orders])
    assert torch.equal(back.flat(), v.flat())


def test_sorted_mlp_is_equal_exactly_on_orbits():
    """All pairs of (1,2,2,1) vectors from a small bank, the orbits found by trying every group element."""
    space = mlp(1, 2, 2, 1)
    rng = np.random.default_rng(0)
    bank = [{name: rng.integers(0, 2, shape).astype(float) for name, shape in space.shapes.items()} for _ in range(12)]
    for vector in bank:
        vector["b1"], vector["b2"] = rng.permutation([0.0, 1.0]), rng.permutation([0.0, 1.0])
    v = Weights.from_arrays(space, bank)
    everything = [
        GroupElement((("n1", first), ("n2", second))) for first, second in product(permutations(range(2)), repeat=2)
    ]
    v = Weights.cat([v, *(act(g, v[:4]) for g in everything)])
    orbits = torch.stack([act(g, v).flat() for g in everything])  # [|G|, batch, parameters]
    net = build("sorted-mlp", space, Invariant(4))
    answers = net(v)
    seen = set()
    for i, j in product(range(v.batch), repeat=2):
        same = bool((orbits[:, i] == v.flat()[j]).all(dim=1).any())
        seen.add(same and i != j)
        gap = float((answers[i] - answers[j]).abs().max())
        assert gap <= 1e-14 if same else gap > 1e-6
    assert seen == {True, False}


def cycles(lengths: list[int], distinct_biases: bool) -> dict[str, np.ndarray]:
    """The (1,4,4,1) vectors of prop-6.2: ones, with a union of even cycles as the biadjacency in the middle."""
    middle, start = np.zeros((4, 4)), 0
    for length in lengths:
        for i in range(length):
            middle[start + i, start + i] = middle[start + i, start + (i + 1) % length] = 1.0
        start += length
    bias = np.arange(4.0) / 4 if distinct_biases else np.ones(4)
    return {"W1": np.ones((4, 1)), "b1": bias, "W2": middle, "b2": bias, "W3": np.ones((1, 4)), "b3": np.ones(1)}


@pytest.mark.parametrize("name", ["stats", "deep-sets"])
def test_the_weak_controls_forget_which_entry_belongs_to_which_neuron(name):
    """Equal multisets per tensor, but row sums 2, 2, 2, 2 against 4, 2, 1, 1: one round of refinement parts them."""
    v, w = cycles([4], distinct_biases=False), cycles([4], distinct_biases=False)
    w["W2"] = np.tril(np.ones((4, 4)))[[3, 1, 0, 0]]
    w["W2"][3] = [0, 1, 0, 0]
    assert sorted(w["W2"].sum(1)) == [1, 1, 2, 4] and w["W2"].sum() == v["W2"].sum()
    both = Weights.from_arrays(mlp(1, 4, 4, 1), [v, w])
    for output in OUTPUTS:
        answers = build(name, both.space, output)(both)
        if isinstance(answers, torch.Tensor):
            gap, scale = answers[0] - answers[1], answers
        else:
            sums = torch.cat([tensor.flatten(1, -2).sum(1) for _, tensor in answers.items()], dim=1)
            gap, scale = sums[0] - sums[1], sums
        assert float(gap.abs().max()) <= 64 * torch.finfo(torch.float64).eps * float(scale.abs().max())
    assert float(build("sorted-mlp", both.space, Invariant(3))(both).diff(dim=0).abs().max()) > 1e-3


def test_sorted_mlp_parts_the_cycles_once_general_position_is_restored():
    both = Weights.from_arrays(mlp(1, 4, 4, 1), [cycles([4], True), cycles([2, 2], True)])
    assert float(build("sorted-mlp", both.space, Invariant(3))(both).diff(dim=0).abs().max()) > 1e-3


def test_sorted_mlp_is_ill_defined_at_ties_as_its_domain_says():
    v = Weights.from_arrays(mlp(1, 4, 4, 1), [cycles([4], distinct_biases=False)])
    net = build("sorted-mlp", v.space, Invariant(3))
    assert max(violation(net, v, g) for g in generators(v.space)) > 1e-3
    assert load(parse_name("sorted-mlp")).traits.domain == "general-position"


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize(("option", "value"), [("channels", 0), ("channels", -3), ("depth", 0)])
@pytest.mark.parametrize("output", OUTPUTS, ids=str)
def test_an_option_out_of_range_is_refused(name, option, value, output):
    with pytest.raises(ValueError, match=re.escape(f"{option}={value}; allowed: integers of at least 1")):
        build(f"{name}[{option}={value}]", DEEP, output)


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize("name", CONTROLS)
def test_weights_of_another_space_or_with_channels_are_refused(name, output):
    net = build(name, DEEP, output)
    for other in (mlp(2, 5, 4, 3, activation="relu"), mlp(2, 4, 5, 3, activation="tanh")):
        with pytest.raises(SpaceError, match=re.escape(f"got weights of {other}; this network was built for {DEEP}")):
            net(drawn(other))
    with pytest.raises(SpaceError, match="got weights with 2 channels"):
        net(drawn(DEEP).map(lambda tensor: torch.cat([tensor, tensor], dim=-1)))


def test_sorted_mlp_claims_mlps_alone():
    with pytest.raises(Unsupported, match=re.escape("sorts hidden layers by bias, which WeightSpace(U[h=4 i=2]")):
        build("sorted-mlp", RECURRENT, Invariant(1))
