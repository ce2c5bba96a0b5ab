"""Check kinds: a registry, so that a stranger can add one without a fork."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..architecture import Architecture
from ..cell import Cell
from ..parameters import Parameters, SuiteValueError, parse_parameters
from ..registry import Registry
from ..result import Judgement
from ..space import NamedSpace
from ..workbench import Workbench

TIME_LIMIT = 120.0
"""Seconds that one row may take unless its kind or the user says otherwise."""

__all__ = ["CHECK_KINDS", "TIME_LIMIT", "CheckKind", "NamedSpace", "Parameters", "SuiteValueError", "parse_parameters"]


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
        time_limit: `(resolved parameters) -> seconds` after which a row counts as hung, unless the user says otherwise.
    """

    name: str
    title: str
    parameters: type[Parameters]
    resolve: Callable[[Any, Mapping[str, NamedSpace]], dict[str, Any]]
    cases: Callable[[Mapping[str, Any]], tuple[str, ...]]
    evaluate: Callable[[Cell, Architecture, Workbench], Judgement]
    time_limit: Callable[[Mapping[str, Any]], float] = lambda parameters: TIME_LIMIT


CHECK_KINDS: Registry[CheckKind] = Registry("check kind")
