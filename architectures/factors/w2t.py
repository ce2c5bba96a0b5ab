"""W2T: a transformer over the singular directions of LoRA updates.

Han, Neri, Jiang, Wu, Yin, Ye, Wang, *W2T: LoRA Weights Already Know What They Can Do*, 2026, arXiv 2603.15990.

Canonical form of one pair: `U = Q_U R_U`, `V = Q_V R_V` (thin QR), `R_U R_V^T = X S Y^T`, `u = Q_U X`, `v = Q_V Y`; each `(u_k, v_k)`
gets the sign that makes the largest |entry| of u_k positive. Tokens, one for each k:

    h_u = ReLU(LN(P_u u_k)),  h_v alike,   x_k = F [h_u; h_v]
    x_k = GELU(LN(x_k (1 + eps tanh a(s_k)) + eps b(s_k)))       s_k: log(1 + sigma_k), standardised over k;  eps learned
    a transformer over k, without positions; a pool by learned queries q, with logits q.x_k / sqrt(H) + 0.5 log(1 + sigma_k)

and one token for each pair, with an embedding of which it is, through a transformer, an attention pool, an MLP.

Two repairs. Null directions (`sigma_k <= 1e-9 sigma_1`, or the rounding of the input's precision) are masked as padding: their u_k
and v_k mean nothing. And `log(1 + sigma_1)` stands beside the standardised s, which forget the size of the update. What remains, and is declared:
singular values that meet, and ties for the largest |entry|, where no choice of singular vectors is continuous. The form is computed
in float64, whatever the weights are. A factor `alpha / r` of an update belongs into U: the form is that of `U V^T` as it is given.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ...harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ...harness.weights.batch import Weights
from ...harness.weights.space import WeightSpace
from ..heads import check_input, check_size, mlp_head
from .pairs import FactorPairs

NULL = 1e-9


def canonical(U: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`(u [B, n, K], sigma [B, K], v [B, m, K])` of `U V^T`, signs fixed, in float64; K the smallest of n, m, r."""
    Q_U, R_U = torch.linalg.qr(U.double())
    Q_V, R_V = torch.linalg.qr(V.double())
    X, sigma, Y = torch.linalg.svd(R_U @ R_V.transpose(1, 2), full_matrices=False)
    u, v = Q_U @ X, Q_V @ Y.transpose(1, 2)
    largest = u.gather(1, u.abs().argmax(1, keepdim=True))
    sign = torch.where(largest < 0, -1.0, 1.0).to(u)
    return u * sign, sigma, v * sign


def masked_softmax(logits: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Softmax over the last axis of those that are kept, zeros where none is."""
    weights = torch.where(kept, (logits - logits.detach().amax(-1, keepdim=True)).exp(), 0.0)
    return weights / weights.sum(-1, keepdim=True).clamp_min(1e-30)


class Encoder(nn.Module):
    """Pre-norm transformer layer over a set, `[B, K, H]`, of which only the kept are seen."""

    def __init__(self, channels: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.norm, self.norm_ = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))

    def forward(self, x: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        """x `[B, K, H]` and kept `[B, K]` -> `[B, K, H]`."""
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(self.norm(x)).chunk(3, -1))
        logits = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        mixed = masked_softmax(logits, kept[:, None, None]) @ v
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm_(x))


class Tokens(nn.Module):
    """One update -> one token `[B, H]`: its singular directions, encoded and pooled."""

    def __init__(self, n: int, m: int, channels: int, depth: int):
        super().__init__()
        self.P_u, self.P_v = nn.Linear(n, channels), nn.Linear(m, channels)
        self.norm_u, self.norm_v, self.norm = (nn.LayerNorm(channels) for _ in range(3))
        self.F = nn.Linear(2 * channels, channels)
        self.a, self.b = nn.Linear(2, channels), nn.Linear(2, channels)
        self.eps = nn.Parameter(torch.tensor(0.5))
        self.encoders = nn.ModuleList(Encoder(channels) for _ in range(depth))
        self.q = nn.Parameter(torch.randn(channels))

    def forward(self, U: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
        """U `[B, n, r]`, V `[B, m, r]` -> `[B, H]`."""
        u, sigma, v = canonical(U, V)
        null = max(NULL, 16 * torch.finfo(U.dtype).eps)
        kept = sigma > null * sigma[:, :1]
        size = torch.log1p(sigma)
        u, v, size = u.to(U), v.to(U), size.to(U)
        s = torch.stack([standardised(size, kept), size[:, :1].expand_as(size)], -1)
        h_u = self.norm_u(self.P_u(u.transpose(1, 2))).relu()
        h_v = self.norm_v(self.P_v(v.transpose(1, 2))).relu()
        x = self.F(torch.cat([h_u, h_v], -1))
        x = functional.gelu(self.norm(x * (1 + self.eps * self.a(s).tanh()) + self.eps * self.b(s)))
        for encoder in self.encoders:
            x = encoder(x, kept)
        logits = x @ self.q * x.shape[-1] ** -0.5 + 0.5 * size
        return (masked_softmax(logits, kept).unsqueeze(1) @ x).squeeze(1)


def standardised(size: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """`(size - mean) / deviation` over those that are kept; zero where they are all alike."""
    count = kept.sum(1, keepdim=True).clamp_min(1)
    centred = torch.where(kept, size - torch.where(kept, size, 0.0).sum(1, keepdim=True) / count, 0.0)
    return centred * torch.rsqrt(centred.square().sum(1, keepdim=True) / count + 1e-6)


@register(
    "w2t",
    symmetry="gl",
    domain="simple-spectrum",
    continuous=False,
    modes=("eval", "train"),
    spaces="factor pairs, as of LoRA",
    paper="Han et al. 2026, arXiv 2603.15990",
    shapes="factor pairs, as of LoRA",
)
class W2T(nn.Module):
    """`phi(g v) = phi(v)` where singular values are positive and distinct and every u_k has one largest |entry|.

    Args:
        space: one of factor pairs alone.
        output: invariant.
        channels: H of the tokens, a multiple of 4.
        depth: encoders over the directions of one update; over updates there is one.
        head: hidden width of the read-out.

    Raises:
        Unsupported: a space with anything but factor pairs; an equivariant output.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 32, depth: int = 1, head: int = 64
    ):
        super().__init__()
        if isinstance(output, Equivariant):
            raise Unsupported("w2t reads updates, and forgets which factors they were given by")
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        if channels % 4:
            raise ValueError(f"channels={channels}; allowed: multiples of 4, the number of attention heads")
        self.pairs = FactorPairs.of(space, "w2t")
        self.tokens = nn.ModuleList(Tokens(U.rows, V.rows, channels, depth) for U, V in self.pairs.pairs)
        self.which = nn.Parameter(torch.randn(len(self.pairs.pairs), channels))
        self.encoder = Encoder(channels)
        self.q = nn.Parameter(torch.randn(channels))
        self.head = mlp_head(channels, head, output.dim, depth=1)

    def forward(self, v: Weights) -> torch.Tensor:
        """`Weights` of B networks, one channel -> `[B, dim]`."""
        check_input(self.pairs.space, v)
        read = zip(self.tokens, self.pairs.read(v), strict=True)
        x = torch.stack([token(U, V) for token, (U, V) in read], 1) + self.which
        kept = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        x = self.encoder(x, kept)
        weights = masked_softmax(x @ self.q * x.shape[-1] ** -0.5, kept)
        return self.head((weights.unsqueeze(1) @ x).squeeze(1))
