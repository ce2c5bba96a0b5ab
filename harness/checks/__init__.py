"""Check kinds, one folder each: `kind` (parameters, cases, registration), `verdict` (pure), `measurement` (torch).

Importing this folder registers the built-in ones. May import plugins and all below; a kind names its measurement as text.
"""

from __future__ import annotations

from .approximation import kind as approximation
from .completeness import kind as completeness
from .detection import kind as detection
from .equivariance import kind as equivariance
from .exhaustive import kind as exhaustive
from .general_position import kind as general_position
from .kinds import CHECK_KINDS
from .separation import kind as separation

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
