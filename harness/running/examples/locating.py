"""Which submodule breaks the law first: hooks on all of them, and what each takes and gives at v and at g v.

Law: a module is named only if, with each of `TRIES` pairs of a weight vector and an element, everything that it takes keeps the law and
something that it gives breaks it, and the network keeps the law once that is put right (`patching.mends`); or, for what a module does between its submodules, if all that was seen before keeps it.

A tensor *keeps* the law if in some layout its value at g v is that at v, moved: every dimension is laid out over an axis of its size or
does not move at all. It *breaks* it only if no layout fits and its layout is known, that is, if no dimension could be several axes in
one (a sum or a product of sizes, as where neurons or edges of all layers are listed one after the other). All else is left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np
import torch

from ...checks.equivariance.evidence import EquivarianceEvidence, Reached
from ...checks.equivariance.task import Task, declared_group
from ...core.cell import Cell
from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.groups import Group
from ...weights.inputs import constructed
from ...weights.realisation.edits import Realised
from ...weights.space import WeightSpace, mlp
from ...weights.symmetry import GroupElement, act, random_elements
from .patching import breach, mends
from .replay import CannotReplay, Failing, error_of, replayed
from .shown import Shown
from .watching import watched

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


def located(architecture: Architecture, cell: Cell, evidence: EquivarianceEvidence, bench: Workbench) -> Located:
    """Where a failed row breaks the law first.

    Raises:
        CannotReplay and what `replayed` raises: there is no failure to look into.
    """
    failing = replayed(architecture, cell, evidence, bench)
    if failing.compared is not Shown.LAW:
        raise CannotReplay(f"what is broken ({failing.compared}) is no matter of one module")
    if isinstance(failing.subject.module, Realised):
        return replace(
            NOWHERE, told="cannot tell: edits are held to their functions, and modules may frame theirs as they like"
        )
    group = declared_group(architecture, failing.v.space)
    if any(each.within or not each.kind.atoms <= {"perm", "scale", "sign"} for each in group.factors):
        return replace(
            NOWHERE, told="cannot tell: how tensors inside move is known for permutations, scales and signs alone"
        )
    multiplies = any(kind.scales or kind.signs for kind in group.kind.values())
    look = _put_right if multiplies else _first
    found = {look(*pair) for pair in _tries(architecture, cell, failing, bench)}
    named = {(each.module, each.how) for each in found}
    if len(named) != 1 or (None, "") in named:
        why = (
            "; ".join(sorted({each.told for each in found if each.module is None})) or "the tries name several modules"
        )
        return replace(NOWHERE, told=f"cannot tell: {why}")
    return max(found, key=lambda each: each.error)


def _put_right(subject: Subject, v: Weights, element: GroupElement) -> Located:
    """The module that is to be put right, where elements multiply (`patching.py`)."""
    if subject.dtype is not torch.float64:
        return _open("it breaks in float32 alone")
    found = breach(subject, v, element)
    if found.module is None:
        return _open(found.why)
    module = found.module
    return _located(module.module, module.type, "output" if module.module else "between", found.error)


def _tries(
    architecture: Architecture, cell: Cell, failing: Failing, bench: Workbench
) -> Iterator[tuple[Subject, Weights, GroupElement]]:
    """Pairs that break the law: in a space whose sizes tell axes apart where the initialisation does, else where it was seen."""
    subject = failing.subject
    rng = np.random.default_rng(cell.seed)
    roomy = _roomy(failing.v.space)
    if failing.state.place is Reached.INITIALISATION and roomy is not None and subject.dtype is torch.float64:
        try:
            task = replace(Task.of(cell), input="generic")
            other = Subject(
                architecture, roomy, task.asked, seed=cell.seed, dtype=torch.float64, bench=bench, mode=task.mode
            )
            pairs = list(_broken(other, declared_group(architecture, roomy), rng, failing.limit))
            if len(pairs) == TRIES:
                yield from pairs
                return
        except (Unsupported, PluginFault):
            pass
    yield subject, failing.v, failing.element
    group = declared_group(architecture, failing.v.space)
    yield from list(_broken(subject, group, rng, failing.limit))[: TRIES - 1]


def _broken(
    subject: Subject, group: Group, rng: np.random.Generator, limit: float
) -> Iterator[tuple[Subject, Weights, GroupElement]]:
    vectors = constructed("generic", group.space, 4 * TRIES, rng)
    found = 0
    for index, element in enumerate(random_elements(group, vectors.batch, rng)):
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
            told = how == "output" and subject.dtype is torch.float64
            if told and not mends(subject, v, element, seen.type, layouts.closest):
                return _open(f"with the output of {_named(seen.module, seen.type)} put right the law is broken still")
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

    def closest(self, at_v: torch.Tensor, at_gv: torch.Tensor) -> torch.Tensor | None:
        """The value at v, moved in the layout in which it is nearest to the one at g v; None where that is the same."""
        law, _ = self.law(at_v, at_gv)
        choices: list[Sequence[str | None]] = [[None, *self.of_size.get(length, [])] for length in at_v.shape]
        if law is Law.KEEPS or at_v.shape != at_gv.shape or prod(map(len, choices)) > MOST:
            return None
        each = [self._moved(at_v, layout) for layout in product(*choices)]
        return min(each, key=lambda moved: float((moved - at_gv).abs().max()))

    def _moved(self, tensor: torch.Tensor, layout: Sequence[str | None]) -> torch.Tensor:
        for dimension, axis in enumerate(layout):
            if axis is not None:
                tensor = tensor.index_select(dimension, self.orders[axis])
        return tensor
