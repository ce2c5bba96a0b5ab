"""The verdict of the completeness check: ranks measured against dimensions counted (protocol.md, section 8). No torch."""

from __future__ import annotations

from ...core.result import Judgement, Verdict
from ..stored import Stored
from .evidence import CompletenessEvidence

PREDICTED = "complete"


def judge(measured: CompletenessEvidence) -> Verdict:
    """The verdict on one layer; a rank above the dimension would be a layer that is not equivariant."""
    ranks = (measured.rank, measured.constant_rank)
    wanted = (measured.dimension, measured.constant_dimension)
    observed = f"rank {ranks[0]} of {wanted[0]}, constants {ranks[1]} of {wanted[1]}"
    if not measured.hidden:
        reason = "the layer does not commute with the group that it declares"
        return Verdict("fail", reason, PREDICTED, "not equivariant")
    if ranks == wanted:
        return Verdict("pass", "", PREDICTED, observed)
    listed = "; ".join(f"{name} {rank} of {size}" for name, (rank, size) in measured.missing.items())
    why = f"missing: {listed}" if listed else "every block is there, but their coefficients are tied"
    return Verdict("fail", f"{observed}; {why}", PREDICTED, observed)


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence."""
    found = stored.evidence
    return Judgement.of(judge(found), found) if isinstance(found, CompletenessEvidence) else None
