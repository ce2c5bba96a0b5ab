"""Planted networks on one transformer block, which declare that they do not see something of its heads, and see it.

All read bags of key indices and of value indices, whichever head they belong to: so far blind to what goes with what, and to biases; one
reads the stream by means over its places.
"""

from __future__ import annotations

import torch
from torch import nn

from ...plugins.architecture import Equivariant, Invariant, Unsupported
from ...weights.batch import Weights
from ...weights.space import WeightSpace
from .networks import CHANNELS, Flaw


class BagsOfIndices(nn.Module):
    """`phi(g v) = phi(v)`: key indices `[B, head, key, F]` and value indices `[B, head, value, F]`, each encoded and meant over."""

    flaw, reads_biases, reads_places = Flaw(), False, True

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant):
        super().__init__()
        if isinstance(output, Equivariant):
            raise Unsupported("planted networks on heads are asked for invariant outputs")
        model = space.size["model"]
        self.key, self.value = nn.Linear(2 * model + 2, CHANNELS), nn.Linear(2 * model + 1, CHANNELS)
        self.unit = nn.Linear(2 * model + 1, CHANNELS)
        self.read = nn.Linear(3 * CHANNELS, output.dim)

    def forward(self, v: Weights) -> torch.Tensor:
        t = {name: tensor.squeeze(-1) for name, tensor in v.items()}
        W_O, W_1 = t["WO"], t["W1"]
        if not self.reads_places:
            W_O, W_1 = W_O.mean(1, keepdim=True).expand_as(W_O), W_1.mean(2, keepdim=True).expand_as(W_1)
        weight = 1.0 if self.reads_biases else 0.0
        biases = {name: weight * t[name].unsqueeze(-1) for name in ("bQ", "bK", "bV")}
        keys = self.key(torch.cat([t["WQ"], t["WK"], biases["bQ"], biases["bK"]], -1)).tanh()
        values = self.value(torch.cat([t["WV"], biases["bV"], W_O.movedim(1, 3)], -1)).tanh()
        units = self.unit(torch.cat([W_1, t["b1"].unsqueeze(-1), t["W2"].transpose(1, 2)], -1)).tanh()
        bags = torch.cat([keys.mean((1, 2)), values.mean((1, 2)), units.mean(1)], -1)
        return self.finish(self.read(bags), keys.mean(2), values.mean(2), t)

    def finish(
        self, result: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, t: dict[str, torch.Tensor]
    ) -> torch.Tensor:
        return result


class PairedHeads(BagsOfIndices):
    """What a head reads times what it writes."""

    flaw = Flaw()

    def finish(self, result, keys, values, t):
        return result + self.flaw.size * (keys * values).mean((1, 2)).unsqueeze(-1)


class SquaredHeads(BagsOfIndices):
    """Squares of heads: which indices share one."""

    flaw = Flaw()

    def finish(self, result, keys, values, t):
        return result + self.flaw.size * (keys.square() + values.square()).mean((1, 2)).unsqueeze(-1)


class CurvedHeads(BagsOfIndices):
    """Heads one at a time, whole, through a curve."""

    flaw = Flaw()

    def finish(self, result, keys, values, t):
        return result + (2 * keys + 3 * values).sin().mean((1, 2)).unsqueeze(-1)


class BiasesOfHeads(BagsOfIndices):
    """Sizes of the biases of queries."""

    flaw = Flaw()

    def finish(self, result, keys, values, t):
        return result + self.flaw.size * t["bQ"].square().mean((1, 2)).unsqueeze(-1)


class BiasesBesideRows(BagsOfIndices):
    """Biases among what an index has."""

    flaw, reads_biases = Flaw(), True


class PlacesWrittenTo(BagsOfIndices):
    """What is written to each place of the stream, the later ones more."""

    flaw, reads_places = Flaw(), False

    def finish(self, result, keys, values, t):
        written = t["WO"].square().mean((2, 3))
        return result + self.flaw.size * (written * torch.arange(1.0, 1 + written.shape[1]).to(written)).mean(
            1, keepdim=True
        )
