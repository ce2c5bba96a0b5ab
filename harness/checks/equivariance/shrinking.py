"""From a failure to the smallest one: fewer layers, smaller widths, the shortest permutation (hypothesis does the search)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.subject import PluginFault
from ...weights.space import mlp
from ...weights.symmetry import GroupElement, compose, identity, transposition
from . import verdict
from .evidence import CounterExample, Rule
from .law import Task, measure

SEARCH = 30
"""Examples tried before the failure is reported as it was found."""
CALLS = 80
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
def examples(draw: st.DrawFn, widths: tuple[int, ...], swapping: bool) -> Example:
    """Networks no larger than `widths`; if `swapping`, with a neuron that can move and one to four swaps."""
    hidden = widths[1:-1]
    count = draw(st.integers(1, len(hidden)))
    chosen = [draw(st.integers(1, hidden[index])) for index in range(count)]
    if swapping and max(chosen) < 2:
        index = draw(st.sampled_from([index for index in range(count) if hidden[index] > 1] or [0]))
        chosen[index] = draw(st.integers(min(2, hidden[index]), hidden[index]))
    chosen = (draw(st.integers(1, widths[0])), *chosen, draw(st.integers(1, widths[-1])))
    movable = [(layer, index) for layer in range(1, count + 1) for index in range(chosen[layer] - 1)]
    swaps = draw(st.lists(st.sampled_from(movable), min_size=1, max_size=4)) if swapping and movable else []
    return Example(chosen, tuple(swaps))


def shrink(
    architecture: Architecture,
    task: Task,
    seed: int,
    measured: verdict.Measurement,
    worst: GroupElement,
    bench: Workbench,
) -> CounterExample:
    """The smallest failing example that the search finds, or the failure as it was measured.

    Returns:
        space, input kind, seed, group element (cycle notation and images) and error: all that reproduces it.
    """
    found = CounterExample(
        space=str(task.named.space),
        input=task.input,
        seed=seed,
        element=str(worst),
        images=images(worst),
        error=_error(measured),
        shrunk=False,
    )
    if not task.named.space.is_mlp:
        return found
    kind = task.input if task.input != verdict.ZOO_INPUT else "generic"
    broken = verdict.broken(measured)
    swapping = broken in ((Rule.LAW,), (Rule.LAW_IN_FLOAT32,))
    errors: dict[Example, float | None] = {}

    def fails(example: Example) -> bool:
        if example not in errors and len(errors) < CALLS:
            errors[example] = failing_error(architecture, task, kind, example, seed, bench, broken)
        return errors.get(example) is not None

    smallest = Example((1, 2, 1), ((1, 0),)) if swapping else Example((1, 1, 1), ())
    if task.named.space.widths[1] < 2 or not fails(smallest):  # nothing is smaller, so most searches end here
        smallest = search(task.named.space.widths, swapping, fails)
    if smallest is None:
        return found
    error = errors[smallest]
    assert error is not None
    return replace(
        found,
        space=str(mlp(*smallest.widths, activation=task.named.space.activation)),
        widths=smallest.widths,
        input=kind,
        element=str(smallest.element),
        images=images(smallest.element),
        error=error,
        shrunk=True,
    )


def images(element: GroupElement) -> dict[str, tuple[int, ...]]:
    """A group element as plain data."""
    return {axis: tuple(moved) for axis, moved in element.to_json().items()}


def search(widths: tuple[int, ...], swapping: bool, fails: Callable[[Example], bool]) -> Example | None:
    """The smallest failing example that hypothesis comes to, or None; the same one every time."""
    try:
        return find(
            examples(widths, swapping),
            fails,
            settings=settings(
                max_examples=SEARCH,
                derandomize=True,
                database=None,
                deadline=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
            ),
        )
    except NoSuchExample:
        return None


def failing_error(
    architecture: Architecture,
    task: Task,
    kind: str,
    example: Example,
    seed: int,
    bench: Workbench,
    broken: tuple[Rule, ...],
) -> float | None:
    """The error of one example if it breaks what the original broke, else None."""
    space = mlp(*example.widths, activation=task.named.space.activation)
    small = replace(task, named=replace(task.named, space=space, zoo=None), input=kind, samples=2)
    try:
        measured, _ = measure(architecture, small, seed, bench, (example.element,))
    except (Unsupported, PluginFault):
        return None
    same = verdict.judge(measured).outcome == "fail" and verdict.broken(measured) == broken
    return _error(measured) if same else None


def _error(measured: verdict.Measurement) -> float:
    """The error that convicts: the one in float32 if that is where the law fails."""
    single = verdict.broken(measured) == (Rule.LAW_IN_FLOAT32,)
    return measured.error32 if single else measured.error64
