"""A run that did not finish, as far as it came: shown under a banner, and judged nowhere (protocol.md, section 7)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ...core.cell import Cell
from ...core.cleaning import BorderError, parsed
from ...core.result import Result, Run
from ...language.suite import Expectation, Suite
from ...plugins.discovery import parse_name
from .. import border
from ..keeping.files import RESULTS, StoreError
from ..keeping.journal import Journal, journal_copy
from ..keeping.marker import read_marker
from ..keeping.spool import Spool
from ..plan import plan
from ..run import following, reproducer
from ..store import load_all, read_run, unfinished


def read_so_far(path: Path) -> Run:
    """The run in a folder, or in a `results.json` named directly; one that did not finish with the rows of its journal.

    Raises:
        StoreError: as `read_run`, but for a run that is unfinished; that one must have come so far as to know its architectures.
    """
    folder = path if path.is_dir() else path.parent
    marker = read_marker(folder) if path.is_dir() or path.name == RESULTS else None
    if marker is None or marker.finished:
        return read_run(path)
    if marker.run is None:
        raise StoreError(f"{folder}: {unfinished(marker, folder)}; there is nothing to show yet")
    load_all()
    try:
        empty = border.read_run(json.dumps(marker.run))
        suites = [Suite.from_json(suite) for suite in empty.suites]
        names = (
            empty.selection["architectures"] if empty.selection else [entry["name"] for entry in empty.architectures]
        )
        cells = plan(suites, list(map(parse_name, names)))
        request = empty.request or {"expected_failures": [], "require_power": None}
        expectations = [Expectation(**entry) for entry in request["expected_failures"]]
    except (BorderError, ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{folder}: the marker of the run cannot be read ({' '.join(str(error).split())})") from None
    spool = Spool()
    with journal_copy(folder) as journal:
        found = (_row(journal, cell, folder) for cell in cells if journal is not None)
        rows = [spool.keep(row) for row in found if row is not None]
    only = empty.selection["only"] if empty.selection else ()
    told = following(rows, cells, suites, expectations, empty.architectures, request["require_power"], (), (), only)
    return replace(empty, **told, unfinished_of=marker.rows)


def _row(journal: Journal, cell: Cell, folder: Path) -> Result | None:
    kept = journal.get(cell.content)
    try:
        row = border.read_clean_row(parsed(kept.text)) if kept is not None else None
    except BorderError:
        return None
    if row is None or row.id != cell.id:
        return None
    return row.but(suite=cell.suite, check=cell.check, claim=cell.claim, reproduce=reproducer(folder, cell))
