"""Rows of `results.json` of version 1 as those of today; the one place that knows how they were written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..core.outcomes import Trouble

PREVIOUS = 1
REFUSALS = {
    "declares no symmetry": "no-symmetry",
    "outside": "outside-domain",
    "unsupported": "unsupported",
    "claims no": "mode",
    "names no linear layer": "no-linear-layer",
}
FAULTS = {"invalid": "invalid", "ill-conditioned": "ill-conditioned", "vacuous": "vacuous"}
CAUSES = {
    "none": "none",
    "a violation": "violation",
    "float32": "float32",
    "square root": "square-root",
    "rounding": "rounding",
}
"""Beginnings of the sentences in which version 1 said so."""


def row_of_previous(row: Any) -> Any:
    """A row of version 1 with the keys of today; what is no row is left to the border to refuse."""
    if not isinstance(row, Mapping) or not isinstance(row.get("evidence"), Mapping):
        return row
    evidence, reason, outcome = dict(row["evidence"]), str(row.get("reason")), row.get("outcome")
    added = {
        "forwards": evidence.pop("forwards", 0),
        "printed": evidence.pop("printed", ""),
        "refusal": _first(REFUSALS, reason, "target") if outcome == "not-applicable" else None,
        "fault": _first(FAULTS, reason, None) if outcome == "error" else None,
    }
    if row.get("kind") == "equivariance" and "cause" in evidence:
        evidence["cause"] = _first(CAUSES, str(evidence["cause"]), "unknown")
    if row.get("kind") == "separation" and evidence.get("prediction") == "one orbit of the declared symmetry":
        evidence["ground"] = "declared-symmetry"
    return {**row, **added, "evidence": evidence}


def problems_of_previous(listed: Any) -> Any:
    """The lines of version 1 as problems; what are no lines is left to the border to refuse."""
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        return listed
    return [{"kind": Trouble.UNSORTED.value, "about": re.sub(r"\d+", "#", text), "text": text} for text in listed]


def _first(beginnings: Mapping[str, str], text: str, otherwise: str | None) -> str | None:
    return next((name for beginning, name in beginnings.items() if text.startswith(beginning)), otherwise)
