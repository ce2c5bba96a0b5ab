"""Claims and architectures: of each claim what its rows came to on each architecture, and what they conclude together."""

from __future__ import annotations

from typing import Any

from ...harness.core.claims import CLAIMS
from ...harness.core.result import Run
from ..reading.outcomes import tally
from ..reading.subjects import grouped
from ..reading.values import one_line
from . import kinds
from .conclusions import concluded, conclusions
from .kinds import Cell
from .section import Column, report_section


@report_section(
    "claims-by-architecture",
    "Claims by architecture",
    (
        Column("claim", kind=kinds.CODE),
        Column("regime", place=kinds.BENEATH, forms=(kinds.HTML, kinds.CSV), optional=True),
        Column("concluded", "together", kinds.BADGE, optional=True),
        Column("killers", "false claims killed", optional=True),
        Column("cells", kind=kinds.CELLS),
    ),
    note="Rows of each claim by outcome, and what they come to together, where a suite asks that: the gravest of several conclusions.",
    forms=kinds.ALL_BUT_MARKDOWN,
    part_of="claims",
    place=25,
)
def claims_by_architecture(run: Run) -> list[dict[str, Any]]:
    """The claims that rows or conclusions serve, in the ledger's order, then any others; values of one claim in several suites stay apart."""
    groups = grouped((row for row in run.results if row.claim), lambda row: (str(row.claim), row.suite))
    places = {name: place for place, name in enumerate(CLAIMS)}
    entries = grouped(conclusions(run), lambda entry: (entry["claim"], entry["suite"]))
    table = []
    for claim, suite in sorted(dict.fromkeys([*groups, *entries]), key=lambda key: places.get(key[0], len(places))):
        told = concluded(entries.get((claim, suite), ()))
        cells = {
            name: Cell(tally(rows), hint=f"{one_line(name, 60)}, {one_line(claim, 40)}: {tally(rows).words}")
            for name, rows in grouped(groups.get((claim, suite), ()), lambda row: row.architecture).items()
        }
        known = CLAIMS.get(claim)
        table.append(
            {
                "claim": claim,
                "regime": known.regime if known else "",
                "concluded": told.status,
                "killers": told.killers,
                "cells": cells,
            }
        )
    return table
