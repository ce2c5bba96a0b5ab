"""Carrying a run out: suites x architectures -> `Run`, every row kept as soon as it is there.

The process that runs this never imports torch: all that needs it is handed to an executor.
"""

from __future__ import annotations

import shlex
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from sys import intern
from typing import Any

from ..checks import CHECK_KINDS
from ..checks.kinds import TIME_LIMIT
from ..core.cell import CELL_FIELDS, WEIGHTS, Cell
from ..core.cleaning import BorderError, cleaned, one_line, parsed
from ..core.outcomes import Fault, Outcome
from ..core.progress import Progress, Showing, unwatched
from ..core.records import ArchitectureRecord, KillerRecord, PlantRecord, RequestRecord, SelectionRecord
from ..core.result import Judgement, Result, Run, canonical_json
from ..judging.conclusions import conclude
from ..judging.conclusions import problems as conclusion_problems
from ..judging.controls import controls, round_ladder
from ..judging.gate import exit_code, is_red, notes, settle
from ..judging.order import separation_order
from ..judging.settings import problems as setting_problems
from ..language.rows import asked as rows_asked
from ..language.rows import unmet
from ..language.suite import Expectation, Suite
from ..plugins.discovery import ArchitectureName, parse_name
from ..zoo.manifest import split_reference
from .border import read_clean_row, read_killer, read_planted
from .dealing.chosen import deal, only
from .descriptions import DESCRIPTION_LIMIT, describe_all
from .executors import Answer, Executor, Lost, Task, Witnessed, carried_out, now, open_executor
from .isolation.task import FATAL, GIVEN_UP, NOT_RUN, Loss
from .keeping.files import PLUGIN_OUTPUT, StoreError
from .keeping.journal import Journal, open_journal
from .keeping.marker import Marker, claim, is_ours, mark, read_marker, take
from .keeping.spool import Spool
from .kept_claims import keep, kept, key_of
from .killing import kill, kill_own, lost, own_lost, standing
from .killing import problems as killer_problems
from .plan import plan
from .planted import plant, report, seed_of, wanted_by
from .planted import problems as planted_problems
from .planting.killers import KILLERS, killers_of
from .planting.own import own_killers_of
from .provenance import VERSION, Limit, Present, completed, environment, loaded, measured
from .request import NothingToRun, RunRequest
from .store import clear_checkpoints, save
from .tasks import evaluate_cell, prepare_zoo, refusal, zoo_is_kept

MOST = 300_000
"""Rows of one run: `results.json`, at some 3 kB a row, is read up to 1 GiB (`core/cleaning.py`)."""
AGAIN = 2
"""How often a row that an error of the machine ended is measured again by going on, if nothing else has changed."""


def carry_out(request: RunRequest, progress: Progress = unwatched) -> tuple[Run, int]:
    """Evaluate every row, settle what the suites declare, and write all files; the run and its exit code.

    Raises:
        NothingToRun: no architecture loads, or options or a device that are not there.
        NoExecutor: the place where it is to be carried out cannot be used.
        StoreError: the folder cannot be used.
        Interrupted: by the user, with the folder that finished rows are kept in where it is another one.
    """
    planned = plan(request.suites, request.architectures)
    if not planned:
        raise NothingToRun("the suites ask nothing of these architectures; there is no row to run")
    cells, plants = chosen(request, planned)
    take(request.directory, request.force)
    log = request.directory / PLUGIN_OUTPUT
    with (
        open_journal(request.directory, request.resume) as journal,
        closing(Witnessed(open_executor(request.executor, request.jobs, log))) as executor,
        kept_beside(request, journal, len(cells)),
    ):
        if isinstance(progress, Showing):
            progress.watch(lambda: now(executor))
        _resumed(request, cells, journal, progress)
        marker = Marker(
            False,
            len(cells),
            tuple(suite.name for suite in request.suites),
            tuple(map(str, request.architectures)),
            request.command,
        )
        mark(request.directory, marker)
        if not request.resume:
            clear_checkpoints(request.directory)
        whole = only(planned, request.only)  # of which all shards together are the rows
        asked = needed(request, whole if plants else cells)
        descriptions = describe_all(replace(request, architectures=asked), executor) if asked else []
        bare = _bare(request, descriptions)
        with suppress(
            StoreError, OSError
        ):  # a folder that is gone loses no row: all is written at the end, beside it if need be
            if is_ours(request.directory):
                mark(request.directory, replace(marker, run=bare.to_json()))
        found = _rows(request, cells, descriptions, journal, executor, progress)
        stopped = len(found) < len(cells)
        controlled = plants and not stopped
        planted = _planted(whole, descriptions, executor, progress) if controlled else []
        killers = _killers(request, whole, journal, executor, progress) if controlled else []
        bare = replace(bare, environment={**bare.environment, "processes": executor.processes()})
    if not stopped:
        clear_checkpoints(request.directory)
    own = set(map(id, cells))
    elsewhere = [] if request.shard is None else [cell for cell in whole if id(cell) not in own]
    run = _judged(request, bare, planned, elsewhere, found, planted, killers)
    _saved(run, request, replace(marker, finished=True))
    return run, exit_code(run)


class Interrupted(KeyboardInterrupt):
    """A run was interrupted whose folder is no more; `folder` has its finished rows."""

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = folder


@contextmanager
def kept_beside(request: RunRequest, journal: Journal, rows: int) -> Iterator[None]:
    """If an interruption finds the journal deleted, and its folder cannot be made again, its rows are kept in a folder beside.

    Raises:
        Interrupted: instead of the interruption, then.
    """
    try:
        yield
    except KeyboardInterrupt:
        folder = journal.rescued()
        if folder is None:
            raise
        suites = tuple(suite.name for suite in request.suites)
        mark(folder, Marker(False, rows, suites, tuple(map(str, request.architectures)), request.command))
        raise Interrupted(folder) from None


def _saved(run: Run, request: RunRequest, marker: Marker) -> None:
    """Write all files; beside the folder, if that was deleted meanwhile and cannot be made again.

    Raises:
        StoreError: they could not be written into the folder; it says where they are.
    """
    try:
        request.directory.mkdir(parents=True, exist_ok=True)
        claim(request.directory, request.force)
        save(run, request.directory)
        mark(request.directory, marker)
    except (OSError, StoreError) as error:
        folder = request.directory.absolute()
        try:
            beside = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
        except OSError:
            raise StoreError(f"{request.directory} cannot be written ({error})") from None
        save(run, beside)
        mark(beside, marker)
        raise StoreError(
            f"{request.directory} cannot be written any more ({error}); the results are in {beside}"
        ) from None


def chosen(request: RunRequest, planned: Sequence[Cell]) -> tuple[list[Cell], bool]:
    """The rows of the plan that are asked for, and whether the planted defects are.

    Raises:
        NothingToRun: a pattern that speaks of no row of the plan, with the nearest match; or a shard without a row.
    """
    names = list(map(str, request.architectures))
    listed = [one for suite in request.suites for one in rows_asked(suite, names)]
    missed = [(pattern, unmet(pattern, listed)) for pattern in request.only]
    errors = [f'--only "{pattern.place}": {miss[1]}' for pattern, miss in missed if miss]
    if errors:
        raise NothingToRun(*errors)
    cells = only(planned, request.only)
    if len(cells) > MOST:
        raise NothingToRun(
            f"{len(cells)} rows, of which shards are parts, too; one run has at most {MOST}: run fewer architectures at a time (-a)"
        )
    if request.shard is None:
        return cells, True
    dealt = deal(cells, request.shard.count)[request.shard.index - 1]
    return [cells[at] for at in dealt.rows], dealt.planted


def needed(request: RunRequest, cells: Iterable[Cell]) -> list[ArchitectureName]:
    """The architectures that these rows are of, in the order of the request."""
    names = {cell.architecture for cell in cells}
    return [name for name in request.architectures if str(name) in names]


def _selection(request: RunRequest) -> SelectionRecord | None:
    if not request.only and not request.fail_fast and request.shard is None:
        return None
    return {
        "only": [pattern.place for pattern in request.only],
        "fail_fast": request.fail_fast,
        "shard": None if request.shard is None else (request.shard.index, request.shard.count),
        "architectures": list(dict.fromkeys(map(str, request.architectures))),
    }


def _bare(request: RunRequest, descriptions: Sequence[ArchitectureRecord]) -> Run:
    """The run before its first row."""
    asked: RequestRecord = {
        "expected_failures": [asdict(entry) for entry in request.expectations],
        "require_power": request.require_power,
    }
    return Run(
        VERSION,
        environment(request.device, request.jobs, request.time_limit, request.memory_limit),
        [suite.to_json() for suite in request.suites],
        descriptions,
        [],
        request=asked,
        selection=_selection(request),
    )


def _resumed(request: RunRequest, cells: Sequence[Cell], journal: Journal, progress: Progress) -> None:
    """Say what going on with a run will do, where it is not plain: another selection than before, or a damaged journal."""
    if journal.note:
        progress(journal.note, 0, 0)
    before = read_marker(request.directory) if request.resume else None
    if before is None or not before.rows:
        return
    own = (tuple(suite.name for suite in request.suites), tuple(map(str, request.architectures)))
    if own == (tuple(before.suites), tuple(before.architectures)):
        return
    met = sum(cell.content in journal for cell in cells)
    progress(
        f"--resume: the folder holds a run of {_named(before.suites)} over {_named(before.architectures)}, this one is of "
        f"{_named(own[0])} over {_named(own[1])}: {met} of its {len(cells)} rows are there already and are used again if nothing "
        f"they depend on has changed, {len(cells) - met} are measured; other rows stay in the journal and out of the results",
        0,
        0,
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _rows(
    request: RunRequest,
    cells: Sequence[Cell],
    descriptions: Sequence[ArchitectureRecord],
    journal: Journal,
    executor: Executor,
    progress: Progress,
) -> list[Result]:
    """The row of every cell, in their order: kept from before, an error for want of a plug-in, or evaluated now.

    With `fail_fast` only those that were there when the first red one was.
    """
    by_name = {WEIGHTS: {}, **{entry["name"]: entry for entry in descriptions}}
    present = _present(request, by_name, executor) if request.resume else Present({})
    spool, rows = Spool(request.directory), dict[int, Result]()

    def put(position: int, row: Result) -> None:
        rows[position] = spool.keep(row, reproduce=reproducer(request.directory, cells[position]))

    tries, refused = Counter[str](), Counter[str]()
    for position, cell in enumerate(cells):
        kept, why, before = _kept(request, journal, cell, present)
        tries.update({cell.content: before} if before else {})
        refused.update([why] if why else [])
        unloadable = by_name[cell.architecture].get("error")
        if unloadable:
            put(position, unanswered(cell, str(unloadable), Fault.NOT_LOADED))
        elif kept is not None:
            put(position, kept)
    for why, count in refused.most_common():
        progress(f"--resume: {count} rows are measured again: {why}", 0, 0)
    missing = [position for position in range(len(cells)) if position not in rows]
    for zoo in zoos_of(cells[position] for position in missing):
        ((_, kept_zoo),) = carried_out(executor, [Task(zoo_is_kept, (zoo,), DESCRIPTION_LIMIT)])
        if kept_zoo != Answer(True):
            progress(f"training {zoo}", 0, 1)
            list(carried_out(executor, [Task(prepare_zoo, (zoo,))]))  # if it fails, the rows that read it say so
            progress(f"training {zoo}", 1, 1)
    _refuse((cells[position] for position in missing), executor, progress)
    if cells:
        progress("rows", len(rows), len(cells))
    tasks = (
        replace(
            row_task(cells[position], request.device, request.directory, limit=request.time_limit, function=measured),
            memory=request.memory_limit,
        )
        for position in missing
    )
    last: dict[str, dict[str, Any]] = {}
    fatal = {position for position, row in rows.items() if row.fault is Fault.LOST}
    stop = request.fail_fast and any(_red(request, cells[at], row) for at, row in rows.items())
    for number, answer in carried_out(executor, [] if stop else tasks):
        cell = cells[missing[number]]
        row, made = to_row(cell, answer), made_by(answer)
        if made is not None:
            last[cell.architecture] = made
        about = made or last.get(cell.architecture)  # where a process was lost: what others of the plug-in were made of
        if about is not None and row.fault is not Fault.NOT_RUN:
            limit = _limit(request, cell) if row.fault is Fault.LOST else None
            again = tries[cell.content] + 1 if row.fault is Fault.LOST else 1
            journal.add(cell.content, canonical_json(row.to_json()), completed(about, cell, limit), again)
        put(missing[number], row)
        if isinstance(answer, Lost) and answer.why in FATAL:
            fatal.add(missing[number])
        progress("rows", len(rows), len(cells))
        if request.fail_fast and _red(request, cell, row):
            break
    for position in hopeless(cells, fatal) & rows.keys():
        put(position, unanswered(cells[position], NOT_RUN.reason, Fault.NOT_RUN))
    return [rows.pop(position) for position in sorted(rows)]


def _refuse(cells: Iterable[Cell], executor: Executor, progress: Progress) -> None:
    """Ask of each check that measures its weights first whether any row of it can be measured.

    Raises:
        NothingToRun: training, validation and test of a check share something; a line each.
    """
    asked: dict[str, Cell] = {}
    for cell in cells:
        if CHECK_KINDS[cell.kind].refusal:
            asked.setdefault(canonical_json(cell.parameters), cell)
    listed = list(asked.values())
    tasks = [Task(refusal, (cell.kind, cell.parameters), time_limit(cell)) for cell in listed]
    errors = {}
    for done, (position, answer) in enumerate(carried_out(executor, tasks), 1):
        progress("splits", done, len(tasks))
        if isinstance(answer, Answer) and answer.value:
            errors[position] = f"{listed[position].suite}: {listed[position].check}: {answer.value}"
    if errors:
        raise NothingToRun(*(errors[position] for position in sorted(errors)))


def hopeless(cells: Sequence[Cell], lost: Collection[int]) -> set[int]:
    """Positions of the rows that come after `GIVEN_UP` lost ones of their architecture and check, in the plan's order.

    So the same rows are not run however many workers there are, though one that is busy may have measured some of them.
    """
    seen = Counter[tuple[str, str, str]]()
    found = set()
    for position, cell in enumerate(cells):
        group = (cell.suite, cell.check, cell.architecture)
        if seen[group] >= GIVEN_UP:
            found.add(position)
        elif position in lost:
            seen[group] += 1
    return found


def _red(request: RunRequest, cell: Cell, row: Result) -> bool:
    """Whether the row by itself makes the run red, whatever the others come to."""
    (settled,), _, _ = settle([row], [cell], request.suites, request.expectations)
    return is_red(settled)


def _present(request: RunRequest, names: Iterable[str], executor: Executor) -> Present:
    """What rows of these architectures would be made of now."""
    listed = list(names)
    tasks = [
        Task(loaded, (name, request.device), DESCRIPTION_LIMIT, "" if name == WEIGHTS else name) for name in listed
    ]
    answers = {listed[number]: answer for number, answer in carried_out(executor, tasks)}
    return Present({name: answer.value for name, answer in answers.items() if isinstance(answer, Answer)})


def _kept(request: RunRequest, journal: Journal, cell: Cell, present: Present) -> tuple[Result | None, str, int]:
    """The row that the journal has of the cell, if it may be used again; why not, if it has one; and how often it was lost before.

    An error of the machine is no row for good: it is measured again, at most `AGAIN` times, or whenever something has changed.
    """
    kept = journal.get(cell.content) if request.resume else None
    if kept is None:
        return None, "a bit of them is not as it was written" if request.resume and cell.content in journal else "", 0
    try:
        row = read_clean_row(parsed(kept.text))
    except BorderError:
        return None, "they do not read", 0
    lost = row.fault is Fault.LOST
    why = present.why_not(kept.made, cell, _limit(request, cell)) if row.id == cell.id else "they are another cell's"
    if why or (lost and kept.tries <= AGAIN):
        return None, why or "their process was lost", kept.tries if lost and not why else 0
    return row.but(suite=cell.suite, check=cell.check, claim=cell.claim), "", 0


def _limit(request: RunRequest, cell: Cell) -> Limit:
    seconds = request.time_limit or time_limit(cell)
    return seconds if request.memory_limit is None else [seconds, request.memory_limit]


def made_by(answer: Answer | Lost) -> dict[str, Any] | None:
    """What the worker says that its row was made of."""
    made = answer.value.get("made") if isinstance(answer, Answer) and isinstance(answer.value, dict) else None
    return made if isinstance(made, dict) and {"tops", "roots", "content"} <= made.keys() else None


def to_row(cell: Cell, answer: Answer | Lost) -> Result:
    """What came back and is cleaned (`carried_out`), checked at the border: a row, and that of this cell, whatever a plug-in made of its process."""
    if isinstance(answer, Lost):
        return unanswered(cell, answer.reason, Fault.NOT_RUN if answer.why is Loss.NOT_RUN else Fault.LOST)
    given = answer.value
    try:
        row = read_clean_row(given["row"] if isinstance(given, dict) and "made" in given else given)
    except BorderError as error:
        return unanswered(cell, f"its answer is no row: {error}")
    other = next((name for name in CELL_FIELDS if getattr(row, name) != cleaned(getattr(cell, name))), None)
    if other is not None:
        return unanswered(cell, f"its answer is another row's, {other} {one_line(str(getattr(row, other)), 80)}")
    return row


def zoos_of(cells: Iterable[Cell]) -> list[str]:
    """The names of the zoos that the rows of these cells read."""
    needed = {reference for cell in cells for reference in CHECK_KINDS[cell.kind].needs(cell.parameters)}
    return sorted({split_reference(reference)[0] for reference in needed})


def _counted(
    executor: Executor,
    tasks: Sequence[Task],
    stage: str,
    progress: Progress,
    answered: Callable[[int, Answer | Lost], None] = lambda position, answer: None,
) -> dict[int, Answer | Lost]:
    """Position -> answer of every task; who waits reads how many are there, and `answered` gets each as soon as it is."""
    if tasks:
        progress(stage, 0, len(tasks))
    answers: dict[int, Answer | Lost] = {}
    for position, answer in carried_out(executor, tasks):
        answers[position] = answer
        answered(position, answer)
        progress(stage, len(answers), len(tasks))
    return answers


def _planted(
    cells: Sequence[Cell], descriptions: Sequence[ArchitectureRecord], executor: Executor, progress: Progress
) -> list[PlantRecord]:
    """What became of the plants that break what these networks declare, by the check kinds of this run."""
    plants = wanted_by({cell.kind for cell in cells}, descriptions)
    seed = seed_of(cell.id for cell in cells)
    tasks = [Task(plant, (each.name, seed), TIME_LIMIT) for each in plants]
    answers = _counted(executor, tasks, "planted defects", progress)
    return [
        report(each, Outcome.ERROR, answer.reason)
        if isinstance(answer := answers[position], Lost)
        else read_planted(answer.value)
        for position, each in enumerate(plants)
    ]


def _killers(
    request: RunRequest, cells: Sequence[Cell], journal: Journal, executor: Executor, progress: Progress
) -> list[KillerRecord]:
    """What became of the false claims that these conclusions' checks could refute, built-in ones first; of these, those that are kept
    from before are not put through again."""
    asked, own = list(killers_of(request.suites, cells).items()), own_killers_of(request.suites, cells)
    seed = seed_of(cell.id for cell in cells)
    keys = [key_of(name, of, seed) for name, of in asked]
    found = {at: record for at, key in enumerate(keys) if request.resume and (record := kept(journal, key)) is not None}
    missing = [at for at in range(len(asked)) if at not in found]
    tasks = [
        *(Task(kill, (*asked[at], seed), TIME_LIMIT) for at in missing),
        *(
            Task(kill_own, (each,), TIME_LIMIT + 3 * sum(map(time_limit, each.cells)), each.killer.network)
            for each in own
        ),
    ]
    lost_as = [
        *(partial(lost, KILLERS[asked[at][0]], asked[at][1]) for at in missing),
        *(partial(own_lost, each) for each in own),
    ]
    records: dict[int, KillerRecord] = {}

    def answered(position: int, answer: Answer | Lost) -> None:
        if isinstance(answer, Lost):
            records[position] = lost_as[position](answer.reason)
            return
        records[position] = read_killer(answer.value)
        if position < len(missing):
            keep(journal, keys[missing[position]], records[position])

    _counted(executor, tasks, "false claims", progress, answered)
    found.update({at: records[position] for position, at in enumerate(missing)})
    return [*(found[at] for at in range(len(asked))), *(records[len(missing) + at] for at in range(len(own)))]


def _judged(
    request: RunRequest,
    bare: Run,
    planned: Sequence[Cell],
    elsewhere: Sequence[Cell],
    rows: Sequence[Result],
    planted: Sequence[PlantRecord],
    killers: Sequence[KillerRecord],
) -> Run:
    """The rows settled against what the suites declare, and all that follows from them together."""
    told = following(
        rows,
        planned,
        request.suites,
        request.expectations,
        bare.architectures,
        request.require_power,
        planted,
        killers,
        [pattern.place for pattern in request.only],
        elsewhere,
        request.fail_fast,
    )
    if request.shard is not None:  # as measured: what the others make of them is for the whole run to say
        told["results"] = rows
    return replace(bare, planted=planted, killers=killers, **told)


def following(
    rows: Sequence[Result],
    cells: Sequence[Cell],
    suites: Sequence[Suite],
    expectations: Sequence[Expectation],
    descriptions: Sequence[ArchitectureRecord],
    require_power: str | None,
    planted: Sequence[PlantRecord],
    killers: Sequence[KillerRecord],
    only: Sequence[str] = (),
    elsewhere: Sequence[Cell] = (),
    fail_fast: bool = False,
) -> dict[str, Any]:
    """What follows from the rows of a run together, as fields of `Run`; a pure function, so that `verify` can ask it again."""
    settled, problems, _ = settle(
        rows, cells, suites, expectations, descriptions, require_power, only, elsewhere, fail_fast
    )
    order = separation_order(settled)
    concluded = conclude(settled, suites, descriptions, killers, standing(suites, cells))
    return {
        "results": settled,
        "problems": [
            *problems,
            *conclusion_problems(concluded),
            *planted_problems(planted),
            *killer_problems(killers),
            *setting_problems(settled, descriptions),
        ],
        "separation_order": order.to_json() if order else None,
        "conclusions": [each.to_json() for each in concluded],
        "controls": controls(settled, descriptions),
        "round_ladder": round_ladder(settled, descriptions),
        "notes": notes(cells, suites, expectations),
    }


def row_task(
    cell: Cell, *arguments: Any, limit: float | None = None, function: Callable[..., Any] = evaluate_cell
) -> Task:
    """The task of one row; `arguments` are those of the function after the cell."""
    group = intern(f"{cell.suite}\n{cell.check}\n{cell.architecture}")
    plugin = "" if cell.architecture == WEIGHTS else cell.architecture  # checks of weights alone have none
    return Task(function, (cell, *arguments), limit or time_limit(cell), plugin, group)


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
    if not found:
        raise NothingToRun(f'no row has an id that starts with "{identity}"; report.html and results.json hold the ids')
    if len(found) > 1:
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
        ((_, answer),) = carried_out(executor, [row_task(cell, device)])
    return row, answer if isinstance(answer, Lost) else to_row(cell, answer)
