"""Planted networks on recurrent spaces: what each reads of a matrix whose two axes are one.

`Together` reads an entry and its mirror image at once, as `joint` refinement does; `Apart` what comes to a unit and what leaves it, as
`split` does. All keep the law on their invariant output, the only one that they have.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ...plugins.architecture import Equivariant, Invariant, Unsupported
from ...weights.batch import Weights
from ...weights.space import WeightSpace
from .networks import CHANNELS, Flaw

LOOP = "R1"


class BagOfLoops(nn.Module):
    """Every tensor as a bag of entries."""

    flaw = Flaw()
    more = 0
    """Channels of what a plant reads beside the bags."""

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant):
        super().__init__()
        if isinstance(output, Equivariant):
            raise Unsupported("planted for invariant outputs alone")
        self.loop = LOOP in space.axes  # what a check can resolve is asked on an MLP, too
        self.entries = nn.ModuleList([nn.Linear(1, CHANNELS) for _ in space.tensors])
        self.row, self.column = nn.Linear(1, CHANNELS), nn.Linear(1, CHANNELS)
        self.unit, self.mirror = nn.Linear(2 * CHANNELS, CHANNELS), nn.Linear(2, CHANNELS)
        self.read = nn.Linear((len(space.tensors) + self.more * self.loop) * CHANNELS, output.dim)

    def loops(self, r: torch.Tensor) -> list[torch.Tensor]:
        """What is read of the matrix `[batch, n, n, 1]`, each `[batch, CHANNELS]`."""
        return []

    def finish(self, result: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        """What is made of the answer at last; the planted flaw, of those that have one."""
        return result

    def forward(self, v: Weights) -> torch.Tensor:
        bags = [
            functional.silu(encode(tensor)).flatten(1, -2).mean(1)
            for encode, (_, tensor) in zip(self.entries, v.items(), strict=True)
        ]
        if not self.loop:
            return self.read(torch.cat(bags, -1))
        r = v.tensors[LOOP]
        return self.finish(self.read(torch.cat([*bags, *self.loops(r)], -1)), r.squeeze(-1))


class RowsOfLoops(BagOfLoops):
    """What comes to each unit."""

    more = 1

    def loops(self, r: torch.Tensor) -> list[torch.Tensor]:
        come = functional.silu(self.row(r)).mean(2)
        return [functional.silu(self.unit(torch.cat([come, come], -1))).mean(1)]


class Apart(BagOfLoops):
    """What comes to each unit, and what leaves it."""

    more = 1

    def loops(self, r: torch.Tensor) -> list[torch.Tensor]:
        come, leave = functional.silu(self.row(r)).mean(2), functional.silu(self.column(r)).mean(1)
        return [functional.silu(self.unit(torch.cat([come, leave], -1))).mean(1)]


class Together(Apart):
    """Besides, an entry and its mirror image at once."""

    more = 2

    def loops(self, r: torch.Tensor) -> list[torch.Tensor]:
        both = torch.cat([r, r.transpose(1, 2)], -1)
        return [*super().loops(r), functional.silu(self.mirror(both)).mean((1, 2))]


class Squares(Apart):
    """Besides, the trace of the square."""

    def finish(self, result: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        return result + self.flaw.size * (r * r.transpose(1, 2)).mean((1, 2)).tanh().unsqueeze(1)


class Triangles(Together):
    """Besides, closed walks of three steps, which no refinement of units counts."""

    def finish(self, result: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        return result + self.flaw.size * (r @ r * r.transpose(1, 2)).mean((1, 2)).tanh().unsqueeze(1)
