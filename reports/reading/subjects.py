"""Whom the rows of a run are of, and grouping by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ...harness.core.cell import WEIGHTS
from ...harness.core.evidence import Evidence
from ...harness.core.records import ArchitectureRecord
from ...harness.core.result import Result, Run

Row = TypeVar("Row")
Kind = TypeVar("Kind", bound=Evidence)


def measured(row: Result, kind: type[Kind]) -> Kind | None:
    """The row's evidence, if it is of that type; None where nothing was measured."""
    return row.measured(kind)


def architecture_names(run: Run) -> tuple[str, ...]:
    """Every architecture that the run names: those asked for, in order, then any that only rows mention."""
    asked = [entry["name"] for entry in run.architectures]
    return tuple(dict.fromkeys([*asked, *(row.architecture for row in run.results if row.architecture != WEIGHTS)]))


def subjects(run: Run) -> tuple[str, ...]:
    """Whatever rows are of: the architectures, and last the weights, where a check read these alone."""
    alone = any(row.architecture == WEIGHTS for row in run.results)
    return (*architecture_names(run), WEIGHTS) if alone else architecture_names(run)


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Key -> its rows; keys in order of appearance."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def declarations(run: Run) -> dict[str, ArchitectureRecord]:
    """Architecture -> what it declares."""
    return {entry["name"]: entry for entry in run.architectures}


def suite_name(suite: Mapping[str, Any]) -> str:
    return str(suite.get("suite") or suite.get("name") or "?")
