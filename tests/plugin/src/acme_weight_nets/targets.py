"""The mean bias of every hidden layer: seen by whatever is invariant under the numbering of neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbitcheck.extending import INVARIANT_FUNCTIONAL, Parameters, Samples, WeightSpace, target

if TYPE_CHECKING:
    import torch


def refusal(parameters: Parameters, space: WeightSpace) -> str | None:
    return None if space.is_mlp else f"reads the biases of an MLP, and {space} is none"


def size(parameters: Parameters, space: WeightSpace) -> int:
    return len(space.widths) - 2


@target("acme-mean-bias", "mean bias of every hidden layer", kind=INVARIANT_FUNCTIONAL, refusal=refusal, size=size)
def value(parameters: Parameters, samples: Samples) -> torch.Tensor:
    import torch

    return torch.stack([bias.mean((1, 2)) for bias in samples.weights.biases[:-1]], dim=1)
