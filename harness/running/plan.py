"""Suites x architectures -> cells; pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.cell import Cell
from ..language.rows import asked
from ..language.suite import Suite
from ..plugins.discovery import ArchitectureName


def plan(suites: Sequence[Suite], architectures: Sequence[ArchitectureName]) -> list[Cell]:
    """Every row that the suites declare, in the order of suites, checks, cases and architectures.

    An architecture that is named twice counts once. A check that reads weights alone has one row a case, whatever is named.
    """
    names = list(dict.fromkeys(map(str, architectures)))
    return [
        Cell(suite.name, one.check.id, one.check.kind, one.check.parameters, case, one.check.claim, name)
        for suite in suites
        for one in asked(suite, names)
        for case in one.check.cases
        for name in one.architectures
    ]
