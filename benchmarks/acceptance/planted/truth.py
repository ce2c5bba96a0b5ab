"""What is true of one planted network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meta_nets.base import Net

from orbitcheck import register

INDEX = ("leak", "violation")
"""Neurons known by their number."""
GENERIC = ("equivariance-constructed */generic/eval",)
DEEP = ("equivariance-constructed deep/*/generic/eval",)
EDITED = ("equivariance-constructed deep/equivariant/generic/eval",)
USED = ("equivariance-constructed */generic/eval", "equivariance-in-use */calls")
AT_TIES = tuple(
    f"equivariance-constructed */{kind}/eval"
    for kind in ("ties", "zeros", "equal-biases", "duplicated-neurons", "pruned")
)


@dataclass(frozen=True)
class Truth:
    """What a red row of the network may name.

    Args:
        causes: all that would be true.
        rows: patterns of `check case` that are asked.
        tensors: output tensors that are wrong, where it is some alone.
        axes: axes whose neurons are known by number, where it is some alone.
    """

    causes: tuple[str, ...]
    rows: tuple[str, ...]
    tensors: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()


def planted(*causes: str, rows=GENERIC, tensors=(), axes=(), **traits: Any):
    """Registers a network with its truth."""

    def mark(network: type[Net]) -> type[Net]:
        network.truth = Truth(causes, rows, tensors, axes)
        return register("planted-" + network.__name__.lower(), **traits)(network)

    return mark


def plant(name: str, module: str, *causes: str, rows=GENERIC, tensors=(), axes=(), base=Net, doc="", **hooks: Any):
    """A network that overrides hooks of a sound one."""
    made = type(name, (base,), {**hooks, "__module__": module, "__doc__": doc or name})
    return planted(*causes, rows=rows, tensors=tensors, axes=axes)(made)
