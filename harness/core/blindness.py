"""Names of what an architecture may declare not to see; `oracles/unseen` decides each, `verification` decides it again."""

from __future__ import annotations

BLIND_ON_MLPS = ("inner-magnitudes", "inner-signs", "incidence")
BLIND_ON_BLOCKS = ("head-pairing", "sums-over-heads", "attention-biases", "inner-embedding")
BLIND = (*BLIND_ON_MLPS, *BLIND_ON_BLOCKS)
