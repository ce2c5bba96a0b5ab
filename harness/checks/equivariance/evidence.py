"""What a row of the equivariance check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...core.evidence import Evidence, Number


class Grade(StrEnum):
    """One error against its noise floor."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


class Rule(StrEnum):
    """What has to hold: the law, and the properties without which it means nothing."""

    LAW = "equivariance"
    REPEATED_CALL = "repeated call"
    BATCH_ORDER = "batch order"
    BATCH_MATES = "batch mates"
    BATCH_OF_ONE = "batch of one"
    LAW_IN_FLOAT32 = "equivariance in float32"
    UNMODIFIED_INPUT = "unmodified input"


class Cause(StrEnum):
    """What the two precisions say of where an error comes from; it names, it does not decide."""

    NONE = "none"
    VIOLATION = "violation"
    SINGLE_PRECISION = "float32"
    SQUARE_ROOT = "square-root"
    ROUNDING = "rounding"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Property(Evidence):
    """One thing that must not change the answer: by how much it does, and the limit."""

    value: Number
    limit: Number
    verdict: Grade


@dataclass(frozen=True)
class CounterExample(Evidence):
    """The smallest failing example that the search found, or the failure as it was measured (`shrunk` is False).

    Args:
        space: in words; `widths` where it is a smaller one than the row's.
        input: kind of input.
        seed: of parameters and inputs.
        element: of the group, in cycle notation; `images` as data.
        error: in the row's units.
    """

    space: str
    input: str
    seed: int
    element: str
    images: Mapping[str, tuple[int, ...]]
    error: Number
    shrunk: bool
    widths: tuple[int, ...] | None = None


@dataclass(frozen=True)
class EquivarianceEvidence(Evidence):
    """Errors and floors in two precisions, relative to the scale of the outputs; see `verdict.Measurement`."""

    space: str
    output: str
    input: str
    mode: str
    error64: Number
    error32: Number
    floor64: Number
    floor32: Number
    spread: Number
    modified: bool
    ratio: Number | None
    cause: Cause
    float32: Grade
    properties: Mapping[Rule, Property]
    broken: tuple[Rule, ...] = ()
    counterexample: CounterExample | None = None
