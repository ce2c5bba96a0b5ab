"""What the folder of a counter-example compares. No torch."""

from __future__ import annotations

from enum import StrEnum


class Shown(StrEnum):
    """Two things that must be equal."""

    LAW = "law"
    """`phi(g v)` and `g phi(v)`."""
    RECORDED = "gradients recorded"
    """`phi(v)` with gradients recorded and without."""
    STRIDED = "strided input"
    """`phi(v)` of other memory."""
    BATCH = "in a batch"
    """`phi(v)` in a batch and alone."""
    CALLS = "repeated calls"
    """`phi(v)` and `phi(v)` later."""
    GRADIENT_IN_INPUT = "gradient in the input"
    """The gradient at `g v` and the dual of g on that at `v`."""
    GRADIENT_IN_PARAMETERS = "gradient in the parameters"
    """The gradients at `g v` and at `v`."""
    COMPILED = "compiled"
    """`phi(v)` of the compiled network and of the network itself."""
    JUMP = "jump"
    """`phi` at two inputs that differ by hardly anything."""


NEEDS_ONE = frozenset({Shown.LAW, Shown.RECORDED, Shown.STRIDED})
"""Shown by one weight vector and one call of each kind, whatever was called before."""
