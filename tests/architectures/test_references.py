"""The references of known power: `canonical-mlp` parts orbits exactly, `probe` functions, `oce` averages the functions of k networks."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
import torch

from orbitcheck import (
    Equivariant,
    GroupElement,
    Invariant,
    Unsupported,
    Weights,
    WeightSpace,
    act,
    mlp,
    random_elements,
    realise,
)
from orbitcheck.architectures.canonical import Canonical, PastBudget
from orbitcheck.architectures.oce import OCE
from orbitcheck.architectures.probe import SCALES, Probe
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.core.result import Result
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed
from orbitcheck.harness.weights.space import NamedSpace
from orbitcheck.harness.weights.spaces import conv_net, recurrent, residual_mlp, transformer_block

TINY = mlp(2, 3, 4, 2, activation="tanh")
OUTPUTS = [Invariant(3), Equivariant(2)]


def build(name: str, space: WeightSpace, output, dtype=torch.float64) -> torch.nn.Module:
    return load(parse_name(name)).build(space, output, seed=0, dtype=dtype)


def flat(result: torch.Tensor | Weights) -> torch.Tensor:
    return result.flat() if isinstance(result, Weights) else result


def rows(architecture: str, kind: str, spaces: dict[str, WeightSpace], **parameters) -> list[Result]:
    """Every row of one check on the architecture."""
    check = CHECK_KINDS[kind]
    named = {name: NamedSpace(space) for name, space in spaces.items()}
    resolved = check.resolve(parse_parameters(check.parameters, parameters), named)
    return [evaluate(Cell("tests", kind, kind, resolved, case, None, architecture)) for case in check.cases(resolved)]


def whole_group(space: WeightSpace) -> list[GroupElement]:
    size = space.size
    listed = [permutations(range(size[axis])) for axis in space.permuted]
    return [GroupElement(tuple(zip(space.permuted, chosen, strict=True))) for chosen in product(*listed)]


def separated(architecture: str, **pairs) -> list[tuple[str, str]]:
    return [(row.outcome, row.observed) for row in rows(architecture, "separation", {}, pairs=pairs)]


# canonical-mlp


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_canonical_invariants_are_equal_on_orbits_to_the_bit(dtype):
    """On every kind of input, whatever stands beside a sample in its batch: the form does not depend on who is asked."""
    rng = np.random.default_rng(0)
    net = build("canonical-mlp", TINY, Invariant(3), dtype)
    for kind in CONSTRUCTED:
        v = constructed(kind, TINY, 4, rng).to(dtype)
        together = net(v)
        assert torch.equal(net(act(random_elements(TINY, 4, rng), v)), together), kind
        mates = constructed("ties", TINY, 4, rng).to(dtype)
        assert torch.equal(net(Weights.cat([v, mates]))[:4], net(Weights.cat([v, v]))[:4]), kind


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_canonical_outputs_are_equivariant_where_stabilisers_are_not_trivial(dtype, mode):
    rng = np.random.default_rng(0)
    net = build("canonical-mlp", TINY, Equivariant(2), dtype).train(mode == "train")
    for kind in CONSTRUCTED:
        v, g = constructed(kind, TINY, 4, rng).to(dtype), random_elements(TINY, 4, rng)
        moved, after = net(act(g, v)).flat(), act(g, net(v)).flat()
        assert (moved - after).abs().max() <= 16 * torch.finfo(dtype).eps * after.abs().max(), kind


def test_canonical_is_equal_exactly_on_orbits():
    """All pairs from a bank of (1,2,2,1) and (1,3,2,1) vectors of zeros and ones, the orbits found by trying every element."""
    for space in (mlp(1, 2, 2, 1), mlp(1, 3, 2, 1)):
        rng = np.random.default_rng(0)
        bank = [
            {name: rng.integers(0, 2, shape).astype(float) for name, shape in space.shapes.items()} for _ in range(40)
        ]
        v = Weights.from_arrays(space, bank)
        v = Weights.cat([v, act(random_elements(space, v.batch, rng), v)])
        orbits = torch.stack([act(g, v).flat() for g in whole_group(space)])  # [|G|, batch, parameters]
        answers = build("canonical-mlp", space, Invariant(4))(v)
        for i, j in product(range(v.batch), repeat=2):
            same = bool((orbits[:, i] == v.flat()[j]).all(dim=1).any())
            gap = float((answers[i] - answers[j]).detach().abs().max())
            assert gap == 0 if same else gap > 1e-9, (i, j)


@pytest.mark.parametrize(
    "space",
    [
        conv_net(1, 2, 2, 1, kernel=1),
        recurrent(1, 3, 1),
        transformer_block(1, 2, 1, 1, 2),
        WeightSpace((("T", ("a", "b", "c")),), (("a", 2), ("b", 2), ("c", 2)), ("a", "b", "c")),
    ],
    ids=str,
)
def test_canonical_is_complete_on_every_space(space):
    """All pairs from a bank of vectors of zeros and ones, the orbits found by trying every element; both outputs keep the law."""
    rng = np.random.default_rng(0)
    bank = [{name: rng.integers(0, 2, shape).astype(float) for name, shape in space.shapes.items()} for _ in range(24)]
    v = Weights.from_arrays(space, bank)
    g = random_elements(space, v.batch, rng)
    both = Weights.cat([v, act(g, v)])
    orbits = torch.stack([act(each, both).flat() for each in whole_group(space)])
    with torch.no_grad():
        answers = build("canonical", space, Invariant(4))(both)
        same = (orbits[:, :, None] == both.flat()[None, None]).all(-1).any(0)
        gaps = (answers[:, None] - answers[None]).abs().amax(-1)
        assert bool((gaps[same] == 0).all()) and float(gaps[~same].min()) > 1e-9
        editor = build("canonical", space, Equivariant(2))
        assert torch.equal(editor(act(g, v)).flat(), act(g, editor(v)).flat())


def test_canonical_and_canonical_mlp_are_one_network_on_mlps():
    v = constructed("ties", TINY, 4, np.random.default_rng(0))
    for output in OUTPUTS:
        assert torch.equal(flat(build("canonical", TINY, output)(v)), flat(build("canonical-mlp", TINY, output)(v)))


def test_an_equivariant_output_is_the_mean_over_the_stabiliser():
    """Slow: move the MLP's answer by every element that brings v to its form, and average; -0.0 is 0.0 as in the form."""
    space = mlp(1, 3, 2, 1)
    rng = np.random.default_rng(1)
    bank = [{name: rng.integers(0, 2, shape).astype(float) for name, shape in space.shapes.items()} for _ in range(12)]
    bank += [{name: np.zeros(shape) for name, shape in space.shapes.items()}]
    v = Weights.from_arrays(space, bank)
    net = build("canonical-mlp", space, Equivariant(2))
    assert isinstance(net, Canonical)
    group = whole_group(space)
    with torch.no_grad():
        answers = net(v).flat()
        orders = set()
        for index in range(v.batch):
            images = {g: act(g, v[index]) for g in group}
            # Of all images the form is the one at which the network answers as it does on the whole orbit.
            raw = {g: net.network(image) for g, image in images.items()}
            candidates = []
            for chosen in group:
                to_form = [g for g in group if torch.equal(images[g].flat(), images[chosen].flat())]
                back = [act(inverse_of(g), raw[g]).flat() for g in to_form]
                candidates.append(torch.stack(back).mean(0)[0])
            orders.add(len([g for g in group if torch.equal(images[g].flat(), v[index].flat())]))
            gaps = [float((candidate - answers[index]).abs().max()) for candidate in candidates]
            assert min(gaps) <= 1e-14
    assert len(orders) > 2, "stabilisers of several sizes were met"


def inverse_of(g: GroupElement) -> GroupElement:
    return GroupElement(tuple((axis, tuple(np.argsort(images).tolist())) for axis, images in g.permutations))


def test_twins_get_one_answer():
    """An equivariant map cannot tell neurons apart that v does not: on zeros every tensor's moved entries are alike."""
    v = constructed("zeros", TINY, 1, np.random.default_rng(0))
    answer = build("canonical-mlp", TINY, Equivariant(1))(v).tensors
    assert float(answer["b1"].detach().std()) < 1e-15
    assert float(answer["W1"].detach().std(1).max()) < 1e-15  # inputs are told apart, hidden neurons are not
    assert float(answer["W1"].detach().std(2).min()) > 1e-6


@pytest.mark.parametrize(
    "family",
    [
        {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "count": 2},
        {"family": "strongly-regular", "count": 1},
        {"family": "biplanes", "count": 1},
        {"family": "cai-furer-immerman", "count": 1},
    ],
    ids=lambda family: family["family"],
)
def test_canonical_parts_what_refinement_cannot(family):
    found = separated("canonical-mlp", **family)
    assert found and set(found) == {("pass", "separated")}


def test_gradients_reach_the_weights_through_the_form():
    v = constructed("generic", TINY, 2, np.random.default_rng(0)).map(lambda tensor: tensor.requires_grad_())
    build("canonical-mlp", TINY, Equivariant(1))(v).flat().square().sum().backward()
    for name, tensor in v.items():
        assert tensor.grad is not None and bool((tensor.grad != 0).all()), name


def test_a_net_past_the_budget_is_an_error_and_no_answer(monkeypatch):
    monkeypatch.setattr(
        "orbitcheck.architectures.canonical.elements_alone", lambda space, vectors: [None for _ in vectors]
    )
    with pytest.raises(PastBudget, match="no canonical labelling within"):
        build("canonical-mlp", TINY, Invariant(1))(constructed("zeros", TINY, 1, np.random.default_rng(0)))


# probe


@pytest.mark.parametrize(
    "space",
    [TINY, conv_net(2, 3, 2), residual_mlp(2, 3, (4,), 2), recurrent(2, 4, 1), transformer_block(3, 2, 2, 2, 4)],
    ids=str,
)
def test_probe_is_the_head_on_function_values(space):
    net = build("probe[probes=5]", space, Invariant(3))
    assert isinstance(net, Probe)
    v = constructed("generic", space, 3, np.random.default_rng(0))
    with torch.no_grad():
        torch.testing.assert_close(net(v), net.head(realise(v, net.x).flatten(1)), rtol=0, atol=0)
        g = random_elements(space, 3, np.random.default_rng(1))
        torch.testing.assert_close(net(act(g, v)), net(v), rtol=1e-10, atol=1e-10)


def test_probes_stay_in_their_boxes_however_they_are_trained():
    net = build("probe[probes=16,box=8.0]", TINY, Invariant(1))
    assert isinstance(net, Probe)
    with torch.no_grad():
        net.theta.mul_(1e3)
        sides = torch.tensor([8.0 / 2**i for i in range(SCALES)] * 2, dtype=torch.float64)
        reached = net.x.abs().amax(1)
        assert (reached <= sides).all()
        assert (reached >= 0.01 * sides).all()


def test_probe_sees_the_function_and_nothing_else():
    """Rescaled by powers of two and with a dead neuron changed: equal to the bit. Another bias: different."""
    space = mlp(2, 3, 1)
    v = constructed("generic", space, 1, np.random.default_rng(0))
    factor = torch.tensor([2.0, 0.5, 4.0], dtype=torch.float64)
    w = {name: tensor.clone() for name, tensor in v.items()}
    w["W1"], w["b1"] = w["W1"] * factor[None, :, None, None], w["b1"] * factor[None, :, None]
    w["W2"] = w["W2"] / factor[None, None, :, None]
    net = build("probe", space, Invariant(4))
    with torch.no_grad():
        assert torch.equal(net(Weights(space, w)), net(v))
        assert not torch.equal(net(v.map(lambda tensor: tensor + (tensor.ndim == 3))), net(v))
        dead = {**v.tensors, "W2": v.tensors["W2"].clone()}
        dead["W2"][:, :, 1] = 0
        other = {**dead, "W1": dead["W1"].clone()}
        other["W1"][:, 1] += 3
        assert torch.equal(net(Weights(space, dead)), net(Weights(space, other)))


@pytest.mark.parametrize(
    ("family", "observed"),
    [
        ({"family": "relu-rescaling", "count": 1}, "not separated"),
        ({"family": "dead-neuron", "count": 1}, "not separated"),
        ({"family": "split-neuron", "count": 1}, "not separated"),
        ({"family": "generic", "count": 1}, "separated"),
    ],
    ids=lambda x: x["family"] if isinstance(x, dict) else "",
)
def test_probe_has_the_power_of_functions(family, observed):
    found = rows("probe", "separation", {"here": mlp(2, 5, 4, 1)}, space="here", pairs=family)
    assert [(row.outcome, row.observed) for row in found] == [("pass", observed)]


def test_probe_claims_no_equivariant_output_and_no_unknown_function():
    with pytest.raises(Unsupported, match="does not say which neuron is which"):
        build("probe", TINY, Equivariant(1))
    with pytest.raises(Unsupported, match="no function is known"):
        build("probe", WeightSpace((("T", ("a", "b")),), (("a", 2), ("b", 2)), ("a",)), Invariant(1))
    with pytest.raises(ValueError, match="box=inf; allowed: positive numbers"):
        build("probe[box=.inf]", TINY, Invariant(1))


# oce


def test_the_function_of_oce_is_the_mean_of_k_functions_and_one_wide_network():
    """Slow: one network after the other. And for one hidden layer: neurons side by side, read-outs divided by k."""
    space = mlp(2, 5, 3)
    net = build("oce[k=4,base=dws]", space, Equivariant(1))
    assert isinstance(net, OCE)
    v = constructed("generic", space, 3, np.random.default_rng(0))
    with torch.no_grad():
        networks = net.networks(v)
        assert networks.batch == 12
        for x in (torch.randn(7, 2).double(), torch.randn(3, 7, 2).double()):
            got = net.function(v, x)
            for index in range(3):
                mine = networks[list(range(4 * index, 4 * index + 4))]
                points = x if x.ndim == 2 else x[index]
                slow = sum(realise(mine[i], points)[0] for i in range(4)) / 4
                torch.testing.assert_close(got[index], slow, rtol=0, atol=1e-13)
                wide = {
                    "W1": mine.tensors["W1"].flatten(0, 1)[None],
                    "b1": mine.tensors["b1"].flatten(0, 1)[None],
                    "W2": torch.cat(list(mine.tensors["W2"]), 1)[None] / 4,
                    "b2": mine.tensors["b2"].mean(0, keepdim=True),
                }
                torch.testing.assert_close(
                    got[index], realise(Weights(mlp(2, 20, 3), wide), points)[0], rtol=0, atol=1e-13
                )


@pytest.mark.parametrize("base", ["dws", "gmn", "nfn-np", "unf"])
def test_oce_keeps_the_law_and_its_function_depends_on_the_orbit_alone(base):
    net = build(f"oce[k=3,base={base}]", TINY, Equivariant(1))
    assert isinstance(net, OCE)
    v, g = constructed("generic", TINY, 3, np.random.default_rng(0)), random_elements(TINY, 3, np.random.default_rng(1))
    x = torch.randn(5, 2).double()
    with torch.no_grad():
        torch.testing.assert_close(net(act(g, v)).flat(), act(g, net(v)).flat(), rtol=0, atol=1e-13)
        torch.testing.assert_close(net.function(act(g, v), x), net.function(v, x), rtol=0, atol=1e-13)
        mean = net.networks(v).map(lambda tensor: tensor.unflatten(0, (3, 3)).mean(1))
        torch.testing.assert_close(net(v).flat(), mean.flat(), rtol=0, atol=1e-14)


def test_oce_says_what_it_cannot_stand_on():
    with pytest.raises(Unsupported, match="for equivariant outputs"):
        build("oce", TINY, Invariant(1))
    for base, why in (
        ("flat-mlp", "symmetry none"),
        ("sorted-mlp", "domain general-position"),
        ("canonical-mlp", "continuous False"),
        ("canonical", "continuous False"),
    ):
        with pytest.raises(Unsupported, match=why):
            build(f"oce[base={base}]", TINY, Equivariant(1))
    with pytest.raises(ValueError, match="k=0; allowed: integers of at least 1"):
        build("oce[k=0]", TINY, Equivariant(1))
    two = build("oce[k=2]", TINY, Equivariant(2))
    assert isinstance(two, OCE)
    with pytest.raises(ValueError, match="only weights with one channel compute a function; oce was built for 2"):
        two.function(constructed("generic", TINY, 1, np.random.default_rng(0)), torch.zeros(1, 2))


def test_a_default_network_of_each_reference_is_finite_at_any_scale():
    for name in ("canonical-mlp", "probe", "oce"):
        output = Equivariant(1) if name == "oce" else Invariant(2)
        for kind in CONSTRUCTED:
            v = constructed(kind, TINY, 2, np.random.default_rng(0))
            answer = flat(build(name, TINY, output)(v))
            assert math.isfinite(float(answer.detach().abs().max()))
