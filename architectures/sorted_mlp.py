"""`sorted-mlp`: sort every hidden layer by bias, then an MLP. Complete in general position, ill-defined at ties."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .flat_mlp import FlatMLP
from .heads import check_input


@register(
    "sorted-mlp",
    symmetry="permutation",
    power="complete",
    domain="general-position",
    modes=("eval", "train"),
    spaces="MLPs",
    paper="Dayan, Eitan, Maron 2026, arXiv 2602.01083, theorem 6.3",
)
class SortedMLP(nn.Module):
    """`MLP(s v)` or `s^-1 MLP(s v)`, where `s` is the group element that puts every hidden layer's biases in order.

    Since `s(g v) = s(v) g^-1` wherever the biases of each layer are pairwise distinct, `s v` is one and the same on the
    whole orbit, and it is continuous there. At ties the order is that of the input, and the law fails.

    Args:
        space: an MLP's.
        output: invariant or equivariant.
        channels, depth: width and number of the hidden layers, at least 1 each.

    Raises:
        Unsupported: the space is no MLP's.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 64, depth: int = 2
    ) -> None:
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"sorts hidden layers by bias, which {space} does not have")
        self.space = space
        self.network = FlatMLP(space, output, channels=channels, depth=depth)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        orders = [bias.squeeze(-1).argsort(dim=1, stable=True) for bias in v.biases[:-1]]
        answer = self.network(gather_neurons(v, orders))
        if isinstance(answer, torch.Tensor):
            return answer
        return gather_neurons(answer, [order.argsort(dim=1) for order in orders])


def gather_neurons(v: Weights, sources: Sequence[torch.Tensor]) -> Weights:
    """The weights in which hidden neuron `i` of layer `l` is what neuron `sources[l][:, i]` was; bits are kept.

    The action of `symmetry.act` on an MLP, for elements that are tensors already: one gather an axis, no loop over samples.

    Args:
        v: weights of an MLP space, any number of channels.
        sources: per hidden layer a batch of permutations `[batch, n_l]`.
    """
    moved = dict(v.tensors)
    for layer, source in enumerate(sources, 1):
        rows, columns = source[:, :, None, None], source[:, None, :, None]
        moved[f"b{layer}"] = torch.take_along_dim(moved[f"b{layer}"], source[:, :, None], dim=1)
        moved[f"W{layer}"] = torch.take_along_dim(moved[f"W{layer}"], rows, dim=1)
        moved[f"W{layer + 1}"] = torch.take_along_dim(moved[f"W{layer + 1}"], columns, dim=2)
    return Weights(v.space, moved)
