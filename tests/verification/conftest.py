"""A run of every kind of check and of proof, made in this process, with its planted defects as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from orbitcheck.harness.core.records import KillerRecord
from orbitcheck.harness.core.result import Run
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.killing import lost
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.planted import report, wanted_by
from orbitcheck.harness.running.planting.killers import KILLERS, Killer, killers_of
from orbitcheck.harness.running.run import following
from orbitcheck.harness.running.tasks import describe_architecture

SUITE = """\
suite: every-proof
version: 1
title: Rows with every kind of proof, and of every kind of check
architectures: [stats, flat-mlp, nfn-hnp, canonical-mlp]
spaces:
  tiny: {mlp: [1, 3, 3, 1], activation: relu}
  small: {mlp: [2, 4, 3, 1], activation: relu}
  smooth: {mlp: [2, 4, 3, 1], activation: tanh}
checks:
  - {id: same-orbit, kind: separation, space: small, pairs: {family: same-orbit, ties: all, count: 1}}
  - {id: generic, kind: separation, space: tiny, pairs: {family: generic, count: 1}}
  - {id: curved, kind: separation, space: smooth, pairs: {family: generic, count: 1}}
  - {id: sign-flip, kind: separation, space: smooth, pairs: {family: sign-flip, count: 1}}
  - {id: rescaling, kind: separation, space: small, pairs: {family: relu-rescaling, count: 1}}
  - {id: dead, kind: separation, space: small, pairs: {family: dead-neuron, count: 1}}
  - {id: split, kind: separation, space: small, pairs: {family: split-neuron, count: 1}}
  - {id: cycles, kind: separation, pairs: {family: bipartite-cycles, cycles: [[4], [2, 2]], count: 1}}
  - {id: regular, kind: separation, pairs: {family: strongly-regular, count: 1}}
  - {id: ladder, kind: separation, pairs: {family: round-ladder, rounds: [1, 3], count: 1}}
  - {id: direction, kind: separation, pairs: {family: direction, count: 1}}
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic], architectures: [stats, flat-mlp]}
  - {id: bank, kind: exhaustive, sizes: [2], architectures: [stats, nfn-hnp]}
  - {id: limit, kind: detection, spaces: [tiny], architectures: [stats]}
  - {id: entries, kind: resolution, spaces: [tiny], architectures: [stats]}
  - {id: span, kind: completeness, spaces: [tiny], architectures: [nfn-hnp]}
  - id: norms
    kind: approximation
    architectures: [stats, nfn-hnp]
    space: tiny
    target: {name: weight-norms}
    regime: {name: general-position}
    parameters: [500]
    steps: 3
    sizes: {train: 16, validation: 4, test: 8}
  - id: position
    kind: general-position
    space: tiny
    regime: {name: general-position}
    samples: 4
    forms: {float: {general-position: [1, 1]}}
  - id: least
    kind: floor
    regime: {name: prop-6.2-twins}
    samples: 8
    target: {name: middle-rank}
    forms: {float: {1-wl: [1, 1]}}
conclusions:
  - {claim: prop-6.2, checks: [cycles, regular], architectures: [canonical-mlp], killers: [row-products, norms-and-overlaps]}
expected_failures:
  - {architecture: flat-mlp, check: law, outcome: fail, reason: not equivariant}
"""
ARCHITECTURES = ("stats", "flat-mlp", "nfn-hnp", "canonical-mlp")


def honest_run(file: Path, architectures: tuple[str, ...] = ARCHITECTURES) -> Run:
    """The run of a suite; plants count as caught."""
    suites = [load_suite(str(file))]
    names = [parse_name(name) for name in architectures]
    cells = plan(suites, names)
    rows = [evaluate(cell) for cell in cells]
    described = [describe_architecture(name) for name in names]
    plants = wanted_by({cell.kind for cell in cells}, described)
    planted = [report(each, each.wanted, "", (each.sign,)) for each in plants]
    killers = [killed(KILLERS[name], of) for name, of in killers_of(suites, cells).items()]
    follows = following(rows, cells, suites, [], described, None, planted, killers)
    asked = {"expected_failures": [], "require_power": None}
    suite = suites[0].to_json()
    return Run("0", {}, [suite], described, planted=planted, killers=killers, request=asked, **follows)


def killed(killer: Killer, suites: tuple[str, ...]) -> KillerRecord:
    """A false claim as it should end."""
    record = lost(killer, suites, "")
    return {**record, "outcome": killer.wanted, "killed": True, "mended_outcome": "pass", "kept": True}


@pytest.fixture(scope="session")
def honest(tmp_path_factory) -> Run:
    file = tmp_path_factory.mktemp("honest") / "suite.yaml"
    file.write_text(SUITE)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return honest_run(file)
    finally:
        torch.set_num_threads(threads)
