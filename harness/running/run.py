"""Carrying a run out: suites x architectures -> `Run`, every row kept as soon as it is there.

The process that runs this never imports torch; workers do (`workers.py`).
"""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..checks import CHECK_KINDS
from ..checks.kinds import TIME_LIMIT
from ..core.cell import WEIGHTS, Cell
from ..core.evidence import NOTHING
from ..core.outcomes import Fault
from ..core.result import Result, Run, digest
from ..judging.conclusions import conclude
from ..judging.conclusions import problems as conclusion_problems
from ..judging.controls import controls, round_ladder
from ..judging.gate import exit_code, notes, settle
from ..judging.order import separation_order
from ..language.suite import Expectation, Suite
from ..plugins.discovery import ArchitectureName
from .border import read_row
from .plan import plan
from .planted import DEFECTS, plant, report, wanted_by
from .planted import problems as planted_problems
from .store import CHECKPOINTS, PLUGIN_OUTPUT, clear_checkpoints, open_journal, save
from .workers import (
    Lost,
    Workers,
    architecture_cost,
    available_cpus,
    check_device,
    describe_architecture,
    described,
    evaluate_cell,
    prepare_zoo,
)

VERSION = version("orbitcheck")

DESCRIPTION_LIMIT = 60.0
COST_LIMIT = 20.0
"""Seconds after which the cost of a forward pass stays unknown."""
LIBRARIES = ("torch", "numpy", "scipy", "canonaut", "scikit-learn")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


class NothingToRun(ValueError):
    """Nothing can be run; `errors` are its lines."""

    def __init__(self, *errors: str):
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Plan:
    """What to carry out, and how.

    Args:
        suites, architectures: checked before.
        directory: where everything is written.
        jobs: worker processes.
        resume: whether rows that the folder's journal holds are taken from there.
        time_limit: seconds a row; None leaves it to each kind of check.
        device: "cpu" or "cuda".
        expectations: a user's own expected failures.
        require_power: see `gate.settle`.
    """

    suites: Sequence[Suite]
    architectures: Sequence[ArchitectureName]
    directory: Path
    jobs: int = field(default_factory=available_cpus)
    resume: bool = False
    time_limit: float | None = None
    device: str = "cpu"
    expectations: Sequence[Expectation] = ()
    require_power: str | None = None


def carry_out(task: Plan, progress: Progress = lambda stage, done, total: None) -> tuple[Run, int]:
    """Evaluate every row, settle what the suites declare, and write all files; the run and its exit code.

    Raises:
        NothingToRun: no architecture loads, or options or a device that are not there.
        StoreError: the folder cannot be used.
    """
    cells = plan(task.suites, task.architectures)
    with (
        open_journal(task.directory, task.resume) as journal,
        Workers(task.jobs, task.directory / PLUGIN_OUTPUT) as workers,
    ):
        if not task.resume:
            clear_checkpoints(task.directory)
        descriptions = _describe(task, workers) if any(cell.architecture != WEIGHTS for cell in cells) else []
        by_name = {entry["name"]: entry for entry in descriptions}
        made_by = {name: _made_by(task, entry) for name, entry in (*by_name.items(), (WEIGHTS, {}))}
        rows: dict[int, Result] = {}
        for position, cell in enumerate(cells):
            kept = journal.get(cell.id, made_by[cell.architecture]) if task.resume else None
            unloadable = by_name.get(cell.architecture, {}).get("error")
            if unloadable:
                rows[position] = unanswered(cell, str(unloadable), Fault.NOT_LOADED)
            elif kept is not None:
                rows[position] = replace(kept, suite=cell.suite, check=cell.check, claim=cell.claim)
        missing = [position for position in range(len(cells)) if position not in rows]
        for zoo in sorted({zoo for position in missing for zoo in _zoos(cells[position].parameters)}):
            progress(f"training {zoo}", 0, 1)
            list(workers.map(prepare_zoo, [(zoo,)], None))
        progress("rows", len(rows), len(cells))
        arguments = [
            (cells[position], task.device, task.directory / CHECKPOINTS, made_by[cells[position].architecture])
            for position in missing
        ]
        limits = [task.time_limit or time_limit(cells[position]) for position in missing]
        answers = workers.map(evaluate_cell, arguments, limits)
        for number, answer in answers:
            cell = cells[missing[number]]
            row = unanswered(cell, answer.reason) if isinstance(answer, Lost) else read_row(answer)
            journal.add(row, made_by[cell.architecture])
            rows[missing[number]] = row
            progress("rows", len(rows), len(cells))
        planted = _planted({cell.kind for cell in cells}, workers)
    clear_checkpoints(task.directory)
    commanded = [
        replace(rows[position], reproduce=reproducer(task.directory, cell)) for position, cell in enumerate(cells)
    ]
    settled, problems, _ = settle(commanded, cells, task.suites, task.expectations, descriptions, task.require_power)
    order = separation_order(settled)
    concluded = conclude(settled, task.suites, descriptions)
    run = Run(
        VERSION,
        environment(task),
        [suite.to_json() for suite in task.suites],
        descriptions,
        settled,
        [*problems, *conclusion_problems(concluded), *planted_problems(planted)],
        order.to_json() if order else None,
        [each.to_json() for each in concluded],
        controls(settled, descriptions),
        round_ladder(settled, descriptions),
        planted,
        notes(cells, task.suites, task.expectations),
    )
    save(run, task.directory)
    return run, exit_code(run)


def _describe(task: Plan, workers: Workers) -> list[Mapping[str, Any]]:
    """What every plug-in declares; one that does not load keeps its line, unless none does."""
    if task.device != "cpu":
        refusal = next(answer for _, answer in workers.map(check_device, [(task.device,)], DESCRIPTION_LIMIT))
        if refusal:
            raise NothingToRun(refusal.reason if isinstance(refusal, Lost) else refusal)
    names = list({str(name): name for name in task.architectures}.values())
    answers = dict(workers.map(describe_architecture, [(name,) for name in names], DESCRIPTION_LIMIT))
    entries = [described(answers[position], name) for position, name in enumerate(names)]
    refused = [str(entry["refused"]) for entry in entries if "refused" in entry]
    if refused:
        raise NothingToRun(*refused)
    if all(entry.get("error") for entry in entries):
        raise NothingToRun(*(str(entry["error"]) for entry in entries))
    loaded = [position for position, entry in enumerate(entries) if not entry.get("error")]
    costs = workers.map(
        architecture_cost, [(names[position],) for position in loaded], min(COST_LIMIT, task.time_limit or COST_LIMIT)
    )
    measured = {loaded[number]: answer for number, answer in costs if not isinstance(answer, Lost)}
    return [{**entry, "cost": measured.get(position)} for position, entry in enumerate(entries)]


def _planted(kinds: set[str], workers: Workers) -> list[dict[str, Any]]:
    """What became of the planted defects that these check kinds have to catch."""
    defects = wanted_by(kinds)
    found = dict(workers.map(plant, [(DEFECTS.index(defect),) for defect in defects], TIME_LIMIT))
    return [
        report(defect, "error", answer.reason) if isinstance(answer := found[number], Lost) else answer
        for number, defect in enumerate(defects)
    ]


def _made_by(task: Plan, description: Mapping[str, Any]) -> str:
    """What a row depends on beside its cell."""
    return digest([VERSION, _versions(), task.device, description.get("source_sha256")])


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _zoos(parameters: Mapping[str, Any]) -> set[str]:
    """Names of the zoos that a check's parameters speak of, wherever they stand."""
    found: set[str] = set()
    for key, value in parameters.items():
        if key == "zoo" and isinstance(value, str):
            found.add(value.partition("/")[0])
        elif isinstance(value, Mapping):
            found |= _zoos(value)
    return found


def time_limit(cell: Cell) -> float:
    """Seconds after which a row counts as hung."""
    return CHECK_KINDS[cell.kind].time_limit(cell.parameters)


def unanswered(cell: Cell, reason: str, fault: Fault = Fault.LOST) -> Result:
    """The row of a cell that gave no answer: an error with its line."""
    return Result(
        id=cell.id,
        suite=cell.suite,
        check=cell.check,
        kind=cell.kind,
        case=cell.case,
        claim=cell.claim,
        architecture=cell.architecture,
        options={},
        outcome="error",
        reason=reason,
        predicted="",
        observed="",
        evidence=NOTHING,
        certificate=None,
        seed=cell.seed,
        dtype=cell.dtype,
        seconds=0.0,
        model_seconds=0.0,
        reproduce="",
        fault=fault,
    )


def reproducer(directory: Path, cell: Cell) -> str:
    """The one command that runs just this cell again."""
    return f"orbitcheck reproduce {shlex.quote(str(directory))} {cell.id}"


def environment(task: Plan) -> dict[str, Any]:
    """Where and with what the run was made; nothing here changes a verdict."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        **_versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "jobs": task.jobs,
        "threads": 1,
        "device": task.device,
        "time_limit": task.time_limit,
        "seeds": "SHA-256 of each row's own content",
    }


def reproduce(run: Run, identity: str, device: str) -> tuple[Result, Result | Lost]:
    """The row as it was, and evaluated again, alone.

    Raises:
        NothingToRun: no row has that id or prefix, or several have; or another version of orbitcheck made the run.
    """
    found = {row.id: row for row in run.results if row.id.startswith(identity)}
    if len(found) != 1:
        raise NothingToRun(f'{len(found)} rows have an id that starts with "{identity}"; name one')
    row = next(iter(found.values()))
    from ..plugins.discovery import parse_name

    try:
        suites = [Suite.from_json(suite) for suite in run.suites]
    except ValueError as error:
        raise NothingToRun(str(error)) from None
    cell = next((cell for cell in plan(suites, [parse_name(row.architecture)]) if cell.id == row.id), None)
    if cell is None:
        raise NothingToRun(
            f"no check of the run's suites makes the row {row.id}: another version of orbitcheck made the run"
        )
    with Workers(1, None) as workers:
        answer = next(answer for _, answer in workers.map(evaluate_cell, [(cell, device)], time_limit(cell)))
    return row, answer if isinstance(answer, Lost) else read_row(answer)
