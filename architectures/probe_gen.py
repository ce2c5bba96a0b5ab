"""`probe-gen`: probes made by a deep linear generator, then an MLP on what the network answers to them.

Kahana, Horwitz, Shuval, Hoshen, *Deep Linear Probe Generators for Weight Space Learning*, ICLR 2025, arXiv 2410.10811.

    z_p  learned, p = 1..P,      x_p = G(z_p),      MLP concat_p f_v(x_p)

with G a linear network: two layers without activation between, which bias training and nothing else where latents are as wide as an input; for
images a linear layer and a transposed convolution, tanh at the end. It sees f_v and nothing else, and f_v where probes are: they start inside a radius
of about 1.6, so that a unit which wakes at 3 is unseen. That two functions are not parted is no proof that they are equal.
"""

from __future__ import annotations

from math import prod

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, check_size, demand_function, mlp_head

LATENT = 32
SPREAD = 0.4
"""Standard deviation of an entry of a probe at the start."""


class LinearGenerator(nn.Module):
    """`[P, latent]` -> `[P, *shape]` by two linear layers."""

    def __init__(self, shape: tuple[int, ...], hidden: int):
        super().__init__()
        self.shape = shape
        self.layers = nn.Sequential(nn.Linear(LATENT, hidden, bias=False), nn.Linear(hidden, prod(shape)))
        nn.init.normal_(self.layers[0].weight, std=LATENT**-0.5)  # type: ignore[arg-type]
        nn.init.normal_(self.layers[1].weight, std=SPREAD * hidden**-0.5)  # type: ignore[arg-type]

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """`[P, latent]` -> `[P, *shape]`."""
        return self.layers(z).unflatten(-1, self.shape)


class ImageGenerator(nn.Module):
    """`[P, latent]` -> `[P, channels, height, width]`: half the size by a linear layer, the rest by a transposed convolution, tanh."""

    def __init__(self, shape: tuple[int, int, int], hidden: int):
        super().__init__()
        channels, *size = shape
        self.size, self.start = size, (hidden, *((n + 1) // 2 for n in size))
        self.linear = nn.Linear(LATENT, prod(self.start))
        self.up = nn.ConvTranspose2d(hidden, channels, 4, stride=2, padding=1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """`[P, latent]` -> `[P, channels, height, width]`."""
        image = self.up(self.linear(z).unflatten(-1, self.start))
        return image[..., : self.size[0], : self.size[1]].tanh()


@register(
    "probe-gen",
    symmetry="full",
    power="function",
    modes=("eval", "train"),
    spaces="networks whose function is known",
    paper="Kahana et al. 2025, arXiv 2410.10811",
)
class ProbeGen(nn.Module):
    """`MLP concat_p f_v(G(z_p))`: constant wherever f_v is, whatever keeps it.

    Args:
        space: an MLP's, or one that a constructor made whose function is known.
        output: invariant.
        probes: P.
        hidden: width of the generator's hidden layer.
        extent: pixels a side, steps or tokens of a probe, where the space leaves their number free.
        channels, depth: width and number of the MLP's hidden layers.

    Raises:
        Unsupported: a space whose function is not known; an equivariant output, which no function of f_v alone is.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        probes: int = 64,
        hidden: int = 32,
        extent: int = 4,
        channels: int = 64,
        depth: int = 2,
    ) -> None:
        super().__init__()
        self.realise, dim = demand_function("probe-gen", space, output)
        for option, value in (("probes", probes), ("hidden", hidden), ("extent", extent)):
            check_size(option, value)
        self.space, shape = space, self.realise.input_shape(extent)
        image = self.realise.axes[-2:] == ("height", "width") and len(shape) == 3
        self.z = nn.Parameter(torch.randn(probes, LATENT))
        self.G = ImageGenerator((shape[0], shape[1], shape[2]), hidden) if image else LinearGenerator(shape, hidden)
        nothing = Weights(space, {name: self.z.new_zeros(1, *s, 1) for name, s in space.shapes.items()})
        self.head = mlp_head(self.realise(nothing, self.x).numel(), channels, dim, depth)

    @property
    def x(self) -> torch.Tensor:
        """The probes, `[P, *shape of one input]`."""
        return self.G(self.z)

    def forward(self, v: Weights) -> torch.Tensor:
        """`Weights` of B networks, one channel -> `[B, dim]`."""
        check_input(self.space, v)
        return self.head(self.realise(v, self.x).flatten(1))
