"""One row of an equivariance check: measure the law, judge, and shrink what fails."""

from __future__ import annotations

import numpy as np

from ...core.cell import Cell
from ...core.outcomes import Refusal
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...weights.inputs import in_general_position
from ..applicability import Refused, applicability, unsupported
from . import verdict
from .law import Task, draw_inputs, measure


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure and judge one cell; a failure is shrunk to its smallest counter-example."""
    from .shrinking import shrink  # hypothesis, which only a failure has to pay for

    task = Task.of(cell)
    traits, space = architecture.traits, task.named.space
    if task.mode not in traits.modes:
        return Refused(Refusal.MODE, f"claims no {task.mode} mode").judgement(verdict.PREDICTED)
    inside = (
        traits.domain == "all"
        or not space.is_mlp
        or in_general_position(draw_inputs(task, space, task.samples, np.random.default_rng(cell.seed)))
    )
    refused = applicability(traits, modulo_symmetry=False, in_general_position=inside)
    if refused is not None:
        return refused.judgement(verdict.PREDICTED)
    try:
        measured, worst = measure(architecture, task, cell.seed, bench)
    except Unsupported as reason:
        return unsupported(reason).judgement(verdict.PREDICTED)
    found = verdict.judge(measured)
    shrunk = shrink(architecture, task, cell.seed, measured, worst, bench) if found.outcome == "fail" else None
    return Judgement.of(found, verdict.evidence(str(space), task.output, task.input, task.mode, measured, shrunk))
