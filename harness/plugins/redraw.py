"""Random parameters from a density, so that almost every draw separates whatever some parameters of the network separate.

An initialisation may hold exact zeros (biases, gates) at which a network is blind; noise at each tensor's own scale takes
it off that measure-zero set (theory.md, section 6; protocol.md, section 3).
"""

from __future__ import annotations

from collections.abc import Collection
from math import prod

import numpy as np
import torch

GAINS = (1.0, 3.0, 5.0, 10.0)
"""Gains of successive draws: small ones keep the network smooth, large ones keep late rounds above the rounding."""

SCALAR_NOISE = 0.1
SPREAD = 12**0.5
"""Uniform noise of this width has standard deviation one; it costs a quarter of normal noise, and any density will do."""


def real(tensor: torch.Tensor) -> torch.Tensor:
    """Complex numbers as pairs of real ones, in the same memory; real ones as they are."""
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor


def redraw_(module: torch.nn.Module, seed: int, gain: float, only: Collection[str] | None = None) -> None:
    """Initialisation + noise at the fan-in scale, times `gain` for matrices; or the plug-in's own `redraw_(generator)`.

    The fan-in of a tensor `[out, in, ...]` is its size over `out`, that of a vector its length; scalars get a fixed
    small noise. The plug-in's own method is used where it has one, since for some parameters (log-scales, tied weights)
    noise of this kind would break the network; gains are then its own business. Buffers and frozen parameters (that record no
    gradient) are its business alone.

    Args:
        only: names of the parameters that are drawn anew, each as if all were; None for all.
    """
    own = getattr(module, "redraw_", None)
    if own is not None:
        own(torch.Generator().manual_seed(seed))
        return
    rng = np.random.default_rng(seed)  # several times as fast as torch's own
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if not (parameter.requires_grad and (parameter.is_floating_point() or parameter.is_complex())):
                continue
            shape = tuple(parameter.shape)
            fan_in = prod(shape[1:]) if len(shape) > 1 else prod(shape)
            scale = max(fan_in, 1) ** -0.5 if shape else SCALAR_NOISE
            moved = real(parameter)
            noise = torch.from_numpy(np.asarray(rng.random(tuple(moved.shape), dtype=np.float32))).to(parameter.device)
            if only is not None and name not in only:
                continue
            moved.add_(noise, alpha=scale * SPREAD).sub_(scale * SPREAD / 2)
            if parameter.ndim > 1:
                parameter.mul_(gain)
