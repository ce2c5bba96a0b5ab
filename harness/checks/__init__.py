"""Check kinds: importing this folder registers the built-in ones."""

from __future__ import annotations

from . import approximation, completeness, detection, equivariance, exhaustive, general_position, separation
from .kinds import CHECK_KINDS

for kind in (
    equivariance.KIND,
    separation.KIND,
    exhaustive.KIND,
    detection.KIND,
    completeness.KIND,
    approximation.KIND,
    general_position.KIND,
):
    CHECK_KINDS.add(kind.name, kind)
