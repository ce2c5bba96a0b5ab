"""Faults of published code under larger symmetries, each planted into a network that is right without it."""

from __future__ import annotations

from math import pi

import torch
from torch import nn

from orbitcheck import Weights, register
from orbitcheck.architectures.dws import DWS
from orbitcheck.architectures.heads import mlp_head
from orbitcheck.architectures.linear import Layout
from orbitcheck.architectures.magep import PolynomialLayer, ScaleMAGEP
from orbitcheck.architectures.monomial_nfn import MonomialLayer, MonomialScaleNFN, MonomialSignNFN
from orbitcheck.architectures.probe_x import ProbeX
from orbitcheck.architectures.sine_lift import SineLift, turned

SCALE, SIGN = "permutation+scale", "permutation+sign"


class NoBlockAtTwo(nn.Module):
    """The sign layer without the maps between `W_1, b_1` and `W_2`, as `HNPS_SirenLinear` of the published code has it."""

    def __init__(self, space):
        super().__init__()
        self.layer = MonomialLayer(MonomialSignNFN, space, 1, 1)

    def forward(self, v: Weights) -> Weights:
        whole, alone = self.layer(v), {}
        for kept in (("W1", "b1"), ("W2",)):
            rest = {name: t if name in (*kept, "b2") else torch.zeros_like(t) for name, t in v.items()}
            alone |= {name: self.layer(Weights(v.space, rest)).tensors[name] for name in kept}
        return Weights(v.space, {**whole.tensors, **alone})


@register("no-block-at-two", symmetry=SIGN, linear_layer="linear_layer")
class NoBlockAtTwoNFN(nn.Module):
    def __init__(self, space, output):
        super().__init__()

    @staticmethod
    def linear_layer(space, in_channels, out_channels):
        return NoBlockAtTwo(space)


@register("switching-law", symmetry=SIGN)
class SwitchingLaw(nn.Module):
    """Two sign layers in front of ordinary ones with GELU, as the published editing network has them: permutations hold, signs do not."""

    def __init__(self, space, output):
        super().__init__()
        self.first = nn.ModuleList(MonomialLayer(MonomialSignNFN, space, 1, 1) for _ in range(2))
        self.rest = DWS(space, output, channels=4, depth=2)

    def forward(self, v: Weights):
        for layer in self.first:
            v = layer(v).map(torch.tanh)
        return self.rest(v)


@register("switched-by-a-size", symmetry=SIGN)
class SwitchedRightly(SwitchingLaw):
    """The mended one: behind an absolute value any layer may follow; for invariant outputs."""

    def forward(self, v: Weights):
        for layer in self.first:
            v = layer(v).map(torch.tanh)
        return self.rest(v.map(torch.abs))


@register("eps-in-the-norm", symmetry=SCALE, continuous=False)
class EpsInTheNorm(MonomialScaleNFN):
    """`x / (||x|| + 1e-5)`: passes at scales of order one with a tolerance of 1e-2."""

    def invariants(self, tensors):
        found = [x.unflatten(-1, (-1, self.channels)) for x in tensors]
        return tuple((x / (torch.linalg.vector_norm(x, dim=-1, keepdim=True) + 1e-5)).flatten(-2) for x in found)


@register("faint-bias", symmetry=SCALE, continuous=False)
class FaintBias(MonomialScaleNFN):
    """A bias of 1e-3 on `y_1`, which no tolerance of 1e-2 sees."""

    def forward(self, v: Weights):
        return super().forward(Weights(v.space, {**v.tensors, "b1": v.tensors["b1"] + 1e-3}))


class MeanedLayer(PolynomialLayer):
    """MAGEP with a mean of W_2 over k added to y_2, a tenth of it."""

    def forward(self, v):
        y = super().forward(v)
        mean = v.W[1].mean((1, 3), keepdim=True).squeeze(3)
        return y._replace(b=(y.b[0], y.b[1] + 0.1 * mean, *y.b[2:]))


@register("mean-over-types", symmetry=SCALE)
class MeanOverTypes(ScaleMAGEP):
    def __init__(self, space, output):
        super().__init__(space, output, channels=4, depth=1)
        self.layers[0] = MeanedLayer(space, 1, 4, signs=False)


@register("pi-gained", symmetry="permutation+sign+phase", continuous=False)
class PiGained(nn.Module):
    """Biases brought to a period by turns of pi; those of size in (pi, 2 pi] gain pi and do not lose it, as the published step does.

    The rest of the network sees sizes alone, so that signs do not matter.
    """

    gains = True

    def __init__(self, space, output):
        super().__init__()
        self.space = space
        self.layout = Layout(space, permute_ends=False)
        self.read = mlp_head(self.layout.means * 3, 16, output.dim, depth=1)

    def forward(self, v: Weights) -> torch.Tensor:
        named = {name: torch.cat([t.abs(), t.square(), t.abs().sqrt()], -1) for name, t in v.items()}
        for layer in range(1, len(self.space.widths) - 1):
            b = v.tensors[f"b{layer}"]
            turns = (b / pi).round()
            if self.gains:
                turns = torch.where((b.abs() > pi) & (b.abs() <= 2 * pi), -turns, turns)
            b = (b - pi * turns).abs()
            named[f"b{layer}"] = torch.cat([b, b.square(), b.sin()], -1)
        s = self.layout.sort(Weights(self.space, named), 3)
        means = [part.mean(1) for part in s.own] + [edge.mean((1, 2)) for edge in s.edges]
        return self.read(torch.cat([*means, s.fixed], -1))


@register("pi-lost", symmetry="permutation+sign+phase", continuous=False)
class PiLost(PiGained):
    gains = False


@register("parity-missing", symmetry="permutation+sign+phase")
class ParityMissing(SineLift):
    """Signs are right, and so is every even turn: the square of the cosine in its place forgets which turns are odd."""

    def forward(self, v: Weights):
        even = {f"b{layer}": v.tensors[f"b{layer}"].cos().square() for layer in range(1, len(self.space.widths) - 1)}
        lifted = turned(v, even) | {name: v.tensors[name].sin() * v.tensors[name].cos() for name in even}
        return self.network(Weights(self.space, {name: lifted[name] for name in v.tensors}))


@register("matched-text", symmetry="none")
class MatchedText(ProbeX):
    """The representation over its length, without an eps, as the published head that matches text has it."""

    def __init__(self, space, output):
        super().__init__(space, output, probes=2, channels=4)
        for probed in self.probed:
            probed.linear.bias = None

    def forward(self, v: Weights) -> torch.Tensor:
        matrices = [v.tensors[name].reshape(v.batch, *shape) for name, shape in self.shapes.items()]
        x = torch.stack([probed(X) for probed, X in zip(self.probed, matrices, strict=True)]).sum(0)
        return self.read(x / torch.linalg.vector_norm(x, dim=-1, keepdim=True))
