"""The parameter graph of an MLP in dense form: a node per neuron with its bias, an edge per weight.

    nodes   x[B, N, C], the neurons of all layers 0..L one after the other, N = n_0 + ... + n_L
    edges   e_l[B, n_l, n_{l-1}, C], one tensor for each weight matrix, l = 1..L

Consecutive layers are joined completely, so that an edge finds both its ends by broadcasting and no index list is ever
made: x of layer l stands along the rows of e_l, x of layer l - 1 along its columns. A linear map of a concatenation is
split into its parts, `lin [x_j; x_k; e_jk] = T x_j + S x_k + E e_jk`, of which only the last is as large as the edges.

Source: Lim et al. 2024 (arXiv 2312.04501), section 3; Kofinas et al. 2024 (arXiv 2403.12143), section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from ..harness.space import WeightSpace
from ..harness.weights import Weights
from .heads import mlp_head


class Graph(NamedTuple):
    """A batch of parameter graphs; the module's docstring has the shapes."""

    nodes: torch.Tensor
    edges: tuple[torch.Tensor, ...]


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

    Named are: every input neuron, every hidden layer, every output neuron, and every weight matrix.

    Args:
        space: an MLP space.
        channels: C.
        scalars: makes a module `[..., 1] -> [..., C]`; one for biases and one for weights.
    """

    def __init__(self, space: WeightSpace, channels: int, scalars: Callable[[], nn.Module]):
        super().__init__()
        first, *hidden, last = space.widths
        self.widths = space.widths
        self.bias, self.weight = scalars(), scalars()
        self.inputs, self.layers, self.outputs, self.matrices = (
            nn.Parameter(torch.randn(count, channels) * channels**-0.5)
            for count in (first, len(hidden), last, len(hidden) + 1)
        )

    def forward(self, v: Weights) -> Graph:
        hidden = [code.expand(width, -1) for code, width in zip(self.layers, self.widths[1:-1], strict=True)]
        features = self.bias(torch.cat(v.biases, 1)) + torch.cat([*hidden, self.outputs])
        nodes = torch.cat([self.inputs.expand(v.batch, -1, -1), features], 1)
        return Graph(nodes, tuple(self.weight(w) + code for w, code in zip(v.weights, self.matrices, strict=True)))


class EdgeMLP(nn.Module):
    """`MLP [x_j; x_k; e_jk]` up to its hidden layer, for every edge: `act(T x_j + S x_k + E e_jk)`."""

    def __init__(self, widths: Sequence[int], channels: int):
        super().__init__()
        self.widths = list(widths)
        self.ends = nn.Linear(channels, 2 * channels)
        self.edge = nn.Linear(channels, channels, bias=False)

    def forward(self, graph: Graph) -> list[torch.Tensor]:
        target, source = (end.split(self.widths, 1) for end in self.ends(graph.nodes).chunk(2, -1))
        return [
            functional.silu(join(self.edge(e), target[layer], source[layer - 1]))
            for layer, e in enumerate(graph.edges, 1)
        ]


class EquivariantHead(nn.Module):
    """Parameter graph -> Weights: an MLP of every edge and both its ends, an MLP of every neuron that has a bias."""

    def __init__(self, space: WeightSpace, channels: int, outputs: int):
        super().__init__()
        self.space = space
        self.edges = EdgeMLP(space.widths, channels)
        self.weights = nn.Linear(channels, outputs)
        self.biases = mlp_head(channels, channels, outputs, depth=1)

    def forward(self, graph: Graph) -> Weights:
        first, *rest = self.space.widths
        weights = [self.weights(hidden) for hidden in self.edges(graph)]
        biases = self.biases(graph.nodes[:, first:]).split(rest, 1)
        named = {f"W{layer}": tensor for layer, tensor in enumerate(weights, 1)}
        named |= {f"b{layer}": tensor for layer, tensor in enumerate(biases, 1)}
        return Weights(self.space, named)
