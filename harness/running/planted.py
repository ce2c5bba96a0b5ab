"""Planted defects: in every run networks that break what its networks declare must be caught, and sound ones must not be accused.

A green run says something only if the same code, on the same machine, turns red where it should (protocol.md, section 4). The
networks are tiny and are no architectures that anyone could name; `planting/` has them, and the table of what they break. What is not
caught, by the row that the table names and with its sign, becomes a problem of the run; so does a plant whose other rows are not green.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..checks.completeness.evidence import CompletenessEvidence
from ..checks.equivariance.evidence import EquivarianceEvidence
from ..core.outcomes import Outcome, Trouble
from ..core.records import PlantRecord
from ..core.result import Problem, Result, digest
from .planting.plants import PLANTS, Plant
from .planting.traits import LayerSign, declared_by


def wanted_by(kinds: Iterable[str], descriptions: Iterable[Mapping[str, Any]]) -> tuple[Plant, ...]:
    """The plants that a run of these check kinds has to catch: those that break what its networks declare, and sound ones."""
    asked, declared = set(kinds), declared_by(descriptions)
    return tuple(plant for plant in PLANTS.values() if plant.red.kind in asked and plant.of in declared)


def seed_of(identities: Iterable[str]) -> int:
    """The seed of a run's drawn plants: another one for other rows, the same when the same run is made again."""
    return int(digest(sorted(identities))[:12], 16)


def plant(name: str, seed: int) -> PlantRecord:
    """What became of one planted network in the run of that seed, as plain JSON."""
    from .evaluate import evaluate
    from .planting.growing import drawn, network  # needs torch, which planning must not pay for

    wanted = PLANTS[name]
    flaw = drawn(wanted, seed)
    if wanted.drawn:
        wanted = replace(wanted, rule=f"{wanted.rule} ({flaw})")
    subject = network(wanted, flaw)
    row = evaluate(wanted.red.cell(name), subject, shrinks=False)
    others = [evaluate(other.cell(name), subject) for other in wanted.green]
    return report(wanted, Outcome(row.outcome), row.reason, signs(row), others)


def signs(row: Result) -> tuple[str | None, ...]:
    """What a row shows: broken rules, a fault, an observation, the outcome, or what is wrong with a layer."""
    found: tuple[str | None, ...] = (row.fault, row.observed, row.outcome)
    if isinstance(row.evidence, EquivarianceEvidence):
        return (*row.evidence.broken, *found)
    if isinstance(row.evidence, CompletenessEvidence):
        return (LayerSign.MISSING if row.evidence.hidden else LayerSign.NOT_EQUIVARIANT, *found)
    return found


def report(
    wanted: Plant,
    outcome: Outcome,
    reason: str,
    signs: Sequence[str | None] = (),
    others: Sequence[Result] = (),
) -> PlantRecord:
    """Name, rule, check kind, the outcome wanted and seen, and whether it was caught: by its sign, and with its other rows green."""
    accused = [other for other in others if other.outcome != Outcome.PASS]
    caught = outcome == wanted.wanted and (wanted.sign is None or wanted.sign in signs)
    if caught and accused:
        reason = f"another of its rows, {accused[0].case}, is {accused[0].outcome}: {accused[0].reason}"
    return {
        "name": wanted.name,
        "rule": wanted.rule if wanted.breaks is None else f"{wanted.breaks}: {wanted.rule}",
        "kind": wanted.red.kind,
        "wanted": wanted.wanted,
        "outcome": outcome,
        "reason": reason,
        "caught": caught and not accused,
    }


def problems(planted: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """One for every plant that was not caught: no verdict of such a run can be trusted."""
    return [
        Problem(
            Trouble.PLANTED,
            f"{entry['kind']} / {entry['name']}: {entry['outcome']}",
            f'planted defect "{entry["name"]}" ({entry["rule"]}) is {entry["outcome"]} under {entry["kind"]}, '
            f"not {entry['wanted']}: {entry['reason'] or 'no reason given'}",
        )
        for entry in planted
        if not entry["caught"]
    ]
