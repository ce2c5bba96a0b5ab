"""What may be done to one axis, and to what is laid out as weights."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property


class OutputKind(StrEnum):
    """How something that is laid out as weights moves: as weights do, as a difference of two weights, or as a gradient.

    `point` moves with shifts and half turns, `vector` without, `covector` by inverse transposes, so that
    `<covector, vector>` stays what it is. Permutations, signs and orthogonal maps alone do not tell the three apart; phases and
    shifts tell a point from a vector, scales and linear maps a vector from a covector.
    """

    POINT = "point"
    VECTOR = "vector"
    COVECTOR = "covector"


class Role(StrEnum):
    """How a tensor's place goes with its axis: by the factor, or by the factor's inverse transpose."""

    IN = "in"
    OUT = "out"


class FactorKind(StrEnum):
    """What may be done to one axis: the kinds of `groups.py`, and their joins, in the order in which they are named."""

    PERM = "perm"
    SCALE = "scale"
    SIGN = "sign"
    SCALE_SIGN = "scale+sign"
    PHASE = "phase"
    SIGN_PHASE = "sign+phase"
    PERM_SCALE = "perm+scale"
    PERM_SIGN = "perm+sign"
    PERM_SCALE_SIGN = "perm+scale+sign"
    PERM_PHASE = "perm+phase"
    PERM_SIGN_PHASE = "perm+sign+phase"
    ORTH = "orth"
    GL = "gl"
    SHIFT = "shift"
    PERM_SHIFT = "perm+shift"
    ORTH_SHIFT = "orth+shift"
    GL_SHIFT = "gl+shift"
    ROTARY = "rotary"

    @cached_property
    def atoms(self) -> frozenset[str]:
        return frozenset(str(self).split("+"))

    @property
    def permutes(self) -> bool:
        """By a permutation of its own; orthogonal and linear maps have theirs among them."""
        return "perm" in self.atoms

    @property
    def scales(self) -> bool:
        return "scale" in self.atoms

    @property
    def signs(self) -> bool:
        return "sign" in self.atoms

    @property
    def turns(self) -> bool:
        """By half turns of a sine."""
        return "phase" in self.atoms

    @property
    def rotates(self) -> bool:
        return "orth" in self.atoms

    @property
    def maps(self) -> bool:
        """By any invertible matrix."""
        return "gl" in self.atoms

    @property
    def rotary(self) -> bool:
        """By a complex number at each pair of places that turn together."""
        return "rotary" in self.atoms

    @property
    def shifts(self) -> bool:
        return "shift" in self.atoms

    @property
    def covers(self) -> frozenset[str]:
        """All kinds whose elements are among this one's."""
        inside = {"gl": {"orth", "scale", "sign", "perm"}, "orth": {"sign", "perm"}}
        return frozenset(self.atoms.union(*(inside.get(atom, set()) for atom in self.atoms)))

    @staticmethod
    def of(atoms: frozenset[str] | set[str]) -> FactorKind:
        """The kind that joins these; what a larger one among them covers is left out."""
        atoms = set(atoms)
        if "gl" in atoms:
            atoms -= {"orth", "scale", "sign", "perm"}
        if "orth" in atoms:
            atoms -= {"sign", "perm"}
        order = ("perm", "scale", "sign", "phase", "orth", "gl", "rotary", "shift")
        return FactorKind("+".join(atom for atom in order if atom in atoms))
