"""UNF: universal neural functionals, for weights of any network whose tensors have named axes.

Zhou, Finn, Harrison, *Universal Neural Functionals*, NeurIPS 2024, arXiv 2402.05232.

For an output tensor T and an input tensor S, each partition of their joint axes into blocks of axes of one permutation gives
one equivariant map, which is read from S with a key K (names of permuted axes) and written to T (`axis_partitions.py`), so
that all maps with one key meet in one product. A layer is

    U_K     [B, *K, .]  everything that is read with key K, of all tensors, one slot after the other
    Y_K     M_K U_K, and + r for the empty key: everything that is written with key K
    T'      the sum over K and over the ways to embed K in T, of slots of Y_K

with K running through the multisets of axis names, for an MLP (), (n_i), (n_i, n_{i-1}). It is complete: the partitions are
the orbits of the group on pairs of entries (harness/oracles/linear_maps.py), and the slots all tuples of fixed indices.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .axis_partitions import Key, Layout, Reader, diagonal, spread
from .heads import check_size, mlp_head


class Mixer(nn.Module):
    """The complete equivariant affine map, C to C' channels, on bundles; the module's docstring has the law.

    Initialisation: each product has He's uniform bound sqrt(6 / fan-in), divided by the root of the number of products
    that an entry sums, so that differences between entries live through several layers under GELU.
    """

    def __init__(self, layout: Layout, in_channels: int, out_channels: int):
        super().__init__()
        self.layout = layout
        self.sizes = {
            key: [slots * out_channels for slots in layout.width(terms)] for key, terms in layout.writes.items()
        }
        everything = [term for terms in layout.writes.values() for term in terms if not term.is_diagonal]
        summands = {bundle: sum(term.bundle == bundle for term in everything) for bundle in layout.bundles}
        matrices = []
        for key, terms in layout.writes.items():
            inputs = sum(layout.width(layout.reads[key])) * in_channels
            shares = [
                torch.full((size,), float(summands[term.bundle]))
                for term, size in zip(terms, self.sizes[key], strict=True)
            ]
            bound = (6 / inputs / torch.cat(shares)).sqrt().unsqueeze(1)
            matrices.append(nn.Parameter(torch.empty(len(bound), inputs).uniform_(-1, 1) * bound))
        self.M = nn.ParameterList(matrices)
        means = self.M[list(layout.writes).index(())]
        self.r = nn.Parameter(torch.empty(len(means)).uniform_(-1, 1) * means.shape[1] ** -0.5)

    def forward(self, bundles: dict[Key, torch.Tensor]) -> dict[Key, torch.Tensor]:
        """Per key `[B, *axes, slots * C]` -> the same with C' channels."""
        reader = Reader(bundles)
        sums: dict[Key, torch.Tensor] = {}
        views: set[Key] = set()
        for (key, terms), matrix in zip(self.layout.writes.items(), self.M, strict=True):
            parts = [reader(term) for term in self.layout.reads[key]]
            u = parts[0] if len(parts) == 1 else torch.cat(parts, -1)
            y = functional.linear(u, matrix, None if key else self.r)
            for term, part in zip(terms, y.split(self.sizes[key], -1) if len(terms) > 1 else [y], strict=True):
                if term.bundle not in sums:
                    sums[term.bundle] = part
                    views |= {term.bundle} if len(terms) > 1 else set()
                elif term.bundle in views:
                    views.remove(term.bundle)
                    sums[term.bundle] = sums[term.bundle] + spread(part, term)
                else:
                    # In place: fresh memory costs as much as the sum, and no gradient needs the product itself.
                    diagonal(sums[term.bundle], term.blocks).add_(spread(part, term))
        return {bundle: sums[bundle] for bundle in bundles}


class UNFLayer(nn.Module):
    """`Mixer` as a map from `Weights` to `Weights` of the same space."""

    def __init__(self, space: WeightSpace, in_channels: int, out_channels: int):
        super().__init__()
        self.layout, self.in_channels, self.out_channels = Layout(space), in_channels, out_channels
        self.mixer = Mixer(self.layout, in_channels, out_channels)

    def forward(self, v: Weights) -> Weights:
        """`Weights` with C channels -> `Weights` with C'."""
        return self.layout.restore(self.mixer(self.layout.sort(v, self.in_channels)), self.out_channels)


@register(
    "unf",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth - 1, depth + 1) if depth > 1 else None,
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="any",
    paper="Zhou et al. 2024, arXiv 2402.05232",
)
class UNF(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for the group of any weight space; GELU after every layer.

    Args:
        space: any weight space.
        output: `Invariant(dim)`: an MLP on everything that is read with the empty key, the means of all diagonals;
            `Equivariant(channels)`: one more layer.
        channels: C, of every hidden tensor.
        depth: number of layers before the read-out.
        head: hidden width of the invariant read-out.

    Rounds, on the spaces of MLPs: as for DWS, whose layers realise the same maps there. The first layer takes sums of raw
    weights, so after d layers a neuron knows its colour of round d - 1 at least, and of round d at most; the read-out
    pools edges that know both ends, which may separate what round d + 1 does.

    `UNF.linear_layer(space, in_channels, out_channels)` builds one layer alone, a module `Weights -> Weights`; it is
    complete.

    Raises:
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 32,
        depth: int = 5,
        head: int = 128,
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.output, self.layout = output, Layout(space)
        self.layers = nn.ModuleList(
            Mixer(self.layout, 1 if number == 0 else channels, channels) for number in range(depth)
        )
        if isinstance(output, Invariant):
            means = sum(self.layout.width(self.layout.reads[()]))
            self.readout: nn.Module = mlp_head(means * channels, head, output.dim, depth=1)
        else:
            self.readout = Mixer(self.layout, channels, output.channels)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        bundles = self.layout.sort(v, 1)
        for layer in self.layers:
            bundles = {key: functional.gelu(tensor) for key, tensor in layer(bundles).items()}
        if isinstance(self.output, Invariant):
            reader = Reader(bundles)
            return self.readout(torch.cat([reader(term) for term in self.layout.reads[()]], -1))
        return self.layout.restore(self.readout(bundles), self.output.channels)

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One UNF layer as a module `Weights -> Weights`."""
        return UNFLayer(space, in_channels, out_channels)
