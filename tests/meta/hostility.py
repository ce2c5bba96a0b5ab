"""A hostile network beside a sound one, on two workers: what became of both, and what is left of the run."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hostile_networks import DEEDS, Becomes

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.executors import carried_out
from orbitcheck.harness.running.isolation import processes
from orbitcheck.harness.running.isolation.limits import GIB, RESERVE
from orbitcheck.harness.running.isolation.pool import running_server
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.run import row_task, to_row
from orbitcheck.harness.running.workers import PRELOADED, Workers

NETWORKS = Path(__file__).with_name("hostile_networks.py")
SUITE = """\
suite: beside
version: 1
title: Beside a hostile network
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic, ties, zeros]}
"""
NEIGHBOUR = "deep-sets"
LIMIT = 2.0
"""Seconds for a row of a network that hangs."""
MEASURED = ("seconds", "model_seconds")


@dataclass(frozen=True)
class Seen:
    """What became of a run: faults in it, each a line."""

    faults: tuple[str, ...]
    seconds: float


def rows(architectures: list[str], limits: dict[str, float]) -> dict[str, list[dict[str, Any]]]:
    """Architecture -> its rows, all of one run on two workers."""
    with tempfile.TemporaryDirectory(
        dir=Path.home() / ".cache" if (Path.home() / ".cache").is_dir() else None
    ) as folder:
        suite = Path(folder) / "beside.yaml"
        suite.write_text(SUITE)
        cells = plan([load_suite(str(suite))], [parse_name(name) for name in architectures])
        with closing(Workers(2, Path(folder) / "log")) as executor:
            executor.machine = int(RESERVE + 2.4 * GIB)
            tasks = [row_task(cell, "cpu", limit=limits.get(cell.architecture)) for cell in cells]
            answers = dict(carried_out(executor, tasks))
        left = sorted(path.name for path in Path(folder).iterdir())
        assert left == ["beside.yaml", "log"], left
        assert (Path(folder) / "log").stat().st_size < 11 << 20
    found: dict[str, list[dict[str, Any]]] = {}
    for number, cell in enumerate(cells):
        row = to_row(cell, answers[number]).to_json()
        found.setdefault(cell.architecture, []).append({key: row[key] for key in row if key not in MEASURED})
    return found


@cache
def alone() -> list[dict[str, Any]]:
    return rows([NEIGHBOUR], {})[NEIGHBOUR]


def seen(name: str) -> Seen:
    """A run of the network that does that deed, beside a sound one."""
    deed, began = DEEDS[name], time.monotonic()
    expected = alone()
    hostile = f"{NETWORKS}:Hostile[deed={name}]"
    before = os.getcwd()
    found = rows([hostile, NEIGHBOUR], {hostile: LIMIT if "hung" in deed.word else 30.0})
    faults = [] if found[NEIGHBOUR] == expected else ["the neighbour's rows differ"]
    if os.getcwd() != before:
        faults.append("the working folder of the caller")
    for row in found[hostile]:
        said = f"{row['outcome']}: {row['reason'][:200]} {row['changed']}"
        good = {
            Becomes.SAME: row["outcome"] == "pass" and not row["changed"],
            Becomes.NAMED: row["outcome"] == "pass" and any(deed.word in each for each in row["changed"]),
            Becomes.ERROR: row["outcome"] == "error" and (deed.word in row["reason"] or "not run" in row["reason"]),
            Becomes.ANY: True,
        }[deed.becomes]
        if not good:
            faults.append(said)
        if len(row["reason"]) > 2048 or len(row["printed"]) > 2048:
            faults.append("much text")
    return Seen((*faults, *left_over()), time.monotonic() - began)


def left_over() -> list[str]:
    """What outlives the run: processes that bear the token of this process's server, and children of it."""
    server = running_server(PRELOADED)
    wanted = f"{processes.TOKEN}={server.token}".encode()
    for _ in range(100):
        lines = []
        for each in processes.all_processes():
            try:
                marked = wanted in Path(f"/proc/{each.pid}/environ").read_bytes().split(b"\0")
                told = Path(f"/proc/{each.pid}/cmdline").read_bytes().replace(b"\0", b" ")[:80]
            except OSError:
                continue
            sleeping = told.startswith(b"sleep 600.25")
            if (marked or sleeping) and each.pid != server.process.pid and not each.zombie:
                lines.append(f"left over: {each.pid} {told.decode(errors='replace')}")
        if not lines:
            break
        time.sleep(0.05)
    return lines
