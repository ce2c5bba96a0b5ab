"""Which submodule breaks the law first: hooks on all of them, and what each takes and gives at v and at g v.

Law: a module is named only if, with each of `TRIES` pairs of a weight vector and an element, everything that it takes keeps the law and
something that it gives breaks it; or, for what a module does between its submodules, if all that was seen before keeps it.

A tensor *keeps* the law if in some layout its value at g v is that at v, moved: every dimension is laid out over an axis of its size or
does not move at all. It *breaks* it only if no layout fits and its layout is known, that is, if no dimension could be several axes in
one (a sum or a product of sizes, as where neurons or edges of all layers are listed one after the other). All else is left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np
import torch

from ...checks.equivariance.evidence import EquivarianceEvidence, Place
from ...checks.equivariance.task import Task
from ...core.cell import Cell
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.inputs import constructed
from ...weights.space import WeightSpace, mlp
from ...weights.symmetry import GroupElement, act, random_elements
from .replay import CannotReplay, Failing, error_of, replayed
from .shown import Shown

TRIES = 3
KEEPS, BREAKS = 1e-11, 1e-10
"""Up to, and from which share of a tensor's size: between is left open."""
PRIMES = (7, 11, 13, 17, 19, 23, 29, 31)
"""Widths of the network that is looked into where the initialisation breaks the law: all sizes differ, and few sums are a size."""
MOST = 64
"""Layouts of one tensor that are tried."""


class Law(StrEnum):
    """What one tensor does."""

    KEEPS = "keeps"
    BREAKS = "breaks"
    OPEN = "open"


@dataclass(frozen=True)
class Located:
    """Where the law is first broken.

    Args:
        module: its name ("" is the network itself), or None where that cannot be told.
        type: its class.
        how: "output", or "between" for its own code between its submodules.
        error: share of the tensor's size by which it breaks the law.
        told: in one line.
    """

    module: str | None
    type: str
    how: str
    error: float
    told: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


NOWHERE = Located(None, "", "", 0.0, "")


@dataclass(frozen=True)
class Seen:
    """One call of one module: what it took and gave, every tensor in the order met.

    Args:
        at: number of the event, of entering and of leaving.
    """

    module: str
    type: str
    entered: int
    left: int
    parent: str
    took: tuple[torch.Tensor, ...]
    gave: tuple[torch.Tensor, ...]


def located(architecture: Architecture, cell: Cell, evidence: EquivarianceEvidence, bench: Workbench) -> Located:
    """Where a failed row breaks the law first.

    Raises:
        CannotReplay and what `replayed` raises: there is no failure to look into.
    """
    failing = replayed(architecture, cell, evidence, bench)
    if failing.compared is not Shown.LAW:
        raise CannotReplay(f"what is broken ({failing.compared}) is no matter of one module")
    if failing.element.diagonals:
        return replace(
            NOWHERE,
            told="cannot tell: the element that breaks the law multiplies, and layouts of factors are not known",
        )
    found = {_first(*pair) for pair in _tries(architecture, cell, failing, bench)}
    named = {(each.module, each.how) for each in found}
    if len(named) != 1 or (None, "") in named:
        why = (
            "; ".join(sorted({each.told for each in found if each.module is None})) or "the tries name several modules"
        )
        return replace(NOWHERE, told=f"cannot tell: {why}")
    return max(found, key=lambda each: each.error)


def _tries(
    architecture: Architecture, cell: Cell, failing: Failing, bench: Workbench
) -> Iterator[tuple[Subject, Weights, GroupElement]]:
    """Pairs that break the law: in a space whose sizes tell axes apart where the initialisation does, else where it was seen."""
    subject = failing.subject
    rng = np.random.default_rng(cell.seed)
    roomy = _roomy(failing.v.space)
    if failing.state.place is Place.INITIALISATION and roomy is not None and subject.dtype is torch.float64:
        try:
            task = replace(Task.of(cell), input="generic")
            other = Subject(
                architecture, roomy, task.asked, seed=cell.seed, dtype=torch.float64, bench=bench, mode=task.mode
            )
            pairs = list(_broken(other, roomy, rng, failing.limit))
            if len(pairs) == TRIES:
                yield from pairs
                return
        except (Unsupported, PluginFault):
            pass
    yield subject, failing.v, failing.element
    yield from list(_broken(subject, failing.v.space, rng, failing.limit))[: TRIES - 1]


def _broken(
    subject: Subject, space: WeightSpace, rng: np.random.Generator, limit: float
) -> Iterator[tuple[Subject, Weights, GroupElement]]:
    vectors = constructed("generic", space, 4 * TRIES, rng)
    found = 0
    for index, element in enumerate(random_elements(space, vectors.batch, rng)):
        v = vectors[[index]]
        if found < TRIES and error_of(subject, v, element, Shown.LAW) > limit:
            found += 1
            yield subject, v, element


def _roomy(space: WeightSpace) -> WeightSpace | None:
    if not space.is_mlp or len(space.widths) > len(PRIMES):
        return None
    return mlp(*PRIMES[: len(space.widths)], activation=space.activation)


def _first(subject: Subject, v: Weights, element: GroupElement) -> Located:
    """The first breach in one pair, in the order in which modules are entered and left."""
    at_v, at_gv = watched(subject, v), watched(subject, act(element, v))
    if [(seen.module, seen.entered, len(seen.took), len(seen.gave)) for seen in at_v] != [
        (seen.module, seen.entered, len(seen.took), len(seen.gave)) for seen in at_gv
    ]:
        return _open("the calls of submodules differ between v and g v")
    layouts = Layouts(v.space, element)
    doubtful = False
    events = sorted(
        [(seen.entered, "took", seen, other) for seen, other in zip(at_v, at_gv, strict=True)]
        + [(seen.left, "gave", seen, other) for seen, other in zip(at_v, at_gv, strict=True)],
        key=lambda event: event[0],
    )
    for _, what, seen, other in events:
        laws = [layouts.law(a, b) for a, b in zip(getattr(seen, what), getattr(other, what), strict=True)]
        broken = [error for law, error in laws if law is Law.BREAKS]
        if not broken:
            doubtful = doubtful or any(law is Law.OPEN for law, _ in laws)
            continue
        error = max(broken)
        if what == "gave":
            entering = [layouts.law(a, b)[0] for a, b in zip(seen.took, other.took, strict=True)]
            if not all(law is Law.KEEPS for law in entering):
                return _open(f"what {_named(seen.module, seen.type)} takes is laid out over no known axes")
            inside = [each for each in at_v if seen.entered < each.entered and each.left < seen.left]
            how = "between" if inside else "output"
            if inside and doubtful:
                return _open(f"inside {_named(seen.module, seen.type)}, outputs are laid out over no known axes")
            return _located(seen.module, seen.type, how, error)
        if doubtful:
            return _open("outputs before the first breach are laid out over no known axes")
        parent = next((each for each in at_v if each.module == seen.parent), None)
        if parent is None:
            return _open("the caller of the first module that takes a breach is not known")
        return _located(parent.module, parent.type, "between", error)
    return _open("no submodule's output breaks the law in a known layout")


def _open(why: str) -> Located:
    return replace(NOWHERE, told=why)


def _located(module: str, kind: str, how: str, error: float) -> Located:
    place = "its output" if how == "output" else "its own code, between its submodules,"
    told = f"{_named(module, kind)}: {place} breaks the law first, by {error:.1e} of its size; all before keeps it"
    return Located(module, kind, how, error, told)


def _named(module: str, kind: str) -> str:
    return f"{module} ({kind})" if module else f"the network itself ({kind})"


def watched(subject: Subject, v: Weights) -> list[Seen]:
    """Every call of every module, the network's own included, while it answers."""
    seen: list[Seen] = []
    stack: list[tuple[str, int, tuple[torch.Tensor, ...]]] = []
    clock = iter(range(10**9))
    handles = []

    def watch(name: str, watched_module: torch.nn.Module) -> None:
        def entering(_: torch.nn.Module, args: Any, kwargs: Any) -> None:
            stack.append((name, next(clock), tuple(_tensors([*args, *kwargs.values()]))))

        def leaving(_: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            entered, took = stack.pop()[1:]
            parent = stack[-1][0] if stack else ""
            gave = tuple(_tensors(output))
            seen.append(Seen(name, type(watched_module).__name__, entered, next(clock), parent, took, gave))

        handles.append(watched_module.register_forward_pre_hook(entering, with_kwargs=True))
        handles.append(watched_module.register_forward_hook(leaving, with_kwargs=True))

    for name, submodule in subject.module.named_modules():
        watch(name, submodule)
    try:
        subject(v)
    finally:
        for handle in handles:
            handle.remove()
    return sorted(seen, key=lambda each: each.entered)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield value.detach().double().clone()
    elif isinstance(value, Weights):
        for tensor in value.tensors.values():
            yield from _tensors(tensor)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


class Layouts:
    """How tensors may be laid out over the axes of a space, and what one element does to each."""

    def __init__(self, space: WeightSpace, element: GroupElement):
        sizes = space.size
        self.orders = {axis: torch.tensor(np.argsort(images)) for axis, images in element.permutations}
        self.of_size: dict[int, list[str]] = {}
        for axis in space.permuted:
            self.of_size.setdefault(sizes[axis], []).append(axis)
        listed = list(sizes.values())
        groups = [group for count in range(2, len(listed) + 1) for group in combinations(listed, count)]
        edges = [prod(space.shapes[name]) for name in space.axes]
        several = {sum(group) for group in groups} | {a * b for a, b in product(listed, repeat=2)} | {prod(listed)}
        sums = {sum(group) for count in range(2, len(edges) + 1) for group in combinations(edges, count)}
        self.several = (several | sums | {2 * size for size in listed}) - {1}

    def law(self, at_v: torch.Tensor, at_gv: torch.Tensor) -> tuple[Law, float]:
        """Whether the value at g v is that at v, moved; and by what share of its size it is not, in the best layout."""
        if at_v.shape != at_gv.shape:
            return Law.OPEN, 0.0
        if not at_v.numel():
            return Law.KEEPS, 0.0
        size = max(float(at_v.abs().max()), 1e-300)
        choices: list[Sequence[str | None]] = [[None, *self.of_size.get(length, [])] for length in at_v.shape]
        if prod(map(len, choices)) > MOST:
            return Law.OPEN, 0.0
        error = min(float((self._moved(at_v, layout) - at_gv).abs().max()) / size for layout in product(*choices))
        if not error > KEEPS:
            return Law.KEEPS, error
        known = error >= BREAKS and not any(length in self.several for length in at_v.shape)
        return (Law.BREAKS if known else Law.OPEN), error

    def _moved(self, tensor: torch.Tensor, layout: Sequence[str | None]) -> torch.Tensor:
        for dimension, axis in enumerate(layout):
            if axis is not None:
                tensor = tensor.index_select(dimension, self.orders[axis])
        return tensor
