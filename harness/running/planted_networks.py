"""The networks of `planted.py`: one small sound one, and the ways to break it."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..plugins.architecture import Architecture, Invariant, as_architecture, register
from ..weights.batch import Weights
from ..weights.space import WeightSpace

CHANNELS, STEPS = 6, 2


class Sound(nn.Module):
    """`phi(g v) = phi(v)`: neurons exchange means of messages in both directions; each hook is a place to break it."""

    backward = True

    def __init__(self, space: WeightSpace, output: Invariant, *, depth: int = STEPS):
        super().__init__()
        layers = len(space.widths)
        self.ends = nn.ParameterList([nn.Parameter(torch.randn(space.widths[end], CHANNELS)) for end in (0, -1)])
        self.bias = nn.ModuleList([nn.Linear(1, CHANNELS) for _ in range(layers - 1)])
        self.message = nn.ModuleList([nn.Linear(CHANNELS + 1, CHANNELS) for _ in range(2 * depth)])
        self.update = nn.ModuleList([nn.Linear(3 * CHANNELS, CHANNELS) for _ in range(depth)])
        self.read = nn.Linear(layers * CHANNELS, output.dim)

    def neurons(self, state: torch.Tensor) -> torch.Tensor:
        return state

    def finish(self, result: torch.Tensor) -> torch.Tensor:
        return result

    def forward(self, v: Weights) -> torch.Tensor:
        states = [self.ends[0].expand(v.batch, -1, -1)]
        states += [encode(bias) for encode, bias in zip(self.bias, v.biases, strict=True)]
        states[-1] = states[-1] + self.ends[1]
        states[1:-1] = [self.neurons(state) for state in states[1:-1]]
        for step, update in enumerate(self.update):
            news = []
            for layer, own in enumerate(states):
                below = above = torch.zeros_like(own)
                if layer:
                    below = self._mean(2 * step, v.weights[layer - 1], states[layer - 1], 2)
                if layer < len(states) - 1 and self.backward:
                    above = self._mean(2 * step + 1, v.weights[layer], states[layer + 1], 1)
                news.append(own + functional.silu(update(torch.cat([own, below, above], -1))))
            states = news
        return self.finish(self.read(torch.cat([state.mean(1) for state in states], -1)))

    def _mean(self, number: int, weight: torch.Tensor, states: torch.Tensor, over: int) -> torch.Tensor:
        shown = states.unsqueeze(3 - over).expand(*weight.shape[:3], -1)
        return functional.silu(self.message[number](torch.cat([shown, weight], -1))).mean(over)


class IndexLeak(Sound):
    def neurons(self, state: torch.Tensor) -> torch.Tensor:
        return state + 0.01 * torch.arange(state.shape[1], dtype=state.dtype, device=state.device)[:, None]


class BatchStatistic(Sound):
    def finish(self, result: torch.Tensor) -> torch.Tensor:
        return result - result.mean(0) / 2


class HiddenState(Sound):
    calls = 0

    def finish(self, result: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return result + 0.01 * self.calls


class InPlaceEdit(Sound):
    def forward(self, v: Weights) -> torch.Tensor:
        v.tensors["W1"].mul_(0.5)
        return super().forward(v)


class ConstantOutput(Sound):
    def finish(self, result: torch.Tensor) -> torch.Tensor:
        return torch.ones_like(result)


class NotANumber(Sound):
    def finish(self, result: torch.Tensor) -> torch.Tensor:
        return result / torch.zeros_like(result)


class ForwardOnly(Sound):
    backward = False


class RowProducts(Sound):
    """It also reads how often rows of the second matrix overlap, which refinement does not see."""

    def forward(self, v: Weights) -> torch.Tensor:
        rows = v.weights[1].squeeze(-1)
        return super().forward(v) + (rows @ rows.mT).square().mean((1, 2))[:, None]


NETWORKS: dict[str, type[Sound]] = {
    "sound": Sound,
    "index-leak": IndexLeak,
    "batch-statistic": BatchStatistic,
    "hidden-state": HiddenState,
    "in-place-edit": InPlaceEdit,
    "constant-output": ConstantOutput,
    "not-a-number": NotANumber,
    "forward-only": ForwardOnly,
    "row-products": RowProducts,
}


def network(name: str) -> Architecture:
    """A planted network as a plug-in; all declare that they see every round up to their depth."""
    return as_architecture(
        register(f"planted-{name}", symmetry="permutation", power="1-wl", rounds=lambda depth: (depth, depth + 1))(
            type(NETWORKS[name].__name__, (NETWORKS[name],), {})
        )
    )
