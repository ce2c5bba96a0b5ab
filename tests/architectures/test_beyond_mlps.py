"""`unf` and `gmn` on convolutions, residual streams, recurrences and attention: the law, what they see there, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from served import BLOCKS, FACTORS

from orbitcheck import (
    Equivariant,
    Invariant,
    Unsupported,
    Weights,
    WeightSpace,
    act,
    conv_net,
    mlp,
    random_elements,
    recurrent,
    residual_mlp,
    transformer_block,
)
from orbitcheck.architectures.parameter_graph import Wiring
from orbitcheck.extending import lora
from orbitcheck.harness.oracles.larger.table import SPACES as SHIPPED
from orbitcheck.harness.plugins.discovery import built_in, load, parse_name
from orbitcheck.harness.plugins.redraw import redraw_
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed

SPACES = {
    "conv_net": conv_net(2, 3, 4, 2),
    "conv_net-1x1": conv_net(1, 3, 2, kernel=1),
    "residual_mlp": residual_mlp(2, 4, (3, 5), 2),
    "recurrent": recurrent(2, 4, 3, 2),
    "transformer_block": transformer_block(3, 2, 4, 3, 5),
}
SAMPLES = {
    **{activation: mlp(2, 4, 3, 2, activation=activation) for activation in ("relu", "tanh", "sine", "gelu")},
    "conv_net": SPACES["conv_net"],
    "recurrent": SPACES["recurrent"],
    "lora": lora((5, 4), (3, 4), rank=2).space,
    "block": transformer_block(3, 2, 2, 2, 3),
    "three axes": WeightSpace(
        (("T", ("n1", "n2", "n3")),), (("n1", 3), ("n2", 4), ("n3", 2)), frozenset({"n1", "n2", "n3"})
    ),
}
OUTPUTS = [Invariant(3), Equivariant(2)]
READ_ANY_SPACE = ("unf", "gmn")


def build(name: str, space: WeightSpace, output, dtype=torch.float64, seed: int = 0) -> torch.nn.Module:
    return load(parse_name(name)).build(space, output, seed=seed, dtype=dtype)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def flat(result: torch.Tensor | Weights) -> torch.Tensor:
    return result.flat() if isinstance(result, Weights) else result


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("name", ["unf[channels=8,depth=2]", "gmn"])
def test_equivariant_to_rounding_on_every_kind_of_input(name, space, output, dtype):
    rng = np.random.default_rng(0)
    net = build(name, space, output, dtype)
    for mode in (True, False):
        net.train(mode)
        for kind in CONSTRUCTED:
            v, g = constructed(kind, space, 3, rng).to(dtype), random_elements(space, 3, rng)
            moved, result = net(act(g, v)), net(v)
            after = act(g, result).flat() if isinstance(result, Weights) else result
            error = (flat(moved) - after).abs().max() / after.abs().max()
            assert error <= 256 * torch.finfo(dtype).eps, (kind, mode, error)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_edges_and_nodes_carry_every_entry_once(space):
    wiring = Wiring(space)
    v = Weights(space, {name: torch.randn(2, *shape, 1) for name, shape in space.shapes.items()})
    carried = [part.gather(v) for part in (*wiring.nodes, *wiring.edges) if part.tensors]
    entries = torch.cat([part.flatten(1) for part in carried], 1)
    assert torch.equal(entries.sort(1).values, v.flat().sort(1).values)
    back: dict[str, torch.Tensor] = {}
    for part, values in zip([part for part in (*wiring.nodes, *wiring.edges) if part.tensors], carried, strict=True):
        back |= part.scatter(values, space)
    assert torch.equal(Weights(space, back).flat(), v.flat())


def test_the_wiring_of_each_space_is_what_its_axes_say():
    def wiring(space):
        edges = [(part.axes, [name for name, _ in part.tensors], sum(part.slots)) for part in Wiring(space).edges]
        nodes = [(part.axes[0], [name for name, _ in part.tensors]) for part in Wiring(space).nodes]
        return nodes, edges

    assert wiring(conv_net(3, 4, 2)) == (
        [("n0", []), ("n1", ["b1"]), ("n2", ["b2"])],
        [(("n1", "n0"), ["C1"], 9), (("n2", "n1"), ["W2"], 1)],
    )
    assert wiring(recurrent(3, 4, 2))[1] == [
        (("n1", "n0"), ["W1"], 1),
        (("n1", "n1"), ["R1"], 1),
        (("n2", "n1"), ["W2"], 1),
    ]
    assert wiring(residual_mlp(3, 4, (5,), 2)) == (
        [("n0", []), ("r", ["u", "b1"]), ("n1", ["a1"]), ("m", ["c"])],
        [(("r", "n0"), ["U"], 1), (("n1", "r"), ["A1"], 1), (("r", "n1"), ["B1"], 1), (("m", "r"), ["V"], 1)],
    )
    assert wiring(transformer_block(6, 2, 3, 4, 5)) == (
        [("model", ["bO", "b2"]), ("head", []), ("key", []), ("value", []), ("hidden", ["b1"])],
        [
            (("head", "key"), ["WQ", "WK", "bQ", "bK"], 14),
            (("head", "value"), ["WV", "bV", "WO"], 13),
            (("hidden", "model"), ["W1"], 1),
            (("model", "hidden"), ["W2"], 1),
        ],
    )


def pair(space: WeightSpace, name: str, change) -> Weights:
    """A weight vector with equal biases, and another one that differs by `change` on tensor `name`."""
    rng = np.random.default_rng(3)
    v = {key: rng.integers(-4, 5, shape) / 4 for key, shape in space.shapes.items()}
    v = {key: np.full_like(value, 0.5) if key[0] in "abcu" else value for key, value in v.items()}
    return Weights.from_arrays(space, [v, {**v, name: change(v[name])}])


@pytest.mark.parametrize("name", READ_ANY_SPACE)
@pytest.mark.parametrize(
    ("space", "tensor", "change"),
    [
        pytest.param(conv_net(2, 3, 4, 2), "C2", lambda kernel: kernel[..., ::-1], id="kernels-mirrored"),
        pytest.param(conv_net(2, 3, 4, 2), "C2", lambda kernel: np.swapaxes(kernel, 2, 3), id="kernels-transposed"),
        pytest.param(residual_mlp(2, 4, (4, 5), 2), "B1", lambda b: b[:, [1, 0, 2, 3]], id="block-written-by-others"),
        pytest.param(recurrent(2, 4, 3), "R1", lambda r: r.T, id="recurrence-transposed"),
        pytest.param(recurrent(2, 4, 3), "R1", lambda r: r[[1, 0, 2, 3]], id="recurrence-rows-moved"),
        pytest.param(transformer_block(3, 2, 4, 3, 5), "WK", lambda k: k[:, [1, 0, 2, 3]], id="keys-paired-otherwise"),
        pytest.param(transformer_block(3, 2, 4, 3, 5), "WO", lambda o: o[:, :, [1, 0, 2]], id="values-read-otherwise"),
    ],
)
def test_what_is_no_relabelling_is_seen(name, space, tensor, change):
    both = pair(space, tensor, change)
    net = build(name, space, Invariant(4))
    redraw_(net, 0, 3.0)
    answers = net(both)
    assert (answers[0] - answers[1]).abs().max() > 1e-6 * answers.abs().max()


def test_the_diagonal_of_a_recurrence_is_seen():
    """Self-loops of weight 1 against a cycle of ones: the same rows and columns, and every neuron like every other one."""
    space = recurrent(1, 4, 1)
    loops, cycle = np.eye(4), np.roll(np.eye(4), 1, axis=1)
    around = {"W1": np.ones((4, 1)), "b1": np.ones(4), "W2": np.ones((1, 4)), "b2": np.ones(1)}
    both = Weights.from_arrays(space, [{**around, "R1": loops}, {**around, "R1": cycle}])
    for name in READ_ANY_SPACE:
        net = build(name, space, Invariant(4))
        redraw_(net, 0, 3.0)
        answers = net(both)
        assert (answers[0] - answers[1]).abs().max() > 1e-6 * answers.abs().max(), name


READ_MLPS = (
    *("dws", "nfn-hnp", "nfn-np", "nfn-official", "ng-gnn", "ng-t"),
    *("nft", "scale-gmn", "sign-gmn", "canonical-mlp", "sorted-mlp"),
    *("monomial-nfn", "monomial-nfn-sign", "magep", "magep-sign", "sine-lift"),
)
WITHOUT_A_LAW = ("flat-mlp", "sane", "probe-x")


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("name", READ_MLPS)
def test_what_knows_mlps_alone_says_so(name, space):
    for output in OUTPUTS:
        with pytest.raises(Unsupported) as refusal:
            build(name, space, output)
        assert str(space) in str(refusal.value)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize(
    "name",
    [name for name in built_in() if name not in (*READ_MLPS, *READ_ANY_SPACE, *FACTORS, *BLOCKS, *WITHOUT_A_LAW)],
)
def test_whatever_reads_the_space_keeps_the_law(name, space):
    v, g = vectors(space), elements(space)
    for output in OUTPUTS:
        if (name, type(output)) in (("oce", Invariant), ("probe", Equivariant), ("probe-gen", Equivariant)):
            continue
        net = build("oce[base=gmn]" if name == "oce" else name, space, output)
        moved, result = net(act(g, v)), net(v)
        after = act(g, result).flat() if isinstance(result, Weights) else result
        assert (flat(moved) - after).abs().max() <= 1e-11 * after.abs().max()


def vectors(space: WeightSpace) -> Weights:
    return constructed("generic", space, 3, np.random.default_rng(0))


def elements(space: WeightSpace):
    return random_elements(space, 3, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            WeightSpace((("T", ("a", "b", "c")),), (("a", 2), ("b", 2), ("c", 2)), ("a", "b", "c")),
            "T .* 3 permuted axes",
        ),
        (WeightSpace((("W", ("a", "b")), ("s", ())), (("a", 2), ("b", 2)), ("a",)), "tensor s .* no axis"),
        (WeightSpace((("W", ("a", "b")), ("d", ("c",))), (("a", 2), ("b", 2), ("c", 2)), ("a", "c")), "joins axis c"),
    ],
)
def test_what_is_no_graph_is_unsupported_by_gmn_and_read_by_unf(space, message):
    with pytest.raises(Unsupported, match=message):
        build("gmn", space, Invariant(1))
    v, g = (
        constructed("generic", space, 3, np.random.default_rng(0)),
        random_elements(space, 3, np.random.default_rng(1)),
    )
    net = build("unf[channels=4,depth=2]", space, Equivariant(2))
    torch.testing.assert_close(net(act(g, v)).flat(), act(g, net(v)).flat(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("space", SHIPPED.values(), ids=SHIPPED)
def test_unf_reads_every_kind_of_space_that_is_shipped(space):
    """Both outputs: the law, and an answer that depends on every tensor."""
    v, g = (
        constructed("generic", space, 2, np.random.default_rng(0)),
        random_elements(space, 2, np.random.default_rng(1)),
    )
    for output in OUTPUTS:
        net = build("unf[channels=8,depth=2]", space, output)
        moved, result = net(act(g, v)), net(v)
        after = act(g, result).flat() if isinstance(result, Weights) else result
        assert (flat(moved) - after).abs().max() <= 1e-12 * after.abs().max()
        for name, tensor in v.items():
            other = Weights(space, {**v.tensors, name: tensor + 0.5})
            assert not torch.equal(flat(net(other)), flat(result)), name


SERVED = {
    "any": set(SAMPLES),
    "at most two permuted axes a tensor": set(SAMPLES) - {"three axes"},
    "networks whose function is known": set(SAMPLES) - {"three axes"},
    "as its base": {"relu", "tanh", "sine", "gelu"},
    "MLPs": {"relu", "tanh", "sine", "gelu"},
    "MLPs, homogeneous activation": {"relu"},
    "MLPs, odd activation": {"tanh", "sine"},
    "MLPs of sines": {"sine"},
    "factor pairs, as of LoRA": {"lora"},
    "one transformer block on a fixed stream": {"block"},
}


@pytest.mark.parametrize("name", built_in())
def test_the_spaces_that_it_declares_are_those_that_it_reads(name):
    def serves(space: WeightSpace) -> bool:
        for output in OUTPUTS:
            try:
                build(name, space, output)
                return True
            except Unsupported:
                pass
        return False

    assert {kind for kind, space in SAMPLES.items() if serves(space)} == SERVED[load(parse_name(name)).traits.spaces]
