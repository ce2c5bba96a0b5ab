"""Kills at random moments: whichever process of a run dies, no row is lost or changed, nobody sees a traceback, no process is left.

    python benchmarks/acceptance/kills.py JOURNAL [--count 200] [--seconds S] [--keep FILE]

Each item is one run of two networks on two workers, in which one process, drawn by the item's number, is killed at a moment drawn by
it: the command, its fork server, a worker or the canary. Where the command itself was killed, `--resume` goes on.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from journal import Item, Measured, face

from orbitcheck.harness.running.isolation import processes

MARK = "ORBITCHECK_KILLS"
COMMAND = "from orbitcheck.harness.front.cli import main; main()"
SUITE = """\
suite: killed
version: 1
title: Killed
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], inputs: [generic, ties, zeros, scales]}
"""
LOCAL = ("seconds", "model_seconds", "reproduce")
LONGEST = 240.0


def items(count: int) -> list[Item]:
    return [Item(f"kill {number}", lambda number=number: killed(number)) for number in range(count)]


def killed(number: int) -> Measured:
    """One run with one death in it."""
    dice = random.Random(number)
    expected, usual = undisturbed()
    mark = f"{os.getpid()}-{number}"
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        process = start(Path(folder), mark)
        time.sleep(dice.uniform(0, usual))
        alive = [pid for pid in marked(mark) if pid != process.pid]
        victim = process.pid if dice.random() < 0.3 or not alive else dice.choice(alive)
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            victim = 0
        said = process.communicate(timeout=LONGEST)[1]
        left = gone(mark)
        resumed = victim == process.pid
        if resumed:
            again = start(Path(folder), mark, "--resume")
            said += again.communicate(timeout=LONGEST)[1]
            left += gone(mark)
        found = rows(Path(folder))
        temporary = [name for name in os.listdir(folder) if name not in ("out", "killed.yaml")]
    return {
        "victim": "nobody" if not victim else "command" if resumed else "another",
        "changed": sum(found.get(identity) != row for identity, row in expected.items()),
        "tracebacks": said.count("Traceback"),
        "left": left + len(temporary),
        "seconds": round(time.monotonic() - began, 1),
        **({"said": said[-2000:]} if "Traceback" in said else {}),
    }


@cache
def undisturbed() -> tuple[dict[str, Any], float]:
    """The rows by their ids, and the seconds that they take."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        start(Path(folder), "undisturbed").communicate(timeout=LONGEST)
        return rows(Path(folder)), time.monotonic() - began


def start(folder: Path, mark: str, *more: str) -> subprocess.Popen[str]:
    (folder / "killed.yaml").write_text(SUITE)
    command = [sys.executable, "-c", COMMAND, "run", "killed.yaml", "-a", "stats", "-a", "deep-sets", "-j", "2"]
    return subprocess.Popen(
        [*command, *more],
        cwd=folder,
        env={**os.environ, MARK: mark, "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows(folder: Path) -> dict[str, Any]:
    path = folder / "out" / "results.json"
    if not path.exists():
        return {}
    listed = json.loads(path.read_text())["results"]
    return {row["id"]: {key: value for key, value in row.items() if key not in LOCAL} for row in listed}


def marked(mark: str) -> list[int]:
    wanted, found = f"{MARK}={mark}".encode(), []
    for each in processes.all_processes():
        try:
            variables = Path(f"/proc/{each.pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in variables and not each.zombie:
            found.append(each.pid)
    return found


def gone(mark: str) -> int:
    """How many processes of a run are left, once they have had some seconds to go."""
    until = time.monotonic() + 15
    while (alive := marked(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return len(alive)


def summary(found: Mapping[str, Measured]) -> dict[str, Any]:
    return {
        "kills": len(found),
        "victims": dict(Counter(entry["victim"] for entry in found.values())),
        **{key: sum(entry[key] for entry in found.values()) for key in ("changed", "tracebacks", "left")},
        "faulty": [key for key, entry in found.items() if entry["changed"] or entry["tracebacks"] or entry["left"]],
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 200)
