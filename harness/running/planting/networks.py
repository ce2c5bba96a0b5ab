"""Planted networks on the neurons of an MLP: one small sound one, and the ways to break it.

`Sound` keeps the law on both outputs and sees what refinement sees to its depth; each hook is a place to break it. What a plant draws
anew in every run is its `flaw`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from ...plugins.architecture import Equivariant, Invariant
from ...weights.batch import Weights
from ...weights.realisation import realise
from ...weights.space import WeightSpace

CHANNELS, STEPS = 6, 2
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Flaw:
    """Where and how large: a hidden layer, an index in it, and a size relative to outputs of order one.

    In a space that has fewer of either they are counted on from the start, so that the flaw is there too.
    """

    layer: int = 1
    entry: int = 0
    size: float = 0.1

    def in_layer(self, space: WeightSpace) -> int:
        return 1 + (self.layer - 1) % len(space.permuted)

    def in_entry(self, space: WeightSpace) -> int:
        return self.entry % space.widths[self.in_layer(space)]

    def __str__(self) -> str:
        return f"layer {self.layer}, neuron {self.entry}, size {self.size:.0e}"


class Sound(nn.Module):
    """Neurons exchange means of messages in both directions: `phi(g v) = phi(v)`, `phi(g v) = g phi(v)` for permutations."""

    flaw = Flaw()

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, depth: int = STEPS):
        super().__init__()
        self.space, self.output = space, output
        layers = len(space.widths)
        self.ends = nn.ParameterList([nn.Parameter(torch.randn(space.widths[end], CHANNELS)) for end in (0, -1)])
        self.bias = nn.ModuleList([nn.Linear(1, CHANNELS) for _ in range(layers - 1)])
        self.message = nn.ModuleList([nn.Linear(CHANNELS + 1, CHANNELS) for _ in range(2 * depth)])
        self.update = nn.ModuleList([nn.Linear(3 * CHANNELS, CHANNELS) for _ in range(depth)])
        if isinstance(output, Invariant):
            self.read = nn.Linear(layers * CHANNELS, output.dim)
        else:
            self.nodes = nn.ModuleList([nn.Linear(CHANNELS, output.channels) for _ in range(layers - 1)])
            self.edges = nn.ModuleList([nn.Linear(2 * CHANNELS + 1, output.channels) for _ in range(layers - 1)])

    def seen(self, v: Weights) -> Weights:
        return v

    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        return state

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result

    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        return tensors

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        shown = self.seen(v)
        states = [self.ends[0].expand(v.batch, -1, -1)]
        states += [encode(bias) for encode, bias in zip(self.bias, shown.biases, strict=True)]
        states[-1] = states[-1] + self.ends[1]
        states[1:-1] = [self.neurons(layer, state, shown) for layer, state in enumerate(states[1:-1], 1)]
        weights = shown.weights
        for step, update in enumerate(self.update):
            news = []
            for layer, own in enumerate(states):
                below = above = torch.zeros_like(own)
                if layer:
                    below = self._message(2 * step, weights[layer - 1], states[layer - 1], 2)
                if layer < len(states) - 1:
                    above = self._message(2 * step + 1, weights[layer], states[layer + 1], 1)
                news.append(own + functional.silu(update(torch.cat([own, below, above], -1))))
            states = news
        if isinstance(self.output, Invariant):
            return self.finish(self.read(torch.cat([state.mean(1) for state in states], -1)), v)
        made: Tensors = {}
        for layer, weight in enumerate(weights, 1):
            rows = states[layer].unsqueeze(2).expand(*weight.shape[:3], -1)
            columns = states[layer - 1].unsqueeze(1).expand(*weight.shape[:3], -1)
            made[f"W{layer}"] = self.edges[layer - 1](torch.cat([rows, columns, weight], -1))
            made[f"b{layer}"] = self.nodes[layer - 1](states[layer])
        return Weights(v.space, self.finish_weights(made, v))

    def _message(self, number: int, weight: torch.Tensor, states: torch.Tensor, over: int) -> torch.Tensor:
        shown = states.unsqueeze(3 - over).expand(*weight.shape[:3], -1)
        return functional.silu(self.message[number](torch.cat([shown, weight], -1))).mean(over)


def index_of(tensor: torch.Tensor, dim: int = 1) -> torch.Tensor:
    """0, 1, 2, ... along one dimension."""
    shape = [1] * tensor.ndim
    shape[dim] = tensor.shape[dim]
    return torch.arange(tensor.shape[dim], dtype=tensor.dtype, device=tensor.device).view(shape)


def bias_of(v: Weights, layer: int) -> torch.Tensor:
    """`[batch, n]`: the biases of one layer."""
    return v.biases[layer - 1].squeeze(-1)


def bias_at(v: Weights, flaw: Flaw) -> torch.Tensor:
    """`[batch, n]`: the biases of the flaw's layer."""
    return bias_of(v, flaw.in_layer(v.space))


def entry_at(v: Weights, flaw: Flaw) -> torch.Tensor:
    """`[batch, 1]`: the bias of the flaw's neuron."""
    return bias_at(v, flaw)[:, flaw.in_entry(v.space), None]


class IndexLeak(Sound):
    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        return state + 0.01 * index_of(state)


class WeighedColumns(Sound):
    def seen(self, v: Weights) -> Weights:
        return Weights(v.space, {**v.tensors, "W2": v.tensors["W2"] * (1 + 0.1 * index_of(v.tensors["W2"], 2))})


class EntryLeak(Sound):
    """One bias by its number, in the invariant output alone."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + self.flaw.size * entry_at(v, self.flaw).tanh()


class CumulatedRows(Sound):
    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        return {**tensors, "b1": tensors["b1"].cumsum(1)}


class RolledTensor(Sound):
    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        return {**tensors, "W1": tensors["W1"].roll(1, 1)}


class EntryOfTensor(Sound):
    """One row of one output tensor is a little larger, in the equivariant output alone."""

    def finish_weights(self, tensors: Tensors, v: Weights) -> Tensors:
        name = f"W{self.flaw.in_layer(v.space)}"
        numbers = index_of(tensors[name])
        larger = 1 + self.flaw.size * (numbers == self.flaw.in_entry(v.space)).to(numbers)
        return {**tensors, name: tensors[name] * larger}


class ZeroTable(Sound):
    """A learned table of positions that starts at zero."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, depth: int = STEPS):
        super().__init__(space, output, depth=depth)
        self.table = nn.Parameter(torch.zeros(space.widths[1], CHANNELS))

    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        return state + self.table if layer == 1 else state


class GradientMode(EntryLeak):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return super().finish(result, v) if torch.is_grad_enabled() else result


class GradientLeak(Sound):
    """Right in value; its gradient passes through one neuron by number."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        leak = entry_at(v, self.flaw)
        return result + self.flaw.size * (leak - leak.detach())


class TiesByIndex(Sound):
    """Keeps all neurons but that of least bias; equal biases are ordered by number."""

    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        bias = bias_of(v, layer)
        kept = torch.zeros_like(bias).scatter(1, bias.topk(max(1, bias.shape[1] - 1), 1).indices, 1.0)
        return state * kept.unsqueeze(-1)


class ZerosByIndex(Sound):
    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        return state + 0.1 * index_of(state) * (bias_of(v, layer) == 0).unsqueeze(-1)


class EqualsByIndex(Sound):
    """Neurons with a bias that another one has know their number."""

    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        bias = bias_of(v, layer)
        tied = (bias.unsqueeze(1) == bias.unsqueeze(2)).sum(2) > 1
        return state + self.flaw.size * index_of(state) * tied.unsqueeze(-1)


class SignOfBias(Sound):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + 0.1 * bias_of(v, 1).sign().mean(1, keepdim=True)


class RoundedBias(Sound):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result + 0.1 * (4 * bias_of(v, 1)).floor().mean(1, keepdim=True)


class CountedTies(Sound):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        bias = bias_at(v, self.flaw)
        return (
            result + self.flaw.size * (bias.unsqueeze(1) == bias.unsqueeze(2)).double().mean((1, 2)).to(bias)[:, None]
        )


class EvalIndex(IndexLeak):
    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        return state if self.training else super().neurons(layer, state, v)


class EvalEntry(EntryLeak):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result if self.training else super().finish(result, v)


class TrainHistory(Sound):
    """Keeps the mean bias of every neuron by number in train mode, and adds it in eval mode."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, depth: int = STEPS):
        super().__init__(space, output, depth=depth)
        self.register_buffer("kept", torch.zeros(space.widths[1]))

    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        if layer != 1:
            return state
        if self.training:
            self.kept = bias_of(v, 1).detach().mean(0)
            return state
        return state + 0.1 * self.kept[:, None]


class TrainIndex(IndexLeak):
    def neurons(self, layer: int, state: torch.Tensor, v: Weights) -> torch.Tensor:
        return super().neurons(layer, state, v) if self.training else state


class TrainEntry(EntryLeak):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return super().finish(result, v) if self.training else result


class BatchStatistic(Sound):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result - result.mean(0) / 2


class TrainBatchStatistic(BatchStatistic):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return super().finish(result, v) if self.training else result


class HiddenState(Sound):
    calls = 0

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        self.calls += 1
        return result + 0.01 * self.calls


class InPlaceEdit(Sound):
    def forward(self, v: Weights) -> torch.Tensor | Weights:
        v.tensors["W1"].mul_(0.5)
        return super().forward(v)


class ConstantOutput(Sound):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return torch.ones_like(result)


class NotANumber(Sound):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result / torch.zeros_like(result)


class OneRound(Sound):
    """One round of messages, whatever it declares."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, depth: int = STEPS):
        super().__init__(space, output, depth=1)


class ForwardOnly(Sound):
    """Neurons hear incoming edges alone."""

    def _message(self, number: int, weight: torch.Tensor, states: torch.Tensor, over: int) -> torch.Tensor:
        return super()._message(number, weight, states, over) * (over == 2)


class LargestMessage(Sound):
    """Of all messages a neuron hears the largest alone, number by number."""

    def _message(self, number: int, weight: torch.Tensor, states: torch.Tensor, over: int) -> torch.Tensor:
        shown = states.unsqueeze(3 - over).expand(*weight.shape[:3], -1)
        return functional.silu(self.message[number](torch.cat([shown, weight], -1))).amax(over)


class ElevenBits(Sound):
    """Weights pass through half precision."""

    def seen(self, v: Weights) -> Weights:
        return v.map(lambda tensor: tensor.half().to(tensor))


class NoMessages(Sound):
    """Neurons never hear of each other; every tensor is read as a bag of entries."""

    def bags(self, v: Weights) -> torch.Tensor:
        return torch.stack([tensor.tanh().flatten(1).mean(1) for _, tensor in v.items()], 1)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        if not isinstance(self.output, Invariant):
            return super().forward(v)
        seen = self.bags(v)
        wide = self.read.in_features
        return self.read(seen.repeat(1, 1 + wide // seen.shape[1])[:, :wide])


class Extremes(NoMessages):
    """The largest and the smallest entry of each tensor: no rounding depends on an order, so what it does not see is equal to the bit."""

    def bags(self, v: Weights) -> torch.Tensor:
        ends = [end for _, tensor in v.items() for end in (tensor.flatten(1).amax(1), tensor.flatten(1).amin(1))]
        return self.flaw.size * torch.stack(ends, 1)


class ZeroGate(NoMessages):
    """One bias by its number, behind a learned gate that starts at zero."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, depth: int = STEPS):
        super().__init__(space, output, depth=depth)
        self.gate = nn.Parameter(torch.zeros(1))

    def bags(self, v: Weights) -> torch.Tensor:
        return super().bags(v) + self.flaw.size * self.gate * entry_at(v, self.flaw).tanh()


class FlatMemory(NoMessages):
    """Reads the memory of a matrix as if it were in the usual order, of inputs alone that are not."""

    def bags(self, v: Weights) -> torch.Tensor:
        w = v.tensors["W2"]
        strides = torch.empty(w.shape, device="meta").stride()
        return super().bags(v) + self.flaw.size * w.as_strided(w.shape, strides, w.storage_offset()).tanh().mean((1, 2))


class LargeBatch(NoMessages):
    """Past some size of the batch the first one is given for all."""

    largest = 300

    def bags(self, v: Weights) -> torch.Tensor:
        seen = super().bags(v)
        return seen + self.flaw.size * (seen[:1] - seen) if v.batch > self.largest else seen


class WornOut(NoMessages):
    """After some calls of one weight vector it drifts."""

    calls, fresh = 0, 60

    def bags(self, v: Weights) -> torch.Tensor:
        self.calls += v.batch == 1
        return super().bags(v) + self.flaw.size * (self.calls > self.fresh)


class WeighedGradient(Sound):
    """Right in value; gradients in one matrix are weighed by number."""

    def seen(self, v: Weights) -> Weights:
        w = v.tensors["W2"]
        return Weights(v.space, {**v.tensors, "W2": w + self.flaw.size * index_of(w, 2) * (w - w.detach())})


class ParameterGradient(NoMessages):
    """Right in value, and in the gradient of its input; that of a parameter passes through one neuron."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, depth: int = STEPS):
        super().__init__(space, output, depth=depth)
        self.weight = nn.Parameter(torch.randn(1))

    def bags(self, v: Weights) -> torch.Tensor:
        own = entry_at(v, self.flaw).detach() * (self.weight - self.weight.detach())
        return super().bags(v) + self.flaw.size * own


class TrainGate(NoMessages):
    """One bias is read by its number, once there was a call in train mode."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, depth: int = STEPS):
        super().__init__(space, output, depth=depth)
        self.register_buffer("used", torch.zeros(1))

    def bags(self, v: Weights) -> torch.Tensor:
        if self.training:
            self.used = torch.ones_like(self.used)
        return super().bags(v) + self.flaw.size * self.used.to(v.tensors["b1"]) * entry_at(v, self.flaw).tanh()


class RowProducts(Sound):
    """It also reads how often rows of one matrix overlap, which refinement does not see."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        rows = v.weights[1].squeeze(-1)
        return result + self.flaw.size * (rows @ rows.mT).square().mean((1, 2))[:, None]


class ColumnProducts(Sound):
    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        rows = v.weights[1].squeeze(-1)
        return result + 0.1 * (rows.mT @ rows).square().mean((1, 2))[:, None].sin()


class ClosedWalks(Sound):
    """It also counts closed walks of six steps in one matrix, which one round of 2-FWL does not see."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        rows = v.weights[1].squeeze(-1)
        overlaps = rows @ rows.mT
        return result + self.flaw.size * ((overlaps @ overlaps) * overlaps).mean((1, 2))[:, None]


class Cliques(Sound):
    """It also counts cliques of four in the graph that joins rows by ones and names columns by twos; no 2-FWL sees all of them."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        entries = v.weights[1].squeeze(-1)
        ones, twos = entries * (2 - entries), entries * (entries - 1) / 2
        graph = ones @ twos.mT
        triangles = graph[:, :, :, None] * graph[:, :, None, :] * graph[:, None, :, :]
        cliques = torch.einsum("bijk,bil,bjl,bkl->b", triangles, graph, graph, graph)
        return result + self.flaw.size * cliques[:, None] / len(graph[0]) ** 3


class GramDeterminant(Sound):
    """It also reads `log det(I + W W^T)` of one matrix, which is as good as its singular values on small ones."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        rows = v.weights[1].squeeze(-1)
        gram = torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device) + rows @ rows.mT
        return result + self.flaw.size * torch.logdet(gram)[:, None]


class ThirdMoments(Sound):
    """It also reads the trace of `(W W^T)^3`: closed walks of six steps."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        rows = v.weights[1].squeeze(-1)
        gram = rows @ rows.mT
        return result + self.flaw.size * (gram @ gram @ gram).diagonal(dim1=1, dim2=2).mean(1)[:, None].sin()


class Values(nn.Module):
    """The function's values at fixed points, and nothing else; `finish` is the place to read weights."""

    flaw = Flaw(size=0.0)

    def __init__(self, space: WeightSpace, output: Invariant):
        super().__init__()
        self.points = nn.Parameter(torch.randn(8, space.widths[0]))
        self.read = nn.Sequential(nn.Linear(8 * space.widths[-1], CHANNELS), nn.SiLU(), nn.Linear(CHANNELS, output.dim))

    def forward(self, v: Weights) -> torch.Tensor:
        seen = self.read(realise(v, self.points).flatten(1))
        return seen + self.flaw.size * bias_at(v, self.flaw).square().mean(1, keepdim=True).tanh()
