"""Conclusions have killers: in every run false claims go through the checks of its conclusions, and must not come to a pass.

A conclusion says something only if the same judgement, on rows of the same checks, turns red where the claim is false (protocol.md,
section 4). `planting/killers.py` has the false claims and their mended twins. A killer that survives is a problem of the run, and the
conclusion that it speaks of is not supported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.cell import WEIGHTS
from ..core.outcomes import Outcome, Trouble
from ..core.records import KillerRecord
from ..core.result import Problem, Result
from ..judging.judgements import JUDGEMENTS
from ..judging.judgements.finding import Concluded, Finding
from ..judging.judgements.tally import tally
from .planted import signs
from .planting.killers import KILLERS, Killer
from .planting.plants import Plant, Row

MARGIN = 0.05
"""Of the variance, within which errors count as equal."""


def kill(name: str, suites: Sequence[str], seed: int) -> KillerRecord:
    """What became of one false claim and its mended twin in the run of that seed, as plain JSON."""
    killer = KILLERS[name]
    asked = (killer.false.red, *killer.more)
    beside = [row for each in asked for row in _rows(killer.peer, each, seed)] if killer.peer else []
    false = [row for each in asked for row in _rows(killer.false, each, seed)]
    mended = [row for each in (killer.mended.red, *killer.more) for row in _rows(killer.mended, each, seed)]
    others = [row for each in killer.false.green for row in _rows(killer.false, each, seed)]
    return report(
        killer,
        suites,
        judged(killer, killer.false, false, beside),
        false,
        others,
        judged(killer, killer.mended, mended, beside),
        mended,
    )


def _rows(plant: Plant, asked: Row, seed: int) -> list[Result]:
    """The rows of one check, of one planted network; a check of weights alone is given none."""
    from .evaluate import evaluate
    from .planting.growing import drawn, network  # needs torch, which planning must not pay for

    cells = [replace(cell, check=asked.kind) for cell in asked.cells(plant.name)]
    if not plant.network:
        return [evaluate(replace(cell, architecture=WEIGHTS)) for cell in cells]
    subject = network(plant, drawn(plant, seed))
    return [evaluate(cell, subject, shrinks=False) for cell in cells]


def judged(killer: Killer, plant: Plant, rows: Sequence[Result], beside: Sequence[Result]) -> Finding:
    """What the judgement of the claim makes of these rows: the very one that concludes the run's own."""
    from .planting.growing import declares

    described = [declares(each) for each in (plant, killer.peer) if each is not None and each.network]
    return JUDGEMENTS.get(killer.claim, tally)([*rows, *beside], described, MARGIN)


def report(
    killer: Killer,
    suites: Sequence[str],
    found: Finding,
    rows: Sequence[Result],
    others: Sequence[Result],
    mended: Finding,
    mended_rows: Sequence[Result],
) -> KillerRecord:
    """Killed: by the judgement, by its sign, by no error, and with the other rows green; kept: a pass, of rows of which none is red."""
    raised = [row for row in (*rows, *mended_rows) if row.outcome == Outcome.ERROR]
    accused = [*raised, *(row for row in others if row.outcome != Outcome.PASS)]
    shown = any(set(killer.signs) & set(signs(row)) for row in rows)
    reason = found.reason
    if accused:
        reason = f"{accused[0].kind} row {accused[0].case} is {accused[0].outcome}: {accused[0].reason}"
    elif not shown:
        reason = f"no row shows {', '.join(killer.signs)}: {reason}"
    return {
        "name": killer.name,
        "claim": killer.claim,
        "suites": list(suites),
        "rule": killer.false.rule,
        "kind": killer.false.red.kind,
        "wanted": killer.wanted,
        "outcome": found.outcome,
        "reason": reason,
        "killed": found.outcome == killer.wanted and shown and not accused,
        "mended": killer.mended.rule,
        "mended_outcome": mended.outcome,
        "mended_reason": mended.reason,
        "kept": mended.outcome == Concluded.PASS and not raised,
    }


def lost(killer: Killer, suites: Sequence[str], reason: str) -> KillerRecord:
    """The record of a killer whose worker gave no answer."""
    nothing = Finding(Concluded.NOT_ASKED, reason, "", "")
    return {**report(killer, suites, nothing, (), (), nothing, ()), "reason": reason}


def problems(killers: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """One for every false claim that survived, and every twin that was accused."""
    return [
        Problem(
            Trouble.PLANTED,
            f"{entry['claim']} / {entry['name']}: {entry['outcome']}, {entry['mended_outcome']}",
            f'false claim "{entry["name"]}" ({entry["rule"]}) ends {entry["outcome"]}, not {entry["wanted"]}: '
            f"{entry['reason'] or 'no reason given'}"
            if not entry["killed"]
            else f'mended claim "{entry["name"]}" ({entry["mended"]}) ends {entry["mended_outcome"]}, not pass: '
            f"{entry['mended_reason'] or 'no reason given'}",
        )
        for entry in killers
        if not (entry["killed"] and entry["kept"])
    ]
