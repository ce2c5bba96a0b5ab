"""The function that a weight vector computes: `f_v(x)`, batched over weight vectors and inputs.

Law: `f_{g v} = f_v` for every element g of the space's group: to the bit where all sums are exact, else within their
rounding. Inputs are `[points, *shape]`, shared by all weight vectors, or `[batch, points, *shape]`, where `shape` is

| constructor | one input | one output |
|---|---|---|
| `mlp`, `residual_mlp` | `(n0,)` | `(outputs,)` |
| `conv_net` | `(n0, height, width)` | `(classes,)` |
| `recurrent` | `(steps, n0)` | `(outputs,)`, after the last step |
| `transformer_block` | `(tokens, model)` | `(tokens, model)` |

and what the constructors of `networks` say of theirs.

Source: theory.md, section 1, the realisation map.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from ..batch import Weights
from ..function import Activation, Realisation, Tensors
from ..networks.forms import made
from ..space import SpaceError, WeightSpace
from ..spaces import constructor


def realise(v: Weights, x: torch.Tensor) -> torch.Tensor:
    """`f_v(x)` for weights of any space that a constructor made.

    Args:
        v: a batch of weights with one channel.
        x: inputs `[points, *shape]`, shared by all weight vectors, or `[batch, points, *shape]`; the module's docstring
            has the shapes, `(n_0,)` for an MLP.

    Returns:
        `[batch, points, *shape of one output]`.

    Raises:
        SpaceError: another space, more than one channel, or inputs that do not fit.
    """
    return realisation(v.space)(v, x)


def realisation(space: WeightSpace) -> Realisation:
    """The function of a space's weight vectors, for callers that use it more than once.

    Raises:
        SpaceError: a space that no constructor made.
    """
    if space.network is not None:
        return made(space)
    name = constructor(space)
    if name is None:
        raise SpaceError(f"no function is known for weights of {space}; known are those of {', '.join(_REALISATIONS)}")
    return Realisation(space, *_REALISATIONS[name])


def _mlp(v: Tensors, activation: Activation, x: torch.Tensor) -> torch.Tensor:
    """`act(W_l x + b_l)` layer after layer; no activation after the last."""
    last = len(v) // 2
    for layer in range(1, last + 1):
        x = torch.baddbmm(v[f"b{layer}"].unsqueeze(1), x, v[f"W{layer}"].transpose(1, 2))
        if layer < last:
            x = activation(x)
    return x


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


_REALISATIONS: dict[str, tuple[tuple[str, ...], Callable[[Tensors, Activation, torch.Tensor], torch.Tensor]]] = {
    "mlp": (("n0",), _mlp),
    "residual_mlp": (("n0",), _residual_mlp),
    "conv_net": (("n0", "height", "width"), _conv_net),
    "recurrent": (("steps", "n0"), _recurrent),
    "transformer_block": (("tokens", "model"), _transformer_block),
}
"""Constructor -> axes of one input, and the function."""
