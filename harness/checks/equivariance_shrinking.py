"""From a failure to the smallest one: fewer layers, smaller widths, the shortest permutation (hypothesis does the search)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from ..architecture import Architecture, Unsupported
from ..group import GroupElement, compose, identity, transposition
from ..space import mlp
from ..subject import PluginFault
from ..workbench import Workbench
from . import equivariance as verdict
from .equivariance_measurement import Task, measure

SEARCH = 40
"""Examples tried before the failure is reported as it was found."""
CALLS = 160
"""Measurements that one search may cost, shrinking included."""


@dataclass(frozen=True)
class Example:
    """A candidate: widths, and a permutation as a product of adjacent transpositions `(hidden layer, index)`."""

    widths: tuple[int, ...]
    swaps: tuple[tuple[int, int], ...]

    @property
    def element(self) -> GroupElement:
        """The product of the swaps, the first one acting first."""
        space = mlp(*self.widths)
        element = identity(space)
        for layer, index in self.swaps:
            element = compose(transposition(space, f"n{layer}", index), element)
        return element


@st.composite
def examples(draw: st.DrawFn, widths: tuple[int, ...]) -> Example:
    """Networks no larger than `widths`, with at least one hidden layer of two neurons, and up to four swaps."""
    hidden = widths[1:-1]
    count = draw(st.integers(1, len(hidden)))
    chosen = [draw(st.integers(1, hidden[index])) for index in range(count)]
    chosen = (draw(st.integers(1, widths[0])), *chosen, draw(st.integers(1, widths[-1])))
    movable = [(layer, index) for layer in range(1, count + 1) for index in range(chosen[layer] - 1)]
    swaps = draw(st.lists(st.sampled_from(movable), max_size=4)) if movable else []
    return Example(tuple(chosen), tuple(swaps))


def shrink(
    architecture: Architecture,
    task: Task,
    seed: int,
    measured: verdict.Measurement,
    worst: GroupElement,
    bench: Workbench,
) -> dict[str, Any]:
    """The smallest failing example that the search finds, or the failure as it was measured.

    Returns:
        widths, input kind, seed, group element (cycle notation and images) and error: all that reproduces it.
    """
    found: dict[str, Any] = {
        "space": str(task.named.space),
        "input": task.input,
        "seed": seed,
        "element": str(worst),
        "images": worst.to_json(),
        "error": measured.error64,
        "shrunk": False,
    }
    if not task.named.space.is_mlp:
        return found
    kind = task.input if task.input != verdict.ZOO_INPUT else "generic"
    law_only = verdict.judge(measured)[2] == "not equivariant"
    calls = 0

    def fails(example: Example) -> bool:
        nonlocal calls
        calls += 1
        if calls > CALLS or (law_only and example.element == identity(mlp(*example.widths))):
            return False
        return failing_error(architecture, task, kind, example, seed, bench, law_only) is not None

    try:
        smallest = find(
            examples(task.named.space.widths),
            fails,
            settings=settings(
                max_examples=SEARCH,
                derandomize=True,
                database=None,
                deadline=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
    except NoSuchExample:
        return found
    return {
        **found,
        "space": str(mlp(*smallest.widths, activation=task.named.space.activation)),
        "widths": list(smallest.widths),
        "input": kind,
        "element": str(smallest.element),
        "images": smallest.element.to_json(),
        "error": failing_error(architecture, task, kind, smallest, seed, bench, law_only),
        "shrunk": True,
    }


def failing_error(
    architecture: Architecture, task: Task, kind: str, example: Example, seed: int, bench: Workbench, law_only: bool
) -> float | None:
    """The error of one example if it fails as the original did, else None."""
    space = mlp(*example.widths, activation=task.named.space.activation)
    small = replace(task, named=replace(task.named, space=space, zoo=None), input=kind, samples=2)
    elements = (example.element,) if law_only else None
    try:
        measured, _ = measure(architecture, small, seed, bench, elements)
    except (Unsupported, PluginFault):
        return None
    outcome, _, observed = verdict.judge(measured)
    if outcome != "fail" or (law_only and observed != "not equivariant"):
        return None
    return measured.error64
