"""Target maps: importing this folder registers the built-in ones. No torch until a value is asked for.

May import regimes, pairs, zoo, learning, oracles, weights and core.
"""

from __future__ import annotations

from . import (
    equivariant,
    functionals,
    images,
    invariants,
    label,
    learning,
    middle,
    operators,
    polynomials,
    recognition,
    zeros,
)
from .target import (
    EQUIVARIANT_OPERATOR,
    FUNCTION_FUNCTIONAL,
    FUNCTION_OPERATOR,
    INVARIANT_FUNCTIONAL,
    KINDS,
    LABEL,
    TARGETS,
    Target,
)

__all__ = [
    "EQUIVARIANT_OPERATOR",
    "FUNCTION_FUNCTIONAL",
    "FUNCTION_OPERATOR",
    "INVARIANT_FUNCTIONAL",
    "KINDS",
    "LABEL",
    "TARGETS",
    "Target",
]

for _target in (
    functionals.VALUE_AT_POINT,
    functionals.GRADIENT_AT_POINT,
    functionals.MEAN,
    functionals.NORM,
    functionals.EXTREMUM,
    zeros.ZERO_COUNT,
    recognition.INR_CLASS,
    recognition.TEST_ACCURACY,
    label.TABLE_LABEL,
    invariants.WEIGHT_NORMS,
    invariants.PATH_NORM,
    invariants.PATH_MOMENT,
    invariants.SPECTRAL_PRODUCT,
    middle.MIDDLE_RANK,
    middle.LOG_DETERMINANT,
    invariants.HESSIAN_TRACE,
    invariants.BIAS_SORTED_ENTRY,
    polynomials.RANDOM_POLYNOMIAL,
    operators.NEGATION,
    operators.OUTPUT_SHIFT,
    operators.AFFINE_OUTPUT,
    operators.INPUT_SHIFT,
    operators.INPUT_SCALING,
    operators.ZOOM_OUT,
    operators.TOOTH_DOUBLING,
    operators.DERIVATIVE,
    images.INR_DILATION,
    images.INR_BLUR,
    images.INR_CONTRAST,
    learning.LOSS_GRADIENT,
    learning.GRADIENT_STEP,
    learning.ADAM_STEP,
    equivariant.MAGNITUDE_MASK,
    equivariant.NEURON_STATISTICS,
    equivariant.WEIGHT_NORMALISATION,
    equivariant.NEURON_RANK,
    middle.CYCLE_WEIGHTS,
    equivariant.IDENTITY,
):
    TARGETS.add(_target.name, _target)
