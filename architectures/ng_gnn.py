"""NG-GNN: neural graphs with a PNA graph network.

Kofinas, Knyazev, Zhang, Chen, Burghouts, Gavves, Snoek, Zhang, *Graph Neural Networks for Learning Equivariant
Representations of Neural Networks*, ICLR 2024, arXiv 2403.12143. Aggregation after Corso et al. 2020 (PNA, 2004.05718).

On the parameter graph, with features x_j of neuron j (its bias and a learned position) and e_jk of the weight from k to j,
a block does, with a residual around each,

    e'_jk = MLP (lin e_jk + lin x_j + lin x_k)
    m_jk  = scale(e'_jk) * P [x_j; x_k] + shift(e'_jk)
    x'_j  = MLP (lin x_j + sum over d of M_d(n) [mean; min; max; std] of the messages of direction d)

where d is along the edges (from the layer before) and against them (from the layer after), each with maps of its own, which
is what a linear map of the published features (e, e^T, e + e^T) of edges and reversed edges comes to. The degree scalers
of PNA, `1, s, 1/s` with s = log(n + 1) over its mean, are numbers here, since all neurons of a layer have n edges in a
direction: `M_d(n) = M_d + s M'_d + M''_d / s`.

std is `sqrt(variance + eps)` with the variance in two passes: the difference of two moments would lose half of all digits
at ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .encodings import GaussianFourier
from .heads import check_input, check_size, mlp_head
from .parameter_graph import EdgeMLP, Encoder, EquivariantHead, Graph, Wiring, lecun_, mean

EPSILON = 1e-5


@register(
    "ng-gnn",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth, depth) if depth > 0 else None,
    modes=("eval", "train"),
    spaces="MLPs",
    paper="Kofinas et al. 2024, arXiv 2403.12143",
)
class NGGNN(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons, by PNA message passing both ways.

    Args:
        space: an MLP space.
        output: `Invariant(dim)`: an MLP on the features of all output neurons, and the mean of each hidden layer's;
            `Equivariant(channels)`: an MLP on every edge and its ends, and on every neuron for its bias.
        channels: C, of nodes and edges. What is declared needs 3 and more: normalised, one feature is a constant, whatever is given, and
            two are little more than a sign.
        depth: number of blocks.
        head: hidden width of the invariant read-out.
        fourier: frequencies of the Gaussian Fourier encoding of the values; 0 encodes them linearly.
        fourier_scale: standard deviation of the frequencies.

    Rounds: a neuron starts with its colour of round 0, and a block gives it the multisets of one round. The published
    read-out takes the output neurons alone, which lag one round behind for every layer that lies between; the means of the
    hidden layers make up for that.

    Raises:
        Unsupported: the space is no MLP's.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 32,
        depth: int = 4,
        head: int = 128,
        fourier: int = 0,
        fourier_scale: float = 1.0,
    ):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"ng-gnn reads the parameter graph of an MLP, which {space} does not have")
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)

        def scalars(slots: int) -> nn.Module:
            values = GaussianFourier(fourier, fourier_scale)
            return nn.Sequential(values, nn.Linear(slots * values.channels, channels))

        self.space, wiring = space, Wiring(space)
        self.encoder = Encoder(wiring, channels, scalars)
        self.blocks = nn.ModuleList(Block(wiring, channels) for _ in range(depth))
        if isinstance(output, Invariant):
            self.readout: nn.Module = NodeReadout(space, channels, head, output.dim)
        else:
            self.readout = EntryReadout(wiring, channels, output.channels)
        lecun_(self)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        graph = self.encoder(v)
        for block in self.blocks:
            graph = block(graph)
        return self.readout(graph)


class Block(nn.Module):
    """One block: every edge looks at its ends, every neuron at its edges; the module's docstring has the formulas."""

    def __init__(self, wiring: Wiring, channels: int):
        super().__init__()
        self.widths = widths = wiring.widths
        self.norm, self.edge_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.edges = EdgeMLP(wiring, channels)
        self.edge_step = nn.Linear(channels, channels)
        self.own = nn.Linear(channels, channels)
        self.along, self.against = Messages(widths[:-1], channels, 2), Messages(widths[1:], channels, 1)
        self.node_step = nn.Linear(channels, channels)

    def forward(self, graph: Graph) -> Graph:
        """Nodes `[B, N, C]` and edges `[B, n, m, C]` -> the same shapes."""
        x = self.norm(graph.nodes)
        hidden = self.edges(Graph(x, tuple(self.edge_norm(e) for e in graph.edges)))
        edges = tuple(self.edge_step(h).add_(e) for h, e in zip(hidden, graph.edges, strict=True))
        own = self.own(x).split(self.widths, 1)
        layers = x.split(self.widths, 1)
        along = self.along(layers[1:], layers[:-1], edges)
        against = self.against(layers[:-1], layers[1:], edges)
        news = [own[0] + against[0]]
        news += [mine + below + above for mine, below, above in zip(own[1:-1], along[:-1], against[1:], strict=True)]
        news.append(own[-1] + along[-1])
        return Graph(graph.nodes + self.node_step(functional.silu(torch.cat(news, 1))), edges)


class Messages(nn.Module):
    """All messages of one direction, gathered by PNA aggregation: per layer of receivers `[B, n, C]`.

    Args:
        degrees: number of senders, which is that of edges to a receiver, for each layer that receives.
        channels: C.
        senders: the axis of an edge tensor along which the senders stand: 2 along the edges, 1 against them.
    """

    def __init__(self, degrees: Sequence[int], channels: int, senders: int):
        super().__init__()
        logarithms = [log(degree + 1) for degree in degrees]
        average = sum(logarithms) / len(logarithms)
        self.scalers = [(1.0, x / average, average / x) for x in logarithms]
        self.senders, self.receivers = senders, 3 - senders
        self.receiver = nn.Linear(channels, channels)
        self.sender, self.scale, self.shift = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        self.pooled = nn.ModuleList(nn.Linear(4 * channels, channels, bias=False) for _ in range(3))

    def forward(
        self, receivers: Sequence[torch.Tensor], senders: Sequence[torch.Tensor], edges: Sequence[torch.Tensor]
    ) -> list[torch.Tensor]:
        """Features of the two layers that each edge tensor joins, `[B, n, C]` and `[B, m, C]`, and the edges' own."""
        news = []
        for receiver, sender, e, scalers in zip(receivers, senders, edges, self.scalers, strict=True):
            ends = self.receiver(receiver).unsqueeze(self.senders) + self.sender(sender).unsqueeze(self.receivers)
            messages = torch.addcmul(self.shift(e), self.scale(e), ends)
            matrix = torch.stack(
                [s * cast(nn.Linear, linear).weight for s, linear in zip(scalers, self.pooled, strict=True)]
            ).sum(0)
            news.append(functional.linear(aggregate(messages, self.senders), matrix))
        return news


def aggregate(messages: torch.Tensor, dim: int) -> torch.Tensor:
    """Mean, minimum, maximum and standard deviation along `dim`, joined in the channels."""
    average = mean(messages, dim)
    centred = messages - average.unsqueeze(dim)
    spread = (mean(centred * centred, dim) + EPSILON).sqrt()
    return torch.cat([average, messages.amin(dim), messages.amax(dim), spread], -1)


class EntryReadout(nn.Module):
    """Parameter graph -> Weights: an MLP of every edge and its ends, and of every neuron, on normalised features.

    The extremes among the messages make features grow several times in a block; outputs that start at ten and more times
    their unit leave a training in a poor minimum.
    """

    def __init__(self, wiring: Wiring, channels: int, outputs: int):
        super().__init__()
        self.norm, self.edge_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.head = EquivariantHead(wiring, channels, outputs)

    def forward(self, graph: Graph) -> Weights:
        """Nodes `[B, N, C]` and edges `[B, n, m, C]` -> `Weights` with the channels asked for."""
        return self.head(Graph(self.norm(graph.nodes), tuple(self.edge_norm(e) for e in graph.edges)))


class NodeReadout(nn.Module):
    """Parameter graph -> `[B, dim]`: an MLP of all output neurons one after the other, and the mean of each hidden layer.

    The features of neurons are normalised first, as in `EntryReadout`.
    """

    def __init__(self, space: WeightSpace, channels: int, head: int, dim: int):
        super().__init__()
        self.widths = list(space.widths)
        self.norm = nn.LayerNorm(channels)
        self.head = mlp_head((len(self.widths) - 2 + self.widths[-1]) * channels, head, dim, depth=1)

    def forward(self, graph: Graph) -> torch.Tensor:
        """Nodes `[B, N, C]` -> `[B, dim]`; edges are not read."""
        _, *hidden, last = self.norm(graph.nodes).split(self.widths, 1)
        return self.head(torch.cat([*(mean(layer, 1) for layer in hidden), last.flatten(1)], -1))
