"""The law of the gradients: where outputs move as declared, gradients move as their duals (protocol.md, section 2).

G(v, c) = gradient of <c, phi(v)> in v        G(g v, g* c) = g* G(v, c), g* the dual of g
the gradient in the parameters is the same at (v, c) and at (g v, g* c)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import torch

from ...core.outcomes import Refusal
from ...plugins.architecture import Equivariant, Invariant
from ...plugins.redraw import real
from ...plugins.subject import PluginRaised, Subject
from ...weights.batch import Weights
from ...weights.element import OutputKind
from ...weights.symmetry import GroupElement, act
from ...weights.units import in_units, law_errors, moved_units, units
from ..applicability import Refused
from . import verdict
from .evidence import Rule, Station, Symptoms
from .law import Law, measure_double
from .prepared import Prepared, Refuse
from .task import Pairs

DUAL = {
    OutputKind.POINT: OutputKind.COVECTOR,
    OutputKind.VECTOR: OutputKind.COVECTOR,
    OutputKind.COVECTOR: OutputKind.VECTOR,
}
"""How what is paired with an output moves."""
SHARE = 1e-3
"""A parameter's unit is at least this share of the largest gradient of all."""

OTHER = 1e-3
"""A gradient further than this from difference quotients is noted: it keeps the law, and may be meant."""
QUOTIENT = 1e-5
"""Half the step of a difference quotient."""


def dual_of(output: Invariant | Equivariant) -> OutputKind | None:
    """How what is paired with an output moves; None for an invariant one."""
    return DUAL[OutputKind(output.kind)] if isinstance(output, Equivariant) else None


def measure_gradients(prepared: Prepared) -> tuple[verdict.Measurement, GroupElement]:
    """In float64, the gradient at v and at gv of every generator and of some draws; floors from one-ulp neighbours of both.

    Raises:
        Refuse: continuity is not claimed, or the output carries no gradient.
    """
    task, subject = prepared.task, prepared.subject
    if not prepared.architecture.traits.continuous:
        raise Refuse(Refused(Refusal.OUTSIDE_DOMAIN, "claims no continuity, so no gradient is asked"))
    controls = prepared.controls()
    pairs = prepared.few()
    probe = with_gradients(pairs.v[:1])
    if not subject.answer(probe).requires_grad:
        raise Refuse(Refused(Refusal.NO_PARAMETERS, "its output carries no gradient in the input"))
    law = measure_double(subject, task, pairs, prepared.rng, prepared.seed, controls.least)
    measured = prepared.measurement(controls, law)
    if verdict.judge(measured).outcome != "pass":
        return prepared.explained(measured, law, controls), law.worst_element
    try:
        found = Gradients(prepared, pairs)
        stations, worst = _stations(found, law)
    except PluginRaised as fault:
        demand_backward(prepared)
        raise _refuse(fault) from fault
    measured = replace(measured, stations=tuple(stations))
    rules = verdict.broken(measured)
    if rules and not prepared.brief:
        seen = Symptoms(backward=found.off_quotients(rules), recorded=found.apart_recorded())
        measured = replace(measured, symptoms=seen)
    elif not rules and not prepared.brief and (off := found.off_quotients({Rule.GRADIENT_IN_INPUT})) > OTHER:
        told = f"the gradient is not that of the values: {off:.1e} of it differs from difference quotients, as after a detach"
        measured = replace(measured, notes=(*measured.notes, told))
    return measured, worst


def demand_backward(prepared: Prepared) -> None:
    """A network that has answered nothing before can go backwards once, whatever it keeps from call to call.

    Raises:
        PluginRaised: it cannot; no row that needs a gradient is excused then.
    """
    subject = prepared.initial()
    shown = with_gradients(prepared.pairs.v[:2])
    trained = [parameter for parameter in subject.module.parameters() if parameter.requires_grad]
    subject.gradients(subject.answer(shown).square().sum(), [*shown.tensors.values(), *trained])


def _stations(found: Gradients, law: Law) -> tuple[list[Station], GroupElement]:
    """The gradient in the input, and in the parameters where there are any."""
    error, worst = found.in_input()
    floor = found.floor()
    own = replace(
        law.station("gradient in the input", Rule.GRADIENT_IN_INPUT),
        error64=error,
        floor64=max(floor, verdict.ROUNDING),
    )
    stations = [own]
    if found.parameters:
        error, floor, name = found.in_parameters()
        stations.append(
            replace(
                law.station("gradient in the parameters", Rule.GRADIENT_IN_PARAMETERS),
                error64=error,
                floor64=max(floor, verdict.ROUNDING),
                parameter=name,
            )
        )
    return stations, worst


def _refuse(fault: PluginRaised) -> Refuse:
    """A probe, as in training: what has no gradient to give is not asked for its law."""
    return Refuse(Refused(Refusal.NO_PARAMETERS, f"no gradient can be taken: {fault}"))


def with_gradients(v: Weights) -> Weights:
    return v.map(lambda tensor: tensor.detach().clone().requires_grad_())


class Gradients:
    """Gradients at v and at g v of one random functional of the output each."""

    def __init__(self, prepared: Prepared, pairs: Pairs):
        self.prepared, self.pairs = prepared, pairs
        self.subject: Subject = prepared.subject
        named = [(name, each) for name, each in self.subject.module.named_parameters() if each.requires_grad]
        self.names, self.parameters = [name for name, _ in named], [each for _, each in named]
        self.v = pairs.v[torch.tensor(pairs.partner)]
        self.images = act(pairs.elements, self.v)
        space, kind = self.v.space, prepared.task.kind
        entries = self.subject(self.v[:1]).shape[1]
        rng = prepared.rng
        functional = torch.from_numpy(rng.standard_normal((self.v.batch, entries)))
        self.functional = functional
        self.dual = (
            functional if kind is None else act(pairs.elements, Weights.from_flat(space, functional), DUAL[kind]).flat()
        )
        self.here = self.gradient(self.v, self.functional)
        self.there = self.gradient(self.images, self.dual)

    def gradient(self, v: Weights, functional: torch.Tensor) -> torch.Tensor:
        """In the input, `[batch, entries]`; a tensor that the output does not read has none."""
        shown = with_gradients(v)
        outputs = self.subject.answer(shown)
        inputs = list(shown.tensors.values())
        found = self.subject.gradients((outputs * functional).sum(), inputs)
        made = [torch.zeros_like(t) if g is None else g for g, t in zip(found, inputs, strict=True)]
        return Weights(v.space, dict(zip(v.space.axes, made, strict=True))).flat().detach().double()

    @property
    def least(self) -> float:
        return SHARE * float(self.here.abs().amax(1).median())

    def in_input(self) -> tuple[float, GroupElement]:
        """The largest error, and its element."""
        each = law_errors(self.v.space, OutputKind.COVECTOR, self.pairs.elements, self.here, self.there, self.least)
        return float(each.max()), self.pairs.elements[int(each.argmax())]

    def floor(self) -> float:
        """How far one ulp of input and parameters moves the gradients at v and at g v."""
        from ...weights.inputs import jittered

        rng, seed, space = self.prepared.rng, self.prepared.seed, self.v.space
        unit = units(space, OutputKind.COVECTOR, self.here, self.least)
        moved = moved_units(space, OutputKind.COVECTOR, self.pairs.elements, unit)
        worst = 0.0
        for number in range(2):
            with self.subject.jittered(seed + number):
                here = self.gradient(jittered(self.v, rng), self.functional)
                there = self.gradient(jittered(self.images, rng), self.dual)
            worst = max(
                worst, float(in_units(here - self.here, unit).max()), float(in_units(there - self.there, moved).max())
            )
        return worst

    def in_parameters(self) -> tuple[float, float, str]:
        """`(error, floor, worst parameter)` of the gradient in the parameters, summed over the pairs, in units of each parameter's largest."""
        from ...weights.inputs import jittered

        here, there = self._of_parameters(self.v, self.functional), self._of_parameters(self.images, self.dual)
        largest = [float(g.abs().max()) for g in here]
        units_ = [max(size, SHARE * max(largest), 1e-300) for size in largest]

        def each(left: list[torch.Tensor], right: list[torch.Tensor]) -> list[float]:
            return [float((a - b).abs().max()) / unit for a, b, unit in zip(left, right, units_, strict=True)]

        def apart(left: list[torch.Tensor], right: list[torch.Tensor]) -> float:
            return max(each(left, right))

        rng, floor = self.prepared.rng, 0.0
        for number in range(2):
            with self.subject.jittered(self.prepared.seed + number):
                floor = max(floor, apart(self._of_parameters(jittered(self.v, rng), self.functional), here))
                floor = max(floor, apart(self._of_parameters(jittered(self.images, rng), self.dual), there))
        errors = each(here, there)
        return max(errors), floor, self.names[errors.index(max(errors))]

    def apart_recorded(self) -> float:
        """How far the values that are differentiated are from those without gradients."""
        plain, shown = self.subject(self.v), self.subject.answer(with_gradients(self.v)).detach().double()
        return float(in_units(shown - plain, units(self.v.space, self.prepared.task.kind, plain)).max())

    def off_quotients(self, rules: Collection[Rule]) -> float:
        """By how much of itself the gradient differs from central difference quotients of the outputs: medians, so that kinks do not count."""
        v, functional, rng = self.v, self.functional, self.prepared.rng
        found = [0.0]
        if Rule.GRADIENT_IN_INPUT in rules:
            direction = torch.from_numpy(rng.standard_normal(tuple(v.flat().shape)))
            ahead, behind = (
                (
                    self.subject(Weights.from_flat(v.space, v.flat() + step * direction).map(torch.Tensor.contiguous))
                    * functional
                ).sum(1)
                for step in (QUOTIENT, -QUOTIENT)
            )
            told = (self.here * direction).sum(1)
            off = ((ahead - behind) / (2 * QUOTIENT) - told).abs() / self.here.norm(dim=1).clamp(min=1e-300)
            found.append(float(off.median()))
        if Rule.GRADIENT_IN_PARAMETERS in rules:
            gradients = self._of_parameters(v, functional)
            size = max(float(sum(real(g).square().sum() for g in gradients)) ** 0.5, 1e-300)
            off = [abs(self._along_parameters(gradients)) / size for _ in range(3)]
            found.append(sorted(off)[1])
        return max(found)

    def _along_parameters(self, gradients: list[torch.Tensor]) -> float:
        """A quotient along one random direction of the parameters, less what the gradient says of it."""
        rng = self.prepared.rng
        directions = [torch.from_numpy(rng.standard_normal(tuple(g.shape))).to(g) for g in gradients]
        kept, sums = [each.detach().clone() for each in self.parameters], []
        with torch.no_grad():
            for step in (QUOTIENT, -QUOTIENT):
                for parameter, before, direction in zip(self.parameters, kept, directions, strict=True):
                    parameter.copy_(before + step * direction)
                sums.append(float((self.subject(self.v) * self.functional).sum()))
            for parameter, before in zip(self.parameters, kept, strict=True):
                parameter.copy_(before)
        told = sum(float((g.conj() * d).real.sum()) for g, d in zip(gradients, directions, strict=True))
        return (sums[0] - sums[1]) / (2 * QUOTIENT) - told

    def _of_parameters(self, v: Weights, functional: torch.Tensor) -> list[torch.Tensor]:
        outputs = self.subject.answer(v)
        if not outputs.requires_grad:
            return [torch.zeros_like(each) for each in self.parameters]
        found = self.subject.gradients((outputs * functional).sum(), self.parameters)
        return [
            torch.zeros_like(each) if g is None else g.detach() for g, each in zip(found, self.parameters, strict=True)
        ]
