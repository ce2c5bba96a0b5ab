"""The same answer however the network is called (protocol.md, section 2)."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ...core.outcomes import Refusal
from ...learning.compiling import compiled, compiler, compiling
from ...plugins.architecture import Unsupported
from ...plugins.subject import NonFinite, PluginFault, PluginRaised, Subject
from ...weights.batch import Weights
from ...weights.inputs import constructed
from ...weights.symmetry import GroupElement
from ...weights.units import in_units, units
from ..applicability import Refused
from . import verdict
from .controls import FEW, least_controls, random_state
from .evidence import Reached, Rule, State, Symptoms
from .gradients import with_gradients
from .law import law_errors, measure_double
from .prepared import Prepared, Refuse, Walk

CALLS = 100
"""Calls at a batch of one, each on other values in memory that was freed before: each must agree with the answer in a batch."""
BATCHES = (3, 64, 512)
"""Sizes of batches beside one, which every law row asks; and those of the space's axes, by which a batch is taken for neurons."""
FEW_CALLS, FEW_BATCHES = 12, (3, 9)
"""Of a space that is asked beside the row's own."""
NARROW = 8
"""Widths up to which the largest batch is asked."""
TRAIN_CALLS, TRAIN_BATCH = 3, 8
SHARE = 4
"""No call is made that would take more than this part of a worker's memory."""


def measure_calls(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """The law and its controls, then every other way of calling; the first that changes the answer ends the row."""
    subject, task = prepared.subject, prepared.task
    controls = prepared.controls()
    pairs = prepared.few()
    law = measure_double(subject, task, pairs, prepared.rng, prepared.seed, controls.least)
    measured = prepared.measurement(controls, law)
    if verdict.judge(measured).outcome != "pass":
        return prepared.explained(measured, law, controls), law.worst_element
    v = pairs.v[:FEW]
    base = subject(v)
    unit = units(v.space, task.kind, base, controls.least)
    count = FEW_CALLS if task.few else CALLS
    others = constructed("generic", v.space, count, np.random.default_rng([prepared.seed, CALLS]))
    of_others = subject(others)
    notes: list[str] = []
    before = numbers_of(subject)
    odd: list[tuple[int, torch.Tensor]] = []

    def apart(found: torch.Tensor, where: slice = slice(None)) -> float:
        return float(in_units(found - base[where], unit[where]).max())

    def recorded() -> float:
        return max(apart(found) for found in with_recording(subject, v, notes))

    def strided() -> float | None:
        worst = 0.0
        for layout in (transposed, spread_out):
            try:
                worst = max(worst, apart(subject(v.map(layout))))
            except (NonFinite, PluginRaised) as refused:
                if isinstance(refused, NonFinite):
                    return float("inf")
                notes.append(f"strided inputs are refused: {refused}")
                return None
        return worst

    def sizes() -> float:
        worst = 0.0
        for size in FEW_BATCHES if task.few else batch_sizes(subject, v, notes):
            rng = prepared.rng if size in BATCHES else np.random.default_rng([prepared.seed, size])
            more = constructed("generic", v.space, size - v.batch, rng) if size > v.batch else None
            shown = Weights.cat([more, v]) if more is not None else v[:size]
            found = subject(shown)
            worst = max(worst, apart(found[-v.batch :]) if more is not None else apart(found, slice(0, size)))
        return worst

    def many() -> float:
        # One input after the other in the same tensors: what is kept by an address or an id is met again, whatever the allocator does.
        place, answers = others[[0]].clone(), []
        for number in range(count):
            for name, tensor in place.items():
                tensor.copy_(others.tensors[name][[number]])
            answers.append(subject(place))
        found = torch.cat(answers)
        each = in_units(found - of_others, units(v.space, task.kind, of_others, controls.least))
        odd.append((int(each.argmax()), found[[int(each.argmax())]]))
        return float(each.max())

    def worn() -> Symptoms | None:
        """How far the worst of the hundred answers, and the batch's, are from those of fresh copies of the network."""
        if prepared.brief:
            return None
        number, answer = odd[0]
        with random_state(prepared.seed):
            alone = prepared.built()(others[[number]])
            together = prepared.built()(others)
        unit = units(v.space, task.kind, of_others, controls.least)
        apart_alone = in_units(answer - alone, unit[[number]])
        return Symptoms(seeded=max(float(apart_alone.max()), float(in_units(of_others - together, unit).max())))

    # The hundred calls come first: they meet for certain what the others meet where the allocator hands out a place again.
    for rule, ask in (
        (Rule.MANY_CALLS, many),
        (Rule.GRADIENTS_RECORDED, recorded),
        (Rule.STRIDED_INPUT, strided),
        (Rule.BATCH_SIZE, sizes),
    ):
        value = ask()
        if value is None:
            continue
        measured = replace(measured, properties={**measured.properties, rule: value})
        if verdict.broken(measured):
            symptoms = worn() if rule is Rule.MANY_CALLS else None
            return replace(measured, symptoms=symptoms, notes=(*measured.notes, *notes)), law.worst_element
    changed = sorted(name for name, value in numbers_of(subject).items() if value != before.get(name, value))
    if changed:
        notes.append(f"calls change {', '.join(changed)}: what more of them would bring is not asked")
    walk = Walk(prepared, controls, pairs, notes=notes)
    trained = after_train_calls(prepared, notes)
    if trained is not None:
        walk.ask(trained, State(Reached.TRAIN_CALLS, TRAIN_CALLS), Rule.LAW_AFTER_TRAIN_CALLS, single=False)
    if not task.few:
        ask_of_sizes(walk)
    return walk.measurement(measured), walk.worst or law.worst_element


def ask_of_sizes(walk: Walk) -> None:
    """The law of the network with an output of one number or channel, and of many, for which special cases are written; a note where one
    is not served."""
    task = walk.prepared.task
    for sized, what, place, rule in (
        (task.of_one, "size one", Reached.OUTPUT_OF_ONE, Rule.LAW_AT_ONE),
        (task.of_many, "many numbers", Reached.OUTPUT_OF_MANY, Rule.LAW_AT_MANY),
    ):
        if walk.worst:
            return
        other = replace(walk.prepared, task=sized)
        try:
            subject = other.built()
        except Unsupported as refused:
            walk.notes.append(f"outputs of {what} are refused: {refused}")
            continue
        of_size = Walk(other, least_controls(subject, other.mates), walk.pairs, walk.stations, walk.notes)
        of_size.ask(subject, State(place, 1), rule, single=False)
        walk.symptoms, walk.worst = of_size.symptoms, of_size.worst


def measure_compiled(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """The law of the network itself, its floors, and at the same weight vectors, in one call of one shape, what it answers compiled.

    Raises:
        Refuse: there is no C++ compiler.
        PluginRaised: the graph cannot be compiled; the message's first line is kept.
    """
    if compiler() is None:
        why = "torch.compile needs a C++ compiler (CXX, g++ or clang++), and there is none"
        raise Refuse(Refused(Refusal.NO_COMPILER, why))
    task, controls, pairs = prepared.task, prepared.controls(), prepared.few()
    law = measure_double(prepared.subject, task, pairs, prepared.rng, prepared.seed, controls.least)
    measured = prepared.measurement(controls, law)
    if verdict.judge(measured).outcome != "pass":
        return prepared.explained(measured, law, controls), law.worst_element
    with compiling():
        found = law_errors(compiled_subject(prepared), task, law.pairs, controls.least)
    apart = max(
        float(in_units(found.base - law.double.base, law.double.unit).max()),
        float(in_units(found.images - law.double.images, law.double.moved_unit).max()),
    )
    broken = replace(law, double=found)
    measured = replace(
        measured,
        properties={**measured.properties, Rule.COMPILED_ANSWER: apart},
        stations=(broken.station("compiled", Rule.LAW_COMPILED),),
    )
    return measured, broken.worst_element


def compiled_subject(prepared: Prepared) -> Subject:
    """The network at its initialisation, compiled at its first call."""
    subject = prepared.built()
    subject.module = compiled(subject.module)
    return subject


def with_recording(subject: Subject, v: Weights, notes: list[str]) -> list[torch.Tensor]:
    """Answers with gradients recorded: of the parameters alone, and of the input too where that is not refused.

    Raises:
        PluginFault: the call raised with gradients of the parameters alone, or an answer breaks the contract.
    """
    found = [subject(v, gradients=True)]
    try:
        wanted = subject.answer(with_gradients(v.to(subject.dtype).to(subject.bench.device)))
    except PluginRaised as refused:
        notes.append(f"inputs that require a gradient are refused: {refused}")
        return found
    return [*found, wanted.detach().to("cpu", torch.float64)]


def transposed(tensor: torch.Tensor) -> torch.Tensor:
    """The same values, the last axes first in memory."""
    order = list(range(tensor.ndim))[::-1]
    return tensor.permute(order).contiguous().permute(order)


def spread_out(tensor: torch.Tensor) -> torch.Tensor:
    """The same values, every second place of a longer memory, from its third place on."""
    memory = torch.full((2 * tensor.numel() + 2,), 1e3, dtype=tensor.dtype)
    view = memory[2:].view(*tensor.shape, 2)[..., 0]
    view.copy_(tensor)
    return view


def after_train_calls(prepared: Prepared, notes: list[str]) -> Subject | None:
    """The network in eval mode after calls in train mode on ordinary inputs; None where it does not run there."""
    subject = prepared.built()
    v = constructed("generic", prepared.task.named.space, TRAIN_BATCH, prepared.rng)
    with random_state(prepared.seed):
        subject.module.train()
        try:
            for _ in range(TRAIN_CALLS):
                subject(v)
        except PluginFault as fault:
            notes.append(f"train mode is not asked: {fault}")
            return None
    subject.module.train(prepared.task.mode == "train")
    if not all(bool(torch.isfinite(buffer).all()) for buffer in subject.module.buffers() if buffer.is_floating_point()):
        notes.append("train mode is not asked: it leaves buffers that are not finite")
        return None
    return subject


def numbers_of(subject: Subject) -> dict[str, int | float]:
    """The numbers that the network's modules keep of their own, buffers of one entry among them, by their names: a counter is one."""
    found: dict[str, int | float] = {}
    for prefix, module in subject.module.named_modules():
        own = {**vars(module), **dict(module.named_buffers(recurse=False))}
        for name, value in own.items():
            if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
                value = value.item()
            if isinstance(value, int | float) and not isinstance(value, bool):
                found[f"{prefix}.{name}".lstrip(".")] = value
    return found


def batch_sizes(subject: Subject, v: Weights, notes: list[str]) -> list[int]:
    """The sizes to ask: the largest one for narrow spaces alone, and none that would not fit."""
    axes = {size for _, size in v.space.sizes}
    fixed = [size for size in BATCHES if not (max(axes) > NARROW and size == BATCHES[-1])]
    asked = [*fixed, *sorted(size for size in axes if 1 < size < BATCHES[1] and size not in fixed)]
    most = memory_share() // max(bytes_each(subject, v), 1)
    fitting = [size for size in asked if size <= most]
    if len(fitting) < len(asked):
        fitting = sorted({*fitting, max(1, most)})
        notes.append(f"batches up to {fitting[-1]} alone: a larger one would not fit a quarter of the memory")
    return fitting


def memory_share() -> int:
    """Bytes that one call may take: a quarter of a worker's part of the memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (os.cpu_count() or 1) // SHARE


def bytes_each(subject: Subject, v: Weights) -> int:
    """Bytes of all tensors that a call makes for one weight vector: more than live at one time."""
    with _Bytes() as counted:
        subject(v)
    return counted.bytes // v.batch


class _Bytes(TorchDispatchMode):
    """Adds up the bytes of every tensor that is made inside."""

    bytes = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False: else torch imports its compiler at the first call here, for two processor seconds of every process."""
        return False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, torch.Tensor):
                self.bytes += tensor.numel() * tensor.element_size()
        return made
