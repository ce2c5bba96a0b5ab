"""nfn-official: the authors' own layers, from the `nfn` package on PyPI (MIT licence), as a stranger's plug-in would use them.

Zhou, Yang, Burns, Cardace, Jiang, Sokota, Kolter, Finn, *Permutation Equivariant Neural Functionals*, NeurIPS 2023, arXiv
2302.14040; Zhou et al., *Neural Functional Transformers*, NeurIPS 2023, arXiv 2305.13546.

The layers are called as they are: this file names the package's classes, stacks them, and moves the channel axis, which
stands behind the batch there and last here. Where the algebra coincides with `linear.py`, the same coefficients give the same
numbers (tests/architectures/test_nfn_official.py). Two differences are the package's own: its HNP layer has no map from
`b_{L-1}` to `W_L`, so it is not complete; and its layers are initialised to a third of the variance that is used here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, check_size, mlp_head

LAYERS = ("np", "hnp", "attention")


def package() -> Any:
    """The installed `nfn.layers`; Unsupported where there is none."""
    try:
        return import_module("nfn.layers")
    except ImportError as error:
        raise Unsupported(f"needs the package nfn, pip install nfn ({error})") from None


def specification(space: WeightSpace) -> Any:
    """The package's description of an MLP: the shapes of weights and biases.

    Raises:
        Unsupported: the package is missing, or the space is no MLP's.
    """
    if not space.is_mlp:
        raise Unsupported(f"nfn-official hands over the weights of MLPs only, not {space}")
    package()
    common = import_module("nfn.common")
    shapes = [common.ArraySpec(shape) for shape in space.shapes.values()]
    return common.NetworkSpec(shapes[::2], shapes[1::2])


def to_features(v: Weights) -> Any:
    """The package's features: `[B, C, n_l, n_{l-1}]` and `[B, C, n_l]`."""
    moved = [[tensor.movedim(-1, 1) for tensor in tensors] for tensors in (v.weights, v.biases)]
    return import_module("nfn.common").WeightSpaceFeatures(*moved)


def from_features(features: Any, space: WeightSpace) -> Weights:
    """The inverse of `to_features`."""
    tensors = [tensor.movedim(1, -1) for pair in features for tensor in pair]
    return Weights(space, dict(zip(space.axes, tensors, strict=True)))


@register(
    "nfn-official",
    symmetry="permutation",
    power="unknown",
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="MLPs",
    paper="Zhou et al. 2023, arXiv 2302.14040 and 2305.13546, package nfn",
)
class NFNOfficial(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons, by the layers of the package `nfn`.

    Args:
        space: an MLP space.
        output: `Invariant(dim)`: an MLP on the package's pooled vector; `Equivariant(channels)`: one more layer.
        layer: "np": `NPLinear`, the first one with the package's embedding of input and output neurons, GELU after each;
            "hnp": `HNPLinear`, GELU after each; "attention": `LearnedPosEmbedding`, then pre-norm blocks of `NPAttention`
            and a point-wise MLP.
        channels: C, of every hidden tensor.
        depth: number of layers, or of blocks, before the read-out.
        heads: of the attention, a divisor of C.
        head: hidden width of the invariant read-out.

    `NFNOfficial.linear_layer(space, in_channels, out_channels)` is one `NPLinear` as a module `Weights -> Weights`.

    Raises:
        Unsupported: the package is not installed, or the space is no MLP's.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        layer: str = "np",
        channels: int = 32,
        depth: int = 4,
        heads: int = 4,
        head: int = 128,
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("heads", heads), ("head", head)):
            check_size(option, value)
        if layer not in LAYERS:
            raise ValueError(f"layer={layer!r}; allowed: {', '.join(LAYERS)}")
        if channels % heads:
            raise ValueError(f"heads={heads}; allowed: divisors of channels={channels}")
        spec, nfn = specification(space), package()
        self.space, self.output = space, output

        def linear(inputs: int, outputs: int, **options: Any) -> nn.Module:
            return (
                nfn.HNPLinear(spec, inputs, outputs)
                if layer == "hnp"
                else nfn.NPLinear(spec, inputs, outputs, **options)
            )

        if layer == "attention":
            blocks = [Block(nfn, spec, channels, heads) for _ in range(depth)]
            self.layers = nn.Sequential(
                nfn.Pointwise(spec, 1, channels), nfn.LearnedPosEmbedding(spec, channels), *blocks
            )
        else:
            named = {"io_embed": True} if layer == "np" else {}
            steps = [linear(1, channels, **named), *(linear(channels, channels) for _ in range(depth - 1))]
            self.layers = nn.Sequential(*(part for step in steps for part in (step, nfn.TupleOp(nn.GELU()))))
        pool = nfn.HNPPool if layer == "hnp" else nfn.NPPool
        if isinstance(output, Invariant):
            self.readout = nn.Sequential(
                pool(spec), nn.Flatten(), mlp_head(pool.get_num_outs(spec) * channels, head, output.dim, depth=1)
            )
        else:
            self.readout = linear(channels, output.channels)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        answer = self.readout(self.layers(to_features(v)))
        return answer if isinstance(self.output, Invariant) else from_features(answer, self.space)

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One `NPLinear` as a module `Weights -> Weights`."""
        return OfficialLayer(space, package().NPLinear(specification(space), in_channels, out_channels))


class OfficialLayer(nn.Module):
    """A layer of the package as a map from `Weights` to `Weights` of one space."""

    def __init__(self, space: WeightSpace, layer: nn.Module):
        super().__init__()
        self.space, self.layer = space, layer

    def forward(self, v: Weights) -> Weights:
        """`Weights` with C channels -> `Weights` with C'."""
        return from_features(self.layer(to_features(v)), self.space)


class Block(nn.Module):
    """`x += attention(norm x)`, `x += MLP(norm x)` on the package's features."""

    def __init__(self, nfn: Any, spec: Any, channels: int, heads: int):
        super().__init__()
        self.norms = nn.ModuleList(nfn.SimpleLayerNorm(spec, channels) for _ in range(2))
        self.attention = nfn.NPAttention(spec, channels, num_heads=heads)
        self.wide, self.narrow = (
            nfn.Pointwise(spec, channels, 2 * channels),
            nfn.Pointwise(spec, 2 * channels, channels),
        )

    def forward(self, x: Any) -> Any:
        """Features of the package -> features of the same shapes."""
        first, second = self.norms
        x = x + self.attention(first(x))
        return x + self.narrow(self.wide(second(x)).map(functional.gelu))
