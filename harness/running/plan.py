"""Suites x architectures -> cells; pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..checks import CHECK_KINDS
from ..core.cell import WEIGHTS, Cell
from ..language.suite import Check, Suite
from ..plugins.discovery import ArchitectureName, parse_name


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
        for name in ([WEIGHTS] if CHECK_KINDS[check.kind].subject == WEIGHTS else asked(suite, check, names))
    ]


def asked(suite: Suite, check: Check, names: Sequence[str]) -> list[str]:
    """Those of `names` that a check is asked of: what it costs may leave out some of the suite's own, never a user's."""
    own, chosen = ({str(parse_name(text)) for text in listed} for listed in (suite.architectures, check.architectures))
    return [name for name in names if not chosen or name in chosen or name not in own]
