"""What `quick` costs an architecture: processor time of its rows, and how much of it is the networks' own.

    python benchmarks/acceptance/duration.py duration.jsonl [--count 18] [--seconds 600] [--keep results/duration.json]

    python benchmarks/acceptance/duration.py --run OUT [--keep results/duration.json]

The second reads the rows of a finished run of `quick` by workers of one thread: their seconds of the wall, beside whatever else the
machine did. The first measures anew: all built-in architectures, one thread, every row of `quick` once; zoos are there beforehand. Processor time does not count
the waits for other programs; on two cores the rows of one architecture take half of it, and that is what is held against the
limits. `overhead` is the time of rows over the time inside the networks' own calls.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from journal import Item, Measured, face, origin
from meta_nets import asking

from orbitcheck.harness.learning.workbench import keep_memory
from orbitcheck.harness.plugins.discovery import built_in
from orbitcheck.harness.running.evaluate import evaluate

CORES = 2


def measure(name: str) -> Measured:
    """What the rows of `quick` of one architecture cost in this process, alone, after those that import."""
    keep_memory()  # as workers do
    subject, cells = asking.architecture(name), asking.quick(name)
    for zoo in [cell for cell in cells if cell.check.startswith("real-")][:1] + list(cells[:1]):
        evaluate(zoo, subject)  # imports, zoos and certificates of the first rows are not the harness's time
    begun, wall = time.process_time(), time.perf_counter()
    rows = [evaluate(cell, subject) for cell in cells]
    return {
        "rows": len(rows),
        "processor": round(time.process_time() - begun, 2),
        "wall": round(time.perf_counter() - wall, 2),
        "in_rows": round(sum(row.seconds for row in rows), 2),
        "in_calls": round(sum(row.model_seconds for row in rows), 2),
        "forwards": sum(row.forwards for row in rows),
    }


def of_run(folder: Path) -> dict[str, Measured]:
    """What the rows of a finished run took, by architecture."""
    run = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    found: dict[str, Measured] = {}
    for row in run["results"]:
        own = found.setdefault(
            row["architecture"], {"rows": 0, "processor": 0.0, "in_rows": 0.0, "in_calls": 0.0, "forwards": 0}
        )
        for name, value in (
            ("rows", 1),
            ("processor", row["seconds"]),
            ("in_rows", row["seconds"]),
            ("in_calls", row["model_seconds"]),
            ("forwards", row["forwards"]),
        ):
            own[name] += value
    return found


def kept_run(arguments: list[str]) -> None:
    """The second face: print or keep the summary of a finished run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args(arguments)
    run = json.loads((options.run / "results.json").read_text(encoding="utf-8"))
    measured_on = {name: run["environment"][name] for name in ("date", "cpus", "jobs", "threads")}
    told = {**origin(), "run": measured_on, "rows": len(run["results"]), **summary(of_run(options.run))}
    print(json.dumps(told, indent=1))
    if options.keep:
        options.keep.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def items(count: int) -> list[Item]:
    return [Item(name, partial(measure, name)) for name in built_in()][:count]


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    """Seconds of two cores by architecture, in the median, at most and in all; and what the harness adds to the calls."""
    halves = {name: round(row["processor"] / CORES, 2) for name, row in measured.items()}
    calls = sum(row["in_calls"] for row in measured.values())
    return {
        "architectures": len(measured),
        "seconds_each": halves,
        "median": round(statistics.median(halves.values()), 2),
        "largest": max(halves.values()),
        "all": round(sum(halves.values()), 2),
        "overhead": round(sum(row["in_rows"] for row in measured.values()) / calls, 3) if calls else None,
        "overhead_each": {
            name: round(row["in_rows"] / row["in_calls"], 2) for name, row in measured.items() if row["in_calls"]
        },
        "forwards": {name: row["forwards"] for name, row in measured.items()},
    }


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        kept_run(sys.argv[1:])
    else:
        face(__doc__, items, summary, 100)
