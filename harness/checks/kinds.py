"""Check kinds: what a kind of check declares, and the registry that extensions add to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..core.cell import WEIGHTS, Cell
from ..core.evidence import Evidence
from ..core.parameters import Parameters
from ..core.registry import Registry, demand_signature
from ..core.result import Judgement
from ..learning.workbench import Workbench
from ..plugins.architecture import Architecture, Unsupported
from ..weights.space import NamedSpace
from .applicability import unsupported
from .stored import Stored

TIME_LIMIT = 120.0
"""Seconds that one row may take unless its kind or the user says otherwise."""
ARCHITECTURE = "architecture"

Resolve = Callable[[Any, Mapping[str, NamedSpace]], dict[str, Any]]


@dataclass(frozen=True)
class CheckKind:
    """A kind of check.

    Args:
        name: as suites name it.
        title: one line for `orbitcheck list checks`.
        parameters: the model of what a suite may say under the check beside `id`, `kind`, `claim` and `title`.
        resolve: `(parameters, spaces) -> plain JSON` with every named space written out; raises `SuiteValueError` for
            values that are well typed but impossible. No torch.
        cases: the case names at resolved parameters, in order. No torch.
        evidence: what a row of this kind holds, a frozen dataclass of plain data.
        measurement: `module:function` of what measures and judges one cell, `(cell, architecture, bench) -> Judgement`; text, so
            that planning imports no torch. It may raise `Unsupported` (the row does not apply) and `PluginFault` (an error).
        subject: `ARCHITECTURE`, a row for each case and architecture; or `WEIGHTS`, one row a case, since the check reads no
            architecture; the measurement is then given one that cannot be built.
        time_limit: `(resolved parameters) -> seconds` after which a row counts as hung, unless the user says otherwise.
        needs: `(resolved parameters) -> the zoos that the rows read`, as `zoo` or `zoo/group`; they are trained before any row, since
            no row has the time for it. No torch.
        rejudge: `stored -> judgement`: the verdict on stored evidence, and the evidence with all in it that is derived derived again;
            None for evidence that says nothing by itself. A kind without it is measured only, to `verify`. No torch.
        refusal: `module:function`, `(resolved parameters) -> why no row can be measured, or None`, of what only drawn weights tell; a run
            asks it before any row, and measures nothing if there is a reason. Empty for none.
    """

    name: str
    title: str
    parameters: type[Parameters]
    resolve: Resolve
    cases: Callable[[Mapping[str, Any]], tuple[str, ...]]
    evidence: type[Evidence]
    measurement: str
    subject: str = ARCHITECTURE
    time_limit: Callable[[Mapping[str, Any]], float] = lambda parameters: TIME_LIMIT
    needs: Callable[[Mapping[str, Any]], Iterable[str]] = lambda parameters: ()
    rejudge: Callable[[Stored], Judgement | None] | None = None
    refusal: str = ""

    def __post_init__(self) -> None:
        if self.subject not in (ARCHITECTURE, WEIGHTS):
            raise ValueError(f"check kind {self.name}: subject {self.subject!r}; allowed: {ARCHITECTURE}, {WEIGHTS}")
        for what, text in (("measurement", self.measurement), ("refusal", self.refusal or self.measurement)):
            if not re.fullmatch(r"[\w.]+:\w+", text):
                raise ValueError(f"check kind {self.name}: {what} {text!r} does not read as module:function")

    def evaluate(self, cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
        """Measure and judge one cell; imports the measurement, and torch with it. A task that the plug-in refuses does not apply."""
        module, _, function = self.measurement.partition(":")
        try:
            return getattr(import_module(module), function)(cell, architecture, bench)
        except Unsupported as reason:
            return unsupported(reason).judgement()

    def refused(self, parameters: Mapping[str, Any]) -> str | None:
        """Why no row of a check can be measured, or None; imports torch where the kind asks weights."""
        if not self.refusal:
            return None
        module, _, function = self.refusal.partition(":")
        return getattr(import_module(module), function)(parameters)


CHECK_KINDS: Registry[CheckKind] = Registry("check kind")


def check_kind(
    name: str,
    title: str,
    *,
    parameters: type[Parameters],
    resolve: Resolve,
    cases: Callable[[Mapping[str, Any]], tuple[str, ...]],
    evidence: type[Evidence],
    measurement: str,
    **settings: Any,
) -> CheckKind:
    """Register a check kind; `settings` are the rest of `CheckKind`.

    Raises:
        DuplicateName: a kind of that name is there.
        ValueError: a subject or a measurement that makes no sense.
        WrongSignature: a function does not take what it will be given.
    """
    kind = CheckKind(name, title, parameters, resolve, cases, evidence, measurement, **settings)
    demand_signature(f'check kind "{name}"', resolve, "parameters, spaces")
    demand_signature(f'check kind "{name}"', cases, "parameters")
    demand_signature(f'check kind "{name}"', kind.time_limit, "parameters")
    CHECK_KINDS.add(name, kind)
    return kind
