"""Right on most shapes of weights, wrong on some."""

from __future__ import annotations

import torch
from meta_nets.base import Net, index, inside

from orbitcheck import Unsupported, register


@register("square-transposed")
class SquareTransposed(Net):
    """Guesses the layout of a weight matrix from its shape, and takes square ones for transposed."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [w.transpose(1, 2) if w.shape[1] == w.shape[2] else w for w in weights], biases


@register("kept-by-shape")
class KeptByShape(Net):
    """Keeps weights by shape: of two layers of one shape, the later one is read twice."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        kept = {w.shape: w for w in weights}
        return [kept[w.shape] for w in weights], biases


@register("as-wide-as-the-input")
class AsWideAsTheInput(Net):
    """Knows inputs by their width, and embeds hidden layers of that width as inputs."""

    def neurons(self, h, biases):
        wide = self.widths[0]
        return inside(h, lambda i, x: x + self.ends[0] if x.shape[1] == wide else x)


@register("narrow-layers")
class NarrowLayers(Net):
    """Divides by a standard deviation over neurons, of which a layer of one has none."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x / (1 + x.std(1, keepdim=True)))


@register("pools-in-chunks")
class PoolsInChunks(Net):
    """Takes maxima of sixteen neurons, then their mean: for wide layers the order counts."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + torch.stack([c.amax(1) for c in x.split(16, 1)]).mean(0).unsqueeze(1))


@register("messages-above-32")
class MessagesAbove32(Net):
    """Listens to the first 32 neurons of a layer only."""

    def gather(self, messages, dim):
        return messages.narrow(dim, 0, min(32, messages.shape[dim])).mean(dim)


@register("five-hidden")
class FiveHidden(Net):
    """Encodes layer and neuron in one number, which collides from the fifth hidden layer on."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + torch.sin(100.0 * i + (index(x) if i >= 4 else 0 * index(x))))


@register("half-when-wide")
class HalfWhenWide(Net):
    """Sums messages of wide layers in half precision to save memory."""

    def gather(self, messages, dim):
        if messages.shape[dim] < 48:
            return messages.mean(dim)
        return sum(messages.half().unbind(dim)).to(messages.dtype) / messages.shape[dim]


@register("refuses-equal-widths")
class RefusesEqualWidths(SquareTransposed):
    """The same mistake, hidden by refusing the shapes that would show it, without a declaration."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        if any(a == b for a, b in zip(self.widths, self.widths[1:], strict=False)):
            raise Unsupported("square weights")


@register("last-hidden-neuron")
class LastHiddenNeuron(Net):
    """A tensor of eight neurons and more is cut by one where messages are made: an off-by-one of a tiling."""

    def messages(self, step, i, ends):
        if ends.shape[2] < 8:
            return super().messages(step, i, ends)
        return super().messages(step, i, ends[:, :, :-1])[0], super().messages(step, i, ends)[1]
