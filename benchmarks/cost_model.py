"""What a run takes on many cores, from what runs with few workers took; and what breaks first.

    python benchmarks/cost_model.py WAYS [--parent results/parent.json] [--cores 500] [--architectures 1000] [--rows 2000]

WAYS is the folder of acceptance/one_run_many_ways.py: runs with 1, 2 and 4 workers. The model has two numbers to fit, the seconds that a run
takes before its first row and the share by which rows slow down for each worker beyond the first; all others are measured:

    T(W) = start + max(C (1 + slow (min(W, cores) - 1)) / min(W, cores), N p) + N q

C is the sum of the rows' own seconds with one worker, N their number, p what the one process that hands them out spends on a row while
workers measure, q what it spends on one at the end (judging, results, report); p and q by parent.py. A run on many machines has no `slow`.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from orbitcheck.harness.core.cleaning import LARGEST

WORKERS = {"one": 1, "two": 2, "four": 4}
MIB, GIB = 1 << 20, 1 << 30


def parent(path: Path) -> dict[str, float]:
    """Per row, between the smallest and the largest run of parent.py: seconds while workers measure and at the end, bytes kept and written."""
    runs = sorted(json.loads(path.read_text())["runs"], key=lambda run: run["rows"])
    few, many = runs[0], runs[-1]
    rows = many["rows"] - few["rows"]
    stages = {name: (many["parent"][name] - few["parent"][name]) / rows for name in many["parent"]}
    written = {name: (size - few["bytes"][name]) / rows for name, size in many["bytes"].items()}
    memory = (many["mib"] - few["mib"]) * MIB / rows
    return {"p": stages["rows"], "q": sum(stages.values()) - stages["rows"], "memory": memory, **written}


def measured(folder: Path) -> dict[str, dict[str, float]]:
    """Way -> workers, wall seconds, rows and the rows' own seconds."""
    found = {}
    for way, workers in WORKERS.items():
        if (folder / f"{way}.json").exists():
            rows = json.loads((folder / way / "results.json").read_text())["results"]
            (took,) = json.loads((folder / f"{way}.json").read_text())
            own = sum(row["seconds"] for row in rows)
            found[way] = {"workers": workers, "wall": took["wall"], "rows": len(rows), "own": own}
    return found


def predicted(
    workers: float, cores: float, rows: float, own: float, start: float, slow: float, p: float, q: float
) -> float:
    """Seconds of a run: its start, then rows on so many workers or the parent handing them out, whichever is slower, and the report."""
    busy = min(workers, cores)
    return start + max(own * (1 + slow * (busy - 1)) / busy, rows * p) + rows * q


def fitted(found: dict[str, dict[str, float]], cores: int, p: float, q: float) -> dict[str, Any]:
    """`start` and `slow` of the least worst relative error, by search on a grid; and that error for each way."""
    own = found["one"]["own"]

    def errors(start: float, slow: float) -> dict[str, float]:
        return {
            way: predicted(each["workers"], cores, each["rows"], own, start, slow, p, q) / each["wall"] - 1
            for way, each in found.items()
        }

    grid = ((start, slow / 100) for start in range(121) for slow in range(-20, 101))
    start, slow = min(grid, key=lambda pair: max(map(abs, errors(*pair).values())))
    return {
        "start": start,
        "slow": slow,
        "errors": {way: round(error, 3) for way, error in errors(start, slow).items()},
    }


def at_scale(fit: dict[str, Any], spent: dict[str, float], own: float, cores: int, rows: int) -> dict[str, Any]:
    """A run of so many rows, each as dear as those measured, on so many cores."""
    measuring, handing, ending = own * rows / cores, rows * spent["p"], rows * spent["q"]
    return {
        "rows": rows,
        "cores": cores,
        "minutes measuring": round(measuring / 60, 1),
        "minutes of one process handing out": round(handing / 60, 1),
        "minutes at the end": round(ending / 60, 1),
        "minutes": round((fit["start"] + max(measuring, handing) + ending) / 60, 1),
        "cores that it keeps busy": round(own / spent["p"]),
        "GiB of that process": round(rows * spent["memory"] / GIB, 1),
        "GiB of results.json": round(rows * spent["results.json"] / GIB, 2),
        "GiB of the journal": round(rows * spent["run.sqlite"] / GIB, 2),
        "MiB of the report": round(rows * spent["report.html"] / MIB, 1),
        "rows that results.json is read up to": int(LARGEST / spent["results.json"]),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", type=Path)
    parser.add_argument("--parent", type=Path, default=Path(__file__).parent / "acceptance" / "results" / "parent.json")
    parser.add_argument("--cores", type=int, default=500)
    parser.add_argument("--architectures", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=2000)
    given = parser.parse_args()
    spent, found = parent(given.parent), measured(given.ways)
    fit = fitted(found, os.cpu_count() or 1, spent["p"], spent["q"])
    own = found["one"]["own"] / found["one"]["rows"]
    total = given.architectures * given.rows
    print(
        json.dumps(
            {"measured": found, "parent": spent, "fit": fit, "scale": at_scale(fit, spent, own, given.cores, total)},
            indent=1,
        )
    )
