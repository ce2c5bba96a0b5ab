"""Which row follows from which: one root, and its echoes under it; pure functions of the rows.

Eight kinds of consequence, each read off what the rows hold as data:

| row | follows from |
|---|---|
| an exception | the first row of the architecture whose exception has the same type and place |
| a broken contract | the first that breaks the same part of it, for the same output |
| a plug-in that did not load | the first of its rows |
| a row that was not run | the first of its architecture and check whose process was lost |
| a refused shape | the first that was refused of the same output and kind of space |
| a broken law | the first row of the same output that breaks the same rules for the same cause |
| a constant output (`vacuous`) | the first of the same output |
| a failed control (`invalid`) | the first law of an invariant output that is broken, else of any |

A root is red or a failure that is declared, and follows from nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from ..checks.equivariance.evidence import EquivarianceEvidence
from ..core.outcomes import Fault, Outcome, Refusal
from ..core.result import Result

SERVED = (Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED, Outcome.OBSERVED)
"""Outcomes of rows for which the plug-in built a network."""


def hold_to_shapes(rows: Sequence[Result]) -> list[Result]:
    """The rows, in which a shape that is refused though another of the same output and kind of space is served is an error.

    One that serves some shapes and not others owes it to its reader to say which (`shapes=`): else any case that it would fail
    could be taken out of the question.
    """
    served = {
        (row.architecture, row.asked.output, row.asked.family): row.asked.space
        for row in reversed(rows)
        if row.asked and row.outcome in SERVED
    }
    return [_held(row, served) for row in rows]


def _held(row: Result, served: Mapping[tuple[str, str, str], str]) -> Result:
    if row.refusal is not Refusal.UNSUPPORTED or row.asked is None:
        return row
    other = served.get((row.architecture, row.asked.output, row.asked.family))
    if other is None or other == row.asked.space:
        return row
    reason = (
        f"refused shape: {row.asked.space} ({row.reason}), though it serves {other}; declare shapes=... or serve it"
    )
    return row.but(outcome=Outcome.ERROR.value, reason=reason, refusal=None, fault=Fault.REFUSED_SHAPE)


def with_roots(rows: Sequence[Result]) -> list[Result]:
    """The rows, each with the id of the one that it follows from, if it follows from one."""
    first: dict[Hashable, Result] = {}
    for row in rows:
        key = _cause(row)
        if key is not None:
            first.setdefault(key, row)
    lost: dict[Hashable, Result] = {}
    for row in rows:
        if row.fault is Fault.LOST:
            lost.setdefault(_group(row), row)
    laws = [row for row in first.values() if _broken(row) is not None]
    by_name: dict[str, list[Result]] = {}
    for row in laws:
        by_name.setdefault(row.architecture, []).append(row)
    return [row.but(root=_root(row, first, by_name.get(row.architecture, []), lost.get(_group(row)))) for row in rows]


def _group(row: Result) -> Hashable:
    return row.suite, row.check, row.architecture


@dataclass(frozen=True)
class Rooted:
    """Rows of one cause: what stands for them, and those that follow."""

    head: Result
    followers: tuple[Result, ...]


def rooted(rows: Sequence[Result]) -> list[Rooted]:
    """The rows by their roots, in the order of the rows; where the root is not among them, the first of its rows stands for it."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for row in rows:
        groups.setdefault((row.architecture, row.root or row.id), []).append(row)
    found = []
    for (_, identity), own in groups.items():
        head = next((row for row in own if row.id == identity), own[0])
        found.append(Rooted(head, tuple(row for row in own if row is not head)))
    return found


def _root(
    row: Result, first: Mapping[Hashable, Result], laws: Sequence[Result], lost: Result | None = None
) -> str | None:
    if row.outcome == Outcome.ERROR and row.fault is Fault.NOT_RUN:
        found = lost
    elif row.fault is Fault.INVALID:
        found = next((law for law in laws if law.asked and law.asked.output == INVARIANT), next(iter(laws), None))
    else:
        found = first.get(_cause(row)) if _cause(row) is not None else None
    return None if found is None or found.id == row.id else found.id


INVARIANT = "invariant"
"""The output that separation reads."""


def _cause(row: Result) -> Hashable | None:
    """What rows of one cause have in common; None for a row that is right, or whose cause is its own."""
    output = row.asked and row.asked.output
    if (law := _broken(row)) is not None:
        return row.architecture, "law", output, tuple(law.broken), law.cause
    if row.outcome != Outcome.ERROR:
        return None
    keys: Mapping[Fault | None, Callable[[], Hashable]] = {
        Fault.RAISED: lambda: row.origin,
        Fault.CONTRACT: lambda: row.origin and (row.origin, output),
        Fault.NON_FINITE: lambda: row.origin and (row.origin, output),
        Fault.NOT_LOADED: lambda: True,
        Fault.REFUSED_SHAPE: lambda: (output, row.asked and row.asked.family),
        Fault.VACUOUS: lambda: output,
    }
    made = keys[row.fault]() if row.fault in keys else None
    return None if made is None else (row.architecture, row.fault, made)


def _broken(row: Result) -> EquivarianceEvidence | None:
    """The evidence of a row that breaks a law."""
    law = row.measured(EquivarianceEvidence) if row.outcome == Outcome.FAIL else None
    return law if law is not None and law.broken else None
