"""Every row of a run, one style sheet an architecture: what the page reads when a list is opened, from a server or from disk.

A page that was opened from disk may read no file beside it but scripts and styles. Its policy lets no script in, so that
nothing beside it can run, whoever wrote it; a style sheet that carries one string can do nothing but be read.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..harness.core.result import Result, Run
from .reading.comparing import relation, size
from .reading.outcomes import STATUSES, Tally, status_of, tally
from .reading.subjects import grouped, subjects
from .reading.values import one_line
from .sections.failures import detail


@dataclass(frozen=True)
class RowList:
    """The rows of one subject: the name of their file in the folder, and what they come to."""

    place: int
    name: str
    subject: str
    tally: Tally


def row_lists(run: Run) -> tuple[RowList, ...]:
    """The lists of a run, in the order of its subjects; none of a subject without rows."""
    of = grouped(run.results, lambda row: row.architecture)
    named = [name for name in subjects(run) if name in of]
    return tuple(RowList(place, f"{place}.css", name, tally(of[name])) for place, name in enumerate(named))


def mark(run: Run) -> str:
    """What ties the lists to their page: a digest that no text within the run can hold, since it is made of all of them.

    The page admits style sheets by it, and a list of another run is not taken for one of this.
    """
    digest = hashlib.sha256()
    for row in run.results:
        digest.update(json.dumps([row.id, row.outcome, row.observed, row.reason, repr(row.seconds)]).encode("ascii"))
    return digest.hexdigest()[:32]


def files(run: Run) -> Iterator[tuple[str, bytes]]:
    """`(name, content)` of every list: its rows as JSON, packed (zlib, base64) into a property that the page reads."""
    of, own = grouped(run.results, lambda row: row.architecture), mark(run)
    for each in row_lists(run):
        packed = base64.b64encode(_packed(of[each.subject])).decode("ascii")
        selector = f'#rows[data-mark="{own}"] [data-list="{each.place}"]'
        yield each.name, f'{selector}{{--rows:"{packed}"}}\n'.encode("ascii")


def _packed(rows: Sequence[Result]) -> bytes:
    """A JSON list of the rows, packed one after the other."""
    packer, packed = zlib.compressobj(9), bytearray()
    for number, row in enumerate(rows):
        text = json.dumps(_line(row), ensure_ascii=True, separators=(",", ":"))
        packed += packer.compress(f"{',' if number else '['}{text}".encode("ascii"))
    packed += packer.compress(b"]" if rows else b"[]")
    return bytes(packed + packer.flush())


def _line(row: Result) -> dict[str, Any]:
    """What the page shows of a row, without what is empty; of a red one also what it rests on and how it is run again."""
    status = status_of(row)
    told: dict[str, Any] = {
        "symbol": STATUSES[status].symbol,
        "status": status,
        "check": one_line(f"{row.suite} / {row.check}", 140),
        "case": one_line(row.case, 160),
        "seen": one_line(row.observed or row.outcome, 80),
        "size": size(row),
        "relation": relation((row,)),
        "why": one_line(row.reason, 300),
        "id": one_line(row.id, 80),
    }
    if STATUSES[status].red:
        found = detail(row, "")
        again = [("reproduce", one_line(row.reproduce, 2000))] if row.reproduce else []
        told["facts"] = [*found.counterexample, *found.evidence, *found.certificate, *again]
    return {name: value for name, value in told.items() if value or name == "facts"}
