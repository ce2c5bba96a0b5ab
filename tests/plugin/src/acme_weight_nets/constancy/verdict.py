"""Judging what was measured: a pure function of the evidence."""

from __future__ import annotations

from orbitcheck.extending import Verdict

from .evidence import ConstancyEvidence

NOISE = 1e-12


def judge(found: ConstancyEvidence) -> Verdict:
    if found.spread > NOISE * found.scale:
        return Verdict("pass", "", "depends on its input", "depends on its input")
    return Verdict("fail", f"one answer to {found.vectors} weight vectors", "depends on its input", "constant")
