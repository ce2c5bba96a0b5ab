"""The functions that weight vectors of every constructed space compute: `realise` for MLPs, and its kin.

Law: `f_{g v} = f_v` for every element g of the space's group: to the bit where all sums are exact, else within their
rounding. Batched over weight vectors and inputs; inputs are `[points, *shape]`, shared by all weight vectors, or
`[batch, points, *shape]`, where `shape` is

| constructor | one input | one output |
|---|---|---|
| `mlp`, `residual_mlp` | `(n0,)` | `(outputs,)` |
| `conv_net` | `(n0, height, width)` | `(classes,)` |
| `recurrent` | `(steps, n0)` | `(outputs,)`, after the last step |
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

Activation = Callable[[torch.Tensor], torch.Tensor]
Tensors = dict[str, torch.Tensor]
"""Tensor name -> `[batch, *axes]`."""

_INPUT: dict[str, tuple[str, ...]] = {
    "mlp": ("n0",),
    "residual_mlp": ("n0",),
    "conv_net": ("n0", "height", "width"),
    "recurrent": ("steps", "n0"),
    "transformer_block": ("tokens", "model"),
}


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
    axes, size = _input_axes(v.space), v.space.size
    if v.channels != 1:
        raise SpaceError(f"only weights with one channel compute a function; these have {v.channels}")
    rank = len(axes)
    fits = x.ndim - rank in (1, 2) and all(
        got == size.get(axis, got) for axis, got in zip(axes, x.shape[-rank:], strict=True)
    )
    if not fits or (x.ndim == rank + 2 and x.shape[0] != v.batch):
        wanted = ", ".join(f"{axis}={size[axis]}" if axis in size else axis for axis in axes)
        raise SpaceError(
            f"inputs of shape {tuple(x.shape)}; for {v.space} they are ([batch={v.batch},] points, {wanted})"
        )
    tensors = {name: tensor.squeeze(-1) for name, tensor in v.items()}
    activation = ACTIVATION_FUNCTIONS[v.space.activation]
    x = x.expand(v.batch, *x.shape[-rank - 1 :])
    match constructor(v.space):
        case "conv_net":
            return _conv_net(tensors, activation, x)
        case "residual_mlp":
            return _residual_mlp(tensors, activation, x)
        case "recurrent":
            return _recurrent(tensors, activation, x)
        case "transformer_block":
            return _transformer_block(tensors, activation, x)
    return realise(v, x)


def input_shape(space: WeightSpace, extent: int) -> tuple[int, ...]:
    """Shape of one input, with `extent` pixels a side, steps or tokens where their number is free.

    Raises:
        SpaceError: a space that no constructor made.
    """
    size = space.size
    return tuple(size.get(axis, extent) for axis in _input_axes(space))


def _input_axes(space: WeightSpace) -> tuple[str, ...]:
    name = constructor(space)
    if name is None:
        raise SpaceError(f"no function is known for weights of {space}; known are those of {', '.join(_INPUT)}")
    return _INPUT[name]


def _dense(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """`W x + b` on the last axis of `[batch, ..., in]`, one weight vector a sample."""
    flat = torch.baddbmm(bias.unsqueeze(1), x.flatten(1, -2), weight.transpose(1, 2))
    return flat.view(*x.shape[:-1], -1)


def _conv_net(v: Tensors, activation: Activation, x: torch.Tensor) -> torch.Tensor:
    """Convolutions that keep the image's size (zeros around it), the mean over positions, a dense layer."""
    batch, points = x.shape[:2]
    last = len(v) // 2
    hidden = x.transpose(0, 1).flatten(1, 2)  # the networks of a batch are the groups of one convolution
    for layer in range(1, last):
        kernels, bias = v[f"C{layer}"].flatten(0, 1), v[f"b{layer}"].flatten()
        hidden = activation(functional.conv2d(hidden, kernels, bias, padding=kernels.shape[-1] // 2, groups=batch))
    pooled = hidden.mean((-2, -1)).view(points, batch, -1).transpose(0, 1)
    return _dense(pooled, v[f"W{last}"], v[f"b{last}"])


def _residual_mlp(v: Tensors, activation: Activation, x: torch.Tensor) -> torch.Tensor:
    """`r = U x + u`; `r += B act(A r + a) + b` for each block; `V r + c`."""
    stream = _dense(x, v["U"], v["u"])
    for block in range(1, (len(v) - 4) // 4 + 1):
        inner = activation(_dense(stream, v[f"A{block}"], v[f"a{block}"]))
        stream = stream + _dense(inner, v[f"B{block}"], v[f"b{block}"])
    return _dense(stream, v["V"], v["c"])


def _recurrent(v: Tensors, activation: Activation, x: torch.Tensor) -> torch.Tensor:
    """`h_l(t) = act(W_l h_{l-1}(t) + R_l h_l(t - 1) + b_l)` from `h_l(0) = 0`; the last layer reads the last step."""
    last = (len(v) + 1) // 3
    states = [x.new_zeros(*x.shape[:2], v[f"b{layer}"].shape[1]) for layer in range(1, last)]
    for step in range(x.shape[2]):
        below = x[:, :, step]
        for layer, state in enumerate(states, 1):
            memory = torch.bmm(state, v[f"R{layer}"].transpose(1, 2))
            states[layer - 1] = below = activation(_dense(below, v[f"W{layer}"], v[f"b{layer}"]) + memory)
    return _dense(states[-1], v[f"W{last}"], v[f"b{last}"])


def _transformer_block(v: Tensors, activation: Activation, x: torch.Tensor) -> torch.Tensor:
    """`x += W_O softmax(q k / sqrt(n)) v + b_O` with q, k, v of the normalised x; then `x += W_2 act(W_1 LN(x) + b_1) + b_2`."""

    def read(letter: str) -> torch.Tensor:
        return torch.einsum("bptm,bhkm->bphtk", normal, v[f"W{letter}"]) + v[f"b{letter}"][:, None, :, None]

    normal = functional.layer_norm(x, x.shape[-1:])
    mixed = functional.scaled_dot_product_attention(read("Q"), read("K"), read("V"))
    x = x + torch.einsum("bphtk,bmhk->bptm", mixed, v["WO"]) + v["bO"][:, None, None]
    inner = activation(_dense(functional.layer_norm(x, x.shape[-1:]), v["W1"], v["b1"]))
    return x + _dense(inner, v["W2"], v["b2"])
