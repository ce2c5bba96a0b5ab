"""Twenty-four networks, each with one module that breaks the law, by another mechanism."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from orbitcheck import Invariant, Unsupported, Weights, register

CHANNELS = 12


def index(x: torch.Tensor) -> torch.Tensor:
    return torch.arange(x.shape[1], dtype=x.dtype, device=x.device).view(1, -1, 1) / x.shape[1]


class Encode(nn.Module):
    """Biases of one layer to states."""

    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(1, CHANNELS)

    def forward(self, bias):
        return functional.gelu(self.lift(bias))


class Message(nn.Module):
    """Messages over the edges of one layer, averaged at one end."""

    def __init__(self, over: int):
        super().__init__()
        self.over, self.mix = over, nn.Linear(CHANNELS + 1, CHANNELS)

    def forward(self, state, weight):
        shown = state.unsqueeze(3 - self.over).expand(*weight.shape[:3], -1)
        return self.pool(functional.gelu(self.mix(torch.cat([shown, weight], -1))))

    def pool(self, messages):
        return messages.mean(self.over)


class Update(nn.Module):
    """A state and its news to the next state."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(3 * CHANNELS, CHANNELS)

    def forward(self, own, below, above):
        return own + functional.gelu(self.mix(torch.cat([own, below, above], -1)))


class Pool(nn.Module):
    def forward(self, state):
        return state.mean(1)


class Head(nn.Module):
    def __init__(self, layers: int, size: int):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(layers * CHANNELS, CHANNELS), nn.GELU(), nn.Linear(CHANNELS, size))

    def forward(self, pooled):
        return self.net(torch.cat(pooled, -1))


class Edges(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.net = nn.Linear(2 * CHANNELS + 1, size)

    def forward(self, below, above, weight):
        rows, columns = weight.shape[1:3]
        ends = [below[:, None].expand(-1, rows, -1, -1), above[:, :, None].expand(-1, -1, columns, -1), weight]
        return self.net(torch.cat(ends, -1))


class Net(nn.Module):
    """A correct network; `place` puts another module into one place."""

    def __init__(self, space, output, *, depth: int = 2):
        super().__init__()
        if not space.is_mlp or min(space.widths[1:-1]) < 2:
            raise Unsupported("hidden layers of two neurons and more")
        self.output, widths, last = output, space.widths, len(space.widths) - 1
        self.widths = widths
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.first = nn.Parameter(torch.randn(widths[0], CHANNELS))
        self.final = nn.Parameter(torch.randn(widths[-1], CHANNELS))
        self.encode = nn.ModuleList(Encode() for _ in range(last))
        self.up = nn.ModuleList(Message(2) for _ in range(depth))
        self.down = nn.ModuleList(Message(1) for _ in range(depth))
        self.update = nn.ModuleList(Update() for _ in range(depth))
        self.pool = Pool()
        self.head = Head(last + 1, size)
        self.edges, self.nodes = Edges(size), nn.Linear(CHANNELS, size)
        self.place()

    def place(self):
        pass

    def between(self, states):
        return states

    def forward(self, v):
        states = [self.first.expand(v.batch, -1, -1), *(f(b) for f, b in zip(self.encode, v.biases, strict=True))]
        states[-1] = states[-1] + self.final
        for up, down, update in zip(self.up, self.down, self.update, strict=True):
            news = []
            for i, own in enumerate(states):
                below = up(states[i - 1], v.weights[i - 1]) if i else torch.zeros_like(own)
                above = down(states[i + 1], v.weights[i]) if i < len(states) - 1 else torch.zeros_like(own)
                news.append(update(own, below, above))
            states = self.between(news)
        if isinstance(self.output, Invariant):
            return self.head([self.pool(state) for state in states])
        made = {}
        for i, weight in enumerate(v.weights):
            made[f"W{i + 1}"] = self.edges(states[i], states[i + 1], weight)
            made[f"b{i + 1}"] = self.nodes(states[i + 1])
        return Weights(v.space, made)


class LeakyEncode(Encode):
    """Neurons know their number."""

    size = 0.1

    def forward(self, bias):
        return super().forward(bias) * (1 + self.size * index(bias))


class TinyLeak(LeakyEncode):
    size = 1e-6


class Table(Encode):
    """A table of positions of its own."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(64, CHANNELS))

    def forward(self, bias):
        return super().forward(bias) + self.table[: bias.shape[1]]


class Sorted(Encode):
    """Adds the state of the neighbour by number."""

    def forward(self, bias):
        state = super().forward(bias)
        return state + state.roll(1, 1)


class Cumulated(Update):
    def forward(self, own, below, above):
        return super().forward(own, below, above).cumsum(1)


class FirstOnly(Pool):
    def forward(self, state):
        return state[:, 0]


class Half(Pool):
    """Forgets the second half of the neurons."""

    def forward(self, state):
        return state[:, : (state.shape[1] + 1) // 2].mean(1)


class Weighted(Pool):
    def forward(self, state):
        return (state * (1 + index(state))).mean(1)


class Convolved(Update):
    """A convolution over neighbouring neurons."""

    def __init__(self):
        super().__init__()
        self.over = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1)

    def forward(self, own, below, above):
        return self.over(super().forward(own, below, above).mT).mT


class Recurrent(Update):
    """A recurrent network along the neurons."""

    def __init__(self):
        super().__init__()
        self.along = nn.GRU(CHANNELS, CHANNELS, batch_first=True)

    def forward(self, own, below, above):
        return self.along(super().forward(own, below, above))[0]


class Normalised(Update):
    """Each neuron is scaled by the running sum of those before it."""

    def forward(self, own, below, above):
        state = super().forward(own, below, above)
        return state / (1 + state.square().cumsum(1)).sqrt()


class OddRows(Message):
    """Averages over the sources of even number."""

    def pool(self, messages):
        return messages.select(self.over, 0) if messages.shape[self.over] == 1 else self._some(messages)

    def _some(self, messages):
        even = torch.arange(0, messages.shape[self.over], 2, device=messages.device)
        return messages.index_select(self.over, even).mean(self.over)


class LastSource(Message):
    def pool(self, messages):
        return messages.select(self.over, -1)


class Faded(Message):
    """Later sources count less."""

    def pool(self, messages):
        size = messages.shape[self.over]
        factors = torch.linspace(1, 0.5, size, dtype=messages.dtype, device=messages.device)
        shape = [1] * messages.ndim
        shape[self.over] = size
        return (messages * factors.view(shape)).mean(self.over)


class Single(Message):
    """Sums in float32."""

    def pool(self, messages):
        return messages.float().sum(self.over).to(messages.dtype)


class EndsPooled(Pool):
    """The last neuron less the first."""

    def forward(self, state):
        return state[:, -1] - state[:, 0]


class EdgeNumbers(Edges):
    def forward(self, below, above, weight):
        made = super().forward(below, above, weight)
        return made + 0.01 * index(made)[..., None]


class TransposedEdges(Edges):
    """Entry (i, j) is that of (j, i) where the matrix is square, else of the reversed rows."""

    def forward(self, below, above, weight):
        return super().forward(below, above, weight).flip(1)


class NumberedNodes(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.net = nn.Linear(CHANNELS, size)

    def forward(self, state):
        return self.net(state * (1 + 0.1 * index(state)))


def swapped(name: str, module: str, make):
    """A network with one module in place of another."""
    path, _, last = module.rpartition(".")

    def place(self):
        parent = self.get_submodule(path)
        if last.isdigit():
            parent[int(last)] = make(self)
        else:
            setattr(parent, last, make(self))

    return register(name, power="unknown")(type(name.title().replace("-", ""), (Net,), {"place": place}))


leaky_encode = swapped("leaky-encode", "encode.0", lambda net: LeakyEncode())
tiny_leak = swapped("tiny-leak", "encode.0", lambda net: TinyLeak())
table = swapped("table", "encode.0", lambda net: Table())
neighbours = swapped("neighbours", "encode.0", lambda net: Sorted())
cumulated = swapped("cumulated", "update.0", lambda net: Cumulated())
late_cumulated = swapped("late-cumulated", "update.1", lambda net: Cumulated())
first_only = swapped("first-only", "pool", lambda net: FirstOnly())
half = swapped("half", "pool", lambda net: Half())
weighted = swapped("weighted", "pool", lambda net: Weighted())
convolved = swapped("convolved", "update.0", lambda net: Convolved())
recurrent = swapped("recurrent", "update.1", lambda net: Recurrent())
normalised = swapped("normalised", "update.1", lambda net: Normalised())
odd_rows = swapped("odd-rows", "up.0", lambda net: OddRows(2))
last_source = swapped("last-source", "up.1", lambda net: LastSource(2))
faded_down = swapped("faded-down", "down.0", lambda net: Faded(1))
faded_up = swapped("faded-up", "up.0", lambda net: Faded(2))
single_message = swapped("single-message", "up.0", lambda net: Single(2))
ends_pooled = swapped("ends-pooled", "pool", lambda net: EndsPooled())
edge_numbers = swapped("edge-numbers", "edges", lambda net: EdgeNumbers(net.edges.net.out_features))
flipped_edges = swapped("flipped-edges", "edges", lambda net: TransposedEdges(net.edges.net.out_features))
numbered_nodes = swapped("numbered-nodes", "nodes", lambda net: NumberedNodes(net.nodes.out_features))


@register("between-layers", power="unknown")
class BetweenLayers(Net):
    """The network's own code, between its submodules."""

    def between(self, states):
        return [states[0], *(state + 0.1 * index(state) for state in states[1:-1]), states[-1]]


@register("frozen-table", power="unknown")
class FrozenTable(Net):
    """A module that adds a table of positions."""

    def place(self):
        self.table = Positions()

    def between(self, states):
        return [states[0], *(self.table(state) for state in states[1:-1]), states[-1]]


class Positions(nn.Module):
    def forward(self, state):
        return state + 0.3 * torch.sin(index(state) * 9)


@register("zero-table", power="unknown")
class ZeroTable(Net):
    """A learned table that starts at zero: broken after steps alone."""

    def place(self):
        self.table = LearnedPositions()

    def between(self, states):
        return [states[0], *(self.table(state) for state in states[1:-1]), states[-1]]


class LearnedPositions(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(64, CHANNELS))

    def forward(self, state):
        return state + self.table[: state.shape[1]]


class Uncoded(nn.Module):
    def forward(self, state):
        return state - 0.3 * torch.sin(index(state) * 9)


class Graded(nn.Module):
    def forward(self, state):
        return state * (1 + 0.1 * index(state))


@register("coded-and-uncoded", power="unknown")
class CodedAndUncoded(FrozenTable):
    """Positions that are taken off again, which is harmless, and then a fault."""

    def place(self):
        self.table, self.uncoded, self.graded = Positions(), Uncoded(), Graded()

    def between(self, states):
        coded = super().between(states)
        inside = (self.graded(self.uncoded(state)) for state in coded[1:-1])
        return [states[0], *inside, states[-1]]
