"""NFT: neural functional transformer.

Zhou, Yang, Jiang, Burns, Xu, Sokota, Kolter, Finn, *Neural Functional Transformers*, NeurIPS 2023, arXiv 2305.13546.

A pre-norm transformer block on the tensors of a weight vector, C channels an entry, c = C/H of them a head:

    x += attention(norm x)        the sum of (a) and (b); q = Q x, k = K x, v = V x, the same maps for all tensors
    x += MLP(norm x)              point-wise, GELU, one MLP for each tensor

    (a)  the means of the 2L tensors are tokens; their answers are broadcast back
    (b)  for every layer of neurons i = 0..L the tokens are the columns W_i[:, k], the bias b_i and the rows W_{i+1}[m, :],
         each flattened over the neurons of layer i to a vector of length c n_i;
         softmax(q . k / sqrt(c n_i)) v among them

W_i collects from (b) twice: with its columns from layer i, with its rows from layer i - 1.

Why it commutes with the group: a product q . k sums over the neurons of layer i and so does not see their order; the answers
are vectors over these neurons and move with them; and attention does not see the order of its tokens. This would hold for
permuted inputs and outputs too; learned vectors, added to W_1 by input, to W_L and b_L by output, break that, as one vector
a tensor distinguishes the tensors.

Power: at most 2d rounds of folklore 2-WL (2-FWL) on the parameter graph for depth d (theory.md, section 8). Let two nets have equal
histograms of the colours of pairs in round t, and let x at W_i[m, k] be a function of the pair's colour c(m, k) and at b_i[n] one of
c(n, n); encodings are, of round 0. A colour c(m, k) determines c(k, m), c(m, m) and c(k, k) of its round. Then

    means of a tensor, so the answers of (a), are functions of the histogram: the same in both nets;
    q . k of two tokens, vectors over the neurons n of layer i, is a function of the multiset over n of (c(k, n), c(n, m)), so of the
    colour c(k, m) of round t + 1; where one of the two is the bias, c(n, n) stands for one factor, and c(k, n) determines it, so that
    the logit is one of c(k, k);
    the answer to the token k at the neuron n is a function of the multiset over tokens m of (logit, c(m, n)), so of the colour c(k, n)
    of round t + 2,

and a block takes two rounds. Logits hold `W_i^T W_i`, `W_{i+1} W_{i+1}^T` and `W_{i+1} W_i`, which no refinement of neurons sees: the pair
of prop-6.2 is separated by them. The three biplanes have the same Gram matrices, are 2-FWL-equivalent and are not (theory.md, section 5).

Rounds: what it shows is measured, on one cycle against two, of the longest that 2-FWL parts in a round: one block shows round 1, two and
more show round 2 as well; of round 3 the gap comes to lie near the noise at any depth.
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
from .encodings import GaussianFourier, PositionCode
from .heads import check_input, check_size, mlp_head


@register(
    "nft",
    symmetry="permutation",
    power="2-fwl",
    rounds=lambda depth: (max(1, min(depth, 2)), max(2, 2 * depth)),
    modes=("eval", "train"),
    spaces="MLPs",
    paper="Zhou et al. 2023, arXiv 2305.13546",
)
class NFT(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons, by attention between rows and columns.

    Args:
        space: an MLP space.
        output: `Invariant(dim)`: an MLP on the means of the 2L tensors; `Equivariant(channels)`: a point-wise linear map a
            tensor.
        channels: C, at least 3.
        depth: number of blocks (6 as published; 4 keeps a suite affordable).
        heads: H, a divisor of C.
        feedforward: hidden width of the point-wise MLPs over C.
        head: hidden width of the invariant read-out.
        fourier: frequencies of the Gaussian Fourier encoding of the values; 0 feeds the values themselves.
        fourier_scale: standard deviation of the frequencies.

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
            raise Unsupported(f"nft reads the weights of MLPs only, not {space}")
        if channels < 3:
            raise ValueError(
                f"channels={channels}; allowed: integers of at least 3, below which LayerNorm leaves only signs"
            )
        options = {"depth": depth, "heads": heads, "feedforward": feedforward, "head": head}
        for option, value in options.items():
            check_size(option, value)
        if channels % heads:
            raise ValueError(f"heads={heads}; allowed: divisors of channels={channels}")
        self.space = space
        self.encoding = Encoding(space, channels, GaussianFourier(fourier, fourier_scale))
        self.entry_tensors = Entries(space)
        count = len(space.tensors)
        self.blocks = nn.ModuleList(Block(self.entry_tensors, channels, heads, feedforward) for _ in range(depth))
        self.entries = None
        if isinstance(output, Invariant):
            self.head = mlp_head(count * channels, head, output.dim, depth=1)
        else:
            self.entries = nn.ModuleList(nn.Linear(channels, output.channels) for _ in range(count))

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        x = self.encoding(v)
        for block in self.blocks:
            x = block(x)
        x = normalise(x)
        if self.entries is None:
            return self.head(self.entry_tensors.means(x).flatten(1))
        answers = [linear(part) for linear, part in zip(self.entries, self.entry_tensors.split(x), strict=True)]
        return Weights(self.space, dict(zip(self.space.axes, answers, strict=True)))


class Entries(nn.Module):
    """Where the entries of the 2L tensors stand in one tensor `[B, E, C]`, in the order W_1, b_1, ..., W_L, b_L."""

    own: torch.Tensor

    def __init__(self, space: WeightSpace):
        super().__init__()
        self.shapes = list(space.shapes.values())
        self.counts = [math.prod(shape) for shape in self.shapes]
        which = torch.repeat_interleave(torch.arange(len(self.counts)), torch.tensor(self.counts))
        self.register_buffer("own", functional.one_hot(which, len(self.counts)).float(), persistent=False)

    def split(self, x: torch.Tensor) -> list[torch.Tensor]:
        """`[B, E, ...]` -> 2L views `[B, *axes, ...]`."""
        return [part.unflatten(1, shape) for part, shape in zip(x.split(self.counts, 1), self.shapes, strict=True)]

    def means(self, x: torch.Tensor) -> torch.Tensor:
        """The mean of every tensor over all of its entries, `[B, E, C]` -> `[B, 2L, C]`, as one product."""
        own = self.own.to(x.dtype)
        return (own / own.sum(0)).mT.expand(len(x), -1, -1) @ x

    def spread(self, means: torch.Tensor) -> torch.Tensor:
        """To every entry what its tensor was given, `[B, 2L, C]` -> `[B, E, C]`."""
        parts = zip(means.split(1, 1), self.counts, strict=True)
        return torch.cat([mean.expand(-1, count, -1) for mean, count in parts], 1)


def normalise(x: torch.Tensor) -> torch.Tensor:
    """LayerNorm over the channels of every entry; its scale and shift are left to the linear map that follows."""
    return functional.layer_norm(x, x.shape[-1:])


class Encoding(nn.Module):
    """Weight vectors -> the entries of all tensors with C channels: a linear map of the values, and learned vectors.

    One vector is added to each tensor, one to all that belongs to an input neuron, one to all that belongs to an output
    neuron.
    """

    def __init__(self, space: WeightSpace, channels: int, values: GaussianFourier):
        super().__init__()
        self.values = nn.Sequential(values, nn.Linear(values.channels, channels))
        self.tensors = nn.Parameter(torch.randn(len(space.tensors), channels))
        self.inputs = PositionCode(space.widths[0], channels, "learned")
        self.outputs = PositionCode(space.widths[-1], channels, "learned")

    def forward(self, v: Weights) -> torch.Tensor:
        """`Weights` of B networks, one channel -> `[B, E, C]`."""
        codes = [code.expand(*x.shape[1:-1], -1) for (_, x), code in zip(v.items(), self.tensors, strict=True)]
        codes[0] = codes[0] + self.inputs()
        codes[-2] = codes[-2] + self.outputs().unsqueeze(1)
        codes[-1] = codes[-1] + self.outputs()
        entries = torch.cat([x.flatten(1, -2) for _, x in v.items()], 1)
        return self.values(entries) + torch.cat([code.flatten(0, -2) for code in codes])


class Block(nn.Module):
    """`x += attention(norm x)`, `x += MLP(norm x)` on the entries of all tensors."""

    def __init__(self, entries: Entries, channels: int, heads: int, feedforward: int):
        super().__init__()
        self.counts = entries.counts
        self.attention = WeightAttention(entries, channels, heads)
        self.mlps = nn.ModuleList(mlp_head(channels, feedforward * channels, channels, depth=1) for _ in entries.counts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, E, C]` -> `[B, E, C]`."""
        x = x + self.attention(normalise(x))
        parts = normalise(x).split(self.counts, 1)
        return x + torch.cat([mlp(part) for mlp, part in zip(self.mlps, parts, strict=True)], 1)


class WeightAttention(nn.Module):
    """The attention of one block, between entries `[B, E, C]`.

    Args:
        entries: of the space.
        channels: C.
        heads: H.
    """

    def __init__(self, entries: Entries, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.Q, self.V = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.K = nn.Linear(channels, channels, bias=False)  # the same for all keys, a bias would cancel in the softmax
        self.means, self.spread, self.split = entries.means, entries.spread, entries.split

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, E, C]` -> `[B, E, C]`."""
        # One product for all three, and below one copy.
        weight = torch.cat([self.Q.weight, self.K.weight, self.V.weight])
        bias = torch.cat([self.Q.bias, torch.zeros_like(self.Q.bias), self.V.bias])

        def projected(values: torch.Tensor) -> torch.Tensor:
            return functional.linear(values, weight, bias).unflatten(-1, (3, self.heads, -1))

        # (a); the projections commute with the mean, which is taken first.
        q, k, v = projected(self.means(x)).permute(2, 0, 3, 1, 4)
        tensors = self.spread(attend(q, k, v).transpose(1, 2).flatten(2))
        # (b)
        every = self.split(projected(x))
        last = len(every) // 2
        answers: list[torch.Tensor] = []
        for i in range(last + 1):
            tokens = tokens_of_layer(every, i)
            counts, size = [part.shape[3] for part in tokens], tokens[0].shape[-2:]
            parts = attend(*torch.cat(tokens, 3).flatten(4)).unflatten(-1, size).split(counts, 2)
            if i > 0:
                # Each copied into the order of the entries first: a sum across orders takes longer, and one copy more.
                answers[-1] = answers[-1] + parts[0].permute(0, 3, 2, 1, 4).flatten(3).flatten(1, 2)
                answers.append(parts[1].squeeze(2).transpose(1, 2).flatten(2))
            if i < last:
                answers.append(parts[-1].permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2))
        return tensors + torch.cat(answers, 1)


def tokens_of_layer(tensors: Sequence[torch.Tensor], i: int) -> list[torch.Tensor]:
    """The columns of W_i, b_i and the rows of W_{i+1}, as far as they exist: each `[3, B, H, token, neuron of layer i, c]`.

    Args:
        tensors: q, k, v of `[W_1, b_1, ..., W_L, b_L]`, each `[B, *axes, 3, H, c]`.
        i: a layer of neurons, 0..L.
    """
    tokens: list[torch.Tensor] = []
    if i > 0:
        weight, bias = tensors[2 * i - 2], tensors[2 * i - 1]
        tokens += [weight.permute(3, 0, 4, 2, 1, 5), bias.permute(2, 0, 3, 1, 4).unsqueeze(3)]
    if 2 * i < len(tensors):
        tokens.append(tensors[2 * i].permute(3, 0, 4, 1, 2, 5))
    return tokens


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """`softmax(q k^T / sqrt(length)) v` for `[..., token, length]`.

    In two products: torch's fused attention is slower here, where vectors are long and tokens few.
    """
    logits = q @ k.transpose(-2, -1) * (1 / math.sqrt(q.shape[-1]))
    return logits.softmax(-1) @ v
