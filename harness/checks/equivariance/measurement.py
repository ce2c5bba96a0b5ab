"""One row of an equivariance check: measure the law, judge, and shrink what fails."""

from __future__ import annotations

import numpy as np

from ...core.cell import Cell
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...weights.inputs import in_general_position
from . import verdict
from .law import Task, draw_inputs, measure


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure and judge one cell; a failure is shrunk to its smallest counter-example."""
    from .shrinking import shrink  # hypothesis, which only a failure has to pay for

    task = Task.of(cell)
    predicted = "equivariant"
    if task.mode not in architecture.traits.modes:
        return Judgement("not-applicable", f"claims no {task.mode} mode", predicted)
    if architecture.traits.domain == "general-position" and task.named.space.is_mlp:
        sample = draw_inputs(task, task.named.space, task.samples, np.random.default_rng(cell.seed))
        if not in_general_position(sample):
            return Judgement("not-applicable", "outside the declared domain: not in general position", predicted)
    try:
        measured, worst = measure(architecture, task, cell.seed, bench)
    except Unsupported as reason:
        return Judgement("not-applicable", f"unsupported: {reason}", predicted)
    outcome, reason, observed = verdict.judge(measured)
    evidence = {
        "space": str(task.named.space),
        "output": task.output,
        "input": task.input,
        "mode": task.mode,
        **verdict.evidence(measured),
    }
    if outcome == "fail":
        evidence["counterexample"] = shrink(architecture, task, cell.seed, measured, worst, bench)
    return Judgement(outcome, reason, predicted, observed, evidence)
