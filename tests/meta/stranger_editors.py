"""Editing networks as somebody else would write them, and one for every way of declaring what is not so. Public face alone."""

from __future__ import annotations

import torch
from torch import nn

from orbitcheck import Equivariant, Unsupported, Weights, register


class Editor(nn.Module):
    """Two layers of row, column and tensor means for each entry: equivariant under permutations; no invariant output."""

    def __init__(self, space, output, *, width: int = 5):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network has no invariant output")
        if not space.is_mlp:
            raise Unsupported("MLPs only")
        self.first = nn.ModuleDict({name: nn.Linear(6, width) for name in space.axes})
        self.second = nn.ModuleDict({name: nn.Linear(6 * width, output.channels) for name in space.axes})

    def see(self, v):
        return v

    def say(self, made, v):
        return made

    def forward(self, v):
        seen = self.see(v)
        hidden = self.mixed(seen.tensors, self.first)
        hidden = {name: nn.functional.gelu(t) for name, t in hidden.items()}
        return Weights(v.space, self.say(self.mixed(hidden, self.second), v))

    @staticmethod
    def mixed(tensors, maps):
        layers, made = len(tensors) // 2, {}
        for layer in range(1, layers + 1):
            w, b = tensors[f"W{layer}"], tensors[f"b{layer}"]
            below = tensors[f"b{layer - 1}"] if layer > 1 else w.mean(1)
            above = tensors[f"W{layer + 1}"].mean(1) if layer < layers else b
            rows, columns, all_ = w.mean(2), w.mean(1), w.mean((1, 2))
            size = w.shape
            parts = [w, rows[:, :, None].expand(size), columns[:, None].expand(size), all_[:, None, None].expand(size),
                     b[:, :, None].expand(size), below[:, None].expand(size)]  # fmt: skip
            made[f"W{layer}"] = maps[f"W{layer}"](torch.cat(parts, -1))
            parts = [b, rows, above, b.mean(1, keepdim=True).expand(b.shape), all_[:, None].expand(b.shape),
                     columns.mean(1, keepdim=True).expand(b.shape)]  # fmt: skip
            made[f"b{layer}"] = maps[f"b{layer}"](torch.cat(parts, -1))
        return made


@register("editor", modes=("eval", "train"))
class Correct(Editor):
    def __init__(self, space, output, *, width: int = 5):
        super().__init__(space, output, width=width)


def numbered(t):
    return torch.arange(t.shape[1], dtype=t.dtype, device=t.device).view(1, -1, *[1] * (t.ndim - 2))


class Numbered(Editor):
    """Adds a positional code to the hidden biases."""

    def see(self, v):
        return Weights(v.space, {**v.tensors, "b1": v.tensors["b1"] + 0.05 * torch.cos(numbered(v.tensors["b1"]))})


class ByWidth(Editor):
    """Divides each row by its number, in one output tensor."""

    def say(self, made, v):
        return {**made, "W1": made["W1"] / (1 + 1e-6 * numbered(made["W1"]))}


@register("declares-permutations")
class DeclaresPermutations(ByWidth):
    pass


class ByBias(Editor):
    """Lists the hidden neurons of the edit by their biases: the same functions, whatever the order in v."""

    weights = True

    def say(self, made, v):
        order = made["b1"].argsort(1)
        listed = {**made, "b1": made["b1"].take_along_dim(order, 1)}
        if self.weights:
            listed["W1"] = made["W1"].take_along_dim(order.unsqueeze(2), 1)
            listed["W2"] = made["W2"].take_along_dim(order.unsqueeze(1), 2)
        return listed


@register("declares-exact")
class DeclaresExact(ByBias):
    pass


@register("correct-functions", law="functional")
class CorrectFunctions(ByBias):
    pass


@register("declares-functions", law="functional")
class DeclaresFunctions(ByBias):
    """Leaves the weights where they were."""

    weights = False


@register("declares-none", symmetry="none")
class DeclaresNone(Numbered):
    pass


@register("declares-general-position", domain="general-position")
class DeclaresGeneralPosition(Numbered):
    pass


@register("declares-simple-spectrum", domain="simple-spectrum")
class DeclaresSimpleSpectrum(Numbered):
    pass


class Signed(nn.Module):
    """`W -> tanh(W) c`, entry by entry: signs and permutations commute with it, scales do not. An honest sign editor."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network has no invariant output")
        self.factor = nn.ParameterDict({name: nn.Parameter(torch.randn(output.channels)) for name in space.axes})

    def forward(self, v):
        return Weights(v.space, {name: t.tanh() * self.factor[name] for name, t in v.items()})


@register("correct-signs", symmetry="permutation+sign")
class CorrectSigns(Signed):
    pass


@register("declares-scale", symmetry="permutation+scale")
class DeclaresScale(Signed):
    pass


@register("declares-sign", symmetry="permutation+sign")
class DeclaresSign(Editor):
    pass


class FirstOfEquals(Editor):
    """The first neuron of largest bias is set apart."""

    def say(self, made, v):
        bias = v.tensors["b1"][..., 0]
        largest = torch.zeros_like(bias).scatter(1, bias.argmax(1, keepdim=True), 1.0)
        return {**made, "b1": made["b1"] + 0.1 * largest.unsqueeze(-1)}


@register("declares-all")
class DeclaresAll(FirstOfEquals):
    pass


@register("declares-jumps", continuous=False)
class DeclaresJumps(FirstOfEquals):
    pass


@register("declares-continuity")
class DeclaresContinuity(Editor):
    """Prunes: biases under a threshold are set to zero, and zero is not under it from both sides."""

    def say(self, made, v):
        return {**made, "b1": made["b1"] * (v.tensors["b1"] >= 0)}


@register("declares-eval", modes=("eval", "train"))
class DeclaresEval(Numbered):
    def see(self, v):
        return v if self.training else super().see(v)


@register("declares-train", modes=("eval", "train"))
class DeclaresTrain(Numbered):
    def see(self, v):
        return super().see(v) if self.training else v


class Multiples(Signed):
    """`W -> W c`."""

    def forward(self, v):
        return Weights(v.space, {name: t * self.factor[name] for name, t in v.items()})


@register("declares-vectors", symmetry="permutation+scale")
class DeclaresVectors(Multiples):
    """Moves the biases below the output by what is read of them, as a gradient would: against their factors."""

    def forward(self, v):
        made = dict(super().forward(v).tensors)
        made["b2"] = made["b2"] + 0.1 * v.tensors["W3"].sum(1)
        return Weights(v.space, made)


@register("declares-layer", linear_layer="linear_layer")
class DeclaresLayer(Editor):
    """Shows a layer that multiplies every tensor by a number, as if that were all there is."""

    @staticmethod
    def linear_layer(space, in_channels, out_channels):
        return Multiples(space, Equivariant(out_channels))


class Counting(Editor):
    """Editing by the overlaps of rows, which no 1-WL network sees, in the order of magnitude that a user would not notice."""

    def say(self, made, v):
        rows = v.tensors["W2"][..., 0]
        return {name: t * (1 + 0.1 * torch.tanh((rows @ rows.mT).square().mean((1, 2)))).view(-1, *[1] * (t.ndim - 1))
                for name, t in made.items()}  # fmt: skip


@register("declares-below", power="below-1-wl")
class DeclaresBelow(Counting):
    pass


@register("declares-high", power="1-wl", rounds=lambda: (1, 2))
class DeclaresHigh(Counting):
    pass


@register("declares-low", power="1-wl", rounds=lambda: (6, 7))
class DeclaresLow(Editor):
    pass


@register("declares-pairs", power="2-fwl", rounds=lambda: (1, 1))
class DeclaresPairs(Editor):
    pass


@register("declares-few-pairs", power="2-fwl", rounds=lambda: (1, 1))
class DeclaresFewPairs(Editor):
    """Editing by closed walks of ten steps, which two rounds of 2-FWL do not see."""

    def say(self, made, v):
        rows = v.tensors["W2"][..., 0]
        walks = torch.linalg.matrix_power(rows @ rows.mT / 4, 5).diagonal(dim1=1, dim2=2).mean(1)
        return {name: t * (1 + 0.1 * torch.tanh(walks)).view(-1, *[1] * (t.ndim - 1)) for name, t in made.items()}


@register("declares-complete", power="complete")
class DeclaresComplete(Editor):
    pass


@register("declares-function", power="function")
class DeclaresFunction(Editor):
    pass


@register("declares-nothing")
class DeclaresNothing(Numbered):
    pass


class Curves(nn.Module):
    """Every entry through a curve times a number that is learned: right under permutations, wrong under whatever multiplies or mixes."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network has no invariant output")
        self.gain = nn.Parameter(torch.randn(output.channels))

    def forward(self, v):
        return v.map(lambda tensor: tensor.tanh() * self.gain)


@register("declares-phase", symmetry="permutation+sign+phase")
class DeclaresPhase(Curves):
    pass


@register("declares-heads", symmetry="heads")
class DeclaresHeads(Curves):
    """Keys are told apart by what all heads have at their number."""

    def forward(self, v):
        made = super().forward(v)
        return Weights(
            v.space, {**made.tensors, "bK": made.tensors["bK"] + v.tensors["bK"].mean(1, keepdim=True) * self.gain}
        )


@register("declares-orth", symmetry="orth")
class DeclaresOrth(Curves):
    pass


@register("declares-gl", symmetry="gl")
class DeclaresMaps(Curves):
    pass


@register("declares-gl-shift", symmetry="gl+shift")
class DeclaresShifts(Curves):
    pass


@register("declares-full", symmetry="full")
class DeclaresFull(Curves):
    pass
