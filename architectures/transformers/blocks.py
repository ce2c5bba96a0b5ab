"""One transformer block as tensors: heads first, channels last, whatever a weight space calls and orders them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...harness.plugins.architecture import Unsupported
from ...harness.weights.batch import Weights
from ...harness.weights.space import WeightSpace
from ...harness.weights.spaces import constructor


@dataclass(frozen=True)
class Block:
    """`Q, K [B, h, n, D, C]`, `V [B, h, m, D, C]`, `O [B, h, m, D, C]`, `A, B [B, k, D, C]`, `b_Q, b_K [B, h, n, C]`, `b_V [B, h, m, C]`,
    `b_O, b [B, D, C]`, `a [B, k, C]`: row d of `W_O` is `O[.., d]`, unit k reads `A[k]` and writes `B[k]`."""

    Q: torch.Tensor
    K: torch.Tensor
    V: torch.Tensor
    O: torch.Tensor  # noqa: E741
    A: torch.Tensor
    B: torch.Tensor
    b_Q: torch.Tensor
    b_K: torch.Tensor
    b_V: torch.Tensor
    b_O: torch.Tensor
    a: torch.Tensor
    b: torch.Tensor


NAMES = {
    "WQ": "Q",
    "WK": "K",
    "bQ": "b_Q",
    "bK": "b_K",
    "WV": "V",
    "bV": "b_V",
    "bO": "b_O",
    "W1": "A",
    "b1": "a",
    "b2": "b",
}


def demand_block(space: WeightSpace, reader: str) -> None:
    """Refuse a space that is not that of one block, or whose hidden layer has no activation, so that its units have linear maps.

    Raises:
        Unsupported: such a space.
    """
    if constructor(space) != "transformer_block":
        raise Unsupported(f"{reader} reads one transformer block on a fixed stream")
    if space.activation == "identity":
        raise Unsupported(f"{reader} knows the symmetries of a hidden layer with an activation")


def read(v: Weights) -> Block:
    """The block of a weight vector, tensors in this module's order of axes."""
    t = v.tensors
    own = {letter: t[name] for name, letter in NAMES.items()}
    return Block(**own, O=t["WO"].movedim(1, 3), B=t["W2"].transpose(1, 2))


def write(space: WeightSpace, block: Block) -> Weights:
    """The block as weights of the space; undoes `read`."""
    t = {name: getattr(block, letter) for name, letter in NAMES.items()}
    t |= {"WO": block.O.movedim(3, 1), "W2": block.B.transpose(1, 2)}
    return Weights(space, {name: t[name] for name in space.axes})


def product(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """`S_h = sum_n first[h, n, :] second[h, n, :]`, per channel: `[B, h, D, D', C]`, over the root of n."""
    return torch.einsum("bhnic,bhnjc->bhijc", first, second) * first.shape[2] ** -0.5
