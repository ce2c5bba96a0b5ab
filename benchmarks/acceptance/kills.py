"""Kills at random moments: whichever process of a run dies, no row is lost or changed, nobody sees a traceback, no process is left.

    python benchmarks/acceptance/kills.py JOURNAL [--count 50] [--seconds S] [--keep FILE]

Each item is one run of two networks on two workers with five deaths in it, at moments drawn by the item's number: one of the processes
that the fork server made (workers, the canary), the server itself, and the command; `--resume` then goes on, and two more processes of
the server's die. Every third item measures planted defects as well; the others are the shard that has the rows alone.
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
ROWS_ALONE = ("--shard", "2/2")
"""Of this suite: all rows; the planted defects are the first shard."""
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
LONGEST = 600.0


def items(count: int) -> list[Item]:
    return [Item(f"run {number}", lambda number=number: killed(number)) for number in range(count)]


def killed(number: int) -> Measured:
    """One run with five deaths in it."""
    dice, more = random.Random(number), () if number % 3 == 0 else ROWS_ALONE
    expected, usual = undisturbed(more)
    mark, said, left, victims = f"{os.getpid()}-{number}", "", 0, []
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        process = start(Path(folder), mark, *more)
        deaths = ["forked", "server"]  # a row whose process dies three times in one run is an error by design
        dice.shuffle(deaths)
        moments = sorted(dice.uniform(0, usual) for _ in (*deaths, "command"))
        for moment, death in zip(moments, [*deaths, "command"], strict=True):
            victims += died(process, mark, death, began + moment, dice)
        said += process.communicate(timeout=LONGEST)[1]
        left += gone(mark)
        if "command" in victims:
            resumed = time.monotonic()
            process = start(Path(folder), mark, *more, "--resume")
            for moment in sorted(dice.uniform(0, usual / 2) for _ in range(2)):
                victims += died(process, mark, "forked", resumed + moment, dice)
            said += process.communicate(timeout=LONGEST)[1]
            left += gone(mark)
        found = rows(Path(folder))
        temporary = [name for name in os.listdir(folder) if name not in ("out", "killed.yaml")]
    return {
        "victims": victims,
        "changed": sum(found.get(identity) != row for identity, row in expected.items()),
        "tracebacks": said.count("Traceback"),
        "left": left + len(temporary),
        "seconds": round(time.monotonic() - began, 1),
        **({"said": said[-2000:], "code": process.returncode} if "Traceback" in said or found != expected else {}),
    }


def died(process: subprocess.Popen[str], mark: str, death: str, moment: float, dice: random.Random) -> list[str]:
    """From that moment on, as soon as there is a process of that sort, kill one; which it was, or nobody, if the run ended before."""
    while process.poll() is None:
        if (left := moment - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
            continue
        parents = {each.pid: each.parent for each in processes.all_processes()}
        alive = [pid for pid in marked(mark) if pid != process.pid]
        servers = [pid for pid in alive if parents.get(pid) == process.pid]
        forked = [pid for pid in alive if parents.get(pid) in servers]
        there = {"command": [process.pid], "server": servers, "forked": forked}[death]
        if there:
            try:
                os.kill(dice.choice(there), signal.SIGKILL)
            except ProcessLookupError:
                continue
            return [death]
        time.sleep(0.05)
    return []


@cache
def undisturbed(more: tuple[str, ...]) -> tuple[dict[str, Any], float]:
    """The rows by their ids, and the seconds that they take once files have been read: moments after the end would be no deaths."""
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            start(Path(folder), "undisturbed", *more).communicate(timeout=LONGEST)
            found, seconds = rows(Path(folder)), time.monotonic() - began
    return found, seconds


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
    victims = Counter(victim for entry in found.values() for victim in entry["victims"])
    return {
        "runs": len(found),
        "kills": victims.total(),
        "victims": dict(victims),
        **{key: sum(entry[key] for entry in found.values()) for key in ("changed", "tracebacks", "left")},
        "faulty": [key for key, entry in found.items() if entry["changed"] or entry["tracebacks"] or entry["left"]],
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 50)
