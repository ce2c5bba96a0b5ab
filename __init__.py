"""orbitcheck: formal-property tests for permutation-equivariant weight-space networks.

The public face. Names are imported on first use, so that `import orbitcheck` costs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Absolute on purpose: a relative import here would load a second copy under the name of the clone's folder.
_FACE = {
    "Architecture": "orbitcheck.harness.plugins.architecture",
    "CanonicalForm": "orbitcheck.harness.front.answers",
    "Duplicates": "orbitcheck.harness.front.duplicates",
    "Equivariant": "orbitcheck.harness.plugins.outputs",
    "FinishedRun": "orbitcheck.harness.front.python.finished",
    "Group": "orbitcheck.harness.weights.groups",
    "GroupElement": "orbitcheck.harness.weights.element",
    "Invariant": "orbitcheck.harness.plugins.outputs",
    "LabelFloors": "orbitcheck.harness.oracles.levels.floors",
    "LevelFloor": "orbitcheck.harness.oracles.levels.floors",
    "Link": "orbitcheck.harness.oracles.duplicates.links",
    "OrbitAnswer": "orbitcheck.harness.front.answers",
    "PositionAnswer": "orbitcheck.harness.front.answers",
    "Relation": "orbitcheck.harness.oracles.relation",
    "SpaceError": "orbitcheck.harness.weights.space",
    "Traits": "orbitcheck.harness.plugins.architecture",
    "Undecided": "orbitcheck.harness.front.answers",
    "Unsupported": "orbitcheck.harness.plugins.architecture",
    "WeightSpace": "orbitcheck.harness.weights.space",
    "Weights": "orbitcheck.harness.weights.batch",
    "act": "orbitcheck.harness.weights.symmetry",
    "canonical_form": "orbitcheck.harness.front.answers",
    "compose": "orbitcheck.harness.weights.symmetry",
    "conv_net": "orbitcheck.harness.weights.spaces",
    "duplicates": "orbitcheck.harness.front.duplicates",
    "from_features": "orbitcheck.harness.weights.conventions.layers",
    "from_graphs": "orbitcheck.harness.weights.conventions.graphs",
    "from_layers": "orbitcheck.harness.weights.conventions.layers",
    "from_module": "orbitcheck.harness.weights.tracing.modules",
    "from_state_dicts": "orbitcheck.harness.weights.conventions.layers",
    "floor": "orbitcheck.harness.checks.floor.asked",
    "generators": "orbitcheck.harness.weights.symmetry",
    "group": "orbitcheck.harness.weights.groups",
    "identity": "orbitcheck.harness.weights.symmetry",
    "in_general_position": "orbitcheck.harness.front.answers",
    "inverse": "orbitcheck.harness.weights.symmetry",
    "load": "orbitcheck.harness.front.python.finished",
    "load_weights": "orbitcheck.harness.front.answers",
    "mlp": "orbitcheck.harness.weights.space",
    "random_elements": "orbitcheck.harness.weights.symmetry",
    "realise": "orbitcheck.harness.weights.realisation",
    "recurrent": "orbitcheck.harness.weights.spaces",
    "register": "orbitcheck.harness.plugins.architecture",
    "relation": "orbitcheck.harness.front.answers",
    "residual_mlp": "orbitcheck.harness.weights.spaces",
    "run": "orbitcheck.harness.front.python.finished",
    "same_orbit": "orbitcheck.harness.front.answers",
    "to_features": "orbitcheck.harness.weights.conventions.layers",
    "to_graphs": "orbitcheck.harness.weights.conventions.graphs",
    "to_layers": "orbitcheck.harness.weights.conventions.layers",
    "to_state_dicts": "orbitcheck.harness.weights.conventions.layers",
    "transformer_block": "orbitcheck.harness.weights.spaces",
}

__all__ = ["__version__", *_FACE]

if TYPE_CHECKING:  # what type checkers and editors read; at run time `__getattr__` imports on first use
    from .harness.checks.floor.asked import floor as floor
    from .harness.front.answers import CanonicalForm as CanonicalForm
    from .harness.front.answers import OrbitAnswer as OrbitAnswer
    from .harness.front.answers import PositionAnswer as PositionAnswer
    from .harness.front.answers import Undecided as Undecided
    from .harness.front.answers import canonical_form as canonical_form
    from .harness.front.answers import in_general_position as in_general_position
    from .harness.front.answers import load_weights as load_weights
    from .harness.front.answers import relation as relation
    from .harness.front.answers import same_orbit as same_orbit
    from .harness.front.duplicates import Duplicates as Duplicates
    from .harness.front.duplicates import duplicates as duplicates
    from .harness.front.python.finished import FinishedRun as FinishedRun
    from .harness.front.python.finished import load as load
    from .harness.front.python.finished import run as run
    from .harness.oracles.duplicates.links import Link as Link
    from .harness.oracles.levels.floors import LabelFloors as LabelFloors
    from .harness.oracles.levels.floors import LevelFloor as LevelFloor
    from .harness.oracles.relation import Relation as Relation
    from .harness.plugins.architecture import Architecture as Architecture
    from .harness.plugins.architecture import Traits as Traits
    from .harness.plugins.architecture import Unsupported as Unsupported
    from .harness.plugins.architecture import register as register
    from .harness.plugins.outputs import Equivariant as Equivariant
    from .harness.plugins.outputs import Invariant as Invariant
    from .harness.weights.batch import Weights as Weights
    from .harness.weights.conventions.graphs import from_graphs as from_graphs
    from .harness.weights.conventions.graphs import to_graphs as to_graphs
    from .harness.weights.conventions.layers import from_features as from_features
    from .harness.weights.conventions.layers import from_layers as from_layers
    from .harness.weights.conventions.layers import from_state_dicts as from_state_dicts
    from .harness.weights.conventions.layers import to_features as to_features
    from .harness.weights.conventions.layers import to_layers as to_layers
    from .harness.weights.conventions.layers import to_state_dicts as to_state_dicts
    from .harness.weights.element import GroupElement as GroupElement
    from .harness.weights.groups import Group as Group
    from .harness.weights.groups import group as group
    from .harness.weights.realisation import realise as realise
    from .harness.weights.space import SpaceError as SpaceError
    from .harness.weights.space import WeightSpace as WeightSpace
    from .harness.weights.space import mlp as mlp
    from .harness.weights.spaces import conv_net as conv_net
    from .harness.weights.spaces import recurrent as recurrent
    from .harness.weights.spaces import residual_mlp as residual_mlp
    from .harness.weights.spaces import transformer_block as transformer_block
    from .harness.weights.symmetry import act as act
    from .harness.weights.symmetry import compose as compose
    from .harness.weights.symmetry import generators as generators
    from .harness.weights.symmetry import identity as identity
    from .harness.weights.symmetry import inverse as inverse
    from .harness.weights.symmetry import random_elements as random_elements
    from .harness.weights.tracing.modules import from_module as from_module


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'orbitcheck' has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
