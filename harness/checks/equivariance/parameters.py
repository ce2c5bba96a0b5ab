"""The law where training goes: after optimiser steps, and at parameters drawn anew (protocol.md, section 2)."""

from __future__ import annotations

from dataclasses import replace

import torch

from ...core.outcomes import Refusal
from ...plugins.importing.as_built import AsBuilt
from ...plugins.redraw import redraw_
from ...plugins.subject import PluginFault, PluginRaised, Subject
from ...weights.batch import Weights
from ...weights.symmetry import GroupElement
from ..applicability import Refused
from . import verdict
from .elsewhere.steps import RATE, take_steps
from .evidence import Optimiser, Reached, Rule, State
from .gradients import demand_backward
from .law import law_errors, measure_double
from .prepared import Prepared, Refuse, Walk

FEW_STEPS, MANY_STEPS = 3, 20
"""Numbers of steps after which the law is asked."""
BATCH = 4
WALKS = (
    (Optimiser.ADAM, 1, (FEW_STEPS, MANY_STEPS)),
    (Optimiser.SGD, -1, (FEW_STEPS, MANY_STEPS)),
    (Optimiser.SGD, 1, (FEW_STEPS,)),
    (Optimiser.ADAM, -1, (FEW_STEPS,)),
)
"""Optimiser, sign of the rate, and after how many steps the law is asked: the long walks cover both of each between them."""


def measure_steps(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """The law at the initialisation, then after steps of each optimiser at both signs of the rate; the first that breaks ends it.

    Raises:
        Refuse: no parameter receives a gradient.
    """
    v = prepared.pairs.v[: max(2, min(BATCH, prepared.pairs.v.batch))]
    _demand_gradients(prepared.subject, v)
    controls = prepared.controls()
    pairs = prepared.few()
    law = measure_double(prepared.subject, prepared.task, pairs, prepared.rng, prepared.seed, controls.least)
    measured = prepared.measurement(controls, law)
    walk = Walk(prepared, controls, pairs)
    if verdict.broken(measured):
        return prepared.explained(measured, law, controls), law.worst_element
    for optimiser, sign, counts in WALKS:
        subject, state, done = prepared.initial(), {}, 0
        for count in counts:
            try:
                take_steps(subject, v, optimiser, sign * RATE, range(done, count), prepared.seed, state)
            except (
                PluginRaised
            ) as fault:  # a probe: what cannot be trained is not predicted to keep anything by training
                demand_backward(prepared)
                raise Refuse(Refused(Refusal.NO_PARAMETERS, f"cannot be trained: {fault}")) from fault
            done = count
            reached = State(Reached.STEPS, count, optimiser, sign * RATE)
            if not _finite(subject):
                walk.notes.append(f"{reached}: parameters not finite")
                break
            if walk.ask(subject, reached, Rule.LAW_AFTER_STEPS, single=count == MANY_STEPS):
                return walk.measurement(measured), walk.worst or law.worst_element
    return walk.measurement(measured), law.worst_element


def _demand_gradients(subject: Subject, v: Weights) -> None:
    if not any(parameter.requires_grad for parameter in subject.module.parameters()):
        raise Refuse(Refused(Refusal.NO_PARAMETERS, "has no parameters to train"))
    if not subject.answer(v.to(subject.dtype)).requires_grad:
        raise Refuse(Refused(Refusal.NO_PARAMETERS, "its output carries no gradient"))


def _finite(subject: Subject) -> bool:
    return all(bool(torch.isfinite(parameter).all()) for parameter in subject.module.parameters())


DRAWS = 2


def measure_redraw(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """The law at the initialisation, then at re-drawn parameters; where it breaks there alone, the parameter that breaks it.

    Raises:
        Refuse: there are no parameters, or the question is about those of a built network.
    """
    if not any(parameter.requires_grad for parameter in prepared.subject.module.parameters()):
        raise Refuse(Refused(Refusal.NO_PARAMETERS, "has no parameters to draw anew"))
    if isinstance(prepared.subject.module, AsBuilt):
        raise Refuse(Refused(Refusal.NO_PARAMETERS, "is asked with the parameters that it has; none is drawn anew"))
    controls = prepared.controls()
    pairs = prepared.few()
    law = measure_double(prepared.subject, prepared.task, pairs, prepared.rng, prepared.seed, controls.least)
    measured = prepared.measurement(controls, law)
    walk = Walk(prepared, controls, pairs)
    moves = False
    count = 1 if prepared.task.few else DRAWS
    for draw in range(count):
        subject = prepared.initial()
        own = hasattr(subject.module, "redraw_")
        redraw_(subject.module, prepared.seed + draw, 1.0)
        errors = None if moves else law_errors(subject, prepared.task, pairs, controls.least)
        moves = moves or (errors is not None and bool((errors.base != law.double.base).any()))
        state, last_draw = State(Reached.REDRAW, draw + 1), draw == count - 1
        if walk.ask(subject, state, Rule.LAW_AT_REDRAW, single=last_draw, own=own, errors=errors):
            if not own:
                last = walk.stations[-1]
                walk.stations[-1] = replace(
                    last, parameter=culprit(prepared, prepared.seed + draw, controls.least, last.floor64)
                )
            break
    return replace(walk.measurement(measured), moves=moves), walk.worst or law.worst_element


def culprit(prepared: Prepared, seed: int, least: float, floor: float) -> str:
    """The parameter that breaks the law when it alone is drawn anew; empty if it takes several."""
    names = [name for name, parameter in prepared.subject.module.named_parameters() if parameter.requires_grad]
    limit = max(verdict.FAIL_FLOORS * floor, verdict.FAIL_ERROR)

    def breaks(some: list[str]) -> bool:
        subject: Subject = prepared.initial()
        redraw_(subject.module, seed, 1.0, only=some)
        try:
            return law_errors(subject, prepared.task, prepared.few(), least).worst > limit
        except PluginFault:
            return False

    while len(names) > 1:
        half = len(names) // 2
        names = next((part for part in (names[:half], names[half:]) if breaks(part)), [])
    return names[0] if names else ""
