"""Expressive power as an architecture declares it, and which declaration satisfies which requirement."""

from __future__ import annotations

POWERS = ("1-wl", "below-1-wl", "complete", "function", "unknown")
AT_LEAST = {
    "below-1-wl": ("below-1-wl", "function", "1-wl", "complete"),
    "function": ("function", "1-wl", "complete"),
    "1-wl": ("1-wl", "complete"),
    "complete": ("complete",),
}
"""Required power -> the declarations that satisfy it: `function` lies below `1-wl`, since 1-WL classes refine functions."""
