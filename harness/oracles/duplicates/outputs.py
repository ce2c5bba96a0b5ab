"""Outputs of networks at tested inputs, and which of them agree to rounding.

Law: rows that differ by at most `ROUNDED` of their spread at all `POINTS` inputs agree to rounding, which copies by factors that floats
round look like. It proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..function import values_in_floats

POINTS = 48
"""Inputs at which outputs are compared: Gaussian, a third each in sizes 1, 4 and 16."""
ROUNDED = 1e-5
"""Largest gap, as a share of the outputs' spread, of outputs that are equal to rounding; float32 networks stay below 1e-6."""
EXTENT = 4
"""Height and width of images, steps and tokens, where their number is free."""
CHUNK = 256
"""Networks whose outputs are computed at once."""


def rounded_classes(space: WeightSpace, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """`[n]`: networks with one number agree with the first of them to rounding; one whose outputs do not vary is alone.

    Raises:
        SpaceError: a space whose function is not known (`weights/realisation`).
    """
    count = len(next(iter(arrays.values())))
    if space.is_mlp:
        points = inputs((space.widths[0],))
        parts = [{name: a[at : at + CHUNK] for name, a in arrays.items()} for at in range(0, count, CHUNK)]
        outputs = np.concatenate([values_in_floats(space, part, points) for part in parts])
    else:
        outputs = outputs_beyond_mlps(space, [{name: a[net] for name, a in arrays.items()} for net in range(count)])
    spread, found = spreads(outputs), np.arange(count)
    for members in alike(outputs.reshape(count, -1), np.where(np.isfinite(spread), ROUNDED * spread, 0.0)):
        first: list[int] = []
        for net in members[spread[members] > 0].tolist():
            apart = np.abs(outputs[first] - outputs[net]).max(axis=(1, 2), initial=0.0)
            near = np.flatnonzero(apart <= ROUNDED * spread[first])
            if len(near):
                found[net] = first[near[0]]
            else:
                first.append(net)
    return found


def outputs_beyond_mlps(space: WeightSpace, vectors: Sequence[Vector]) -> np.ndarray:
    """`[nets, points, outputs]` of a space that is no MLP's: of images, sequences and steps of `EXTENT`.

    Raises:
        SpaceError: as `rounded_classes`.
    """
    import torch

    from ...weights.batch import Weights
    from ...weights.realisation import realisation

    function = realisation(space)
    points, found = torch.from_numpy(inputs(function.input_shape(EXTENT))), []
    with torch.no_grad():
        for start in range(0, len(vectors), CHUNK):
            part = Weights.from_arrays(space, vectors[start : start + CHUNK])
            found.append(function(part, points).flatten(2).numpy())
    return np.concatenate(found)


def inputs(shape: Sequence[int]) -> np.ndarray:
    """`[POINTS, *shape]`."""
    points = np.random.default_rng(0).standard_normal((POINTS, *shape))
    return points * np.repeat([1.0, 4.0, 16.0], POINTS // 3).reshape(-1, *[1] * len(shape))


def spreads(outputs: np.ndarray) -> np.ndarray:
    """`[nets]`: the standard deviation of the output that varies most, 0 where none varies; not finite where an output is not."""
    exponent = np.frexp(np.where(np.isfinite(outputs), np.abs(outputs), 0.0).max(axis=(1, 2)))[1]
    with np.errstate(invalid="ignore"):
        varied = np.ldexp(outputs, -exponent[:, None, None]).std(axis=1)
    still = (np.isfinite(outputs) & (outputs == outputs[:, :1])).all(axis=1)
    varied[still] = 0.0  # means of one number are rounded
    return np.ldexp(varied.max(axis=1), exponent)


def alike(values: np.ndarray, tolerance: np.ndarray) -> list[np.ndarray]:
    """Sets of two and more rows that no column parts by a gap larger than the tolerance of its rows; a superset of what is alike."""
    groups = [np.flatnonzero(np.isfinite(values).all(axis=1))]
    for column in values.T:
        parts: list[np.ndarray] = []
        for members in groups:
            ordered = members[np.argsort(column[members], kind="stable")]
            # Between two that are alike there may be others, nearer to none of them: parted is where nobody's tolerance reaches across.
            own, reach = column[ordered], tolerance[ordered]
            above = np.maximum.accumulate(own + reach)[:-1]
            below = np.minimum.accumulate((own - reach)[::-1])[::-1][1:]
            ends = np.flatnonzero((above < own[1:]) & (below > own[:-1]))
            parts += [part for part in np.split(ordered, ends + 1) if len(part) > 1]
        groups = parts
        if not groups:
            break
    return [np.sort(members) for members in groups]
