"""What the process that hands rows out spends of its own: CPU seconds a row by stage, memory, and bytes of what it writes.

    python benchmarks/parent.py JOURNAL [--rows 1000 3000 10000] [--architectures 1] [--real] [--keep FILE]

Rows are answered at once, with the content of one that was measured, so that nothing but the run itself is left: the plan, the journal,
the border, judging, results and report. With `--real` workers measure them, and what they spend beyond the rows' own seconds counts, too.
Each number of rows is one process; the journal holds one line each, so that it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "acceptance"))

from journal import Item, go_on, origin

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import built_in, parse_name
from orbitcheck.harness.running import run as running
from orbitcheck.harness.running.executors import EXECUTORS, Answer, Lost, Task, carried_out
from orbitcheck.harness.running.isolation.pool import end_server
from orbitcheck.harness.running.provenance import measured
from orbitcheck.harness.running.request import RunRequest
from orbitcheck.harness.running.workers import Workers

INPUTS = ("generic", "ties", "zeros", "scales")
A_CHECK = 40
"""Rows of a check on one architecture."""
FILES = ("run.sqlite", "results.json", "report.html", "report.md", "junit.xml")


def suite(rows: int) -> str:
    """A suite of so many cheap rows for each architecture; no two on one space and kind of input."""
    spaces, checks = A_CHECK // len(INPUTS), max(1, rows // A_CHECK)
    lines = ["suite: many", "version: 1", "title: Many rows", "spaces:"]
    for number in range(spaces * checks):
        lines.append(f"  s{number}: {{mlp: [{1 + number % 60}, {1 + number // 60}, 1], activation: relu}}")
    lines.append("checks:")
    for number in range(checks):
        names = ", ".join(f"s{number * spaces + at}" for at in range(spaces))
        lines.append(
            f"  - {{id: law{number}, kind: equivariance, spaces: [{names}], outputs: [invariant], inputs: [{', '.join(INPUTS)}], "
            f"samples: 2, elements: 1}}"
        )
    return "\n".join(lines) + "\n"


class Canned:
    """An executor that measures one row of each architecture, and answers every other with its content."""

    def __init__(self, jobs: int, log: Path | None):
        self._workers = Workers(1, log)
        self._rows = list[tuple[int, Task]]()
        self._others = dict[int, int]()
        self._submitted, self._known = 0, dict[str, dict[str, Any]]()

    def submit(self, task: Task) -> int:
        self._submitted += 1
        if task.function is measured:
            self._rows.append((self._submitted, task))
        else:
            self._others[self._workers.submit(task)] = self._submitted
        return self._submitted

    def results(self) -> Iterator[tuple[int, Answer | Lost]]:
        for number, answer in self._workers.results():
            yield self._others.pop(number), answer
        rows, self._rows = self._rows, []
        for number, task in rows:
            cell: Cell = task.arguments[0]
            if cell.architecture not in self._known:
                ((_, answer),) = carried_out(self._workers, [task])
                assert isinstance(answer, Answer), answer
                self._known[cell.architecture] = answer.value
            known = self._known[cell.architecture]
            own = {name: getattr(cell, name) for name in ("id", "check", "case", "seed")}
            yield number, Answer({"row": {**known["row"], **own}, "made": known["made"]}, "1")

    def running(self) -> list[tuple[Task, float]]:
        return []

    def close(self) -> None:
        self._workers.close()


def cpu(who: int = resource.RUSAGE_SELF) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def one(rows: int, architectures: int, real: bool) -> dict[str, Any]:
    """One run in this process."""
    EXECUTORS.add("canned", f"{Path(__file__).stem}:Canned")
    running._planted = lambda *_: []  # its cost does not depend on the rows
    stages: dict[str, float] = {}
    by_stage: dict[str, float] = {}
    last = [cpu()]

    def lap(stage: str) -> None:
        now = cpu()
        stages[stage] = round(stages.get(stage, 0.0) + now - last[0], 3)
        by_stage[stage] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
        last[0] = now

    def timed(name: str, stage: str) -> None:
        function = getattr(running, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            lap("other")
            try:
                return function(*arguments, **named)
            finally:
                lap(stage)

        setattr(running, name, wrapped)

    for name, stage in (("plan", "plan"), ("_rows", "rows"), ("_judged", "judging"), ("save", "saving")):
        timed(name, stage)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.yaml"
        path.write_text(suite(rows))
        names = (
            [parse_name(name) for name in list(built_in())[:architectures]]
            if architectures > 1
            else [parse_name("stats")]
        )
        began = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        request = RunRequest(
            [load_suite(str(path))], names, Path(folder) / "out", executor="local" if real else "canned", jobs=2
        )
        run, _ = running.carry_out(request)
        lap("other")
        end_server()
        bytes_of = {
            name: (Path(folder) / "out" / name).stat().st_size
            for name in FILES
            if (Path(folder) / "out" / name).exists()
        }
        return {
            "rows": len(run.results),
            "architectures": len(names),
            "real": real,
            "parent": stages,
            "parent_cpu": round(cpu(), 2),
            "children_cpu": round(cpu(resource.RUSAGE_CHILDREN), 2),
            "row_seconds": round(sum(row.seconds for row in run.results), 2),
            "mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "mib_before": round(before / 1024, 1),
            "mib_by": by_stage,
            "wall": round(time.monotonic() - began, 1),
            "bytes": bytes_of,
        }


def apart(rows: int, architectures: int, real: bool) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, __file__, "--one", str(rows), str(architectures), str(int(real))]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        import parent  # under the name that the executor is found by

        print(json.dumps(parent.one(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "1")))
        sys.exit()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 3000, 10000])
    parser.add_argument("--architectures", type=int, default=1)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--keep", type=Path)
    told = parser.parse_args()
    listed = [
        Item(f"{rows} {told.architectures} {told.real}", lambda rows=rows: apart(rows, told.architectures, told.real))
        for rows in told.rows
    ]
    found = go_on(told.journal, listed)
    print(json.dumps({**origin(), "runs": list(found.values())}, indent=1))
    if told.keep:
        told.keep.write_text(json.dumps({**origin(), "runs": list(found.values())}, indent=1) + "\n")
