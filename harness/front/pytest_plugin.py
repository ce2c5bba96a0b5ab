"""The pytest plug-in: `pytest --orbitcheck SUITE --architecture NAME` collects one item for each row.

Loaded at every start of pytest, so nothing of orbitcheck is imported before the option is given. The ids are a pure function
of the suite and the architecture; the verdicts are those of the command line, row by row. What makes a run red beside its
rows (too few decided rows, an expectation that meets nothing) can be said only once every row is there: the process that
sees all reports then adds one failed report for each such problem, as if it were a last item.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

MEASURED = ("error64", "ratio", "digits", "p", "t_res")
"""Evidence that becomes properties of the item, and so of the JUnit file."""

if TYPE_CHECKING:
    from ..core.cell import Cell
    from ..core.result import Result
    from ..language.suite import Expectation, Suite
    from ..running.executors import Executor


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("orbitcheck", "formal-property tests for weight-space networks")
    group.addoption(
        "--orbitcheck", action="append", default=[], metavar="SUITE", help="collect this suite (a name or a file)"
    )
    group.addoption(
        "--architecture",
        action="append",
        default=[],
        metavar="NAME",
        help="over this architecture; default: those that the suite names, or all built-in whose group its spaces carry",
    )
    group.addoption("--orbitcheck-expect", metavar="FILE", help="a file of your own expected failures")


def pytest_configure(config: pytest.Config) -> None:
    """Read the suites, so that whatever is wrong with them is said before anything is collected."""
    references: list[str] | None = config.getoption("--orbitcheck")
    if not references:
        return
    from ..core.cleaning import one_line
    from ..running.plan import plan
    from .selection import SelectionError, select

    try:
        chosen = select(references, config.getoption("--architecture") or (), config.getoption("--orbitcheck-expect"))
    except SelectionError as error:
        raise pytest.UsageError("\n".join(map(one_line, error.errors))) from None
    rows = Rows(chosen.suites, chosen.expectations, plan(list(chosen.suites.values()), chosen.architectures))
    config.pluginmanager.register(rows, "orbitcheck-rows")


class Rows:
    """Collects the rows of the suites, and once all of them have reported, says what is wrong with the run as a whole.

    Args:
        suites: by the reference that named them.
        expectations: a user's own.
        cells: the rows, in order.
    """

    def __init__(self, suites: Mapping[str, Suite], expectations: Sequence[Expectation], cells: Sequence[Cell]):
        self.suites, self.expectations = suites, expectations
        self.cells = {node_id(cell): cell for cell in cells}
        self.answers: dict[str, Result] = {}
        self.executor: Executor | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the rows before `-k`, `--lf` and the like choose among all items."""
        for reference, suite in self.suites.items():
            collector = SuiteCollector.from_parent(session, name=suite.name, nodeid=f"orbitcheck:{suite.name}")
            items += [
                Row.from_parent(collector, cell=cell, suite=suite, reference=reference, rows=self)
                for cell in self.by_architecture()
                if cell.suite == suite.name
            ]

    def by_architecture(self) -> list[Cell]:
        """The rows in the plan's order, but those of an architecture together: a process serves one."""
        names = {name: place for place, name in enumerate(dict.fromkeys(c.architecture for c in self.cells.values()))}
        return sorted(self.cells.values(), key=lambda cell: names[cell.architecture])

    def measured(self, cell: Cell) -> Result:
        """A row, carried out as on the command line: in a worker process, under its limits."""
        from ..running.executors import carried_out, open_executor
        from ..running.run import row_task, to_row

        if self.executor is None:
            self.executor = open_executor("local", 1, None)
        ((_, answer),) = carried_out(self.executor, [row_task(cell, "cpu")])
        return to_row(cell, answer)

    def pytest_unconfigure(self) -> None:
        if self.executor is not None:
            self.executor.close()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a row came to, also where its report comes from another process."""
        properties = {key: str(value) for key, value in report.user_properties}
        cell = self.cells.get(str(report.nodeid))
        if cell is not None and report.when == "call" and "outcome" in properties:
            from ..core.outcomes import Fault, Refusal
            from ..core.result import AskedFor
            from ..running.run import unanswered

            fault, refusal, asked = (properties.get(key) for key in ("fault", "refusal", "asked"))
            answer = replace(
                unanswered(cell, properties["reason"]),
                outcome=properties["outcome"],
                fault=Fault(fault) if fault else None,
                refusal=Refusal(refusal) if refusal else None,
                asked=AskedFor(**json.loads(asked)) if asked else None,
                changed=json.loads(properties.get("changed", "[]")),
            )
            self.answers[str(report.nodeid)] = answer

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Once every row has reported, add a failed report for each problem; a part of the rows says nothing of the whole."""
        done = yield
        if self.answers.keys() == self.cells.keys():
            from ..core.outcomes import Fault
            from ..judging.gate import settle
            from ..judging.roots import rooted
            from ..judging.settings import problems as setting_problems

            rows, cells = list(self.answers.values()), list(self.cells.values())
            settled, problems, _ = settle(rows, cells, list(self.suites.values()), self.expectations)
            for number, problem in enumerate([*problems, *setting_problems(settled, [])], 1):
                _report(session, f"problem {number}", f"problem of the run: {problem}")
            # That another shape is served is known only now: the rows were skipped.
            refused = [row for row in settled if row.fault is Fault.REFUSED_SHAPE]
            for number, group in enumerate(rooted(refused), 1):
                row, more = group.head, len(group.followers)
                text = f"{row.architecture} / {row.check} / {row.case}: error: {row.reason}"
                _report(session, f"refused shape {number}", f"{text}{f', and {more} rows that follow' if more else ''}")
        return done

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what the suites speak of and this run does not ask."""
        from ..judging.gate import notes

        for note in notes(list(self.cells.values()), list(self.suites.values()), self.expectations):
            terminalreporter.write_line(f"note: {note}")


def _report(session: pytest.Session, name: str, text: str) -> None:
    """Have everybody who listens (terminal, JUnit XML, the cache of `--lf`, the exit code) know of one more failure."""
    where = {"nodeid": f"orbitcheck:run::{name}", "location": ("orbitcheck", None, name), "keywords": {}}
    for report in (
        pytest.TestReport(**where, outcome="failed", longrepr=text, when="call"),
        pytest.TestReport(**where, outcome="passed", longrepr=None, when="teardown"),
    ):
        session.config.hook.pytest_runtest_logreport(report=report)


def row_name(cell: Cell) -> str:
    """The item's name: a pure function of the suite and the architecture."""
    return f"{cell.check}/{cell.case}[{cell.architecture}]"


def node_id(cell: Cell) -> str:
    return f"orbitcheck:{cell.suite}::{row_name(cell)}"


class SuiteCollector(pytest.Collector):
    """A suite, as the parent of its rows."""

    def collect(self) -> list[pytest.Item]:
        return []


class RedRow(Exception):
    """A row that is not as predicted; its text is what the failure shows."""


class Row(pytest.Item):
    """One row; expected failures are strict xfails, rows that predict nothing or do not apply are skipped with the reason."""

    def __init__(self, *, cell: Cell, suite: Suite, reference: str, rows: Rows, **more: Any):
        # The id as text: pytest compares it with what the cache of `--lf` holds, which it reads back from text.
        super().__init__(name=row_name(cell), nodeid=node_id(cell), **more)
        self.cell, self.suite, self.reference, self.rows = cell, suite, reference, rows
        self.extra_keyword_matches.add(cell.id)

    def runtest(self) -> None:
        from ..judging.gate import is_red, settle
        from .failures import UNASKED, skip_text

        answer = self.rows.measured(self.cell)
        (row,), _, _ = settle([answer], [self.cell], [self.suite], self.rows.expectations)
        self.user_properties += [
            ("id", row.id),
            # As plain text: xdist sends no enumerations.
            *((key, str(getattr(row, key))) for key in ("outcome", "reason", "predicted", "observed")),
            *((key, str(value)) for key in ("fault", "refusal") if (value := getattr(row, key)) is not None),
            *([("asked", json.dumps(asdict(row.asked)))] if row.asked else []),
            *([("changed", json.dumps(list(row.changed)))] if row.changed else []),
            ("seed", row.seed),
            *((key, value) for key in MEASURED if (value := getattr(row.evidence, key, None)) is not None),
        ]
        if row.outcome in UNASKED:
            pytest.skip(skip_text(row))
        if row.declared is not None and not is_red(row):
            pytest.xfail(row.declared)
        if is_red(row):
            from ..core.cell import WEIGHTS
            from .failures import failure_text

            named = [] if row.architecture == WEIGHTS else ["--architecture", row.architecture]
            chosen = ["--orbitcheck", self.reference, *named, "-k", row.id]
            raise RedRow(f"{failure_text(row)}\nagain: pytest {shlex.join(chosen)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, RedRow) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        return "orbitcheck", None, f"{self.suite.name}: {self.name}"
