"""UNF: universal neural functionals, for weights of any network whose tensors have named axes.

Zhou, Finn, Harrison, *Universal Neural Functionals*, NeurIPS 2024, arXiv 2402.05232.

For an output tensor T and an input tensor S, each partition of their joint axes into blocks of axes of one permutation gives
one equivariant map: an entry of T is the mean of those entries of S whose indices agree within every block. Read from S to
T, the map is three steps, since every block has axes of S alone, of T alone, or of both:

    diagonal    the axes of S in one block take one index
    mean        over the blocks with no axis of T; what is left has one axis a block, and their names are its *key*
    embed       on the diagonals of T, constant along the blocks with no axis of S

so that all maps with one key meet in one product. With a fixed axis every index is a tensor of its own: it is a slot, and
slots are channels. Tensors whose permuted axes have the same names (in any order) are slots of one *bundle*. A layer is

    U_K     [B, *K, .]  everything that is read with key K, of all bundles, one slot after the other
    Y_K     M_K U_K, and + r for the empty key: everything that is written with key K
    T'      the sum over K and over the ways to embed K in T, of slots of Y_K

with K running through the multisets of axis names, for an MLP (), (n_i), (n_i, n_{i-1}). It is complete: the partitions are
the orbits of the group on pairs of entries (harness/oracles/linear.py), and the slots all tuples of fixed indices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations, product
from math import prod

import torch
from torch import nn
from torch.nn import functional

from ..harness.architecture import Equivariant, Invariant, register
from ..harness.space import SpaceError, WeightSpace
from ..harness.weights import Weights
from .heads import check_size, mlp_head

Key = tuple[str, ...]
"""Names of permuted axes, sorted; a name may occur more than once."""
Blocks = tuple[tuple[int, ...], ...]
"""A partition of the places of a key: places in one block have the same name and take the same index."""


@dataclass(frozen=True)
class Term:
    """One way to read a key from a bundle, or to write it to one: take diagonals by `blocks`, then keep some of them.

    `kept` are the blocks that stand for the key's axes, in the key's order.
    """

    bundle: Key
    blocks: Blocks
    kept: tuple[int, ...]

    @property
    def is_diagonal(self) -> bool:
        return len(self.blocks) < len(self.bundle)


@dataclass(frozen=True)
class Layout:
    """How the tensors of a weight space lie in bundles, and what is read and written with every key."""

    space: WeightSpace

    @cached_property
    def bundles(self) -> dict[Key, tuple[str, ...]]:
        """Permuted axes -> the tensors that have just these."""
        found: dict[Key, tuple[str, ...]] = {}
        for name, axes in self.space.tensors:
            key = tuple(sorted(axis for axis in axes if axis in self.space.permuted))
            found[key] = (*found.get(key, ()), name)
        return found

    @cached_property
    def slots(self) -> dict[Key, tuple[int, ...]]:
        """Per bundle the slots of its tensors: the sizes of their fixed axes, multiplied."""
        size = self.space.size
        return {
            key: tuple(prod(size[axis] for axis in self.space.axes[name] if axis not in key) for name in names)
            for key, names in self.bundles.items()
        }

    @cached_property
    def writes(self) -> dict[Key, list[Term]]:
        """Key -> the ways to write it, in one order of blocks; diagonals last. Longest keys first: a bundle's own before others."""
        found: dict[Key, list[Term]] = {}
        for bundle in self.bundles:
            for blocks in _partitions(bundle):
                for count in range(len(blocks) + 1):
                    for kept in combinations(range(len(blocks)), count):
                        found.setdefault(_names(bundle, blocks, kept), []).append(Term(bundle, blocks, kept))
        longest = sorted(found.items(), key=lambda item: -len(item[0]))
        return {key: sorted(terms, key=lambda term: term.is_diagonal) for key, terms in longest}

    @cached_property
    def reads(self) -> dict[Key, list[Term]]:
        """Key -> the ways to read it: as to write it, and in every order of blocks whose names are the same."""
        return {
            key: [
                Term(term.bundle, term.blocks, order)
                for term in terms
                for order in permutations(term.kept)
                if _names(term.bundle, term.blocks, order) == key
            ]
            for key, terms in self.writes.items()
        }

    def width(self, terms: list[Term]) -> list[int]:
        """Slots of every term."""
        return [sum(self.slots[term.bundle]) for term in terms]

    def sort(self, v: Weights, channels: int) -> dict[Key, torch.Tensor]:
        """`[B, *key, slots * C]` for every bundle.

        Raises:
            SpaceError: weights of another space, or with another number of channels.
        """
        if v.space != self.space:
            raise SpaceError(f"got weights of {v.space}; this network was built for {self.space}")
        if v.channels != channels:
            raise SpaceError(f"got weights with {v.channels} channels; this layer takes {channels}")
        bundles = {}
        for key, names in self.bundles.items():
            parts = [v.tensors[name].permute(self._order(name)).flatten(len(key) + 1) for name in names]
            bundles[key] = torch.cat(parts, -1)
        return bundles

    def restore(self, bundles: dict[Key, torch.Tensor], channels: int) -> Weights:
        """The inverse of `sort`."""
        size, tensors = self.space.size, {}
        for key, names in self.bundles.items():
            parts = bundles[key].split([slots * channels for slots in self.slots[key]], -1)
            for name, part in zip(names, parts, strict=True):
                order = self._order(name)
                fixed = [size[axis] for axis in self.space.axes[name] if axis not in key]
                back = sorted(range(len(order)), key=order.__getitem__)
                tensors[name] = part.unflatten(-1, (*fixed, channels)).permute(back)
        return Weights(self.space, tensors)

    def _order(self, name: str) -> list[int]:
        """Batch, permuted axes in the key's order, fixed axes, channels."""
        axes = self.space.axes[name]
        moved = sorted(
            (place for place, axis in enumerate(axes, 1) if axis in self.space.permuted), key=lambda p: axes[p - 1]
        )
        fixed = [place for place in range(1, len(axes) + 1) if place not in moved]
        return [0, *moved, *fixed, len(axes) + 1]


def _partitions(key: Key) -> Iterator[Blocks]:
    """All partitions of the places of a key into blocks of one name, the finest one first."""
    places = {name: [place for place, other in enumerate(key) if other == name] for name in key}
    for chosen in product(*(list(_set_partitions(tuple(listed))) for listed in places.values())):
        yield tuple(sorted(block for blocks in chosen for block in blocks))


def _set_partitions(places: tuple[int, ...]) -> Iterator[Blocks]:
    if not places:
        yield ()
        return
    first, *rest = places
    for smaller in _set_partitions(tuple(rest)):
        yield ((first,), *smaller)
        for number, block in enumerate(smaller):
            yield (*smaller[:number], (first, *block), *smaller[number + 1 :])


def _names(bundle: Key, blocks: Blocks, kept: tuple[int, ...]) -> Key:
    return tuple(bundle[blocks[block][0]] for block in kept)


def diagonal(tensor: torch.Tensor, blocks: Blocks) -> torch.Tensor:
    """The entries of `[B, *places, C]` whose indices agree within every block, as a view `[B, *blocks, C]`."""
    labels = [-1, *(0 for block in blocks for _ in block), len(blocks)]
    for number, block in enumerate(blocks):
        for place in block:
            labels[place + 1] = number
    for number, block in enumerate(blocks):
        for _ in block[1:]:
            first = labels.index(number)
            second = labels.index(number, first + 1)
            tensor = tensor.diagonal(dim1=first, dim2=second)  # moves to the end
            del labels[second], labels[first]
            labels.append(number)
    return tensor if labels == sorted(labels) else tensor.permute([labels.index(label) for label in sorted(labels)])


class Reader:
    """Reads terms from bundles; a mean that two keys need is taken once."""

    def __init__(self, bundles: dict[Key, torch.Tensor]):
        self.bundles = bundles
        self.known: dict[tuple[Key, Blocks, tuple[int, ...]], torch.Tensor] = {}

    def __call__(self, term: Term) -> torch.Tensor:
        """`[B, *key, slots * C]`: diagonals, then means over the blocks that are not kept, then the key's order."""
        axes = tuple(sorted(term.kept))
        tensor = self._mean(term.bundle, term.blocks, axes)
        if term.kept == axes:
            return tensor
        return tensor.permute(0, *(1 + axes.index(block) for block in term.kept), len(axes) + 1)

    def _mean(self, bundle: Key, blocks: Blocks, kept: tuple[int, ...]) -> torch.Tensor:
        place = (bundle, blocks, kept)
        if place not in self.known:
            missing = next((block for block in range(len(blocks)) if block not in kept), None)
            if missing is None:
                self.known[place] = diagonal(self.bundles[bundle], blocks)
            else:
                more = tuple(sorted((*kept, missing)))
                finer, axis = self._mean(bundle, blocks, more), 1 + more.index(missing)
                # A sum times a number: the gradient of a sum is a view, that of a mean a whole tensor.
                self.known[place] = finer.sum(axis) * (1 / finer.shape[axis])
        return self.known[place]


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


def spread(part: torch.Tensor, term: Term) -> torch.Tensor:
    """`[B, *key, C]` with an axis of length one for every block that is not kept: `[B, *blocks, C]` up to broadcasting."""
    for block in range(len(term.blocks)):
        if block not in term.kept:
            part = part.unsqueeze(block + 1)
    return part


class UNFLayer(nn.Module):
    """`Mixer` as a map from `Weights` to `Weights` of the same space."""

    def __init__(self, space: WeightSpace, in_channels: int, out_channels: int):
        super().__init__()
        self.layout, self.in_channels, self.out_channels = Layout(space), in_channels, out_channels
        self.mixer = Mixer(self.layout, in_channels, out_channels)

    def forward(self, v: Weights) -> Weights:
        return self.layout.restore(self.mixer(self.layout.sort(v, self.in_channels)), self.out_channels)


@register(
    "unf",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth - 1, depth + 1),
    modes=("eval", "train"),
    linear_layer="linear_layer",
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
    pools edges that know both ends, which may part what parts in round d + 1.

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
