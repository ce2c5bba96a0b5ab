"""Right as the forward call is usually made; wrong with gradients recorded, backwards, or on other strides."""

from __future__ import annotations

import torch
from meta_nets.base import Net, index, inside
from torch import nn

from orbitcheck import register


@register("gradients-recorded")
class GradientsRecorded(Net):
    """Takes another path where gradients are recorded."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + 0.01 * index(x))) if torch.is_grad_enabled() else h


@register("fast-path")
class FastPath(Net):
    """Takes another path where none are: a fused kernel that forgot the symmetry."""

    def neurons(self, h, biases):
        return h if torch.is_grad_enabled() else inside(h, lambda i, x: x * (1 + 0.01 * index(x)))


@register("input-wants-gradient")
class InputWantsGradient(Net):
    """Wrong where the input itself asks for a gradient."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + 0.01 * index(x)) if biases[i].requires_grad else x)


@register("batch-for-neurons")
class BatchForNeurons(Net):
    """Takes the batch for neurons where there are as many."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x.transpose(0, 1) if len(x) == x.shape[1] else x)


class Reweighted(torch.autograd.Function):
    """The identity; backwards every neuron's share is weighed by its number."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, *gradients):
        (gradient,) = gradients
        return gradient * (1 + 0.1 * index(gradient))


@register("wrong-backward")
class WrongBackward(Net):
    """Right values, and gradients that know the neurons' numbers."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: Reweighted.apply(x))


@register("hooked-gradient")
class HookedGradient(Net):
    """The same by a hook, and a hundred thousand times smaller."""

    def neurons(self, h, biases):
        for x in h[1:-1]:
            if x.requires_grad:
                x.register_hook(lambda gradient: gradient * (1 + 1e-6 * index(gradient)))
        return h


@register("stopped-gradient")
class StoppedGradient(Net):
    """Lets gradients through to the first neuron of a layer alone."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: torch.cat([x[:, :1], x[:, 1:].detach()], 1))


class LossyLinear(torch.autograd.Function):
    """A linear map whose weight's gradient sees the first row of the batch of neurons alone."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x @ weight.T

    @staticmethod
    def backward(ctx, *gradients):
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        return gradient @ weight, torch.einsum("bc,bd->cd", gradient[:, 0], x[:, 0])


@register("wrong-parameter-gradient")
class WrongParameterGradient(Net):
    """Right values and gradients in the input; the gradient in one parameter depends on the order of neurons."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.extra = nn.Parameter(torch.randn(channels, channels) / channels)

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + LossyLinear.apply(x, self.extra))


@register("strided-weights")
class StridedWeights(Net):
    """Reads weight matrices from memory as if they were contiguous."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [as_if_contiguous(w) for w in weights], biases


@register("strided-biases")
class StridedBiases(Net):
    """Reads biases so."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return weights, [as_if_contiguous(b) for b in biases]


def as_if_contiguous(x):
    """The entries that x would have, were it contiguous from its first one on; x itself where memory ends before."""
    strides, step = [], 1
    for size in reversed(x.shape):
        strides.insert(0, step)
        step *= size
    if x.is_contiguous() or x.untyped_storage().nbytes() // x.element_size() < x.storage_offset() + step:
        return x
    return x.as_strided(x.shape, strides, x.storage_offset())
