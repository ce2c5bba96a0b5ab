"""The claims that only several rows together decide, as the run concluded them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..harness.result import OUTCOMES, Run
from .values import facts, mapping, one_line


@dataclass(frozen=True)
class Conclusion:
    """One conclusion: what was predicted of the rows together, what was observed, and the evidence."""

    claim: str
    title: str
    predicted: str
    observed: str
    outcome: str
    reason: str
    evidence: tuple[tuple[str, str], ...]


def conclusions(run: Run) -> tuple[Conclusion, ...]:
    """The run's conclusions in its own order; none in a run of a version that drew none. An outcome that nobody knows counts as
    an error."""
    found: Any = getattr(run, "conclusions", ())
    return tuple(
        Conclusion(
            claim=one_line(entry.get("claim") or "", 60),
            title=one_line(entry.get("title") or ""),
            predicted=one_line(entry.get("predicted") or ""),
            observed=one_line(entry.get("observed") or ""),
            outcome=str(entry.get("outcome")) if entry.get("outcome") in OUTCOMES else "error",
            reason=one_line(entry.get("reason") or ""),
            evidence=facts(mapping(entry.get("evidence"))),
        )
        for entry in map(mapping, found if isinstance(found, list | tuple) else ())
        if entry
    )
