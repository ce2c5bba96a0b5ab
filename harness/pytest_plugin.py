"""The pytest plug-in: `pytest --orbitcheck SUITE --architecture NAME` collects one item for each row.

Loaded at every start of pytest, so nothing of orbitcheck is imported before the option is given. The ids are a pure function
of the suite and the architecture; the verdicts are those of the command line, row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .cell import Cell
    from .suite import Suite


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
        help="over this architecture; default: those that the suite names, or all built-in",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the rows before `-k`, `--lf` and the like choose among all items."""
    references: list[str] = config.getoption("--orbitcheck")
    if not references:
        return
    from .discovery import NameSyntaxError, check_reference, default_names, parse_name
    from .plan import plan
    from .registry import UnknownName
    from .suite import SuiteError, load_suite

    try:
        suites = [load_suite(reference) for reference in dict.fromkeys(references)]
        named = config.getoption("--architecture") or default_names((s.name, s.architectures) for s in suites)
        names = [parse_name(text) for text in named]
        for name in names:
            check_reference(name.reference)
    except (SuiteError, NameSyntaxError, UnknownName) as error:
        raise pytest.UsageError(str(error)) from None
    for suite in suites:
        collector = SuiteCollector.from_parent(session, name=suite.name, nodeid=f"orbitcheck:{suite.name}")
        items += [Row.from_parent(collector, cell=cell, suite=suite) for cell in plan([suite], names)]


class SuiteCollector(pytest.Collector):
    """A suite, as the parent of its rows."""

    def collect(self) -> list[pytest.Item]:
        return []


class RedRow(Exception):
    """A row that is not as predicted; its text is what the failure shows."""


class Row(pytest.Item):
    """One row; expected failures are strict xfails, rows that do not apply are skipped with the reason."""

    def __init__(self, *, cell: Cell, suite: Suite, **more: Any):
        super().__init__(name=f"{cell.check}/{cell.case}[{cell.architecture}]", **more)
        self.cell, self.suite = cell, suite

    def runtest(self) -> None:
        import torch

        from .evaluate import evaluate
        from .gate import is_red, settle

        torch.set_num_threads(1)  # as the command line's workers do: the same numbers
        (row,), _, _ = settle([evaluate(self.cell)], [self.cell], [self.suite])
        self.user_properties += [
            ("id", row.id),
            ("outcome", row.outcome),
            ("predicted", row.predicted),
            ("observed", row.observed),
            ("seed", row.seed),
            *((key, row.evidence[key]) for key in ("digits", "p", "t_res") if row.evidence.get(key) is not None),
        ]
        if row.outcome == "not-applicable":
            pytest.skip(row.reason)
        if row.declared is not None and not is_red(row):
            pytest.xfail(row.declared)
        if is_red(row):
            raise RedRow(failure_text(row))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, RedRow) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        return "orbitcheck", None, f"{self.suite.name}: {self.name}"


def failure_text(row: Any) -> str:
    """Outcome, reason, prediction and the smallest counter-example of one row."""
    lines = [f"{row.outcome}: {row.reason or 'passes, though declared to fail'}"]
    if row.predicted:
        lines.append(f"predicted {row.predicted}, observed {row.observed or 'nothing'}")
    found = row.evidence.get("counterexample")
    if found:
        lines.append(
            f"smallest counter-example: {found['space']}, {found['element']}, error {found['error']:.2e}, seed {found['seed']}"
        )
    return "\n".join(lines)
