"""The space of a module is the one of its operations: planted permutations leave its output, and what has no rule is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from orbitcheck import conv_net, from_module, mlp, realise, residual_mlp
from orbitcheck.harness.weights.networks.forms import has_function
from orbitcheck.harness.weights.readers.records import ReadError
from orbitcheck.harness.weights.tracing.modules import wired_module


class Registered(nn.Module):
    """A head that is registered first, and layers out of their order."""

    def __init__(self):
        super().__init__()
        self.head, self.b, self.a = nn.Linear(5, 2), nn.Linear(4, 5), nn.Linear(3, 4)

    def forward(self, x):
        return self.head(torch.tanh(self.b(self.a(x).tanh())))


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.one, self.two = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        x = functional.relu(self.body(x))
        return self.one(x), self.two(x)


class Residual(nn.Module):
    def __init__(self, norm=None):
        super().__init__()
        self.start, self.end = nn.Linear(3, 6), nn.Linear(6, 2)
        self.inner = nn.ModuleList(nn.Linear(6, n) for n in (4, 5))
        self.outer = nn.ModuleList(nn.Linear(n, 6) for n in (4, 5))
        self.norms = nn.ModuleList(norm(6) if norm else nn.Identity() for _ in range(2))

    def forward(self, x):
        x = self.start(x)
        for norm, inner, outer in zip(self.norms, self.inner, self.outer, strict=True):
            x = x + outer(functional.relu(inner(norm(x))))
        return self.end(x)


class Basic(nn.Module):
    """A block of a ResNet with a projection."""

    def __init__(self, stride=2):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.norm, self.first = nn.BatchNorm2d(4), nn.Conv2d(4, 6, 3, stride, 1, bias=False)
        self.between, self.second = nn.BatchNorm2d(6), nn.Conv2d(6, 6, 3, 1, 1, bias=False)
        self.last, self.short = (
            nn.BatchNorm2d(6),
            nn.Sequential(nn.Conv2d(4, 6, 1, stride, bias=False), nn.BatchNorm2d(6)),
        )
        self.head = nn.Linear(6 * 4, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.stem(x)))
        inner = self.last(self.second(torch.relu(self.between(self.first(x)))))
        x = functional.relu(inner + self.short(x))
        return self.head(functional.adaptive_avg_pool2d(x, 2).flatten(1))


class Siren(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.ModuleList([nn.Linear(2, 8), nn.Linear(8, 8)])
        self.last = nn.Linear(8, 1)

    def forward(self, x):
        for layer in self.net:
            x = torch.sin(30.0 * layer(x))
        return self.last(x)


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.cell, self.out = kind(3, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, x):
        return self.out(self.cell(x)[0][:, -1])


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.one, self.two = nn.LayerNorm(8), nn.LayerNorm(8)
        self.up, self.down, self.start, self.end = nn.Linear(8, 12), nn.Linear(12, 8), nn.Linear(3, 8), nn.Linear(8, 2)

    def forward(self, x):
        x = self.start(x)
        normal = self.one(x)
        x = x + self.attention(normal, normal, normal, need_weights=False)[0]
        x = x + self.down(functional.gelu(self.up(self.two(x))))
        return self.end(x.mean(1))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.start, self.again, self.end = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.end(torch.relu(self.again(torch.relu(self.again(torch.relu(self.start(x)))))))


class Scaled(nn.Module):
    """Parameters that are used by themselves."""

    def __init__(self):
        super().__init__()
        self.w, self.b, self.g = (nn.Parameter(torch.randn(*shape)) for shape in ((4, 3), (4,), (4,)))
        self.end = nn.Linear(4, 1)

    def forward(self, x):
        return self.end(functional.linear(x, self.w, self.b).relu() * self.g)


def chain(*layers):
    return nn.Sequential(*layers)


def made(net: nn.Module, *shape: int):
    torch.manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            module.weight.data.normal_()
    x = torch.randn(*shape)
    return wired_module(net, x)[0], x


USUAL = {
    "a chain": (chain(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), (5, 3), mlp(3, 4, 4, 2)),
    "registered out of order": (Registered(), (5, 3), mlp(3, 4, 5, 2, activation="tanh")),
    "residual": (Residual(), (5, 3), residual_mlp(3, 6, (4, 5), 2)),
    "siren": (Siren(), (5, 2), mlp(2, 8, 8, 1, activation="sine")),
    "pooled": (chain(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2)), (2, 1, 6, 6), conv_net(1, 4, 5, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", USUAL)
def test_a_network_of_a_known_space_has_its_function(name: str):
    net, shape, space = USUAL[name]
    torch.manual_seed(1)
    x = torch.randn(*shape)
    weights = from_module(net, x)
    assert weights.space == space and weights.dtype == torch.float64
    own = realise(weights, x.double())[0]
    torch.testing.assert_close(own, net.double().eval()(x.double()), rtol=1e-9, atol=1e-9)


OTHER = {
    "two heads": (Heads(), (5, 3), {"n1": 4}),
    "layer norms": (Residual(nn.LayerNorm), (5, 3), {"n1": 6, "n2": 4, "n3": 5}),
    "batch norms": (Residual(nn.BatchNorm1d), (5, 3), {"n1": 6, "n2": 4, "n3": 5}),
    "a block of a ResNet": (Basic(), (2, 1, 8, 8), {"n1": 4, "n2": 6, "n3": 6}),
    "strides and a flatten": (chain(nn.Conv2d(1, 4, 3, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), (2, 1, 5, 5), {"n1": 4, "n2": 6}),
    "a flatten of places": (chain(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)), (2, 1, 5, 5), {"n1": 4}),
    "depth-wise": (chain(nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)), (2, 1, 5, 5), {"n1": 4}),
    "one dimension": (chain(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Conv1d(4, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(9, 2)), (2, 2, 7), {"n1": 4, "n2": 3}),
    "no biases": (chain(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False)), (5, 3), {"n1": 4}),
    "an output that is squashed": (chain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Sigmoid()), (5, 3), {"n1": 4}),
    "Elman": (Recurrent(nn.RNN), (2, 4, 3), {"n1": 5}),
    "LSTM": (Recurrent(nn.LSTM), (2, 4, 3), {"n1": 5}),
    "GRU": (Recurrent(nn.GRU), (2, 4, 3), {"n1": 5}),
    "attention": (Block(), (2, 4, 3), {"n1": 8, "n2": 2, "n3": 4, "n4": 4, "n5": 12}),
    "one layer twice": (Tied(), (5, 3), {"n1": 4}),
    "parameters by themselves": (Scaled(), (5, 3), {"n1": 4}),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_other_networks_have_the_axes_that_their_operations_say(name: str):
    net, shape, permuted = OTHER[name]
    wired, _ = made(net, *shape)
    assert sorted(wired.space.size[axis] for axis in wired.space.permuted) == sorted(permuted.values())
    entries = {part.entry for part in wired.parts}
    assert entries <= {*dict(net.named_parameters()), *dict(net.named_buffers())}


class Shuffled(nn.Module):
    def __init__(self):
        super().__init__()
        self.start, self.end = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.end(torch.relu(self.start(x)).roll(1, -1))


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.end = nn.Linear(4, 1)

    def forward(self, x):
        return self.end(x) if x.sum() > 0 else self.end(-x)


class Parts(nn.Module):
    """A part of an answer of several tensors goes on."""

    def __init__(self, part):
        super().__init__()
        self.start, self.end, self.part = nn.Linear(4, 4), nn.Linear(4, 1), part

    def forward(self, x):
        return self.end(self.part(self.start(x).relu()))


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (Parts(lambda x: torch.sort(x, -1)[0]), "no rule says"),
        (Parts(lambda x: torch.topk(x, 4)[0]), "no rule says"),
        (Parts(lambda x: torch.cat(torch.split(x, 2, -1), -1)), "no rule says"),
        (3, "int is no module"),
        (Shuffled(), "no rule says"),
        (Branching(), "torch.fx cannot trace"),
        (chain(nn.Linear(4, 1)), "no hidden layer"),
        (chain(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1)), "activations relu, tanh"),
        (chain(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 1)), "does not take the example"),
    ],
)
def test_what_has_no_rule_is_refused_in_one_line(net: Any, words: str):
    if isinstance(net, Shuffled):
        net.start = nn.Linear(4, 4)
    with pytest.raises(ReadError, match=words) as caught:
        from_module(net, torch.randn(3, 4))
    assert "\n" not in str(caught.value)


def test_a_rule_that_were_wrong_would_be_caught_by_a_planted_permutation(monkeypatch: pytest.MonkeyPatch):
    from orbitcheck.harness.weights.tracing import operations

    monkeypatch.setattr(operations, "KEEP_METHODS", operations.KEEP_METHODS | {"roll"})
    net = chain(nn.Linear(3, 4))
    net = Shuffled()
    with pytest.raises(ReadError, match="permutations that change the module's output"):
        from_module(net, torch.randn(3, 3))


class Late(nn.Module):
    """A bias behind the activation, zero at first: at these very weights it computes what an MLP does."""

    def __init__(self, late: bool):
        super().__init__()
        self.a, self.b, self.late = nn.Linear(3, 4, bias=False), nn.Linear(4, 2), late
        self.shift = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)) + self.shift if self.late else torch.tanh(self.a(x) + self.shift))


@pytest.mark.parametrize("late", [True, False])
def test_weights_that_are_zero_at_first_make_no_function(late: bool):
    weights = from_module(Late(late), torch.randn(5, 3))
    assert has_function(weights.space) == (not late) and [
        weights.space.size[axis] for axis in weights.space.permuted
    ] == [4]


@pytest.mark.parametrize("zeros", [False, True])
def test_a_module_that_ends_in_zeros_forgives_no_order(zeros: bool):
    """Weights of zeros make every permutation a symmetry of their own; it is the module's that counts."""

    class Places(nn.Module):
        """A hidden neuron is told its place, by integers, which are no weights."""

        def __init__(self):
            super().__init__()
            self.a, self.c = nn.Linear(4, 6), nn.Linear(6, 2)
            self.register_buffer("places", torch.arange(6))

        def forward(self, x):
            return self.c(torch.relu(self.a(x)) * self.places)

    net = Places()
    if zeros:
        for one in net.parameters():
            nn.init.zeros_(one)
    with pytest.raises(ReadError, match="change the module's output; write a manifest"):
        wired_module(net, torch.randn(3, 4))
    sound = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    for one in sound.parameters():
        nn.init.zeros_(one)
    assert wired_module(sound, torch.randn(3, 4))[0].space == mlp(4, 6, 2)


@pytest.mark.parametrize("pool", [torch.max_pool2d, functional.max_pool2d, functional.avg_pool2d])  # fmt: skip
def test_the_network_of_every_tutorial_is_read(pool):
    """Two convolutions, pooled; two dense layers, with dropout: however pooling is written."""

    class Tutorial(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3)
            self.fc1, self.fc2 = nn.Linear(6, 5), nn.Linear(5, 2)

        def forward(self, x):
            x = pool(functional.dropout2d(torch.relu(self.conv1(x)), training=self.training), 2)
            x = torch.relu(pool(self.conv2(x), 2))
            return self.fc2(torch.relu(self.fc1(x.view(x.size(0), -1))))

    space = wired_module(Tutorial(), torch.randn(2, 1, 10, 10))[0].space
    assert sorted(space.size[axis] for axis in space.permuted) == [4, 5, 6]


def test_pooling_along_neurons_is_refused():
    class Neighbours(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.c = nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, x):
            return self.c(torch.max_pool1d(torch.relu(self.a(x)), 3, 1, 1))

    with pytest.raises(ReadError, match="change the module's output"):
        wired_module(Neighbours(), torch.randn(3, 4))
