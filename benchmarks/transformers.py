"""NFT and NG-T against their floor, and against the published way of computing them, in the same run.

    python benchmarks/transformers.py            # table
    python benchmarks/transformers.py --json     # the same numbers as JSON

Floor: the bare matrix products of the formulas (linear maps of entries, neurons and edges, logits and weighted sums of
dense attention), timed alone; for forward + backward with the products of their gradients. Published: for `nft` the attention
and normalisation layers of the `nfn` package from PyPI in the same block, where it is installed; for `ng-t` the relational
transformer with an edge feature for every one of the N^2 pairs of neurons, operation by operation in the published order.
Both at the same channels, depth, heads and feed-forward width. A cell whose published side is predicted to take more than
8 GiB has none.

All sides are timed in turn, call by call, and a cell is the median of each. Ratios are what to read.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise

import torch
from layers import forward, forward_backward, interleaved_medians
from torch import nn
from torch.nn import functional

from orbitcheck import Invariant, Weights, WeightSpace, mlp
from orbitcheck.architectures.nft import NFT
from orbitcheck.architectures.ng_t import NGT

NETWORKS: dict[str, tuple[type[nn.Module], int]] = {"nft": (NFT, 6), "ng-t": (NGT, 4)}
"""Name -> class and depth, as published."""
HEADS, FEEDFORWARD, OUTPUTS = 4, 4, 4
LIMIT = 8 * 2**30

Product = tuple[int, int, int, int, bool]
"""(batch, m, k, n, whether the left side needs a gradient): `[batch, m, k] @ [batch, k, n]`."""


@dataclass(frozen=True)
class Row:
    """One cell: medians in milliseconds, and the ratios ours / floor and published / ours; None where there is no such side."""

    network: str
    widths: tuple[int, ...]
    batch: int
    channels: int
    threads: int
    passes: str
    milliseconds: float
    floor: float
    over_floor: float
    published: float | None
    speedup: float | None


def nft_products(space: WeightSpace, batch: int, c: int, depth: int) -> list[Product]:
    """Every product of NFT's formulas."""
    entries, widths = space.parameters * batch, space.widths
    block: list[Product] = [(1, entries, c, c, True)] * 3
    block += [(1, entries, c, FEEDFORWARD * c, True), (1, entries, FEEDFORWARD * c, c, True)]
    for i, width in enumerate(widths):
        tokens = (widths[i - 1] + 1 if i > 0 else 0) + (widths[i + 1] if i + 1 < len(widths) else 0)
        length = width * c // HEADS
        block += [(batch * HEADS, tokens, length, tokens, True), (batch * HEADS, tokens, tokens, length, True)]
    return [(1, entries, 1, c, False), *block * depth]


def ngt_products(space: WeightSpace, batch: int, c: int, depth: int) -> list[Product]:
    """Every product of NG-T's formulas; the sums over edges are none."""
    neurons, widths = sum(space.widths), space.widths
    edges = 2 * batch * sum(after * before for before, after in zip(widths, widths[1:], strict=False))
    block: list[Product] = [(1, batch * neurons, c, 3 * c, True), (1, batch * neurons, c, c, True)]
    block += [(1, batch * neurons, c, FEEDFORWARD * c, True), (1, batch * neurons, FEEDFORWARD * c, c, True)]
    block += [(batch * HEADS, neurons, c // HEADS, neurons, True), (batch * HEADS, neurons, neurons, c // HEADS, True)]
    block += [(1, edges, c, c, True)] * 4
    update: list[Product] = [(1, edges, c, c, True)] * 3
    return [(1, edges // 2, 1, c, False), *block * depth, *update * (depth - 1)]


PRODUCTS = {"nft": nft_products, "ng-t": ngt_products}


def floor(products: Sequence[Product], backward: bool) -> Callable[[], None]:
    """A call that does just these products, and for the backward pass those of their gradients."""
    operands = [
        (torch.randn(b, m, k), torch.randn(b, n, k).transpose(1, 2), torch.randn(b, m, n), needs)
        for b, m, k, n, needs in products
    ]

    def call() -> None:
        for left, right, gradient, needs in operands:
            multiply = torch.bmm if len(left) > 1 else lambda x, y: torch.mm(x[0], y[0])
            multiply(left, right)
            if backward:
                multiply(gradient.transpose(1, 2), left)
                if needs:
                    multiply(gradient, right.transpose(1, 2))

    return call


class DenseRelational(nn.Module):
    """The published order of operations of NG-T's block: a feature for every pair of neurons, joined or not; post-norm."""

    def __init__(self, c: int, updates_edges: bool):
        super().__init__()
        self.nodes, self.edges = nn.Linear(c, 3 * c, bias=False), nn.Linear(c, 4 * c, bias=False)
        self.project, self.out = nn.Linear(c, c), nn.Linear(c, c)
        self.norms = nn.ModuleList(nn.LayerNorm(c) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(c, FEEDFORWARD * c), nn.GELU(), nn.Linear(FEEDFORWARD * c, c))
        self.updates_edges = updates_edges
        self.both, self.source, self.target = nn.Linear(2 * c, c), nn.Linear(c, c), nn.Linear(c, c)
        self.edge_out = nn.Linear(c, c)
        self.edge_mlp = nn.Sequential(nn.Linear(c, c), nn.GELU(), nn.Linear(c, c))

    def attend(self, x: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
        q, k, v = self.nodes(x).unflatten(-1, (HEADS, -1)).transpose(1, 2).chunk(3, -1)
        q_e, k_e, v_e, m_e = self.edges(e).unflatten(-1, (HEADS, -1)).permute(0, 3, 1, 2, 4).chunk(4, -1)
        logits = torch.einsum("bhijc,bhijc->bhij", q.unsqueeze(-2) + q_e, k.unsqueeze(-3) + k_e)
        share = (logits * x.shape[-1] ** -0.5).softmax(-1)
        return self.project(torch.einsum("bhij,bhijc->bihc", share, v.unsqueeze(-3) * m_e + v_e).flatten(2))

    def forward(self, x: torch.Tensor, e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.norms[0](x + self.out(self.attend(x, e)))
        x = self.norms[1](x + self.mlp(x))
        if self.updates_edges:
            both = self.both(torch.cat([e, e.transpose(1, 2)], -1))
            hidden = functional.gelu(both + self.source(x).unsqueeze(2) + self.target(x).unsqueeze(1))
            e = self.norms[2](e + self.edge_out(hidden))
            e = self.norms[3](e + self.edge_mlp(e))
        return x, e


class DenseNGT(nn.Module):
    """Weights -> `[B, OUTPUTS]` through `DenseRelational` blocks, read off the output neurons."""

    def __init__(self, space: WeightSpace, c: int, depth: int):
        super().__init__()
        self.widths = space.widths
        self.bias, self.weight = nn.Linear(1, c), nn.Linear(1, c)
        self.blocks = nn.ModuleList(DenseRelational(c, number < depth - 1) for number in range(depth))
        self.head = nn.Linear(c * self.widths[-1], OUTPUTS)

    def forward(self, v: Weights) -> torch.Tensor:
        first = self.widths[0]
        x = self.bias(functional.pad(torch.cat(v.biases, 1), (0, 0, first, 0)))
        e = v.biases[0].new_zeros(v.batch, x.shape[1], x.shape[1], 1)
        row, column = first, 0
        for w in v.weights:
            e[:, row : row + w.shape[1], column : column + w.shape[2]] = w
            row, column = row + w.shape[1], column + w.shape[2]
        e = self.weight(e)
        for block in self.blocks:
            x, e = block(x, e)
        return self.head(x[:, -self.widths[-1] :].flatten(1))


def published_nft(space: WeightSpace, c: int, depth: int) -> nn.Module | None:
    """NFT of the `nfn` package's own layers, channels first as it has them; None where it is not installed."""
    try:
        from nfn.common import ArraySpec, NetworkSpec, WeightSpaceFeatures
        from nfn.layers import HNPPool, LearnedPosEmbedding, NPAttention, SimpleLayerNorm
        from nfn.layers.layers import ChannelLinear
    except ImportError:
        return None
    shapes = [space.shapes[name] for name in space.axes]
    spec = NetworkSpec([ArraySpec(shape) for shape in shapes[0::2]], [ArraySpec(shape) for shape in shapes[1::2]])

    class Published(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.values, self.position = ChannelLinear(1, c), LearnedPosEmbedding(spec, c)
            self.attentions = nn.ModuleList(NPAttention(spec, c, num_heads=HEADS) for _ in range(depth))
            self.norms = nn.ModuleList(SimpleLayerNorm(spec, c) for _ in range(2 * depth))
            self.mlps = nn.ModuleList(
                nn.Sequential(ChannelLinear(c, FEEDFORWARD * c), nn.GELU(), ChannelLinear(FEEDFORWARD * c, c))
                for _ in range(depth * len(shapes))
            )
            self.pool, self.head = HNPPool(spec), nn.Linear(HNPPool.get_num_outs(spec) * c, OUTPUTS)

        def forward(self, v: Weights) -> torch.Tensor:
            x = WeightSpaceFeatures(*([t.movedim(-1, 1) for t in some] for some in (v.weights, v.biases)))
            x = self.position(x.map(self.values))
            mlps = iter(self.mlps)
            for number, attention in enumerate(self.attentions):
                x = x + attention(self.norms[2 * number](x))
                x = x + self.norms[2 * number + 1](x).map(lambda t: next(mlps)(t))
            return self.head(self.pool(x).flatten(1))

    return Published()


def published(name: str, space: WeightSpace, batch: int, c: int, depth: int) -> nn.Module | None:
    """The published way of computing the network; None if there is none at hand or it would not fit."""
    features = space.parameters if name == "nft" else sum(space.widths) ** 2
    kept = 4 * batch * features * c * depth * 24  # about so many tensors a block wait for the backward pass
    if kept > LIMIT:
        return None
    return published_nft(space, c, depth) if name == "nft" else DenseNGT(space, c, depth)


def measure(name: str, space: WeightSpace, batch: int, channels: int, threads: int, repeats: int) -> list[Row]:
    """Forward, and forward + backward, of one network at one size."""
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    factory, depth = NETWORKS[name]
    network = factory(space, Invariant(OUTPUTS), channels=channels, depth=depth, heads=HEADS, feedforward=FEEDFORWARD)
    v = Weights(space, {key: torch.randn(batch, *shape, 1) for key, shape in space.shapes.items()})
    other = published(name, space, batch, channels, depth)
    rows = []
    for passes, call in (("forward", forward), ("forward+backward", forward_backward)):
        bare = floor(PRODUCTS[name](space, batch, channels, depth), backward=passes != "forward")
        calls = [partial(call, network, v), bare, *([partial(call, other, v)] if other else [])]
        ours, least, *theirs = interleaved_medians(calls, repeats)
        published_ms = theirs[0] if theirs else None
        speedup = published_ms / ours if published_ms else None
        sizes = (name, space.widths, batch, channels, threads, passes)
        rows.append(Row(*sizes, ours, least, ours / least, published_ms, speedup))
    return rows


def line(row: Row) -> str:
    shown = ",".join(map(str, row.widths))
    other = f"{row.published:10.1f} {row.speedup:8.2f}" if row.published and row.speedup else f"{'-':>10} {'-':>8}"
    return (
        f"{row.network:8} {shown:15} {row.batch:5} {row.channels:3} {row.threads:7} {row.passes:16} "
        f"{row.milliseconds:8.1f} {row.floor:8.1f} {row.over_floor:6.2f} {other}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--widths", nargs="+", default=["2,32,32,1"], help="as in 2,32,32,1 16,64,64,10")
    parser.add_argument("--batch", type=int, nargs="+", default=[32])
    parser.add_argument("--channels", type=int, nargs="+", default=[32])
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}))
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    rows: list[Row] = []
    if not arguments.json:
        print(
            f"{'network':8} {'widths':15} {'batch':>5} {'C':>3} {'threads':>7} {'passes':16} {'ms':>8} {'floor':>8} "
            f"{'ratio':>6} {'published':>10} {'speed-up':>8}"
        )
    for threads in arguments.threads:
        for widths in arguments.widths:
            space = mlp(*map(int, widths.split(",")))
            for batch in arguments.batch:
                for channels in arguments.channels:
                    for name in NETWORKS:
                        for row in measure(name, space, batch, channels, threads, arguments.repeats):
                            rows.append(row)
                            if not arguments.json:
                                print(line(row), flush=True)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
