"""The first set. `h` are features `[batch, neurons, channels]` of every layer, `m` messages, `x` features of one layer."""

from __future__ import annotations

import random

import numpy as np
import torch
from meta_nets.base import Editor, Net, Reader, index, inside
from torch import nn
from torch.nn.functional import dropout

from .truth import AT_TIES, DEEP, EDITED, INDEX, USED, plant, planted


def on(change):
    """`neurons`, changed on hidden layers: `change(layer, x, biases)`."""
    return lambda self, h, biases: inside(h, lambda i, x: change(i, x, biases[i]))


def only(layer, change):
    return on(lambda i, x, b: change(x) if i == layer else x)


def net(name, *causes, **said):
    globals()[name] = plant(name, __name__, *causes, **said)


# low precision inside
LOW = ("float32",)
net("HalfPool", *LOW, base=Reader, pool=lambda self, x, b: x.half().cumsum(1)[:, -1].to(x.dtype) / x.shape[1])
net(
    "BfloatMessages",
    *LOW,
    gather=lambda self, m, dim: m.bfloat16().cumsum(dim).select(dim, -1).to(m.dtype) / m.shape[dim],
)
net("SingleLogSum", *LOW, gather=lambda self, m, dim: m.float().logsumexp(dim).to(m.dtype))
net("SingleNorm", *LOW, neurons=on(lambda i, x, b: x / (1 + x.float().norm(dim=1, keepdim=True)).to(x.dtype)))
net("SingleGram", *LOW, neurons=on(lambda i, x, b: x + x @ (x.float().transpose(1, 2) @ x.float()).to(x.dtype) / 50))
net(
    "SingleVariance",
    *LOW,
    neurons=on(lambda i, x, b: x + x.float().cumsum(1)[:, -1:].square().to(x.dtype) / x.shape[1] ** 2),
)
net(
    "HalfAttention",
    *LOW,
    neurons=on(lambda i, x, b: x + ((x.half() @ x.half().transpose(1, 2)).softmax(-1) @ x.half()).to(x.dtype)),
)
net(
    "SingleCentredEditor",
    *LOW,
    base=Editor,
    finish_weights=lambda self, made, v: {
        name: t - t.float().cumsum(1)[:, -1:].to(t.dtype) / t.shape[1] for name, t in made.items()
    },
)

# neurons known by their number, by 1e-8 and by 1e-11
net(
    "RowSine",
    *INDEX,
    inputs=lambda self, v: ([w * (1 + 1e-8 * torch.sin(index(w, 1))) for w in v.weights], list(v.biases)),
)
net("BiasRamp", *INDEX, inputs=lambda self, v: (list(v.weights), [b + 1e-8 * index(b) for b in v.biases]))
net("Rolled", *INDEX, neurons=on(lambda i, x, b: x + 1e-8 * x.roll(1, 1)))
net("Flipped", *INDEX, neurons=on(lambda i, x, b: x + 1e-11 * x.flip(1)))
net("Summed", *INDEX, neurons=on(lambda i, x, b: x + 1e-8 * x.cumsum(1)))
net("Squared", *INDEX, neurons=on(lambda i, x, b: x + 1e-8 * index(x) * x**2))
net("OddPool", *INDEX, base=Reader, pool=lambda self, x, b: (x * (1 + 1e-8 * (index(x) % 2))).mean(1))
net("FirstNeuron", *INDEX, neurons=on(lambda i, x, b: torch.cat([x[:, :1] * (1 + 1e-8), x[:, 1:]], 1)))
net("FaintPositions", *INDEX, neurons=on(lambda i, x, b: x + 3e-11 * torch.cos(index(x) + index(x, 2))))
net("FaintGather", *INDEX, gather=lambda self, m, dim: (m * (1 + 1e-11 * index(m, dim))).mean(dim))
net("LoudPositions", *INDEX, neurons=on(lambda i, x, b: x + 0.1 * torch.sin(index(x))))


@planted(*INDEX)
class Recurrent(Net):
    """Walks over neurons in their order."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.walk = nn.GRU(channels, channels, batch_first=True)

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + self.walk(x)[0])


# where inputs agree, the place decides
def marked(b, largest):
    """One-hot of the first extreme bias."""
    return (
        torch.nn.functional.one_hot((b if largest else -b).squeeze(-1).argmax(1), b.shape[1]).to(b.dtype).unsqueeze(-1)
    )


TIES = ("ties",)
net("MarksTheLargest", *TIES, rows=AT_TIES, neurons=on(lambda i, x, b: x + 0.3 * marked(b, True)))
net("MarksTheSmallest", *TIES, rows=AT_TIES, neurons=on(lambda i, x, b: x * (1 + marked(b, False))))
net(
    "UpperHalf",
    *TIES,
    rows=AT_TIES,
    neurons=on(lambda i, x, b: x + 0.2 * (b.argsort(dim=1, stable=True).argsort(1) * 2 >= b.shape[1]).to(x.dtype)),
)
net(
    "CountsCopies",
    *TIES,
    rows=AT_TIES,
    neurons=on(lambda i, x, b: x + 0.1 * torch.tril((b == b.transpose(1, 2)).to(x.dtype), -1).sum(2, keepdim=True)),
)
net(
    "SortedWalk",
    *TIES,
    rows=AT_TIES,
    neurons=on(
        lambda i, x, b: (
            x + torch.zeros_like(x).scatter_add(1, order(b, x), 0.1 * index(x) * torch.tanh(x.gather(1, order(b, x))))
        )
    ),
)


def order(b, x):
    return b.argsort(dim=1, stable=True).expand_as(x)


# batch mates, batch order, batch size
BATCH = ("batch",)
net("CentredOverTheBatch", *BATCH, rows=USED, neurons=on(lambda i, x, b: x - 1e-6 * x.mean(0, keepdim=True)))
net("ScaledByTheFirst", *BATCH, rows=USED, neurons=on(lambda i, x, b: x / (1 + x[:1].abs().mean())))
net("CountsTheBatch", *BATCH, rows=USED, neurons=on(lambda i, x, b: x * (1 + 1e-7 * len(x))))
net("ScaledByTheLargest", *BATCH, rows=USED, neurons=on(lambda i, x, b: x / (1 + x.abs().amax((0, 1)))))
net("NumbersTheBatch", *BATCH, rows=USED, neurons=on(lambda i, x, b: x + 1e-6 * index(x, 0)))
net("LargeBatchesDiffer", *BATCH, rows=USED, neurons=on(lambda i, x, b: x * (1 + 1e-4) if len(x) > 200 else x))

# what calls leave behind
HISTORY = ("history",)


class Counting(Net):
    calls = 0

    def neurons(self, h, biases):
        self.calls += 1
        return inside(h, lambda i, x: self.worn(x))


@planted(*HISTORY, rows=USED)
class Tiring(Counting):
    """Fades from call to call."""

    def worn(self, x):
        return x * (1 - 1e-6 * self.calls)


@planted(*HISTORY, rows=USED)
class EveryOther(Counting):
    """Two answers in turn."""

    def worn(self, x):
        return x + 1e-5 * (self.calls % 2)


@planted(*HISTORY, rows=USED)
class WakesUp(Counting):
    """Another network from the sixtieth call on."""

    def worn(self, x):
        return torch.tanh(x) if self.calls > 60 else x


@planted(*HISTORY, rows=USED)
class Remembers(Net):
    """Sees a bit of what was asked before."""

    before = 0.0

    def neurons(self, h, biases):
        kept, self.before = self.before, float(h[1].detach().mean())
        return inside(h, lambda i, x: x + 1e-4 * kept)


@planted(*HISTORY, rows=USED)
class RunningMeanInEval(Net):
    """A running mean that eval updates, too."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.register_buffer("mean", torch.zeros(channels))

    def neurons(self, h, biases):
        self.mean.lerp_(h[1].detach().mean((0, 1)).to(self.mean.dtype), 0.05)
        return inside(h, lambda i, x: x - 0.1 * self.mean)


# what is drawn
RANDOM = ("randomness",)
net("DropoutAlways", *RANDOM, neurons=on(lambda i, x, b: dropout(x, 0.1, training=True)))
net("FaintNoise", *RANDOM, neurons=on(lambda i, x, b: x + 1e-9 * torch.randn_like(x)))
net("PythonNoise", *RANDOM, finish=lambda self, y: y * (1 + 1e-4 * random.random()), base=Reader)
net(
    "RandomProjection",
    *RANDOM,
    neurons=on(lambda i, x, b: x + 0.01 * x @ torch.randn(x.shape[2], x.shape[2], dtype=x.dtype)),
)
net("RandomChannel", *RANDOM, neurons=on(lambda i, x, b: x + 0.1 * x[..., [int(np.random.randint(x.shape[2]))]]))

# one output tensor
net(
    "TensorFlipped",
    *INDEX,
    rows=EDITED,
    tensors=("b2",),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "b2": made["b2"].flip(1)},
)
net(
    "TensorRolled",
    *INDEX,
    rows=EDITED,
    tensors=("W2",),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "W2": made["W2"].roll(1, 2)},
)
net(
    "TensorSummed",
    *INDEX,
    rows=EDITED,
    tensors=("b3",),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "b3": made["b3"].cumsum(1)},
)
net(
    "TensorFaint",
    *INDEX,
    rows=EDITED,
    tensors=("W1",),
    base=Editor,
    finish_weights=lambda self, made, v: {**made, "W1": made["W1"] * (1 + 1e-8 * index(made["W1"]))},
)

# one layer
net("SecondLayer", *INDEX, rows=DEEP, axes=("n2",), neurons=only(1, lambda x: x + 0.1 * index(x)))
net("ThirdLayer", *INDEX, rows=DEEP, axes=("n3",), neurons=only(2, lambda x: x * (1 + 1e-8 * index(x))))
net("FirstLayer", *INDEX, rows=DEEP, axes=("n1",), neurons=only(0, lambda x: x + 1e-3 * x.roll(1, 1)))
net(
    "PairOfLayers",
    *INDEX,
    rows=DEEP,
    axes=("n1", "n3"),
    neurons=on(lambda i, x, b: x + 1e-5 * x.cumsum(1) if i != 1 else x),
)
