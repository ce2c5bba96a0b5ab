"""The rows that a suite declares, as checks and the architectures that each is asked of; and patterns that speak of none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..checks import CHECK_KINDS
from ..checks.kinds import CheckKind
from ..core.cell import WEIGHTS
from ..core.patterns import RowPattern, fits, fits_architecture
from ..core.registry import Registry, did_you_mean
from ..plugins.discovery import ArchitectureName, installed, parse_name
from .suite import Check, Conclusion, Suite

LISTED = 12
"""Cases that an error lists where none is near."""


@dataclass(frozen=True)
class Asked:
    """One check and the architectures that it is asked of: a row for each of its cases and each of them."""

    check: Check
    architectures: tuple[str, ...]


def asked(suite: Suite, names: Sequence[str], kinds: Registry[CheckKind] = CHECK_KINDS) -> list[Asked]:
    """Every check of the suite with those of `names` that it is asked of; a check that reads weights alone is asked of `WEIGHTS`."""
    return [
        Asked(check, (WEIGHTS,) if kinds[check.kind].subject == WEIGHTS else _asked_of(suite, check, names))
        for check in suite.checks
    ]


def _asked_of(suite: Suite, check: Check, names: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` that a check is asked of: what it costs may leave out some of the suite's own, never a user's."""
    own, chosen = ({str(parse_name(text)) for text in listed} for listed in (suite.architectures, check.architectures))
    return tuple(name for name in names if not chosen or name in chosen or name not in own)


def all_asked(
    suite: Suite, given: Iterable[ArchitectureName] = (), kinds: Registry[CheckKind] = CHECK_KINDS
) -> list[Asked]:
    """What the suite asks of every architecture that is installed, that it names itself, or that is given to the run."""
    names = [*installed(), *(str(parse_name(text)) for text in suite.architectures), *map(str, given)]
    return asked(suite, list(dict.fromkeys(names)), kinds)


def unmet(pattern: RowPattern, plan: Sequence[Asked]) -> tuple[str, str] | None:
    """The part of a pattern (`architecture`, `check` or `case`) that leaves it without a row, and why; None if it has one."""
    meant = [one for one in plan if any(fits_architecture(pattern.architecture, name) for name in one.architectures)]
    if not meant:
        return "architecture", _no_architecture(pattern.architecture, plan)
    named = [one for one in meant if fits(pattern.check, one.check.id)]
    if not named:
        ids = [one.check.id for one in meant]
        known = any(fits(pattern.check, one.check.id) for one in plan)
        whom = f' that is asked of "{pattern.architecture}"' if known else ""
        return "check", f'"{pattern.check}" matches no check{whom}{did_you_mean(pattern.check, ids)}'
    if not any(fits(pattern.case, case) for one in named for case in one.check.cases):
        cases = list(dict.fromkeys(case for one in named for case in one.check.cases))
        near = did_you_mean(pattern.case, cases, LISTED)
        return "case", f'"{pattern.case}" matches no case of "{pattern.check}"{near}'
    return None


def unread(conclusion: Conclusion, plan: Sequence[Asked]) -> list[tuple[tuple[str, int], str]]:
    """The entries of a conclusion's two lists that add no row to it, each with why."""
    architectures, checks = tuple(enumerate(conclusion.architectures)), tuple(enumerate(conclusion.checks))
    alone = [
        *((("architectures", number), unmet(RowPattern(name, "*", "*"), plan)) for number, name in architectures),
        *((("checks", number), unmet(RowPattern("*", check, "*"), plan)) for number, check in checks),
    ]
    wrong = [(place, miss[1]) for place, miss in alone if miss]
    lonely = {
        (name, check) for _, name in architectures for _, check in checks if unmet(RowPattern(name, check, "*"), plan)
    }
    return wrong or [
        *(
            (("architectures", number), f'"{name}" is asked none of the checks of this conclusion')
            for number, name in architectures
            if all((name, check) in lonely for _, check in checks)
        ),
        *(
            (("checks", number), f'"{check}" is asked of none of the architectures of this conclusion')
            for number, check in checks
            if all((name, check) in lonely for _, name in architectures)
        ),
    ]


def _no_architecture(pattern: str, plan: Sequence[Asked]) -> str:
    names = list(dict.fromkeys(name for one in plan for name in one.architectures))
    reference, options, _ = pattern.partition("[")
    said = f'"{pattern}" matches no architecture that is installed, named by the suite or given to the run'
    if options and any(fits(reference, name) for name in names):
        return f'{said}; "{reference}" is there without these options'
    if any(fits(pattern, one.check.id) for one in plan):
        return f'{said}; it is a check: as a pattern of rows "* / {pattern}"'
    name, slash, rest = pattern.partition("/")
    if slash and any(fits_architecture(name, known) for known in names):
        return f'{said}; parts of a pattern of rows stand apart by spaces: "{name} / {rest}"'
    return f"{said}{did_you_mean(pattern, names)}"
