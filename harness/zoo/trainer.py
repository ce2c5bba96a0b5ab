"""What every trainer shares: seeds per network, initial weights, and settings that do not depend on the caller's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from ..core.progress import Progress as Progress
from ..core.result import digest
from ..weights.batch import Weights
from ..weights.space import WeightSpace


@dataclass(frozen=True)
class Trained:
    """One group of a zoo: a float32 batch with one channel, and per entry of the batch what is known of it."""

    weights: Weights
    metadata: Mapping[str, torch.Tensor]


def net_seeds(zoo: str, group: str, seed: int, count: int) -> list[int]:
    """One seed per network, independent of how many networks there are; 32 bits, all that torch's generator takes."""
    return [int(digest([zoo, group, seed, index])[:8], 16) for index in range(count)]


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def uniform(
    space: WeightSpace, bounds: Mapping[str, float], sources: Sequence[torch.Generator]
) -> dict[str, torch.Tensor]:
    """Initial weights: per tensor `[nets, *shape, 1]`, float32, uniform in [-bound, bound], each net from its own source."""
    drawn = {}
    for name, shape in space.shapes.items():
        rows = [torch.rand(shape, generator=source, dtype=torch.float32) for source in sources]
        drawn[name] = torch.stack(rows).mul_(2).sub_(1).mul_(bounds[name]).unsqueeze(-1)
    return drawn


def in_general_position(v: Weights) -> torch.Tensor:
    """Per network `[batch]`: are the biases of every hidden layer pairwise distinct? (theory.md, section 1)"""
    distinct = [(bias.squeeze(-1).sort(dim=1).values.diff(dim=1) != 0).all(dim=1) for bias in v.biases[:-1]]
    return torch.stack(distinct).all(dim=0)


def leaves(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same storage as fresh leaves that ask for gradients."""
    return {name: tensor.detach().requires_grad_() for name, tensor in tensors.items()}


@contextmanager
def training_settings(threads: int) -> Iterator[None]:
    """Gradients on and a fixed thread count, whatever the caller's are; the caller's come back afterwards.

    Sums split over threads round differently: only a fixed count makes the weights the same bits every time.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_num_threads(before)
