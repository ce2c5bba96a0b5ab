"""Edits held to what they compute: the law of functions, quasi-equivariance.

Law: `f_{phi(g v)} = f_{phi(v)}`, that is `phi(g v) = rho(g, v) phi(v)` with some rho of the group, which may depend on v. Every network that
keeps the law of tensors keeps this one, where the group leaves functions as they are; `h(v) psi(v)` keeps it too, for an equivariant psi
and any group elements h(v). Read through `Realised` an editor is an invariant network, and is asked as one.

What this law does not see: weights of neurons that no input wakes, and all else that functions do not show at the inputs below. The law of
tensors does, so that both are reported.

Source: Quasi-Equivariant Metanetworks, arXiv 2604.23720.
"""

from __future__ import annotations

import torch

from ..batch import Weights
from ..space import WeightSpace
from .expansion import apart
from .functions import realisation, realise

INPUTS, EXTENT = 8, 3
"""Inputs at which edits are evaluated, and their length along axes that the space leaves free."""
GRID, SPAN = 8, 16
"""Entries of inputs are integers up to the span over the grid: numbers that every precision holds."""


class Realised(torch.nn.Module):
    """An editor and the functions of its edits, `Weights -> [batch, dim]`: sums, with signs, of their values at fixed dyadic inputs.

    Args:
        editor: answers with `Weights` of the space; each channel is a network.
        space: of the weights.
        channels: how many networks an edit is.
        dim: how many sums.

    Raises:
        SpaceError: no function is known for weights of the space.
        TypeError: when called, the editor answers with anything else.
    """

    def __init__(self, editor: torch.nn.Module, space: WeightSpace, channels: int, dim: int):
        super().__init__()
        self.editor, self.space, self.channels = editor, space, channels
        generator = torch.Generator().manual_seed(space.parameters)
        shape = (INPUTS, *realisation(space).input_shape(EXTENT))
        x = torch.randint(-SPAN, SPAN + 1, shape, generator=generator).double() / GRID
        none = Weights(space, {name: torch.zeros(1, *s, 1, dtype=torch.float64) for name, s in space.shapes.items()})
        values = channels * realise(none, x).numel()
        signs = torch.randint(0, 2, (values, dim), generator=generator).double() * 2 - 1
        self.register_buffer("x", x)
        self.register_buffer("signs", signs)
        if hasattr(editor, "redraw_"):
            self.redraw_ = editor.redraw_

    def forward(self, v: Weights) -> torch.Tensor:
        answer = self.editor(v)
        wanted = (self.space, v.batch, self.channels)
        if not isinstance(answer, Weights) or (answer.space, answer.batch, answer.channels) != wanted:
            raise TypeError(
                f"the editor returned {answer!r}; it is Weights of {self.space} with batch {v.batch} and {self.channels} channel(s)"
            )
        values = realise(apart(answer, self.channels), self.get_buffer("x"))
        return values.reshape(v.batch, -1) @ self.get_buffer("signs")
