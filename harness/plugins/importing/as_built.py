"""A built network as it is, with its own parameters, as an answer to any size that is asked."""

from __future__ import annotations

import copy

import torch

from ...weights.batch import Weights


class AsBuilt(torch.nn.Module):
    """A copy of a built network whose answer, `[batch, dim]` or `Weights`, is brought to `size` numbers or channels.

    By a fixed random projection if there are more, which keeps a gap almost surely and commutes with every permutation; with zeros
    if there are fewer.
    """

    def __init__(self, network: torch.nn.Module, size: int):
        super().__init__()
        self.network, self.size = copy.deepcopy(network), size

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        output = self.network(v)
        return output.map(self._sized) if isinstance(output, Weights) else self._sized(output)

    def _sized(self, output: torch.Tensor) -> torch.Tensor:
        dim = output.shape[-1]
        if dim <= self.size:
            return torch.nn.functional.pad(output, (0, self.size - dim))
        matrix = torch.randn(dim, self.size, dtype=torch.float64, generator=torch.Generator().manual_seed(dim))
        return output @ matrix.to(output) / dim**0.5

    def redraw_(self, generator: torch.Generator) -> None:
        """Nothing is drawn anew: the question is about these parameters."""
