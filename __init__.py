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
    "Equivariant": "orbitcheck.harness.plugins.outputs",
    "Group": "orbitcheck.harness.weights.groups",
    "GroupElement": "orbitcheck.harness.weights.element",
    "Invariant": "orbitcheck.harness.plugins.outputs",
    "SpaceError": "orbitcheck.harness.weights.space",
    "Traits": "orbitcheck.harness.plugins.architecture",
    "Unsupported": "orbitcheck.harness.plugins.architecture",
    "WeightSpace": "orbitcheck.harness.weights.space",
    "Weights": "orbitcheck.harness.weights.batch",
    "act": "orbitcheck.harness.weights.symmetry",
    "compose": "orbitcheck.harness.weights.symmetry",
    "conv_net": "orbitcheck.harness.weights.spaces",
    "generators": "orbitcheck.harness.weights.symmetry",
    "group": "orbitcheck.harness.weights.groups",
    "identity": "orbitcheck.harness.weights.symmetry",
    "inverse": "orbitcheck.harness.weights.symmetry",
    "mlp": "orbitcheck.harness.weights.space",
    "random_elements": "orbitcheck.harness.weights.symmetry",
    "realise": "orbitcheck.harness.weights.realisation",
    "recurrent": "orbitcheck.harness.weights.spaces",
    "register": "orbitcheck.harness.plugins.architecture",
    "residual_mlp": "orbitcheck.harness.weights.spaces",
    "transformer_block": "orbitcheck.harness.weights.spaces",
}

__all__ = ["__version__", *_FACE]

if TYPE_CHECKING:  # what type checkers and editors read; at run time `__getattr__` imports on first use
    from .harness.plugins.architecture import Architecture as Architecture
    from .harness.plugins.architecture import Traits as Traits
    from .harness.plugins.architecture import Unsupported as Unsupported
    from .harness.plugins.architecture import register as register
    from .harness.plugins.outputs import Equivariant as Equivariant
    from .harness.plugins.outputs import Invariant as Invariant
    from .harness.weights.batch import Weights as Weights
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


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'orbitcheck' has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FACE])
