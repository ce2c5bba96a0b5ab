"""The functions that weight vectors of every constructed space compute: `realise` for MLPs, and its kin.

Law: `f_{g v} = f_v` for every element g of the space's group: to the bit where all sums are exact, else within their
rounding. Batched over weight vectors and inputs; inputs are `[points, *shape]`, shared by all weight vectors, or
`[batch, points, *shape]`, where `shape` is

| constructor | one input | one output |
|---|---|---|
| `mlp`, `residual_mlp` | `(n_0,)` | `(n_L,)` |
| `conv_net` | `(n_0, height, width)` | `(n_L,)` |
| `recurrent` | `(steps, n_0)` | `(n_L,)`, after the last step |
| `transformer_block` | `(tokens, model)` | `(tokens, model)` |
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from .realisation import ACTIVATION_FUNCTIONS, realise
from .space import SpaceError, WeightSpace
from .spaces import constructor
from .weights import Weights


def realise_any(v: Weights, x: torch.Tensor) -> torch.Tensor:
    """`f_v(x)` for weights of any space that `mlp` or a constructor of `spaces.py` made.

    Args:
        v: weights with one channel.
        x: inputs; the module's docstring has the shapes.

    Returns:
        `[batch, points, *shape of one output]`.

    Raises:
        SpaceError: another space, more than one channel, or inputs that do not fit.
    """
    name = constructor(v.space)
    if name is None:
        raise SpaceError(f"no function is known for weights of {v.space}; known: {', '.join(('mlp', *_REALISATIONS))}")
    if v.channels != 1:
        raise SpaceError(f"only weights with one channel compute a function; these have {v.channels}")
    if name == "mlp":
        return realise(v, x)
    shape = input_shape(v.space, 1)
    sizes = {"conv_net": (-3,), "recurrent": (-1,), "transformer_block": (-1,), "residual_mlp": (-1,)}[name]
    wrong = any(x.shape[place] != shape[place] for place in sizes) if x.ndim > len(shape) else True
    if wrong or x.ndim > len(shape) + 2:
        raise SpaceError(f"inputs of shape {tuple(x.shape)}; allowed for {v.space}: ([batch,] points, {_shown(name, shape)})")
    return _REALISATIONS[name](v, x.expand(v.batch, *x.shape[-len(shape) - 1 :]))


def input_shape(space: WeightSpace, extent: int) -> tuple[int, ...]:
    """Shape of one input, with `extent` pixels a side, steps or tokens where their number is free.

    Raises:
        SpaceError: a space that no constructor made.
    """
    name, size = constructor(space), space.size
    if name is None:
        raise SpaceError(f"no function is known for weights of {space}; known: {', '.join(('mlp', *_REALISATIONS))}")
    if name == "conv_net":
        return size["n0"], extent, extent
    if name == "transformer_block":
        return extent, size["model"]
    return (extent, size["n0"]) if name == "recurrent" else (size["n0"],)
