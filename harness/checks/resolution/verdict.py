"""The verdict of the resolution check: does a step of every entry show (protocol.md, section 3)? No torch."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ...core.outcomes import Outcome
from ...core.result import Judgement, Verdict
from ..stored import Stored
from .evidence import ResolutionEvidence, StepEvidence

DRAWS = 4
"""Draws of parameters and vector that every entry has; twice as many while a predicted one does not show."""
HIDDEN, SHOWN = 1.0, 10.0
"""Units of rounding up to which a change is none, and from which it shows, in float64; in float32 any change that copies of v do not
show is one."""


class Shows(StrEnum):
    """What was seen of all entries."""

    ALL = "every entry shows"
    SOME = "some entries do not show"


def judge(measured: ResolutionEvidence) -> Verdict:
    """Fail where a predicted step changes the outputs by no more than rounding in every draw; the tensors are named."""
    parts = {"float64": measured.float64 or {}, "float32": measured.float32 or {}}
    steps = [step for tensors in parts.values() for step in tensors.values()]
    observed = Shows.ALL if all(step.seen == step.entries for step in steps) else Shows.SOME
    turned = measured.turned or {}
    if not any(step.predicted for step in (*steps, *turned.values())):
        return Verdict(Outcome.OBSERVED, "nothing is predicted of any entry", "any", observed)
    for outcome, field in (("fail", "hidden"), ("undecided", "unclear")):
        what = "does not show" if field == "hidden" else "hardly shows above rounding"
        found = [_named(precision, tensors, field) for precision, tensors in parts.items()]
        if told := "; ".join(line for line in found if line):
            return Verdict(outcome, f"a step of one entry {what}: {told}", Shows.ALL, observed)
        if told := _named("float64", turned, field):
            return Verdict(outcome, f"what is exchanged or negated {what}: {told}", Shows.ALL, Shows.SOME)
    return Verdict("pass", "", Shows.ALL, observed)


def _named(precision: str, tensors: Mapping[str, StepEvidence], field: str) -> str:
    found = [(name, getattr(step, field), step.predicted) for name, step in tensors.items() if getattr(step, field)]
    listed = ", ".join(f"{name} ({count} of {whole} entries)" for name, count, whole in found)
    return f"{precision}: {listed}" if found else ""


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence; None for a network that was not shown anything."""
    found = stored.evidence
    if not isinstance(found, ResolutionEvidence) or found.float64 is None or found.float32 is None:
        return None
    return Judgement.of(judge(found), found)
