"""Why a target makes no sense in a space: a line to print, or None where it does make sense. No torch."""

from __future__ import annotations

from ..weights.networks.forms import has_function
from ..weights.space import WeightSpace


def unless_mlp(space: WeightSpace) -> str | None:
    return None if space.is_mlp else f"it is defined for MLP spaces only, the space is {space}"


def unless_function(space: WeightSpace) -> str | None:
    return None if has_function(space) else f"it looks at the function of the weights, which is not known of {space}"


def unless_inputs(space: WeightSpace, inputs: int, why: str) -> str | None:
    """Refuse an MLP with another number of inputs, and anything but an MLP."""
    refused = unless_mlp(space)
    if refused is None and space.widths[0] != inputs:
        refused = f"{why} has n_0 = {inputs}, the space is {space}"
    return refused


def unless_ends(space: WeightSpace, inputs: int, outputs: int, why: str) -> str | None:
    """Refuse an MLP with another number of inputs or outputs, and anything but an MLP."""
    refused = unless_mlp(space)
    if refused is None and (space.widths[0], space.widths[-1]) != (inputs, outputs):
        refused = f"{why} has n_0 = {inputs} and n_L = {outputs}, the space is {space}"
    return refused
