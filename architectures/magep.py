"""MAGEP-NFN: polynomial layers that know the scales or signs of neurons.

Vo, Tran, Tran, The, Tran, Nguyen, *Equivariant Polynomial Functional Networks*, 2024, arXiv 2410.04213.

The group is that of `monomial_nfn.py`, `W_l -> M_l W_l M_{l-1}^{-1}`, `b_l -> M_l b_l`, and one formula serves positive factors and signs.
For L >= s > t >= 0 put `W^{(s,t)} = W_s ... W_{t+1}`. With learned `Psi` (n_0 x n_L) and `psi` (n_L), one for each channel and (s, t),

    Q^{(s,t)} = W^{(s,0)} Psi W^{(L,t)},    R^{(s,t)} = b_s psi^T W^{(L,t)},    u^{(s,t)} = W^{(s,t)} b_t

all move as `M_s X M_t^{-1}` (u as `M_s u`). A layer mixes what is of one type, every line by a map of its own:

    [Y_1[j,:]; y_1[j]]  of  [W_1[j,:]; Q^{(1,0)}[j,:]; R^{(1,0)}[j,:]; b_1[j]]
    Y_i[j,k]            of  [W_i[j,k]; Q^{(i,i-1)}[j,k]; R^{(i,i-1)}[j,k]]                                           1 < i < L
    y_i[j]              of  [W^{(i,0)}[j,:]; Q^{(i,0)}[j,:]; R^{(i,0)}[j,:]; b_i[j]; sum_t u^{(i,t)}[j]]             1 < i < L
    Y_L[:,k]            of  [W_L[:,k]; Q^{(L,L-1)}[:,k]; R^{(L,L-1)}[:,k]]
    y_L                 of  [W^{(L,0)}; Q^{(L,0)}; R^{(L,0)}; sum_t u^{(L,t)}; tr R^{(s,s)}, 0 < s < L; b_L; 1]

The last list is of invariants, and of them the read-out is an MLP. (The page's `tr Q^{(s,s)} = tr Psi W^{(L,0)}` is a linear function of the
list's first entry.) For signs `W_L[:,k]` and `b_{L-1}[k]` are of one type, and each goes into the other's line: ours.

Every term comes out of three sweeps, O(L) products, where the published code forms O(L^2):

    F_s = W_s F_{s-1},  F_0 = I        B_t = B_{t+1} W_{t+1},  B_L = I / h        c_s = W_s (c_{s-1} + b_{s-1}),  c_1 = 0

each product over the root of the width that it sums over. A layer is of degree two in every matrix, and two layers of four: without a norm
numbers leave float32 at depths in use, and a norm of the input breaks the law or jumps at zero. Ours is

    h = sqrt(1 + N^2),    N = mean of |W_L| (... |W_2| (|W_1| 1 + |b_1|) + |b_2| ...) + |b_L|

which is invariant, continuous and at least 1, and no product of B exceeds its N; so `Y_i` grows with the weights as `W_i` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.activations import HOMOGENEOUS, ODD
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .characters import compressed, demand_law, framed, no_covectors, norm
from .heads import check_input, check_size, mlp_head

Vectors = tuple[torch.Tensor, ...]


class Features(NamedTuple):
    """`W_1..W_L`, each `[B, C, n_l, n_{l-1}]`, and `b_1..b_L`, each `[B, C, n_l]`: channels first, one product for each channel."""

    W: Vectors
    b: Vectors


class Sweeps(NamedTuple):
    """`F[s]` for s = 0..L (the first is not used), `B[t]` for t = 0..L-1, and `c[s]` as `F`."""

    F: Sequence[torch.Tensor]
    B: Sequence[torch.Tensor]
    c: Sequence[torch.Tensor]


def sweeps(v: Features) -> Sweeps:
    """The products that every term is made of; see the module's docstring."""
    first, *rest = v.W
    F, c = [first, first], [v.b[0], torch.zeros_like(v.b[0])]
    size = first.abs().sum(-1) * first.shape[-1] ** -0.5 + v.b[0].abs()
    for W, before, b in zip(rest, v.b, v.b[1:], strict=False):
        root = W.shape[-1] ** -0.5
        F.append(W @ F[-1] * root)
        c.append(apply(W, c[-1] + before) * root)
        size = apply(W.abs(), size) * root + b.abs()
    N = size.mean(-1, keepdim=True)
    h = torch.hypot(N, torch.ones_like(N)).unsqueeze(-1)
    B = [v.W[-1] / h]
    for W in reversed(v.W[:-1]):
        B.insert(0, B[0] @ W * W.shape[-2] ** -0.5)
    return Sweeps(F, B, c)


def apply(W: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """`W x` for each channel."""
    return (W @ x.unsqueeze(-1)).squeeze(-1)


def rows(X: torch.Tensor) -> torch.Tensor:
    """`[B, C, n, m]` -> `[B, C m, n]`: what belongs to each row, as channels."""
    return X.transpose(2, 3).flatten(1, 2)


def columns(X: torch.Tensor) -> torch.Tensor:
    """`[B, C, n, m]` -> `[B, C n, m]`."""
    return X.flatten(1, 2)


class Mix(nn.Module):
    """A linear map of channels without bias, `[B, inputs, n] -> [B, outputs, n]`, of He's uniform density."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-1, 1) * (6 / inputs) ** 0.5)

    def forward(self, *parts: torch.Tensor) -> torch.Tensor:
        """Parts `[B, inputs_i, n]`, joined along the second axis -> `[B, outputs, n]`."""
        return self.weight @ torch.cat(parts, 1)


class Term(nn.Module):
    """`Q^{(s,t)}` and `R^{(s,t)}` with the `Psi` and `psi` of one (s, t), of entries of variance one."""

    def __init__(self, space: WeightSpace, channels: int, s: int, t: int):
        super().__init__()
        self.s, self.t = s, t
        first, last = space.widths[0], space.widths[-1]
        self.Psi = nn.Parameter(torch.empty(channels, first, last).uniform_(-1, 1) * 3**0.5)
        self.psi = nn.Parameter(torch.empty(channels, last).uniform_(-1, 1) * 3**0.5)

    def forward(self, v: Features, w: Sweeps) -> tuple[torch.Tensor, torch.Tensor]:
        """Features and their sweeps -> Q and R, each of the type (s, t)."""
        B, (_, first, last) = w.B[self.t], self.Psi.shape
        Q = (w.F[self.s] @ self.Psi) @ B * (first * last) ** -0.5
        R = v.b[self.s - 1].unsqueeze(-1) * (self.psi.unsqueeze(1) @ B) * last**-0.5
        return Q, R


class Invariants(nn.Module):
    """The list of invariants of the last line, `[B, C * size]`."""

    def __init__(self, space: WeightSpace, channels: int):
        super().__init__()
        first, last, layers = space.widths[0], space.widths[-1], len(space.widths) - 1
        self.whole = Term(space, channels, layers, 0)
        self.traces = nn.ParameterList(
            nn.Parameter(torch.empty(channels, last).uniform_(-1, 1) * (3 / last) ** 0.5) for _ in range(layers - 1)
        )
        self.size = channels * (3 * first * last + 2 * last + layers - 1)

    def forward(self, v: Features, w: Sweeps) -> torch.Tensor:
        """Features and their sweeps -> `[B, C * size]`."""
        traces = [
            (psi * apply(B, b)).sum(-1, keepdim=True) for psi, B, b in zip(self.traces, w.B[1:], v.b, strict=False)
        ]
        found = [w.F[-1], *self.whole(v, w), w.c[-1], *traces, v.b[-1]]
        return torch.cat([each.flatten(1) for each in found], 1)


class PolynomialLayer(nn.Module):
    """One equivariant layer, C to C' channels."""

    def __init__(self, space: WeightSpace, channels: int, outputs: int, *, signs: bool):
        super().__init__()
        first, last, L = space.widths[0], space.widths[-1], len(space.widths) - 1
        self.ends, self.outputs, self.L, self.signs = (first, last), outputs, L, signs
        self.pairs = nn.ModuleList(Term(space, channels, i, i - 1) for i in range(1, L + 1))
        self.deep = nn.ModuleList(Term(space, channels, i, 0) for i in range(2, L))
        # For signs the other tensor of this type: columns of W_L for b_{L-1}, and b_{L-1} for columns of W_L.
        shared = [last * channels if signs and i == L - 1 else 0 for i in range(1, L)]
        self.first = Mix((3 * first + 1) * channels + shared[0], (first + 1) * outputs)
        self.inner = nn.ModuleList(Mix(3 * channels, outputs) for _ in range(2, L))
        self.biases = nn.ModuleList(Mix((3 * first + 2) * channels + shared[i - 1], outputs) for i in range(2, L))
        self.last = Mix((3 * last + int(signs)) * channels, last * outputs)
        self.invariants = Invariants(space, channels)
        self.constant = nn.Linear(self.invariants.size, last * outputs)

    def forward(self, v: Features) -> Features:
        """Features with C channels -> features with C'."""
        w, (first, last), L = sweeps(v), self.ends, self.L
        Q, R = zip(*(term(v, w) for term in self.pairs), strict=True)
        outgoing = [[columns(v.W[-1])] if self.signs and i == L - 1 else [] for i in range(1, L)]
        mixed = self.first(rows(v.W[0]), rows(Q[0]), rows(R[0]), v.b[0], *outgoing[0])
        Y_1, y_1 = mixed.split([first * self.outputs, self.outputs], 1)
        W, b = [Y_1.unflatten(1, (self.outputs, first)).transpose(2, 3)], [y_1]
        for i, (mix, bias, deep) in enumerate(zip(self.inner, self.biases, self.deep, strict=True), 1):
            X = v.W[i]
            W.append(mix(X.flatten(2), Q[i].flatten(2), R[i].flatten(2)).unflatten(2, X.shape[2:]))
            terms = (w.F[i + 1], *deep(v, w))
            b.append(bias(*map(rows, terms), v.b[i], w.c[i + 1], *outgoing[i]))
        incoming = [v.b[-2]] if self.signs else []
        Y_L = self.last(columns(v.W[-1]), columns(Q[-1]), columns(R[-1]), *incoming)
        W.append(Y_L.unflatten(1, (self.outputs, last)))
        b.append(self.constant(self.invariants(v, w)).unflatten(1, (self.outputs, last)))
        return Features(tuple(W), tuple(b))


class MAGEP(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for permutations of hidden neurons and the factors of `signs` or positive numbers.

    Args:
        space: an MLP space whose activation commutes with the factors.
        output: `Invariant(dim)`: an MLP of the list of invariants; `Equivariant(channels)`: one more layer.
        channels: C, of every hidden tensor.
        depth: number of layers before the read-out, each with ReLU or tanh behind it. Without one, products alone would see no more than the
            linear network with these matrices.
        head: hidden width of the invariant read-out.

    No more is seen than 1-WL sees: an entry of the output is a function of the entry and of features of its two ends, which are sums along edges.

    Powers of two and signs leave every bit as it is, short of over- and underflow.

    Raises:
        Unsupported: the space is no MLP's, its activation does not commute with the factors, or covectors are asked for.
        ValueError: an option out of range.
    """

    name: str
    activations: tuple[str, ...]
    signs: bool

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 16,
        depth: int = 2,
        head: int = 128,
    ):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"{self.name} multiplies the matrices of an MLP, which {space} does not have")
        demand_law(self.name, space, self.activations, signs=self.signs)
        no_covectors(self.name, output, signs=self.signs)
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.space = space
        self.layers = nn.ModuleList(
            PolynomialLayer(space, 1 if number == 0 else channels, channels, signs=self.signs)
            for number in range(depth)
        )
        self.invariant = isinstance(output, Invariant)
        if isinstance(output, Invariant):
            self.invariants = Invariants(space, channels)
            self.head = mlp_head(self.invariants.size, head, output.dim, depth=1)
        else:
            self.readout = PolynomialLayer(space, channels, output.channels, signs=self.signs)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        x = Features(tuple(W.movedim(-1, 1) for W in v.weights), tuple(b.movedim(-1, 1) for b in v.biases))
        act = torch.tanh if self.signs else torch.relu
        for layer in self.layers:
            x = Features(*(tuple(map(act, part)) for part in layer(x)))
        if self.invariant:
            found = self.invariants(x, sweeps(x))
            return self.head(compressed(found, norm(found)))
        y = self.readout(x)
        named = {f"W{i}": W.movedim(1, -1) for i, W in enumerate(y.W, 1)}
        return Weights(self.space, {**named, **{f"b{i}": b.movedim(1, -1) for i, b in enumerate(y.b, 1)}})


@register(
    "magep",
    symmetry="permutation+scale",
    law=lambda normalised: "functional" if normalised else "exact",
    power="below-1-wl",
    modes=("eval", "train"),
    spaces="MLPs, homogeneous activation",
    paper="Vo et al. 2024, arXiv 2410.04213",
)
class ScaleMAGEP(MAGEP):
    """`MAGEP` for positive factors, ReLU between layers.

    Args:
        normalised: whether edits are given in a frame of their own, with rows of one length (`characters.framed`). How long a row was is
            gone then, and with it how factors move it: `f_{phi(g v)} = f_{phi(v)}`, but `phi(g v)` is not `g phi(v)`, which is
            quasi-equivariance, arXiv 2604.23720.
    """

    name = "magep"
    activations = HOMOGENEOUS
    signs = False

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 16,
        depth: int = 2,
        head: int = 128,
        normalised: bool = False,
    ):
        super().__init__(space, output, channels=channels, depth=depth, head=head)
        self.normalised = normalised

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """As `MAGEP`; edits in a frame of their own where that is asked for."""
        found = super().forward(v)
        return framed(found)[0] if self.normalised and isinstance(found, Weights) else found


@register(
    "magep-sign",
    symmetry="permutation+sign",
    power="below-1-wl",
    modes=("eval", "train"),
    spaces="MLPs, odd activation",
    paper="Vo et al. 2024, arXiv 2410.04213",
)
class SignMAGEP(MAGEP):
    """`MAGEP` for signs, tanh between layers."""

    name = "magep-sign"
    activations = ODD
    signs = True
