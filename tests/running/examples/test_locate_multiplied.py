"""`locate` on networks that declare signs or scales: the planted module in most, never a wrong one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.examples.example import locate_row
from orbitcheck.harness.running.plan import plan

FILE = Path(__file__).with_name("multiplied_networks.py")
SUITE = """\
suite: where
version: 1
title: The law, where elements multiply
spaces:
  odd: {{mlp: [2, 5, 4, 3], activation: {activation}}}
checks:
  - {{id: law, kind: equivariance, spaces: [odd], inputs: [generic], outputs: [{output}]}}
"""
PLANTED = {
    "offset_sign": ("encode.0",),
    "offset_scale": ("encode.0",),
    "squared_sign": ("message.1",),
    "squared_scale": ("message.1",),
    "bent_sign": ("update.0",),
    "bent_scale": ("update.1",),
    "plain_sign": ("pool",),
    "seeing_scale": (
        "update.0.gate",
        "update.0.gate.net.0",
    ),  # whose layer with a bias is the first to take what has factors
    "squashed_sign": ("nodes.0",),
    "numbered_scale": ("encode.1",),
    "absolute_sign": ("message.1",),
    "BetweenSign": ("",),
}
"""Network -> the module that breaks the law; the innermost one of its own code."""
NAMED = 8
"""So many of them at least are named."""


@cache
def found(folder: Path, name: str):
    sign = name.lower().endswith("sign")
    file = folder / f"{name}.yaml"
    output = "equivariant" if name.startswith("squashed") else "invariant"
    file.write_text(SUITE.format(activation="tanh" if sign else "relu", output=output), encoding="utf-8")
    reference = parse_name(f"{FILE}:{name}")
    (cell,) = plan([load_suite(file, [reference])], [reference])
    row = evaluate(cell)
    return row, (locate_row(row, cell) if row.outcome == "fail" else None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("multiplied")


EACH_TIME = ("offset_sign", "squared_scale", "absolute_sign", "BetweenSign")
"""Asked in each run of the tests, the others where `-m long` asks for them."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in EACH_TIME else pytest.mark.long) for name in PLANTED]
)
def test_the_planted_module_is_named_and_no_other(folder, name):
    row, located = found(folder, name)
    assert located is not None, (row.outcome, row.reason)
    assert located.module in (None, *PLANTED[name]), located
    if located.module is None:
        assert located.told.startswith("cannot tell")


@pytest.mark.long
def test_most_are_named(folder):
    silent = {name: found(folder, name)[1].told for name in PLANTED if found(folder, name)[1].module is None}
    assert len(PLANTED) - len(silent) >= NAMED, silent


@pytest.mark.parametrize("name", ["sound_sign", pytest.param("sound_scale", marks=pytest.mark.long)])
def test_what_they_are_made_of_keeps_the_law(folder, name):
    row, _ = found(folder, name)
    assert row.outcome == "pass", row.reason
