"""Batches in which a weight vector may get another answer than alone, and the smallest part of one that still shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...checks.equivariance.calls import batch_sizes
from ...checks.equivariance.prepared import Prepared
from ...weights.batch import Weights
from ...weights.inputs import constructed

FEW = 4
"""Of so many weight vectors each is left out in turn."""


def crowds(prepared: Prepared) -> Iterator[Weights]:
    """Batches as the check makes them: mates of another size, the order turned, and then larger ones."""
    v = prepared.pairs.v
    yield Weights.cat([prepared.mates.map(lambda tensor: 8 * tensor), v])
    yield v[list(range(v.batch - 1, -1, -1))]
    for size in batch_sizes(prepared.built(), v, []):
        if size > v.batch:
            yield Weights.cat([constructed("generic", v.space, size - v.batch, prepared.rng), v])


def fewest(batch: Weights, fails: Callable[[Weights], bool]) -> Weights:
    """Part of a batch that still fails: of halves where one does, else with single weight vectors left out, where there are few."""
    while batch.batch > 1:
        every, half = list(range(batch.batch)), batch.batch // 2
        parts = [every[:half], every[half:]]
        if batch.batch <= FEW:
            parts += [[*every[:number], *every[number + 1 :]] for number in every]
        smaller = next((batch[part] for part in parts if fails(batch[part])), None)
        if smaller is None:
            return batch
        batch = smaller
    return batch
