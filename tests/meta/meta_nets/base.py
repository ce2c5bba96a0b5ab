"""One correct network with a hook at every stage; what breaks it overrides a hook."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import gelu

from orbitcheck import Equivariant, Invariant, Unsupported, Weights


class Net(nn.Module):
    """Messages between neurons in both directions, mean pooling, both outputs; MLP spaces only."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported("MLPs only")
        self.space, self.output, self.channels = space, output, channels
        self.widths = widths = space.widths
        last = len(widths) - 1
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.ends = nn.ParameterList(nn.Parameter(torch.randn(width, channels)) for width in (widths[0], widths[-1]))
        self.enter = nn.ModuleList(nn.Linear(1, channels) for _ in range(last))
        self.up = nn.ModuleList(nn.Linear(2 * channels + 1, channels) for _ in range(depth))
        self.down = nn.ModuleList(nn.Linear(2 * channels + 1, channels) for _ in range(depth))
        self.step = nn.ModuleList(nn.Linear(3 * channels, channels) for _ in range(depth))
        if isinstance(output, Invariant):
            self.head = nn.Sequential(nn.Linear(channels * (last + 1), channels), nn.GELU(), nn.Linear(channels, size))
        else:
            self.edges = nn.ModuleList(nn.Linear(2 * channels + 1, size) for _ in range(last))
            self.nodes = nn.ModuleList(nn.Linear(channels, size) for _ in range(last))
        for part in self.modules():
            if isinstance(part, nn.Linear):  # what tells neurons apart shrinks less from round to round
                nn.init.kaiming_uniform_(part.weight, nonlinearity="linear")

    def inputs(self, v):
        """Weight matrices and bias vectors, as the network reads them."""
        return list(v.weights), list(v.biases)

    def neurons(self, h, biases):
        """Features `[batch, neurons, channels]` of every layer before any message."""
        return h

    def gather(self, messages, dim):
        """Messages of one tensor along the axis of those who sent them."""
        return messages.mean(dim)

    def messages(self, step, i, ends):
        """What layer i sends up and layer i + 1 down, over the weights that join them."""
        return self.gather(gelu(self.up[step](ends)), 2), self.gather(gelu(self.down[step](ends)), 1)

    def pool(self, x, biases):
        """One layer's features -> `[batch, channels]`."""
        return x.mean(1)

    def finish(self, y):
        """The invariant output."""
        return y

    def finish_weights(self, made, v):
        """Tensors of the equivariant output."""
        return made

    def forward(self, v):
        weights, biases = self.inputs(v)
        h = [self.ends[0].expand(v.batch, -1, -1)] + [read(b) for read, b in zip(self.enter, biases, strict=True)]
        h[-1] = h[-1] + self.ends[1]
        h = self.neurons(h, biases)
        for number, step in enumerate(self.step):
            below, above = [torch.zeros_like(x) for x in h], [torch.zeros_like(x) for x in h]
            for i, w in enumerate(weights):
                below[i + 1], above[i] = self.messages(number, i, joined(h, i, w))
            h = [x + gelu(step(torch.cat([x, a, b], -1))) for x, a, b in zip(h, below, above, strict=True)]
        if isinstance(self.output, Invariant):
            padded = [None, *biases]
            return self.finish(self.head(torch.cat([self.pool(x, b) for x, b in zip(h, padded, strict=True)], -1)))
        made = {}
        for i, w in enumerate(weights):
            made[f"W{i + 1}"], made[f"b{i + 1}"] = self.edges[i](joined(h, i, w)), self.nodes[i](h[i + 1])
        return Weights(v.space, self.finish_weights(made, v))


class Editor(Net):
    """Has no invariant output."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network: no invariant output")
        super().__init__(space, output, channels=channels, depth=depth)


class Reader(Net):
    """Has no equivariant output."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        if not isinstance(output, Invariant):
            raise Unsupported("invariant output only")
        super().__init__(space, output, channels=channels, depth=depth)


def joined(h, i, w):
    """`[batch, rows, columns, 2 C + 1]`: both ends of every weight, and the weight."""
    rows, columns = w.shape[1:3]
    return torch.cat([h[i][:, None].expand(-1, rows, -1, -1), h[i + 1][:, :, None].expand(-1, -1, columns, -1), w], -1)


def index(x, dim: int = 1):
    """0, 1, 2, ... along one axis of x, broadcast over the others."""
    shape = [1] * x.ndim
    shape[dim] = x.shape[dim]
    return torch.arange(x.shape[dim], dtype=x.dtype, device=x.device).view(shape)


def inside(h, change):
    """`change(number, x)` on hidden layers, the others as they are."""
    return [x if i in (0, len(h) - 1) else change(i - 1, x) for i, x in enumerate(h)]
