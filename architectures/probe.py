"""`probe`: run the network on learned inputs, then an MLP. Sees the function and nothing else."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, check_size, demand_function, mlp_head

SCALES = 8
"""Probes lie in boxes of so many sizes, each half as large as the one before."""


@register(
    "probe",
    symmetry="permutation",
    power="function",
    modes=("eval", "train"),
    spaces="networks whose function is known",
    paper="control",
)
class Probe(nn.Module):
    """`MLP [f_v(x_1); ...; f_v(x_p)]`, with learned inputs in a box: constant wherever `f_v` is.

    Continuous functions that differ at one point of the open box differ near it, where probes can be; functions that agree
    on the box and differ outside it are not separated, however many probes there are. Piecewise-linear networks are often
    constant around the origin and differ far from it, sine networks differ at small distances: probe i stays in the
    box of `box / 2^(i mod 8)`.

    The answer is as well conditioned as `f_v` is: a deep sine network with large weights turns one ulp into another
    function.

    Args:
        space: an MLP's, or one that a constructor of harness/weights/spaces.py made.
        output: invariant.
        probes: p.
        box: the largest box is `[-box, box]` in every coordinate; a probe is a box's half side times `sin(theta)`, theta learned.
        extent: pixels a side, steps or tokens of a probe, where the space leaves their number free.
        channels, depth: width and number of the MLP's hidden layers.

    Raises:
        Unsupported: a space whose function is not known; an equivariant output, which no function of `f_v` alone is.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    reach: torch.Tensor

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        probes: int = 32,
        box: float = 64.0,
        extent: int = 4,
        channels: int = 64,
        depth: int = 2,
    ) -> None:
        super().__init__()
        self.realise, dim = demand_function("probe", space, output)
        for option, value in (("probes", probes), ("extent", extent)):
            check_size(option, value)
        if not 0 < box < math.inf:
            raise ValueError(f"box={box}; allowed: positive numbers")
        self.space = space
        shape = self.realise.input_shape(extent)
        reach = box * 2.0 ** -(torch.arange(probes) % SCALES)
        self.register_buffer("reach", reach.view(-1, *[1] * len(shape)))
        self.theta = nn.Parameter(torch.empty(probes, *shape).uniform_(-1, 1).asin())
        nothing = Weights(space, {name: self.theta.new_zeros(1, *s, 1) for name, s in space.shapes.items()})
        self.head = mlp_head(self.realise(nothing, self.x).numel(), channels, dim, depth)

    @property
    def x(self) -> torch.Tensor:
        """The probes, `[p, *shape of one input]`."""
        return self.reach * self.theta.sin()

    def forward(self, v: Weights) -> torch.Tensor:
        """`Weights` of B networks, one channel -> `[B, dim]`."""
        check_input(self.space, v)
        return self.head(self.realise(v, self.x).flatten(1))
