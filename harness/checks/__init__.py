"""Check kinds: importing this folder registers the built-in ones."""

from __future__ import annotations

from . import equivariance
from .kinds import CHECK_KINDS

CHECK_KINDS.add(equivariance.KIND.name, equivariance.KIND)
