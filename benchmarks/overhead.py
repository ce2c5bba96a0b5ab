"""What a suite costs an architecture, and how much of it the harness adds to the networks' own time.

Runs a shipped suite cell by cell in this process, one thread, and adds up what `evaluate` took and what was spent inside the
networks' own calls, forward and backward. Zoos are trained beforehand. `--run` reads a finished run instead.

    python benchmarks/overhead.py [--suite quick] [--workers 2] [--json] [ARCHITECTURE ...]
    python benchmarks/overhead.py --run OUT [--workers 2] [--json]

`wall s` is the time of an architecture's rows over the number of workers, which share them evenly.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import torch

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.learning.workbench import keep_memory
from orbitcheck.harness.plugins.discovery import built_in, load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan


class Spent(NamedTuple):
    """What the rows of one architecture took: seconds in all, and inside the networks' own calls."""

    rows: int
    seconds: float
    model_seconds: float


def spent(rows: Iterable[tuple[float, float]]) -> Spent:
    """Of rows as `(seconds, model_seconds)`."""
    listed = list(rows)
    return Spent(len(listed), sum(row[0] for row in listed), sum(row[1] for row in listed))


def measured(suite: str, architectures: list[str]) -> dict[str, Spent]:
    """Every row of a shipped suite, once, in this process."""
    torch.set_num_threads(1)
    keep_memory()  # as workers do
    names = [parse_name(name) for name in architectures or built_in()]
    cells = sorted(plan([load_suite(suite)], names), key=lambda cell: cell.architecture)
    table = {}
    for name, group in groupby(cells, key=lambda cell: cell.architecture):
        architecture = load(parse_name(name))
        listed = list(group)
        evaluate(listed[0], architecture)  # imports, zoos and certificates of the first cell are not the harness's time
        rows = [evaluate(cell, architecture) for cell in listed]
        table[name] = spent((row.seconds, row.model_seconds) for row in rows)
    return table


def read(folder: Path) -> dict[str, Spent]:
    """Every row of a finished run, as its workers took it."""
    rows = json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]
    rows.sort(key=lambda row: row["architecture"])
    return {
        name: spent((row["seconds"], row["model_seconds"] or 0.0) for row in group)
        for name, group in groupby(rows, key=lambda row: row["architecture"])
    }


def summary(table: dict[str, Spent], workers: int) -> dict[str, float]:
    """The numbers that are held against limits: wall time of an architecture in the median and at most, of all, and the overhead."""
    walls = [each.seconds / workers for each in table.values()]
    calls = sum(each.model_seconds for each in table.values())
    return {
        "median": statistics.median(walls),
        "most": max(walls),
        "all": sum(walls),
        "overhead": sum(each.seconds for each in table.values()) / calls if calls else float("inf"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("architectures", nargs="*", help="default: all built-in ones")
    parser.add_argument("--suite", default="quick")
    parser.add_argument("--run", type=Path, help="a folder of results to read instead")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = read(arguments.run) if arguments.run else measured(arguments.suite, arguments.architectures)
    found = summary(table, arguments.workers)
    if arguments.json:
        print(json.dumps({**{name: each._asdict() for name, each in table.items()}, "summary": found}, indent=1))
        return
    print(f"{'architecture':16} {'rows':>5} {'wall s':>8} {'rows s':>8} {'model s':>8} {'ratio':>6}")
    for name, (rows, seconds, calls) in table.items():
        ratio = f"{seconds / calls:6.2f}" if calls else f"{'-':>6}"
        print(f"{name:16} {rows:5d} {seconds / arguments.workers:8.2f} {seconds:8.2f} {calls:8.2f} {ratio}")
    print(", ".join(f"{name} {value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
