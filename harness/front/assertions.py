"""Assertions on networks: the checks of the command line on one network, in one call, returning what was measured."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import torch

from ..checks.equivariance.kind import CONSTRUCTED_INPUTS
from ..checks.equivariance.measurement import measure
from ..checks.equivariance.task import GIVEN, OUTPUTS, Task
from ..checks.equivariance.verdict import Measurement, judge
from ..checks.prediction import NOT_SEPARATED, SEPARATED, Ground, Prediction
from ..checks.separation.draws import take_draws
from ..checks.separation.verdict import Draw, observe
from ..core.cell import WEIGHTS, Cell
from ..core.registry import did_you_mean
from ..core.result import Result
from ..judging.gate import is_red, settle
from ..judging.settings import problems as setting_problems
from ..language.reading import load_suite
from ..language.suite import Suite
from ..learning.workbench import Workbench
from ..plugins.architecture import Architecture, Equivariant, Invariant, Unsupported, as_architecture
from ..plugins.importing.as_built import AsBuilt
from ..running.evaluate import evaluate
from ..running.plan import plan
from ..weights.batch import Weights
from ..weights.inputs import CONSTRUCTED, constructed
from ..weights.pair import Pair, Vector
from ..weights.space import NamedSpace, SpaceError, WeightSpace
from .answers import demand_space, two_vectors
from .failures import UNASKED, failure_text, skip_text
from .isolation import as_in_a_worker

Factory = Callable[..., torch.nn.Module]
MODES = ("eval", "train")


def assert_equivariant(
    network: torch.nn.Module | Factory,
    space: WeightSpace,
    *,
    inputs: Sequence[str] | Weights = CONSTRUCTED_INPUTS,
    modes: Sequence[str] = ("eval",),
    seed: int = 0,
) -> dict[str, Measurement]:
    """Assert `phi(g v) = g phi(v)` on every kind of input, for a built network or for both outputs of a factory.

    Args:
        network: a module that takes `Weights` of `space`, or a factory `(space, output) -> module`.
        inputs: kinds of constructed input, or weights of your own: any number of vectors of the space, with one channel. Of these
            every generator is asked on four, and random elements on up to 64; entries are rounded to float32 first.
        modes: "eval", "train" or both.

    Returns:
        `output/input/mode` -> what was measured.

    Raises:
        AssertionError: a case that does not pass; the message says which, how far off it is, and the group element.
        Unsupported: a factory claims neither output.
        SpaceError: weights of another space, with several channels or not finite; a kind of input or a mode that is none.
    """
    demand_space(space)
    given = _given(inputs, space) if isinstance(inputs, Weights) else None
    if not isinstance(inputs, Weights):
        _demand_names("inputs", inputs, CONSTRUCTED, " or Weights")
    _demand_names("modes", modes, MODES)
    __tracebackhide__ = True  # pytest shows the test's own line and the message
    measurements: dict[str, Measurement] = {}
    refusals: list[str] = []
    declared = not isinstance(network, torch.nn.Module)
    for name, asked, architecture in _subjects(network, space):
        for kind in (GIVEN,) if isinstance(inputs, Weights) else inputs:
            for mode in modes:
                task = Task(
                    NamedSpace(space),
                    name,
                    kind,
                    mode,
                    samples=4,
                    elements=8,
                    asked=asked,
                    given=given,
                    declared=declared,
                )
                try:
                    with as_in_a_worker():
                        measured, worst = measure(architecture, task, seed, Workbench())
                except Unsupported as reason:
                    refusals.append(str(reason))
                    break
                found = judge(measured)
                case = f"{name}/{kind}/{mode}"
                if found.outcome != "pass":
                    raise AssertionError(
                        f"{architecture.name} on {space}, {case}\n{found.outcome}: {found.reason}\nworst element: {worst}, seed {seed}"
                    )
                measurements[case] = measured
    if not measurements:
        raise Unsupported("; ".join(dict.fromkeys(refusals)) or "nothing was asked")
    return measurements


def _demand_names(what: str, given: object, available: Collection[str], more: str = "") -> None:
    """Refuse what is no list of names, so that nothing passes that was not asked."""
    allowed = f"allowed: a list of {', '.join(available)}{more}"
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise SpaceError(
            f"{what}: got {f'{given!r}' if isinstance(given, str) else f'a {type(given).__name__}'}; {allowed}"
        )
    for name in given:
        if not isinstance(name, str):
            raise SpaceError(f"{what}: got a list with a {type(name).__name__}; {allowed} (Weights.cat joins batches)")
        if name not in available:
            raise SpaceError(f'{what}: unknown "{name}"{did_you_mean(name, available)}')


def _given(weights: Weights, space: WeightSpace) -> Weights:
    """The user's own weights as inputs of a row: numbers that float32 holds, two at least."""
    if weights.space != space:
        raise SpaceError(f"inputs are weights of {weights.space}, but the space is {space}")
    if weights.channels != 1:
        raise SpaceError(f"inputs have {weights.channels} channels; a plain weight vector has one")
    plain = weights.map(lambda tensor: tensor.detach().cpu()).to(torch.float32).to(torch.float64)
    for name, tensor in plain.items():
        if not torch.isfinite(tensor).all():
            number, *place = torch.nonzero(~torch.isfinite(tensor))[0].tolist()
            raise SpaceError(
                f"inputs: weight vector {number}: {name}{place[:-1]} is {weights.tensors[name][number, *place].item()}; inputs are "
                "finite in float32"
            )
    return plain if plain.batch > 1 else Weights.cat([plain, plain])


def pipeline(*parts: Callable[[Any], Any]) -> torch.nn.Module:
    """What its parts do one after the other, as one network: normalisation, tokeniser, canonical form, network, read-out.

    Args:
        parts: functions or modules; the first takes `Weights`, the last gives `[batch, dim]` or `Weights`. Parameters of modules
            follow the pipeline's dtype; a function makes its own numbers in the dtype of what it is given.

    Raises:
        TypeError: no part, or one that cannot be called.
    """
    if not parts:
        raise TypeError("a pipeline has at least one part")
    for number, part in enumerate(parts):
        if not callable(part) or isinstance(part, type):
            raise TypeError(f"part {number} of the pipeline is {part!r}; allowed: functions and built modules")
    return _Pipeline(*parts)


class _Pipeline(torch.nn.Module):
    def __init__(self, *parts: Callable[[Any], Any]):
        super().__init__()
        self.parts = parts
        self.modules_of_parts = torch.nn.ModuleList([part for part in parts if isinstance(part, torch.nn.Module)])

    def __deepcopy__(self, memo: dict[int, Any]) -> _Pipeline:
        return _Pipeline(
            *(copy.deepcopy(part, memo) if isinstance(part, torch.nn.Module) else part for part in self.parts)
        )

    def forward(self, value: Any) -> Any:
        for part in self.parts:
            value = part(value)
        return value


def _subjects(
    network: torch.nn.Module | Factory, space: WeightSpace
) -> list[tuple[str, Invariant | Equivariant, Architecture]]:
    if not isinstance(network, torch.nn.Module):
        return [(name, OUTPUTS[name], as_architecture(network)) for name in ("invariant", "equivariant")]
    module = copy.deepcopy(network).double().eval()
    with as_in_a_worker(), torch.no_grad():
        result = module(constructed("generic", space, 2, np.random.default_rng(0)))
    asked = Equivariant(result.channels) if isinstance(result, Weights) else Invariant(result.shape[-1])
    name = "equivariant" if isinstance(result, Weights) else "invariant"

    def again(space: WeightSpace, output: Invariant | Equivariant) -> torch.nn.Module:
        return copy.deepcopy(network)

    return [(name, asked, as_architecture(again, type(network).__name__))]


def assert_separates(
    network: torch.nn.Module | Factory,
    v: Weights | Vector,
    w: Weights | Vector,
    space: WeightSpace | None = None,
    *,
    separates: bool = True,
    seed: int = 0,
) -> list[Draw]:
    """Assert that a network separates two weight vectors, or with `separates=False` that it does not.

    Args:
        network: a factory `(space, Invariant(...)) -> module`, whose parameters are drawn anew for each draw; or a built
            module with an invariant output `[batch, dim]`, asked with the parameters that it has.
        v, w: `Weights` with a batch of one, or arrays by tensor name (then `space` is needed).

    Returns:
        The draws that were measured: per draw the gap between the two and the noise inside each orbit.

    Raises:
        SpaceError: vectors that do not fit the space, are not finite, or are of two spaces; a batch of several.
        AssertionError: otherwise; 'no gap' and 'unclear' are no separation, and no proof of the contrary.
        Unsupported: the factory claims no invariant output.
        TypeError: the module's output is not invariant.
    """
    __tracebackhide__ = True
    named, first, second = two_vectors(v, w, space)
    wanted = Prediction(SEPARATED if separates else NOT_SEPARATED, Ground.ASSERTED, "asserted")
    if isinstance(network, torch.nn.Module):
        _, asked, architecture = _subjects(network, named)[0]
        if not isinstance(asked, Invariant):
            raise TypeError(
                f"{architecture.name} answers with Weights; two vectors are separated by an invariant output"
            )
        built = network
        architecture = as_architecture(lambda space, output: AsBuilt(built, output.dim), architecture.name)
    else:
        architecture = as_architecture(network)
    with as_in_a_worker():
        draws = take_draws(architecture, Pair(named, first, second), wanted, seed, Workbench())
    fault = next((draw.fault_text for draw in draws if draw.fault), None)
    observed = fault or observe(draws, wanted)
    if observed != wanted.verdict:
        gap = f"largest gap over noise: {max(draw.ratio for draw in draws):.1e}, in {len(draws)} draws"
        raise AssertionError(f"{architecture.name} on {named}\nwanted: {wanted.verdict}\nobserved: {observed}\n{gap}")
    return draws


@dataclass(frozen=True)
class SuiteRow:
    """One row of a suite on one network; calling it asserts that it is as predicted and returns the row.

    A row of which nothing is predicted, or that does not apply, raises `SkipTest`, which pytest shows as skipped.
    """

    cell: Cell
    suite: Suite
    architecture: Architecture

    def __str__(self) -> str:
        return f"{self.cell.check}/{self.cell.case}"

    def __call__(self) -> Result:
        __tracebackhide__ = True
        with as_in_a_worker():
            answer = evaluate(self.cell, self.architecture)
        (row,), _, _ = settle([answer], [self.cell], [self.suite])
        if row.outcome in UNASKED:
            raise SkipTest(skip_text(row))
        if is_red(row):
            raise AssertionError(f"{row.architecture} / {row.check} / {row.case}\n{failure_text(row)}")
        for problem in setting_problems([row], []):
            raise AssertionError(str(problem))
        return row


def checks_for(
    factory: Factory, suite: str | Path = "quick", options: Mapping[str, Any] | None = None
) -> list[SuiteRow]:
    """Every row of a suite that reads a network, on one, for `@pytest.mark.parametrize("check", checks_for(MyNet), ids=str)`."""
    from ..plugins.discovery import ArchitectureName

    architecture = as_architecture(factory).with_options(options or {})
    name = ArchitectureName(architecture.name, tuple(sorted(architecture.options.items())))
    loaded = load_suite(suite, [name])
    return [SuiteRow(cell, loaded, architecture) for cell in plan([loaded], [name]) if cell.architecture != WEIGHTS]
