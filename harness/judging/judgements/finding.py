"""What a judgement is: from the rows of a conclusion to a finding, entered under the claim that it judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ...core.registry import Registry
from ...core.result import Result


class Concluded(StrEnum):
    """How a conclusion can end; `OBSERVED` rests on rows without a prediction alone, `NOT_APPLICABLE` holds nothing to compare,
    `NOT_ASKED` not even a row."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"
    OBSERVED = "observed"
    NOT_APPLICABLE = "not-applicable"
    NOT_ASKED = "not-asked"


@dataclass(frozen=True)
class Finding:
    """What a judgement makes of the rows: the outcome, why in one line, both sides in words, and plain JSON."""

    outcome: Concluded
    reason: str
    predicted: str
    observed: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


Descriptions = Sequence[Mapping[str, Any]]
"""The architectures of a run, as `results.json` holds them."""

Judgement = Callable[[Sequence[Result], Descriptions, float], Finding]
"""`(rows, descriptions, margin) -> Finding`; pure. There is a row at least."""

JUDGEMENTS: Registry[Judgement] = Registry("judgement")
"""By claim; a claim without one is tallied."""
