"""Assertions on networks: the checks of the command line on one network, in one call, returning what was measured."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .architecture import Architecture, Equivariant, Invariant, Unsupported, as_architecture
from .cell import WEIGHTS, Cell
from .checks import equivariance as law
from .checks.equivariance_measurement import OUTPUTS, Task, measure
from .checks.prediction import NOT_SEPARATED, SEPARATED, Prediction
from .checks.separation import observe
from .checks.separation_measurement import take_draws
from .evaluate import evaluate
from .gate import is_red, settle
from .inputs import constructed
from .pairs.family import Pair, Vector
from .plan import plan
from .pytest_plugin import failure_text
from .result import Result
from .space import NamedSpace, WeightSpace
from .suite import Suite, load_suite
from .weights import Weights
from .workbench import Workbench

Factory = Callable[..., torch.nn.Module]


def assert_equivariant(
    network: torch.nn.Module | Factory,
    space: WeightSpace,
    *,
    inputs: Sequence[str] = law.CONSTRUCTED_INPUTS,
    modes: Sequence[str] = ("eval",),
    seed: int = 0,
) -> dict[str, law.Measurement]:
    """Assert `phi(g v) = g phi(v)` on every kind of input, for a built network or for both outputs of a factory.

    Args:
        network: a module that takes `Weights` of `space`, or a factory `(space, output) -> module`.
        inputs: kinds of constructed input.
        modes: "eval", "train" or both.

    Returns:
        `output/input/mode` -> what was measured.

    Raises:
        AssertionError: a case that does not pass; the message says which, how far off it is, and the group element.
        Unsupported: a factory claims neither output.
    """
    measurements: dict[str, law.Measurement] = {}
    refusals: list[str] = []
    for name, asked, architecture in _subjects(network, space):
        for kind in inputs:
            for mode in modes:
                task = Task(NamedSpace(space), name, kind, mode, samples=4, elements=8, asked=asked)
                try:
                    measured, worst = measure(architecture, task, seed, Workbench())
                except Unsupported as reason:
                    refusals.append(str(reason))
                    break
                outcome, reason, _ = law.judge(measured)
                case = f"{name}/{kind}/{mode}"
                if outcome != "pass":
                    raise AssertionError(f"{case}: {outcome}: {reason} (worst element {worst}, seed {seed})")
                measurements[case] = measured
    if not measurements:
        raise Unsupported("; ".join(dict.fromkeys(refusals)) or "nothing was asked")
    return measurements


def _subjects(
    network: torch.nn.Module | Factory, space: WeightSpace
) -> list[tuple[str, Invariant | Equivariant, Architecture]]:
    if not isinstance(network, torch.nn.Module):
        return [(name, asked, as_architecture(network)) for name, asked in OUTPUTS.items()]
    module = copy.deepcopy(network).double().eval()
    with torch.no_grad():
        result = module(constructed("generic", space, 2, np.random.default_rng(0)))
    asked = Equivariant(result.channels) if isinstance(result, Weights) else Invariant(result.shape[-1])
    name = "equivariant" if isinstance(result, Weights) else "invariant"

    def again(space: WeightSpace, output: Invariant | Equivariant) -> torch.nn.Module:
        return copy.deepcopy(network)

    return [(name, asked, as_architecture(again, type(network).__name__))]


def assert_separates(
    factory: Factory,
    v: Weights | Vector,
    w: Weights | Vector,
    space: WeightSpace | None = None,
    *,
    separates: bool = True,
    seed: int = 0,
) -> list[Any]:
    """Assert that a network family tells two weight vectors apart, or with `separates=False` that it does not.

    Args:
        factory: `(space, Invariant(...)) -> module`; its parameters are drawn anew for each draw.
        v, w: `Weights` with a batch of one, or arrays by tensor name (then `space` is needed).

    Returns:
        The draws that were measured.

    Raises:
        AssertionError: otherwise; 'undecided' is no separation, and no proof of the contrary.
    """
    named = v.space if isinstance(v, Weights) else space
    if named is None:
        raise ValueError("arrays need space=...")
    vectors = [u.arrays() if isinstance(u, Weights) else u for u in (v, w)]
    prediction = Prediction(SEPARATED if separates else NOT_SEPARATED, "asserted")
    draws = take_draws(as_architecture(factory), Pair(named, *vectors), prediction, seed, Workbench())
    faults = [draw.fault for draw in draws if draw.fault]
    if faults:
        raise AssertionError(str(faults[0]))
    observed = observe(draws, prediction)
    if observed != prediction.verdict:
        best = max(draw.ratio for draw in draws)
        raise AssertionError(
            f"wanted {prediction.verdict}, but {observed}: gap over noise {best:.1e} in {len(draws)} draws"
        )
    return draws


@dataclass(frozen=True)
class SuiteRow:
    """One row of a suite on one network; calling it asserts that it is as predicted and returns the row."""

    cell: Cell
    suite: Suite
    architecture: Architecture

    def __str__(self) -> str:
        return f"{self.cell.check}/{self.cell.case}"

    def __call__(self) -> Result:
        (row,), _, _ = settle([evaluate(self.cell, self.architecture)], [self.cell], [self.suite])
        assert not is_red(row), failure_text(row)
        return row


def checks_for(
    factory: Factory, suite: str | Path = "quick", options: Mapping[str, Any] | None = None
) -> list[SuiteRow]:
    """Every row of a suite that reads a network, on one, for `@pytest.mark.parametrize("check", checks_for(MyNet), ids=str)`."""
    from .discovery import ArchitectureName

    architecture = as_architecture(factory).with_options(options or {})
    name = ArchitectureName(architecture.name, tuple(sorted(architecture.options.items())))
    loaded = load_suite(suite)
    return [SuiteRow(cell, loaded, architecture) for cell in plan([loaded], [name]) if cell.architecture != WEIGHTS]
