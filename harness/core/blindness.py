"""Names of what an architecture may declare not to see; `oracles/unseen` decides each, `verification` decides it again."""

from __future__ import annotations

BLIND = ("inner-magnitudes", "inner-signs", "incidence")
