"""GMN: graph metanetwork.

Lim, Maron, Law, Lorraine, Lucas, *Graph Metanetworks for Processing Diverse Neural Architectures*, ICLR 2024, arXiv
2312.04501.

On the parameter graph (`parameter_graph.py`, which reads it off the axis names of any weight space), with a feature x per
neuron (its bias lies there) and e per weight, a block does

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

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, check_size, mlp_head
from .parameter_graph import EdgeMLP, Encoder, EquivariantHead, Graph, Wiring, join, lecun_, mean, total


@register(
    "gmn",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth, depth + 1) if depth > 0 else None,
    refinement="split",
    modes=("eval", "train"),
    spaces="at most two permuted axes a tensor",
    paper="Lim et al. 2024, arXiv 2312.04501",
)
class GMN(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for the group of the weight space, by message passing in both directions.

    Args:
        space: one whose tensors have at most two permuted axes each: of MLPs, convolutions, recurrences, attention. Hyperedges, of
            three, are left to `unf`; `parameter_graph.py` says why.
        output: `Invariant(dim)`: an MLP on every edge and its ends, the mean over each edge tensor, an MLP;
            `Equivariant(channels)`: an MLP on every edge and its ends, and on every neuron for its bias.
        channels: C, of nodes and edges.
        depth: number of blocks.
        head: hidden width of the invariant read-out.

    Rounds, on the spaces of MLPs: a neuron starts with its colour of round 0, and a block gives it the multisets of one round; the read-out sees
    edges together with both their ends, which may separate what round depth + 1 does.

    Raises:
        Unsupported: a space that has no parameter graph of this kind.
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
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.space, wiring = space, Wiring(space)
        self.encoder = Encoder(wiring, channels, lambda slots: Sine(slots, channels))
        self.blocks = nn.ModuleList(Block(wiring, channels) for _ in range(depth))
        if isinstance(output, Invariant):
            self.readout: nn.Module = EdgeReadout(wiring, channels, head, output.dim)
        else:
            self.readout = EquivariantHead(wiring, channels, output.channels)
        lecun_(self)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        graph = self.encoder(v)
        for block in self.blocks:
            graph = block(graph)
        return self.readout(graph)


class Sine(nn.Module):
    """`sin(lin values)`: features of the scalars of an edge or a node, bounded however large they are."""

    def __init__(self, slots: int, channels: int):
        super().__init__()
        self.linear = nn.Linear(slots, channels)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """`[..., slots]` -> `[..., C]`."""
        return self.linear(values).sin()


class Block(nn.Module):
    """One block: every edge looks at its ends, every neuron at its edges; the module's docstring has the formulas."""

    def __init__(self, wiring: Wiring, channels: int):
        super().__init__()
        self.wiring = wiring
        self.norm, self.edge_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.ends = nn.Linear(channels, 5 * channels)
        self.edge, self.edge_step, self.along, self.against = (
            nn.Linear(channels, channels, bias=False) for _ in range(4)
        )
        self.pooled = nn.Linear(2 * channels, channels, bias=False)
        self.node_step = nn.Linear(channels, channels)

    def forward(self, graph: Graph) -> Graph:
        """Nodes `[B, N, C]` and edges `[B, n, m, C]` -> the same shapes."""
        x, widths = graph.nodes, self.wiring.widths
        parts = self.ends(self.norm(x)).chunk(5, -1)
        own, (target, source, sender, receiver) = parts[0], (part.split(widths, 1) for part in parts[1:])
        edges: list[torch.Tensor] = []
        incoming: list[list[torch.Tensor]] = [[] for _ in widths]
        outgoing: list[list[torch.Tensor]] = [[] for _ in widths]
        for e, (to, start) in zip(graph.edges, self.wiring.ends, strict=True):
            new = functional.silu(join(self.edge(self.edge_norm(e)), target[to], source[start]))
            edges.append(self.edge_step(new).add_(e))
            along = functional.silu(self.along(new).add_(sender[start].unsqueeze(1)))
            against = functional.silu(self.against(new).add_(receiver[to].unsqueeze(2)))
            incoming[to].append(total(along, 2))
            outgoing[start].append(total(against, 1))
        pooled = self.pooled(torch.cat([gathered(incoming, x, widths), gathered(outgoing, x, widths)], -1))
        return Graph(x + self.node_step(functional.silu(own + pooled)), tuple(edges))


def gathered(messages: Sequence[Sequence[torch.Tensor]], x: torch.Tensor, widths: Sequence[int]) -> torch.Tensor:
    """Per axis of nodes the sum over all edge tensors that reach it, zero where none does: `[B, N, C]`."""
    none = x.new_zeros(len(x), max(widths), x.shape[-1])
    sums = [sum(some[1:], some[0]) if some else none[:, :n] for some, n in zip(messages, widths, strict=True)]
    return torch.cat(sums, 1)


class EdgeReadout(nn.Module):
    """Parameter graph -> `[B, dim]`: `MLP [mean_jk act(lin [x_j; x_k; e_jk])]`, one mean for each edge tensor."""

    def __init__(self, wiring: Wiring, channels: int, head: int, dim: int):
        super().__init__()
        self.edges = EdgeMLP(wiring, channels)
        self.head = mlp_head(len(wiring.edges) * channels, head, dim, depth=1)

    def forward(self, graph: Graph) -> torch.Tensor:
        """Nodes `[B, N, C]` and edges `[B, n, m, C]` -> `[B, dim]`."""
        return self.head(torch.cat([mean(hidden.flatten(1, 2), 1) for hidden in self.edges(graph)], -1))
