"""What a row of the detection check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.evidence import Evidence, Number


@dataclass(frozen=True)
class DetectionEvidence(Evidence):
    """The two ladders.

    Args:
        smallest_change: that was seen; None if not even the largest was.
        digits: of that change.
        t_res: the last refinement round at which a missing gap would mean missing power.
        ladder: round -> digits of the best ratio.
    """

    smallest_change: Number | None
    digits: int
    t_res: int
    ladder: Mapping[str, Number]
