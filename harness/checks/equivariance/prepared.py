"""A case, drawn and built: what every measurement of the check starts from; and a walk over several sets of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ...core.outcomes import Refusal
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Equivariant
from ...plugins.subject import NonFinite, PluginFault, Subject
from ...weights.algebra.kinds import OutputKind
from ...weights.batch import Weights
from ...weights.groups import Group
from ...weights.inputs import constructed
from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement
from ..applicability import Refused
from ..domains import INSIDE
from . import verdict
from .controls import FEW, Controls, least_controls, measure_controls
from .declaration.functional import read_as_functions, why_not
from .elsewhere.steps import wake_
from .evidence import Ask, HeldTo, Reached, Rule, State, Station, Symptoms
from .law import Errors, Law, chosen, draws, floor, law_errors
from .symptoms import measure_symptoms
from .task import Pairs, Task, declared_group, draw_inputs, draw_pairs

OF_THE_LAW = frozenset(
    {Rule.LAW, Rule.LAW_IN_FLOAT32, Rule.LAW_AFTER_STEPS, Rule.LAW_AT_REDRAW}
    | {
        Rule.LAW_AFTER_TRAIN_CALLS,
        Rule.LAW_AT_ONE,
        Rule.LAW_AT_MANY,
        Rule.GRADIENT_IN_INPUT,
        Rule.GRADIENT_IN_PARAMETERS,
    }
)
"""Rules of elements that move something."""
OF_THEIR_OWN = (Reached.STEPS, Reached.REDRAW)
"""Places that are reached from the initialisation itself, whatever the output is there."""
REDRAWS = 4
FEW_DRAWS = 16
"""Draws of vector and element at parameters other than the initial ones, beside every generator."""


class Refuse(Exception):
    """The row does not apply."""

    def __init__(self, refused: Refused):
        self.refused = refused
        super().__init__(refused.reason)


@dataclass(frozen=True)
class Prepared:
    """A case, drawn and built: what every measurement starts from.

    Args:
        brief: the rules whose breach is all that is asked, as a search for a smaller counter-example does; None asks all.
        edits: network and task as declared, where they are read as functions; None where the law is exact.
        woken: whether `subject`, and what is built again, has taken a few steps, since its output starts as a constant.
    """

    architecture: Architecture
    task: Task
    seed: int
    bench: Workbench
    symmetry: Group
    rng: np.random.Generator
    pairs: Pairs
    mates: Weights
    subject: Subject
    brief: frozenset[Rule] | None
    edits: tuple[Architecture, Task] | None = None
    woken: bool = False

    def built(self) -> Subject:
        """The network again as `subject` was."""
        subject = self.initial()
        if self.woken:
            wake_(subject, self.seed)
        return subject

    def initial(self) -> Subject:
        """The network at its initialisation."""
        return Subject(
            self.architecture,
            self.task.named.space,
            self.task.asked,
            seed=self.seed,
            dtype=torch.float64,
            bench=self.bench,
            mode=self.task.mode,
        )

    def few(self) -> Pairs:
        """Every generator once, and some of the draws."""
        pairs = self.pairs
        swaps = {g: number for number, g in reversed(list(enumerate(pairs.elements[: pairs.swaps])))}
        drawn = range(pairs.swaps, min(pairs.swaps + FEW_DRAWS, pairs.swaps + pairs.drawn))
        return chosen(pairs, [*sorted(swaps.values()), *drawn])

    def controls(self) -> Controls:
        if (self.brief and self.brief <= OF_THE_LAW) or self.task.ask not in (Ask.LAW, Ask.CALLS):
            return least_controls(self.subject, self.mates)
        return measure_controls(self.subject, self.task, self.pairs.v[:FEW], self.mates)

    def measurement(self, controls: Controls, law: Law, **more: object) -> verdict.Measurement:
        """Of controls and of the law with one set of parameters."""
        of_waking = ("the output starts as a constant: asked after a few steps of Adam",) if self.woken else ()
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
            law=HeldTo.FUNCTIONAL if self.edits else HeldTo.EXACT,
            notes=(*of_waking, *(f"the calls moved the random state of {name}" for name in controls.moved)),
            woken=self.woken,
        )
        return replace(found, **more)  # type: ignore[arg-type]

    def explained(self, measured: verdict.Measurement, law: Law, controls: Controls) -> verdict.Measurement:
        """With what tells causes apart, of a row that does not pass; a search for a smaller failure asks for none."""
        if self.brief:
            return measured
        seen = measure_symptoms(self.built(), self.task, self.symmetry, law, controls, self.rng, self.seed)
        return replace(measured, symptoms=seen)


def prepare(
    architecture: Architecture,
    task: Task,
    seed: int,
    bench: Workbench,
    elements: Sequence[GroupElement] | None,
    brief: frozenset[Rule] | None,
    woken: bool = False,
) -> Prepared:
    space = task.named.space
    rng = np.random.default_rng(seed)
    symmetry = declared_group(architecture, space)
    edits = None
    if architecture.traits.law == HeldTo.FUNCTIONAL and isinstance(task.asked, Equivariant):
        refused = why_not(OutputKind(task.asked.kind), symmetry)
        if refused is not None:
            raise Refuse(refused)
        edits = architecture, task
        architecture, asked = read_as_functions(architecture, task.asked)
        task = replace(task, asked=asked)
    v = draw_inside(
        architecture.traits.domain, task, space, task.pairs if elements is None else max(2, len(elements)), rng
    )
    mates = constructed("generic", space, FEW, rng)
    pairs = (
        draw_pairs(task, symmetry, v, rng)
        if elements is None
        else Pairs(v, tuple(elements), tuple(range(len(elements))), drawn=len(elements))
    )
    subject = Subject(architecture, space, task.asked, seed=seed, dtype=torch.float64, bench=bench, mode=task.mode)
    if woken:
        wake_(subject, seed)
    prepared = Prepared(architecture, task, seed, bench, symmetry, rng, pairs, mates, subject, brief, edits, woken)
    if architecture.traits.domain != "all":
        _demand_domain(prepared)
    return prepared


def draw_inside(domain: str, task: Task, space: WeightSpace, samples: int, rng: np.random.Generator) -> Weights:
    """As `draw_inputs`; where the domain has an outside that generic draws may touch, those are drawn again, a few times."""
    v = draw_inputs(task, space, samples, rng)
    if domain in ("all", "general-position") or task.given is not None or task.input == verdict.ZOO_INPUT:
        return v
    for _ in range(REDRAWS):
        inside = INSIDE[domain](v)
        if bool(inside.all()):
            break
        again = draw_inputs(task, space, samples, rng)
        v = Weights.cat([v[inside], again[INSIDE[domain](again)], v[~inside]])[: v.batch]
    return v


def _demand_domain(prepared: Prepared) -> None:
    """Refuse weight vectors outside the declared domain, and say how far the law is broken there."""
    v, domain = prepared.pairs.v, prepared.architecture.traits.domain
    inside = INSIDE[domain](v)
    if bool(inside.all()):
        return
    space = v.space
    bare = [axis for axis in space.permuted if not any(axes == (axis,) for _, axes in space.tensors)]
    why = f"no tensor tells the indices of {bare[0]} apart by itself" if bare else "not in general position"
    why = why if domain == "general-position" else f"not all of {domain}"
    try:
        error = law_errors(prepared.subject, prepared.task, prepared.pairs, 1e-300).worst
        seen = f"; the law is off by {error:.1e} there"
    except PluginFault:
        seen = ""
    raise Refuse(Refused(Refusal.OUTSIDE_DOMAIN, f"outside the declared domain: {why}{seen}"))


@dataclass
class Walk:
    """What the stations so far have shown."""

    prepared: Prepared
    controls: Controls
    pairs: Pairs
    stations: list[Station] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    symptoms: Symptoms | None = None
    worst: GroupElement | None = None

    def ask(
        self,
        subject: Subject,
        state: State,
        rule: Rule,
        single: bool,
        own: bool = False,
        errors: Errors | None = None,
    ) -> bool:
        """Whether the law is broken with the subject's parameters as they are; float32 is asked last, and lowers the subject.

        An ill-conditioned station is noted and judges nothing: steps uphill and draws may lead a network anywhere.

        Args:
            errors: those of the pairs with these parameters, where they are at hand.
        """
        prepared = self.prepared
        state = state if state.place in OF_THEIR_OWN else replace(state, woken=prepared.woken)
        name = str(state)
        try:
            law = self._law(subject, errors)
        except NonFinite:
            self.notes.append(f"{name}: not finite")
            return False
        if law.broken64:
            if not prepared.brief:
                self.symptoms = measure_symptoms(
                    subject, prepared.task, prepared.symmetry, law, self.controls, prepared.rng, prepared.seed
                )
        elif law.floor64 > verdict.ILL_CONDITIONED:
            self.notes.append(f"{name}: ill-conditioned, the noise is {law.floor64:.1e}")
            return False
        elif single:
            law = self._lowered(subject, law, name)
        self.stations.append(law.station(name, rule, own=own, state=state))
        if not (law.broken64 or verdict.grade(law.error32, law.floor32, verdict.SINGLE) is verdict.Grade.DIFFERENT):
            return False
        self.worst = law.worst_element
        return True

    def _law(self, subject: Subject, errors: Errors | None) -> Law:
        errors = errors or law_errors(subject, self.prepared.task, self.pairs, self.controls.least)
        return Law(self.pairs, errors, self._floor(subject, self.pairs, errors, verdict.ROUNDING))

    def _lowered(self, subject: Subject, law: Law, name: str) -> Law:
        subject.lower_()
        pairs = draws(self.pairs, FEW_DRAWS)
        try:
            errors = law_errors(subject, self.prepared.task, pairs, self.controls.least)
            found = self._floor(subject, pairs, errors, verdict.ROUNDING * verdict.SINGLE)
        except NonFinite:
            self.notes.append(f"{name}: not finite in float32")
            return law
        if found > verdict.ILL_CONDITIONED32:
            self.notes.append(f"{name}: ill-conditioned in float32, the noise is {found:.1e}")
            return law
        return replace(law, single=errors, floor32=found)

    def _floor(self, subject: Subject, pairs: Pairs, errors: Errors, least: float) -> float:
        """Measured only where the error is more than rounding."""
        if errors.worst <= verdict.PASS_FLOORS * least:
            return least
        prepared = self.prepared
        found = floor(subject, prepared.task, pairs, errors, prepared.rng, prepared.seed, self.controls.least)
        return max(found, least)

    def measurement(self, measured: verdict.Measurement) -> verdict.Measurement:
        """The measurement at the initialisation with what the stations showed."""
        return replace(
            measured,
            stations=tuple(self.stations),
            symptoms=self.symptoms,
            notes=(*measured.notes, *self.notes),
        )
