"""orbitcheck: formal-property tests for permutation-equivariant weight-space networks.

The public face. Names are imported on first use, so that `import orbitcheck` costs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Absolute on purpose: a relative import here would load a second copy under the name of the clone's folder.
_FACE = {
    "Architecture": "orbitcheck.harness.architecture",
    "Equivariant": "orbitcheck.harness.architecture",
    "GroupElement": "orbitcheck.harness.group",
    "Invariant": "orbitcheck.harness.architecture",
    "SpaceError": "orbitcheck.harness.space",
    "Traits": "orbitcheck.harness.architecture",
    "Unsupported": "orbitcheck.harness.architecture",
    "WeightSpace": "orbitcheck.harness.space",
    "Weights": "orbitcheck.harness.weights",
    "act": "orbitcheck.harness.group",
    "compose": "orbitcheck.harness.group",
    "conv_net": "orbitcheck.harness.spaces",
    "generators": "orbitcheck.harness.group",
    "identity": "orbitcheck.harness.group",
    "inverse": "orbitcheck.harness.group",
    "mlp": "orbitcheck.harness.space",
    "random_elements": "orbitcheck.harness.group",
    "realise": "orbitcheck.harness.realisation",
    "recurrent": "orbitcheck.harness.spaces",
    "register": "orbitcheck.harness.architecture",
    "residual_mlp": "orbitcheck.harness.spaces",
    "transformer_block": "orbitcheck.harness.spaces",
}

__all__ = ["__version__", *_FACE]

if TYPE_CHECKING:  # what type checkers and editors read; at run time `__getattr__` imports on first use
    from .harness.architecture import Architecture as Architecture
    from .harness.architecture import Equivariant as Equivariant
    from .harness.architecture import Invariant as Invariant
    from .harness.architecture import Traits as Traits
    from .harness.architecture import Unsupported as Unsupported
    from .harness.architecture import register as register
    from .harness.group import GroupElement as GroupElement
    from .harness.group import act as act
    from .harness.group import compose as compose
    from .harness.group import generators as generators
    from .harness.group import identity as identity
    from .harness.group import inverse as inverse
    from .harness.group import random_elements as random_elements
    from .harness.realisation import realise as realise
    from .harness.space import SpaceError as SpaceError
    from .harness.space import WeightSpace as WeightSpace
    from .harness.space import mlp as mlp
    from .harness.spaces import conv_net as conv_net
    from .harness.spaces import recurrent as recurrent
    from .harness.spaces import residual_mlp as residual_mlp
    from .harness.spaces import transformer_block as transformer_block
    from .harness.weights import Weights as Weights


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'orbitcheck' has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FACE])
