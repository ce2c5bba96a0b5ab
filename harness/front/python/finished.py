"""Runs in Python: `orbitcheck.run` carries one out, `orbitcheck.load` reads a finished one; both give a `FinishedRun`.

Nothing here imports torch: the rows are measured in processes of their own, as on the command line.
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ....reports.html import score_card_html
from ....reports.reading.comparing import Comparison, comparison
from ....reports.reading.outcomes import STATUSES, headline, is_red, status_of
from ...core.cleaning import one_line
from ...core.records import ConclusionRecord
from ...core.result import Result, Run
from ...running.executors import available_cpus
from ...running.keeping.marker import begin
from ...running.request import RunRequest
from ...running.run import carry_out
from ...running.store import read_run
from ..selection import select
from .notebook_bar import shown_here

if TYPE_CHECKING:
    import pandas

MOST_JOBS = 256


@dataclass(frozen=True)
class FinishedRun:
    """A run that is over, with its rows; shows itself as the score card in notebooks.

    Args:
        directory: that holds its files.
        data: the whole run.
    """

    directory: Path
    data: Run

    @property
    def passed(self) -> bool:
        """Whether everything is as predicted: the exit code of the command line is 0."""
        return not is_red(self.data)

    @property
    def rows(self) -> Sequence[Result]:
        """Every row, in the order of the plan."""
        return self.data.results

    @cached_property
    def failures(self) -> tuple[Result, ...]:
        """The rows that make the run red."""
        return tuple(row for row in self.data.results if STATUSES[status_of(row)].red)

    @property
    def claims(self) -> Sequence[ConclusionRecord]:
        """What several rows conclude of each claim: predicted, observed, false claims killed."""
        return self.data.conclusions

    def compare(self, first: str | type, second: str | type) -> Comparison:
        """The cases in which two architectures differ, named as when the run was carried out: by a name or by a class.

        Raises:
            ValueError: the run has no rows of one of them.
        """
        return comparison(self.data, named(first), named(second))

    def to_frame(self) -> pandas.DataFrame:
        """One line a row, the fields of `Result` as columns, `status` with what the suites declare; needs pandas (`orbitcheck[notebook]`).

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas

        columns = (
            "architecture", "suite", "check", "kind", "case", "claim", "dtype", "outcome", "predicted", "observed", "reason",
            "forwards", "seconds", "id",
        )  # fmt: skip
        lines = [{"status": status_of(row), **{key: getattr(row, key) for key in columns}} for row in self.rows]
        return pandas.DataFrame(lines, columns=["status", *columns])

    def __repr__(self) -> str:
        return f"<run in {self.directory}: {headline(self.data)}>"

    def _repr_html_(self) -> str:
        return score_card_html(self.data)


def load(directory: str | Path) -> FinishedRun:
    """The run that a folder holds, as `orbitcheck run` or `orbitcheck.run` left it.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    folder = Path(directory)
    return FinishedRun(folder, read_run(folder))


def run(
    suites: str | Sequence[str],
    architectures: Iterable[str | type] = (),
    output: str | Path | None = None,
    *,
    jobs: int | None = None,
    resume: bool = False,
) -> FinishedRun:
    """Carry suites out over architectures, as `orbitcheck run SUITE... -a ARCHITECTURE...` does.

    Args:
        suites: shipped names or files.
        architectures: names as on the command line, or classes that a file defines; those that the suites name, else all built-in whose group their spaces carry.
        output: the folder of its files; a temporary one unless given.
        jobs: tasks at a time, 1 to 256; the CPUs that this process may use.
        resume: whether rows that the folder holds are taken from there, where nothing they depend on has changed.

    Raises:
        SelectionError: a suite or an architecture that is not there.
        NothingToRun: no architecture loads, or the suites ask nothing of them.
        StoreError: the folder cannot be used.
        ValueError: a class that no file defines, or another number of tasks.
    """
    if jobs is not None and not 1 <= jobs <= MOST_JOBS:
        raise ValueError(f"jobs={one_line(str(jobs), 40)}; a run has 1 to {MOST_JOBS} tasks at a time")
    if output is not None:
        begin(Path(output))  # whatever stops it from here on, what lies there passes for nothing
    names = [named(one) for one in architectures]
    chosen = select([suites] if isinstance(suites, str) else list(suites), names)
    folder = Path(tempfile.mkdtemp(prefix="orbitcheck-")) if output is None else Path(output)
    request = RunRequest(
        list(chosen.suites.values()), chosen.architectures, folder, jobs if jobs is not None else available_cpus(), resume,
        expectations=chosen.expectations,
    )  # fmt: skip
    with shown_here() as progress:
        result, _ = carry_out(request, progress)
    return FinishedRun(folder, result)


def named(architecture: str | type) -> str:
    """The name by which a worker process finds an architecture: `path/to/file.py:Class` of a class, from here where it lies below.

    Raises:
        ValueError: it lives in no file, so that no other process can import it.
    """
    if isinstance(architecture, str):
        return architecture
    try:
        file = inspect.getsourcefile(architecture)
    except TypeError:
        file = None
    if file is None or not Path(file).is_file() or "<locals>" in architecture.__qualname__:
        raise ValueError(
            f"{architecture.__qualname__} is defined in no file, so worker processes cannot import it; write it into one "
            f"(%%writefile net.py) and pass 'net.py:{architecture.__name__}'"
        )
    place = Path(file).resolve()
    here = Path.cwd().resolve()
    return f"{place.relative_to(here) if place.is_relative_to(here) else place}:{architecture.__qualname__}"
