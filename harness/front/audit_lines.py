"""The audit as lines for a terminal: what was assumed, a table of networks, a summary of spaces and forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..weights.readers.records import networks_of, rests_on

if TYPE_CHECKING:
    from .audit_files import Audited, FileAudit

MOST_LINES = 40
"""Networks that are listed unless all are asked for: those with ties first to be named."""
WIDEST = 48
"""Characters of a space in a table."""


def audit_lines(audited: Audited, everything: bool = False) -> Iterator[str]:
    """The lines, first what the answers rest on.

    Args:
        everything: list every network, not the first `MOST_LINES` alone.
    """
    yield from rests_on(audited.assumed, audited.uncertain)
    listed = list(audited.found)
    if len(listed) > MOST_LINES and not everything:
        listed = [one for one in listed if not one.general_position][:MOST_LINES]
    if listed:
        yield from _table(_header(audited), [_row(one, audited) for one in listed])
    if len(listed) < len(audited.found):
        yield f"... {len(audited.found) - len(listed)} more lines with --all"
    several = len(audited.counts()) > 1
    if several:
        header = ("networks", "space", "form", "general position", "discrete", "one orbit")
        yield from _table(header, [
            (str(held["networks"]), _short(space), form, str(held["general_position"]),
             *((str(held["discrete"]), str(held["one_orbit"])) if held["refined"] else ("-", "-")))
            for (space, form), held in audited.counts().items()
        ])  # fmt: skip
    else:
        (held,) = audited.counts().values()
        more = f", {held['discrete']} discrete, {held['one_orbit']} alone with their orbit in their 1-WL class"
        yield f"{networks_of(held['networks'])}: {held['general_position']} in general position{more if held['refined'] else ''}"
    if audited.unread:
        yield f"{len(audited.unread)} file{'s' * (len(audited.unread) > 1)} not read"


def _header(audited: Audited) -> tuple[str, ...]:
    form = ("form",) if len({one.form for one in audited.found}) > 1 else ()
    return ("file", *form, "widths", "general position", "discrete", "rounds", "one orbit", "ties")


def _row(one: FileAudit, audited: Audited) -> tuple[str, ...]:
    form = (one.form,) if len({other.form for other in audited.found}) > 1 else ()
    return (
        one.file,
        *form,
        "-".join(map(str, one.widths)) if one.widths else _short(one.space),
        _yes(one.general_position),
        _yes(one.discrete),
        "-" if one.rounds is None else str(one.rounds),
        _yes(one.one_orbit),
        one.where or "-",
    )


def _yes(answer: bool | None) -> str:
    return "-" if answer is None else "yes" if answer else "no"


def _short(space: str) -> str:
    return space if len(space) <= WIDEST else f"{space[: WIDEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        yield "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
