"""What a network is asked for: an invariant output or an equivariant one."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.registry import did_you_mean
from ..weights.element import OutputKind


@dataclass(frozen=True)
class Invariant:
    """Ask for `phi(g v) = phi(v)`: the network returns a tensor `[batch, dim]`."""

    dim: int = 1


@dataclass(frozen=True, repr=False)
class Equivariant:
    """Ask for `phi(g v) = g phi(v)`: the network returns `Weights` of the same space with this many channels.

    Args:
        channels: their number.
        kind: how g moves the output: "vector" as it moves differences of weights, "point" as weights themselves, "covector" as
            gradients. Permutations and signs tell none of them apart; scales tell covectors from the others.

    Raises:
        ValueError: no such kind.
    """

    channels: int = 1
    kind: str = OutputKind.VECTOR

    def __post_init__(self) -> None:
        if self.kind not in tuple(OutputKind):
            raise ValueError(f"kind={self.kind!r}{did_you_mean(str(self.kind), tuple(OutputKind))}")
        object.__setattr__(self, "kind", OutputKind(self.kind))

    def __repr__(self) -> str:
        """The default kind is left out, as everywhere that an output is written down."""
        kind = "" if self.kind == OutputKind.VECTOR else f", kind={str(self.kind)!r}"
        return f"Equivariant(channels={self.channels}{kind})"
