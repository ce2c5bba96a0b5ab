"""Check kinds: importing this folder registers the built-in ones."""

from __future__ import annotations

from . import completeness, detection, equivariance, exhaustive, separation
from .kinds import CHECK_KINDS

for kind in (equivariance.KIND, separation.KIND, exhaustive.KIND, detection.KIND, completeness.KIND):
    CHECK_KINDS.add(kind.name, kind)
