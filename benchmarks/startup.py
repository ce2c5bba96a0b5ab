"""Start-up: what the commands that people call most often take beyond a bare interpreter, by the wall clock.

Every round starts the bare interpreter and each command once, in turn, so that a change of the machine's speed meets them all; one
round of warming up is not counted. The aims: `--help` and `list architectures` within 0.15 s of the bare interpreter, `list suites`
within 0.3 s.

    python benchmarks/startup.py [--rounds 10] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("orbitcheck"))
BARE = "python -c pass"
AIMS = {"--help": 0.15, "list architectures": 0.15, "list suites": 0.3}
"""Seconds beyond the bare interpreter."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    calls = {BARE: [sys.executable, "-c", "pass"], **{name: [COMMAND, *name.split()] for name in AIMS}}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(arguments.rounds + 1):
        for name, call in calls.items():
            begun = time.perf_counter()
            subprocess.run(call, stdout=subprocess.DEVNULL, check=True)
            taken[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(times[1:]) for name, times in taken.items()}
    if arguments.json:
        print(json.dumps(medians, indent=1))
        return
    print(f"{BARE:20} {1e3 * medians[BARE]:6.0f} ms")
    for name, aim in AIMS.items():
        beyond, ratio = medians[name] - medians[BARE], medians[name] / medians[BARE]
        verdict = "" if beyond <= aim else ": NO"
        print(
            f"{name:20} {1e3 * medians[name]:6.0f} ms: {1e3 * beyond:+5.0f} ms, x {ratio:.1f}; aim {1e3 * aim:+.0f} ms{verdict}"
        )


if __name__ == "__main__":
    main()
