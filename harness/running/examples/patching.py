"""Which submodule breaks the law where elements multiply: put one output right, and see whether the network keeps the law then.

How features answer to factors is a network's own choice: with a neuron's factor, with its inverse, or not at all, so that a value at
`g v` that is not the one at v, moved in some such way, need not be a fault. A module is therefore named only if

    everything before its output keeps the law in some layout, its output does not in any, and
    with its output at g v replaced by the one at v, moved, the whole network keeps the law;

and only if no output before it could be put right instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch

from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.element import GroupElement, OutputKind
from ...weights.space import WeightSpace
from ...weights.symmetry import act
from ...weights.units import in_units, moved, moved_units, units
from .watching import Seen, watched

KEEPS, BREAKS = 1e-11, 1e-10
"""Up to, and from which share of a tensor's size."""
MOST = 64
"""Ways of moving one tensor that are tried."""


@dataclass(frozen=True)
class Way:
    """How a tensor may move: for every dimension an axis or none, and whether by the axis's factors (1), their inverses (-1) or neither."""

    dimensions: tuple[tuple[str, int] | None, ...]


@dataclass(frozen=True)
class Breach:
    """The module whose output, put right, mends the network; or why none is named."""

    module: Seen | None
    error: float
    why: str = ""


class Ways:
    """All ways in which tensors may move under one element."""

    def __init__(self, space: WeightSpace, element: GroupElement):
        self.sizes = {axis: space.size[axis] for axis in space.permuted}
        self.orders = {axis: torch.tensor(np.argsort(images)) for axis, images in element.permutations}
        factors = element.factors
        self.factors = {
            (axis, role): torch.tensor(
                factors[axis].inward if role == 1 else factors[axis].outward, dtype=torch.float64
            )
            for axis in factors
            for role in (1, -1)
        }

    def of(self, tensor: torch.Tensor) -> list[Way]:
        """Empty where there are too many."""
        choices: list[list[tuple[str, int] | None]] = []
        for length in tensor.shape:
            axes = [axis for axis, size in self.sizes.items() if size == length]
            roles = [(axis, role) for axis in axes for role in (0, 1, -1) if role == 0 or (axis, role) in self.factors]
            choices.append([None, *roles])
        count = int(np.prod([len(each) for each in choices]))
        return [Way(each) for each in product(*choices)] if count <= MOST else []

    def moved(self, tensor: torch.Tensor, way: Way) -> torch.Tensor:
        for dimension, chosen in enumerate(way.dimensions):
            if chosen is None:
                continue
            axis, role = chosen
            tensor = tensor.index_select(dimension, self.orders[axis])
            if role:
                shape = [1] * tensor.ndim
                shape[dimension] = -1
                tensor = tensor * self.factors[axis, role].view(shape)
        return tensor

    def error(self, at_v: torch.Tensor, at_gv: torch.Tensor) -> float:
        """Share of the tensor's size by which its value at g v is not that at v, moved, in the best way; channels may move each in its own."""
        if at_v.shape != at_gv.shape:
            return float("inf")
        best, each = float("inf"), None
        size = max(float(at_v.abs().max()), float(at_gv.abs().max()), 1e-300) if at_v.numel() else 1.0
        for way in self.of(at_v):
            off = (self.moved(at_v, way) - at_gv).abs() / size
            best = min(best, float(off.max()) if off.numel() else 0.0)
            if off.ndim > 1 and way.dimensions[-1] is None and off.numel():
                channel = off.flatten(0, -2).amax(0)
                each = channel if each is None else torch.minimum(each, channel)
        return best if each is None else min(best, float(each.max()))


def breach(subject: Subject, v: Weights, element: GroupElement) -> Breach:
    """The first output that keeps the law in no way, if putting it right, and nothing before it, mends the network."""
    at_v, at_gv = watched(subject, v), watched(subject, act(element, v))
    if [(each.module, each.entered) for each in at_v] != [(each.module, each.entered) for each in at_gv]:
        return Breach(None, 0.0, "the calls of submodules differ between v and g v")
    ways = Ways(v.space, element)
    calls = sorted(zip(at_v, at_gv, strict=True), key=lambda pair: pair[0].left)
    before: list[tuple[Seen, Seen]] = []
    for seen, other in calls:
        taken = [ways.error(a, b) for a, b in zip(seen.took, other.took, strict=True)]
        given = [ways.error(a, b) for a, b in zip(seen.gave, other.gave, strict=True)]
        if all(error <= KEEPS for error in (*taken, *given)):
            before.append((seen, other))
            continue
        if any(error > KEEPS for error in taken):
            return Breach(None, 0.0, f"what {seen.module or 'the network itself'} takes moves in no known way")
        if len([error for error in given if error > KEEPS]) > 1 or max(given) < BREAKS:
            return Breach(None, 0.0, f"several outputs of {seen.module} move in no known way")
        if not seen.module:  # all that its submodules give keeps the law: its own code is left
            return Breach(seen, max(given))
        place = given.index(max(given))
        if not _mended(subject, v, element, ways, seen, other, place):
            return Breach(None, 0.0, f"with the output of {seen.module} put right the law is broken still")
        for earlier, its in before:
            inside = seen.entered < earlier.entered
            if any(_mended(subject, v, element, ways, earlier, its, number) for number in range(len(earlier.gave))):
                if inside:
                    return Breach(None, 0.0, f"{earlier.module}, inside {seen.module}, could be put right instead")
                return Breach(None, 0.0, f"{earlier.module} could be put right instead of {seen.module}")
        return Breach(seen, max(given))
    return Breach(None, 0.0, "no submodule's output breaks the law")


def _mended(
    subject: Subject, v: Weights, element: GroupElement, ways: Ways, seen: Seen, other: Seen, place: int
) -> bool:
    """Whether the network keeps the law with one output at g v replaced by the one at v, moved in some way other than it moves by itself."""
    was = other.gave[place]
    size = max(float(was.abs().max()), 1e-300) if was.numel() else 1.0
    for way in ways.of(seen.gave[place]):
        right = ways.moved(seen.gave[place], way)
        if right.numel() and float((right - was).abs().max()) / size <= KEEPS:
            continue
        if _patched_error(subject, v, element, seen, place, right) <= KEEPS:
            return True
    return False


def _patched_error(
    subject: Subject, v: Weights, element: GroupElement, seen: Seen, place: int, right: torch.Tensor
) -> float:
    """e of the network whose one call gives something else at g v."""
    return error_with(subject, v, element, {(seen.entered, place): right})


Right = Mapping[tuple[int, int], torch.Tensor]
"""`(entered, place)` of an output -> what stands there instead."""


def error_with(subject: Subject, v: Weights, element: GroupElement, right: Right) -> float:
    """e of the network whose outputs at g v are put right at some places."""
    kind: OutputKind | None = getattr(subject.output, "kind", None)
    base = subject(v)
    try:
        with patched(subject, right):
            image = subject(act(element, v))
    except PluginFault:
        return float("inf")
    unit = moved_units(v.space, kind, element, units(v.space, kind, base))
    return float(in_units(image - moved(v.space, kind, element, base), unit).max())


@contextmanager
def patched(subject: Subject, right: Right) -> Iterator[None]:
    """Inside, one call of the network gives other tensors at some places; hooks that come later see these."""
    clock = iter(range(10**9))
    stack: list[int] = []
    handles = []

    def entering(module: torch.nn.Module, args: Any) -> None:
        stack.append(next(clock))

    def leaving(module: torch.nn.Module, args: Any, output: Any) -> Any:
        entered = stack.pop()
        next(clock)
        own = {place: tensor for (number, place), tensor in right.items() if number == entered}
        for place, tensor in own.items():
            output = replaced(output, place, tensor)
        return output if own else None

    for module in subject.module.modules():
        handles += [module.register_forward_pre_hook(entering), module.register_forward_hook(leaving)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


ROUNDS = 8
"""Times that outputs are put right: in a network of so many layers one fault shows again behind each."""


def mends(
    subject: Subject,
    v: Weights,
    element: GroupElement,
    type_: str,
    closest: Callable[[torch.Tensor, torch.Tensor], torch.Tensor | None],
) -> bool:
    """Whether the network keeps the law once whatever modules of one class break first gives what it should.

    What breaks the law first may be harmless, as a code of positions that is taken off again: put right, it breaks the network
    otherwise.

    Args:
        closest: of a tensor at v and at g v: the one at v, moved as is nearest to the other; None where the two are that already.
    """
    at_v = watched(subject, v)
    right: dict[tuple[int, int], torch.Tensor] = {}
    for _ in range(ROUNDS):
        with patched(subject, right):
            at_gv = watched(subject, act(element, v))
        found = {}
        for seen, other in zip(at_v, at_gv, strict=True):
            if seen.type == type_ and all(closest(a, b) is None for a, b in zip(seen.took, other.took, strict=True)):
                moves = [closest(a, b) for a, b in zip(seen.gave, other.gave, strict=True)]
                found |= {(seen.entered, place): move for place, move in enumerate(moves) if move is not None}
        if not found:
            return False
        right |= found
        if error_with(subject, v, element, right) <= KEEPS:
            return True
    return False


def replaced(value: Any, place: int, right: torch.Tensor) -> Any:
    """A module's output with the tensor at one place, counted as `watching.tensors_of` does, replaced."""
    counter = iter(range(10**9))

    def walk(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            if not part.is_floating_point() or next(counter) != place:
                return part
            return right.to(part)
        if isinstance(part, Weights):
            return Weights(part.space, {name: walk(tensor) for name, tensor in part.tensors.items()})
        if isinstance(part, dict):
            return {name: walk(each) for name, each in part.items()}
        if isinstance(part, list | tuple) and not hasattr(part, "_fields"):
            return type(part)(walk(each) for each in part)
        return part

    return walk(value)
