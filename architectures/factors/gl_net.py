"""GL-net: equivariant layers on factor pairs, and a complete invariant head.

Putterman, Lim, Gelberg, Bronstein, Jegelka, Maron, *Learning on LoRAs: GL-Equivariant Processing of Low-Rank Weight Spaces for
Large Finetuned Models*, 2024, arXiv 2410.04207.

Pairs `(U_i, V_i)`, i = 1..L, `U_i` n_i x r and `V_i` m_i x r, with the update `Delta_i = U_i V_i^T`, are moved by `GL(r)` each:
`(U_i A_i, V_i A_i^-T)`. A block is the linear layer and then the gate,

    U'_i = Phi_i U_i,    V'_i = Psi_i V_i                        complete: nothing across i, nor U and V, nor along r; no bias
    U'_i[a, :] = s_a U_i[a, :],    V'_i[b, :] = t_b V_i[b, :]    s, t functions of invariants

    smooth gate (ours)     s = sigmoid(alpha (U V^T w) + beta)    t = sigmoid(alpha' (V U^T w') + beta')
    published gate         s = 1{U V^T 1 > 0}                     t = 1{V U^T 1 > 0}

and the invariant head is `MLP concat_i asinh vec(U'_i V'_i^T)`, the equivariant one the linear layer.

The published gate jumps where a row sum is zero, and no gradient reaches what drives it. The published head has LayerNorm where asinh
stands here: all before it is of degree one in Delta (under the published gate), so that LayerNorm forgets the size of an update.
asinh keeps sizes in hand and forgets none. The norm that may follow a layer there, both factors over `||U V^T||_F^1/2`, is left out: it blows V up
where U is small.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ...harness.plugins.architecture import Equivariant, Invariant, register
from ...harness.weights.batch import Weights
from ...harness.weights.space import WeightSpace
from ..heads import asinh, check_input, check_size, mlp_head
from .pairs import FactorPairs, Factors, matrix

GATES = ("smooth", "sign")


class EquivariantLinear(nn.Module):
    """`U'_i = Phi_i U_i`, `V'_i = Psi_i V_i`: rows `(n_i, m_i)` to rows `(n'_i, m'_i)`, the same for every r."""

    def __init__(self, rows: list[tuple[int, int]], new_rows: list[tuple[int, int]]):
        super().__init__()
        self.Phi = nn.ParameterList(matrix(new[0], old[0]) for old, new in zip(rows, new_rows, strict=True))
        self.Psi = nn.ParameterList(matrix(new[1], old[1]) for old, new in zip(rows, new_rows, strict=True))

    def forward(self, factors: Factors) -> Factors:
        """U `[B, n_i, r]` and V `[B, m_i, r]` of every pair -> `[B, n'_i, r]`, `[B, m'_i, r]`."""
        # Rows are last in memory, so that all columns of all samples are one product, without a copy.
        return [
            (functional.linear(U.mT, Phi).mT, functional.linear(V.mT, Psi).mT)
            for (U, V), Phi, Psi in zip(factors, self.Phi, self.Psi, strict=True)
        ]


class SmoothGate(nn.Module):
    """Rows of U times `sigmoid(alpha (U V^T w) + beta)`, rows of V alike; `U V^T w` costs two products of r columns."""

    def __init__(self, pairs: int, rows: int):
        super().__init__()
        self.w, self.w_ = matrix(pairs, rows), matrix(pairs, rows)
        self.alpha, self.alpha_, self.beta, self.beta_ = (nn.Parameter(torch.randn(pairs, rows)) for _ in range(4))

    def forward(self, factors: Factors) -> Factors:
        """Factors -> factors of the same shapes."""
        gated = []
        for i, (U, V) in enumerate(factors):
            s, t = U @ (V.mT @ self.w[i]).unsqueeze(-1), V @ (U.mT @ self.w_[i]).unsqueeze(-1)
            s = torch.addcmul(self.beta[i].unsqueeze(-1), self.alpha[i].unsqueeze(-1), s).sigmoid()
            t = torch.addcmul(self.beta_[i].unsqueeze(-1), self.alpha_[i].unsqueeze(-1), t).sigmoid()
            gated.append((U * s, V * t))
        return gated


class SignGate(nn.Module):
    """The published gate: a row of U lives where its row of `U V^T` has a positive sum, a row of V alike."""

    def forward(self, factors: Factors) -> Factors:
        """Factors -> factors of the same shapes."""
        gated = []
        for U, V in factors:
            s, t = (U @ V.sum(1).unsqueeze(-1) > 0).to(U), (V @ U.sum(1).unsqueeze(-1) > 0).to(V)
            gated.append((s * U, t * V))
        return gated


class LinearOnWeights(nn.Module):
    """`EquivariantLinear` as a map of `Weights`, C to C' channels, which are rows beside the rows of each factor."""

    def __init__(self, space: WeightSpace, in_channels: int, out_channels: int):
        super().__init__()
        self.pairs, self.out_channels = FactorPairs.of(space, "gl-net"), out_channels
        rows = [(U.rows, V.rows) for U, V in self.pairs.pairs]
        old, new = ([(n * channels, m * channels) for n, m in rows] for channels in (in_channels, out_channels))
        self.linear = EquivariantLinear(old, new)

    def forward(self, v: Weights) -> Weights:
        """`Weights` with C channels -> `Weights` with C'."""
        parts = [
            self.pairs.read(Weights(v.space, {k: t[..., c : c + 1] for k, t in v.items()})) for c in range(v.channels)
        ]
        joined = [
            tuple(torch.cat([part[i][side] for part in parts], 1) for side in (0, 1)) for i in range(len(parts[0]))
        ]
        return self.pairs.write(with_channels(self.linear(joined), self.out_channels))  # type: ignore[arg-type]


def with_channels(factors: Factors, channels: int) -> Factors:
    """`[B, C n, r]` as `[B, n, r, C]`."""
    return [tuple(factor.unflatten(1, (channels, -1)).movedim(1, -1) for factor in both) for both in factors]  # type: ignore[misc]


@register(
    "gl-net",
    symmetry="gl",
    power="function",
    continuous=lambda gate: gate == "smooth",
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="factor pairs, as of LoRA",
    paper="Putterman et al. 2024, arXiv 2410.04207",
    shapes="factor pairs, as of LoRA",
)
class GLNet(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for the invertible matrices between the factors of every pair.

    What it sees are the updates `Delta_i`, and no two different ones alike at almost all parameters: that is the function of the
    factors, hence power `function`. Orbits of factors of deficient rank are not closed; those of one update look alike, as they
    must to any continuous invariant.

    Args:
        space: one of factor pairs alone.
        output: `Invariant(dim)`, or `Equivariant(channels)`: for covectors rows of U' are made of V and rows of V' of U.
        channels: rows h of hidden factors.
        depth: number of blocks.
        head: hidden width of the invariant head.
        gate: "smooth", or "sign" for the published one.

    `GLNet.linear_layer(space, in_channels, out_channels)` builds one linear layer alone, a module `Weights -> Weights`.

    Raises:
        Unsupported: a space with anything but factor pairs.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 32,
        depth: int = 2,
        head: int = 128,
        gate: str = "smooth",
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        if gate not in GATES:
            raise ValueError(f"gate={gate!r}; allowed: {', '.join(GATES)}")
        self.pairs, self.output = FactorPairs.of(space, "gl-net"), output
        rows = [(U.rows, V.rows) for U, V in self.pairs.pairs]
        hidden = [(channels, channels)] * len(rows)
        self.layers = nn.ModuleList(EquivariantLinear(hidden if number else rows, hidden) for number in range(depth))
        self.gates = nn.ModuleList(
            SmoothGate(len(rows), channels) if gate == "smooth" else SignGate() for _ in range(depth)
        )
        if isinstance(output, Invariant):
            self.last = EquivariantLinear(hidden, hidden)
            self.head = mlp_head(len(rows) * channels**2, head, output.dim, depth=1)
        else:
            wide = [(n * output.channels, m * output.channels) for n, m in rows]
            self.last = EquivariantLinear(hidden, wide)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.pairs.space, v)
        factors = self.pairs.read(v)
        for layer, gate in zip(self.layers, self.gates, strict=True):
            factors = gate(layer(factors))
        if isinstance(self.output, Invariant):
            products = [U @ V.transpose(1, 2) for U, V in self.last(factors)]
            return self.head(torch.cat([asinh(each.flatten(1)) for each in products], 1))
        if self.output.kind == "covector":  # which moves as the other factor does
            factors = [(V, U) for U, V in factors]
        return self.pairs.write(with_channels(self.last(factors), self.output.channels))

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One linear layer as a module `Weights -> Weights`."""
        return LinearOnWeights(space, in_channels, out_channels)
