"""Target maps: importing this folder registers the built-in ones. No torch until a value is asked for."""

from __future__ import annotations

from . import equivariant, functionals, invariants, operators
from .target import (
    EQUIVARIANT_OPERATOR,
    FUNCTION_FUNCTIONAL,
    FUNCTION_OPERATOR,
    INVARIANT_FUNCTIONAL,
    KINDS,
    TARGETS,
    Target,
)

__all__ = [
    "EQUIVARIANT_OPERATOR",
    "FUNCTION_FUNCTIONAL",
    "FUNCTION_OPERATOR",
    "INVARIANT_FUNCTIONAL",
    "KINDS",
    "TARGETS",
    "Target",
]

for _target in (
    functionals.VALUE_AT_POINT,
    invariants.WEIGHT_NORMS,
    operators.OUTPUT_SHIFT,
    equivariant.GRADIENT_STEP,
    equivariant.NEURON_STATISTICS,
):
    TARGETS.add(_target.name, _target)
