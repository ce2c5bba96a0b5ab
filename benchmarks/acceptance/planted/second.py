"""The second set, of other mechanisms; names as in the first."""

from __future__ import annotations

import numpy as np
import torch
from meta_nets.base import Editor, Net, Reader, index, inside
from torch import nn

from .truth import AT_TIES, DEEP, EDITED, INDEX, USED, plant, planted


def on(change):
    return lambda self, h, biases: inside(h, lambda i, x: change(i, x, biases[i]))


def only(layer, change):
    return on(lambda i, x, b: change(x) if i == layer else x)


def net(name, *causes, **said):
    globals()[name] = plant(name, __name__, *causes, **said)


# low precision inside
LOW = ("float32",)
net(
    "SingleProduct",
    *LOW,
    gather=lambda self, m, dim: (1 + 0.1 * torch.tanh(m)).float().cumprod(dim).select(dim, -1).to(m.dtype),
)
net("HalfMean", *LOW, gather=lambda self, m, dim: m.half().cumsum(dim).select(dim, -1).to(m.dtype) / m.shape[dim])
net("SingleSoftmax", *LOW, neurons=on(lambda i, x, b: x * (1 + x.float().softmax(1).to(x.dtype))))
net(
    "SingleKernel",
    *LOW,
    neurons=on(lambda i, x, b: x + torch.exp(-torch.cdist(x.float(), x.float())).to(x.dtype) @ x / 9),
)
net("SinglePool", *LOW, base=Reader, pool=lambda self, x, b: x.float().cumsum(1)[:, -1].to(x.dtype))
net("BfloatScale", *LOW, neurons=on(lambda i, x, b: x / (1 + x.abs().bfloat16().cumsum(1)[:, -1:].to(x.dtype))))
net(
    "SingleLayerNorm",
    *LOW,
    neurons=on(
        lambda i, x, b: (
            torch.nn.functional.layer_norm(x.transpose(1, 2).float(), x.shape[1:2]).transpose(1, 2).to(x.dtype)
        )
    ),
)
net(
    "SingleFinish",
    *LOW,
    base=Editor,
    finish_weights=lambda self, made, v: {
        n: t / (1 + t.float().pow(2).cumsum(1)[:, -1:].to(t.dtype)) for n, t in made.items()
    },
)

# neurons known by their number
net(
    "ColumnCosine",
    *INDEX,
    inputs=lambda self, v: ([w * (1 + 1e-8 * torch.cos(index(w, 2) + 2)) for w in v.weights], list(v.biases)),
)
net("NeighbourDifference", *INDEX, neurons=on(lambda i, x, b: x + 1e-8 * (x - x.roll(-1, 1)).tanh()))
net("LastNeuron", *INDEX, neurons=on(lambda i, x, b: torch.cat([x[:, :-1], x[:, -1:] + 1e-8 * x[:, -1:] ** 2], 1)))
net("FaintLast", *INDEX, neurons=on(lambda i, x, b: torch.cat([x[:, :-1], x[:, -1:] * (1 + 5e-11)], 1)))
net("FaintBias", *INDEX, inputs=lambda self, v: (list(v.weights), [b * (1 + 2e-11 * index(b)) for b in v.biases]))
net("AlternatingSigns", *INDEX, neurons=on(lambda i, x, b: x + 1e-8 * (1 - 2 * (index(x) % 2)) * x))
net("FaintPool", *INDEX, base=Reader, pool=lambda self, x, b: x.mean(1) + 1e-11 * x[:, 0])
net("Strided", *INDEX, gather=lambda self, m, dim: m.mean(dim) + 1e-8 * m.select(dim, 0))
net("Ranked", *INDEX, neurons=on(lambda i, x, b: x + 1e-8 * torch.sin(3 * x + index(x))))
net(
    "Halves",
    *INDEX,
    neurons=on(lambda i, x, b: torch.cat([x[:, : x.shape[1] // 2] * 1.001, x[:, x.shape[1] // 2 :]], 1)),
)
net("Loud", *INDEX, gather=lambda self, m, dim: m.cumsum(dim).tanh().mean(dim))


@planted(*INDEX)
class Convolved(Net):
    """A convolution along the neurons."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.line = nn.Conv1d(channels, channels, 3, padding=1)

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + 1e-4 * self.line(x.transpose(1, 2)).transpose(1, 2))


# where inputs agree, the place decides
TIES = ("ties",)


def first_of(b):
    """1 at neurons that no earlier one equals."""
    return (torch.tril((b == b.transpose(1, 2)).to(b.dtype), -1).sum(2, keepdim=True) == 0).to(b.dtype)


net("FirstOfEach", *TIES, rows=AT_TIES, neurons=on(lambda i, x, b: x + 0.3 * first_of(b)))
net(
    "MedianNeuron",
    *TIES,
    rows=AT_TIES,
    neurons=on(
        lambda i, x, b: (
            x
            + x.gather(
                1, b.argsort(dim=1, stable=True)[:, b.shape[1] // 2 : b.shape[1] // 2 + 1].expand(-1, 1, x.shape[2])
            )
        )
    ),
)
net(
    "RankWave",
    *TIES,
    rows=AT_TIES,
    neurons=on(lambda i, x, b: x + 0.2 * torch.sin(1.0 + b.argsort(dim=1, stable=True).argsort(1).to(x.dtype))),
)
net(
    "TopTwo",
    *TIES,
    rows=AT_TIES,
    neurons=on(lambda i, x, b: x + 0.2 * (b.argsort(dim=1, stable=True, descending=True).argsort(1) < 2).to(x.dtype)),
)
net(
    "ZerosNumbered",
    *TIES,
    rows=AT_TIES,
    neurons=on(lambda i, x, b: x + 0.1 * (b == 0).to(x.dtype) * (b == 0).to(x.dtype).cumsum(1)),
)

# batch mates, batch order, batch size
BATCH = ("batch",)
net("NeighbourInTheBatch", *BATCH, rows=USED, neurons=on(lambda i, x, b: x + 1e-5 * x.roll(1, 0)))
net(
    "WhitenedOverTheBatch",
    *BATCH,
    rows=USED,
    neurons=on(lambda i, x, b: x / (1 + 1e-4 * x.square().mean((0, 1)).sqrt())),
)
net(
    "LastOfTheBatch",
    *BATCH,
    rows=USED,
    neurons=on(lambda i, x, b: torch.cat([x[:-1], x[-1:] * 1.01]) if len(x) > 1 else x),
)
net("AloneIsDifferent", *BATCH, rows=USED, neurons=on(lambda i, x, b: x + 1e-6 if len(x) == 1 else x))
net("FaintMates", *BATCH, rows=USED, finish=lambda self, y: y + 1e-8 * y.sum(0, keepdim=True), base=Reader)
net("Bucketed", *BATCH, rows=USED, neurons=on(lambda i, x, b: x * (1 + 1e-3 * (len(x) // 64))))

# what calls leave behind
HISTORY = ("history",)


@planted(*HISTORY, rows=USED)
class Drifting(Net):
    """A buffer drifts by a little at each call."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.register_buffer("drift", torch.zeros(1))

    def neurons(self, h, biases):
        self.drift += 1e-7
        return inside(h, lambda i, x: x + self.drift.to(x.dtype))


@planted(*HISTORY, rows=USED)
class LargestSoFar(Net):
    """Scales by the largest feature seen so far."""

    top = 0.0

    def neurons(self, h, biases):
        self.top = max(self.top, float(h[1].detach().abs().max()))
        return inside(h, lambda i, x: x / (1 + self.top))


@planted(*HISTORY, rows=USED)
class LearnsOnTheSide(Net):
    """Changes a weight of its own whenever it is called."""

    def neurons(self, h, biases):
        with torch.no_grad():
            self.step[0].bias.data.add_(1e-6)
        return h


@planted(*HISTORY, rows=USED)
class ThirdTime(Net):
    """Every third call is made in another way."""

    calls = 0

    def neurons(self, h, biases):
        self.calls += 1
        return inside(h, lambda i, x: x + 0.01) if self.calls % 3 == 0 else h


@planted(*HISTORY, rows=USED)
class FirstIsTheRuler(Net):
    """Measures all by the very first input."""

    ruler = None

    def neurons(self, h, biases):
        if self.ruler is None:
            self.ruler = h[1].detach().double().mean((0, 1))
        return inside(h, lambda i, x: x - 0.1 * self.ruler.to(x.dtype))


# what is drawn
RANDOM = ("randomness",)
net(
    "GumbelPool",
    *RANDOM,
    gather=lambda self, m, dim: (m * (m - torch.log(-torch.log(torch.rand_like(m)))).softmax(dim)).sum(dim),
)
net("NoisyReadOut", *RANDOM, base=Reader, finish=lambda self, y: y + 1e-8 * torch.randn_like(y))
net("SampledNeuron", *RANDOM, neurons=on(lambda i, x, b: x + 0.1 * x[:, [int(torch.randint(x.shape[1], ()))]]))
net("Jittered", *RANDOM, inputs=lambda self, v: ([w * (1 + 1e-6 * torch.rand(())) for w in v.weights], list(v.biases)))
net(
    "NumpyMask",
    *RANDOM,
    neurons=on(lambda i, x, b: x * torch.from_numpy((np.random.random(x.shape[2]) > 0.05).astype(float)).to(x)),
)

# one output tensor
net(
    "TensorShifted",
    *INDEX,
    rows=EDITED,
    tensors=("b1",),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "b1": made["b1"] + 1e-6 * index(made["b1"])},
)
net(
    "TensorReversed",
    *INDEX,
    rows=EDITED,
    tensors=("W4",),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "W4": made["W4"].flip(2)},
)
net(
    "TensorRamped",
    *INDEX,
    rows=EDITED,
    tensors=("W3",),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "W3": made["W3"] * (1 + 1e-8 * index(made["W3"], 1))},
)
net(
    "TwoTensors",
    *INDEX,
    rows=EDITED,
    tensors=("W1", "b2"),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "W1": made["W1"].cumsum(1), "b2": made["b2"].roll(1, 1)},
)

# one layer
net("SecondRolled", *INDEX, rows=DEEP, axes=("n2",), neurons=only(1, lambda x: x + 1e-6 * x.roll(1, 1)))
net("ThirdFlipped", *INDEX, rows=DEEP, axes=("n3",), neurons=only(2, lambda x: x + 0.1 * x.flip(1)))
net("FirstFaint", *INDEX, rows=DEEP, axes=("n1",), neurons=only(0, lambda x: x * (1 + 1e-8 * index(x))))
net(
    "UpperLayers",
    *INDEX,
    rows=DEEP,
    axes=("n2", "n3"),
    neurons=on(lambda i, x, b: x + 1e-4 * torch.sin(index(x)) if i else x),
)
