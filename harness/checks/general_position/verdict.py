"""The verdict of the general-position check: every expected share lies between its ends (protocol.md, section 8).

Ends of 0 and 1 expect nothing: a form that has no others is observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from ...core.outcomes import Outcome
from ...core.result import Judgement, Verdict
from ...oracles.audit import Audit
from ..stored import Stored
from .evidence import GeneralPositionEvidence

ORDER = "order-"
"""Begins the measure of those nets in which every index has its own colour by that round."""


def shares(found: Audit, separated: np.ndarray | None = None, asked: Iterable[str] = ()) -> dict[str, float]:
    """Measure -> share of the nets; that of nets that separators part where any were named, those of order t where they are asked."""
    wider = {} if separated is None else {"separated": float(np.mean(separated))}
    for measure in sorted(each for each in asked if each.startswith(ORDER)):
        most = int(measure.removeprefix(ORDER))
        wider[measure] = float(np.mean((found.rounds >= 0) & (found.rounds <= most)))
    return {
        "general-position": float(np.mean(found.general_position)),
        **wider,
        "discrete": float(np.mean(found.discrete)),
        "one-orbit": float(np.mean(found.one_orbit)),
    }


def judge(form: str, found: Mapping[str, float], expected: Mapping[str, list[float]]) -> Verdict:
    """Pass if every expected share lies between its ends, both included; observed where no share could miss them."""
    missed = [
        f"{measure} {_percent(found[measure])}, expected {_range(ends)}"
        for measure, ends in expected.items()
        if not ends[0] <= found[measure] <= ends[1]
    ]
    predicted = f"{form}: " + "; ".join(f"{measure} {_range(ends)}" for measure, ends in expected.items())
    observed = f"{form}: " + "; ".join(f"{measure} {_percent(found[measure])}" for measure in expected)
    if all(tuple(ends) == (0, 1) for ends in expected.values()):
        return Verdict(Outcome.OBSERVED, "every share is expected", "any", observed)
    return Verdict(Outcome.FAIL if missed else Outcome.PASS, "; ".join(missed), predicted, observed)


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _range(ends: list[float]) -> str:
    least, most = ends
    if least == most:
        return f"exactly {_percent(least)}"
    if most == 1:
        return f"at least {_percent(least)}"
    return f"at most {_percent(most)}" if least == 0 else f"{_percent(least)} to {_percent(most)}"


def evidence(found: Audit, form: str, shares: Mapping[str, float]) -> GeneralPositionEvidence:
    """The audit of one form: its shares, how many nets are discrete after how many rounds, ties by layer, classes and orbits."""
    numbers, counts = np.unique(found.rounds, return_counts=True)
    after = {
        "never" if number < 0 else str(number): count
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    }
    return GeneralPositionEvidence(
        form=form,
        nets=len(found.rounds),
        shares=shares,
        rounds=after,
        tied_neurons=tuple(float(mean) for mean in found.tied.mean(axis=0)),
        classes=found.classes,
        orbits=found.orbits,
    )


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence."""
    found = stored.evidence
    if not isinstance(found, GeneralPositionEvidence):
        return None
    return Judgement.of(
        judge(found.form, found.shares, stored.parameters["forms"][stored.case]), replace(found, form=stored.case)
    )
