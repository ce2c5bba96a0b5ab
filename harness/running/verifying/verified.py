"""A run, verified: every row derived again, all that follows from the rows together, and a sample of rows measured again."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, is_dataclass
from random import Random
from typing import Any

from ...checks import CHECK_KINDS
from ...core.cell import WEIGHTS, Cell
from ...core.outcomes import Fault, Outcome
from ...core.progress import Progress, unwatched
from ...core.result import Result, Run, digest, plain
from ...judging.judgements.finding import Concluded
from ...language.suite import Expectation, Suite
from ...pairs.making import make_pair
from ...plugins.discovery import ArchitectureName, parse_name
from ...verification.rows import Found, verify
from ..descriptions import DESCRIPTION_LIMIT, clean_for
from ..executors import Lost, Task, carried_out, open_executor
from ..plan import plan
from ..planted import wanted_by
from ..planting.killers import KILLERS, killers_of
from ..planting.own import own_killers_of
from ..run import following, row_task, to_row
from ..tasks import describe_architecture

FACTOR = 3.0
"""Numbers that are measured again agree within this factor, as thresholds leave a margin of as much (protocol.md, section 7)."""
NOISE = 1e-9
"""Below this numbers are rounding, which another machine does in another way."""
UNCOMPARED = {"p", "loop_share", "offender", "together"}
"""What depends on rounding alone, or on time."""


@dataclass(frozen=True)
class Verified:
    """What verification says of a run.

    Args:
        rows: what became of each.
        problems: one line each: of the run as a whole, and of rows that were measured again.
        again: how many rows were measured again.
        remeasured: each of these, with what differed.
        sources: architecture of these -> SHA-256 of its plug-in's source file, as it is here.
    """

    rows: Sequence[Found]
    problems: Sequence[str]
    again: int = 0
    remeasured: Sequence[tuple[Result, str]] = ()
    sources: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def refuted(self) -> bool:
        return bool(self.problems) or any(found.problem for found in self.rows)

    def count(self) -> dict[str, int]:
        """Rows that are proved, judged again, and measured only; a row may be both of the first."""
        good = [found for found in self.rows if found.problem is None]
        return {
            "rows": len(self.rows),
            "refuted": len(self.rows) - len(good),
            "proved": sum(found.proved for found in good),
            "judged again": sum(found.judged for found in good),
            "measured only": sum(not found.proved and not found.judged for found in good),
        }


def verified(run: Run, progress: Progress = unwatched) -> Verified:
    """The whole run, derived again from its suites, declarations and evidence.

    Args:
        progress: is told of every row, and of what follows from all together.

    Raises:
        ValueError: a suite of another version of orbitcheck, or a shard of a run.
    """
    if run.selection and run.selection["shard"]:
        raise ValueError(
            f"shard {'/'.join(map(str, run.selection['shard']))} of a run; `orbitcheck merge` makes the whole of the shards"
        )
    rows = []
    progress("rows derived again", 0, len(run.results))
    for found in verify(run, make_pair, CHECK_KINDS):
        rows.append(found)
        progress("rows derived again", len(rows), len(run.results))
    progress("the run as a whole", 0, 1)
    problems = list(whole(run))
    progress("the run as a whole", 1, 1)
    return Verified(rows, problems)


def whole(run: Run) -> Iterator[str]:
    """What is wrong with the run beside single rows: what is asked, planted, expected, concluded."""
    suites, cells = _planned(run)
    planned = Counter((cell.suite, cell.check, cell.case, cell.architecture, cell.id) for cell in cells)
    rows = Counter((row.suite, row.check, row.case, row.architecture, row.id) for row in run.results)
    for what, listed in (
        ("is missing", planned - rows if run.selection is None else Counter()),
        ("is not asked by any suite, or is there twice", rows - planned),
    ):
        if listed:
            yield f"{sum(listed.values())} rows: the first, {' / '.join(next(iter(listed)))}, {what}"
    for row in run.results:
        unmeasured = row.fault in (Fault.LOST, Fault.NOT_RUN, Fault.NOT_LOADED)
        if not unmeasured and dict(row.options) != dict(parse_name(row.architecture).options):
            yield f"{row.architecture} / {row.check} / {row.case}: options that its name does not give"
    if run.selection is None:
        yield from _planted(run)
        yield from _killers(run, suites, cells)
    given = run.request or {"expected_failures": [], "require_power": None}
    expectations = [Expectation(**entry) for entry in given["expected_failures"]]
    bare = [row.but(declared=None, root=None) for row in run.results]
    again = following(
        bare,
        cells,
        suites,
        expectations,
        run.architectures,
        given["require_power"],
        run.planted,
        run.killers,
        run.selection["only"] if run.selection else (),
        fail_fast=bool(run.selection and run.selection["fail_fast"]),
    )
    mine = {name: _plain(value) for name, value in again.items()}
    told = {name: _plain(getattr(run, name)) for name in again}
    for own, row in zip(mine["results"], told["results"], strict=True):
        for name in ("declared", "root", "outcome", "reason"):
            if own[name] != row[name]:
                where = f"{row['architecture']} / {row['check']} / {row['case']}"
                yield f"{where}: {name} {row[name]!r}; by the suites and the other rows {own[name]!r}"
    yield from (
        f"{name.replace('_', ' ')}: not what follows from the rows"
        for name in mine
        if name != "results" and mine[name] != told[name]
    )


def _planned(run: Run) -> tuple[list[Suite], list[Cell]]:
    suites = [Suite.from_json(suite) for suite in run.suites]
    told = run.selection["architectures"] if run.selection else [entry["name"] for entry in run.architectures]
    names: list[ArchitectureName] = list(map(parse_name, told))
    return suites, plan(suites, names)


def _planted(run: Run) -> Iterator[str]:
    """The planted defects are those of this run's kinds, and none is called caught that had another outcome."""
    wanted = Counter(
        (each.name, each.red.kind, each.wanted)
        for each in wanted_by({row.kind for row in run.results}, run.architectures)
    )
    told = Counter((each["name"], each["kind"], each["wanted"]) for each in run.planted)
    if told != wanted:
        yield "planted defects: not those of this run's checks"
    if any(each["caught"] and each["outcome"] != each["wanted"] for each in run.planted):
        yield "planted defects: one is called caught that had another outcome"


def _killers(run: Run, suites: Sequence[Suite], cells: Sequence[Cell]) -> Iterator[str]:
    """The false claims are those of this run's conclusions, and none is called killed or kept that ended otherwise."""
    wanted = [
        (name, list(of), KILLERS[name].claim, KILLERS[name].wanted) for name, of in killers_of(suites, cells).items()
    ]
    wanted += [(each.name, [each.suite], each.claim, each.killer.wanted) for each in own_killers_of(suites, cells)]
    if [(each["name"], list(each["suites"]), each["claim"], each["wanted"]) for each in run.killers] != wanted:
        yield "false claims: not those of this run's conclusions"
    for each in run.killers:
        if (each["killed"] and each["outcome"] != each["wanted"]) or (
            each["kept"] and each["mended_outcome"] != Concluded.PASS
        ):
            yield f"false claims: {each['name']} is called killed, or its twin kept, that ended otherwise"


def _plain(value: Any) -> Any:
    """Plain JSON of a field of a run, as `Run.to_json` writes it."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return plain(asdict(value)) if is_dataclass(value) and not isinstance(value, type) else plain(value)


def drawn(run: Run, count: int, seed: int, of: Sequence[str] = ()) -> list[Result]:
    """Rows to be measured again: drawn by the run's content and a seed of the verifier's, so that no submitter could know them.

    Args:
        count: how many, of all; where architectures are named, of each so many that apply, with those drawn before them that do not.
        of: architectures.
    """
    measured = [row for row in run.results if row.fault not in (Fault.LOST, Fault.NOT_RUN, Fault.NOT_LOADED)]
    content = digest([row.to_json() for row in run.results])
    if not of:
        dice = Random(hashlib.sha256(f"{content} {seed}".encode()).digest())
        return dice.sample(measured, min(count, len(measured)))
    found: list[Result] = []
    for name in dict.fromkeys(of):
        own = [row for row in measured if row.architecture == name]
        Random(hashlib.sha256(f"{content} {seed} {name}".encode()).digest()).shuffle(own)
        applying = 0
        for row in own:
            if applying == count:
                break
            found.append(row)
            applying += row.outcome != Outcome.NOT_APPLICABLE
    return found


def measured_again(
    run: Run,
    count: int,
    seed: int,
    device: str,
    jobs: int,
    progress: Progress = unwatched,
    of: Sequence[str] = (),
) -> Verified:
    """So many rows of the run, of each architecture that is named, measured again: what differs by more than rounding does."""
    _, cells = _planned(run)
    by_id = {cell.id: cell for cell in cells}
    rows = [row for row in drawn(run, count, seed, of) if row.id in by_id]
    names = [parse_name(name) for name in dict.fromkeys(row.architecture for row in rows) if name != WEIGHTS]
    tasks = [row_task(by_id[row.id], device) for row in rows]
    asking = [Task(describe_architecture, (name,), DESCRIPTION_LIMIT, clean_for(name)) for name in names]
    with closing(open_executor("local", jobs, None)) as executor:
        told = dict(carried_out(executor, asking))
        answers = {}
        for position, answer in carried_out(executor, tasks):
            answers[position] = answer
            progress("rows measured again", len(answers), len(tasks))
    sources = {
        str(name): None if isinstance(answer := told[number], Lost) else answer.value.get("source_sha256")
        for number, name in enumerate(names)
    }
    problems, remeasured = [], []
    for number, row in enumerate(rows):
        answer = answers[number]
        where = f"{row.architecture} / {row.check} / {row.case}, measured again"
        differs = [answer.reason] if isinstance(answer, Lost) else differences(row, to_row(by_id[row.id], answer))
        problems += [f"{where}: {line}" for line in differs]
        remeasured.append((row, differs[0] if differs else ""))
    return Verified((), problems, len(rows), remeasured, sources)


def differences(row: Result, again: Result) -> list[str]:
    """What two measurements of one row disagree in: the outcome, or the first number that is not the same within `FACTOR`."""
    if row.outcome != again.outcome:
        return [f"{again.outcome} ({again.reason or again.observed}), not {row.outcome}"]
    apart = next(_apart(plain(asdict(row.evidence)), plain(asdict(again.evidence)), "evidence"), None)
    return [] if apart is None else [apart]


def _apart(told: Any, mine: Any, where: str) -> Iterator[str]:
    if isinstance(told, Mapping) and isinstance(mine, Mapping):
        for name in {**told, **mine}:
            if name not in UNCOMPARED:
                yield from _apart(told.get(name), mine.get(name), f"{where}.{name}")
    elif isinstance(told, list) and isinstance(mine, list) and len(told) == len(mine):
        for number, (left, right) in enumerate(zip(told, mine, strict=True)):
            yield from _apart(left, right, f"{where}.{number}")
    elif isinstance(told, int | float) and isinstance(mine, int | float) and not isinstance(told, bool):
        if not _near(float(told), float(mine)):
            yield f"{where} is {mine:.3g}, not {told:.3g}"
    elif told != mine:
        yield f"{where} is {mine!r}, not {told!r}"


def _near(told: float, mine: float) -> bool:
    if max(abs(told), abs(mine)) <= NOISE or math.isclose(told, mine):
        return True
    return told * mine > 0 and 1 / FACTOR <= told / mine <= FACTOR
