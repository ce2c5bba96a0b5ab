"""One row of an equivariance check: measure what it asks, judge, and shrink what fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from ...core.cell import Cell
from ...core.outcomes import Fault, Outcome, Refusal
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.subject import NonFinite, PluginFault, Subject
from ...weights.groups import Group, NotCarried
from ...weights.symmetry import GroupElement, generic_elements, random_elements
from ..applicability import Refused, unsupported
from . import verdict
from .calls import measure_calls, measure_compiled
from .controls import Controls, least_controls, random_state
from .declaration.beside import blind_to, covers, undeclared
from .declaration.reach import LOUD, UNIT, UNIT32, spoiled
from .elsewhere.jumps import largest_jump
from .elsewhere.steps import wake_
from .evidence import Ask, Rule
from .gradients import measure_gradients
from .law import Law, draws, floors_at_both, law_errors, measure_double, measure_single
from .parameters import measure_redraw, measure_steps
from .prepared import Prepared, Refuse, prepare
from .task import Pairs, Task


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure and judge one cell; a failure is shrunk to its smallest counter-example."""
    from .shrinking import shrink  # hypothesis, which only a failure has to pay for

    task = Task.of(cell)
    if task.mode not in architecture.traits.modes:
        return Refused(Refusal.MODE, f"claims no {task.mode} mode").judgement(verdict.PREDICTED)
    try:
        measured, worst = awake(architecture, task, cell.seed, bench)
        found = verdict.judge(measured)
        other = beyond(architecture, task, cell.seed, bench) if found.outcome == "pass" else None
    except Refuse as refused:
        return refused.refused.judgement(verdict.PREDICTED)
    except Unsupported as reason:
        return unsupported(reason).judgement(verdict.PREDICTED)
    except NotCarried as reason:
        return Refused(Refusal.NO_SYMMETRY, str(reason)).judgement(verdict.PREDICTED)
    if other is not None:
        task, measured, worst = other
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
    woken: bool = False,
) -> tuple[verdict.Measurement, GroupElement]:
    """Measure one case on the task's own group elements, or on given ones, each on one weight vector.

    Args:
        woken: whether the network takes a few steps first.
        brief: the rules whose breach is all that is asked; nothing that only names a cause is measured then.

    Returns:
        The measurement, and the group element whose error stands highest above the noise.

    Raises:
        Refuse: the weight vectors lie outside the declared domain.
        Unsupported, PluginFault, NotCarried: as `Subject` and `group` do.
    """
    with random_state(seed):
        return MEASUREMENTS[task.ask](prepare(architecture, task, seed, bench, elements, brief, woken))


def awake(
    architecture: Architecture, task: Task, seed: int, bench: Workbench
) -> tuple[verdict.Measurement, GroupElement]:
    """The measurement of a case; where the output starts as a constant, as a last layer of zeros makes it, that of the network after a
    few steps, if it is none then.

    Raises:
        as `measure` does.
    """
    found = measure(architecture, task, seed, bench)
    if verdict.judge(found[0]).fault is not Fault.VACUOUS or not found[0].moves:
        return found
    try:
        woken = measure(architecture, task, seed, bench, woken=True)
    except (PluginFault, Refuse):
        return found
    return found if verdict.judge(woken[0]).fault is Fault.VACUOUS else woken


def beyond(
    architecture: Architecture, task: Task, seed: int, bench: Workbench
) -> tuple[Task, verdict.Measurement, GroupElement] | None:
    """The same case on another space, in brief, where it fails there; None where it does not, or none is asked, or it is refused."""
    space = task.other_space
    if space is None:
        return None
    other = replace(task, named=replace(task.named, space=space), few=True)
    try:
        measured, worst = awake(architecture, other, seed, bench)
    except (Unsupported, PluginFault, NotCarried, Refuse):
        return None
    measured = replace(measured, beside=str(space))
    return (other, measured, worst) if verdict.judge(measured).outcome is Outcome.FAIL else None


def measure_law(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """The law at the initialisation: cheap screens first, and nothing more once the row has failed."""
    task, rng, seed = prepared.task, prepared.rng, prepared.seed
    controls = prepared.controls()
    law = measure_double(prepared.subject, task, prepared.pairs, rng, seed, controls.least)
    measured = prepared.measurement(controls, law)
    jump = 0.0
    if asks_for_jumps(prepared) and verdict.judge(measured).outcome == "pass":
        jump, _ = largest_jump(prepared.subject, task.named.space, task.kind, seed, controls.least)
    if verdict.judge(measured).outcome == "pass" or not prepared.brief:
        law = measure_single(prepared.subject, task, law, rng, seed, controls.least)
        measured = prepared.measurement(controls, law)
    if jump:
        measured = replace(measured, properties={**measured.properties, Rule.JUMP: jump})
    if verdict.judge(measured).outcome != "pass":
        measured = prepared.explained(measured, law, controls)
    return beside(prepared, measured, law, controls), law.worst_element


def asks_for_jumps(prepared: Prepared) -> bool:
    """Whether continuity is looked at between inputs: where it is claimed of all of them, once for a network."""
    traits, task = prepared.architecture.traits, prepared.task
    wanted = prepared.brief is None or Rule.JUMP in prepared.brief
    wanted = wanted and task.declared and not task.few
    return wanted and traits.continuous and traits.domain == "all" and (task.input, task.mode) == ("generic", "eval")


RESPECTED = 4
"""Elements of each sampler by which an undeclared kind is asked."""


def beside(prepared: Prepared, measured: verdict.Measurement, law: Law, controls: Controls) -> verdict.Measurement:
    """With notes on the declared group beside the function's, and on what lifts the floor; nothing here decides."""
    if prepared.brief or prepared.task.few:
        return measured
    symmetry, seed, notes = prepared.symmetry, prepared.seed, list(measured.notes)
    measured = replace(measured, tensors=_as_tensors(prepared))
    if prepared.architecture.traits.group_of is not None:
        notes += [f"blind to {what}" for what in blind_to(symmetry)]
    passed = verdict.judge(measured).outcome == "pass"
    more = undeclared(symmetry) if passed and prepared.task.input == "generic" else ()
    far = not symmetry.finite and law.jump is None
    loud = far and law.floor64 > LOUD * UNIT
    loud32 = far and law.single is not None and law.floor32 > LOUD * UNIT32
    if not (more or loud or loud32):
        return replace(measured, notes=tuple(notes))
    subject = prepared.built()
    held: list[Group] = []
    for each in more:
        if not any(covers(other, each) for other in held) and _respects(prepared, subject, law, each, controls.least):
            held.append(each)
    told = ", ".join(
        f"{each.factors[0].kind} on {' and '.join(factor.axis for factor in each.factors)}" for each in held
    )
    notes += [f"respects more than it declares: {told}"] if held else []
    reach, reach32 = None, None
    if loud:
        rng = np.random.default_rng([seed, len(law.pairs.elements)])
        floors = floors_at_both(subject, prepared.task, law.pairs, rng, seed, controls.least)
        reach = spoiled(law.pairs.elements, *floors.tolist())
        notes.append(str(reach))
    if loud32:  # last, since it lowers the subject
        subject.lower_()
        pairs = draws(law.pairs, len(law.single.each)) if law.single else law.pairs
        rng = np.random.default_rng([seed, len(pairs.elements)])
        floors = floors_at_both(subject, prepared.task, pairs, rng, seed, controls.least)
        reach32 = spoiled(pairs.elements, *floors.tolist(), unit=UNIT32)
    return replace(measured, notes=tuple(notes), reach=reach, reach32=reach32)


def _as_tensors(prepared: Prepared) -> float | None:
    """Of edits that are held to their functions, how far they are from the law of tensors, on the same pairs."""
    if prepared.edits is None:
        return None
    architecture, task = prepared.edits
    subject = Subject(
        architecture,
        task.named.space,
        task.asked,
        seed=prepared.seed,
        dtype=torch.float64,
        bench=prepared.bench,
        mode=task.mode,
    )
    if prepared.woken:
        wake_(subject, prepared.seed)
    return law_errors(subject, task, prepared.pairs, least_controls(subject, prepared.mates).least).worst


def _respects(prepared: Prepared, subject: Subject, law: Law, more: Group, least: float) -> bool:
    """Whether the output keeps every draw of a group to rounding: one draw first, then the others."""
    rng = np.random.default_rng([prepared.seed, len(str(more))])
    drawn = [g for g in (*generic_elements(more, RESPECTED, rng), *random_elements(more, RESPECTED, rng)) if g.moving]
    if not drawn:  # permutations of one value a head
        return False
    v = prepared.pairs.v
    for some in (drawn[:1], drawn):
        pairs = Pairs(v, tuple(some), tuple(number % v.batch for number in range(len(some))), drawn=len(some))
        try:
            errors = law_errors(subject, prepared.task, pairs, least)
        except NonFinite:
            return False
        floor = verdict.PASS_FLOORS * max(law.floor64, verdict.ROUNDING)
        if not errors.worst <= floor:
            return False
    return True


MEASUREMENTS: dict[Ask, Callable[[Prepared], tuple[verdict.Measurement, GroupElement]]] = {
    Ask.LAW: measure_law,
    Ask.STEPS: measure_steps,
    Ask.REDRAW: measure_redraw,
    Ask.CALLS: measure_calls,
    Ask.GRADIENTS: measure_gradients,
    Ask.COMPILED: measure_compiled,
}
