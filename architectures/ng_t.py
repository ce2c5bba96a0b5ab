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

All edges stand in one tensor `[2, B, P, C]`, P the number of weights: e_ij and e_ji, i the later neuron, at the place of W_i[i, j], so that
every map on edges is one product for all layers: a small network is a question of how many operations there are.

The direction of an edge is named by a learned vector in e_kj, k the earlier neuron, and by the layers' vectors in x.

Power: x_i and e_ij are functions of colours of refinement. Let two nets have equal colour histograms in round d. Then after d
blocks x_i is a function of its colour of round d, by induction: the attention adds to its own colour the multiset of
(weight, colour) over its edges, and the multiset of all colours, which is the same in both nets. No triangles occur, and the
read-out sees neurons alone: nothing that only a round after d separates shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

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
        e = torch.stack([there, there + self.reverse])
        for block in self.blocks:
            x, e = block(x, e)
        edges = () if self.invariant else tuple(Pairs(self.space.widths).split(normalise(e[0])))
        return self.readout(Graph(normalise(x), edges))


def normalise(x: torch.Tensor) -> torch.Tensor:
    """LayerNorm over the channels; its scale and shift are left to the linear maps that follow."""
    return functional.layer_norm(x, x.shape[-1:])


class Block(nn.Module):
    """Neurons look at all neurons, edges at their ends and at each other; the module's docstring has the formulas."""

    def __init__(self, widths: Sequence[int], channels: int, heads: int, feedforward: int, *, updates_edges: bool):
        super().__init__()
        self.attention = RelationalAttention(widths, channels, heads)
        self.mlp = mlp_head(channels, feedforward * channels, channels, depth=1)
        self.update = EdgeUpdate(widths, channels) if updates_edges else None

    def forward(self, x: torch.Tensor, e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x `[B, N, C]` and e `[2, B, P, C]` -> the same shapes."""
        # All maps of all edges are one product. What meets a row's neuron comes first, so the two directions differ in their order.
        there, back = self.attention.maps(back=False), self.attention.maps(back=True)
        more = () if self.update is None else (self.update.E.weight, self.update.F.weight)
        weight = torch.stack([torch.cat([*there, *more]), torch.cat([*back, *more])])
        flat = normalise(e).flatten(1, 2)
        parts = torch.bmm(flat, weight.mT).view(*e.shape[:3], -1).split(e.shape[-1], -1)
        x = x + self.attention(normalise(x), *parts[:4])
        x = x + self.mlp(normalise(x))
        return x, e if self.update is None else e + self.update(normalise(x), *parts[4:])


class Pairs:
    """Where the edges between consecutive layers stand in `[2, B, P, C]`."""

    def __init__(self, widths: Sequence[int]):
        self.sizes = list(zip(widths[1:], widths, strict=False))
        self.counts = [rows * columns for rows, columns in self.sizes]

    def split(self, edges: torch.Tensor) -> list[torch.Tensor]:
        """`[..., P, C]` -> one `[..., n_i, n_j, C]` for each pair of layers, i = j + 1, without a copy."""
        return [part.unflatten(-2, size) for part, size in zip(edges.split(self.counts, -2), self.sizes, strict=True)]


class RelationalAttention(nn.Module):
    """Attention of every neuron over all neurons, with edge features in queries, keys and values where there are edges.

    Args:
        widths: neurons of every layer.
        channels: C.
        heads: H.
    """

    def __init__(self, widths: Sequence[int], channels: int, heads: int):
        super().__init__()
        self.widths, self.heads, self.pairs = list(widths), heads, Pairs(widths)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.Q, self.K, self.M, self.V = (nn.Linear(channels, channels, bias=False) for _ in range(4))
        self.out = nn.Linear(channels, channels)

    def maps(self, *, back: bool) -> tuple[torch.Tensor, ...]:
        """The maps of e_ij, i = j + 1: Q meets q_i, K meets k_j; those of e_ji, where K meets the row's neuron: k_i."""
        first, second = (self.K, self.Q) if back else (self.Q, self.K)
        return first.weight, second.weight, self.M.weight, self.V.weight

    def forward(
        self, x: torch.Tensor, row: torch.Tensor, column: torch.Tensor, gain: torch.Tensor, shift: torch.Tensor
    ) -> torch.Tensor:
        """x `[B, N, C]` and the maps of all edges, each `[2, B, P, C]` -> `[B, N, C]`."""
        q, k, v = self.qkv(x).chunk(3, -1)
        # The logits of pairs that are not joined, then those of joined pairs in their places.
        plain = self.split_heads(q) @ self.split_heads(k).transpose(-2, -1)
        blocks = [list(rows.split(self.widths, 3)) for rows in plain.split(self.widths, 2)]
        of_rows, of_columns = (torch.stack(each).split(self.widths, 2) for each in ((q, k), (k, q)))
        for i, (one, other) in enumerate(zip(self.pairs.split(row), self.pairs.split(column), strict=True), 1):
            product = (one + of_rows[i].unsqueeze(3)) * (other + of_columns[i - 1].unsqueeze(2))
            # Through a flat view, so that the gradient comes back contiguous; else it would be copied at C channels.
            logits = self.by_head(product).sum(-1).flatten(2).unflatten(2, (*one.shape[2:4], self.heads))
            blocks[i][i - 1], blocks[i - 1][i] = logits[0].permute(0, 3, 1, 2), logits[1].permute(0, 3, 2, 1)
        logits = torch.cat([torch.cat(row, 3) for row in blocks], 2)
        attention = (logits * (1 / math.sqrt(q.shape[-1] // self.heads))).softmax(-1)

        answers = (attention @ self.split_heads(v)).transpose(1, 2).flatten(2)
        shares = [rows.split(self.widths, 3) for rows in attention.split(self.widths, 2)]
        values = v.split(self.widths, 1)
        up, down = [torch.zeros_like(values[0])], []
        for i, (gains, shifts) in enumerate(zip(self.pairs.split(gain), self.pairs.split(shift), strict=True), 1):
            forward = torch.addcmul(shifts[0], gains[0], values[i - 1].unsqueeze(1))
            backward = torch.addcmul(shifts[1], gains[1], values[i].unsqueeze(2))
            up.append(self.weighed(shares[i][i - 1].permute(0, 2, 3, 1), forward, 2))
            down.append(self.weighed(shares[i - 1][i].permute(0, 3, 2, 1), backward, 1))
        down.append(torch.zeros_like(values[-1]))
        return self.out(answers + torch.cat(up, 1) + torch.cat(down, 1))

    def by_head(self, x: torch.Tensor) -> torch.Tensor:
        """`[..., C]` -> `[..., H, c]`."""
        return x.unflatten(-1, (self.heads, -1))

    def split_heads(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, N, C]` -> `[B, H, N, c]`."""
        return self.by_head(x).transpose(1, 2)

    def weighed(self, share: torch.Tensor, values: torch.Tensor, dim: int) -> torch.Tensor:
        """The sum along `dim` of values `[B, n_i, n_j, C]`, each head's channels by its own share `[B, n_i, n_j, H]`."""
        return (share.unsqueeze(-1) * self.by_head(values)).sum(dim).flatten(2)


class EdgeUpdate(nn.Module):
    """`lin SiLU(E e_ij + F e_ji + T x_i + S x_j)` for every ordered pair of joined neurons."""

    def __init__(self, widths: Sequence[int], channels: int):
        super().__init__()
        self.widths, self.pairs = list(widths), Pairs(widths)
        self.ends = nn.Linear(channels, 2 * channels)
        self.E, self.F, self.out = (nn.Linear(channels, channels, bias=False) for _ in range(3))

    def forward(self, x: torch.Tensor, own: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """x `[B, N, C]`, `E e` and `F e` of all edges, each `[2, B, P, C]` -> the change of all edges."""
        target, source = self.ends(x).chunk(2, -1)
        of_rows, of_columns = (torch.stack(each).split(self.widths, 2) for each in ((target, source), (source, target)))
        hidden = [
            (edge + of_rows[i].unsqueeze(3)).add_(of_columns[i - 1].unsqueeze(2)).flatten(2, 3)
            for i, edge in enumerate(self.pairs.split(own + other.flip(0)), 1)
        ]
        return self.out(functional.silu(torch.cat(hidden, 2)))


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
