"""Measuring the limit of detection."""

from __future__ import annotations

import numpy as np

from ...core.cell import Cell
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture
from ...weights.inputs import constructed
from ...weights.pair import Pair
from ...weights.space import WeightSpace
from ..applicability import applicability
from ..prediction import climbs
from ..separation.read_out import asked
from ..separation.resolution import ladder, shows
from . import verdict


def smallest_change(architecture: Architecture, space: WeightSpace, seed: int, bench: Workbench) -> int | None:
    """The smallest exponent e with `v + 10^e z` separated from `v`, by bisection; None if not even the largest is."""
    v, z = (constructed("generic", space, 2, np.random.default_rng(seed)).arrays(index) for index in (0, 1))

    def seen(exponent: int) -> bool:
        w = {name: v[name] + 10.0**exponent * z[name] for name in v}
        return shows(architecture, Pair(space, v, w), seed, bench)

    if not seen(verdict.LARGEST):
        return None
    low, high = verdict.SMALLEST, verdict.LARGEST
    while high > low:
        middle = (low + high) // 2
        low, high = (low, middle) if seen(middle) else (middle + 1, high)
    return high


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Both ladders for one space; an editor through a read-out."""
    return asked(lambda asked_of: _measured(cell, asked_of, bench), architecture)


def _measured(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Both ladders for one space; not-applicable to a network that declares no symmetry or a smaller domain."""
    traits = architecture.traits
    refused = applicability(traits)
    if refused is not None:
        return refused.judgement()
    space = WeightSpace.from_json(cell.parameters["spaces"][cell.case])
    up = climbs(traits.power, traits.domain, space)
    calibration = Workbench(bench.device)  # kept per process, so its forwards are not this row's
    rungs = (
        ladder(architecture, calibration, space) if up else {}
    )  # first: a network that refuses its spaces is asked nothing more
    bench.seconds += calibration.seconds
    exponent = smallest_change(architecture, space, cell.seed, bench)
    low = architecture.rounds[0] if up and architecture.rounds else None
    return Judgement.of(
        verdict.judge(exponent, traits.power, low, rungs), verdict.evidence(exponent, traits.power, low, rungs)
    )
