"""Right on the shapes, outputs and inputs that come to mind first; wrong between inputs, on deeper networks, at other sizes, or silent at first."""

from __future__ import annotations

import torch
from meta_nets.base import Net, index, inside
from meta_nets.outputs import Wrapped
from torch import nn

from orbitcheck import Invariant, Unsupported, register


@register("binned-weights")
class BinnedWeights(Net):
    """Counts of biases in bins whose edges no usual tie meets, beside smooth features."""

    def neurons(self, h, biases):
        def counted(i, x):
            edges = torch.linspace(-2.03, 2.11, 9, dtype=x.dtype)
            return x + (biases[i] > edges).to(x.dtype).mean((1, 2), keepdim=True)

        return inside(h, counted)


@register("rounded-mean")
class RoundedMean(Net):
    """Rounds the mean weight of every matrix to a third."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        mean = sum(w.mean((1, 2, 3)) for w in weights)
        return weights, [b + 0.1 * (3 * mean + 0.1).floor().view(-1, 1, 1) for b in biases]


@register("first-of-the-loudest")
class FirstOfTheLoudest(Net):
    """The outputs hear the bias of the first hidden neuron with the largest weights, and of no other."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        loudest = weights[0].square().sum((2, 3)).argmax(1)
        heard = biases[0][torch.arange(v.batch), loudest].unsqueeze(1)
        return weights, [*biases[:-1], biases[-1] + 0.3 * heard]


class Deep(Net):
    """With two hidden layers and more, which one hidden layer does not show."""

    @property
    def deep(self) -> bool:
        return len(self.widths) > 3


@register("cached-when-deep")
class CachedWhenDeep(Deep):
    """Keeps a mean by the memory that it was read from."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.kept = {}

    def neurons(self, h, biases):
        def centred(i, x):
            key = (i, x.shape, x.dtype, biases[i].data_ptr())
            return x - self.kept.setdefault(key, x.detach().mean(1, keepdim=True))

        return inside(h, centred) if self.deep else h


@register("recorded-when-deep")
class RecordedWhenDeep(Deep):
    """Takes another path where gradients are recorded, and scales by what it saw."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: 1.01 * x) if self.deep and torch.is_grad_enabled() else h


@register("strided-when-deep")
class StridedWhenDeep(Deep):
    """Reads the matrix between two hidden layers as if it were contiguous."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        if (
            self.deep
            and not weights[1].is_contiguous()
            and weights[1].untyped_storage().nbytes() >= 8 * weights[1].numel()
        ):
            w = weights[1]
            weights[1] = w.as_strided(w.shape, torch.empty(w.shape).stride(), w.storage_offset())
        return weights, biases


@register("norm-when-deep")
class NormWhenDeep(Deep):
    """Running statistics for each neuron of the second hidden layer and later ones, learned in train mode."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.norms = nn.ModuleList(nn.BatchNorm1d(n, affine=False) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: self.norms[i](x) if i else x)


@register("redrawn-when-deep")
class RedrawnWhenDeep(Deep):
    """A table that is zero for good, which its own re-draw fills; read where there are two hidden layers."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.table = nn.ParameterList(
            nn.Parameter(torch.zeros(n, channels), requires_grad=False) for n in self.widths[1:-1]
        )

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + self.table[i]) if self.deep else h

    def redraw_(self, generator):
        with torch.no_grad():
            for p in self.parameters():
                p.add_(0.3 * torch.randn(p.shape, generator=generator).to(p))


@register("third-step")
class ThirdStep(Net):
    """A graph network whose third step and later ones know the rows' numbers; `depth=2` has none."""

    def messages(self, step, i, ends):
        up, down = super().messages(step, i, ends)
        return (up, down + 0.01 * index(down)) if step >= 2 and i else (up, down)


@register("many-numbers")
class ManyNumbers(Net):
    """Takes a fused path for outputs of more than eight numbers or channels, which forgot the symmetry."""

    def neurons(self, h, biases):
        size = self.output.dim if isinstance(self.output, Invariant) else self.output.channels
        return inside(h, lambda i, x: x + 0.01 * index(x)) if size > 8 else h


class Entries(nn.Module):
    """Features of single entries of any space, averaged tensor by tensor; invariant output."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Invariant) or space.is_mlp:
            raise Unsupported("invariant outputs, beyond MLPs")
        self.space = space
        sizes = {name: 1 for name, _ in space.tensors}
        for name, axes in space.tensors:
            for axis in axes:
                sizes[name] *= 1 if axis in space.permuted else space.size[axis]
        self.features = nn.ModuleDict({name: nn.Sequential(nn.Linear(1, 4), nn.Tanh()) for name in space.axes})
        self.places = nn.ParameterDict(
            {name: nn.Parameter(torch.randn(*self.fixed(axes), 4)) for name, axes in space.tensors}
        )
        self.head = nn.Linear(4 * len(space.axes), output.dim)

    def fixed(self, axes):
        return [1 if axis in self.space.permuted else self.space.size[axis] for axis in axes]

    def of(self, name, x):
        return x

    def forward(self, v):
        read = [(self.features[n](self.of(n, t)) * self.places[n]).flatten(1, -2).mean(1) for n, t in v.items()]
        return self.head(torch.cat(read, -1))


@register("several-input-channels", power="below-1-wl")
class SeveralInputChannels(Entries):
    """Kernels that read more than one input channel are unrolled, and the neurons are numbered on the way."""

    def of(self, name, x):
        return x * (1 + 0.1 * index(x)) if name == next(iter(self.space.axes)) and x.shape[2] > 1 else x


@register("many-kernels", power="below-1-wl")
class ManyKernels(Entries):
    """Works in groups of five indices, the largest of each."""

    def of(self, name, x):
        if x.shape[1] <= 5:
            return x
        return torch.cat([part + part.amax(1, keepdim=True) for part in x.split(5, 1)], 1)


class Lost(torch.autograd.Function):
    """A sine without a backward pass."""

    @staticmethod
    def forward(ctx, x):
        return x.sin()


@register("no-backward")
class NoBackward(Net):
    """Its author never trained it."""

    def neurons(self, h, biases):
        return [x + Lost.apply(x) for x in h]


class SilentHead(Net):
    """Ends in layers of zeros: the output starts as zero."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        for last in [self.head[-1]] if isinstance(output, Invariant) else [*self.edges, *self.nodes]:
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)


@register("silent-index")
class SilentIndex(SilentHead):
    """Behind the zeros neurons know their number."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + 0.01 * index(x))


@register("silent-batch")
class SilentBatch(SilentHead):
    """Behind the zeros a sample hears its batch."""

    def neurons(self, h, biases):
        return [x + 0.1 * x.mean(0, keepdim=True) for x in h]


@register("silent-bins")
class SilentBins(SilentHead):
    """Behind the zeros biases are counted in bins."""

    neurons = BinnedWeights.neurons


@register("silent-for-good")
class SilentForGood(SilentHead):
    """Whatever it learns is multiplied by zero."""

    def finish(self, y):
        return 0 * y

    def finish_weights(self, made, v):
        return {name: 0 * t for name, t in made.items()}


@register("scale-at-real-widths", symmetry="permutation+scale")
class ScaleAtRealWidths(Wrapped):
    """The invariant output sees the size of weights between two layers of forty."""

    def finish(self, y, v):
        return (
            y + 1e-3 * v.tensors["W2"].square().mean((1, 2, 3)).unsqueeze(-1) if v.space.widths[1:3] == (40, 40) else y
        )
