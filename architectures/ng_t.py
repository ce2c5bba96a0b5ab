"""NG-T: relational transformer on neural graphs.

Kofinas, Knyazev, Zhang, Chen, Burghouts, Gavves, Snoek, Zhang, *Graph Neural Networks for Learning Equivariant
Representations of Neural Networks*, ICLR 2024, arXiv 2403.12143; relational attention after Diao and Loynd 2023.

On the parameter graph, with a feature x_i for each neuron (its bias lies there) and one e_ij for each ordered pair of
joined neurons, so two for each weight, a block does, after normalising both:

    q_ij = q_i + Q e_ij,   k_ij = k_j + K e_ij,   v_ij = v_j * (1 + M e_ij) + V e_ij
    x_i  += lin sum_j softmax_j(q_ij . k_ij / sqrt(c)) v_ij,   c = C/H channels a head
    x_i  += MLP(norm x_i)
    e_ij += lin SiLU(E e_ij + F e_ji + T x_i + S x_j)

j runs over all neurons of all layers. Where i and j are not joined there is no e_ij, and what holds it is left out: the paper
gives such pairs the feature zero and then updates it too, which makes it a function of x_i and x_j and their past, known
to the attention anyhow. Leaving it out is most of the speed.

All edges stand in one tensor `[B, 2P, C]`, P the number of weights: e_ij, i the later neuron, in the order of W_1, ..., W_L, and behind them
e_ji in the same order. Every map on edges is one product for all layers, what is taken from the ends one gather, and e_ji lies half a turn
from e_ij: a small network is a question of how many operations there are.

The direction of an edge is named by a learned vector in e_kj, k the earlier neuron, and by the layers' vectors in x.

Power: x_i and e_ij are functions of colours of refinement. Let two nets have equal colour histograms in round d. Then after d
blocks x_i is a function of its colour of round d, by induction: the attention adds to its own colour the multiset of
(weight, colour) over its edges, and the multiset of all colours, which is the same in both nets. No triangles occur, and the
read-out sees neurons alone: nothing that only a round after d separates shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .encodings import GaussianFourier
from .heads import check_input, check_size, mlp_head
from .parameter_graph import Encoder, EquivariantHead, Graph, Wiring, lecun_, mean


@register(
    "ng-t",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth, depth) if depth > 0 else None,
    modes=("eval", "train"),
    spaces="MLPs",
    paper="Kofinas et al. 2024, arXiv 2403.12143",
)
class NGT(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons, by attention over pairs of neurons.

    Args:
        space: an MLP space.
        output: `Invariant(dim)`: an MLP on the features of all output neurons and the mean of each hidden layer (the paper
            takes the output neurons alone; the means save a block); `Equivariant(channels)`: an MLP on every edge and its
            ends, and on every neuron for its bias.
        channels: C, of nodes, edges and attention, at least 3.
        depth: number of blocks (4 as published). The last one updates no edges.
        heads: H, a divisor of C.
        feedforward: hidden width of the neurons' MLP over C.
        head: hidden width of the invariant read-out.
        fourier: frequencies of the Gaussian Fourier encoding of weights and biases; 0 feeds the values themselves.
        fourier_scale: standard deviation of the frequencies.

    Rounds: a neuron starts with its colour of round 0, and a block gives it one round.

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
        heads: int = 4,
        feedforward: int = 4,
        head: int = 128,
        fourier: int = 0,
        fourier_scale: float = 1.0,
    ):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"ng-t reads the parameter graph of an MLP, which {space} does not have")
        if channels < 3:
            raise ValueError(
                f"channels={channels}; allowed: integers of at least 3, below which LayerNorm leaves only signs"
            )
        options = {"depth": depth, "heads": heads, "feedforward": feedforward, "head": head}
        for option, value in options.items():
            check_size(option, value)
        if channels % heads:
            raise ValueError(f"heads={heads}; allowed: divisors of channels={channels}")
        self.space, wiring = space, Wiring(space)

        def scalars(slots: int) -> nn.Module:
            values = GaussianFourier(fourier, fourier_scale)
            return nn.Sequential(values, nn.Linear(slots * values.channels, channels))

        self.encoder = Encoder(wiring, channels, scalars)
        self.reverse = nn.Parameter(torch.randn(channels))
        self.blocks = nn.ModuleList(
            Block(space.widths, channels, heads, feedforward, updates_edges=number < depth - 1)
            for number in range(depth)
        )
        self.register_buffer("ends", joined(space.widths), persistent=False)
        self.invariant = isinstance(output, Invariant)
        if isinstance(output, Invariant):
            self.readout: nn.Module = NodeReadout(space, channels, head, output.dim)
        else:
            self.readout = EquivariantHead(wiring, channels, output.channels)
        lecun_(self)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        x, weights = self.encoder(v)
        there = torch.cat([edge.flatten(1, 2) for edge in weights], 1)
        e = torch.cat([there, there + self.reverse], 1)
        for block in self.blocks:
            x, e = block(x, e, self.ends)
        edges = () if self.invariant else tuple(split(normalise(e[:, : there.shape[1]]), self.space.widths))
        return self.readout(Graph(normalise(x), edges))


def normalise(x: torch.Tensor) -> torch.Tensor:
    """LayerNorm over the channels; its scale and shift are left to the linear maps that follow."""
    return functional.layer_norm(x, x.shape[-1:])


def joined(widths: Sequence[int]) -> torch.Tensor:
    """`[2, 2P]`: the numbers of i and of j of every e_ij, in the order in which the edges stand."""
    numbers = torch.arange(sum(widths)).split(list(widths))
    later = torch.cat([rows.repeat_interleave(len(columns)) for columns, rows in pairwise(numbers)])
    earlier = torch.cat([columns.repeat(len(rows)) for columns, rows in pairwise(numbers)])
    return torch.stack([torch.cat([later, earlier]), torch.cat([earlier, later])])


def split(edges: torch.Tensor, widths: Sequence[int]) -> list[torch.Tensor]:
    """`[B, P, C]` -> one `[B, n_i, n_j, C]` for each pair of layers, i = j + 1, without a copy."""
    sizes = [(rows, columns) for columns, rows in pairwise(widths)]
    parts = edges.split_with_sizes([rows * columns for rows, columns in sizes], 1)
    return [part.unflatten(1, size) for part, size in zip(parts, sizes, strict=True)]


class Block(nn.Module):
    """Neurons look at all neurons, edges at their ends and at each other; the module's docstring has the formulas."""

    def __init__(self, widths: Sequence[int], channels: int, heads: int, feedforward: int, *, updates_edges: bool):
        super().__init__()
        self.attention = RelationalAttention(widths, channels, heads)
        self.mlp = mlp_head(channels, feedforward * channels, channels, depth=1)
        self.update = EdgeUpdate(channels) if updates_edges else None

    def forward(self, x: torch.Tensor, e: torch.Tensor, ends: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x `[B, N, C]` and e `[B, 2P, C]` -> the same shapes; `ends`: as of `joined`."""
        # All maps of all edges are one product.
        maps = [*self.attention.maps(), *(() if self.update is None else self.update.maps())]
        parts = functional.linear(normalise(e), torch.cat(maps)).chunk(len(maps), -1)
        x = x + self.attention(normalise(x), ends, *parts[:4])
        x = x + self.mlp(normalise(x))
        return x, e if self.update is None else e + self.update(normalise(x), ends, *parts[4:])


class RelationalAttention(nn.Module):
    """Attention of every neuron over all neurons, with edge features in queries, keys and values where there are edges.

    Args:
        widths: neurons of every layer.
        channels: C.
        heads: H.
    """

    def __init__(self, widths: Sequence[int], channels: int, heads: int):
        super().__init__()
        self.widths, self.heads = list(widths), heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.Q, self.K, self.M, self.V = (nn.Linear(channels, channels, bias=False) for _ in range(4))
        self.out = nn.Linear(channels, channels)
        self.register_buffer("head_of", torch.eye(heads).repeat_interleave(channels // heads, 0), persistent=False)

    def maps(self) -> tuple[torch.Tensor, ...]:
        """What edges are multiplied by for `forward`."""
        return self.Q.weight, self.K.weight, self.M.weight, self.V.weight

    def forward(
        self,
        x: torch.Tensor,
        ends: torch.Tensor,
        query: torch.Tensor,
        key: torch.Tensor,
        gain: torch.Tensor,
        shift: torch.Tensor,
    ) -> torch.Tensor:
        """x `[B, N, C]` and `Q e`, `K e`, `M e` and `V e` of all edges, each `[B, 2P, C]` -> `[B, N, C]`."""
        i, j = ends
        neurons, channels = x.shape[1:]
        q, k, v = self.qkv(x).chunk(3, -1)
        # The logits of all pairs, then those of joined pairs in their places.
        plain = (self.split_heads(q) @ self.split_heads(k).mT).flatten(2)
        # In place: fresh memory costs as much as the sum.
        joint = (q.index_select(1, i).add_(query) * k.index_select(1, j).add_(key) @ self.head_of).mT
        places = (i * neurons + j).expand(joint.shape)
        logits = plain.scatter(2, places, joint).unflatten(2, (neurons, neurons))
        attention = (logits * (1 / math.sqrt(channels // self.heads))).softmax(-1)

        answers = (attention @ self.split_heads(v)).transpose(1, 2).flatten(2)
        share = attention.flatten(2).gather(2, places).mT.unsqueeze(-1)
        values = self.by_head(torch.addcmul(shift, gain, v.index_select(1, j)))
        return self.out(answers + self.gathered((values * share).flatten(2)))

    def gathered(self, edges: torch.Tensor) -> torch.Tensor:
        """`[B, 2P, C]` -> `[B, N, C]`: for every i the sum over j."""
        up, down = (split(part, self.widths) for part in edges.chunk(2, 1))
        none = edges.new_zeros(len(edges), max(self.widths[0], self.widths[-1]), edges.shape[-1])
        first, last = none[:, : self.widths[0]], none[:, : self.widths[-1]]
        return torch.cat([first, *(e.sum(2) for e in up)], 1) + torch.cat([*(e.sum(1) for e in down), last], 1)

    def by_head(self, x: torch.Tensor) -> torch.Tensor:
        """`[..., C]` -> `[..., H, c]`."""
        return x.unflatten(-1, (self.heads, -1))

    def split_heads(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, N, C]` -> `[B, H, N, c]`."""
        return self.by_head(x).transpose(1, 2)


class EdgeUpdate(nn.Module):
    """`lin SiLU(E e_ij + F e_ji + T x_i + S x_j)` for every ordered pair of joined neurons."""

    def __init__(self, channels: int):
        super().__init__()
        self.ends = nn.Linear(channels, 2 * channels)
        self.E, self.F, self.out = (nn.Linear(channels, channels, bias=False) for _ in range(3))

    def maps(self) -> tuple[torch.Tensor, ...]:
        """What edges are multiplied by for `forward`."""
        return self.E.weight, self.F.weight

    def forward(self, x: torch.Tensor, ends: torch.Tensor, own: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """x `[B, N, C]`, `E e` and `F e` of all edges, each `[B, 2P, C]` -> the change of all edges."""
        i, _ = ends
        # S x_j is what stands as S x_i at e_ji, half a turn away, as F e_ji is.
        target, source = self.ends(x).chunk(2, -1)
        back = source.index_select(1, i).add_(other)
        return self.out(functional.silu(back.roll(len(i) // 2, 1).add_(own).add_(target.index_select(1, i))))


class NodeReadout(nn.Module):
    """Parameter graph -> `[B, dim]`: an MLP on the output neurons' features and on the mean of every hidden layer."""

    def __init__(self, space: WeightSpace, channels: int, head: int, dim: int):
        super().__init__()
        self.widths = list(space.widths)
        self.head = mlp_head((len(self.widths) - 2 + self.widths[-1]) * channels, head, dim, depth=1)

    def forward(self, graph: Graph) -> torch.Tensor:
        """Nodes `[B, N, C]` -> `[B, dim]`; edges are not read."""
        _, *hidden, last = graph.nodes.split(self.widths, 1)
        return self.head(torch.cat([last.flatten(1), *(mean(layer, 1) for layer in hidden)], -1))
