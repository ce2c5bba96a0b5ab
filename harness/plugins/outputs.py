"""What a network is asked for: an invariant output or an equivariant one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """Ask for `phi(g v) = phi(v)`: the network returns a tensor `[batch, dim]`."""

    dim: int = 1


@dataclass(frozen=True)
class Equivariant:
    """Ask for `phi(g v) = g phi(v)`: the network returns `Weights` of the same space with this many channels."""

    channels: int = 1
