"""Low precision somewhere inside, and violations so small that they look like it."""

from __future__ import annotations

import torch
from meta_nets.base import Editor, Net, Reader, index, inside

from orbitcheck import register


def claims(name):
    """To see refinement: then a small step of any entry has to show."""
    return register(name, power="1-wl", rounds=lambda depth: (depth - 1, depth + 1))


@claims("weights-through-float32")
class WeightsThroughFloat32(Net):
    """Reads weights in float32: the law holds to the bit, and what weights say past 2^-24 is lost."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [w.float().to(w.dtype) for w in weights], biases


@claims("biases-through-float16")
class BiasesThroughFloat16(Net):
    """Reads biases in half precision."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return weights, [b.half().to(b.dtype) for b in biases]


@claims("one-tensor-through-bfloat16")
class OneTensorThroughBfloat16(Net):
    """Reads W2 alone in bfloat16."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [weights[0], *(w.bfloat16().to(w.dtype) for w in weights[1:2]), *weights[2:]], biases


@claims("weights-on-a-grid")
class WeightsOnAGrid(Net):
    """Rounds the last layer's weights to multiples of 2^-16."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [*weights[:-1], (weights[-1] * 2**16).round() / 2**16], biases


@claims("single-read-out")
class SingleReadOut(Net):
    """The answer passes through float32."""

    def finish(self, y):
        return y.float().to(y.dtype)

    def finish_weights(self, made, v):
        return {name: t.float().to(t.dtype) for name, t in made.items()}


@register("single-sums")
class SingleSums(Net):
    """Sums messages in float32."""

    def gather(self, messages, dim):
        return messages.float().mean(dim).to(messages.dtype)


@register("bfloat16-softmax")
class Bfloat16Softmax(Net):
    """Weighs messages by a softmax in bfloat16."""

    def gather(self, messages, dim):
        shares = messages.bfloat16().softmax(dim).to(messages.dtype)
        return (shares * messages).sum(dim)


@register("complex64-inside")
class Complex64Inside(Net):
    """Takes a characteristic function of the features in complex64."""

    def neurons(self, h, biases):
        def wave(i, x):
            z = torch.polar(torch.ones_like(x), x).to(torch.complex64).mean(1, keepdim=True)
            return x + (z.real**2 + z.imag**2).to(x.dtype)

        return inside(h, wave)


@claims("bfloat16-in-float32")
class Bfloat16InFloat32(Net):
    """Sound in float64; asked in float32 it reads weights in bfloat16."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [w.bfloat16().to(w.dtype) if w.dtype == torch.float32 else w for w in weights], biases


@register("float32-leak")
class Float32Leak(Net):
    """Sound in float64; asked in float32 neurons know their number, by 1e-3."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + 1e-3 * index(x)) if x.dtype == torch.float32 else x)


@register("leak-1e-8")
class Leak8(Net):
    """Neurons of the second hidden layer, or of the only one, know their number by 1e-8."""

    def neurons(self, h, biases):
        last = len(h) - 2
        return inside(h, lambda i, x: x * (1 + 1e-8 * index(x)) if i + 1 == min(2, last) else x)


@register("leak-1e-11")
class Leak11(Net):
    """All hidden neurons know their number by 1e-11."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + 1e-11 * index(x)))


@register("leak-of-the-editor")
class LeakOfTheEditor(Editor):
    """The equivariant output's W2 grows by 1e-9 from column to column."""

    def finish_weights(self, made, v):
        return {**made, "W2": made["W2"] * (1 + 1e-9 * index(made["W2"], 2))}


@register("leak-of-one-neuron")
class LeakOfOneNeuron(Net):
    """Only the last neuron of the first hidden layer is known, by 1e-9: one generator of many moves it."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: torch.cat([x[:, :-1], x[:, -1:] + 1e-9], 1) if i == 0 else x)


@register("leak-in-the-pool")
class LeakInThePool(Reader):
    """The read-out weighs neurons by their number, by 1e-10."""

    def pool(self, x, biases):
        return (x * (1 + 1e-10 * index(x))).mean(1)


@register("variance-by-difference")
class VarianceByDifference(Net):
    """The root of E[x^2] - E[x]^2, without anything below it: where neurons agree, a root of rounding."""

    def neurons(self, h, biases):
        def scaled(i, x):
            spread = ((x**2).mean(1, keepdim=True) - x.mean(1, keepdim=True) ** 2).abs().sqrt()
            return x + spread

        return inside(h, scaled)
