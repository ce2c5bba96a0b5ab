"""What rows cost by kind and architecture, fitted to finished runs: the table of harness/running/dealing/costs.py, and how far it is off.

    python benchmarks/costs.py OUT [OUT ...]

A row's seconds are taken as a kind's times an architecture's, the factor 1 being the middle of all architectures; kinds that read trained
networks are told apart. Each run counts alike. Runs of a crowded machine belong to no fit: their seconds are those of their neighbours.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean, median
from typing import Any

from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.cell import WEIGHTS, Cell
from orbitcheck.harness.language.suite import Suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.dealing.costs import expected
from orbitcheck.harness.running.plan import plan

ROUNDS = 30


def measured(folder: Path) -> list[tuple[Cell, float]]:
    """The cells of a run with the seconds of their rows; rows that nobody plans any more are left out."""
    run: dict[str, Any] = json.loads((folder / "results.json").read_text())
    seconds = {row["id"]: row["seconds"] for row in run["results"]}
    names = [parse_name(each["name"]) for each in run["architectures"]]
    return [
        (cell, seconds[cell.id])
        for cell in plan([Suite.from_json(each) for each in run["suites"]], names)
        if cell.id in seconds
    ]


def sort_of(cell: Cell) -> str:
    reads = any(True for _ in CHECK_KINDS[cell.kind].needs(cell.parameters))
    return f"{cell.kind}, trained networks" if reads else cell.kind


def fitted(rows: list[tuple[Cell, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by kind and factors by architecture, so that the sums over each kind and over each architecture are those measured."""
    spent, counts = defaultdict[tuple[str, str], float](float), defaultdict[tuple[str, str], int](int)
    for cell, seconds in rows:
        key = sort_of(cell), cell.architecture.partition("[")[0]
        spent[key] += seconds
        counts[key] += 1
    kinds = dict.fromkeys((kind for kind, _ in spent), 0.1)
    own = dict.fromkeys((name for _, name in spent), 1.0)
    for _ in range(ROUNDS):
        for kind in kinds:
            there = [key for key in spent if key[0] == kind]
            kinds[kind] = sum(spent[key] for key in there) / sum(counts[key] * own[key[1]] for key in there)
        for name in own:
            there = [key for key in spent if key[1] == name]
            own[name] = sum(spent[key] for key in there) / sum(counts[key] * kinds[key[0]] for key in there)
        middle = median(value for name, value in own.items() if name != WEIGHTS)
        own = {name: 1.0 if name == WEIGHTS else value / middle for name, value in own.items()}
    return kinds, own


if __name__ == "__main__":
    runs = {folder: measured(Path(folder)) for folder in sys.argv[1:]}
    found = [fitted(rows) for rows in runs.values()]
    for what, tables in (("kind", [kinds for kinds, _ in found]), ("architecture", [own for _, own in found])):
        for name in sorted({name for table in tables for name in table}):
            values = [table[name] for table in tables if name in table]
            print(f"{what} {name}: {mean(values):.2f} ({', '.join(f'{value:.2f}' for value in values)})")
    for folder, rows in runs.items():
        told, took = sum(expected(cell) for cell, _ in rows), sum(seconds for _, seconds in rows)
        print(f"{folder}: {len(rows)} rows, expected {told:.0f} s, measured {took:.0f} s: {told / took:.2f}")
