"""What a call leaves behind, what it takes from others in its batch, what it draws."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import torch
from meta_nets.base import Net, Reader, index, inside
from torch import nn

from orbitcheck import register


@register("batch-norm-of-positions")
class BatchNormOfPositions(Net):
    """Running statistics per hidden neuron: equal as built, apart after any call in train mode."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.norms = nn.ModuleList(nn.BatchNorm1d(n, affine=False) for n in self.widths[1:-1])

    def neurons(self, h, biases):
        return inside(h, lambda i, x: self.norms[i](x))


@register("centred-by-position")
class CentredByPosition(Net):
    """Takes a running mean per hidden neuron off, and learns it in train mode."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        for i, n in enumerate(self.widths[1:-1]):
            self.register_buffer(f"mean{i}", torch.zeros(n, channels))

    def neurons(self, h, biases):
        if self.training:
            for i, x in enumerate(h[1:-1]):
                getattr(self, f"mean{i}").lerp_(x.detach().mean(0), 0.1)
        return inside(h, lambda i, x: x - getattr(self, f"mean{i}"))


@register("batch-norm-in-train", modes=("eval", "train"))
class BatchNormInTrain(Net):
    """Normalises channels, which is right in eval; claims train mode too, where batch mates matter."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.norm = nn.BatchNorm1d(channels)

    def neurons(self, h, biases):
        return inside(h, lambda i, x: self.norm(x.transpose(1, 2)).transpose(1, 2))


class Cached(Net):
    """A mean of features, kept by a key for later calls."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.kept = {}

    def key(self, x):
        raise NotImplementedError

    def neurons(self, h, biases):
        def centred(i, x):
            key = (i, self.key(biases[i]))
            if key not in self.kept:
                self.kept[key] = x.detach().mean((0, 1))
            return x - self.kept[key].to(x.dtype)

        return inside(h, centred)


@register("keyed-by-shape")
class KeyedByShape(Cached):
    """The first batch of a shape decides for all later ones of that shape."""

    def key(self, x):
        return tuple(x.shape)


class KeptMean(Cached):
    """A sample's own mean, kept by a key: right for as long as the key names the input."""

    def neurons(self, h, biases):
        def centred(i, x):
            key = (i, x.shape, x.dtype, self.key(biases[i]))
            if key not in self.kept:
                self.kept[key] = x.detach().mean(1, keepdim=True)
            return x - self.kept[key]

        return inside(h, centred)


@register("keyed-by-pointer")
class KeyedByPointer(KeptMean):
    """Memory is used again by other tensors."""

    def key(self, x):
        return x.data_ptr()


@register("keyed-by-id")
class KeyedById(KeptMean):
    """So is the id of an object that is gone."""

    def key(self, x):
        return id(x)


@register("keyed-by-sum", power="1-wl", rounds=lambda depth: (depth - 1, depth + 1))
class KeyedBySum(Reader):
    """Answers are kept by a rounded sum of the biases: near inputs get each other's answer."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.kept = {}

    def forward(self, v):
        whole = super().forward(v)
        sums = v.tensors["b1"].detach().double().sum((1, 2)).mul(1e3).round()
        keys = [(float(x), whole.dtype) for x in sums]
        return torch.stack([self.kept.setdefault(key, y.detach()) for key, y in zip(keys, whole, strict=True)])


@register("late-leak")
class LateLeak(Net):
    """Right for seventy calls."""

    calls = 0

    def neurons(self, h, biases):
        self.calls += 1
        return inside(h, lambda i, x: x + 0.01 * index(x)) if self.calls > 70 else h


@register("cold-start")
class ColdStart(Net):
    """The first call of all forgets to centre."""

    warm = False

    def neurons(self, h, biases):
        cold, self.warm = not self.warm, True
        return h if cold else inside(h, lambda i, x: x - x.mean(1, keepdim=True))


@register("stochastic-pooling")
class StochasticPooling(Net):
    """Half of the messages, drawn anew each call."""

    def gather(self, messages, dim):
        kept = torch.randperm(messages.shape[dim], device=messages.device)[: (messages.shape[dim] + 1) // 2]
        return messages.index_select(dim, kept).mean(dim)


@register("numpy-noise")
class NumpyNoise(Net):
    """Noise of 1e-7 from numpy's global generator."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + 1e-7 * torch.from_numpy(np.random.standard_normal(x.shape)).to(x))


@register("hashed-noise")
class HashedNoise(Net):
    """Noise whose seed is the input's bytes: the same call gives the same answer, a moved input another."""

    def neurons(self, h, biases):
        def noisy(i, x):
            seeds = [crc32(row.tobytes()) for row in biases[i].detach().cpu().numpy()]
            drawn = [torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in seeds]
            return x + 0.01 * torch.stack(drawn).to(x)

        return inside(h, noisy)


@register("chunked-batch")
class ChunkedBatch(Net):
    """Works in chunks of a hundred samples, and forgets the last, shorter one."""

    def forward(self, v):
        if v.batch <= 100:
            return super().forward(v)
        done = v.batch // 100 * 100
        whole = super().forward(v)
        mask = (torch.arange(v.batch, device=v.device) < done).to(v.dtype)
        if isinstance(whole, torch.Tensor):
            return whole * mask.view(-1, 1)
        return whole.map(lambda t: t * mask.view(-1, *[1] * (t.ndim - 1)))


@register("quiet-batch-mates")
class QuietBatchMates(Net):
    """A billionth of the batch's mean leaks into every sample."""

    def finish(self, y):
        return y + 1e-9 * y.mean(0, keepdim=True)

    def finish_weights(self, made, v):
        return {name: t + 1e-9 * t.mean(0, keepdim=True) for name, t in made.items()}


@register("clamps-its-input")
class ClampsItsInput(Net):
    """Cuts large weights in the caller's own tensor, where no gradient forbids it."""

    def inputs(self, v):
        if not torch.is_grad_enabled():
            v.tensors["W1"].clamp_(-1, 1)
        weights, biases = super().inputs(v)
        return [weights[0].clamp(-1, 1), *weights[1:]], biases
