"""A row as it was stored, to be judged again: its evidence, what was asked, and what its architecture declared. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.evidence import Evidence
from ..plugins.traits import InvalidPlugin, Traits
from ..weights.groups import Group
from ..weights.space import WeightSpace


@dataclass(frozen=True)
class Stored:
    """What a verdict is a function of.

    Args:
        evidence: of the row's kind.
        parameters, case: of its check.
        declared: the architecture, as `results.json` holds it; empty for a check of weights alone.
        related: whether the declared symmetry, beyond permutations, maps one vector of the row's pair to the other.
        unseen: the declared blindness that the row's pair is an instance of.
    """

    evidence: Evidence
    parameters: Mapping[str, Any]
    case: str
    declared: Mapping[str, Any] = field(default_factory=dict)
    related: bool = False
    unseen: str = ""

    @property
    def rounds(self) -> tuple[int, int] | None:
        """Declared refinement rounds; entries, which a read-out sees, know one more than neurons."""
        given = self.declared.get("rounds")
        return None if given is None else (given[0], given[1] + getattr(self.evidence, "read_out", False))

    @property
    def traits(self) -> Traits:
        """What was declared.

        Raises:
            InvalidPlugin: a value that nothing declares.
        """
        given = {
            name: self.declared[name]
            for name in ("symmetry", "power", "refinement", "domain", "continuous", "law")
            if name in self.declared
        }
        rounds = self.rounds
        if self.declared.get("own_group"):
            given["group_of"] = _not_kept
        return Traits(
            **given,
            blind=tuple(self.declared.get("blind", ())),
            modes=tuple(self.declared.get("modes", ("eval",))),
            rounds=None if rounds is None else lambda: rounds,
        )


def _not_kept(space: WeightSpace) -> Group:
    raise InvalidPlugin(f"the group on {space} was declared by a function, which no run keeps")
