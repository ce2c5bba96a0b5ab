"""What a row of the floor check holds: the floors themselves, level by level."""

from __future__ import annotations

from ...oracles.levels.floors import LabelFloors as FloorEvidence

__all__ = ["FloorEvidence"]
