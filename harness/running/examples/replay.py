"""A counter-example measured again, with the network in the state that breaks the law, ready to be shown or looked into.

Law: what is given back breaks what the row's evidence says is broken, with as few weight vectors as show it; if no such thing is
found any more, that is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch

from ...checks.equivariance import verdict
from ...checks.equivariance.calls import (
    TRAIN_CALLS,
    after_train_calls,
    compiled_subject,
    spread_out,
    transposed,
    with_recording,
)
from ...checks.equivariance.elsewhere.jumps import largest_jump
from ...checks.equivariance.elsewhere.steps import take_steps
from ...checks.equivariance.evidence import CounterExample, EquivarianceEvidence, Reached, Rule, State
from ...checks.equivariance.gradients import Gradients
from ...checks.equivariance.parameters import BATCH, DRAWS, WALKS
from ...checks.equivariance.prepared import Prepared, prepare
from ...checks.equivariance.task import Pairs, Task
from ...core.cell import Cell
from ...learning.compiling import compiling
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture
from ...plugins.redraw import redraw_
from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.space import mlp
from ...weights.symmetry import GroupElement, act
from ...weights.units import in_units, moved, moved_units, units
from .batches import crowds, fewest
from .shown import Shown

SHOWN: Mapping[Rule, Shown] = {
    Rule.LAW: Shown.LAW,
    Rule.LAW_IN_FLOAT32: Shown.LAW,
    Rule.LAW_AFTER_STEPS: Shown.LAW,
    Rule.LAW_AT_REDRAW: Shown.LAW,
    Rule.LAW_AFTER_TRAIN_CALLS: Shown.LAW,
    Rule.LAW_AT_ONE: Shown.LAW,
    Rule.LAW_AT_MANY: Shown.LAW,
    Rule.GRADIENTS_RECORDED: Shown.RECORDED,
    Rule.STRIDED_INPUT: Shown.STRIDED,
    Rule.BATCH_ORDER: Shown.BATCH,
    Rule.BATCH_MATES: Shown.BATCH,
    Rule.BATCH_OF_ONE: Shown.BATCH,
    Rule.BATCH_SIZE: Shown.BATCH,
    Rule.REPEATED_CALL: Shown.CALLS,
    Rule.MANY_CALLS: Shown.CALLS,
    Rule.GRADIENT_IN_INPUT: Shown.GRADIENT_IN_INPUT,
    Rule.GRADIENT_IN_PARAMETERS: Shown.GRADIENT_IN_PARAMETERS,
    Rule.COMPILED_ANSWER: Shown.COMPILED,
    Rule.LAW_COMPILED: Shown.COMPILED,
    Rule.JUMP: Shown.JUMP,
}
"""What the folder of each rule compares; a rule that is not listed has none."""
FUNCTIONALS = 4
"""Random functionals of the output whose gradients are tried."""


class CannotReplay(Exception):
    """The row has no counter-example that can be shown by itself; the message says why."""


@dataclass(frozen=True)
class Failing:
    """A network with what breaks the law.

    Args:
        subject: in the state that breaks it, in the precision that shows it; its calls so far count, where calls are compared.
        v: one weight vector; where batches or calls are compared, all that it takes.
        error: in the units of the output, or of what is compared.
        limit: the row would not have failed at less.
        state: how the parameters came to be.
        index: the weight vector whose answer in the batch differs from the one alone.
        functional: of the output, whose gradient is compared, `[1, entries]`.
        beyond: the weight vector on the other side of a jump.
    """

    subject: Subject
    v: Weights
    element: GroupElement
    compared: Shown
    error: float
    limit: float
    state: State
    index: int = 0
    functional: torch.Tensor | None = None
    beyond: Weights | None = None


def replayed(architecture: Architecture, cell: Cell, evidence: EquivarianceEvidence, bench: Workbench) -> Failing:
    """The counter-example of a failed row.

    Raises:
        CannotReplay: the row has none, its rule has no folder, or it does not fail any more.
        Unsupported, PluginFault, NotCarried, Refuse: as `prepare` does.
    """
    example = evidence.counterexample
    if example is None:
        raise CannotReplay("the row has no counter-example")
    compared = {SHOWN[rule] for rule in evidence.broken if rule in SHOWN}
    if not compared:
        broken = ", ".join(evidence.broken) or "nothing"
        raise CannotReplay(f"what is broken ({broken}) is shown by no folder")
    prepared = _prepared(architecture, cell, evidence, example, bench)
    for how in sorted(compared):
        found = _found(prepared, _element(example), example.state, how)
        if found is not None:
            return found
    raise CannotReplay("the counter-example does not fail by itself any more")


def _found(prepared: Prepared, element: GroupElement, state: State, how: Shown) -> Failing | None:
    if how is Shown.BATCH:
        return _in_a_batch(prepared, element)
    if how is Shown.CALLS:
        return _in_calls(prepared, element)
    if how in (Shown.GRADIENT_IN_INPUT, Shown.GRADIENT_IN_PARAMETERS):
        return _in_gradients(prepared, element, how)
    if how is Shown.COMPILED:
        return _compiled(prepared, element)
    if how is Shown.JUMP:
        return _jumping(prepared, element, state)
    worst: Failing | None = None
    subject = _reached(prepared, state)
    for single in (False, True):
        if single:
            subject.lower_()
        for index in range(prepared.pairs.v.batch):
            v = prepared.pairs.v[[index]]
            error = error_of(subject, v, element, how)
            limit = verdict.FAIL_ERROR * (verdict.SINGLE if single else 1)
            if error > limit and (worst is None or error > worst.error):
                worst = Failing(subject, v, element, how, error, limit, state)
        if worst is not None:
            return worst
    return None


def error_of(subject: Subject, v: Weights, element: GroupElement, compared: Shown) -> float:
    """By how much the two outputs that are compared differ, in the units of the output; infinite where a call fails."""
    kind = getattr(subject.output, "kind", None)
    base = subject(v)
    unit = units(v.space, kind, base)
    try:
        if compared is Shown.RECORDED:
            return max(float(in_units(found - base, unit).max()) for found in with_recording(subject, v, []))
        if compared is Shown.STRIDED:
            return max(
                float(in_units(subject(v.map(layout)) - base, unit).max()) for layout in (transposed, spread_out)
            )
        image = subject(act(element, v))
    except PluginFault:
        return float("inf")
    expected = moved(v.space, kind, element, base)
    return float(in_units(image - expected, moved_units(v.space, kind, element, unit)).max())


def _in_a_batch(prepared: Prepared, element: GroupElement) -> Failing | None:
    """A batch, as small as is found, in which one weight vector gets another answer than alone."""
    kind = prepared.task.kind

    def apart(batch: Weights) -> tuple[float, int]:
        """The largest difference from the answers alone, and whose; of a network that has answered nothing before."""
        subject = prepared.built()
        alone = torch.cat([subject(batch[[number]]) for number in range(batch.batch)])
        each = in_units(subject(batch) - alone, units(batch.space, kind, alone))
        return float(each.max()), int(each.argmax())

    for batch in crowds(prepared):
        error, _ = apart(batch)
        if error > verdict.FAIL_ERROR:
            smallest = fewest(batch, lambda part: apart(part)[0] > verdict.FAIL_ERROR)
            error, index = apart(smallest)
            return Failing(
                prepared.built(), smallest, element, Shown.BATCH, error, verdict.FAIL_ERROR, State(), index=index
            )
    return None


def _in_calls(prepared: Prepared, element: GroupElement) -> Failing | None:
    """Weight vectors that a network is asked one after the other, again and again: one gets two answers."""
    from ...checks.equivariance.calls import CALLS
    from ...weights.inputs import constructed

    kind = prepared.task.kind
    others = constructed("generic", prepared.task.named.space, CALLS, prepared.rng)
    for count in (2, 3, CALLS):  # answers in turn of two or three show at the other
        v = others[:count]
        found = answers_in_turn(prepared.built(), v)
        error = float(in_units(found - found[:count].repeat(ROUNDS, 1), units(v.space, kind, found)).max())
        if error > verdict.FAIL_ERROR:
            return Failing(prepared.built(), v, element, Shown.CALLS, error, verdict.FAIL_ERROR, State())
    return None


ROUNDS = 4
"""How many times all weight vectors are asked."""


def answers_in_turn(subject: Subject, v: Weights) -> torch.Tensor:
    """The answers to every weight vector alone, in the same tensors, in four rounds: `[4 batch, entries]`."""
    place, answers = v[[0]].clone(), []
    for number in list(range(v.batch)) * ROUNDS:
        for name, tensor in place.items():
            tensor.copy_(v.tensors[name][[number]])
        answers.append(subject(place))
    return torch.cat(answers)


def _in_gradients(prepared: Prepared, element: GroupElement, how: Shown) -> Failing | None:
    worst: Failing | None = None
    for index in list(range(prepared.pairs.v.batch)) * FUNCTIONALS:
        v = prepared.pairs.v[[index]]
        found = Gradients(prepared, Pairs(v, (element,), (0,)))
        error = found.in_input()[0] if how is Shown.GRADIENT_IN_INPUT else found.in_parameters()[0]
        if error > verdict.FAIL_ERROR and (worst is None or error > worst.error):
            worst = Failing(
                prepared.subject, v, element, how, error, verdict.FAIL_ERROR, State(), functional=found.functional
            )
    return worst


def _compiled(prepared: Prepared, element: GroupElement) -> Failing | None:
    """One weight vector at which the compiled network answers otherwise."""
    v = Weights.cat([prepared.pairs.v, act(element, prepared.pairs.v)])
    worst: Failing | None = None
    with compiling():
        other = compiled_subject(prepared)
        for index in range(v.batch):
            one, base = v[[index]], prepared.subject(v[[index]])
            error = float(in_units(other(one) - base, units(v.space, prepared.task.kind, base)).max())
            if error > verdict.FAIL_ERROR and (worst is None or error > worst.error):
                worst = Failing(prepared.subject, one, element, Shown.COMPILED, error, verdict.FAIL_ERROR, State())
    return worst


def _jumping(prepared: Prepared, element: GroupElement, state: State) -> Failing | None:
    """Two inputs on the two sides of a jump."""
    task, least = prepared.task, prepared.controls().least
    size, sides = largest_jump(prepared.subject, task.named.space, task.kind, prepared.seed, least)
    if sides is None:
        return None
    limit = verdict.FAIL_FLOORS * verdict.ROUNDING
    return Failing(prepared.subject, sides[[0]], element, Shown.JUMP, size, limit, state, beyond=sides[[1]])


def _element(example: CounterExample) -> GroupElement:
    return GroupElement.from_json(example.action or {axis: list(images) for axis, images in example.images.items()})


def _prepared(
    architecture: Architecture, cell: Cell, evidence: EquivarianceEvidence, example: CounterExample, bench: Workbench
) -> Prepared:
    task = Task.of(cell)
    if example.widths is not None:
        space = mlp(*example.widths, activation=task.named.space.activation)
        task = replace(task, named=replace(task.named, space=space, zoo=None), input=example.input)
    elif example.sizes is not None:
        space = task.named.space.resized(example.sizes)
        task = replace(task, named=replace(task.named, space=space, zoo=None), input=example.input)
    rules, woken = frozenset(evidence.broken), example.state.woken
    return prepare(architecture, task, cell.seed, bench, [_element(example)], rules, woken)


def _reached(prepared: Prepared, state: State) -> Subject:
    """The network with the parameters of the counter-example.

    Raises:
        CannotReplay: no walk of the check comes there.
    """
    subject = prepared.built()
    if state.place is Reached.INITIALISATION:
        return subject
    if state.place is Reached.OUTPUT_OF_ONE:
        return replace(prepared, task=prepared.task.of_one).built()
    if state.place is Reached.OUTPUT_OF_MANY:
        return replace(prepared, task=prepared.task.of_many).built()
    if state.place is Reached.REDRAW and 1 <= state.count <= DRAWS:
        redraw_(subject.module, prepared.seed + state.count - 1, 1.0)
        return subject
    if state.place is Reached.TRAIN_CALLS and state.count == TRAIN_CALLS:
        trained = after_train_calls(prepared, [])
        if trained is not None:
            return trained
    if state.place is Reached.STEPS:
        v, moments, done = prepared.pairs.v[: max(2, min(BATCH, prepared.pairs.v.batch))], {}, 0
        for count in _counts(state):
            take_steps(subject, v, state.optimiser, state.rate, range(done, count), prepared.seed, moments)
            done = count
        if done == state.count:
            return subject
    raise CannotReplay(f"no way leads to these parameters: {state}")


def _counts(state: State) -> Iterator[int]:
    """The numbers of steps at which a walk of this kind stops, up to the state's own."""
    for optimiser, sign, counts in WALKS:
        if optimiser is state.optimiser and sign * state.rate > 0:
            yield from (count for count in counts if count <= state.count)


def parameters_of(subject: Subject) -> dict[str, torch.Tensor]:
    """Everything that the module keeps in its state, each tensor with memory of its own."""
    state = subject.module.state_dict()
    return {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in state.items()
        if isinstance(tensor, torch.Tensor)
    }
