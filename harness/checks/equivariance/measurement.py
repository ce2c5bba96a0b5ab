"""One row of an equivariance check: measure what it asks, judge, and shrink what fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ...core.cell import Cell
from ...core.outcomes import Fault, Refusal
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.groups import NotCarried
from ...weights.inputs import constructed, general_position
from ...weights.symmetry import GroupElement
from ..applicability import Refused, unsupported
from . import verdict
from .controls import FEW, Controls, measure_controls
from .errors import law_errors
from .evidence import Ask
from .law import Law, measure_double, measure_single
from .symptoms import measure_symptoms
from .task import PAIRS, Pairs, Task, declared_group, draw_inputs, draw_pairs


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
    shrunk = shrink(architecture, task, cell.seed, measured, worst, bench) if found.outcome == "fail" else None
    space = str(task.named.space)
    return Judgement.of(found, verdict.evidence(space, task.output, task.input, task.mode, measured, shrunk))


class Refuse(Exception):
    """The row does not apply."""

    def __init__(self, refused: Refused):
        self.refused = refused
        super().__init__(refused.reason)


def measure(
    architecture: Architecture,
    task: Task,
    seed: int,
    bench: Workbench,
    elements: Sequence[GroupElement] | None = None,
    brief: bool = False,
) -> tuple[verdict.Measurement, GroupElement]:
    """Measure one case on the task's own group elements, or on given ones, each on one weight vector.

    Args:
        brief: whether what only names a cause is left out.

    Returns:
        The measurement, and the group element whose error stands highest above the noise.

    Raises:
        Refuse: the weight vectors lie outside the declared domain.
        Unsupported, PluginFault, NotCarried: as `Subject` and `group` do.
    """
    return MEASUREMENTS[task.ask](_prepared(architecture, task, seed, bench, elements, brief))


@dataclass(frozen=True)
class Prepared:
    """A case, drawn and built: what every measurement starts from."""

    architecture: Architecture
    task: Task
    seed: int
    bench: Workbench
    rng: np.random.Generator
    pairs: Pairs
    mates: Weights
    subject: Subject
    brief: bool

    def built(self, dtype: torch.dtype = torch.float64) -> Subject:
        """The network at its initialisation again."""
        return Subject(
            self.architecture,
            self.task.named.space,
            self.task.asked,
            seed=self.seed,
            dtype=dtype,
            bench=self.bench,
            mode=self.task.mode,
        )

    def controls(self) -> Controls:
        return measure_controls(self.subject, self.task, self.pairs.v[:FEW], self.mates)

    def measurement(self, controls: Controls, law: Law, **more: object) -> verdict.Measurement:
        """Of controls and of the law with one set of parameters."""
        found = verdict.Measurement(
            error64=law.double.worst,
            error32=law.error32,
            floor64=law.floor64,
            floor32=law.floor32,
            properties=controls.properties,
            spread=controls.spread,
            modified=controls.modified,
            pairs=law.pairs.drawn,
            exhaustive=law.pairs.exhaustive,
            jump=law.jump,
            continuous=self.architecture.traits.continuous,
            ask=self.task.ask,
            notes=tuple(f"the calls moved the random state of {name}" for name in controls.moved),
        )
        return replace(found, **more)  # type: ignore[arg-type]


def _prepared(
    architecture: Architecture,
    task: Task,
    seed: int,
    bench: Workbench,
    elements: Sequence[GroupElement] | None,
    brief: bool,
) -> Prepared:
    space = task.named.space
    rng = np.random.default_rng(seed)
    symmetry = declared_group(architecture, space)
    v = draw_inputs(task, space, PAIRS if elements is None else max(2, len(elements)), rng)
    mates = constructed("generic", space, FEW, rng)
    pairs = (
        draw_pairs(task, symmetry, v, rng)
        if elements is None
        else Pairs(v, tuple(elements), tuple(range(len(elements))), drawn=len(elements))
    )
    subject = Subject(architecture, space, task.asked, seed=seed, dtype=torch.float64, bench=bench, mode=task.mode)
    prepared = Prepared(architecture, task, seed, bench, rng, pairs, mates, subject, brief)
    if architecture.traits.domain == "general-position":
        _demand_domain(prepared)
    return prepared


def _demand_domain(prepared: Prepared) -> None:
    """Refuse weight vectors outside general position, and say how far the law is broken there."""
    v = prepared.pairs.v
    inside = general_position(v)
    if bool(inside.all()):
        return
    space = v.space
    bare = [axis for axis in space.permuted if not any(axes == (axis,) for _, axes in space.tensors)]
    why = f"no tensor tells the indices of {bare[0]} apart by itself" if bare else "not in general position"
    try:
        error = law_errors(prepared.subject, prepared.task, prepared.pairs, 1e-300).worst
        seen = f"; the law is off by {error:.1e} there"
    except PluginFault:
        seen = ""
    raise Refuse(Refused(Refusal.OUTSIDE_DOMAIN, f"outside the declared domain: {why}{seen}"))


def measure_law(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """The law at the initialisation: cheap screens first, and nothing more once the row has failed."""
    task, rng, seed = prepared.task, prepared.rng, prepared.seed
    controls = prepared.controls()
    law = measure_double(prepared.subject, task, prepared.pairs, rng, seed, controls.least)
    measured = prepared.measurement(controls, law)
    if verdict.judge(measured).outcome == "pass" or not prepared.brief:
        law = measure_single(prepared.subject, task, law, rng, seed, controls.least)
        measured = prepared.measurement(controls, law)
    if verdict.judge(measured).outcome != "pass" and not prepared.brief:
        measured = replace(measured, symptoms=measure_symptoms(prepared.built(), task, law, controls, rng, seed))
    return measured, law.worst_element


MEASUREMENTS: dict[Ask, Callable[[Prepared], tuple[verdict.Measurement, GroupElement]]] = {Ask.LAW: measure_law}
