"""ProbeX: bilinear probes of weight matrices. A control without symmetry.

Horwitz, Cavia, Kahana, Hoshen, *Learning on Model Weights using Tree Experts*, CVPR 2025, arXiv 2410.13569.

A matrix X (d_H x d_W) is probed from both sides, `T = vec relu(P^T X R)` with learned P (d_H x r_V) and R (d_W x r_U), here
r_V = r_U, and T goes through a linear map to a representation; here the representations of all tensors are added, each tensor as the matrix of its first axis against the others. The
answer is a linear map of it. Without a bias before the ReLU the representation is positively homogeneous.

Right where neither axis is ever permuted, as in models tuned from one base; P and R name the rows and columns of everything else.
"""

from __future__ import annotations

from math import prod

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, check_size


class Probed(nn.Module):
    """The representation of one tensor as a matrix, `[B, n, m]` -> `[B, representation]`."""

    def __init__(self, rows: int, columns: int, probes: int, representation: int):
        super().__init__()
        self.P = nn.Parameter(torch.randn(rows, probes) * rows**-0.5)
        self.R = nn.Parameter(torch.randn(columns, probes) * columns**-0.5)
        self.linear = nn.Linear(probes * probes, representation)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """`[B, n, m]` -> `[B, representation]`."""
        return self.linear((self.P.T @ X @ self.R).relu().flatten(1))


@register(
    "probe-x",
    symmetry="none",
    power="unknown",
    modes=("eval", "train"),
    spaces="any",
    paper="Horwitz et al. 2025, arXiv 2410.13569",
)
class ProbeX(nn.Module):
    """A network of the weights as they stand: no law, in any space.

    Args:
        space: any weight space.
        output: `Invariant(dim)` or `Equivariant(channels)`, the answer in the shape of the weights.
        probes: on each side of a matrix.
        channels: length of the representation.

    Raises:
        ValueError: an option out of range.
    """

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, probes: int = 8, channels: int = 64):
        super().__init__()
        for option, value in (("probes", probes), ("channels", channels)):
            check_size(option, value)
        self.space, self.output = space, output
        self.shapes = {name: (shape[0] if shape else 1, prod(shape[1:])) for name, shape in space.shapes.items()}
        self.probed = nn.ModuleList(Probed(*shape, probes, channels) for shape in self.shapes.values())
        size = output.dim if isinstance(output, Invariant) else space.parameters * output.channels
        self.read = nn.Linear(channels, size)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        matrices = [v.tensors[name].reshape(v.batch, *shape) for name, shape in self.shapes.items()]
        answer = self.read(torch.stack([p(X) for p, X in zip(self.probed, matrices, strict=True)]).sum(0))
        return answer if isinstance(self.output, Invariant) else Weights.from_flat(self.space, answer)
