"""One small correct network, and the ways to break it. Each breaks one rule, and the harness must catch each."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from orbitcheck import Invariant, Weights, register


class Correct(nn.Module):
    """Message passing on neurons, both directions, mean pooling; every hook is a place to break it."""

    forward_only = False
    maximum = False

    def __init__(self, space, output, *, channels: int = 12, depth: int = 4):
        super().__init__()
        self.space, self.output, self.depth = space, output, depth
        widths = space.widths
        self.ends = nn.ParameterList([nn.Parameter(torch.randn(width, channels)) for width in (widths[0], widths[-1])])
        self.encode = nn.ModuleList([nn.Linear(1, channels) for _ in widths[1:]])
        self.message = nn.ModuleList([nn.Linear(channels + 1, channels) for _ in range(2 * depth)])
        self.update = nn.ModuleList([nn.Linear(3 * channels, channels) for _ in range(depth)])
        layers = len(widths) - 1
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.head = nn.Sequential(nn.Linear((layers + 1) * channels, channels), nn.GELU(), nn.Linear(channels, size))
        self.edges = nn.ModuleList([nn.Linear(2 * channels + 1, size) for _ in range(layers)])
        self.nodes = nn.ModuleList([nn.Linear(channels, size) for _ in range(layers)])

    def read(self, v: Weights) -> Weights:
        return v

    def neurons(self, hidden: list[torch.Tensor], v: Weights) -> list[torch.Tensor]:
        return hidden

    def pool(self, messages: torch.Tensor, dim: int) -> torch.Tensor:
        return messages.amax(dim) if self.maximum else messages.mean(dim)

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result

    def finish_weights(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return tensors

    def forward(self, v: Weights):
        v = self.read(v)
        first = self.ends[0].expand(v.batch, -1, -1)
        hidden = [first] + [encode(bias) for encode, bias in zip(self.encode, v.biases, strict=True)]
        hidden[-1] = hidden[-1] + self.ends[1]
        hidden = self.neurons(hidden, v)
        for step in range(self.depth):
            into, out = self.message[2 * step], self.message[2 * step + 1]
            news = []
            for layer, own in enumerate(hidden):
                parts = [own, torch.zeros_like(own), torch.zeros_like(own)]
                if layer:
                    weight = v.weights[layer - 1]
                    below = hidden[layer - 1].unsqueeze(1).expand(-1, weight.shape[1], -1, -1)
                    parts[1] = self.pool(functional.silu(into(torch.cat([below, weight], -1))), 2)
                if layer < len(hidden) - 1 and not self.forward_only:
                    weight = v.weights[layer]
                    above = hidden[layer + 1].unsqueeze(2).expand(-1, -1, weight.shape[2], -1)
                    parts[2] = self.pool(functional.silu(out(torch.cat([above, weight], -1))), 1)
                news.append(own + functional.silu(self.update[step](torch.cat(parts, -1))))
            hidden = news
        if isinstance(self.output, Invariant):
            return self.finish(self.head(torch.cat([self.pool(layer, 1) for layer in hidden], -1)), v)
        tensors = {}
        for layer, weight in enumerate(v.weights):
            rows = hidden[layer + 1].unsqueeze(2).expand(-1, -1, weight.shape[2], -1)
            columns = hidden[layer].unsqueeze(1).expand(-1, weight.shape[1], -1, -1)
            tensors[f"W{layer + 1}"] = self.edges[layer](torch.cat([rows, columns, weight], -1))
            tensors[f"b{layer + 1}"] = self.nodes[layer](hidden[layer + 1])
        return Weights(v.space, self.finish_weights(tensors))


def claimed(name: str, **traits):
    return register(name, **{"power": "1-wl", "rounds": lambda depth: (depth, depth + 1), **traits})


@claimed("correct", modes=("eval", "train"))
class Sound(Correct):
    """Breaks nothing."""


def _index(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    shape = [1] * tensor.ndim
    shape[dim] = tensor.shape[dim]
    return torch.arange(tensor.shape[dim], dtype=tensor.dtype).view(shape)


@claimed("unpermuted-axis")
class UnpermutedAxis(Correct):
    """The columns of W2 carry a weight by index."""

    def read(self, v):
        return Weights(v.space, {**v.tensors, "W2": v.tensors["W2"] * (1 + 0.1 * _index(v.tensors["W2"], 2))})


@claimed("positional-leak")
class PositionalLeak(Correct):
    """Hidden neurons know their index."""

    def neurons(self, hidden, v):
        return [h + 0.01 * _index(h, 1) if 0 < i < len(hidden) - 1 else h for i, h in enumerate(hidden)]


@claimed("fixed-statistics")
class FixedStatistics(Correct):
    """Every entry is normalised with a mean of its own, learned elsewhere."""

    def read(self, v):
        generator = torch.Generator().manual_seed(1)
        return v.map(lambda t: t - 0.1 * torch.randn(t.shape[1:], generator=generator, dtype=torch.float64).to(t.dtype))


@claimed("batch-statistic")
class BatchStatistic(Correct):
    """The mean over the batch is taken off."""

    def finish(self, result, v):
        return result - result.mean(0, keepdim=True) / 2

    def finish_weights(self, tensors):
        return {name: tensor - tensor.mean(0, keepdim=True) / 2 for name, tensor in tensors.items()}


@claimed("batch-position")
class BatchPosition(Correct):
    """The place in the batch leaks in."""

    def neurons(self, hidden, v):
        return [h + 0.01 * _index(h, 0) for h in hidden]


@claimed("dropout-left-on")
class DropoutLeftOn(Correct):
    """Dropout acts in eval mode too."""

    def neurons(self, hidden, v):
        return [functional.dropout(h, 0.1, training=True) for h in hidden]


@claimed("train-mode-dropout", modes=("eval", "train"))
class TrainModeDropout(Correct):
    """Claims train mode, but dropout acts there."""

    def neurons(self, hidden, v):
        return [functional.dropout(h, 0.1, training=self.training) for h in hidden]


@claimed("train-mode-leak", modes=("eval", "train"))
class TrainModeLeak(PositionalLeak):
    """The positional leak, in train mode only."""

    def neurons(self, hidden, v):
        return super().neurons(hidden, v) if self.training else hidden


@claimed("float32-inside")
class Float32Inside(Correct):
    """The network computes in float32 whatever it is given."""

    def pool(self, messages, dim):
        return messages.float().mean(dim).to(messages.dtype)


@claimed("float32-only")
class Float32Only(Correct):
    """Keeps the law in float64; in float32 hidden neurons know their index."""

    def neurons(self, hidden, v):
        if v.dtype != torch.float32:
            return hidden
        return [h + _index(h, 1) if 0 < i < len(hidden) - 1 else h for i, h in enumerate(hidden)]


@claimed("constant-output")
class ConstantOutput(Correct):
    """The output does not depend on the input."""

    def finish(self, result, v):
        return torch.ones_like(result)

    def finish_weights(self, tensors):
        return {name: torch.ones_like(tensor) for name, tensor in tensors.items()}


@claimed("in-place-edit")
class InPlaceEdit(Correct):
    """The input is normalised in place."""

    def read(self, v):
        v.tensors["W1"].mul_(0.5)
        return v


@claimed("hidden-state")
class HiddenState(Correct):
    """Calls are counted, and the count leaks in."""

    calls = 0

    def neurons(self, hidden, v):
        self.calls += 1
        return [h + 0.01 * self.calls for h in hidden]


@claimed("random-features")
class RandomFeatures(Correct):
    """Hidden neurons get random features at each call."""

    def neurons(self, hidden, v):
        return [h + 0.01 * torch.randn_like(h) for h in hidden]


@claimed("wide-only")
class WideOnly(PositionalLeak):
    """The positional leak, at widths of eight and more only."""

    def neurons(self, hidden, v):
        return super().neurons(hidden, v) if max(v.space.widths) >= 8 else hidden


@claimed("last-hidden-layer")
class LastHiddenLayer(Correct):
    """The positional leak, in the last hidden layer only."""

    def neurons(self, hidden, v):
        hidden[-2] = hidden[-2] + 0.01 * _index(hidden[-2], 1)
        return hidden


@claimed("equal-biases-only")
class EqualBiasesOnly(Correct):
    """Neurons are ranked by bias; ties are broken by index."""

    def neurons(self, hidden, v):
        for layer, bias in enumerate(v.biases[:-1], 1):
            rank = bias.squeeze(-1).argsort(dim=1, stable=True).argsort(dim=1).to(bias.dtype)
            hidden[layer] = hidden[layer] + 0.1 * rank.unsqueeze(-1)
        return hidden


@claimed("equal-biases-jump", continuous=False)
class EqualBiasesJump(EqualBiasesOnly):
    """The same, declared to jump: then jitter is no excuse."""


@claimed("one-generator")
class OneGenerator(Correct):
    """Only neuron 0 of the first hidden layer is known by its index: one generator moves it."""

    def neurons(self, hidden, v):
        hidden[1] = torch.cat([hidden[1][:, :1] + 0.01, hidden[1][:, 1:]], 1)
        return hidden


@claimed("small-leak")
class SmallLeak(Correct):
    """The positional leak, a billionth in size."""

    def neurons(self, hidden, v):
        hidden[1] = hidden[1] + 1e-8 * _index(hidden[1], 1)
        return hidden


@claimed("squeezed-batch")
class SqueezedBatch(Correct):
    """A batch of one is handled by another path."""

    def finish(self, result, v):
        return result if v.batch > 1 else 2 * result

    def finish_weights(self, tensors):
        return {name: tensor if len(tensor) > 1 else 2 * tensor for name, tensor in tensors.items()}


@claimed("unmoved-output")
class UnmovedOutput(Correct):
    """The equivariant head writes the first hidden biases in reverse order."""

    def finish_weights(self, tensors):
        return {**tensors, "b1": tensors["b1"].flip(1)}


@claimed("pruned-only")
class PrunedOnly(Correct):
    """Wherever a weight is exactly zero, its index leaks in."""

    def read(self, v):
        return Weights(
            v.space, {**v.tensors, "W2": v.tensors["W2"] + 0.01 * (v.tensors["W2"] == 0) * _index(v.tensors["W2"], 2)}
        )


# What follows is equivariant, but its declaration is false.


@claimed("one-round")
class OneRound(Correct):
    """Declares four rounds, makes one step."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 4):
        super().__init__(space, output, channels=channels, depth=1)


@claimed("forward-only")
class ForwardOnly(Correct):
    """Messages run forward only."""

    forward_only = True


@claimed("max-pooling")
class MaxPooling(Correct):
    """Multiplicities are lost."""

    maximum = True


@register("over-modest", power="1-wl", rounds=lambda depth: (1, 1))
class OverModest(Correct):
    """Declares to see nothing past round 1, but sees more."""


@claimed("gram")
class Gram(Correct):
    """Reads the spectrum of W2^T W2, which refinement cannot see."""

    def finish(self, result, v):
        weight = v.weights[1].squeeze(-1)
        product = weight.transpose(1, 2) @ weight
        return result + (product @ product @ product @ product).diagonal(dim1=1, dim2=2).sum(1, keepdim=True)


# What follows breaks the contract of a call.


@register("raises")
class Raises(Correct):
    def finish(self, result, v):
        raise RuntimeError("no such layer")

    def finish_weights(self, tensors):
        raise RuntimeError("no such layer")


@register("exits")
class Exits(Correct):
    def read(self, v):
        raise SystemExit(3)


@register("bad-constructor")
class BadConstructor(Correct):
    def __init__(self, space, output, *, channels: int = 12):
        raise ZeroDivisionError("channels / 0")


@register("wrong-shape")
class WrongShape(Correct):
    def finish(self, result, v):
        return result[:, :1].squeeze(-1)

    def finish_weights(self, tensors):
        return {name: tensor[..., :1] for name, tensor in tensors.items()}


@register("wrong-type")
class WrongType(Correct):
    def forward(self, v):
        return [1.0]


@register("wrong-dtype")
class WrongDtype(Correct):
    def forward(self, v):
        result = super().forward(v)
        return result.to(torch.float16)


@register("not-finite")
class NotFinite(Correct):
    def finish(self, result, v):
        return result / 0

    def finish_weights(self, tensors):
        return {name: tensor / 0 for name, tensor in tensors.items()}


@register("prints", modes=("eval",))
class Prints(Correct):
    """Correct, but talkative."""

    def read(self, v):
        print("hello from the network")
        return v


@register("no-module")
def no_module(space, output):
    return lambda v: v


BROKEN_LAW = (
    UnpermutedAxis,
    PositionalLeak,
    FixedStatistics,
    BatchStatistic,
    BatchPosition,
    DropoutLeftOn,
    TrainModeDropout,
    TrainModeLeak,
    Float32Inside,
    Float32Only,
    ConstantOutput,
    InPlaceEdit,
    HiddenState,
    RandomFeatures,
    WideOnly,
    LastHiddenLayer,
    EqualBiasesOnly,
    EqualBiasesJump,
    OneGenerator,
    SmallLeak,
    SqueezedBatch,
    UnmovedOutput,
    PrunedOnly,
)
FALSE_POWER = (OneRound, ForwardOnly, MaxPooling, OverModest, Gram)
BROKEN_CALL = (Raises, Exits, BadConstructor, WrongShape, WrongType, WrongDtype, NotFinite, no_module)
