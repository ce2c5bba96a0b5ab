"""What the function of a space's weight vectors is: a map `(v, x) -> f_v(x)`, batched over weight vectors and inputs.

No torch until it is called; `realisation` has the functions, by space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .activations import ACTIVATIONS
from .space import SpaceError, WeightSpace

if TYPE_CHECKING:
    import torch

    from .batch import Weights

Activation = Callable[["torch.Tensor"], "torch.Tensor"]
Tensors = dict[str, "torch.Tensor"]
"""Tensor name -> `[batch, *axes]`."""


@dataclass(frozen=True)
class Realisation:
    """The map `(v, x) -> f_v(x)` for the weight vectors of one space.

    Args:
        space: of the weight vectors.
        axes: names of the axes of one input; those that are axes of the space have its sizes, the others any but for `extents`.
        compute: `(tensors, activation, x[batch, points, *shape])` -> `[batch, points, *shape of one output]`.
        extents: `((axis, size), ...)`, axes of one input that are none of the space and have one size.
    """

    space: WeightSpace
    axes: tuple[str, ...]
    compute: Callable[[Tensors, Activation, torch.Tensor], torch.Tensor]
    extents: tuple[tuple[str, int], ...] = ()

    def __call__(self, v: Weights, x: torch.Tensor) -> torch.Tensor:
        """As `realise`, for weights of this space."""
        if v.space != self.space:
            raise SpaceError(f"got weights of {v.space}; this is the function of {self.space}")
        if v.channels != 1:
            raise SpaceError(f"only weights with one channel compute a function; these have {v.channels}")
        rank, wanted = len(self.axes), self.input_shape(0)
        given = x.shape[-rank:]
        fits = x.ndim - rank in (1, 2) and all(got == size or not size for got, size in zip(given, wanted, strict=True))
        if not fits or (x.ndim == rank + 2 and x.shape[0] != v.batch):
            named = ", ".join(f"{axis}={size}" if size else axis for axis, size in zip(self.axes, wanted, strict=True))
            raise SpaceError(
                f"inputs of shape {tuple(x.shape)}; for {v.space} they are ([batch={v.batch},] points, {named})"
            )
        tensors = {name: tensor.squeeze(-1) for name, tensor in v.items()}
        activation = ACTIVATIONS[self.space.activation].tensors
        return self.compute(tensors, activation, x.expand(v.batch, *x.shape[-rank - 1 :]))

    def input_shape(self, extent: int) -> tuple[int, ...]:
        """Shape of one input, with `extent` pixels a side, steps or tokens where their number is free."""
        size = {**self.space.size, **dict(self.extents)}
        return tuple(size.get(axis, extent) for axis in self.axes)
