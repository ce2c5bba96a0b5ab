"""Carrying a run out: suites x architectures -> `Run`, every row kept as soon as it is there.

The process that runs this never imports torch: all that needs it is handed to an executor.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ..checks import CHECK_KINDS
from ..checks.kinds import TIME_LIMIT
from ..core.cell import WEIGHTS, Cell
from ..core.cleaning import BorderError
from ..core.outcomes import Fault, Outcome
from ..core.progress import Progress, unwatched
from ..core.records import ArchitectureRecord, PlantRecord
from ..core.result import Judgement, Result, Run
from ..judging.conclusions import conclude
from ..judging.conclusions import problems as conclusion_problems
from ..judging.controls import controls, round_ladder
from ..judging.gate import exit_code, notes, settle
from ..judging.order import separation_order
from ..language.suite import Suite
from ..plugins.discovery import parse_name
from .border import read_planted, read_row
from .descriptions import describe_all
from .executors import Answer, Executor, Lost, Task, carried_out, open_executor
from .plan import plan
from .planted import DEFECTS, plant, report, wanted_by
from .planted import problems as planted_problems
from .provenance import VERSION, environment, provenance
from .request import NothingToRun, RunRequest
from .store import CHECKPOINTS, PLUGIN_OUTPUT, Journal, clear_checkpoints, open_journal, save
from .tasks import evaluate_cell, prepare_zoo


def carry_out(request: RunRequest, progress: Progress = unwatched) -> tuple[Run, int]:
    """Evaluate every row, settle what the suites declare, and write all files; the run and its exit code.

    Raises:
        NothingToRun: no architecture loads, or options or a device that are not there.
        StoreError: the folder cannot be used.
    """
    cells = plan(request.suites, request.architectures)
    if not cells:
        raise NothingToRun("the suites ask nothing of these architectures; there is no row to run")
    log = request.directory / PLUGIN_OUTPUT
    with (
        open_journal(request.directory, request.resume) as journal,
        closing(open_executor(request.executor, request.jobs, log)) as executor,
    ):
        if not request.resume:
            clear_checkpoints(request.directory)
        asked = any(cell.architecture != WEIGHTS for cell in cells)
        descriptions = describe_all(request, executor) if asked else []
        rows = _rows(request, cells, descriptions, journal, executor, progress)
        planted = _planted({cell.kind for cell in cells}, executor)
    clear_checkpoints(request.directory)
    run = _judged(request, cells, rows, descriptions, planted)
    save(run, request.directory)
    return run, exit_code(run)


def _rows(
    request: RunRequest,
    cells: Sequence[Cell],
    descriptions: Sequence[ArchitectureRecord],
    journal: Journal,
    executor: Executor,
    progress: Progress,
) -> list[Result]:
    """The row of every cell, in their order: kept from before, an error for want of a plug-in, or evaluated now."""
    by_name = {WEIGHTS: {}, **{entry["name"]: entry for entry in descriptions}}
    origins = {name: provenance(request.device, entry) for name, entry in by_name.items()}
    rows: dict[int, Result] = {}
    for position, cell in enumerate(cells):
        kept = journal.get(cell.id, origins[cell.architecture]) if request.resume else None
        unloadable = by_name[cell.architecture].get("error")
        if unloadable:
            rows[position] = unanswered(cell, str(unloadable), Fault.NOT_LOADED)
        elif kept is not None:
            rows[position] = replace(kept, suite=cell.suite, check=cell.check, claim=cell.claim)
    missing = [position for position in range(len(cells)) if position not in rows]
    for zoo in zoos_of(cells[position] for position in missing):
        progress(f"training {zoo}", 0, 1)
        list(carried_out(executor, [Task(prepare_zoo, (zoo,))]))  # if it fails, the rows that read it say so
    progress("rows", len(rows), len(cells))
    tasks = [
        Task(
            evaluate_cell,
            (cells[position], request.device, request.directory / CHECKPOINTS, origins[cells[position].architecture]),
            request.time_limit or time_limit(cells[position]),
        )
        for position in missing
    ]
    for number, answer in carried_out(executor, tasks):
        cell = cells[missing[number]]
        row = _row(cell, answer)
        journal.add(row, origins[cell.architecture])
        rows[missing[number]] = row
        progress("rows", len(rows), len(cells))
    return [rows[position] for position in range(len(cells))]


def _row(cell: Cell, answer: Answer | Lost) -> Result:
    """What came back, checked at the border."""
    if isinstance(answer, Lost):
        return unanswered(cell, answer.reason)
    try:
        return read_row(answer.value)
    except BorderError as error:
        return unanswered(cell, f"its answer is no row: {error}")


def zoos_of(cells: Iterable[Cell]) -> list[str]:
    """The names of the zoos that the rows of these cells read."""
    needed = {reference for cell in cells for reference in CHECK_KINDS[cell.kind].needs(cell.parameters)}
    return sorted({reference.partition("/")[0] for reference in needed})


def _planted(kinds: set[str], executor: Executor) -> list[PlantRecord]:
    """What became of the planted defects that these check kinds have to catch."""
    defects = wanted_by(kinds)
    tasks = [Task(plant, (DEFECTS.index(defect),), TIME_LIMIT) for defect in defects]
    answers = dict(carried_out(executor, tasks))
    return [
        report(defect, Outcome.ERROR, answer.reason)
        if isinstance(answer := answers[position], Lost)
        else read_planted(answer.value)
        for position, defect in enumerate(defects)
    ]


def _judged(
    request: RunRequest,
    cells: Sequence[Cell],
    rows: Sequence[Result],
    descriptions: Sequence[ArchitectureRecord],
    planted: Sequence[PlantRecord],
) -> Run:
    """The rows settled against what the suites declare, and all that follows from them together."""
    rows = [replace(row, reproduce=reproducer(request.directory, cell)) for row, cell in zip(rows, cells, strict=True)]
    settled, problems, _ = settle(
        rows, cells, request.suites, request.expectations, descriptions, request.require_power
    )
    order = separation_order(settled)
    concluded = conclude(settled, request.suites, descriptions)
    return Run(
        VERSION,
        environment(request.device, request.jobs, request.time_limit),
        [suite.to_json() for suite in request.suites],
        descriptions,
        settled,
        [*problems, *conclusion_problems(concluded), *planted_problems(planted)],
        order.to_json() if order else None,
        [each.to_json() for each in concluded],
        controls(settled, descriptions),
        round_ladder(settled, descriptions),
        planted,
        notes(cells, request.suites, request.expectations),
    )


def time_limit(cell: Cell) -> float:
    """Seconds after which a row counts as hung."""
    return CHECK_KINDS[cell.kind].time_limit(cell.parameters)


def unanswered(cell: Cell, reason: str, fault: Fault = Fault.LOST) -> Result:
    """The row of a cell that gave no answer: an error with its line."""
    return cell.row(Judgement("error", reason, fault=fault))


def reproducer(directory: Path, cell: Cell) -> str:
    """The command that runs this cell alone again."""
    return f"orbitcheck reproduce {shlex.quote(str(directory))} {cell.id}"


def found_cell(run: Run, identity: str) -> tuple[Result, Cell]:
    """The one row whose id starts so, and its cell.

    Raises:
        NothingToRun: no row has that id or prefix, or several have; or another version of orbitcheck made the run.
    """
    found = {row.id: row for row in run.results if row.id.startswith(identity)}
    if len(found) != 1:
        raise NothingToRun(f'{len(found)} rows have an id that starts with "{identity}"; name one')
    row = next(iter(found.values()))
    try:
        planned = plan([Suite.from_json(suite) for suite in run.suites], [parse_name(row.architecture)])
    except (ValueError, LookupError) as error:  # a name that does not read, a kind that is not installed
        raise NothingToRun(str(error)) from None
    cell = next((cell for cell in planned if cell.id == row.id), None)
    if cell is None:
        raise NothingToRun(
            f"no check of the run's suites makes the row {row.id}: another version of orbitcheck made the run"
        )
    return row, cell


def reproduce(run: Run, identity: str, device: str) -> tuple[Result, Result | Lost]:
    """The row as it was, and evaluated again, alone.

    Raises:
        NothingToRun: as `found_cell`.
    """
    row, cell = found_cell(run, identity)
    with closing(open_executor("local", 1, None)) as executor:
        ((_, answer),) = carried_out(executor, [Task(evaluate_cell, (cell, device), time_limit(cell))])
    return row, answer if isinstance(answer, Lost) else _row(cell, answer)
