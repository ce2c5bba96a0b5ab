"""What became of the false claims of conclusions, in runs that are put together: of each the last record of what the whole asks of it."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.cell import Cell
from ...core.patterns import parse_pattern
from ...core.records import KillerRecord
from ...core.result import Run
from ...language.suite import Suite
from ...plugins.discovery import parse_name
from ..dealing.chosen import only
from ..keeping.files import StoreError
from ..plan import plan
from ..planting.killers import KILLERS, killers_of
from ..planting.own import Asked, own_killers_of


def names_of(run: Run) -> Sequence[str]:
    """The architectures that it was asked of."""
    return run.selection["architectures"] if run.selection else [entry["name"] for entry in run.architectures]


def patterns_of(run: Run) -> Sequence[str]:
    """The rows that it was asked for; nothing, where it was asked for all."""
    return run.selection["only"] if run.selection else ()


def killers(parts: Sequence[Run], suites: Sequence[Suite], cells: Sequence[Cell], whole: bool) -> list[KillerRecord]:
    """Each as the last part says that put it through the rows that these cells' conclusions read.

    One of ours brings its own rows. One of a suite's own is asked what the conclusion reads, of which a part may have had less: what
    became of it then says nothing of the whole.

    Raises:
        StoreError: the rows are all there are, and none of the parts has it.
    """
    shipped = {(each["name"], each["claim"]): each for run in parts for each in run.killers}
    own = {_asked(asked): record for run in parts for asked, record in _own(run)}
    told: list[KillerRecord] = []
    for name, of in killers_of(suites, cells).items():
        claim = KILLERS[name].claim
        if (name, claim) in shipped:
            told.append({**shipped[name, claim], "suites": list(of)})
        elif whole:
            raise StoreError(f"false claim {name}: in none of these runs; run any row of {claim} again")
    for asked in own_killers_of(suites, cells):
        if (key := _asked(asked)) in own:
            told.append(own[key])
        elif whole:
            raise StoreError(
                f"false claim {asked.name}: none of these runs put it through all that the conclusion {asked.claim} of {asked.suite} reads; "
                f"run these rows of any network again, in one run: {', '.join(_places(asked))}"
            )
    return told


def _own(run: Run) -> list[tuple[Asked, KillerRecord]]:
    """The false claims of its suites' own that it has put through, in its order."""
    records = [each for each in run.killers if each["name"] not in KILLERS]
    if not records:
        return []
    suites = [Suite.from_json(suite) for suite in run.suites]
    cells = plan(suites, list(map(parse_name, names_of(run))))
    asked = own_killers_of(suites, only(cells, list(map(parse_pattern, patterns_of(run)))))
    if [each.name for each in asked] != [record["name"] for record in records]:
        return []
    return list(zip(asked, records, strict=True))


def _asked(asked: Asked) -> tuple[object, ...]:
    rows = frozenset((cell.check, cell.content) for cell in asked.cells)
    return asked.claim, asked.suite, asked.killer, asked.margin, rows


def _places(asked: Asked) -> list[str]:
    return [f"--only '* / {check}'" for check in dict.fromkeys(cell.check for cell in asked.cells)]
