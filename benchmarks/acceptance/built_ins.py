"""The built-in architectures by ten seeds: does any conclusion of `paper` fall by networks and inputs that are drawn anew?

    python benchmarks/acceptance/built_ins.py JOURNAL [--count 10] [--seconds S] [--keep FILE]

`--count` seeds of every row of the suite: first the rows without a training, seed by seed, then those with one. What is drawn for a row (parameters, batches, group elements, inputs of the
law) follows its seed, which is its content; here the number of the draw is a part of it. Data sets and pairs belong to the check, and are
the same in all. Conclusions are drawn of each seed's rows by the judgements that conclude a run, where all of a conclusion's rows are measured. A row is red as in a run: the suite's
expected failures and allowances count.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from journal import Item, Measured, face

from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.result import Result, digest, plain
from orbitcheck.harness.judging.gate import is_red, settle
from orbitcheck.harness.judging.judgements import JUDGEMENTS
from orbitcheck.harness.judging.judgements.tally import tally
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.language.shipped import shipped_suites
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.border import read_row
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan

SUITE = load_suite(shipped_suites()["paper"])
CELLS = plan([SUITE], [parse_name(name) for name in SUITE.architectures])

UNTRAINED = {cell.check for cell in CELLS if "steps" not in cell.parameters}


def items(count: int) -> list[Item]:
    """Every row by every seed, seed by seed; those that are trained after all others."""
    drawn_ = [(cell, seed) for seed in range(count) for cell in CELLS]
    return [
        Item(f"{seed} {cell.check} {cell.case} {cell.architecture}", lambda cell=cell, seed=seed: measured(cell, seed))
        for cell, seed in sorted(drawn_, key=lambda one: one[0].check not in UNTRAINED)
    ]


def measured(cell: Cell, seed: int) -> Measured:
    """The row, as `results.json` holds it."""
    began = time.process_time()
    row = evaluate(drawn(cell, seed), shrinks=False)
    return {"row": plain(row.to_json()), "cpu": round(time.process_time() - began, 2)}


def drawn(cell: Cell, seed: int) -> Cell:
    """The same row with the number of the draw as a part of what it is."""
    other = replace(cell)
    object.__setattr__(other, "_content", digest([cell.content, seed]))
    return other


def summary(found: Mapping[str, Measured]) -> dict[str, Any]:
    """Conclusions, outcomes and red rows by seed."""
    by_seed: dict[str, list[Result]] = defaultdict(list)
    for key, entry in found.items():
        by_seed[key.partition(" ")[0]].append(read_row(entry["row"]))
    settled = {seed: settle(rows, [], [SUITE])[0] for seed, rows in by_seed.items()}
    concluded: dict[str, Counter[str]] = defaultdict(Counter)
    open_: dict[str, str] = {}
    for number, wanted in enumerate(SUITE.conclusions):
        wholly = sum(SUITE.concludes(wanted, cell) for cell in CELLS)
        name = f"{wanted.claim} by {', '.join(wanted.checks)}" + ("" if wanted.allow is None else " (may stay open)")
        for seed, rows in settled.items():
            own = [row for row in rows if SUITE.concludes(wanted, row)]
            if len(own) < wholly:
                continue
            finding = JUDGEMENTS.get(wanted.claim, tally)(own, described(own), wanted.margin)
            concluded[name][finding.outcome] += 1
            if finding.outcome != "pass":
                open_[f"{seed} {number} {name}"] = f"{finding.outcome}: {finding.reason}"
    return {
        "rows": len(found),
        "seeds of every row": sum(len(rows) == len(CELLS) for rows in settled.values()),
        "seeds of the rows without a training": sum(
            sum(row.check in UNTRAINED for row in rows) == sum(cell.check in UNTRAINED for cell in CELLS)
            for rows in settled.values()
        ),
        "conclusions": {claim: dict(counted) for claim, counted in concluded.items()},
        "not passed": open_,
        "outcomes": dict(Counter(row.outcome for rows in settled.values() for row in rows)),
        "red rows": {
            f"{seed} {row.check} {row.case} {row.architecture}": f"{row.outcome}: {row.reason}"[:300]
            for seed, rows in settled.items()
            for row in rows
            if is_red(row)
        },
        "CPU seconds": round(sum(entry["cpu"] for entry in found.values())),
    }


def described(rows: list[Result]) -> list[Mapping[str, Any]]:
    """What judgements read of a declaration."""
    names = dict.fromkeys(row.architecture for row in rows if row.architecture != "weights")
    loaded = {name: load(parse_name(name)).traits for name in names}
    return [{"name": name, "power": traits.power, "symmetry": traits.symmetry} for name, traits in loaded.items()]


if __name__ == "__main__":
    face(__doc__, items, summary, 10)
