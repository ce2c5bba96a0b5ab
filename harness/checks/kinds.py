"""Check kinds: a registry, so that a stranger can add one without a fork."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..architecture import Architecture
from ..cell import WEIGHTS, Cell
from ..parameters import Parameters, SuiteValueError, parse_parameters
from ..registry import Registry
from ..result import Judgement
from ..space import NamedSpace
from ..workbench import Workbench

TIME_LIMIT = 120.0
"""Seconds that one row may take unless its kind or the user says otherwise."""
ARCHITECTURE = "architecture"

__all__ = [
    "ARCHITECTURE",
    "CHECK_KINDS",
    "TIME_LIMIT",
    "WEIGHTS",
    "CheckKind",
    "NamedSpace",
    "Parameters",
    "SuiteValueError",
    "parse_parameters",
]


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
        evaluate: measures and judges one cell. May import torch when called, not before.
        subject: `ARCHITECTURE`, a row for each case and architecture; or `WEIGHTS`, one row a case, since the check reads no
            architecture; `evaluate` is then given one that cannot be built.
        time_limit: `(resolved parameters) -> seconds` after which a row counts as hung, unless the user says otherwise.
    """

    name: str
    title: str
    parameters: type[Parameters]
    resolve: Callable[[Any, Mapping[str, NamedSpace]], dict[str, Any]]
    cases: Callable[[Mapping[str, Any]], tuple[str, ...]]
    evaluate: Callable[[Cell, Architecture, Workbench], Judgement]
    subject: str = ARCHITECTURE
    time_limit: Callable[[Mapping[str, Any]], float] = lambda parameters: TIME_LIMIT

    def __post_init__(self) -> None:
        if self.subject not in (ARCHITECTURE, WEIGHTS):
            raise ValueError(f"check kind {self.name}: subject {self.subject!r}; allowed: {ARCHITECTURE}, {WEIGHTS}")


CHECK_KINDS: Registry[CheckKind] = Registry("check kind")
