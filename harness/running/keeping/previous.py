"""Rows, problems and suites of `results.json` of versions 1 and 2 as those of today; the one place that knows how they were written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...core.outcomes import Outcome, Trouble

PREVIOUS = (1, 2)
ANYTHING = "any"
"""What a row of versions 1 and 2 predicted where it predicted nothing, and passed."""
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


def row_of_previous(row: Any, version: int) -> Any:
    """A row of an earlier version with the keys of today; what is no row is left to the border to refuse.

    A pass of which nothing was predicted is called `observed` today.
    """
    if isinstance(row, Mapping) and row.get("outcome") == Outcome.PASS and row.get("predicted") == ANYTHING:
        row = {**row, "outcome": Outcome.OBSERVED.value}
    return _row_of_first(row) if version == 1 else row


def _row_of_first(row: Any) -> Any:
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


def suite_of_previous(suite: Any) -> Any:
    """A suite with the keys of today: what it allowed stays allowed, the number of decided rows that it asked for is left out."""
    if not isinstance(suite, Mapping) or not isinstance(suite.get("conclusions"), list):
        return suite
    kept = {
        ("allow" if key == "allow_undecided" else key): value for key, value in suite.items() if key != "min_decided"
    }
    conclusions = [
        {("allow" if key == "allow_undecided" else key): value for key, value in entry.items()}
        if isinstance(entry, Mapping)
        else entry
        for entry in suite["conclusions"]
    ]
    return {**kept, "conclusions": conclusions}


def problems_of_previous(listed: Any) -> Any:
    """Problems of an earlier version: lines of version 1, and kinds that there are no more; else left to the border to refuse."""
    known = {trouble.value for trouble in Trouble}
    if isinstance(listed, list) and all(isinstance(entry, Mapping) for entry in listed):
        return [entry if entry.get("kind") in known else {**entry, "kind": Trouble.UNSORTED.value} for entry in listed]
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        return listed
    return [{"kind": Trouble.UNSORTED.value, "about": re.sub(r"\d+", "#", text), "text": text} for text in listed]


def _first(beginnings: Mapping[str, str], text: str, otherwise: str | None) -> str | None:
    return next((name for beginning, name in beginnings.items() if text.startswith(beginning)), otherwise)
