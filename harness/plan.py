"""Suites x architectures -> cells; pure."""

from __future__ import annotations

from collections.abc import Sequence

from .cell import WEIGHTS, Cell
from .checks import CHECK_KINDS
from .discovery import ArchitectureName
from .suite import Suite


def plan(suites: Sequence[Suite], architectures: Sequence[ArchitectureName]) -> list[Cell]:
    """Every row that the suites declare, in the order of suites, checks, cases and architectures.

    An architecture that is named twice counts once. A check that reads weights alone has one row a case, whatever is named.
    """
    names = list(dict.fromkeys(map(str, architectures)))
    return [
        Cell(suite.name, check.id, check.kind, check.parameters, case, check.claim, name)
        for suite in suites
        for check in suite.checks
        for case in check.cases
        for name in ([WEIGHTS] if CHECK_KINDS[check.kind].subject == WEIGHTS else names)
    ]
