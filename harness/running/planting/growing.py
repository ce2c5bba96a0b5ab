"""From a plant to its network: the class, what it declares, and the flaw that its run draws."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import torch

from ...plugins.architecture import Architecture, as_architecture, register
from . import answers, frames, functions, heads, layers, loops, networks, rescaling
from .networks import Flaw
from .plants import SPACES, Plant

MODULES = (networks, rescaling, frames, functions, layers, answers, loops, heads)


def network_class(name: str) -> type[torch.nn.Module]:
    """The planted network of that class name."""
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def drawn(plant: Plant, seed: int) -> Flaw:
    """The plant's flaw in a run of that seed: as it stands, or a hidden layer, a neuron of it and a size at random."""
    if not plant.drawn:
        return Flaw(size=plant.size)
    rng = np.random.default_rng([seed, crc32(plant.name.encode())])
    widths = SPACES["tiny"].space.widths if plant.red.kind == "equivariance" else (1, 2, 1)
    layer = int(rng.integers(1, len(widths) - 1))
    return Flaw(layer, int(rng.integers(widths[layer])), float(10 ** rng.uniform(*plant.sizes)))


def network(plant: Plant, flaw: Flaw) -> Architecture:
    """The plant as a plug-in."""
    cls = network_class(plant.network)
    declared = register(f"planted-{plant.name}", **plant.traits)
    return as_architecture(declared(type(cls.__name__, (cls,), {"flaw": flaw})))


def declares(plant: Plant) -> dict[str, str]:
    """Name and declaration as a run describes its architectures."""
    traits = network(plant, Flaw()).traits
    return {"name": f"planted-{plant.name}", "power": traits.power, "symmetry": traits.symmetry}
