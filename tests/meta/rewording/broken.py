"""A plug-in that ends its process."""

import os

from torch import nn

from orbitcheck import register


@register("dies", symmetry="permutation", power="unknown")
class Dies(nn.Module):
    def __init__(self, space, output):
        super().__init__()

    def forward(self, v):
        os._exit(3)
