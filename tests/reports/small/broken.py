"""Networks that break on purpose: one rule each, so that the rows of a small run end in every way."""

import torch
from torch import nn

from orbitcheck import Invariant, Unsupported, Weights, register


class Net(nn.Module):
    """The sums over hidden neurons of the first layer, where they are symmetric."""

    def __init__(self, space, output):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("summaries have no equivariant head")
        self.head = nn.Linear(2, output.dim)

    def forward(self, v: Weights):
        own = v.biases[0][..., 0]
        return self.head(torch.stack([own.sum(1), own.square().sum(1)], 1))


@register("first-neuron", symmetry="permutation", power="1-wl", rounds=lambda: (1, 2), paper="made up to fail")
class FirstNeuron(Net):
    """Knows the index of the first hidden neuron."""

    def forward(self, v: Weights):
        own = v.biases[0][..., 0]
        return self.head(torch.stack([own[:, 0], own.square().sum(1)], 1))


@register("raises", symmetry="permutation", power="unknown")
class Raises(Net):
    """Prints, then raises."""

    def forward(self, v: Weights):
        print("about to raise")
        raise RuntimeError("out of <ideas> & luck")
