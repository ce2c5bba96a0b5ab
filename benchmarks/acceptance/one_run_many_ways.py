"""One run in many ways gives the same rows: one, two and four workers, four shards merged, a cluster of two; and what each way costs.

    python benchmarks/acceptance/one_run_many_ways.py FOLDER [--suite quick] [-a ARCHITECTURE ...] [--keep FILE]

Asked: the rows are the same, field by field, but for times; two workers take at most 1 / 1.8 of the time of one, a cluster of two at most
1.2 times that of two, and the shards together at most 1.1 times the processor time of the whole. Needs an idle machine for the walls.
A way whose folder holds its measured time is not run again; one that was stopped begins anew, since its time is that of one go.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from journal import origin

COMMAND = [sys.executable, "-c", "from orbitcheck.harness.front.cli import main; main()"]
SHARDS = 4
WAYS = {
    "one": [["-j", "1"]],
    "two": [["-j", "2"]],
    "four": [["-j", "4"]],
    "shards": [["-j", "2", "--shard", f"{part}/{SHARDS}"] for part in range(1, SHARDS + 1)],
    "cluster": [["-j", "2", "--cluster", "local:2"]],
}
TIMES = {"seconds", "model_seconds", "reproduce", "loop_share"}
LIMITS = {"two against one": 1.8, "cluster against two": 1.2, "shards against the whole": 1.1}


def timed(command: list[str], log: Path) -> dict[str, float]:
    """Seconds on the wall and of processors, of a command and all that it has waited for."""
    began = time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        _, status, used = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):  # green or red
        raise SystemExit(f"{' '.join(command)} ended with {code}; see {log}")
    return {"wall": round(time.monotonic() - began, 1), "cpu": round(used.ru_utime + used.ru_stime, 1), "code": code}


def taken(folder: Path, way: str, asked: list[str]) -> list[dict[str, float]]:
    """What the parts of one way took, run now unless they were before; afterwards `folder/way` holds the run."""
    record = folder / f"{way}.json"
    if record.exists() and (folder / way / "results.json").exists():
        return json.loads(record.read_text())
    parts = [folder / (f"{way}-{number}" if len(WAYS[way]) > 1 else way) for number, _ in enumerate(WAYS[way], 1)]
    for each in (*parts, folder / way):
        shutil.rmtree(each, ignore_errors=True)
    found = [
        timed([*COMMAND, "run", *asked, *options, "-o", str(part)], folder / f"{part.name}.log")
        for part, options in zip(parts, WAYS[way], strict=True)
    ]
    if len(parts) > 1:
        timed([*COMMAND, "merge", *map(str, parts), "-o", str(folder / way)], folder / f"{way}-merge.log")
    record.write_text(json.dumps(found) + "\n")
    return found


def told(folder: Path) -> dict[str, Any]:
    """What a run says, without times: its rows by id, and all that follows from them together."""
    run = json.loads((folder / "results.json").read_text())
    rows = {f"{row['suite']} {row['check']} {row['id']}": untimed(row) for row in run["results"]}
    rest = {
        name: untimed(run[name])
        for name in ("counts", "problems", "notes", "conclusions", "controls", "planted", "killers")
    }
    return {**rows, **rest, "order": list(rows)}


def untimed(value: Any) -> Any:
    """The value without what differs from run to run: times, processes, places."""
    if isinstance(value, dict):
        return {name: untimed(entry) for name, entry in value.items() if name not in TIMES}
    return [untimed(entry) for entry in value] if isinstance(value, list) else value


def summary(folder: Path, found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """What differs from the run by one worker, and the ratios of walls and CPU seconds."""
    whole = told(folder / "one")
    differing = {}
    for way in WAYS:
        other = told(folder / way)
        apart = [name for name in sorted({*whole, *other}) if whole.get(name) != other.get(name)]
        differing[way] = {"rows": len(other["order"]), "differing": len(apart), "first": apart[:5]}
    wall = {way: round(sum(part["wall"] for part in parts), 1) for way, parts in found.items()}
    cpu = {way: round(sum(part["cpu"] for part in parts), 1) for way, parts in found.items()}
    return {
        "same": not any(each["differing"] for each in differing.values()),
        "ways": differing,
        "wall": wall,
        "cpu": cpu,
        "two against one": round(wall["one"] / wall["two"], 2),
        "cluster against two": round(wall["cluster"] / wall["two"], 2),
        "shards against the whole": round(cpu["shards"] / cpu["two"], 2),
        "asked": LIMITS,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--suite", default="quick")
    parser.add_argument("-a", "--architecture", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    asked = [given.suite]
    for option, values in (("-a", given.architecture), ("--only", given.only)):
        asked += [word for value in values for word in (option, value)]
    told_of = {
        **origin(),
        "asked of": asked,
        **summary(given.folder, {way: taken(given.folder, way, asked) for way in WAYS}),
    }
    print(json.dumps(told_of, indent=1))
    if given.keep:
        given.keep.write_text(json.dumps(told_of, indent=1) + "\n")
    sys.exit(not told_of["same"])
