"""A correct network on an MLP's neurons, both outputs, and ways to break the law that the initialisation does not show."""

from __future__ import annotations

from zlib import crc32

import torch
from torch import nn
from torch.nn.functional import gelu

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, register


class Net(nn.Module):
    """Messages between neurons in both directions, means of them; every hook is a place to break it."""

    def __init__(self, space, output, *, channels: int = 8, depth: int = 2):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported("MLPs only")
        self.output, self.widths, self.last = output, space.widths, len(space.widths) - 1
        self.start = nn.ModuleList(nn.Linear(1, channels) for _ in range(self.last + 1))
        self.ends = nn.ParameterList(nn.Parameter(torch.randn(self.widths[end], channels)) for end in (0, -1))
        self.up = nn.ModuleList(nn.Linear(2 * channels + 1, channels) for _ in range(depth * self.last))
        self.down = nn.ModuleList(nn.Linear(2 * channels + 1, channels) for _ in range(depth * self.last))
        self.join = nn.ModuleList(nn.Linear(3 * channels, channels) for _ in range(depth * (self.last + 1)))
        self.depth, self.channels = depth, channels
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.head = nn.Linear(channels * (self.last + 1), size)
        self.edge = nn.ModuleList(nn.Linear(2 * channels + 1, size) for _ in range(self.last))
        self.node = nn.ModuleList(nn.Linear(channels, size) for _ in range(self.last))
        self.more()

    def more(self):
        pass

    def inputs(self, v):
        return list(v.weights), list(v.biases)

    def hidden(self, h, biases):
        return h

    def pool(self, x, bias):
        return x.mean(1)

    def finish(self, y):
        return y

    def forward(self, v):
        weights, biases = self.inputs(v)
        zero = weights[0].new_zeros(v.batch, self.widths[0], 1)
        h = [gelu(read(b)) for read, b in zip(self.start, [zero, *biases], strict=True)]
        h[0], h[-1] = h[0] + self.ends[0], h[-1] + self.ends[1]
        h = self.hidden(h, biases)
        for step in range(self.depth):
            below, above = [torch.zeros_like(x) for x in h], [torch.zeros_like(x) for x in h]
            for i, w in enumerate(weights):
                place = step * self.last + i
                both = joined(h, i, w)
                below[i + 1], above[i] = gelu(self.up[place](both)).mean(2), gelu(self.down[place](both)).mean(1)
            joins = self.join[step * (self.last + 1) : (step + 1) * (self.last + 1)]
            h = [x + gelu(f(torch.cat([x, a, b], -1))) for f, x, a, b in zip(joins, h, below, above, strict=True)]
        if isinstance(self.output, Invariant):
            pooled = [self.pool(x, b) for x, b in zip(h, [zero, *biases], strict=True)]
            return self.finish(self.head(torch.cat(pooled, -1)))
        made = {}
        for i, w in enumerate(weights):
            made[f"W{i + 1}"], made[f"b{i + 1}"] = self.edge[i](joined(h, i, w)), self.node[i](h[i + 1])
        return self.finish_weights(Weights(v.space, made))

    def finish_weights(self, w):
        return w


def joined(h, i, w):
    rows, columns = w.shape[1:3]
    below, above = h[i][:, None].expand(-1, rows, -1, -1), h[i + 1][:, :, None].expand(-1, -1, columns, -1)
    return torch.cat([below, above, w], -1)


def index(x):
    return torch.arange(x.shape[1], dtype=x.dtype, device=x.device).view(1, -1, 1)


def leaked(h, size):
    return [h[0], *(x * (1 + size * index(x)) for x in h[1:-1]), h[-1]]


@register("sound", modes=("eval", "train"))
class Sound(Net):
    """Breaks nothing."""


@register("editor")
class Editor(Net):
    def __init__(self, space, output, *, channels: int = 8, depth: int = 2):
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network: no invariant output")
        super().__init__(space, output, channels=channels, depth=depth)


@register("zero-table")
class ZeroTable(Net):
    """A learned table of positions of hidden neurons that starts at zero."""

    def more(self):
        self.table = nn.ParameterList(nn.Parameter(torch.zeros(n, self.channels)) for n in self.widths[1:-1])

    def hidden(self, h, biases):
        return [h[0], *(x + t for x, t in zip(h[1:-1], self.table, strict=True)), h[-1]]


@register("zero-gate")
class ZeroGate(Net):
    """A gate that starts at zero, before what knows the index."""

    def more(self):
        self.gate = nn.Parameter(torch.zeros(()))

    def hidden(self, h, biases):
        return [h[0], *(x + self.gate * index(x) for x in h[1:-1]), h[-1]]


@register("equal-table")
class EqualTable(Net):
    """One row for all hidden neurons at the start; trained, the rows part."""

    def more(self):
        self.table = nn.ParameterList(nn.Parameter(torch.ones(n, self.channels)) for n in self.widths[1:-1])

    def hidden(self, h, biases):
        return [h[0], *(x * t for x, t in zip(h[1:-1], self.table, strict=True)), h[-1]]


@register("tied-table")
class TiedTable(EqualTable):
    """The same with a constraint that its own draw keeps, and no gradient: right."""

    def more(self):
        super().more()
        for table in self.table:
            table.requires_grad_(False)

    def redraw_(self, generator):
        with torch.no_grad():
            for parameter in self.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


@register("wrong-redraw")
class WrongRedraw(ZeroTable):
    """Its own draw breaks the law."""

    def redraw_(self, generator):
        with torch.no_grad():
            for table in self.table:
                table.add_(0.1 * torch.randn(table.shape, generator=generator))


@register("grad-mode-only")
class GradModeOnly(Net):
    def hidden(self, h, biases):
        return leaked(h, 0.1) if torch.is_grad_enabled() else h


@register("strided")
class Strided(Net):
    """Reads inputs as if they were contiguous."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        shown = []
        for w in weights:
            strides = (w.shape[1] * w.shape[2], w.shape[2], 1, 1)
            shown.append(w if w.is_contiguous() else w.as_strided(w.shape, strides, w.storage_offset()))
        return shown, biases


@register("refuses-strides")
class RefusesStrides(Net):
    """Says clearly what it does not take: right."""

    def inputs(self, v):
        if not all(t.is_contiguous() for _, t in v.items()):
            raise ValueError("contiguous tensors only")
        return super().inputs(v)


@register("counter")
class Counter(Net):
    """Wrong after fifty calls."""

    calls = 0

    def finish(self, y):
        self.calls += 1
        return y if self.calls < 50 else 1.01 * y

    def finish_weights(self, w):
        self.calls += 1
        return w if self.calls < 50 else w.map(lambda t: 1.01 * t)


@register("large-batches")
class LargeBatches(Net):
    """Takes another path from a batch of 500 on."""

    def hidden(self, h, biases):
        return [1.01 * x for x in h] if len(h[0]) >= 500 else h


@register("batch-as-neurons")
class BatchAsNeurons(Net):
    """Takes a batch for neurons where there are as many."""

    def hidden(self, h, biases):
        return [h[0], *(x.transpose(0, 1) if len(x) == x.shape[1] else x for x in h[1:-1]), h[-1]]


@register("number-of-one")
class NumberOfOne(Net):
    """Neurons know their number where one number, or one channel, is asked for."""

    def hidden(self, h, biases):
        of_one = 1 in (getattr(self.output, "dim", 0), getattr(self.output, "channels", 0))
        return [x + torch.arange(x.shape[1])[:, None] for x in h] if of_one else h


@register("never-one")
class NeverOne(Net):
    """Refuses them clearly."""

    def __init__(self, space, output, *, channels: int = 8, depth: int = 2):
        if 1 in (getattr(output, "dim", 0), getattr(output, "channels", 0)):
            raise Unsupported("more than one number")
        super().__init__(space, output, channels=channels, depth=depth)


@register("patient")
class Patient(Net):
    """Wrong after two thousand calls, which no row makes."""

    calls = 0

    def finish(self, y):
        self.calls += 1
        return y if self.calls < 2000 else 1.01 * y


@register("norm-over-positions")
class NormOverPositions(Net):
    """Batch normalisation with statistics for each neuron: right until it is trained."""

    def more(self):
        self.norm = nn.ModuleList(nn.BatchNorm1d(n, affine=False) for n in self.widths[1:-1])

    def hidden(self, h, biases):
        return [h[0], *(norm(x) for norm, x in zip(self.norm, h[1:-1], strict=True)), h[-1]]


@register("norm-over-channels")
class NormOverChannels(Net):
    """The same over channels: right in eval mode."""

    def more(self):
        self.norm = nn.ModuleList(nn.BatchNorm1d(self.channels) for _ in self.widths[1:-1])

    def hidden(self, h, biases):
        return [h[0], *(norm(x.mT).mT for norm, x in zip(self.norm, h[1:-1], strict=True)), h[-1]]


class _Backwards(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad * (1 + 0.1 * index(grad))


@register("custom-backward")
class CustomBackward(Net):
    """A right value with a gradient that knows the index."""

    def hidden(self, h, biases):
        return [h[0], *(_Backwards.apply(x) for x in h[1:-1]), h[-1]]


@register("detached")
class Detached(Net):
    """Carries no gradient."""

    def finish(self, y):
        return y.detach()

    def finish_weights(self, w):
        return w.map(torch.Tensor.detach)


@register("reused-buffer")
class ReusedBuffer(Net):
    """Right in value; one buffer a shape, overwritten by the next call."""

    def more(self):
        self.kept = {}

    def finish(self, y):
        return self.kept.setdefault((y.shape, y.dtype), torch.empty_like(y)).copy_(y)


@register("dropout")
class Dropout(Net):
    """Dropout in train mode, which it does not claim: right."""

    def more(self):
        self.drop = nn.Dropout(0.3)

    def hidden(self, h, biases):
        return [self.drop(x) for x in h]


@register("above-32")
class Above32(Net):
    def pool(self, x, bias):
        return x[:, :32].mean(1)


@register("ties-by-index")
class TiesByIndex(Net):
    def pool(self, x, bias):
        kept = bias[..., 0].topk(min(2, x.shape[1]), dim=1).indices
        return x.gather(1, kept[..., None].expand(-1, -1, x.shape[2])).mean(1)


@register("ties-outside-its-domain", domain="general-position", continuous=False)
class TiesOutsideItsDomain(TiesByIndex):
    """The same, where the declaration says so: right."""


@register("tiny-leak")
class TinyLeak(Net):
    def hidden(self, h, biases):
        return leaked(h, 1e-8)


@register("tinier-leak")
class TinierLeak(Net):
    def hidden(self, h, biases):
        return leaked(h, 1e-10)


@register("first-layer-leak")
class FirstLayerLeak(Net):
    def hidden(self, h, biases):
        return [h[0], *leaked(h[:3], 0.1)[1:2], *h[2:]]


@register("float32-inside")
class Float32Inside(Net):
    def pool(self, x, bias):
        return x.float().mean(1).to(x.dtype)

    def finish_weights(self, w):
        return w.map(lambda t: t.float().to(t.dtype)) if w.dtype == torch.float64 else w

    def hidden(self, h, biases):
        return [x.float().to(x.dtype) for x in h]


@register("half-inside")
class HalfInside(Net):
    def pool(self, x, bias):
        total = torch.zeros_like(x[:, 0]).half()
        for each in x.half().unbind(1):  # one after another: a mean of halves in float32 is often exact
            total = total + each
        return total.to(x.dtype) / x.shape[1]


@register("float32-alone")
class Float32Alone(Net):
    def hidden(self, h, biases):
        return leaked(h, 5e-3) if h[0].dtype == torch.float32 else h


@register("root")
class Root(Net):
    """A standard deviation, whose slope is infinite where all is equal."""

    def pool(self, x, bias):
        return x.mean(1) + x.var(1, correction=0).sqrt()


@register("root-with-eps")
class RootWithEps(Net):
    def pool(self, x, bias):
        return x.mean(1) + (x.var(1, correction=0) + 1e-5).sqrt()


@register("random")
class Random(Net):
    def hidden(self, h, biases):
        return [x + 0.01 * torch.randn_like(x) for x in h]


@register("history")
class History(Net):
    seen = 0.0

    def finish(self, y):
        self.seen = 0.5 * self.seen + float(y.detach().abs().mean())
        return y + 0.01 * self.seen


@register("batch-mean")
class BatchMean(Net):
    def hidden(self, h, biases):
        return [x - 0.1 * x.mean(0, keepdim=True) for x in h]


@register("one-tensor")
class OneTensor(Net):
    """One output tensor is wrong."""

    def finish_weights(self, w):
        tensors = dict(w.items())
        return Weights(w.space, {**tensors, "b1": tensors["b1"] * (1 + 0.1 * index(tensors["b1"]))})


@register("no-parameter-matters")
class NoParameterMatters(nn.Module):
    """It has parameters; none moves the output."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("invariant output only")
        self.dim, self.weight = output.dim, nn.Parameter(torch.ones(3))

    def forward(self, v):
        return v.tensors["b1"].mean((1, 2))[:, None].expand(-1, self.dim) + 0 * self.weight.sum()


@register("sets-torch")
class SetsTorch(Net):
    """Changes torch's settings at every call: right in value."""

    def hidden(self, h, biases):
        torch.set_default_dtype(torch.float64 if h[0].dtype == torch.float64 else torch.float32)
        return h


class KeptMean(Net):
    """A single input's own mean, kept by a key: right for as long as the key names the input.

    Batches are not kept: two of them may lie at one place by chance, so that another rule would break first.
    """

    def more(self):
        self.kept = {}

    def key(self, bias):
        raise NotImplementedError

    def hidden(self, h, biases):
        def centred(i, x):
            key = (i, x.shape, x.dtype, self.key(biases[i]))
            if x.shape[0] > 1:
                return x - x.mean(1, keepdim=True)
            if key not in self.kept:
                self.kept[key] = x.detach().mean(1, keepdim=True)
            return x - self.kept[key]

        return [h[0], *(centred(i, x) for i, x in enumerate(h[1:-1])), h[-1]]


@register("keyed-by-pointer")
class KeyedByPointer(KeptMean):
    def key(self, bias):
        return bias.data_ptr()


@register("keyed-by-id")
class KeyedById(KeptMean):
    def key(self, bias):
        return id(bias)


@register("input-wants-gradient")
class InputWantsGradient(Net):
    def hidden(self, h, biases):
        return leaked(h, 1e-2) if biases[0].requires_grad else h


@register("cold-start")
class ColdStart(Net):
    """The first call of all forgets to centre."""

    def more(self):
        self.warm = False

    def hidden(self, h, biases):
        cold, self.warm = not self.warm, True
        return h if cold else [h[0], *(x - x.mean(1, keepdim=True) for x in h[1:-1]), h[-1]]


@register("clamps-its-input")
class ClampsItsInput(Net):
    def inputs(self, v):
        if not torch.is_grad_enabled():
            v.tensors["W1"].clamp_(-1, 1)
        weights, biases = super().inputs(v)
        return [weights[0].clamp(-1, 1), *weights[1:]], biases


@register("hashed-noise")
class HashedNoise(Net):
    """Noise whose seed is the input's bytes: it has no grid."""

    def hidden(self, h, biases):
        seeds = [crc32(row.tobytes()) for row in biases[0].detach().cpu().numpy()]
        drawn = [torch.randn(h[1].shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return [h[0], h[1] + 0.01 * torch.stack(drawn).to(h[1]), *h[2:]]


@register("declares-scales", symmetry="permutation+scale")
class DeclaresScales(Net):
    """Keeps permutations alone: the output grows with its input, and so does its noise under factors far from one."""

    def finish(self, y):
        return y**3

    def finish_weights(self, w):
        return w.map(lambda t: t**3)
