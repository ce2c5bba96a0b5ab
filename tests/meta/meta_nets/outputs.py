"""One of the two outputs, one of its tensors, or one factor of the declared symmetry is broken."""

from __future__ import annotations

import torch
from meta_nets.base import Editor, Net, index, inside
from torch import nn

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, register
from orbitcheck.architectures.dws import DWS
from orbitcheck.architectures.scale_gmn import ScaleGMN, SignGMN


@register("reversed-tensor")
class ReversedTensor(Editor):
    """Writes the rows of W1 backwards."""

    def finish_weights(self, made, v):
        return {**made, "W1": made["W1"].flip(1)}


@register("swapped-tensors")
class SwappedTensors(Editor):
    """Writes one hidden layer's biases where another's belong, where sizes let it; elsewhere their mean."""

    def finish_weights(self, made, v):
        if len(self.widths) < 4 or self.widths[1] != self.widths[2]:
            return made
        return {**made, "b1": made["b2"], "b2": made["b1"]}


@register("late-tensor")
class LateTensor(Editor):
    """The columns of the last weights grow by a millionth."""

    def finish_weights(self, made, v):
        name = f"W{len(self.widths) - 1}"
        return {**made, name: made[name] * (1 + 1e-6 * index(made[name], 2))}


@register("small-tensor")
class SmallTensor(Editor):
    """One tensor of the output is a thousandth of the others, and broken in full."""

    def finish_weights(self, made, v):
        return {**made, "b1": 1e-3 * made["b1"] * (1 + index(made["b1"]))}


@register("one-number")
class OneNumber(Net):
    """Neurons know their number where one number, or one channel, is asked for."""

    def neurons(self, h, biases):
        one = 1 in (getattr(self.output, "dim", 0), getattr(self.output, "channels", 0))
        return inside(h, lambda i, x: x + 0.01 * index(x)) if one else h


class Wrapped(nn.Module):
    """A built-in network, changed behind."""

    inner = ScaleGMN

    def __init__(self, space, output):
        super().__init__()
        self.output, self.network = output, self.inner(space, output)

    def forward(self, v):
        result = self.network(v)
        return self.finish(result, v) if isinstance(result, torch.Tensor) else Weights(v.space, self.edit(result, v))

    def finish(self, y, v):
        return y

    def edit(self, z, v):
        return z.tensors


@register("one-tensor-of-scale", symmetry="permutation+scale")
class OneTensorOfScale(Wrapped):
    """The outgoing weights' output has a square added, a thousandth in size."""

    def edit(self, z, v):
        name = list(z.tensors)[-2]
        return {**z.tensors, name: z.tensors[name] + 1e-3 * z.tensors[name] ** 2}


@register("scale-of-biases", symmetry="permutation+scale")
class ScaleOfBiases(Wrapped):
    """Squashes the biases' output, which no rescaling commutes with."""

    def edit(self, z, v):
        return {name: t.tanh() if name.startswith("b") else t for name, t in z.tensors.items()}


@register("scale-in-the-reader", symmetry="permutation+scale")
class ScaleInTheReader(Wrapped):
    """The editor is sound; the invariant output sees the size of the first biases, by 1e-6."""

    def finish(self, y, v):
        return y + 1e-6 * v.tensors["b1"].square().mean((1, 2), keepdim=False).unsqueeze(-1)


@register("covector-for-vector", symmetry="permutation+scale")
class CovectorForVector(nn.Module):
    """The gradient of an invariant: it moves as covectors do, and is handed out as a vector."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network")
        self.energy, self.channels = ScaleGMN(space, Invariant(output.channels)), output.channels

    def forward(self, v):
        with torch.enable_grad():
            leaves = {
                name: t.requires_grad_() if not t.requires_grad and t.is_leaf else t for name, t in fresh(v).items()
            }
            energies = self.energy(Weights(v.space, leaves)).sum(0)
            slopes = [torch.autograd.grad(e, list(leaves.values()), create_graph=True) for e in energies]
        made = {name: torch.cat([s[i] for s in slopes], -1) for i, name in enumerate(leaves)}
        return Weights(v.space, made if torch.is_grad_enabled() else {name: t.detach() for name, t in made.items()})


def fresh(v):
    """Tensors that gradients may be taken in, joined to the caller's where it records."""
    recorded = torch.is_grad_enabled() and any(t.requires_grad for _, t in v.items())
    return {name: t if recorded and t.requires_grad else t.detach().clone() for name, t in v.items()}


@register("absolute-signs", symmetry="permutation+sign")
class AbsoluteSigns(Wrapped):
    """The output's signs are lost in one tensor."""

    inner = SignGMN

    def edit(self, z, v):
        return {**z.tensors, "b1": z.tensors["b1"].abs()}


@register("sign-in-the-reader", symmetry="permutation+sign")
class SignInTheReader(Wrapped):
    """The invariant output sees the sign of the first biases, by 1e-7; the editor is sound."""

    inner = SignGMN

    def finish(self, y, v):
        return y + 1e-7 * v.tensors["b1"].tanh().mean((1, 2)).unsqueeze(-1)


@register("dws-declared-sign", symmetry="permutation+sign")
class DwsDeclaredSign(Wrapped):
    """A network of the permutation group that declares signs."""

    inner = DWS


@register("dws-declared-scale", symmetry="permutation+scale")
class DwsDeclaredScale(Wrapped):
    """One that declares rescalings, on the equivariant side only."""

    inner = DWS

    def __init__(self, space, output):
        if isinstance(output, Invariant):
            raise Unsupported("an editing network")
        super().__init__(space, output)


@register("unmoved-by-parameters")
class UnmovedByParameters(Net):
    """All parameters are detached from the output: nothing that it learns shows."""

    def finish(self, y):
        return y.detach() * 0 + 1

    def finish_weights(self, made, v):
        return {name: v.tensors[name].expand_as(t) * 2 for name, t in made.items()}
