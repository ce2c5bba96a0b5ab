"""Conclusions have killers: in every run false claims go through the checks of its conclusions, and must not come to a pass.

A conclusion says something only if the same judgement, on rows of the same checks, turns red where the claim is false (protocol.md,
section 4). `planting/killers.py` has the false claims and their mended twins, `planting/own.py` those that a suite names itself. A
killer that survives is a problem of the run, and the conclusion that it speaks of is not supported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.cell import WEIGHTS, Cell
from ..core.outcomes import Outcome, Trouble
from ..core.records import KillerRecord
from ..core.registry import UnknownName
from ..core.result import Problem, Result
from ..judging.judgements import JUDGEMENTS
from ..judging.judgements.finding import Concluded, Finding
from ..judging.judgements.tally import tally
from ..language.suite import Suite
from .planted import signs
from .planting.killers import KILLERS, Killer, by_conclusion
from .planting.own import GREEN, Asked, own_by_conclusion
from .planting.plants import Plant, Row

MARGIN = 0.05
"""Of the variance, within which errors count as equal."""


def kill(name: str, suites: Sequence[str], seed: int) -> KillerRecord:
    """What became of one false claim and its mended twin in the run of that seed, as plain JSON."""
    return put_through(KILLERS[name], suites, seed)


def put_through(killer: Killer, suites: Sequence[str], seed: int) -> KillerRecord:
    """As `kill`, of one that need not be in the table."""
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


def standing(suites: Sequence[Suite], cells: Sequence[Cell]) -> dict[tuple[str, int], frozenset[str]]:
    """(Suite, number of a conclusion of its) -> the names of all false claims that its own checks could refute."""
    own = own_by_conclusion(suites, cells)
    return {key: names | {each.name for each in own[key]} for key, names in by_conclusion(suites, cells).items()}


def judged(killer: Killer, plant: Plant, rows: Sequence[Result], beside: Sequence[Result]) -> Finding:
    """What the judgement of the claim makes of these rows: the very one that concludes the run's own."""
    from .planting.growing import declares

    described = [declares(each) for each in (plant, killer.peer) if each is not None and each.network]
    return JUDGEMENTS.get(killer.claim, tally)([*rows, *beside], described, MARGIN)


def kill_own(asked: Asked) -> KillerRecord:
    """What became of a false claim that a suite names: the same judgement on the rows of these plug-ins, asked what the conclusion reads."""
    from ..plugins.architecture import OptionError
    from ..plugins.discovery import PluginImportError, load, parse_name
    from .evaluate import evaluate

    def described(name: str) -> dict[str, str]:
        traits = load(parse_name(name)).traits
        return {"name": name, "power": traits.power, "symmetry": traits.symmetry}

    own = asked.killer
    try:
        told = {name: described(name) for name in (own.network, own.mended, own.beside) if name}
    except (UnknownName, PluginImportError, OptionError) as error:
        return own_lost(asked, str(error))
    beside = [evaluate(cell, shrinks=False) for cell in asked.of(own.beside)] if own.beside else []
    peers = [told[own.beside]] if own.beside else []

    def concluded(name: str) -> tuple[list[Result], Finding]:
        rows = [evaluate(cell, shrinks=False) for cell in asked.of(name)]
        judgement = JUDGEMENTS.get(asked.claim, tally)
        return rows, judgement([*rows, *beside], [told[name], *peers], asked.margin)

    rows, found = concluded(own.network)
    mended_rows, mended = concluded(own.mended)
    green = () if asked.claim == "equivariance" else GREEN
    others = [evaluate(cell, shrinks=False) for row in green for cell in _named(row, own.network)]
    kept_law = [row for row in others if row.outcome != Outcome.NOT_APPLICABLE]
    return own_report(asked, found, rows, kept_law, mended, mended_rows)


def _named(row: Row, architecture: str) -> list[Cell]:
    return [replace(cell, architecture=architecture) for cell in row.cells(architecture)]


def own_report(
    asked: Asked,
    found: Finding,
    rows: Sequence[Result],
    others: Sequence[Result],
    mended: Finding,
    mended_rows: Sequence[Result],
) -> KillerRecord:
    """As `report`; which sign shows is the suite's own affair, as long as the judgement ends as it wants."""
    raised = [row for row in (*rows, *mended_rows) if row.outcome == Outcome.ERROR]
    accused = [*raised, *(row for row in others if row.outcome != Outcome.PASS)]
    wanted = Concluded(asked.killer.wanted)
    reason = found.reason
    if accused:
        reason = f"{accused[0].kind} row {accused[0].case} is {accused[0].outcome}: {accused[0].reason}"
    return {
        "name": asked.name,
        "claim": asked.claim,
        "suites": [asked.suite],
        "rule": asked.killer.rule or asked.killer.network,
        "kind": asked.kind,
        "wanted": wanted,
        "outcome": found.outcome,
        "reason": reason,
        "killed": found.outcome == wanted and not accused,
        "mended": asked.killer.mended,
        "mended_outcome": mended.outcome,
        "mended_reason": mended.reason,
        "kept": mended.outcome == Concluded.PASS and not raised,
    }


def own_lost(asked: Asked, reason: str) -> KillerRecord:
    """The record of a false claim of a suite's own whose plug-ins do not load, or whose worker gave no answer."""
    nothing = Finding(Concluded.NOT_ASKED, reason, "", "")
    return {**own_report(asked, nothing, (), (), nothing, ()), "reason": reason}


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
