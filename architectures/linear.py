"""Every linear map between weight vectors of an MLP that commutes with the group, as a handful of matrix products.

Two groups are known here. With `permute_ends=False` it is `S_{n_1} x ... x S_{n_{L-1}}` (theory.md, section 1): the input
and output axes are fixed, so they live in channels (DWS, Navon et al. 2023; NFN-HNP, Zhou et al. 2023). With
`permute_ends=True` the axes `n_0` and `n_L` are permuted too (NFN-NP). One algebra serves both once the weight vector
is sorted by *neuron layers*, the axes that are permuted: `i = 1..L-1` in the first case, `i = 0..L` in the second.

    own_i[j]     what belongs to neuron j of layer i alone: b_i[j]; with fixed ends also W_1[j, :] whole and W_L[:, j] whole
    edge_i[j,k]  W_i[j, k] between two neuron layers
    fixed        what belongs to no neuron: b_L whole, with fixed ends

A layer maps C to C' channels by

    u_i[j] = [own_i[j]; mean_k edge_i[j, k]; mean_m edge_{i+1}[m, j]]               all that touches neuron j
    g      = [mean_j own_i[j] and mean_jk edge_i[j, k], for all i; fixed]           all means
    [own'_i[j]; row_i[j]; column_i[j]] = M_i u_i[j] + [(R g + r)_i; 0]
    edge'_i[j, k] = A_i edge_i[j, k] + row_i[j] + column_{i-1}[k]
    fixed' = (R g + r)_fixed

so that a neuron layer costs one product, all global terms together one, and an edge tensor one. It is complete: every
equivariant linear map is of this form, and above the smallest widths each has one set of coefficients, since
`sum_i size(u_i)^2 + size(g)^2 + #edges` is the number of orbits on pairs of entries, 196 at widths (3, 5, 4, 6, 2)
(theory.md, section 7). At a width of 1 or 2 some coincide, on both sides of the count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Unsupported
from ..harness.weights.batch import Weights
from ..harness.weights.space import SpaceError, WeightSpace


class Sorted(NamedTuple):
    """A batch of weight vectors sorted by neuron layers; see the module's docstring.

    own: per neuron layer `[B, n_i, slots * C]`, slots in the order W_1[j, :], b_i[j], W_L[:, j], as far as present.
    edges: per pair of consecutive neuron layers `[B, n_i, n_{i-1}, C]`.
    fixed: `[B, slots * C]`; no slots if the ends are permuted.
    """

    own: tuple[torch.Tensor, ...]
    edges: tuple[torch.Tensor, ...]
    fixed: torch.Tensor

    def map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Sorted:
        """The same point-wise function on every tensor."""
        return Sorted(tuple(map(function, self.own)), tuple(map(function, self.edges)), function(self.fixed))


@dataclass(frozen=True)
class Layout:
    """Where the tensors of an MLP space go when they are sorted by neuron layers.

    Args:
        space: an MLP space.
        permute_ends: whether the input and output axes are permuted as well.

    Raises:
        Unsupported: the space is no MLP's.
    """

    space: WeightSpace
    permute_ends: bool

    def __post_init__(self) -> None:
        if not self.space.is_mlp:
            raise Unsupported(f"this architecture reads the weights of MLPs only, not {self.space}")

    @cached_property
    def layers(self) -> range:
        """The neuron layers: numbers of the permuted axes."""
        last = len(self.space.widths) - 1
        return range(last + 1) if self.permute_ends else range(1, last)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Number of neurons per neuron layer."""
        return tuple(self.space.widths[i] for i in self.layers)

    @cached_property
    def own(self) -> tuple[int, ...]:
        """Slots of `own_i`, a slot being C channels."""
        first, last = self.space.widths[0], self.space.widths[-1]
        if self.permute_ends:
            return tuple(int(i > 0) for i in self.layers)
        return tuple(
            (first if i == self.layers[0] else 0) + 1 + (last if i == self.layers[-1] else 0) for i in self.layers
        )

    @cached_property
    def fixed(self) -> int:
        """Slots of `fixed`."""
        return 0 if self.permute_ends else self.space.widths[-1]

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """1 where a neuron layer has edges to the layer before it, which is everywhere but at the first."""
        return tuple(int(i > self.layers[0]) for i in self.layers)

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """1 where a neuron layer has edges to the layer after it, which is everywhere but at the last."""
        return tuple(int(i < self.layers[-1]) for i in self.layers)

    @cached_property
    def pooled(self) -> tuple[int, ...]:
        """Slots that a neuron layer adds to `g`: its own, and the edges to the layer before it."""
        return tuple(own + row for own, row in zip(self.own, self.rows, strict=True))

    @cached_property
    def means(self) -> int:
        """Slots of `g`."""
        return sum(self.pooled) + self.fixed

    def sort(self, v: Weights, channels: int = 1) -> Sorted:
        """The tensors of `v` by neuron layer.

        Raises:
            SpaceError: `v` belongs to another space or has another number of channels.
        """
        if v.space != self.space:
            raise SpaceError(f"weights of {v.space} given to a network built for {self.space}")
        if v.channels != channels:
            raise SpaceError(f"weights with {v.channels} channels given to a network that reads {channels}")
        weights, biases = v.weights, v.biases
        if self.permute_ends:
            none = biases[0].new_empty(v.batch, self.space.widths[0], 0)
            return Sorted((none, *biases), weights, biases[0].new_empty(v.batch, 0))
        own = [[bias] for bias in biases[:-1]]
        own[0].insert(0, weights[0].flatten(2))
        own[-1].append(weights[-1].transpose(1, 2).flatten(2))
        return Sorted(tuple(torch.cat(parts, -1) for parts in own), weights[1:-1], biases[-1].flatten(1))

    def restore(self, s: Sorted) -> Weights:
        """The inverse of `sort`."""
        if self.permute_ends:
            weights, biases = [*s.edges], [*s.own[1:]]
        else:
            first, last = self.space.widths[0], self.space.widths[-1]
            channels = s.fixed.shape[-1] // last
            own = list(s.own)
            incoming, own[0] = own[0].tensor_split([first * channels], -1)
            own[-1], outgoing = own[-1].tensor_split([channels], -1)
            weights = [
                incoming.unflatten(-1, (first, channels)),
                *s.edges,
                outgoing.unflatten(-1, (last, channels)).transpose(1, 2),
            ]
            biases = [*own, s.fixed.unflatten(-1, (last, channels))]
        names = [name for name, _ in self.space.tensors]
        return Weights(
            self.space, dict(zip(names, [t for pair in zip(weights, biases, strict=True) for t in pair], strict=True))
        )


def pool_edges(s: Sorted) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """`u_i` without its last part, and that part: `[own_i; row means of edge_i]` and the column means of `edge_{i+1}`.

    A sum times a number, not `mean`: the gradient of a sum is a view, that of a mean a tensor as large as the edges.
    """
    rows = [edge.sum(2) * (1 / edge.shape[2]) for edge in s.edges]
    columns = [edge.sum(1) * (1 / edge.shape[1]) for edge in s.edges]
    return [s.own[0], *(beside(*pair) for pair in zip(s.own[1:], rows, strict=True))], columns


def beside(*parts: torch.Tensor) -> torch.Tensor:
    """All channels of all parts, of which some may have none."""
    some = [part for part in parts if part.shape[-1]]
    return some[0] if len(some) == 1 else torch.cat(some, -1)


def pooled(near: Sequence[torch.Tensor], fixed: torch.Tensor) -> torch.Tensor:
    """`g` from what `pool_edges` gives first: `[B, means * C]`."""
    return beside(*(part.mean(1) for part in near if part.shape[-1]), fixed)


def global_means(s: Sorted) -> torch.Tensor:
    """`g`, `[B, means * C]`."""
    return pooled(pool_edges(s)[0], s.fixed)


class SortedLinear(nn.Module):
    """The complete equivariant affine map, C to C' channels, on sorted weight vectors; the module's docstring has the law.

    Args:
        layout: the space and its neuron layers.
        in_channels, out_channels: C and C'.

    Initialisation: each product has He's uniform bound sqrt(6 / fan-in), divided by the root of the number of products
    that its outputs sum (two for own', four for edge', one for fixed'). Differences inside a tensor then shrink by less than
    two a layer under GELU; by the bound of Zhou et al. (2023), 1/sqrt(all inputs of an output), by three to six, so that
    little is left of them after five.
    """

    def __init__(self, layout: Layout, in_channels: int, out_channels: int):
        super().__init__()
        self.layout, self.out_channels = layout, out_channels
        touching = [near + column for near, column in zip(layout.pooled, layout.columns, strict=True)]

        def coefficients(inputs: int, terms: list[int]) -> nn.Parameter:
            """`[outputs * C', inputs * C]`, an output being one of `terms[output]` summands."""
            matrix = torch.empty(len(terms), out_channels, inputs * in_channels).uniform_(-1, 1)
            bound = (6 / (inputs * in_channels) / torch.tensor(terms)).sqrt()
            return nn.Parameter((matrix * bound[:, None, None]).flatten(0, 1))

        near = [[2] * own + [4] * row for own, row in zip(layout.own, layout.rows, strict=True)]
        self.M = nn.ParameterList(
            coefficients(inputs, terms + [4] * column)
            for inputs, terms, column in zip(touching, near, layout.columns, strict=True)
        )
        self.A = nn.ParameterList(coefficients(1, [4]) for _ in range(sum(layout.columns)))
        self.R = coefficients(layout.means, [term for terms in near for term in terms] + [1] * layout.fixed)
        self.r = nn.Parameter(torch.empty(len(self.R)).uniform_(-1, 1) * self.R.shape[1] ** -0.5)

    def forward(self, s: Sorted) -> Sorted:
        """`Sorted` with C channels a slot -> `Sorted` with C'."""
        layout, channels = self.layout, self.out_channels
        near, columns = pool_edges(s)
        g = pooled(near, s.fixed)
        *constants, fixed = functional.linear(g, self.R, self.r).split_with_sizes(
            [slots * channels for slots in (*layout.pooled, layout.fixed)], -1
        )
        own: list[torch.Tensor] = []
        row_terms: list[torch.Tensor] = []
        column_terms: list[torch.Tensor] = []
        # What has no channels is not split, joined or added to: at batch 1 an operation on nothing costs as much as another.
        for i, (matrix, constant) in enumerate(zip(self.M, constants, strict=True)):
            y = functional.linear(beside(near[i], *columns[i : i + 1]), matrix)
            # Split with sizes, whose gradient is one copy; that of `tensor_split` is a tensor of zeros for each part.
            if layout.columns[i]:
                y, column = y.split_with_sizes([constant.shape[-1], channels], -1)
                column_terms.append(column.unsqueeze(1))
            if layout.pooled[i]:
                y = y + constant.unsqueeze(1)
            if layout.rows[i]:
                y, row = y.split_with_sizes([layout.own[i] * channels, channels], -1)
                row_terms.append(row.unsqueeze(2))
            own.append(y)
        # In place: at these sizes fresh memory costs as much as the sum, and no gradient needs the product itself.
        edges = tuple(
            functional.linear(edge, matrix).add_(row).add_(column)
            for edge, matrix, row, column in zip(s.edges, self.A, row_terms, column_terms, strict=True)
        )
        return Sorted(tuple(own), edges, fixed)


class WeightsLinear(nn.Module):
    """`SortedLinear` as a map from `Weights` to `Weights` of the same space."""

    def __init__(self, layout: Layout, in_channels: int, out_channels: int):
        super().__init__()
        self.layout, self.in_channels = layout, in_channels
        self.linear = SortedLinear(layout, in_channels, out_channels)

    def forward(self, v: Weights) -> Weights:
        """`Weights` with C channels -> `Weights` with C'."""
        return self.layout.restore(self.linear(self.layout.sort(v, self.in_channels)))
