"""GMN: graph metanetwork.

Lim, Maron, Law, Lorraine, Lucas, *Graph Metanetworks for Processing Diverse Neural Architectures*, ICLR 2024, arXiv
2312.04501.

On the parameter graph, with a feature x per neuron (its bias lies there) and e per weight, a block does

    x      normalised, over its own channels
    e~_jk  = act(lin [x_j; x_k; e_jk])                                    k -> j an edge, j in the later layer
    x~_j   = act(lin [x_j; mean_k act(lin [x_k; e~_jk]); mean_m act(lin [x_m; e~_mj])])
    e     += lin e~,  x += lin x~

with messages along the edges (from k) and against them (from m) by maps of their own: without the second kind a neuron
never learns where its activation goes, and full power is lost. The start is `sin(lin value) + type`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from ..harness.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.space import WeightSpace
from ..harness.weights import Weights
from .heads import check_input, check_size, mlp_head
from .parameter_graph import EdgeMLP, Encoder, EquivariantHead, Graph, join, lecun_, mean, total


@register(
    "gmn",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth, depth + 1),
    modes=("eval", "train"),
    paper="Lim et al. 2024, arXiv 2312.04501",
)
class GMN(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons, by message passing in both directions.

    Args:
        space: an MLP space.
        output: `Invariant(dim)`: an MLP on every edge and its ends, the mean over each weight matrix, an MLP;
            `Equivariant(channels)`: an MLP on every edge and its ends, and on every neuron for its bias.
        channels: C, of nodes and edges.
        depth: number of blocks.
        head: hidden width of the invariant read-out.

    Rounds: a neuron starts with its colour of round 0, and a block gives it the multisets of one round; the read-out sees
    edges together with both their ends, which may part what parts in round depth + 1.

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
    ):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"gmn reads the parameter graph of an MLP, which {space} does not have")
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.space = space
        self.encoder = Encoder(space, channels, lambda: Sine(channels))
        self.blocks = nn.ModuleList(Block(space.widths, channels) for _ in range(depth))
        if isinstance(output, Invariant):
            self.readout: nn.Module = EdgeReadout(space, channels, head, output.dim)
        else:
            self.readout = EquivariantHead(space, channels, output.channels)
        lecun_(self)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        check_input(self.space, v)
        graph = self.encoder(v)
        for block in self.blocks:
            graph = block(graph)
        return self.readout(graph)


class Sine(nn.Module):
    """`sin(lin value)`: features of a scalar, bounded however large it is."""

    def __init__(self, channels: int):
        super().__init__()
        self.linear = nn.Linear(1, channels)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.linear(values).sin()


class Block(nn.Module):
    """One block: every edge looks at its ends, every neuron at its edges; the module's docstring has the formulas."""

    def __init__(self, widths: Sequence[int], channels: int):
        super().__init__()
        self.widths = list(widths)
        self.norm, self.edge_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.ends = nn.Linear(channels, 5 * channels)
        self.edge, self.edge_step, self.along, self.against = (
            nn.Linear(channels, channels, bias=False) for _ in range(4)
        )
        self.pooled = nn.Linear(2 * channels, channels, bias=False)
        self.node_step = nn.Linear(channels, channels)

    def forward(self, graph: Graph) -> Graph:
        x, channels = graph.nodes, graph.nodes.shape[-1]
        parts = self.ends(self.norm(x)).chunk(5, -1)
        own, (target, source, sender, receiver) = parts[0], (part.split(self.widths, 1) for part in parts[1:])
        edges: list[torch.Tensor] = []
        incoming = [x.new_zeros(len(x), self.widths[0], channels)]
        outgoing: list[torch.Tensor] = []
        for layer, e in enumerate(graph.edges, 1):
            new = functional.silu(join(self.edge(self.edge_norm(e)), target[layer], source[layer - 1]))
            edges.append(self.edge_step(new).add_(e))
            along = functional.silu(self.along(new).add_(sender[layer - 1].unsqueeze(1)))
            against = functional.silu(self.against(new).add_(receiver[layer].unsqueeze(2)))
            incoming.append(total(along, 2))
            outgoing.append(total(against, 1))
        outgoing.append(x.new_zeros(len(x), self.widths[-1], channels))
        pooled = self.pooled(torch.cat([torch.cat(incoming, 1), torch.cat(outgoing, 1)], -1))
        return Graph(x + self.node_step(functional.silu(own + pooled)), tuple(edges))


class EdgeReadout(nn.Module):
    """Parameter graph -> `[B, dim]`: `MLP [mean_jk act(lin [x_j; x_k; e_jk])]`, one mean for each weight matrix."""

    def __init__(self, space: WeightSpace, channels: int, head: int, dim: int):
        super().__init__()
        self.edges = EdgeMLP(space.widths, channels)
        self.head = mlp_head((len(space.widths) - 1) * channels, head, dim, depth=1)

    def forward(self, graph: Graph) -> torch.Tensor:
        return self.head(torch.cat([mean(hidden.flatten(1, 2), 1) for hidden in self.edges(graph)], -1))
