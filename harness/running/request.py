"""The request for a run, and the error where nothing can be run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.patterns import RowPattern
from ..language.suite import Expectation, Suite
from ..plugins.discovery import ArchitectureName
from .dealing.chosen import Shard
from .executors import available_cpus


class NothingToRun(ValueError):
    """Nothing can be run; `errors` are its lines."""

    def __init__(self, *errors: str):
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class RunRequest:
    """What to carry out, and how.

    Args:
        suites, architectures: checked before.
        directory: where everything is written.
        jobs: tasks at a time.
        resume: whether rows that the folder's journal holds are taken from there.
        time_limit: seconds a row; None leaves it to each kind of check.
        memory_limit: bytes that a row may have resident; None leaves it to the machine.
        device: "cpu" or "cuda".
        expectations: a user's own expected failures.
        require_power: see `gate.settle`.
        executor: a name in `EXECUTORS`, with an address where it has one: `name@address`.
        only: patterns of the rows to be measured; none for all.
        fail_fast: whether the first red row is the last that is waited for.
        shard: the part of the rows to be measured; None for all.
        force: whether files of somebody else's in the folder are overwritten.
        command: what the user typed, told to whoever is to go on with the run.
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
    executor: str = "local"
    only: Sequence[RowPattern] = ()
    fail_fast: bool = False
    shard: Shard | None = None
    force: bool = False
    command: str = ""
    memory_limit: int | None = None
