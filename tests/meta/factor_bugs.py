"""Planted networks on factor pairs and transformer blocks, each with one published or likely bug."""

from __future__ import annotations

import torch
from torch import nn

from orbitcheck import Invariant, Weights, WeightSpace, register
from orbitcheck.architectures.factors.gl_net import GLNet
from orbitcheck.architectures.factors.pairs import FactorPairs
from orbitcheck.architectures.factors.w2t import W2T
from orbitcheck.architectures.transformers.blocks import product, read


class Pairs(nn.Module):
    """An MLP on invariants of one factor pair; what is invariant is `of(U, V)`."""

    def __init__(self, space: WeightSpace, output: Invariant):
        super().__init__()
        self.pairs = FactorPairs.of(space, "planted")
        ((U, V),) = self.pairs.pairs
        self.Phi, self.Psi = nn.Linear(U.rows, 4), nn.Linear(V.rows, 4)
        self.both = nn.Linear(U.rows + V.rows, 4, bias=False)
        self.head = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, output.dim))

    def forward(self, v: Weights) -> torch.Tensor:
        ((U, V),) = self.pairs.read(v)
        return self.head(self.of(U, V).flatten(1).asinh())

    def of(self, U: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
        return (self.Phi.weight @ U) @ (self.Psi.weight @ V).transpose(1, 2)


@register("sound-pairs", symmetry="gl")
class SoundPairs(Pairs):
    pass


@register("mixed-factors", symmetry="gl")
class MixedFactors(Pairs):
    """`[U; V]` mixed by one matrix: right under O(r) alone."""

    def of(self, U, V):
        mixed = self.both.weight @ torch.cat([U, V], 1)
        return mixed @ mixed.transpose(1, 2)


@register("mixed-factors-under-rotations", symmetry="orth")
class MixedFactorsUnderRotations(MixedFactors):
    """The same, declared as it is."""


@register("transpose-for-inverse", symmetry="gl")
class TransposeForInverse(Pairs):
    """V taken to move as U does, M for M^-T: rotations do not tell."""

    def of(self, U, V):
        return (self.Phi.weight @ U) @ (self.Phi.weight @ U).transpose(1, 2)


@register("biased-layer", symmetry="gl")
class BiasedLayer(Pairs):
    """A bias of 1e-3 in the linear layer."""

    def of(self, U, V):
        return (self.Phi.weight @ U + 1e-3) @ (self.Psi.weight @ V).transpose(1, 2)


@register("gate-by-rows", symmetry="gl")
class GateByRows(Pairs):
    """A gate by the mean of a row of U, which is no invariant."""

    def of(self, U, V):
        return super().of((1 + 1e-2 * U.mean(2, keepdim=True).tanh()) * U, V)


@register("gate-called-smooth", symmetry="gl", power="function")
class GateCalledSmooth(GLNet):
    """The published gate, which jumps where a row sum is zero, not declared to."""

    def __init__(self, space, output):
        super().__init__(space, output, channels=4, depth=1, head=8, gate="sign")


@register("w2t-everywhere", symmetry="gl", continuous=False)
class W2TEverywhere(W2T):
    """Declared without its domain: singular values may meet, and null directions be any."""


@register("one-sided-signs", symmetry="gl", domain="simple-spectrum", continuous=False)
class OneSidedSigns(Pairs):
    """Singular vectors u_k with signs fixed, v_k left with those that the decomposition happened to give."""

    def of(self, U, V):
        Q_U, R_U = torch.linalg.qr(U)
        Q_V, R_V = torch.linalg.qr(V)
        X, sigma, Y = torch.linalg.svd(R_U @ R_V.transpose(1, 2), full_matrices=False)
        u, v = Q_U @ X, Q_V @ Y.transpose(1, 2)
        u = u * torch.where(u.gather(1, u.abs().argmax(1, keepdim=True)) < 0, -1.0, 1.0)
        return (self.Phi.weight @ (u * sigma.unsqueeze(1))) @ (self.Psi.weight @ v).transpose(1, 2)


@register("null-directions", symmetry="gl", power="function")
class NullDirections(Pairs):
    """The row space of V beside the update, declared to see updates alone: of a zero update it is any."""

    def of(self, U, V):
        rows = self.Psi.weight @ V
        onto = rows @ torch.linalg.solve(V.transpose(1, 2) @ V, rows.transpose(1, 2))
        return super().of(U, V) + onto


@register("update-alone", symmetry="gl", power="function")
class UpdateAlone(Pairs):
    """The mended one."""


class Blocks(nn.Module):
    """An MLP on invariants of one transformer block."""

    def __init__(self, space: WeightSpace, output: Invariant):
        super().__init__()
        D, h, n = (space.size[axis] for axis in ("model", "head", "key"))
        self.S, self.head = nn.Linear(D * D, 8), nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, output.dim))
        self.biases, self.heads = nn.Linear(n, 8, bias=False), nn.Linear(h * n, 8, bias=False)

    def forward(self, v: Weights) -> torch.Tensor:
        return self.head(self.of(read(v)).asinh())

    def of(self, x) -> torch.Tensor:
        return self.S(product(x.Q, x.K).flatten(2)).mean(1)


@register("sound-block", symmetry="gl+shift")
class SoundBlock(Blocks):
    pass


@register("queries-squared", symmetry="gl+shift")
class QueriesSquared(Blocks):
    """Queries against queries, M for M^-T."""

    def of(self, x):
        return self.S(product(x.Q, x.Q).flatten(2)).mean(1)


@register("biases-of-keys", symmetry="gl+shift")
class BiasesOfKeys(Blocks):
    """b_K read against itself in queries: anything may be added to it."""

    def of(self, x):
        return super().of(x) + 1e-3 * torch.einsum("bhnic,bhnc->bi", x.Q, x.b_K).sum(1, keepdim=True)


@register("biases-stay-behind", symmetry="heads")
class BiasesStayBehind(Blocks):
    """A head exchanged without its bias: b_Q is read by the number of its head."""

    def of(self, x):
        return super().of(x) + 1e-3 * self.heads(x.b_Q.flatten(1).sort(1).values * x.b_Q.flatten(1))


@register("relu-on-queries", symmetry="gl+shift")
class ReluOnQueries(Blocks):
    """The point-wise activation of hidden layers on Q and K, too."""

    def of(self, x):
        return self.S(product(x.Q.relu(), x.K.relu()).flatten(2)).mean(1)


@register("keys-of-the-other-head", symmetry="gl+shift")
class KeysOfTheOtherHead(Blocks):
    """Key indices exchanged between heads, queries of one against keys of the other: one map for both heads does not tell."""

    def of(self, x):
        return self.S(product(x.Q, x.K.flip(1)).flatten(2)).mean(1)
