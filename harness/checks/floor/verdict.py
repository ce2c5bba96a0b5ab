"""The verdict of the floor check: every expected floor lies between its ends (protocol.md, section 8).

A level at which no class has two networks says nothing: a floor of 0 there is observed, since no label could miss it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...core.outcomes import Outcome
from ...core.result import Judgement, Verdict
from ...oracles.floors import share
from ...oracles.levels.floors import Says
from ..stored import Stored
from .evidence import FloorEvidence


def judge(found: FloorEvidence, expected: Mapping[str, list[float]]) -> Verdict:
    """Pass if every expected floor lies between its ends, both included; observed where none could miss them.

    A level whose floor is known to lie between two values has to have both between the ends; with one outside it is undecided.
    """
    predicted = f"{found.form}: " + "; ".join(f"{level} {_range(ends)}" for level, ends in expected.items())
    levels = {name: found.at(name) for name in expected}
    observed = f"{found.form}: " + "; ".join(f"{name} {level.relative:.4g}" for name, level in levels.items())
    missed, open_ = [], []
    for name, (least, most) in expected.items():
        low = levels[name].relative
        upper = levels[name].upper
        high = low if upper is None else max(low, upper)
        if high < least or low > most:
            missed.append(f"{name} {low:.4g}, expected {_range([least, most])}")
        elif low < least or high > most:
            open_.append(f"{name} lies between {low:.4g} and {high:.4g}, expected {_range([least, most])}")
    if missed:
        return Verdict(Outcome.FAIL, "; ".join(missed), predicted, observed)
    if open_:
        why = f"{'; '.join(open_)}: equality could not be decided for all networks"
        return Verdict(Outcome.UNDECIDED, why, predicted, observed)
    if all(levels[name].says == Says.NOTHING or tuple(ends) == (0, 1) for name, ends in expected.items()):
        why = f"no class has two networks at {', '.join(expected)}: {Says.NOTHING}"
        silent = any(level.says == Says.NOTHING for level in levels.values())
        return Verdict(Outcome.OBSERVED, why if silent else "every floor is expected", "any", observed)
    return Verdict(Outcome.PASS, "", predicted, observed)


def _range(ends: list[float]) -> str:
    least, most = ends
    if least == most:
        return f"exactly {least:.4g}"
    if most == 1:
        return f"at least {least:.4g}"
    return f"at most {most:.4g}" if least == 0 else f"{least:.4g} to {most:.4g}"


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence."""
    found = stored.evidence
    if not isinstance(found, FloorEvidence) or not found.levels:
        return None
    again = tuple(replace(level, relative=share(level.mse, found.variance)) for level in found.levels)
    evidence = replace(found, form=stored.case, levels=again)
    return Judgement.of(judge(evidence, stored.parameters["forms"][stored.case]), evidence)
