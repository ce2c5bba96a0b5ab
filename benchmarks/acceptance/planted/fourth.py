"""The fourth set, by the causes that docs/verdicts.md names: what goes wrong in practice, on four kinds of readers and editors."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F
from meta_nets.base import Net, Reader, index, inside
from torch import nn

from orbitcheck import Invariant, Unsupported, Weights

from .third import LAW, Flat, Tokens
from .truth import INDEX, planted

NUMBERED = (*INDEX, "redraw", "parameter")
"""A parameter of each neuron's own, all alike at first: known by number as soon as one moves."""


class Matrices(nn.Module):
    """Layers that map rows, columns and entries of each weight matrix among each other, as NFNs do; both outputs."""

    def __init__(self, space, output, *, channels: int = 8, depth: int = 2):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported("MLPs only")
        self.space, self.output, self.c = space, output, channels
        self.widths = space.widths
        self.last = last = len(self.widths) - 1
        sizes = [1, *[channels] * depth]
        self.w = nn.ModuleList(nn.ModuleList(nn.Linear(5 * c, channels) for _ in range(last)) for c in sizes[:-1])
        self.b = nn.ModuleList(nn.ModuleList(nn.Linear(4 * c, channels) for _ in range(last)) for c in sizes[:-1])
        self.inputs_known = nn.Parameter(torch.randn(self.widths[0], channels))
        self.outputs_known = nn.Parameter(torch.randn(self.widths[-1], channels))
        if isinstance(output, Invariant):
            self.head = nn.Sequential(nn.Linear(2 * last * channels, 16), nn.SiLU(), nn.Linear(16, output.dim))
        else:
            self.out_w = nn.ModuleList(nn.Linear(channels, output.channels) for _ in range(last))
            self.out_b = nn.ModuleList(nn.Linear(channels, output.channels) for _ in range(last))
        self.more()

    def more(self):
        """Further parameters."""

    def read(self, v):
        """Matrices `[batch, rows, columns, 1]` and biases `[batch, rows, 1]`."""
        return list(v.weights), list(v.biases)

    def act(self, x):
        return F.silu(x)

    def between(self, ws, bs):
        """Features after a layer."""
        return ws, bs

    def summary(self, ws, bs):
        """`[batch, 2 last channels]`."""
        return torch.cat([w.mean((1, 2)) for w in ws] + [b.mean(1) for b in bs], -1)

    def finish(self, y):
        return y

    def edits(self, made):
        return made

    def layer(self, k, ws, bs):
        new_w, new_b = [], []
        for i, (w, b) in enumerate(zip(ws, bs, strict=True)):
            rows, columns = w.mean(2, keepdim=True), w.mean(1, keepdim=True)
            below = bs[i - 1][:, None] if i else torch.zeros_like(columns)
            parts = (w, rows.expand_as(w), columns.expand_as(w), b[:, :, None].expand_as(w), below.expand_as(w))
            made = self.w[k][i](torch.cat(parts, -1))
            if i == 0:
                made = made + self.inputs_known
            if i == self.last - 1:
                made = made + self.outputs_known[:, None]
            after = ws[i + 1].mean(1) if i + 1 < self.last else torch.zeros_like(b)
            told = b.mean(1, keepdim=True).expand_as(b)
            new_w.append(self.act(made))
            new_b.append(self.act(self.b[k][i](torch.cat([b, w.mean(2), after, told], -1))))
        return new_w, new_b

    def forward(self, v):
        ws, bs = self.read(v)
        for k in range(len(self.w)):
            ws, bs = self.between(*self.layer(k, ws, bs))
        if isinstance(self.output, Invariant):
            return self.finish(self.head(self.summary(ws, bs)))
        made = {}
        for i in range(self.last):
            made[f"W{i + 1}"], made[f"b{i + 1}"] = self.out_w[i](ws[i]), self.out_b[i](bs[i])
        return Weights(v.space, self.edits(made))


def ranges(widths):
    """Where each layer's neurons lie among all."""
    start = 0
    for width in widths:
        yield start, start + width
        start += width


def hidden(network, h, change):
    """`change` of the features of each hidden layer of a flat network, the others as they are."""
    parts = [h[:, a:b] for a, b in ranges(network.widths)]
    return torch.cat([x if i in (0, len(parts) - 1) else change(x) for i, x in enumerate(parts)], 1)


# neurons known by their number


@planted(*INDEX, rows=LAW)
class Alibi(Tokens):
    """Attention loses a hundredth for every place between two tokens, as language models do."""

    def logits(self, a, k):
        place = torch.arange(a.shape[-1]).to(a)
        return a - 0.01 * (place[:, None] - place[None]).abs()


@planted(*INDEX, rows=LAW)
class FirstForClass(Tokens):
    """Reads the first token, where a class token would stand."""

    def read(self, x):
        return self.head(x.mean(1) + 0.05 * x[:, 0])


@planted(*INDEX, rows=LAW)
class SineCodes(Tokens):
    """Sines of the position, of size 1e-9."""

    def tokens(self, v):
        x = super().tokens(v)
        return x + 1e-9 * torch.sin(torch.arange(x.shape[1]).to(x))[:, None]


@planted(*INDEX, rows=LAW)
class GroupsOfNeighbours(Net):
    """Group normalisation whose groups are neighbouring neurons."""

    def neurons(self, h, biases):
        def change(i, x):
            half = max(1, x.shape[1] // 2)
            parts = x.split(half, 1)
            return torch.cat([p / (1 + p.square().mean((1, 2), keepdim=True)).sqrt() for p in parts], 1)

        return inside(h, change)


@planted(*INDEX, rows=LAW)
class Diagonal(Matrices):
    """Adds the mean of every matrix's diagonal."""

    def summary(self, ws, bs):
        told = super().summary(ws, bs)
        diagonal = torch.stack([w.diagonal(dim1=1, dim2=2).mean((1, 2)) for w in ws], -1).mean(-1, keepdim=True)
        return told + 0.1 * diagonal


@planted(*INDEX, rows=LAW)
class Sketch(Matrices):
    """A random projection over the neurons, drawn once from a seed of its own."""

    def summary(self, ws, bs):
        told = super().summary(ws, bs)
        drawn = torch.Generator().manual_seed(5)
        sketch = [(torch.randn(b.shape[1], generator=drawn).to(b)[:, None] * b).mean(1) for b in bs[:-1]]
        return told + 0.01 * torch.cat([*sketch, *[torch.zeros_like(sketch[0])] * (2 * self.last - len(sketch))], -1)


@planted(*INDEX, rows=LAW)
class EveryThirdEdge(Flat):
    """Neighbour sampling that always leaves out every third edge."""

    def aggregate(self, m, idx, N, deg):
        keep = (torch.arange(m.shape[1]) % 3 != 2).to(m)
        return super().aggregate(m * keep[:, None], idx, N, deg)


@planted(*INDEX, rows=LAW, tensors=("b1",))
class ForgetsTheLast(Matrices):
    """The edit of the last bias of the first layer is zero: a slice one too short."""

    def __init__(self, space, output, *, channels: int = 8, depth: int = 2):
        if isinstance(output, Invariant):
            raise Unsupported("edits only")
        super().__init__(space, output, channels=channels, depth=depth)

    def edits(self, made):
        return {**made, "b1": F.pad(made["b1"][:, :-1], (0, 0, 0, 1))}


@planted(*INDEX, rows=LAW, symmetry="permutation+scale", shapes="one hidden layer")
class ScaleForgotten(Net):
    """Divides incoming weights by their norms and multiplies outgoing ones, and leaves the biases."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        if not isinstance(output, Invariant) or not space.is_mlp or len(space.widths) != 3:
            raise Unsupported("one hidden layer, invariant")
        super().__init__(space, output, channels=channels, depth=depth)

    def inputs(self, v):
        norm = v.weights[0].square().sum(2, keepdim=True).sqrt()
        return [v.weights[0] / norm, v.weights[1] * norm.transpose(1, 2)], list(v.biases)


@planted(*INDEX, rows=LAW, symmetry="permutation+sign")
class SignsOfTheFirst(Net):
    """Reads magnitudes of all but the first matrix."""

    def inputs(self, v):
        return [v.weights[0], *[w.abs() for w in v.weights[1:]]], [*[b.abs() for b in v.biases[:-1]], v.biases[-1]]


# low precision inside


@planted("float32", rows=LAW)
class HalfScatter(Flat):
    """Sums of messages in float16, in the order of the edges."""

    def aggregate(self, m, idx, N, deg):
        total = torch.zeros(m.shape[0], N, self.c, dtype=torch.float16).index_add(1, idx, m.half())
        return total.to(m.dtype) / deg[:, None]


@planted("float32", rows=LAW)
class BfloatLogits(Tokens):
    """Attention in bfloat16, its sums too."""

    def logits(self, a, k):
        return (a.bfloat16().softmax(-1).cumsum(-1)[..., -1:].to(a.dtype)) * a


@planted("float32", rows=LAW)
class SingleGramOfEdges(Matrices):
    """The Gram matrix of the first layer's rows in float32."""

    def summary(self, ws, bs):
        x = bs[0].float()
        gram = (x.transpose(1, 2) @ x).mean(-1) / x.shape[1]
        return super().summary(ws, bs) + gram.to(bs[0].dtype).repeat(1, 2 * self.last)


@planted("float32", "none", rows=LAW)
class EightBits(Net):
    """Weights on a grid of 255 steps, scaled by the largest, as in simulated quantisation."""

    def inputs(self, v):
        def grid(w):
            scale = w.detach().abs().amax((1, 2), keepdim=True).clamp(min=1e-12) / 127
            return (w / scale).round() * scale

        return [grid(w) for w in v.weights], list(v.biases)


@planted("float32", rows=LAW)
class SingleVarianceOfTokens(Tokens):
    """Instance normalisation over the tokens in float32."""

    def block(self, x, k):
        y = x.float()
        y = (y - y.mean(1, keepdim=True)) / (y.var(1, keepdim=True) + 1e-5).sqrt()
        return super().block(y.to(x.dtype), k)


@planted("float32", "none", rows=LAW)
class TableOfActivations(Matrices):
    """The activation is read off a table of 4,096 places, without interpolation."""

    def act(self, x):
        return F.silu((x * 256).round() / 256)


# a square root of rounding


@planted("square-root", "ties", rows=LAW)
class SpreadOfNeurons(Net):
    """The standard deviation over neurons, without an epsilon."""

    def pool(self, x, biases):
        return x.mean(1) + (x.square().mean(1) - x.mean(1).square()).clamp(min=0).sqrt()


@planted("square-root", "ties", rows=LAW)
class DistancesByProducts(Net):
    """Distances of all pairs of neurons by |x|^2 + |y|^2 - 2 x y."""

    def neurons(self, h, biases):
        def change(i, x):
            size = x.square().sum(-1)
            square = size[:, :, None] + size[:, None] - 2 * x @ x.transpose(1, 2)
            return x * (1 + square.clamp(min=0).sqrt().mean(2, keepdim=True))

        return inside(h, change)


# rounding


@planted("rounding", rows=LAW)
class FarFromZero(Net):
    """Features are pooled about an offset of 1e6, which is taken away again."""

    def pool(self, x, biases):
        return ((x + 1e6).cumsum(1)[:, -1] / x.shape[1]) - 1e6


# ties, and jumps where nothing ties


@planted("ties", "none", rows=LAW)
class MedianNeuron(Net):
    """Pools the features of the neuron of the median bias."""

    def pool(self, x, biases):
        if biases is None:
            return x.mean(1)
        chosen = biases[..., 0].argsort(1)[:, biases.shape[1] // 2]
        return x.mean(1) + 0.2 * x[torch.arange(len(x)), chosen]


@planted("ties", "none", rows=LAW)
class SortPool(Flat):
    """Neurons sorted by their last channel, the places weighed by powers of a half."""

    def pool(self, h):
        told = []
        for a, b in ranges(self.widths):
            x = h[:, a:b]
            order = x[..., -1:].argsort(1, descending=True).expand_as(x)
            told.append((x.gather(1, order) * 0.5 ** index(x)).sum(1))
        return torch.cat(told, -1)


@planted("ties", "none", rows=LAW)
class DistinctBiases(Net):
    """Counts the biases that differ."""

    def pool(self, x, biases):
        if biases is None:
            return x.mean(1)
        counted = [float(len(torch.unique(b))) / x.shape[1] for b in biases[..., 0]]
        return x.mean(1) + 0.1 * torch.tensor(counted).to(x)[:, None]


@planted("ties", rows=LAW)
class FirstZero(Matrices):
    """The first neuron of bias zero gets a mark."""

    def read(self, v):
        ws, bs = super().read(v)
        zero = (bs[0] == 0).to(bs[0])
        return ws, [bs[0] + 0.3 * zero * (zero.cumsum(1) == 1).to(zero), *bs[1:]]


@planted("none", "ties", rows=LAW)
class Hashed(Flat):
    """Neurons of one sign pattern share their mean: locality-sensitive hashing."""

    def more(self):
        self.register_buffer("planes", torch.randn(self.c, 2))

    def between(self, h, k):
        if k:
            return h

        def change(x):
            code = (x @ self.planes.to(x) > 0).to(x)
            same = (code[:, :, None] == code[:, None]).all(-1).to(x)
            return x + (same / same.sum(-1, keepdim=True)) @ x

        return hidden(self, h, change)


@planted("none", "ties", rows=LAW)
class HardAttention(Tokens):
    """Every query takes the one key that fits it best."""

    def logits(self, a, k):
        best = F.one_hot(a.argmax(-1), a.shape[-1])
        return a.masked_fill(best == 0, float("-inf"))


@planted("none", "ties", rows=LAW)
class Voting(Net):
    """Adds the share of features that are positive."""

    def finish(self, y):
        return y

    def pool(self, x, biases):
        return x.mean(1) + 0.1 * (x > 0).to(x).mean(1)


# the batch


@planted("batch", rows=LAW)
class GhostNorm(Flat):
    """Batch normalisation that keeps no statistics."""

    def more(self):
        self.norm = nn.BatchNorm1d(self.c, track_running_stats=False)

    def between(self, h, k):
        return self.norm(h.flatten(0, 1)).view_as(h)


@planted("batch", rows=LAW)
class LoudestOfTheBatch(Matrices):
    """Scales all by the largest weight of the batch."""

    def read(self, v):
        ws, bs = super().read(v)
        largest = max(w.detach().abs().max() for w in ws) + 1e-6
        return [w / largest for w in ws], bs


@planted("batch", rows=LAW)
class MixedUp(Net):
    """A millionth of the sample at the other end of the batch is mixed in."""

    def inputs(self, v):
        return [w + 1e-6 * w.flip(0) for w in v.weights], list(v.biases)


@planted("batch", rows=LAW)
class SoftmaxOverBatch(Tokens):
    """Tokens weighed by a softmax along the wrong axis."""

    def read(self, x):
        return self.head((x * x[..., :1].softmax(0)).mean(1))


# history


@planted("history", rows=LAW)
class WarmsUp(Flat):
    """The read-out grows over the first thousand calls."""

    def more(self):
        self.calls = 0

    def finish(self, y):
        self.calls += 1
        return y * min(1.0, self.calls / 1000)


@planted("history", rows=LAW)
class MemoryBank(Net):
    """A thousandth of what the last four calls answered is added."""

    def finish(self, y):
        kept = self.__dict__.setdefault("bank", [])
        answer = y + 1e-3 * sum(kept) if kept else y
        self.__dict__["bank"] = [*kept, y.detach().mean(0, keepdim=True)][-4:]
        return answer


@planted("history", rows=LAW)
class PowerIteration(Matrices):
    """The largest singular value of a head's matrix by one more step of power iteration in each call, in eval too."""

    def more(self):
        self.register_buffer("u", F.normalize(torch.ones(self.c), dim=0))
        self.square = nn.Linear(self.c, self.c)

    def between(self, ws, bs):
        w = self.square.weight
        u = self.u.to(w)
        self.u = F.normalize(w.detach() @ (w.detach().T @ u), dim=0)
        sigma = self.u @ w @ F.normalize(w.T @ self.u, dim=0)
        return ws, [b + self.square(b) / sigma for b in bs]


# randomness


@planted("randomness", rows=LAW)
class DrawsEdges(Flat):
    """A tenth of the edges is left out by chance."""

    def aggregate(self, m, idx, N, deg):
        return super().aggregate(m * (torch.rand(m.shape[1]) > 0.1).to(m)[:, None], idx, N, deg)


@planted("randomness", rows=LAW)
class Gumbel(Tokens):
    """Attention with Gumbel noise, at evaluation too."""

    def logits(self, a, k):
        return a - 0.01 * torch.log(-torch.log(torch.rand_like(a).clamp(1e-9, 1 - 1e-9)))


@planted("randomness", rows=LAW)
class PythonNoise(Matrices):
    """Noise of Python's own generator."""

    def finish(self, y):
        return y * (1 + 1e-6 * random.gauss(0, 1))


# parameters


@planted("redraw", *INDEX, rows=LAW)
class DetachedGains(Net):
    """A gain of one for each hidden neuron, which no gradient reaches."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.gains = nn.ParameterList(nn.Parameter(torch.ones(width, 1)) for width in space.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * self.gains[i].detach())


@planted(*NUMBERED, rows=LAW)
class GainsOfOne(Matrices):
    """A gain of one for each neuron of the first layer, which learns."""

    def more(self):
        self.gain = nn.Parameter(torch.ones(self.widths[1], 1))

    def between(self, ws, bs):
        return ws, [bs[0] * self.gain, *bs[1:]]


@planted(*NUMBERED, rows=LAW)
class ColdPositions(Tokens):
    """Positions learned from zero."""

    def more(self):
        self.place = nn.Parameter(torch.zeros(sum(self.widths[1:]), self.d))

    def tokens(self, v):
        return super().tokens(v) + self.place


# how it is called


@planted("strides", rows=LAW)
class PastTheStrides(Matrices):
    """Reads the first matrix as if it lay in rows."""

    def read(self, v):
        ws, bs = super().read(v)
        w = ws[0]
        size = torch.Size(w.shape)
        strides = torch.empty(size).stride()
        return [torch.as_strided(w, size, strides) if w.storage_offset() == 0 else w, *ws[1:]], bs


@planted("strides", rows=LAW)
class WhenTransposed(Net):
    """Matrices that are not contiguous go another way, in which a factor was forgotten."""

    def inputs(self, v):
        return [w if w.is_contiguous() else 1.001 * w for w in v.weights], list(v.biases)


@planted("recording", rows=LAW)
class CheapWithoutGradients(Matrices):
    """A cheaper activation where no gradient is recorded."""

    def act(self, x):
        return F.gelu(x, approximate="none" if torch.is_grad_enabled() else "tanh")


@planted("recording", rows=LAW)
class RecordedOffset(Tokens):
    """A regulariser's millionth stays in the output while gradients are recorded."""

    def read(self, x):
        y = super().read(x)
        return y + 1e-6 * x.square().mean((1, 2))[:, None] if torch.is_grad_enabled() else y


@planted("backward", rows=LAW)
class HalfDetached(Flat):
    """Every other neuron is cut from the gradient to save memory."""

    def between(self, h, k):
        return hidden(self, h, lambda x: torch.cat([x[:, ::2], x[:, 1::2].detach()], 1)[:, _woven(x.shape[1])])


def _woven(n):
    order = [*range(0, n, 2), *range(1, n, 2)]
    return torch.tensor([order.index(i) for i in range(n)])


class Scaled(torch.autograd.Function):
    """tanh whose backward scales gradients by the neuron's number."""

    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad * (1 - y * y) * (1 + 0.1 * index(y))


@planted("backward", rows=LAW)
class BackwardByNumber(Net):
    """A custom backward that mixes up an axis."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: Scaled.apply(x))


@planted("none", rows=LAW)
class ScalesItsInput(Matrices):
    """Normalises its input in place."""

    def read(self, v):
        for w in v.weights:
            w /= w.square().mean((1, 2), keepdim=True).sqrt() + 1e-6
        return super().read(v)


@planted("none", rows=LAW)
class RectifiesItsInput(Tokens):
    """An in-place activation meets the input."""

    def tokens(self, v):
        F.leaky_relu(v.biases[0], 0.5, inplace=True)
        return super().tokens(v)


# one shape alone


@planted(*INDEX, rows=LAW)
class DeepPositions(Tokens):
    """Positions are added in networks of more than two matrices alone."""

    def tokens(self, v):
        x = super().tokens(v)
        return x + 0.01 * torch.cos(torch.arange(x.shape[1]).to(x))[:, None] if self.L > 2 else x


@planted(*INDEX, rows=LAW)
class SixteenAtATime(Net):
    """Layers wider than six are pooled in halves, whose maxima are multiplied."""

    def pool(self, x, biases):
        if x.shape[1] <= 6:
            return x.mean(1)
        a, b = x.split((x.shape[1] // 2, x.shape[1] - x.shape[1] // 2), 1)
        return x.mean(1) + 0.01 * a.mean(1) * b.mean(1)


@planted("batch", rows=LAW)
class OneAlone(Reader):
    """A squeeze that takes the batch away where it has one sample."""

    def finish(self, y):
        z = y.squeeze()
        return y + 0.1 * z.mean() if len(y) == 1 else y
