"""Monomial-NFN: linear layers that know the scales or signs of neurons.

Tran, Vo, Tran, The, Nguyen, Nguyen, *Monomial Matrix Group Equivariant Neural Functional Networks*, NeurIPS 2024,
arXiv 2409.11697.

With `M_l = P_l D_l`, a permutation times a diagonal matrix, and `M_0 = M_L = I`,

    W_l -> M_l W_l M_{l-1}^{-1},    b_l -> M_l b_l

leaves the function alone for any `D > 0` under ReLU, and for `D` of signs under tanh or sine. Every entry has a *type*, the factor
that it moves by: `W_1[j, :]` and `b_1[j]` have `d_j`, inner `W_l[j, k]` have `d_j / d_k`, inner `b_l[j]` have `d_j`, `W_L[:, k]` have `1 / d_k`,
and `b_L` has 1. Sums over neurons mix types, and so a linear layer joins equal types of one place and nothing else:

    [Y_1[j, :]; y_1[j]] = A_1 [W_1[j, :]; b_1[j]]
    Y_l[j, k] = A_l W_l[j, k],    y_l[j] = a_l b_l[j]                              1 < l < L
    Y_L[:, k] = A_L W_L[:, k],    y_L = B b_L + tau

For signs `d = 1 / d`, and the maps of `Y_L[:, k]` and `y_{L-1}[k]` are one, on `[b_{L-1}[k]; W_L[:, k]]`; at L = 2 on
`[W_1[k, :]; b_1[k]; W_2[:, k]]`, a block that the published layer lacks. In the notation of `linear.py` the types are the slots of
`own_i`, one map for each type:  own'_i = M_i own_i,  edge'_i = A_i edge_i,  fixed' = B fixed + tau.

Between layers stands ReLU or tanh. Invariants of an entry with the channel vector x are

    x / ||x||  for positive factors (0 at x = 0: it jumps there),      |x|  for signs,

averaged over neurons; b_L is kept whole. The factor w and the constant beta that the published head gives each tensor, `w x / ||x|| + beta`,
here are those of the MLP behind it.

What is not seen, by any number of layers: an inner entry meets no other, so with positive factors only its sign is left of it, and
with signs only its size; which entry belongs to which neuron is lost in the averages (`blind`).
"""

from __future__ import annotations

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.activations import HOMOGENEOUS, ODD
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .characters import demand_law, direction, no_covectors
from .heads import check_size, mlp_head
from .linear import Layout, Sorted, global_means


class TypedLinear(nn.Module):
    """The linear layer on sorted weight vectors, C to C' channels; complete for its group."""

    def __init__(self, layout: Layout, in_channels: int, out_channels: int, *, signs: bool):
        super().__init__()
        first, last, hidden = layout.space.widths[0], layout.space.widths[-1], len(layout.widths)
        self.slots = [
            of_neuron(first if i == 0 else 0, last if i == hidden - 1 else 0, signs=signs) for i in range(hidden)
        ]
        self.channels = in_channels, out_channels

        def joined(slots: int) -> nn.Linear:
            return nn.Linear(slots * in_channels, slots * out_channels, bias=False)

        self.M = nn.ModuleList(nn.ModuleList(joined(slots) for slots in types) for types in self.slots)
        self.A = nn.ModuleList(joined(1) for _ in range(hidden - 1))
        self.B = joined(layout.fixed)
        self.tau = nn.Parameter(torch.empty(self.B.out_features).uniform_(-1, 1) * self.B.in_features**-0.5)

    def forward(self, s: Sorted) -> Sorted:
        """`Sorted` with C channels a slot -> `Sorted` with C'."""
        own = []
        for maps, slots, x in zip(self.M, self.slots, s.own, strict=True):
            parts = x.split([count * self.channels[0] for count in slots], -1)
            own.append(torch.cat([m(part) for m, part in zip(maps, parts, strict=True)], -1))  # type: ignore[arg-type]
        edges = tuple(m(edge) for m, edge in zip(self.A, s.edges, strict=True))
        return Sorted(tuple(own), edges, self.B(s.fixed) + self.tau)


def of_neuron(incoming: int, outgoing: int, *, signs: bool) -> list[int]:
    """How many slots of `own_i` are of each type: `W_1[j, :]` and `b_i[j]` of one, `W_L[:, j]` of that type or of its inverse."""
    return [incoming + 1 + outgoing] if signs or not outgoing else [incoming + 1, outgoing]


class MonomialNFN(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for permutations of hidden neurons and the factors of `signs` or positive numbers.

    Args:
        space: an MLP space whose activation commutes with the factors.
        output: `Invariant(dim)`: averages of the invariants, then an MLP; `Equivariant(channels)`: one more linear layer.
        channels: C, of every hidden tensor.
        depth: number of linear layers before the read-out.
        head: hidden width of the invariant read-out.

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
        channels: int = 32,
        depth: int = 3,
        head: int = 128,
    ):
        super().__init__()
        self.layout = Layout(space, permute_ends=False)
        demand_law(self.name, space, self.activations, signs=self.signs)
        no_covectors(self.name, output, signs=self.signs)
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.channels = channels
        self.layers = nn.ModuleList(
            TypedLinear(self.layout, 1 if number == 0 else channels, channels, signs=self.signs)
            for number in range(depth)
        )
        self.invariant = isinstance(output, Invariant)
        if isinstance(output, Invariant):
            self.readout: nn.Module = mlp_head(self.layout.means * channels, head, output.dim, depth=1)
        else:
            self.readout = TypedLinear(self.layout, channels, output.channels, signs=self.signs)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        s = self.layout.sort(v)
        for layer in self.layers:
            s = layer(s).map(torch.tanh if self.signs else torch.relu)
        if not self.invariant:
            return self.layout.restore(self.readout(s))
        return self.readout(global_means(Sorted(self.invariants(s.own), self.invariants(s.edges), s.fixed)))

    def invariants(self, tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """`x / ||x||` or `|x|` of every entry's channel vector x."""
        if self.signs:
            return tuple(map(torch.abs, tensors))
        return tuple(direction(x.unflatten(-1, (-1, self.channels))).flatten(-2) for x in tensors)


class MonomialLayer(nn.Module):
    """`TypedLinear` as a map from `Weights` to `Weights` of the same space."""

    def __init__(self, network: type[MonomialNFN], space: WeightSpace, in_channels: int, out_channels: int):
        super().__init__()
        self.layout, self.in_channels = Layout(space, permute_ends=False), in_channels
        demand_law(network.name, space, network.activations, signs=network.signs)
        self.linear = TypedLinear(self.layout, in_channels, out_channels, signs=network.signs)

    def forward(self, v: Weights) -> Weights:
        """`Weights` with C channels -> `Weights` with C'."""
        return self.layout.restore(self.linear(self.layout.sort(v, self.in_channels)))


@register(
    "monomial-nfn",
    symmetry="permutation+scale",
    power="below-1-wl",
    blind=("inner-magnitudes", "incidence"),
    continuous=False,
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="MLPs, homogeneous activation",
    paper="Tran et al. 2024, arXiv 2409.11697",
)
class MonomialScaleNFN(MonomialNFN):
    """`MonomialNFN` for positive factors."""

    name = "monomial-nfn"
    activations = HOMOGENEOUS
    signs = False

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One layer alone, a module `Weights -> Weights`."""
        return MonomialLayer(MonomialScaleNFN, space, in_channels, out_channels)


@register(
    "monomial-nfn-sign",
    symmetry="permutation+sign",
    power="below-1-wl",
    blind=("inner-signs", "incidence"),
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="MLPs, odd activation",
    paper="Tran et al. 2024, arXiv 2409.11697",
)
class MonomialSignNFN(MonomialNFN):
    """`MonomialNFN` for signs."""

    name = "monomial-nfn-sign"
    activations = ODD
    signs = True

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One layer alone, a module `Weights -> Weights`."""
        return MonomialLayer(MonomialSignNFN, space, in_channels, out_channels)
