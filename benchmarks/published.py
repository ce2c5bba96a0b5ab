"""What the built-in networks are compared with: the layers of the `nfn` package, and NG-T computed as it is published.

`nfn` (pip install nfn) holds the layers of NFN and NFT, channels first as their authors have them; `NFN`, `NFT` and
`NGT` join such layers as the built-in networks do. Without the package the comparisons that need it are left out.
"""

from __future__ import annotations

import torch
from products import FEEDFORWARD, HEAD, HEADS, OUTPUTS
from torch import nn
from torch.nn import functional

from orbitcheck import Weights, WeightSpace

try:
    from nfn import layers as nfn_layers
    from nfn.common import ArraySpec, NetworkSpec, WeightSpaceFeatures
except ImportError:
    nfn_layers = None

REFERENCE = {"dws": 196, "gmn": 563, "ng-gnn": 1041, "nft": 708, "ng-t": 4220, "scale-gmn": 727}
"""Milliseconds of the published implementations at widths (2,32,32,1), batch 32, 32 channels, float32, forward + backward,
one thread, on a machine where `ANCHORS` took what it says: ratios are all that they are good for. DWS with mean pooling (720
as published), GMN and NG-GNN in both directions, which is what is built in (302 and 684 in one)."""
ANCHORS = {"hnp": 53, "np": 63}
"""The same for three layers of `nfn` and a head of 1000 x 1000: `anchor`."""


def spec(space: WeightSpace) -> NetworkSpec:
    shapes = [ArraySpec(shape) for shape in space.shapes.values()]
    return NetworkSpec(shapes[0::2], shapes[1::2])


def features(v: Weights) -> WeightSpaceFeatures:
    """Channels first."""
    return WeightSpaceFeatures(*([t.movedim(-1, 1) for t in some] for some in (v.weights, v.biases)))


class NFN(nn.Module):
    """`depth` layers with GELU between, pooled, an MLP: the published HNP or NP layers."""

    def __init__(self, space: WeightSpace, kind: str, c: int, depth: int, head: tuple[int, ...], encode: bool = False):
        super().__init__()
        form = spec(space)
        linear, pool = (
            (nfn_layers.HNPLinear, nfn_layers.HNPPool) if kind == "hnp" else (nfn_layers.NPLinear, nfn_layers.NPPool)
        )
        self.encoding = nfn_layers.IOSinusoidalEncoding(form) if encode else nn.Identity()
        first = self.encoding.num_out_chan(1) if encode else 1
        self.layers = nn.ModuleList(linear(form, c if number else first, c) for number in range(depth))
        self.activation, self.pool = nfn_layers.TupleOp(nn.GELU()), pool(form)
        widths = [pool.get_num_outs(form) * c, *head]
        hidden = [part for a, b in zip(widths, head, strict=False) for part in (nn.Linear(a, b), nn.GELU())]
        self.head = nn.Sequential(*hidden, nn.Linear(widths[-1], OUTPUTS))

    def forward(self, v: Weights) -> torch.Tensor:
        x = self.encoding(features(v))
        for layer in self.layers:
            x = self.activation(layer(x))
        return self.head(self.pool(x).flatten(1))


class NFT(nn.Module):
    """The published attention, normalisation and positions in the pre-norm block."""

    def __init__(self, space: WeightSpace, c: int, depth: int):
        super().__init__()
        form, linear = spec(space), nfn_layers.ChannelLinear
        self.values, self.position = linear(1, c), nfn_layers.LearnedPosEmbedding(form, c)
        self.attentions = nn.ModuleList(nfn_layers.NPAttention(form, c, num_heads=HEADS) for _ in range(depth))
        self.norms = nn.ModuleList(nfn_layers.SimpleLayerNorm(form, c) for _ in range(2 * depth))
        self.mlps = nn.ModuleList(
            nn.Sequential(linear(c, FEEDFORWARD * c), nn.GELU(), linear(FEEDFORWARD * c, c))
            for _ in range(depth * len(space.tensors))
        )
        self.pool = nfn_layers.HNPPool(form)
        self.head = nn.Sequential(
            nn.Linear(self.pool.get_num_outs(form) * c, HEAD), nn.GELU(), nn.Linear(HEAD, OUTPUTS)
        )

    def forward(self, v: Weights) -> torch.Tensor:
        x = self.position(features(v).map(self.values))
        mlps = iter(self.mlps)
        for number, attention in enumerate(self.attentions):
            x = x + attention(self.norms[2 * number](x))
            x = x + self.norms[2 * number + 1](x).map(lambda t: next(mlps)(t))
        return self.head(self.pool(x).flatten(1))


class RelationalBlock(nn.Module):
    """NG-T's block with a feature for every pair of neurons, joined or not; post-norm."""

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


class NGT(nn.Module):
    """Weights -> `[B, OUTPUTS]` through relational blocks over all N^2 pairs, read off the output neurons."""

    def __init__(self, space: WeightSpace, c: int, depth: int):
        super().__init__()
        self.widths = space.widths
        self.bias, self.weight = nn.Linear(1, c), nn.Linear(1, c)
        self.blocks = nn.ModuleList(RelationalBlock(c, number < depth - 1) for number in range(depth))
        self.head = nn.Sequential(nn.Linear(c * self.widths[-1], HEAD), nn.GELU(), nn.Linear(HEAD, OUTPUTS))

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


def counterpart(name: str, space: WeightSpace, c: int, depth: int) -> nn.Module | None:
    """The published way of computing the network of that name at the same sizes; None where there is none at hand."""
    if name == "ng-t":
        return NGT(space, c, depth)
    if nfn_layers is None:
        return None
    if name == "nft":
        return NFT(space, c, depth)
    kind = {"dws": "hnp", "nfn-hnp": "hnp", "unf": "hnp", "nfn-np": "np"}.get(name)
    return NFN(space, kind, c, depth, (HEAD,)) if kind else None


def anchor(kind: str, space: WeightSpace, c: int) -> nn.Module:
    """The network that `ANCHORS` was measured on."""
    return NFN(space, kind, c, 3, (1000, 1000), encode=kind == "np")
