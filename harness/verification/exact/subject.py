"""What a proof speaks of: the two vectors of a row, and the other statements of its certificate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...core.certificates import Part
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from .node_pairs import NodePairs
from .structure import Structure
from .tuples import Tuples


@dataclass(frozen=True)
class Subject:
    """The vectors, without a negative zero, and what the certificate says of refinement, orbit, function, and 2-FWL where asked.

    A proof may rest on the relation that another part states, since that part is checked, too.
    """

    space: WeightSpace
    nets: Sequence[Vector]
    relations: Mapping[Part, str]

    @cached_property
    def structure(self) -> Structure | Tuples:
        """The two as nodes and labelled edges, of MLPs; as labelled tuples of indices, of other spaces."""
        return Structure(self.space, self.nets) if self.space.is_mlp else Tuples(self.space, self.nets)

    @cached_property
    def node_pairs(self) -> NodePairs:
        """All pairs of nodes of one net each."""
        return NodePairs(Structure(self.space, self.nets))


Check = Callable[[Subject, Any], None]
"""Raises `Refuted` unless the statement follows."""
