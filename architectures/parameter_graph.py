"""The parameter graph of a network in dense form, read off the axis names: a node per neuron, an edge per weight.

    nodes   x[B, N, C], the indices of all axes that are ends of an edge, one axis after the other
    edges   e_t[B, n, m, C], one tensor for each pair of axes that weights join

For an MLP these are the neurons of all layers 0..L with their biases, N = n_0 + ... + n_L, and one edge tensor for each
weight matrix. In any space with named axes

    ends       of a tensor are two of its axes: the permuted ones, and where there are fewer, the first fixed ones
    channels   of an edge are its fixed axes that are no end (positions in a kernel), and the tensors with the same ends
    nodes      have the tensors with one axis as features (biases)

so that a convolution joins channels by edges that carry whole kernels, a recurrence joins a layer with itself (and its
diagonal, which the group keeps apart, has a name), and in attention a head and a key index are joined by an edge that
carries their row of W_Q and of W_K over the model's axis, which is fixed. Every tensor with at most two permuted axes fits.
One with three would be hyperedges, each a node of its own, and is refused: such a graph tells no more than colours of single
indices do, which take `T[a, b, c] = 1` where a + b + c is even for `1` where a = b, on axes of two; no exact refinement here has that
power, so that none could be declared, and refinement of tuples, which `unf` has, parts the two in round 1.

Two axes are joined completely, so that an edge finds both its ends by broadcasting and no index list is ever made. A linear
map of a concatenation is split into its parts, `lin [x_j; x_k; e_jk] = T x_j + S x_k + E e_jk`, of which only the last is as
large as the edges.

Source: Lim et al. 2024 (arXiv 2312.04501), section 3; Kofinas et al. 2024 (arXiv 2403.12143), section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Unsupported
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import mlp_head


class Graph(NamedTuple):
    """A batch of parameter graphs; the module's docstring has the shapes."""

    nodes: torch.Tensor
    edges: tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Part:
    """One axis of nodes, or one tensor of edges, and the tensors of the weight space that it carries.

    Args:
        axes: one axis, or the two ends of the edges.
        tensors: names, each with the order in which its axes stand once the other axes have gone to the channels.
        slots: per tensor the sizes of these other axes, multiplied.
    """

    axes: tuple[str, ...]
    tensors: tuple[tuple[str, tuple[int, ...]], ...]
    slots: tuple[int, ...]

    def gather(self, v: Weights) -> torch.Tensor:
        """The values that the part carries, `[B, *axes, slots]`, from weights with one channel."""
        split = len(self.axes) + 1
        parts = [v.tensors[name].permute(0, *order, -1).flatten(split) for name, order in self.tensors]
        return torch.cat(parts, -1) if len(parts) > 1 else parts[0]

    def scatter(self, values: torch.Tensor, space: WeightSpace) -> dict[str, torch.Tensor]:
        """`[B, *axes, slots * C]` -> tensor name -> `[B, *axes of the tensor, C]`."""
        channels = values.shape[-1] // sum(self.slots)
        found = {}
        for (name, order), part in zip(
            self.tensors, values.split([count * channels for count in self.slots], -1), strict=True
        ):
            shape = space.shapes[name]
            others = [shape[place - 1] for place in order[len(self.axes) :]]
            back = [0, *(1 + order.index(place) for place in range(1, len(order) + 1)), len(order) + 1]
            found[name] = part.unflatten(-1, (*others, channels)).permute(back)
        return found


class Wiring:
    """Which axes of a weight space are nodes, which are joined by edges, and which tensors lie on what.

    Args:
        space: a weight space.

    Raises:
        Unsupported: a tensor with three permuted axes (why: above) or with none at all, or an axis that no edge reaches.
    """

    def __init__(self, space: WeightSpace):
        self.space = space
        found: dict[tuple[str, ...], list[str]] = {}
        for name, axes in space.tensors:
            ends = tuple(axes[place] for place in self._ends(name))
            found.setdefault(ends, []).append(name)
        joined = {axis for ends in found if len(ends) == 2 for axis in ends}
        for ends in found:
            if not joined.issuperset(ends):
                raise Unsupported(f"no tensor of {space} joins axis {ends[0]} with another one by an edge")
        self.axes = [axis for axis, _ in space.sizes if axis in joined]
        self.widths = [space.size[axis] for axis in self.axes]
        self.nodes = [self._part((axis,), found.get((axis,), [])) for axis in self.axes]
        self.edges = [self._part(ends, names) for ends, names in found.items() if len(ends) == 2]
        self.ends = [(self.axes.index(to), self.axes.index(start)) for to, start in (part.axes for part in self.edges)]
        """Per edge tensor the numbers of its two axes of nodes: of its rows, and of its columns."""

    def _ends(self, name: str) -> list[int]:
        """The places of a tensor's axes that are ends of its edges, or the one place of its nodes."""
        axes = self.space.axes[name]
        fixed_last = sorted(range(len(axes)), key=lambda place: axes[place] not in self.space.permuted)
        permuted = sum(axis in self.space.permuted for axis in axes)
        if not axes or permuted > 2:
            what = f"{permuted} permuted axes" if axes else "no axis"
            raise Unsupported(f"tensor {name} of {self.space} has {what}; an edge of a parameter graph joins two")
        return sorted(fixed_last[:2])

    def _part(self, axes: tuple[str, ...], names: list[str]) -> Part:
        tensors, slots = [], []
        for name in names:
            ends, shape = self._ends(name), self.space.shapes[name]
            others = [place for place in range(len(shape)) if place not in ends]
            tensors.append((name, tuple(place + 1 for place in (*ends, *others))))
            slots.append(prod(shape[place] for place in others))
        return Part(axes, tuple(tensors), tuple(slots))


def join(edge: torch.Tensor, target: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """`edge[j, k] + target[j] + source[k]`, written over `edge`.

    Fresh memory would cost as much as the sum; `edge` is a product's result, which no gradient needs.
    """
    return edge.add_(target.unsqueeze(2)).add_(source.unsqueeze(1))


def mean(messages: torch.Tensor, dim: int) -> torch.Tensor:
    """The mean along `dim` as a sum times a number: the gradient of a sum is a view, that of `mean` a whole tensor."""
    return messages.sum(dim) * (1 / messages.shape[dim])


def total(messages: torch.Tensor, dim: int) -> torch.Tensor:
    """The sum along `dim` over the root of its length, so that differences keep their size at any width."""
    return messages.sum(dim) * messages.shape[dim] ** -0.5


def lecun_(module: nn.Module) -> None:
    """Every matrix of `module` drawn with variance 1 / fan-in; biases keep torch's uniform density.

    torch's own bound has a third of that variance, and what tells two neurons apart then shrinks by 1e4 a round instead
    of 1e2 to 1e3: too much for four rounds to show in float64.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.kaiming_uniform_(part.weight, nonlinearity="linear")


class Encoder(nn.Module):
    """Weight vectors -> parameter graph: features of the scalars, plus a learned vector for whatever is no symmetry.

    Named are: every index of a fixed axis (inputs, outputs), every permuted axis (a hidden layer), every edge tensor, and
    the diagonal of one that joins an axis with itself.

    Args:
        wiring: of the space.
        channels: C.
        scalars: makes a module `[..., slots] -> [..., C]` for a number of slots; biases that have as many share one, and so
            do weights.
    """

    def __init__(self, wiring: Wiring, channels: int, scalars: Callable[[int], nn.Module]):
        super().__init__()
        self.wiring = wiring
        self.biases, self.weights = (
            nn.ModuleDict({str(slots): scalars(slots) for slots in sorted({sum(part.slots) for part in parts} - {0})})
            for parts in (wiring.nodes, wiring.edges)
        )

        def names(counts: list[int]) -> nn.ParameterList:
            return nn.ParameterList(torch.randn(count, channels) * channels**-0.5 for count in counts)

        permuted = wiring.space.permuted
        self.axes = names([1 if axis in permuted else n for axis, n in zip(wiring.axes, wiring.widths, strict=True)])
        self.matrices = names([1 for _ in wiring.edges])
        self.diagonals = names([1 for to, start in wiring.ends if to == start])

    def forward(self, v: Weights) -> Graph:
        """`Weights` of B networks, one channel -> nodes `[B, N, C]`, edges `[B, n, m, C]`."""
        nodes, edges, diagonals = [], [], iter(self.diagonals)
        for part, code, width in zip(self.wiring.nodes, self.axes, self.wiring.widths, strict=True):
            if part.tensors:
                nodes.append(self.biases[str(sum(part.slots))](part.gather(v)) + code)
            else:
                nodes.append(code.expand(v.batch, width, -1))
        for part, code, (to, start) in zip(self.wiring.edges, self.matrices, self.wiring.ends, strict=True):
            edge = self.weights[str(sum(part.slots))](part.gather(v)) + code
            if to == start:
                edge = edge + torch.eye(edge.shape[1], dtype=edge.dtype, device=edge.device)[..., None] * next(
                    diagonals
                )
            edges.append(edge)
        return Graph(torch.cat(nodes, 1), tuple(edges))


class EdgeMLP(nn.Module):
    """`MLP [x_j; x_k; e_jk]` up to its hidden layer, for every edge: `act(T x_j + S x_k + E e_jk)`."""

    def __init__(self, wiring: Wiring, channels: int):
        super().__init__()
        self.wiring = wiring
        self.ends = nn.Linear(channels, 2 * channels)
        self.edge = nn.Linear(channels, channels, bias=False)

    def forward(self, graph: Graph) -> list[torch.Tensor]:
        """Nodes `[B, N, C]` and edges `[B, n, m, C]` -> one `[B, n, m, C]` for each edge tensor."""
        target, source = (end.split(self.wiring.widths, 1) for end in self.ends(graph.nodes).chunk(2, -1))
        return [
            functional.silu(join(self.edge(e), target[to], source[start]))
            for e, (to, start) in zip(graph.edges, self.wiring.ends, strict=True)
        ]


class EquivariantHead(nn.Module):
    """Parameter graph -> Weights: an MLP of every edge and both its ends, an MLP of every neuron that has a bias."""

    def __init__(self, wiring: Wiring, channels: int, outputs: int):
        super().__init__()
        self.wiring = wiring
        self.edges = EdgeMLP(wiring, channels)

        def heads(parts: list[Part], make: Callable[[int], nn.Module]) -> nn.ModuleDict:
            return nn.ModuleDict(
                {str(slots): make(slots * outputs) for slots in sorted({sum(p.slots) for p in parts} - {0})}
            )

        self.weights = heads(wiring.edges, lambda size: nn.Linear(channels, size))
        self.biases = heads(wiring.nodes, lambda size: mlp_head(channels, channels, size, depth=1))

    def forward(self, graph: Graph) -> Weights:
        """Nodes `[B, N, C]` and edges `[B, n, m, C]` -> `Weights` with `outputs` channels."""
        space, named = self.wiring.space, {}
        for part, hidden in zip(self.wiring.edges, self.edges(graph), strict=True):
            named |= part.scatter(self.weights[str(sum(part.slots))](hidden), space)
        for part, x in zip(self.wiring.nodes, graph.nodes.split(self.wiring.widths, 1), strict=True):
            if part.tensors:
                named |= part.scatter(self.biases[str(sum(part.slots))](x), space)
        return Weights(space, named)
