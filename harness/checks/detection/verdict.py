"""The verdict of the detection check: the smallest change and the last round seen (protocol.md, section 4). No torch."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10

from ...core.result import Verdict
from .evidence import DetectionEvidence

LARGEST, SMALLEST = -1, -13
"""Exponents of ten between which the smallest visible change is looked for."""


def judge(exponent: int | None, t_res: int) -> Verdict:
    """The verdict on the smallest change seen (a power of ten, or None) and the last round resolved."""
    predicted = "sees a change"
    if exponent is None:
        reason = f"shows no change of 1e{LARGEST}; every 'not separated' of this network is void"
        return Verdict("undecided", reason, predicted, "nothing seen")
    return Verdict("pass", "", predicted, f"sees changes of 1e{exponent}, t_res = {t_res}")


def evidence(exponent: int | None, t_res: int, ladder: Mapping[int, float]) -> DetectionEvidence:
    """The two ladders."""
    return DetectionEvidence(
        smallest_change=None if exponent is None else 10.0**exponent,
        digits=0 if exponent is None else -exponent,
        t_res=t_res,
        ladder={str(rung): log10(max(ratio, 1.0)) for rung, ratio in ladder.items()},
    )
