"""Rows of one small real run, made once a session, and runs made of them: hostile, degenerate and large ones."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.outcomes import Trouble
from orbitcheck.harness.core.result import OUTCOMES, Problem, Result, Run, digest
from orbitcheck.harness.judging.controls import controls, round_ladder
from orbitcheck.harness.running.border import read_run
from orbitcheck.harness.running.killing import lost
from orbitcheck.harness.running.planting.killers import KILLERS

SMALL = Path(__file__).parent / "small"
ARCHITECTURES = (
    "stats", "sorted-mlp", "flat-mlp", "dws[depth=2,channels=4]", "dws[depth=3,channels=4]", "broken.py:FirstNeuron",
    "broken.py:Raises",
)  # fmt: skip
KINDS = {"equivariance": 45, "separation": 45, "approximation": 8, "detection": 1, "completeness": 1}
"""Of a hundred rows of large suites."""
Row = Callable[..., Result]


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The suite in `small/` over small and broken networks, as `orbitcheck run` writes it and the border reads it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "small-run"
    with FileLock(f"{folder}.lock"):
        if not (folder / "results.json").is_file():
            named = [part for name in ARCHITECTURES for part in ("-a", name)]
            code = "from orbitcheck.harness.front.cli import main; main()"
            command = [sys.executable, "-c", code, "run", "small.yaml", *named, "-o", str(folder), "-j", "2"]
            answer = subprocess.run(command, cwd=SMALL, capture_output=True, text=True, timeout=280)
            assert answer.returncode == 1, answer.stderr  # the broken ones are red
    return read_run((folder / "results.json").read_bytes())


@pytest.fixture(scope="session")
def make_row(small_run: Run) -> Row:
    """A real row with fields changed: `evidence` says which of its fields to change, or is what the row holds instead."""

    def make(
        kind: str = "equivariance", evidence: Mapping[str, Any] | Evidence | None = None, **changes: Any
    ) -> Result:
        source = next(
            row
            for row in small_run.results
            if row.kind == kind and row.outcome == "pass" and row.architecture != "stats"
        )
        if evidence is not None:
            found = evidence if isinstance(evidence, Evidence) else replace(source.evidence, **evidence)
            source = replace(source, evidence=found)
        identity = digest([kind, repr(evidence), sorted((key, repr(value)) for key, value in changes.items())])[:12]
        base = {
            "id": identity,
            "suite": "small",
            "architecture": "dws",
            "claim": None,
            "reproduce": f"orbitcheck reproduce out {identity}",
        }
        return replace(source, **{**base, **changes})

    return make


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "</script><script>alert(1)</script>",
    "]]><!--",
    "a|b `c` **d** [e](javascript:alert(1)) @everyone #1 <!-- f",
    "{{ 1111 * 7 }} {% raw %}",
    "nul \x00 bell \x07 escape \x1b[31m override \u202e end",
    "line\nbreak\r\n```\n# heading",
    "lone \ud800 surrogate \uffff",
)  # fmt: skip


def spoiled(value: Any, text: str) -> Any:
    """The value with every text in it replaced; enumerations, which nobody else writes, stay."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else text
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: spoiled(getattr(value, field.name), text) for field in fields(value)})
    if isinstance(value, Mapping):
        return {key if isinstance(key, Enum) else f"{text}{key}": spoiled(entry, text) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(spoiled(entry, text) for entry in value)
    return value


def record(told: Mapping[str, Any], text: str) -> dict[str, Any]:
    """What a run holds beside its rows, with every text in it replaced."""
    return {key: spoiled(value, text) for key, value in told.items()}


def hostile(run: Run) -> Run:
    """Every field that a stranger can fill holds text that means something to some format."""
    measured = {row.kind: row for row in run.results if row.evidence != Evidence()}
    rows = [
        replace(
            spoiled(row, text),
            id=f"{text}{kind}{outcome}",
            kind=kind,
            outcome=outcome,
            declared=text if index % 4 == 0 and outcome == "fail" else None,
        )
        for index, text in enumerate(HOSTILE)
        for outcome in OUTCOMES
        for kind, row in (*measured.items(), (text, next(iter(measured.values()))))
    ]
    return Run(
        orbitcheck=HOSTILE[0],
        environment={text: text for text in HOSTILE},
        suites=[{"suite": text, "version": text, "checks": [{"id": text, "title": text}]} for text in HOSTILE],
        architectures=[
            {"name": text, "options": {text: text}, "symmetry": text, "power": text, "rounds": [1, 2], "domain": text, "paper": text,
             "cost": {"of": text, "head": text, "parameters": 7, "operations": 7, "bytes": 7, "seconds": math.nan}}
            for text in HOSTILE
        ] + [{"name": f"broken {HOSTILE[0]}", "options": {}, "error": HOSTILE[1]}],
        results=rows,
        problems=[Problem(Trouble.UNSORTED, text, text) for text in HOSTILE],
        notes=list(HOSTILE),
        conclusions=[record(run.conclusions[0], text) for text in HOSTILE],
        controls=[{**run.controls[0], "name": text, "bound": math.inf} for text in HOSTILE],
        round_ladder=[{**run.round_ladder[0], "name": text, "architecture": text, "depth": 1 + number % 2, "declared": [1]}
                      for number, text in enumerate(HOSTILE)],
        planted=[record(run.planted[0], text) for text in HOSTILE],
        killers=[record(lost(next(iter(KILLERS.values())), [text], text), text) for text in HOSTILE],
    )  # fmt: skip


def not_finite(value: Any, number: float) -> Any:
    """The value with every float in it replaced."""
    if isinstance(value, float):
        return number
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: not_finite(getattr(value, field.name), number) for field in fields(value)})
    if isinstance(value, Mapping):
        return {key: not_finite(entry, number) for key, entry in value.items()}
    return tuple(not_finite(entry, number) for entry in value) if isinstance(value, tuple) else value


def degenerate(run: Run) -> dict[str, Run]:
    """Runs at the edges: nothing, one row, one outcome only, nothing measured, numbers that are none."""
    empty = Run("0.1.0", {}, [], [], [])
    row = next(row for row in run.results if row.outcome == "pass")
    bare = [
        {**entry, "nulls": 0, "digits": None, "digits_of_change": None, "t_res": None, "smallest_effect": None}
        for entry in run.controls
    ]
    unseen = [{**entry, "name": name, "declared": [], "t_res": None, "reach": -1, "points": [{**point, "digits": None} for point in
               entry["points"]]} for entry, name in zip(run.round_ladder, ("dws", "nobody", "stats"), strict=False)]  # fmt: skip
    return {
        "empty": empty,
        "green": replace(empty, results=[row]),
        "only-errors": replace(empty, results=[replace(row, outcome="error", reason="hung", check=f"c{i}") for i in range(3)]),
        "only-not-applicable": replace(empty, results=[replace(row, outcome="not-applicable", reason="one layer")]),
        "unloadable": replace(empty, architectures=[{"name": "mine", "options": {}, "error": "ImportError: no module named mine"}]),
        "unmeasured": replace(run, results=[replace(row, evidence=Evidence()) for row in run.results]),
        "infinite": replace(run, results=[replace(row, evidence=not_finite(row.evidence, float("inf"))) for row in run.results]),
        "no-number": replace(run, results=[replace(row, evidence=not_finite(row.evidence, float("nan"))) for row in run.results]),
        "zero": replace(run, results=[replace(row, evidence=not_finite(row.evidence, 0.0)) for row in run.results]),
        "bare-controls": replace(run, controls=bare, round_ladder=unseen, planted=(), killers=()),
        "unknown-outcome": replace(empty, results=[replace(row, outcome="exploded")]),
        "unexpected-pass": replace(empty, results=[replace(row, declared="known gap")]),
    }  # fmt: skip


EDGES = (
    "empty", "green", "only-errors", "only-not-applicable", "unloadable", "unmeasured", "infinite", "no-number", "zero",
    "bare-controls", "unknown-outcome", "unexpected-pass",
)  # fmt: skip


@pytest.fixture(params=["small", "hostile", *EDGES])
def any_run(request: pytest.FixtureRequest, small_run: Run) -> Run:
    """Each of the runs above but the large one."""
    if request.param == "small":
        return small_run
    return hostile(small_run) if request.param == "hostile" else degenerate(small_run)[request.param]


@pytest.fixture
def hostile_run(small_run: Run) -> Run:
    return hostile(small_run)


@pytest.fixture
def make_large(small_run: Run) -> Callable[..., Run]:
    """Many rows over many architectures, a share of them broken."""

    def large(architectures: int = 20, rows: int = 1000, broken: float = 0.05, seed: int = 3) -> Run:
        rng = random.Random(seed)
        pools = [[row for row in small_run.results if row.kind == kind] for kind in KINDS]
        names = [f"architecture-{index:02d}[channels={8 * index + 8},depth=4]" for index in range(architectures)]
        made = []
        for name in names:
            for index in range(rows):
                source = rng.choice(rng.choices(pools, KINDS.values())[0])
                outcome = rng.choice(("fail", "error", "undecided")) if rng.random() < broken else "pass"
                changes = {"id": digest([name, index])[:12], "architecture": name, "case": f"{source.case}/{index}"}
                reason = "phi(g v) differs from g phi(v): 3.1e-02, the noise is 3.1e-16" if outcome != "pass" else ""
                made.append(replace(source, outcome=outcome, reason=reason, declared=None, **changes))
        traits = {"symmetry": "permutation", "power": "1-wl", "rounds": [4, 9], "domain": "all"}
        described = [{"name": name, "options": {}, **traits} for name in names]
        return replace(
            small_run, results=made, architectures=described, problems=[], controls=controls(made, described),
            round_ladder=round_ladder(made, described),
        )  # fmt: skip

    return large


@pytest.fixture
def hostile_texts() -> tuple[str, ...]:
    return HOSTILE
