"""Right where all numbers differ; where some agree, the place decides."""

from __future__ import annotations

import torch
from meta_nets.base import Net, index, inside

from orbitcheck import register


@register("sorted-by-bias")
class SortedByBias(Net):
    """Neurons are ranked by bias and get an embedding of their rank; equal ones by number."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + 0.1 * ranks(biases[i]))


@register("sorted-by-bias-declared", continuous=False)
class SortedByBiasDeclared(SortedByBias):
    """The same, declared to jump."""

    def neurons(self, h, biases):
        return super().neurons(h, biases)


@register("sorted-in-general-position", continuous=False, domain="general-position")
class SortedByNorm(Net):
    """Claims general position of biases, and ranks by the sign of them: two values, ties everywhere."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + 0.1 * ranks(biases[i].sign()))


@register("first-of-the-largest")
class FirstOfTheLargest(Net):
    """All look at the features of the neuron with the largest bias: the first one, where several are."""

    def messages(self, step, i, ends):
        up, down = super().messages(step, i, ends)
        if i == 0:
            return up, down
        top = ends[..., -1].abs().sum(1).argmax(1)  # the heaviest column; in ties the first
        return up + ends[torch.arange(len(ends)), :, top, : self.channels], down


@register("quantised-only")
class QuantisedOnly(Net):
    """Takes a path for integers, with a table, where all weights are multiples of 1/8."""

    def neurons(self, h, biases):
        def coded(i, x):
            whole = (biases[i] * 8 == (biases[i] * 8).round()).all(1, keepdim=True).to(x.dtype)
            return x + 0.1 * whole * index(x)

        return inside(h, coded)


@register("dead-neurons")
class DeadNeurons(Net):
    """Compacts layers with a neuron of bias zero, and numbers what is left."""

    def neurons(self, h, biases):
        def compacted(i, x):
            alive = biases[i] != 0
            dead = (~alive).any(1, keepdim=True).to(x.dtype)
            return x + 0.1 * dead * alive.to(x.dtype).cumsum(1)

        return inside(h, compacted)


@register("zero-weights")
class ZeroWeights(Net):
    """Exact zeros of weights are replaced by small numbers that differ from place to place."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [w + (w == 0) * 1e-3 * torch.sin(1 + index(w, 1) + 7 * index(w, 2)) for w in weights], biases


@register("duplicates-told-apart")
class DuplicatesToldApart(Net):
    """Breaks the symmetry of equal neurons by their number, as some do on purpose."""

    def neurons(self, h, biases):
        def apart(i, x):
            same = (biases[i] == biases[i].transpose(1, 2)).sum(2, keepdim=True) > 1
            return x + 0.1 * same.to(x.dtype) * index(x)

        return inside(h, apart)


def ranks(bias):
    """The rank of every neuron by its bias, ties in the order of numbers."""
    return bias.squeeze(-1).argsort(dim=1, stable=True).argsort(dim=1).to(bias.dtype).unsqueeze(-1)
