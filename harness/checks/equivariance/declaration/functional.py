"""Rows of networks that declare the law of functions: the same check, asked of the functions of their edits (protocol.md, section 2)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from ....core.outcomes import Refusal
from ....plugins.architecture import Architecture, Equivariant, Invariant
from ....weights.algebra.kinds import OutputKind
from ....weights.groups import Group
from ....weights.realisation import realisation
from ....weights.realisation.edits import Realised
from ....weights.space import SpaceError, WeightSpace
from ...applicability import Refused
from .beside import keeps_function

SUMS = 8
"""Numbers by which the function of an edit is known (`weights/realisation/edits.py`)."""


@dataclass(frozen=True)
class _Reading:
    """The factory of an editor behind `Realised`; the options are the editor's."""

    factory: Callable[..., torch.nn.Module]
    edit: Equivariant

    def __call__(self, space: WeightSpace, output: Invariant | Equivariant, **options: Any) -> torch.nn.Module:
        assert isinstance(output, Invariant)
        return Realised(self.factory(space, self.edit, **options), space, self.edit.channels, output.dim)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.factory)


def read_as_functions(architecture: Architecture, edit: Equivariant) -> tuple[Architecture, Invariant]:
    """An editor as an invariant network, of the functions of its edits, and what it is to be asked for."""
    return replace(architecture, factory=_Reading(architecture.factory, edit)), Invariant(SUMS)


def why_not(kind: OutputKind, symmetry: Group) -> Refused | None:
    """Why edits have no function here that the declared symmetry leaves alone; None where they have."""
    try:
        realisation(symmetry.space)
    except SpaceError as reason:
        return Refused(Refusal.NO_FUNCTION, f"edits are held to their functions: {reason}")
    adds = any(each.turns or each.shifts for each in symmetry.kind.values())
    if kind is OutputKind.COVECTOR or (kind is OutputKind.VECTOR and adds):
        why = f"edits are held to their functions, and a {kind} is no network; a point is one"
        return Refused(Refusal.NO_FUNCTION, why)
    if not keeps_function(symmetry):
        why = f"edits are held to their functions, and those of {symmetry.space} change under the declared symmetry"
        return Refused(Refusal.NO_FUNCTION, why)
    return None
