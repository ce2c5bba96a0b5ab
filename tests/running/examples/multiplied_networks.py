"""Networks that declare signs or scales, each with one module that breaks the law."""

from __future__ import annotations

import torch
from torch import nn

from orbitcheck import Invariant, Unsupported, Weights, register

CHANNELS = 8


def shares(x: torch.Tensor) -> torch.Tensor:
    """What neither signs nor positive factors of a neuron change: squares of its features over their sum."""
    return x.square() / (x.square().sum(-1, keepdim=True) + 1e-300)


class Encode(nn.Module):
    """Biases to features that go with the neuron's factor."""

    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(1, CHANNELS, bias=False)

    def forward(self, bias):
        return self.lift(bias)


class Message(nn.Module):
    """Features from below, over the weights: `W[j, k] x_k` goes with q_j."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(CHANNELS, CHANNELS, bias=False)

    def forward(self, weight, below):
        return self.mix((weight * below.unsqueeze(1)).mean(2))


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(CHANNELS, CHANNELS), nn.Tanh(), nn.Linear(CHANNELS, CHANNELS))

    def forward(self, x):
        return 1 + self.net(shares(x))


class Update(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = Gate()

    def forward(self, own, news):
        return (own + news) * self.gate(own + news)


class Pool(nn.Module):
    def forward(self, x):
        return shares(x).mean(1)


class Nodes(nn.Module):
    """Biases of the output."""

    def __init__(self, channels: int):
        super().__init__()
        self.out = nn.Linear(CHANNELS, channels, bias=False)

    def forward(self, x):
        return self.out(x)


class Net(nn.Module):
    """Messages upward alone, read out by shares; MLP spaces."""

    def __init__(self, space, output):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported("MLPs only")
        self.output, last = output, len(space.widths) - 1
        self.start = nn.Parameter(torch.randn(space.widths[0], CHANNELS))
        self.encode = nn.ModuleList(Encode() for _ in range(last))
        self.message = nn.ModuleList(Message() for _ in range(last))
        self.update = nn.ModuleList(Update() for _ in range(last))
        if isinstance(output, Invariant):
            self.pool, self.head = (
                Pool(),
                nn.Sequential(nn.Linear(last * CHANNELS, 16), nn.Tanh(), nn.Linear(16, output.dim)),
            )
        else:
            self.nodes = nn.ModuleList(Nodes(output.channels) for _ in range(last))
        self.plant()

    def plant(self):
        pass

    def between(self, x):
        return x

    def forward(self, v):
        x, layers = self.start.expand(v.batch, -1, -1), []
        for encode, message, update, w, b in zip(
            self.encode, self.message, self.update, v.weights, v.biases, strict=True
        ):
            x = self.between(update(encode(b), message(w, x)))
            layers.append(x)
        if isinstance(self.output, Invariant):
            return self.head(torch.cat([self.pool(x) for x in layers], -1))
        made = {}
        for number, (x, w, nodes) in enumerate(zip(layers, v.weights, self.nodes, strict=True), start=1):
            made[f"W{number}"], made[f"b{number}"] = w.expand(-1, -1, -1, self.output.channels), nodes(x)
        return Weights(v.space, made)


class Offset(Encode):
    def forward(self, bias):
        return super().forward(bias) + 0.1


class Squared(Message):
    def forward(self, weight, below):
        made = super().forward(weight, below)
        return made + 0.1 * made**2


class Seeing(Gate):
    """Sees the features themselves."""

    def forward(self, x):
        return 1 + self.net(x)


class Bent(Update):
    def forward(self, own, news):
        made = super().forward(own, news)
        return made + 0.1 * torch.tanh(made + 0.3)


class Plain(Pool):
    def forward(self, x):
        return torch.tanh(x + 0.1).mean(1)


class Squashed(Nodes):
    def forward(self, x):
        return torch.sigmoid(self.out(x))


class Numbered(Encode):
    def forward(self, bias):
        return self.lift(bias) * (1 + 0.1 * torch.arange(bias.shape[1], dtype=bias.dtype).view(1, -1, 1))


class Absolute(Message):
    """Forgets the sign, so that what it gives keeps the law in a way of its own."""

    def forward(self, weight, below):
        return super().forward(weight, below).abs()


def planted(name: str, change, symmetry: str):
    class Planted(Net):
        def plant(self):
            change(self)

    return register(name, power="unknown", symmetry=symmetry)(Planted)


def at(group: str, number: int, made):
    def change(net):
        getattr(net, group)[number] = made()

    return change


SIGN, SCALE = "permutation+sign", "permutation+scale"
sound_sign, sound_scale = planted("sound-sign", lambda net: None, SIGN), planted("sound-scale", lambda net: None, SCALE)
offset_sign, offset_scale = (
    planted("offset-sign", at("encode", 0, Offset), SIGN),
    planted("offset-scale", at("encode", 0, Offset), SCALE),
)
squared_sign, squared_scale = (
    planted("squared-sign", at("message", 1, Squared), SIGN),
    planted("squared-scale", at("message", 1, Squared), SCALE),
)
bent_sign, bent_scale = (
    planted("bent-sign", at("update", 0, Bent), SIGN),
    planted("bent-scale", at("update", 1, Bent), SCALE),
)
plain_sign = planted("plain-sign", lambda net: setattr(net, "pool", Plain()), SIGN)
seeing_scale = planted("seeing-scale", lambda net: setattr(net.update[0], "gate", Seeing()), SCALE)
squashed_sign = planted("squashed-sign", lambda net: at("nodes", 0, lambda: Squashed(net.output.channels))(net), SIGN)
numbered_scale = planted("numbered-scale", at("encode", 1, Numbered), SCALE)
absolute_sign = planted("absolute-sign", at("message", 1, Absolute), SIGN)


@register("between-sign", power="unknown", symmetry=SIGN)
class BetweenSign(Net):
    """Adds a constant between its modules."""

    def between(self, x):
        return x + 0.1
