"""Expressive power as an architecture declares it, and which declaration satisfies which requirement."""

from __future__ import annotations

POWERS = ("1-wl", "2-fwl", "below-1-wl", "complete", "function", "unknown")
OF_ROUNDS = ("1-wl", "2-fwl")
"""Declared with rounds, of refinement of nodes and of pairs of nodes."""
AT_LEAST = {
    "below-1-wl": ("below-1-wl", "function", "1-wl", "2-fwl", "complete"),
    "function": ("function", "1-wl", "2-fwl", "complete"),
    "1-wl": ("1-wl", "2-fwl", "complete"),
    "2-fwl": ("2-fwl", "complete"),
    "complete": ("complete",),
}
"""Required power -> the declarations that satisfy it: `function` lies below `1-wl`, since 1-WL classes refine functions, and 2-FWL classes those of 1-WL."""
