"""One row of an equivariance check: measure what it asks, judge, and shrink what fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...core.cell import Cell
from ...core.outcomes import Refusal
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...weights.groups import NotCarried
from ...weights.symmetry import GroupElement
from ..applicability import Refused, unsupported
from . import verdict
from .calls import measure_calls, measure_compiled
from .controls import random_state
from .evidence import Ask, Rule
from .gradients import measure_gradients
from .law import measure_double, measure_single
from .parameters import measure_redraw, measure_steps
from .prepared import Prepared, Refuse, prepare
from .task import Task


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure and judge one cell; a failure is shrunk to its smallest counter-example."""
    from .shrinking import shrink  # hypothesis, which only a failure has to pay for

    task = Task.of(cell)
    if task.mode not in architecture.traits.modes:
        return Refused(Refusal.MODE, f"claims no {task.mode} mode").judgement(verdict.PREDICTED)
    try:
        measured, worst = measure(architecture, task, cell.seed, bench)
    except Refuse as refused:
        return refused.refused.judgement(verdict.PREDICTED)
    except Unsupported as reason:
        return unsupported(reason).judgement(verdict.PREDICTED)
    except NotCarried as reason:
        return Refused(Refusal.NO_SYMMETRY, str(reason)).judgement(verdict.PREDICTED)
    found = verdict.judge(measured)
    searched = found.outcome == "fail" and bench.shrinks
    shrunk = shrink(architecture, task, cell.seed, measured, worst, bench, measure) if searched else None
    space = str(task.named.space)
    return Judgement.of(found, verdict.evidence(space, task.output, task.input, task.mode, measured, shrunk))


def measure(
    architecture: Architecture,
    task: Task,
    seed: int,
    bench: Workbench,
    elements: Sequence[GroupElement] | None = None,
    brief: frozenset[Rule] | None = None,
) -> tuple[verdict.Measurement, GroupElement]:
    """Measure one case on the task's own group elements, or on given ones, each on one weight vector.

    Args:
        brief: the rules whose breach is all that is asked; nothing that only names a cause is measured then.

    Returns:
        The measurement, and the group element whose error stands highest above the noise.

    Raises:
        Refuse: the weight vectors lie outside the declared domain.
        Unsupported, PluginFault, NotCarried: as `Subject` and `group` do.
    """
    with random_state(seed):
        return MEASUREMENTS[task.ask](prepare(architecture, task, seed, bench, elements, brief))


def measure_law(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """The law at the initialisation: cheap screens first, and nothing more once the row has failed."""
    task, rng, seed = prepared.task, prepared.rng, prepared.seed
    controls = prepared.controls()
    law = measure_double(prepared.subject, task, prepared.pairs, rng, seed, controls.least)
    measured = prepared.measurement(controls, law)
    if verdict.judge(measured).outcome == "pass" or not prepared.brief:
        law = measure_single(prepared.subject, task, law, rng, seed, controls.least)
        measured = prepared.measurement(controls, law)
    if verdict.judge(measured).outcome != "pass":
        measured = prepared.explained(measured, law, controls)
    return measured, law.worst_element


MEASUREMENTS: dict[Ask, Callable[[Prepared], tuple[verdict.Measurement, GroupElement]]] = {
    Ask.LAW: measure_law,
    Ask.STEPS: measure_steps,
    Ask.REDRAW: measure_redraw,
    Ask.CALLS: measure_calls,
    Ask.GRADIENTS: measure_gradients,
    Ask.COMPILED: measure_compiled,
}
