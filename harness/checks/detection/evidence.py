"""What a row of the detection check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.evidence import Evidence, Number
from ..separation.evidence import RungEvidence


@dataclass(frozen=True, slots=True)
class DetectionEvidence(Evidence):
    """The two ladders.

    Args:
        smallest_change: that was seen; None if not even the largest was.
        digits: of that change.
        t_res: the last refinement round at which a missing gap would mean missing power.
        ladder: round -> digits of the best ratio.
        power: as declared.
        declared: the round up to which the plug-in declares to see all; None where none is asked.
        shown: the last round up to which all rounds showed.
        rungs: round -> what showed.
    """

    smallest_change: Number | None
    digits: int
    t_res: int
    ladder: Mapping[str, Number]
    power: str = ""
    declared: int | None = None
    shown: int = 0
    rungs: Mapping[str, RungEvidence] = field(default_factory=dict)
