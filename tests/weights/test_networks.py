"""Networks that people have: against torch's own modules, and every declared group against the function."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck.harness.oracles.orbit import equal, moved
from orbitcheck.harness.oracles.tuples.colouring import colour
from orbitcheck.harness.oracles.tuples.orbits import same_orbit
from orbitcheck.harness.weights.batch import Weights
from orbitcheck.harness.weights.groups import GROUPS, NotCarried, group
from orbitcheck.harness.weights.networks.convolutional import convolutional, folded
from orbitcheck.harness.weights.networks.dense import dense, lora, residual
from orbitcheck.harness.weights.networks.forms import has_function, resized
from orbitcheck.harness.weights.networks.recurrences import GATES, recurrence
from orbitcheck.harness.weights.networks.transformers import transformer
from orbitcheck.harness.weights.realisation import realisation, realise
from orbitcheck.harness.weights.space import Network, SpaceError, WeightSpace
from orbitcheck.harness.weights.symmetry import act, random_elements

NETWORKS = {
    "conv, mean": (convolutional(2, 3, 3, 2, padding=1), (2, 8, 8)),
    "conv, max, strides": (convolutional(2, 3, 2, 2, stride=2, head="max", activation="tanh"), (2, 8, 8)),
    "conv, max, linear": (convolutional(2, 3, 2, 2, head="max", activation="identity"), (2, 8, 8)),
    "conv, norm, linear": (convolutional(2, 3, 2, batch_norm=True, activation="identity"), (2, 8, 8)),
    "conv, max, relu": (convolutional(2, 3, 2, 2, head="max"), (2, 8, 8)),
    "conv, sine": (convolutional(2, 3, 3, 2, head="flatten", activation="sine"), (2, 8, 8)),
    "conv, flatten": (convolutional(1, 3, 3, 2, stride=2, padding=1, head="flatten"), (1, 8, 8)),
    "conv, 1-D": (convolutional(2, 3, 2, image=(9,), head="flatten", stride=2), (2, 9)),
    "conv, batch norm": (convolutional(1, 3, 3, 2, batch_norm=True, padding=1), (1, 8, 8)),
    "dense, no biases": (dense(2, 3, 3, 1, biases=False), (2,)),
    "dense, names": (dense(2, 3, 1, names=[("fc1.weight", "fc1.bias"), ("out.w", "out.b")], activation="tanh"), (2,)),
    "residual": (residual(2, 3, (2, 4), 1), (2,)),
    "residual, rms": (residual(2, 4, (2, 3), 1, norm="rms", activation="gelu"), (2,)),
    "residual, layer norm": (residual(2, 4, (3,), 1, norm="layer", activation="tanh"), (2,)),
    "lora": (lora((3, 2), (2, 4), rank=2), (6,)),
    "elman": (recurrence(2, 3, 2, 1), (4, 2)),
    "gru": (recurrence(2, 3, 2, 1, cell="gru"), (4, 2)),
    "gru, no biases": (recurrence(2, 3, 1, cell="gru", biases=False), (4, 2)),
    "lstm": (recurrence(2, 3, 2, 1, cell="lstm"), (4, 2)),
    "transformer": (transformer(2, 4, 2, 2, 3, 3, 1, blocks=2), (3, 2)),
    "transformer, no norm": (transformer(2, 4, 2, 2, 2, 3, 1, norm="none", activation="relu"), (3, 2)),
    "transformer, no biases": (transformer(2, 4, 2, 2, 2, 3, 1, norm="rms", biases=False), (3, 2)),
    "transformer, grouped": (transformer(2, 4, 2, 2, 2, 3, 1, per_group=2, norm="rms"), (3, 2)),
    "transformer, rotary, gated": (
        transformer(2, 4, 2, 4, 2, 3, 1, rotary=True, gated=True, activation="silu"),
        (3, 2),
    ),
}


def drawn(space: WeightSpace, count: int, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    tensors = {n: torch.from_numpy(rng.standard_normal((count, *s, 1))) for n, s in space.shapes.items()}
    return Weights(space, {n: t.abs() + 0.5 if n[0] == "v" and len(n) == 2 else t for n, t in tensors.items()})


@pytest.mark.parametrize("name", NETWORKS)
def test_every_group_that_is_carried_keeps_the_function(name):
    network, shape = NETWORKS[name]
    v = drawn(network.space, 6)
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((5, *shape)))
    before, asked = network(v, x), []
    assert torch.isfinite(before).all()
    for group_name in GROUPS:
        try:
            of = group(network.space, group_name)
        except NotCarried:
            continue
        asked.append(group_name)
        g = random_elements(of, 6, np.random.default_rng(2))
        after = network(act(g, v), x)
        assert (after - before).abs().max() < 1e-9 * before.abs().max(), group_name
        assert any(not torch.equal(a, b) for (_, a), (_, b) in zip(act(g, v).items(), v.items(), strict=True))
    wanted = {"permutation"}
    wanted |= {"gl"} if name in ("residual", "lora", "transformer, no norm") else set()
    wanted |= {"orth"} if "rms" in name else set()
    wanted |= {"heads", "gl"} if "transformer" in name else set()
    wanted |= {"permutation+scale"} if name in ("conv, mean", "conv, batch norm", "dense, no biases") else set()
    wanted |= {"permutation+sign"} if name in ("conv, max, strides", "dense, names", "elman") else set()
    assert wanted <= set(asked)
    assert name not in ("gru", "lstm") or not {"permutation+scale", "permutation+sign"} & set(asked)


@pytest.mark.parametrize("name", NETWORKS)
def test_refinement_and_orbits_know_a_moved_network(name):
    space = NETWORKS[name][0].space
    arrays = {n: np.round(t[..., 0].numpy()) for n, t in drawn(space, 1, 3).items()}
    v = {n: a[0] for n, a in arrays.items()}
    w = moved(space, random_elements(space, 1, np.random.default_rng(4))[0], v)
    found = same_orbit(space, v, w)
    assert found.answer == "same"
    assert equal(space, moved(space, found.element, v), w)
    assert colour(space, [v, w]).round_of_separation(0, 1) is None


def copied(network, parts: dict[str, torch.Tensor]) -> Weights:
    space = network.space
    return Weights(space, {n: parts[n].detach().double().reshape(1, *space.shapes[n], 1) for n in space.axes})


def close(network, parts: dict[str, torch.Tensor], x: torch.Tensor, wanted: torch.Tensor) -> bool:
    return torch.allclose(network(copied(network, parts), x)[0], wanted, atol=1e-12)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize(("head", "norm"), [("mean", False), ("max", True), ("flatten", True)])
def test_convolutions_are_torchs(rank, head, norm):
    conv, batch_norm = ((nn.Conv1d, nn.BatchNorm1d), (nn.Conv2d, nn.BatchNorm2d))[rank - 1]
    image = (9, 7)[:rank]
    network = convolutional(2, 3, 4, 2, stride=2, padding=1, image=image, head=head, batch_norm=norm)
    layers, parts = [], {}
    for n, (before, here) in enumerate(((2, 3), (3, 4)), 1):
        layer = conv(before, here, 3, stride=2, padding=1).double()
        parts |= {f"C{n}": layer.weight, f"b{n}": layer.bias}
        layers.append(layer)
        if norm:
            layer = batch_norm(here).double()
            for tensor in (layer.weight, layer.bias, layer.running_mean):
                nn.init.normal_(tensor)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            parts |= {
                f"g{n}": layer.weight,
                f"s{n}": layer.bias,
                f"m{n}": layer.running_mean,
                f"v{n}": layer.running_var,
            }
            layers.append(layer)
        layers.append(nn.ReLU())
    x = torch.randn(5, 2, *image, dtype=torch.float64)
    body = nn.Sequential(*layers).eval()(x).flatten(2)
    read = {"mean": body.mean(-1), "max": body.amax(-1), "flatten": body.flatten(1)}[head]
    dense_layer = nn.Linear(read.shape[1], 2).double()
    parts |= {"W3": dense_layer.weight, "b3": dense_layer.bias}
    assert close(network, parts, x, dense_layer(read))
    if norm:
        v = folded(copied(network, parts))
        plain = convolutional(2, 3, 4, 2, stride=2, padding=1, image=image, head=head)
        assert v.space == plain.space
        assert torch.allclose(plain(v, x)[0], dense_layer(read), atol=1e-12)


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("biases", [True, False])
def test_recurrences_are_torchs(cell, biases):
    kind = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
    module, read = kind(2, 3, num_layers=2, bias=biases, batch_first=True).double(), nn.Linear(3, 1).double()
    network, parts = recurrence(2, 3, 3, 1, cell=cell, biases=biases), {"W3": read.weight, "b3": read.bias}
    for n in (1, 2):
        for ours, theirs in (("W", "weight_ih"), ("R", "weight_hh"), ("b", "bias_ih"), ("c", "bias_hh")):
            if biases or ours in "WR":
                stacked = getattr(module, f"{theirs}_l{n - 1}").chunk(len(GATES[cell]))
                parts |= {f"{ours}{gate}{n}": part for gate, part in zip(GATES[cell], stacked, strict=True)}
    x = torch.randn(5, 4, 2, dtype=torch.float64)
    assert close(network, parts, x, read(module(x)[0][:, -1]))


def test_transformers_are_torchs():
    model, heads = 6, 2
    network = transformer(2, model, heads, 3, 3, 5, 1, blocks=2)
    start, end = nn.Linear(2, model).double(), nn.Linear(model, 1).double()
    parts = {"U": start.weight, "u": start.bias, "V": end.weight, "c": end.bias}
    layers = []
    for k in (1, 2):
        layer = nn.TransformerEncoderLayer(
            model, heads, 5, dropout=0, activation="gelu", batch_first=True, norm_first=True, dtype=torch.float64
        )
        nn.init.normal_(layer.self_attn.in_proj_bias)
        for letter, weight, bias in zip(
            "QKV", layer.self_attn.in_proj_weight.chunk(3), layer.self_attn.in_proj_bias.chunk(3), strict=True
        ):
            parts |= {f"W{letter}{k}": weight, f"b{letter}{k}": bias}
        parts |= {f"WO{k}": layer.self_attn.out_proj.weight, f"bO{k}": layer.self_attn.out_proj.bias}
        parts |= {f"W1{k}": layer.linear1.weight, f"b1{k}": layer.linear1.bias}
        parts |= {f"W2{k}": layer.linear2.weight, f"b2{k}": layer.linear2.bias}
        layers.append(layer.train())  # eval takes a fused path of other roundings
    x = torch.randn(4, 3, 2, dtype=torch.float64)
    hidden = start(x)
    for layer in layers:
        hidden = layer(hidden)
    assert close(network, parts, x, end(nn.functional.layer_norm(hidden, (model,))))


def test_grouped_rotary_gated_heads_are_those_of_a_plain_loop():
    network = transformer(
        2, 4, 2, 4, 3, 5, 1, per_group=2, rotary=True, gated=True, norm="rms", biases=False, activation="silu"
    )
    v = drawn(network.space, 1)
    p = {n: t[0, ..., 0] for n, t in v.items()}
    tokens = torch.randn(3, 2, dtype=torch.float64)

    def rms(x):
        return x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()

    def turned(z, t):
        pairs = torch.complex(z[:2], z[2:]) * torch.exp(
            1j * t * torch.tensor([1.0, 10000.0**-0.5], dtype=torch.float64)
        )
        return torch.cat([pairs.real, pairs.imag])

    x = tokens @ p["U"].T
    normal, added = rms(x), torch.zeros_like(x)
    for h in range(2):
        for member in range(2):
            for t in range(3):
                asked = turned(p["WQ1"][h, member] @ normal[t], t)
                scores = torch.stack([asked @ turned(p["WK1"][h] @ normal[s], s) / 2 for s in range(3)]).softmax(0)
                mixed = sum(scores[s] * (p["WV1"][h] @ normal[s]) for s in range(3))
                added[t] += p["WO1"][:, h, member] @ mixed
    x = x + added
    normal = rms(x)
    x = x + (nn.functional.silu(normal @ p["W11"].T) * (normal @ p["W31"].T)) @ p["W21"].T
    assert torch.allclose(network(v, tokens[None])[0, 0], rms(x) @ p["V"].T + p["c"], atol=1e-12)


def test_dense_residual_and_lora_networks_are_torchs():
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    names = [("fc1.weight", "fc1.bias"), ("fc2.weight", "fc2.bias")]
    x = torch.randn(5, 2, dtype=torch.float64)
    own = dict(zip([n for pair in names for n in pair], net.parameters(), strict=True))
    assert close(dense(2, 3, 1, names=names, activation="tanh"), own, x, net(x))
    bare = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 1, bias=False)).double()
    assert close(dense(2, 3, 1, biases=False), {"W1": bare[0].weight, "W2": bare[2].weight}, x, bare(x))
    for norm, module in (("none", nn.Identity()), ("rms", nn.RMSNorm(4, eps=1e-5)), ("layer", nn.LayerNorm(4))):
        start, up, down, end = (nn.Linear(*ends).double() for ends in ((2, 4), (4, 3), (3, 4), (4, 1)))
        module = module.double()
        stream = start(x)
        stream = stream + down(nn.functional.gelu(up(module(stream))))
        layers = {"U": start, "A1": up, "B1": down, "V": end}
        parts = {name: layer.weight for name, layer in layers.items()}
        parts |= {bias: layer.bias for bias, layer in zip(("u", "a1", "b1", "c"), layers.values(), strict=True)}
        assert close(residual(2, 4, (3,), 1, norm=norm, activation="gelu"), parts, x, end(module(stream)))
    network = lora((3, 2), (2, 4), rank=2)
    v, y = drawn(network.space, 1), torch.randn(5, 6, dtype=torch.float64)
    p = {n: t[0, ..., 0] for n, t in v.items()}
    wanted = torch.cat([y[:, :2] @ (p["B1"] @ p["A1"]).T, y[:, 2:] @ (p["B2"] @ p["A2"]).T], 1)
    assert torch.allclose(network(v, y)[0], wanted, atol=1e-12)


def test_what_makes_no_network_is_refused():
    for make, told in (
        (lambda: convolutional(1, 2, 2, head="median"), 'did you mean "mean"'),
        (lambda: convolutional(1, 2, 2, padding="same"), "convolutional: padding='same'; allowed: an integer"),
        (lambda: convolutional(1, 2, 2, stride=1.5), "stride=1.5; allowed: an integer"),
        (lambda: convolutional(1, 2, 2, kernel=0), "kernels and strides of at least 1"),
        (lambda: convolutional(1, 2, 2, image=8), "image=8; allowed: a list of integers"),
        (lambda: dense(2, 3, 1, biases="no"), "biases='no'; allowed: True or False"),
        (lambda: dense(2, 3, 1, names=["fc1", "fc2"]), "allowed: a list of pairs of names"),
        (lambda: dense(2, 3, True), "allowed: a list of integers"),
        (lambda: residual(2, 4, (3,), 1, norm="batch"), "residual: norm='batch'; available: layer, none, rms"),
        (lambda: residual(2, 4, 3, 1), "hidden=3; allowed: a list of integers"),
        (lambda: recurrence(2, 3, 1, cell="LSTM"), "cell='LSTM'; available: elman, gru, lstm"),
        (lambda: lora(3, 2, rank=1), "layers=.3, 2.; allowed: a list of pairs of integers"),
        (lambda: convolutional(1, 2), "at least one hidden layer"),
        (lambda: convolutional(1, 2, 2, image=(2, 2)), "smaller than"),
        (lambda: dense(2, 3, 1, names=[("a", "b")]), "a pair a layer"),
        (lambda: recurrence(2, 1), "a hidden layer"),
        (lambda: transformer(2, 4, 2, 3, 2, 3, 1, rotary=True), "even if rotary"),
        (lambda: residual(2, 4, (), 1), "no block"),
        (lambda: lora(rank=2), "no layer"),
        (lambda: folded(drawn(convolutional(1, 2, 2).space, 1)), "no BatchNorm"),
    ):
        with pytest.raises(SpaceError, match=told):
            make()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_space_knows_its_network_and_its_function(name):
    network, shape = NETWORKS[name]
    space = network.space
    again = WeightSpace.from_json(json.loads(json.dumps(space.to_json())))
    assert again == space and has_function(again) and str(again).startswith(space.network.name)
    found = realisation(again)
    assert found.axes == network.axes
    wanted = [size for axis, size in zip(found.axes, shape, strict=True) if axis not in ("steps", "tokens")]
    assert [
        n for axis, n in zip(found.axes, found.input_shape(4), strict=True) if axis not in ("steps", "tokens")
    ] == wanted
    v, x = drawn(space, 2), torch.ones(3, *shape, dtype=torch.float64)
    assert torch.equal(realise(v, x), network(v, x))


def test_a_space_that_is_not_what_its_network_makes_has_no_function():
    space = dense(2, 3, 1).space
    forged = replace(space, network=convolutional(1, 2, 2).space.network)
    assert not has_function(forged)
    assert not has_function(replace(space, network=Network.of("dense", {"width": [2, 3, 1]})))
    assert not has_function(replace(space, network=Network.of("dens", {})))
    with pytest.raises(SpaceError, match="makes other tensors"):
        realisation(forged)
    with pytest.raises(SpaceError, match="are none"):
        WeightSpace.from_json({**space.to_json(), "network": ["dense"]})
    assert convolutional(1, 2, 2, stride=2).space != convolutional(1, 2, 2).space


def test_nets_that_refinement_never_parts_compute_one_function():
    """All entries of a tensor alike along permuted axes, but for a permutation matrix added wherever two axes of one size meet."""
    asked = set()
    for name, (network, shape) in NETWORKS.items():
        space, rng = network.space, np.random.default_rng(0)
        for _ in range(3):
            nets = _rewired(space, rng)
            unequal = any((a != b).any() for a, b in zip(*(net.values() for net in nets), strict=True))
            if not unequal or colour(space, nets).round_of_separation(0, 1) is not None:
                continue
            asked.add(name)
            both = {n: torch.from_numpy(np.stack([net[n] for net in nets])).unsqueeze(-1) for n in space.axes}
            left, right = network(Weights(space, both), torch.from_numpy(rng.standard_normal((4, *shape))))
            assert torch.allclose(left, right, rtol=1e-10, atol=1e-12), name
    assert len(asked) >= 8, asked


def _rewired(space: WeightSpace, rng: np.random.Generator) -> list[dict[str, np.ndarray]]:
    nets: list[dict[str, np.ndarray]] = [{}, {}]
    for name, axes in space.tensors:
        free = [place for place, axis in enumerate(axes) if axis in space.permuted]
        shape = space.shapes[name]
        value = rng.choice((0.5, 1.0), [1 if place in free else size for place, size in enumerate(shape)])
        meets = len(free) == 2 and shape[free[0]] == shape[free[1]]
        for net in nets:
            net[name] = np.array(np.broadcast_to(value, shape))
            if meets:
                size = shape[free[0]]
                np.moveaxis(net[name], free, (0, 1))[np.arange(size), rng.permutation(size)] += 1.0
    return nets


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_other_sizes_is_one_of_its_kind(name):
    """Those of one size together, as hidden layers of all blocks; what else the call says (strides, normalisation, cells) stays."""
    space, (_, shape) = NETWORKS[name][0].space, NETWORKS[name]
    for axis in space.permuted:
        wanted = space.size[axis] + 1
        found = resized(space, {axis: wanted})
        alike = {each for each in space.permuted if axis.rstrip("0123456789") == each.rstrip("0123456789")}
        moved_too = alike if space.network.name in ("transformer", "lora") else {axis}
        assert found.size == {**space.size, **dict.fromkeys(moved_too, wanted)}
        assert found.tensors == space.tensors and found.roles == space.roles and found.activation == space.activation
        assert has_function(found) and found.network.name == space.network.name
        kept = dict(space.network.options).items() & dict(found.network.options).items()
        assert len(kept) == len(space.network.options) - 1
        assert torch.isfinite(realise(drawn(found, 2), torch.ones(3, *shape, dtype=torch.float64))).all()
    plain = replace(space, network=None)
    assert resized(plain, {axis: wanted}) == plain.resized({axis: wanted})


def test_sizes_that_no_call_makes_leave_a_space_without_a_network():
    odd = resized(convolutional(2, 3, 2).space, {"kx": 2})
    assert odd.size["kx"] == 2 and odd.size["ky"] == 3 and odd.network is None
    with pytest.raises(SpaceError, match="at least 1"):
        resized(dense(2, 3, 1).space, {"n1": 0})
