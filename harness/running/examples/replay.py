"""A counter-example measured again, with the network in the state that breaks the law, ready to be shown or looked into.

Law: what is given back breaks what the row's evidence says is broken, with one weight vector and one element; if no such thing is
found any more, that is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from ...checks.equivariance import verdict
from ...checks.equivariance.calls import TRAIN_CALLS, after_train_calls, spread_out, transposed, with_recording
from ...checks.equivariance.evidence import CounterExample, EquivarianceEvidence, Rule
from ...checks.equivariance.parameters import BATCH, DRAWS, RATE, WALKS, take_steps
from ...checks.equivariance.prepared import Prepared, prepare
from ...checks.equivariance.task import Task
from ...core.cell import Cell
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture
from ...plugins.redraw import redraw_
from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.space import mlp
from ...weights.symmetry import GroupElement, act
from ...weights.units import in_units, moved, moved_units, units

SHOWN = {
    Rule.LAW: "law",
    Rule.LAW_IN_FLOAT32: "law",
    Rule.LAW_AFTER_STEPS: "law",
    Rule.LAW_AT_REDRAW: "law",
    Rule.LAW_AFTER_TRAIN_CALLS: "law",
    Rule.GRADIENTS_RECORDED: "gradients",
    Rule.STRIDED_INPUT: "strided",
}
"""Rules that one weight vector can show, and by which comparison."""


class CannotReplay(Exception):
    """The row has no counter-example that can be shown by itself; the message says why."""


@dataclass(frozen=True)
class Failing:
    """A network, a weight vector and an element that break the law.

    Args:
        subject: in the state that breaks it, in the precision that shows it.
        v: one weight vector.
        compared: "law" (`phi(g v)` with `g phi(v)`), "gradients" (recorded or not) or "strided" (input in other memory).
        error: in the units of the output.
        limit: the row would not have failed at less.
        reached: how the parameters came to be; empty for the initialisation.
    """

    subject: Subject
    v: Weights
    element: GroupElement
    compared: str
    error: float
    limit: float
    reached: str


def replayed(architecture: Architecture, cell: Cell, evidence: EquivarianceEvidence, bench: Workbench) -> Failing:
    """The counter-example of a failed row.

    Raises:
        CannotReplay: the row has none, or it is not one of a single weight vector, or it does not fail any more.
        Unsupported, PluginFault, NotCarried, Refuse: as `prepare` does.
    """
    example = evidence.counterexample
    if example is None:
        raise CannotReplay("the row has no counter-example")
    compared = {SHOWN[rule] for rule in evidence.broken if rule in SHOWN}
    if not compared:
        broken = ", ".join(evidence.broken) or "nothing"
        raise CannotReplay(f"what is broken ({broken}) takes more than one weight vector to show")
    prepared = _prepared(architecture, cell, evidence, example, bench)
    element = _element(example)
    worst: Failing | None = None
    for how in sorted(compared):
        for subject in _states(prepared, example.reached):
            for single in (False, True):
                if single:
                    subject.lower_()
                for index in range(prepared.pairs.v.batch):
                    v = prepared.pairs.v[[index]]
                    error = error_of(subject, v, element, how)
                    limit = verdict.FAIL_ERROR * (verdict.SINGLE if single else 1)
                    if error > limit and (worst is None or error > worst.error):
                        worst = Failing(subject, v, element, how, error, limit, example.reached)
                if worst is not None:
                    return worst
    raise CannotReplay("the counter-example does not fail with one weight vector alone")


def error_of(subject: Subject, v: Weights, element: GroupElement, compared: str) -> float:
    """By how much the two outputs that are compared differ, in the units of the output; infinite where a call fails."""
    kind = getattr(subject.output, "kind", None)
    base = subject(v)
    unit = units(v.space, kind, base)
    try:
        if compared == "gradients":
            return max(float(in_units(found - base, unit).max()) for found in with_recording(subject, v, []))
        if compared == "strided":
            return max(
                float(in_units(subject(v.map(layout)) - base, unit).max()) for layout in (transposed, spread_out)
            )
        image = subject(act(element, v))
    except PluginFault:
        return float("inf")
    expected = moved(v.space, kind, element, base)
    return float(in_units(image - expected, moved_units(v.space, kind, element, unit)).max())


def _element(example: CounterExample) -> GroupElement:
    return GroupElement.from_json(example.action or {axis: list(images) for axis, images in example.images.items()})


def _prepared(
    architecture: Architecture, cell: Cell, evidence: EquivarianceEvidence, example: CounterExample, bench: Workbench
) -> Prepared:
    task = Task.of(cell)
    if example.widths is not None:
        space = mlp(*example.widths, activation=task.named.space.activation)
        task = replace(task, named=replace(task.named, space=space, zoo=None), input=example.input)
    return prepare(architecture, task, cell.seed, bench, [_element(example)], frozenset(evidence.broken))


def _states(prepared: Prepared, reached: str) -> Iterator[Subject]:
    """The network as the counter-example had it; all ways there, where the words name none that is known."""
    if not reached:
        yield prepared.built()
        return
    v = prepared.pairs.v[: max(2, min(BATCH, prepared.pairs.v.batch))]
    for optimiser, sign, counts in WALKS:
        subject, state, done = prepared.built(), {}, 0
        for count in counts:
            take_steps(subject, v, optimiser, sign * RATE, range(done, count), prepared.seed, state)
            done = count
            if reached == f"{count} steps of {optimiser}, rate {sign * RATE:g}":
                yield subject
                return
    for draw in range(DRAWS):
        if reached == f"draw {draw + 1}":
            subject = prepared.built()
            redraw_(subject.module, prepared.seed + draw, 1.0)
            yield subject
            return
    if reached == f"{TRAIN_CALLS} calls in train mode":
        subject = after_train_calls(prepared, [])
        if subject is not None:
            yield subject


def parameters_of(subject: Subject) -> dict[str, torch.Tensor]:
    """Everything that the module keeps in its state, each tensor with memory of its own."""
    state = subject.module.state_dict()
    return {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in state.items()
        if isinstance(tensor, torch.Tensor)
    }
