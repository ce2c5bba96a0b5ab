"""From a failure to the smallest one: fewer layers, smaller widths, the shortest element (hypothesis does the search).

Beyond MLPs the layers are what they are: axes of one and two indices, and generators of the declared group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.subject import PluginFault
from ...weights.groups import NotCarried
from ...weights.space import WeightSpace, mlp
from ...weights.symmetry import GroupElement, compose, generators, identity, multiplied, transposition
from . import verdict
from .evidence import Ask, CounterExample, Rule, State
from .prepared import OF_THE_LAW, Refuse
from .task import Task, declared_group

SEARCH = 30
"""Examples tried before the failure is reported as it was found."""
CALLS = 80
"""Measurements that one search may cost, shrinking included."""


Measure = Callable[..., tuple[verdict.Measurement, GroupElement]]


@dataclass(frozen=True)
class Example:
    """A candidate: widths, and an element as a product of generators `(hidden layer, index)`.

    Args:
        swaps: adjacent transpositions, the first one acting first.
        factors: indices that are multiplied, after the swaps.
        by: what they are multiplied by.
    """

    widths: tuple[int, ...]
    swaps: tuple[tuple[int, int], ...]
    factors: tuple[tuple[int, int], ...] = ()
    by: float = 1.0

    @property
    def element(self) -> GroupElement:
        """The product of the swaps and factors."""
        space = mlp(*self.widths)
        element = identity(space)
        for layer, index in self.swaps:
            element = compose(transposition(space, f"n{layer}", index), element)
        for layer, index in self.factors:
            element = compose(multiplied(space, f"n{layer}", index, self.by), element)
        return element


@st.composite
def examples(draw: st.DrawFn, widths: tuple[int, ...], swapping: bool, by: float) -> Example:
    """Networks no larger than `widths`; if `swapping`, with a neuron that can move and one to four swaps or factors."""
    hidden = widths[1:-1]
    count = draw(st.integers(1, len(hidden)))
    chosen = [draw(st.integers(1, hidden[index])) for index in range(count)]
    if swapping and by == 1 and max(chosen) < 2:
        index = draw(st.sampled_from([index for index in range(count) if hidden[index] > 1] or [0]))
        chosen[index] = draw(st.integers(min(2, hidden[index]), hidden[index]))
    chosen = (draw(st.integers(1, widths[0])), *chosen, draw(st.integers(1, widths[-1])))
    movable = [(layer, index) for layer in range(1, count + 1) for index in range(chosen[layer] - 1)]
    places = [(layer, index) for layer in range(1, count + 1) for index in range(chosen[layer])]
    scaled = draw(st.lists(st.sampled_from(places), max_size=3)) if swapping and by != 1 else []
    least = 0 if scaled else 1
    swaps = draw(st.lists(st.sampled_from(movable), min_size=least, max_size=4)) if swapping and movable else []
    return Example(chosen, tuple(swaps), tuple(scaled), by)


def shrink(
    architecture: Architecture,
    task: Task,
    seed: int,
    measured: verdict.Measurement,
    worst: GroupElement,
    bench: Workbench,
    measure: Measure,
) -> CounterExample:
    """The smallest failing example that the search finds, or the failure as it was measured.

    Args:
        measure: measures one case on given elements, as `measurement.measure` does.

    Returns:
        space, input kind, seed, group element (in words and as data), how the parameters came to be, and error: all that
        reproduces it.
    """
    broken, state = verdict.broken(measured), verdict.reached(measured)
    found = CounterExample(
        space=str(task.named.space),
        input=task.input,
        seed=seed,
        element=str(worst),
        images=images(worst),
        error=verdict.convicting_error(measured),
        shrunk=False,
        action=None if worst.permutes_alone else worst.to_json(),
        reached=str(state),
        state=state,
        widths=task.named.space.widths if task.few and task.named.space.is_mlp else None,
        sizes=dict(task.named.space.sizes) if task.few and not task.named.space.is_mlp else None,
    )
    space = task.named.space
    if task.ask is Ask.COMPILED:  # every shape would be compiled
        return found
    kind = task.input if task.input != verdict.ZOO_INPUT else "generic"
    swapping = set(broken) <= OF_THE_LAW
    if not space.is_mlp:

        def tried(smaller: WeightSpace, element: GroupElement) -> float | None:
            return failing_error(architecture, task, kind, smaller, element, seed, bench, broken, measure, state)

        return _smaller(architecture, found, task, kind, swapping, tried)
    by = factor_of(architecture, space)
    errors: dict[Example, float | None] = {}

    def fails(example: Example) -> bool:
        if example not in errors and len(errors) < CALLS:
            smaller = mlp(*example.widths, activation=space.activation)
            errors[example] = failing_error(
                architecture, task, kind, smaller, example.element, seed, bench, broken, measure, state
            )
        return errors.get(example) is not None

    smallest = None
    for first in _smallest(space, swapping, by):  # nothing is smaller, so most searches end here
        if fails(first):
            smallest = first
            break
    smallest = smallest or search(space.widths, swapping, by, fails)
    if smallest is None:
        return found
    error = errors[smallest]
    assert error is not None
    element = smallest.element
    return replace(
        found,
        space=str(mlp(*smallest.widths, activation=space.activation)),
        widths=smallest.widths,
        input=kind,
        element=str(element),
        images=images(element),
        action=None if element.permutes_alone else element.to_json(),
        error=error,
        shrunk=True,
    )


def _smaller(
    architecture: Architecture,
    found: CounterExample,
    task: Task,
    kind: str,
    swapping: bool,
    tried: Callable[[WeightSpace, GroupElement], float | None],
) -> CounterExample:
    """Beyond MLPs: the first failing one of the candidates, the smallest first; else the failure as it was measured."""
    space = task.named.space
    for smaller, element in candidates(architecture, space, swapping):
        error = tried(smaller, element)
        if error is not None:
            return replace(
                found,
                space=str(smaller),
                sizes=None if smaller == space and not task.few else dict(smaller.sizes),
                input=kind if smaller != space else found.input,
                element=str(element),
                images=images(element),
                action=None if element.permutes_alone else element.to_json(),
                error=error,
                shrunk=True,
            )
    return found


def candidates(
    architecture: Architecture, space: WeightSpace, swapping: bool
) -> Iterator[tuple[WeightSpace, GroupElement]]:
    """At most `SEARCH` spaces with an element each: every axis of one index but for one permuted one of two, then the row's own space; by
    generators of the declared group. Where the law is not what failed, the space of one index everywhere."""
    pairs = space.roles.rotary if space.roles else ()  # places of rotary keys turn in pairs
    least = {axis: 2 if axis in pairs else 1 for axis, _ in space.sizes}
    if not swapping:
        yield space.resized(least), identity(space.resized(least))
        return
    sizes = [{**least, axis: min(2, space.size[axis])} for axis in space.permuted]
    sizes += [
        {**{axis: n for axis, n in space.sizes if axis not in space.permuted}, **dict.fromkeys(space.permuted, 2)}
    ]
    seen = 0
    for smaller in (*(space.resized(each) for each in sizes), space):
        try:
            listed = generators(declared_group(architecture, smaller))
        except NotCarried:
            continue
        for element in listed[: SEARCH - seen]:
            seen += 1
            yield smaller, element


def _smallest(space: WeightSpace, swapping: bool, by: float) -> list[Example]:
    """Examples that nothing is smaller than."""
    if not swapping:
        return [Example((1, 1, 1), ())]
    swap = [Example((1, 2, 1), ((1, 0),))] if space.widths[1] >= 2 else []
    return [*swap, Example((1, 1, 1), (), ((1, 0),), by)] if by != 1 else swap


def factor_of(architecture: Architecture, space: WeightSpace) -> float:
    """What the declared symmetry multiplies an index by: 2, -1, or 1 where it only permutes."""
    kinds = declared_group(architecture, space).kind.values()
    if any(kind.scales for kind in kinds):
        return 2.0
    return -1.0 if any(kind.signs for kind in kinds) else 1.0


def images(element: GroupElement) -> dict[str, tuple[int, ...]]:
    """The permutations of a group element as plain data."""
    return {axis: tuple(moved) for axis, moved in element.permutations}


def search(widths: tuple[int, ...], swapping: bool, by: float, fails: Callable[[Example], bool]) -> Example | None:
    """The smallest failing example that hypothesis comes to, or None; the same one every time."""
    try:
        return find(
            examples(widths, swapping, by),
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
    space: WeightSpace,
    element: GroupElement,
    seed: int,
    bench: Workbench,
    broken: tuple[Rule, ...],
    measure: Measure,
    state: State,
) -> float | None:
    """The error of one element in one space if it breaks what the original broke, else None."""
    small = replace(task, named=replace(task.named, space=space, zoo=None), input=kind)
    try:
        measured, _ = measure(architecture, small, seed, bench, (element,), frozenset(broken), state.woken)
    except (Unsupported, PluginFault, NotCarried, Refuse):
        return None
    same = verdict.judge(measured).outcome == "fail" and verdict.broken(measured) == broken
    return verdict.convicting_error(measured) if same else None
