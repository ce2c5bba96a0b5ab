"""Tensors of rationals on their way through a reduction, and the factors of a group by what is done about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...weights.algebra.kinds import Role
from ...weights.groups import Factor, Group


class Undecided(Exception):
    """The group or the vectors are beyond what is decided here; the message is the reason."""


@dataclass
class Part:
    """One tensor of rationals with its axes, and the role of each place."""

    name: str
    axes: tuple[str, ...]
    places: tuple[Role | None, ...]
    entries: np.ndarray

    def along(self, axis: str, outer: str | None = None) -> Part:
        """The same part, read `[outer, axis, *others]`; the outer axis has one index where there is none.

        Raises:
            Undecided: it does not have both exactly once.
        """
        if outer is not None and self.axes.count(outer) != 1:
            raise Undecided(f"{self.name} has {axis} without one {outer}")
        if self.axes.count(axis) != 1:
            raise Undecided(f"{self.name} has {axis} twice")
        lead = [self.axes.index(outer)] if outer else []
        lead.append(self.axes.index(axis))
        rest = [place for place in range(len(self.axes)) if place not in lead]
        entries = self.entries.transpose(*lead, *rest)
        return Part(
            self.name,
            tuple(self.axes[p] for p in rest),
            tuple(self.places[p] for p in rest),
            entries if outer else entries[None],
        )

    def columns(self, axis: str, outer: str | None = None) -> np.ndarray:
        """`[outer, axis, all others]`."""
        entries = self.along(axis, outer).entries
        return entries.reshape(*entries.shape[:2], -1)


def led(
    outer: str | None, axes: tuple[str, ...], places: tuple[Role | None, ...], entries: np.ndarray
) -> tuple[tuple[str, ...], tuple[Role | None, ...], np.ndarray]:
    """With the outer axis in front, or without the one index that stands for none."""
    if outer:
        return (outer, *axes), (None, *places), np.asarray(entries, dtype=object)
    return axes, places, np.asarray(entries[0], dtype=object)


@dataclass(frozen=True)
class Asked:
    """The factors of a group by what is done about them."""

    group: Group

    def where(self, told: str) -> list[Factor]:
        """The factors that map, rotate, scale, ..."""
        return [factor for factor in self.group.factors if getattr(factor.kind, told)]

    @property
    def linear(self) -> dict[str, Factor]:
        """Axis -> factor, of those that map or rotate, rotary keys among them; as they are taken out: inner axes first, rotations last."""
        told = [f for f in self.group.factors if f.kind.maps or f.kind.rotates or f.kind.rotary]
        return {f.axis: f for f in sorted(told, key=lambda f: (f.kind.rotates, f.within is None))}

    @property
    def permuted(self) -> tuple[str, ...]:
        """The axes that permutations of the reduced space move."""
        return tuple(
            factor.axis for factor in self.group.factors if factor.kind.permutes and factor.axis not in self.linear
        )
