"""A correct message-passing network on an MLP's neurons, with both outputs, and the ways in which it may claim too much."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import gelu

from orbitcheck import Equivariant, Invariant, Unsupported, Weights
from orbitcheck.harness.plugins.architecture import Architecture, as_architecture, register


class Net(nn.Module):
    """`depth` rounds of means of messages in both directions."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__()
        self.output, self.widths = output, space.widths
        last = len(self.widths) - 1
        linear = nn.Linear
        self.start = nn.ModuleList(linear(1, channels) for _ in range(last + 1))
        self.ends_of = nn.ParameterList(nn.Parameter(torch.randn(self.widths[end], channels)) for end in (0, -1))
        self.up, self.down = (
            nn.ModuleList(nn.ModuleList(linear(2 * channels + 1, channels) for _ in range(last)) for _ in range(depth))
            for _ in range(2)
        )
        self.join = nn.ModuleList(
            nn.ModuleList(linear(3 * channels, channels) for _ in range(last + 1)) for _ in range(depth)
        )
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.head = linear(channels * (last + 1), size)
        self.edge = nn.ModuleList(linear(2 * channels + 1, size) for _ in range(last))
        self.node = nn.ModuleList(linear(channels, size) for _ in range(last))

    def inputs(self, v):
        return list(v.weights), list(v.biases)

    def finish(self, result):
        return result

    def forward(self, v):
        weights, biases = self.inputs(v)
        zero = weights[0].new_zeros(v.batch, self.widths[0], 1)
        h = [gelu(read(b)) for read, b in zip(self.start, [zero, *biases], strict=True)]
        h[0], h[-1] = h[0] + self.ends_of[0], h[-1] + self.ends_of[1]
        for up, down, join in zip(self.up, self.down, self.join, strict=True):
            below, above = [torch.zeros_like(x) for x in h], [torch.zeros_like(x) for x in h]
            for i, w in enumerate(weights):
                ends = self.ends(h, i, w)
                below[i + 1], above[i] = gelu(up[i](ends)).mean(2), gelu(down[i](ends)).mean(1)
            h = [x + gelu(f(torch.cat([x, a, b], -1))) for f, x, a, b in zip(join, h, below, above, strict=True)]
        if isinstance(self.output, Invariant):
            return self.finish(self.head(torch.cat([x.mean(1) for x in h], -1)))
        made = {}
        for i, w in enumerate(weights):
            made[f"W{i + 1}"], made[f"b{i + 1}"] = self.edge[i](self.ends(h, i, w)), self.node[i](h[i + 1])
        return Weights(v.space, made)

    @staticmethod
    def ends(h, i, w):
        rows, columns = w.shape[1:3]
        below, above = h[i][:, None].expand(-1, rows, -1, -1), h[i + 1][:, :, None].expand(-1, -1, columns, -1)
        return torch.cat([below, above, w], -1)


class Editor(Net):
    """Has no invariant output, as editing networks."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network")
        super().__init__(space, output, channels=channels, depth=depth)


class Shallow(Net):
    """Three rounds, whatever its depth says."""

    rounds = 3

    def __init__(self, space, output, *, channels: int = 12, depth: int = 6):
        super().__init__(space, output, channels=channels, depth=min(depth, self.rounds))


class Liar(Shallow):
    """Two rounds, and a large constant in front of a small signal."""

    rounds = 2

    def finish(self, result):
        return 1 + 1e-6 * result


class ShallowEditor(Editor):
    """Two rounds, whatever its depth says."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 6):
        super().__init__(space, output, channels=channels, depth=2)


class IndexedEditor(Editor):
    """Its entries know their number."""

    def forward(self, v):
        made = super().forward(v)
        return made.map(
            lambda tensor: tensor + 0.01 * torch.arange(tensor.shape[1]).view(1, -1, *[1] * (tensor.ndim - 2))
        )


class Float32Inside(Net):
    def inputs(self, v):
        return [w.float().to(w.dtype) for w in v.weights], list(v.biases)


class Float16Biases(Net):
    def inputs(self, v):
        return list(v.weights), [b.half().to(b.dtype) for b in v.biases]


class ScaledFloat32(Net):
    """Only the last matrix, off the grid that the inputs lie on."""

    def inputs(self, v):
        return [*v.weights[:-1], (3 * v.weights[-1]).float().to(v.dtype) / 3], list(v.biases)


class BlindOutput(Net):
    """The bag of entries of each tensor: no entry knows its neighbours."""

    def __init__(self, space, output, *, channels: int = 32, depth: int = 4):
        nn.Module.__init__(self)
        if not isinstance(output, Invariant):
            raise Unsupported("an invariant output alone")
        self.entry = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(1, channels), nn.GELU(), nn.Linear(channels, channels))
                for name in space.axes
            }
        )
        self.read = nn.Sequential(
            nn.Linear(channels * len(space.axes), channels), nn.GELU(), nn.Linear(channels, output.dim)
        )

    def forward(self, v):
        return self.read(torch.cat([self.entry[name](t).flatten(1, -2).mean(1) for name, t in v.items()], -1))


def claims(network: type[nn.Module], over: int = 0, **traits) -> Architecture:
    """The network, with power `1-wl` and rounds `(depth, depth + over)` unless it is told otherwise."""
    declared = {"power": "1-wl", "rounds": lambda depth: (depth, depth + over), **traits}
    return as_architecture(register(network.__name__.lower(), **declared)(type(network.__name__, (network,), {})))
