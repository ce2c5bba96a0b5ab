"""What the architectures of a run declare of themselves, asked of every plug-in where it can break nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.cleaning import BorderError
from ..core.records import ArchitectureRecord
from ..plugins.discovery import ArchitectureName
from .border import read_architecture
from .executors import Answer, Executor, Lost, Task, carried_out
from .request import NothingToRun, RunRequest
from .tasks import architecture_cost, check_device, describe_architecture

DESCRIPTION_LIMIT = 60.0
COST_LIMIT = 20.0
"""Seconds after which the cost of a forward pass stays unknown."""


def describe_all(request: RunRequest, executor: Executor) -> list[ArchitectureRecord]:
    """What every plug-in declares, with its cost; one that does not load keeps its line under `error`.

    Raises:
        NothingToRun: none loads, one is not there or does not take its options, or the device is not there.
    """
    if request.device != "cpu":
        ((_, refusal),) = carried_out(executor, [Task(check_device, (request.device,), DESCRIPTION_LIMIT)])
        line = refusal.reason if isinstance(refusal, Lost) else refusal.value
        if line:
            raise NothingToRun(line)
    names = list({str(name): name for name in request.architectures}.values())
    tasks = [Task(describe_architecture, (name,), DESCRIPTION_LIMIT, clean_for(name)) for name in names]
    answers = dict(carried_out(executor, tasks))
    entries = [_description(answers[position], name) for position, name in enumerate(names)]
    refused = [str(entry["refused"]) for entry in entries if "refused" in entry]
    if refused:
        raise NothingToRun(*refused)
    if request.shard is None and all(entry.get("error") for entry in entries):
        raise NothingToRun(*(str(entry["error"]) for entry in entries))
    costs = _costs(
        [name for name, entry in zip(names, entries, strict=True) if not entry.get("error")], request, executor
    )
    return [_checked({**entry, "cost": costs.get(name)}, name) for name, entry in zip(names, entries, strict=True)]


def clean_for(name: ArchitectureName) -> str:
    """A process for what a plug-in declares, which has served no other and will carry out no row."""
    return f"{name} (declaration)"


def _description(answer: Answer | Lost, name: ArchitectureName) -> Mapping[str, Any]:
    """An entry also where the plug-in's import took its process down."""
    if isinstance(answer, Answer) and isinstance(answer.value, Mapping):
        return {**answer.value, "name": str(name)}
    why = answer.reason if isinstance(answer, Lost) else "its answer is no description"
    line = f'architecture "{name.reference}" failed to import: {why}'
    return {"name": str(name), "options": dict(name.options), "error": line}


def _checked(entry: Mapping[str, Any], name: ArchitectureName) -> ArchitectureRecord:
    """A description that has the declared keys and types; one that has not says so under `error`."""
    try:
        return read_architecture(entry)
    except BorderError as error:
        line = f'architecture "{name.reference}" declares what no architecture does: {error}'
        return ArchitectureRecord(name=str(name), options=dict(name.options), error=line)


def _costs(names: Sequence[ArchitectureName], request: RunRequest, executor: Executor) -> dict[ArchitectureName, Any]:
    limit = min(COST_LIMIT, request.time_limit or COST_LIMIT)
    answers = carried_out(executor, [Task(architecture_cost, (name,), limit, clean_for(name)) for name in names])
    return {names[position]: answer.value for position, answer in answers if isinstance(answer, Answer)}
