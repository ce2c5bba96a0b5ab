"""A network that reads every hidden neuron by itself: its bias and the means of its incoming and outgoing weights."""

from __future__ import annotations

import torch

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, WeightSpace, register


@register("acme-net", symmetry="permutation", power="below-1-wl", modes=("eval", "train"), paper="Acme, unpublished")
class AcmeNet(torch.nn.Module):
    """`MLP(mean over neurons of MLP([b, mean of weights in, mean of weights out]))`, layers kept apart."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 16):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"reads the neurons of an MLP, and {space} is none")
        if isinstance(output, Equivariant):
            raise Unsupported("gives one vector for a network, not one for each of its weights")
        hidden_layers = len(space.widths) - 2
        self.neurons = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(3, channels), torch.nn.Tanh()) for _ in range(hidden_layers)
        )
        self.read = torch.nn.Sequential(
            torch.nn.Linear(hidden_layers * channels, channels), torch.nn.GELU(), torch.nn.Linear(channels, output.dim)
        )

    def forward(self, v: Weights) -> torch.Tensor:
        pooled = []
        for layer, network in enumerate(self.neurons):
            neurons = torch.cat([v.biases[layer], v.weights[layer].mean(2), v.weights[layer + 1].mean(1)], dim=-1)
            pooled.append(network(neurons).mean(1))
        return self.read(torch.cat(pooled, dim=-1))
