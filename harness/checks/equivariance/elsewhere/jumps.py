"""Whether the output jumps between inputs that have nothing special: counts, bins, roundings and signs of weights do.

Law: along a segment between two generic weight vectors a continuous map changes by less and less over shorter and shorter parts.
The parts that stand out are cut into ever shorter ones; a kink, a steep place and a root shrink with them, a jump stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ....plugins.subject import Subject
from ....weights.algebra.kinds import OutputKind
from ....weights.batch import Weights
from ....weights.inputs import constructed
from ....weights.space import WeightSpace
from ....weights.units import units

WIDEST = 16
"""Indices of an axis up to which jumps are looked for: wider spaces show the same ones at many times the cost."""
SEGMENTS, PARTS = 2, 48
"""Segments between generic weight vectors, and the parts of each that are looked at first."""
LOOKED_AT = 3
"""Of all parts, those that stand out most are cut."""
CUTS = 16
"""Parts into which a part is cut each time."""
SHORTEST = 2.0**-40
"""A change over so small a share of the segment that has not shrunk by then is a jump."""
SHRINKS = 0.15
"""What stands out less than this share of what stood out before the cut was no jump: a kink keeps a sixteenth, a root a quarter."""
LAST, STAYS = 4, 0.5
"""Over the last cuts, by which a part becomes 2^16 times shorter and a root 2^8 times smaller, a jump stays as large."""
SMALLEST = 1e-6
"""What stands out less, in units of the output, is left: rounding, and low precision inside, which has rows of its own."""


@dataclass
class _Part:
    """A part of a segment, with what it stood out by, cut by cut."""

    segment: int
    start: float
    length: float
    heights: list[float]


def largest_jump(
    subject: Subject, space: WeightSpace, kind: OutputKind | None, seed: int, least: float
) -> tuple[float, Weights | None]:
    """How far the output jumps between two generic inputs, in its units, and two inputs on the two sides of the jump.

    Zero, and none, where nothing jumps; where an axis has one index alone, at which a normalised vector is its sign, or very many, nothing is asked.

    Raises:
        PluginFault: as the call does.
    """
    if not all(2 <= space.size[axis] <= WIDEST for axis in space.permuted):
        return 0.0, None
    ends = constructed("generic", space, 2 * SEGMENTS, np.random.default_rng([seed, PARTS]))

    def between(places: list[tuple[int, float]]) -> Weights:
        numbers, shares = (
            torch.tensor([n for n, _ in places]),
            torch.tensor([t for _, t in places], dtype=torch.float64),
        )

        def at(tensor: torch.Tensor) -> torch.Tensor:
            start, end = tensor[numbers], tensor[numbers + SEGMENTS]
            return start + shares.view(-1, *[1] * (tensor.ndim - 1)) * (end - start)

        return ends.map(at)

    first = subject(between([(number, k / PARTS) for number in range(SEGMENTS) for k in range(-2, PARTS + 3)]))
    first = first.view(SEGMENTS, PARTS + 5, -1)
    unit = units(space, kind, first[:, 0], least)
    listed = [
        _Part(number, k / PARTS, 1 / PARTS, [height])
        for number in range(SEGMENTS)
        for k, height in enumerate(_heights(first[number] / unit[number]).tolist())
    ]
    parts = sorted((part for part in listed if part.heights[0] > SMALLEST), key=lambda part: -part.heights[0])[
        :LOOKED_AT
    ]
    while parts and parts[0].length > SHORTEST:
        places = [(part.segment, part.start + part.length * k / CUTS) for part in parts for k in range(-2, CUTS + 3)]
        found = subject(between(places)).view(len(parts), CUTS + 5, -1)
        kept = []
        for part, path in zip(parts, found, strict=True):
            heights = _heights(path / unit[part.segment])
            k, height = int(heights.argmax()), float(heights.max())
            if height > max(SHRINKS * part.heights[-1], SMALLEST):
                length = part.length / CUTS
                kept.append(_Part(part.segment, part.start + k * length, length, [*part.heights, height]))
        parts = kept
    jumps = [part for part in parts if part.heights[-1] > STAYS * part.heights[-1 - LAST]]
    if not jumps:
        return 0.0, None
    worst = max(jumps, key=lambda part: part.heights[-1])
    sides = between([(worst.segment, worst.start), (worst.segment, worst.start + worst.length)])
    return worst.heights[-1], sides


def _heights(path: torch.Tensor) -> torch.Tensor:
    """How far the change over each part stands out from those over the two before and the two after it, the largest entry: `[parts - 4]`."""
    change = path[1:] - path[:-1]
    around = (4 * (change[1:-3] + change[3:-1]) - (change[:-4] + change[4:])) / 6
    return (change[2:-2] - around).abs().amax(1)
