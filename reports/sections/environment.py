"""What the numbers of a run depend on."""

from __future__ import annotations

from typing import Any

from ...harness.core.result import Run
from ..reading.subjects import suite_name
from ..reading.values import NOTHING, finite, one_line, plural, seconds_text, shown
from . import kinds
from .section import Column, report_section


@report_section(
    "environment",
    "What the numbers depend on",
    (Column("setting"), Column("value", kind=kinds.CODE, brief=160)),
    forms=(kinds.MARKDOWN, kinds.CSV, kinds.LATEX),  # on the page it stands at the head
    fold=True,
    place=900,
)
def environment(run: Run) -> list[dict[str, str]]:
    """Orbitcheck, the suites with versions, then the environment, and what the rows took."""
    suites = ", ".join(
        f"{suite_name(suite)} (version {shown(suite.get('version'))})" if "version" in suite else suite_name(suite)
        for suite in run.suites
    )
    rows = [("orbitcheck", one_line(run.orbitcheck)), ("suites", one_line(suites) or NOTHING)]
    rows += [
        (one_line(key, 60).replace("_", " "), _processes(value) if key == "processes" else _setting(value))
        for key, value in run.environment.items()
    ]
    return [{"setting": name, "value": value} for name, value in (*rows, ("spent", _spent(run)))]


def _spent(run: Run) -> str:
    """The budget that the rows used up."""
    forwards = sum(row.forwards for row in run.results)
    seconds = sum(finite(row.seconds) or 0.0 for row in run.results)
    inside = sum(finite(row.model_seconds) or 0.0 for row in run.results)
    passes = f"{forwards:,} forward passes, " if forwards else ""
    return f"{passes}{seconds_text(seconds)} in {plural(len(run.results), 'row')}, {seconds_text(inside)} of it in networks"


def _processes(value: Any) -> str:
    """How many processes served how many plug-ins; which is in `results.json`."""
    if not isinstance(value, dict) or not all(isinstance(each, list) for each in value.values()):
        return _setting(value)
    return f"{sum(map(len, value.values()))}, for {len(value)} plug-ins"


def _setting(value: Any) -> str:
    """A setting as it is: versions, sizes and flags are no measurements to be rounded."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else shown(value)
