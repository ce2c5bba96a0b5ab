"""Harness overhead: wall time of a suite over the bare time of the model calls that it makes, imports aside.

Runs a shipped suite cell by cell in this process, one thread, and adds up what `evaluate` took and what was spent inside the
networks' own forward calls. Zoos are trained beforehand.

    python benchmarks/overhead.py [--suite quick] [--json] [ARCHITECTURE ...]
"""

from __future__ import annotations

import argparse
import json
from itertools import groupby

import torch

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.learning.workbench import keep_memory
from orbitcheck.harness.plugins.discovery import built_in, load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("architectures", nargs="*", help="default: all built-in ones")
    parser.add_argument("--suite", default="quick")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    names = [parse_name(name) for name in arguments.architectures or built_in()]
    cells = sorted(plan([load_suite(arguments.suite)], names), key=lambda cell: cell.architecture)
    table = {}
    for name, group in groupby(cells, key=lambda cell: cell.architecture):
        architecture = load(parse_name(name))
        listed = list(group)
        evaluate(listed[0], architecture)  # imports, zoos and certificates of the first cell are not the harness's time
        rows = [evaluate(cell, architecture) for cell in listed]
        table[name] = (len(rows), sum(row.seconds for row in rows), sum(row.model_seconds for row in rows))
    table["all"] = tuple(map(sum, zip(*table.values(), strict=True)))
    if arguments.json:
        keys = ("rows", "seconds", "model_seconds")
        print(json.dumps({name: dict(zip(keys, values, strict=True)) for name, values in table.items()}, indent=1))
        return
    print(f"{'architecture':16} {'rows':>5} {'wall s':>8} {'model s':>8} {'ratio':>6}")
    for name, (rows, wall, model) in table.items():
        print(f"{name:16} {rows:5d} {wall:8.2f} {model:8.2f} {wall / model:6.2f}")


if __name__ == "__main__":
    main()
