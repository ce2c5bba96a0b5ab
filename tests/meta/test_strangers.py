"""Networks that strangers might write: the broken ones are caught by rows of `quick`, the correct ones stay green.

Long runs over many seeds are in benchmarks/acceptance.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module

import numpy as np
import pytest
import torch
from meta_nets import asking
from meta_nets.catalogue import BROKEN, REFUSED, SOUND, WHOLE, Caught

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, mlp, random_elements
from orbitcheck.harness.judging.gate import is_red, settle
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import PluginImportError, parse_name
from orbitcheck.harness.plugins.redraw import redraw_
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.plan import plan

MODULES = ("training", "memory", "shapes", "precision", "calling", "ties", "outputs", "power", "elsewhere")
SPACES = (mlp(2, 5, 1, activation="tanh"), mlp(2, 4, 3, 1, activation="tanh"))
SMALL = (
    "equivariance-constructed deep/invariant/generic/eval",
    "equivariance-constructed shallow/equivariant/ties/eval",
    "equivariance-in-use shallow/*/generic/eval/*",
    "equivariance-shapes narrow/*",
    "same-orbit #0",
    "prop-6.2 #0",
)
"""Rows of `quick` that a correct network is asked here; all of them in benchmarks/acceptance/false_alarms.py."""


def told(rows: list) -> list[tuple[str, ...]]:
    return [(asking.named_row(row), row.outcome, str(asking.cause(row)), row.reason[:120]) for row in rows]


def test_the_catalogue_names_every_broken_network() -> None:
    listed = {entry.network for entry in (*BROKEN, *WHOLE)} | set(REFUSED)
    written = {
        f"{module}:{name}"
        for module in MODULES
        for name, found in inspect.getmembers(import_module(f"meta_nets.{module}"), inspect.isclass)
        if "__orbitcheck__" in vars(found) and found.__module__ == f"meta_nets.{module}"
    }
    assert written == listed
    assert len(written) >= 40


def sampled(entries: Sequence[Caught | str]) -> list:
    """Every sixth is asked in each run of the tests, the others where `-m long` asks for them."""
    return [
        pytest.param(entry, id=getattr(entry, "network", entry), marks=() if number % 6 == 0 else pytest.mark.long)
        for number, entry in enumerate(entries)
    ]


@pytest.mark.parametrize("entry", sampled(BROKEN))
def test_a_broken_network_is_caught_for_the_right_reason(entry: Caught) -> None:
    caught, seen = asking.first_right(entry)
    assert caught is not None, told(seen)


@pytest.mark.parametrize("network", REFUSED)
def test_a_declaration_beyond_reach_is_refused(network: str) -> None:
    with pytest.raises(PluginImportError, match="rounds"):
        asking.architecture(f"meta_nets.{network}")


@pytest.mark.parametrize("entry", sampled(WHOLE))
def test_what_no_row_convicts_is_red_as_a_whole(entry: Caught) -> None:
    cells = [cell for cell in asking.quick(entry.reference) if entry.asks(asking.named(cell))]
    subject = asking.architecture(entry.reference)
    rows, problems, code = settle(
        [evaluate(cell, subject) for cell in cells], cells, [load_suite("quick")], (), [{"name": entry.reference}]
    )
    assert code == 1
    if entry.outcomes:
        assert any(row.outcome in entry.outcomes and row.fault in entry.faults for row in rows), told(rows)
    else:
        assert problems


@pytest.mark.parametrize("name", sampled(SOUND))
def test_a_correct_network_stays_green(name: str) -> None:
    asked = Caught(f"sound:{name}", SMALL)
    rows = list(asking.asked(asked))
    assert any(row.outcome == "pass" for row in rows)
    assert not [row for row in rows if is_red(row)], told([row for row in rows if is_red(row)])


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("redrawn", [False, True])
def test_a_correct_network_is_correct(name: str, redrawn: bool) -> None:
    """By brute force, with nothing of the checks: random elements in float64, each sample in its own units."""
    subject = asking.architecture(f"meta_nets.sound:{name}")
    for space in SPACES:
        rng = np.random.default_rng(0)
        values = [{name: rng.standard_normal(shape) for name, shape in space.shapes.items()} for _ in range(3)]
        v = Weights.from_arrays(space, values)
        if subject.traits.domain == "all":
            v = Weights.cat([v, v.map(lambda t: (2 * t).round() / 2), v.map(torch.zeros_like)])
        for output in (Invariant(2), Equivariant(2)):
            try:
                network = subject.build(space, output, seed=1, dtype=torch.float64)
            except Unsupported:
                continue
            if redrawn and name != "FrozenZeros":  # whose zeros are a constant, not a parameter
                redraw_(network, 5, 3.0)
            with torch.no_grad():
                y = network(v).clone()
                for g in random_elements(space, 8, rng):
                    moved = network(act(g, v))
                    wanted, got = (y, moved) if isinstance(y, torch.Tensor) else (act(g, y).flat(), moved.flat())
                    unit = wanted.abs().amax(1).clamp(min=1e-300)
                    assert ((wanted - got).abs().amax(1) / unit).max() < 1e-12


def test_the_rows_asked_here_are_rows_of_quick() -> None:
    """A pattern that matches nothing asks nothing."""
    known = [asking.named(cell) for cell in plan([load_suite("quick")], [parse_name("stats")])]
    patterns = {pattern for entry in (*BROKEN, *WHOLE) for pattern in entry.rows} | set(SMALL)
    assert not {pattern for pattern in patterns if not any(Caught("", (pattern,)).asks(name) for name in known)}
