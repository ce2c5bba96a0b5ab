"""The completeness check: does a linear layer realise every equivariant linear map there is? No torch.

Law: the maps `v -> layer(v) - layer(0)` over all parameters of the layer, one channel in and out, span a space whose dimension
is the number of orbits of the group on pairs of entries; the constants `layer(0)` span the invariant vectors
(theory.md, section 7). The dimension is counted exactly (`oracles/linear_maps.py`), the span is measured as a rank. A layer may
commute with more than the hidden permutations (NFN-NP); then it is held against the group that it was seen to commute with. Where
scales, signs or linear maps are declared, it is held against the declared group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ...core.parameters import Parameters
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import one_a_space, spaces_json
from .evidence import CompletenessEvidence
from .verdict import rejudge


class CompletenessParameters(Parameters):
    """What a suite may say under a completeness check."""

    spaces: Annotated[list[str], Field(min_length=1, description="names from the suite's `spaces`; small ones")]


LARGEST = 200
"""Entries of a weight vector; maps are written out as matrices of this many rows and columns."""


def resolve(parameters: CompletenessParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with every space written out; SuiteValueError for an unknown space or one that is too large."""

    def objection(named: NamedSpace) -> str | None:
        size = named.space.parameters
        return f"{size} entries; completeness takes at most {LARGEST}" if size > LARGEST else None

    return spaces_json(parameters.spaces, spaces, objection)


KIND = CheckKind(
    name="completeness",
    title="a linear layer realises every equivariant linear map: measured rank against the exact dimension",
    parameters=CompletenessParameters,
    resolve=resolve,
    cases=one_a_space,
    evidence=CompletenessEvidence,
    measurement="orbitcheck.harness.checks.completeness.measurement:measure_case",
    rejudge=rejudge,
)
