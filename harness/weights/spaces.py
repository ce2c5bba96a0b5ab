"""Weight spaces beyond MLPs: convolutions, residual streams, recurrences, attention. The group is read off axis names.

| constructor | permuted axes | what is new |
|---|---|---|
| `conv_net` | hidden channels `n1..` | kernel axes, which are fixed |
| `residual_mlp` | the stream `r`, hidden `n1..` | one axis shared by all blocks |
| `recurrent` | hidden `n1..` | one axis twice in a tensor |
| `transformer_block` | `head`, `key`, `value`, `hidden` | three axes in a tensor, two of them permuted |

Every element of the group leaves the network's function as it is (`realisation`). As `space.py`, this imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .space import SpaceError, WeightSpace

Tensors = list[tuple[str, tuple[str, ...]]]


def conv_net(*channels: int, kernel: int = 3, activation: str = "relu") -> WeightSpace:
    """The weight space of a convolutional classifier: convolutions, the mean over positions, one dense layer.

    `C_l[n_l, n_{l-1}, y, x]` and `b_l[n_l]` for `l < L`, `W_L[n_L, n_{L-1}]` and `b_L[n_L]`. Hidden channels are permuted;
    positions within a kernel are what they are, so the axes `y` and `x` are fixed.

    Args:
        channels: `n_0, ..., n_L`: of the image, of the hidden layers, and the number of classes; at least one hidden.
        kernel: height and width of every kernel; odd, so that images keep their size.
        activation: one of `activations.ACTIVATIONS`, after every convolution.

    Raises:
        SpaceError: fewer than three numbers, one that is no positive integer, or an even kernel.
    """
    if len(channels) < 3:
        raise SpaceError(f"conv_net{channels} has no hidden layer; give image channels, hidden channels and classes")
    if isinstance(kernel, bool) or not isinstance(kernel, int) or kernel < 1 or kernel % 2 == 0:
        raise SpaceError(f"kernel={kernel!r}; allowed: odd integers of at least 1")
    last = len(channels) - 1
    tensors: Tensors = []
    for layer in range(1, last):
        tensors += [(f"C{layer}", (f"n{layer}", f"n{layer - 1}", "y", "x")), (f"b{layer}", (f"n{layer}",))]
    tensors += [(f"W{last}", (f"n{last}", f"n{last - 1}")), (f"b{last}", (f"n{last}",))]
    return WeightSpace(
        tensors=tuple(tensors),
        sizes=(*((f"n{layer}", count) for layer, count in enumerate(channels)), ("y", kernel), ("x", kernel)),
        permuted=tuple(f"n{layer}" for layer in range(1, last)),
        activation=activation,
    )


def residual_mlp(
    inputs: int, stream: int, hidden: Sequence[int], outputs: int, *, activation: str = "relu"
) -> WeightSpace:
    """The weight space of a residual MLP: into a stream `r`, blocks that read it and add to it, out of it.

    `U[r, n_0]`, `u[r]`; for each block k `A_k[n_k, r]`, `a_k[n_k]`, `B_k[r, n_k]`, `b_k[r]`; `V[m, r]`, `c[m]`. All blocks share
    the axis `r`, so one permutation of the stream acts on all of them; each hidden axis has its own.

    Args:
        inputs, stream, outputs: sizes of `n_0`, `r` and `m`.
        hidden: sizes of `n_1, n_2, ...`, one a block; at least one block.
        activation: one of `activations.ACTIVATIONS`, inside every block.

    Raises:
        SpaceError: no block, or a size that is no positive integer.
    """
    if not hidden:
        raise SpaceError(
            "residual_mlp has no block; give the hidden width of each, as in residual_mlp(2, 8, (16, 16), 1)"
        )
    tensors: Tensors = [("U", ("r", "n0")), ("u", ("r",))]
    for block in range(1, len(hidden) + 1):
        tensors += [(f"A{block}", (f"n{block}", "r")), (f"a{block}", (f"n{block}",))]
        tensors += [(f"B{block}", ("r", f"n{block}")), (f"b{block}", ("r",))]
    inner = tuple((f"n{block}", width) for block, width in enumerate(hidden, 1))
    return WeightSpace(
        tensors=(*tensors, ("V", ("m", "r")), ("c", ("m",))),
        sizes=(("n0", inputs), ("r", stream), *inner, ("m", outputs)),
        permuted=("r", *(axis for axis, _ in inner)),
        activation=activation,
    )


def recurrent(*widths: int, activation: str = "tanh") -> WeightSpace:
    """The weight space of stacked Elman networks: `h_l(t) = act(W_l h_{l-1}(t) + R_l h_l(t - 1) + b_l)`, read out at the end.

    `W_l[n_l, n_{l-1}]`, `R_l[n_l, n_l]`, `b_l[n_l]` for the hidden layers and `W_L[n_L, n_{L-1}]`, `b_L[n_L]` for the read-out. A
    permutation of `n_l` acts on both axes of `R_l` at once.

    Args:
        widths: `n_0, ..., n_L`, at least one hidden layer.
        activation: one of `activations.ACTIVATIONS`.

    Raises:
        SpaceError: fewer than three widths, or one that is no positive integer.
    """
    if len(widths) < 3:
        raise SpaceError(f"recurrent{widths} has no hidden layer; give input, hidden and output widths")
    last = len(widths) - 1
    tensors: Tensors = []
    for layer in range(1, last):
        here, before = f"n{layer}", f"n{layer - 1}"
        tensors += [(f"W{layer}", (here, before)), (f"R{layer}", (here, here)), (f"b{layer}", (here,))]
    tensors += [(f"W{last}", (f"n{last}", f"n{last - 1}")), (f"b{last}", (f"n{last}",))]
    return WeightSpace(
        tensors=tuple(tensors),
        sizes=tuple((f"n{layer}", width) for layer, width in enumerate(widths)),
        permuted=tuple(f"n{layer}" for layer in range(1, last)),
        activation=activation,
    )


def transformer_block(
    model: int, heads: int, key: int, value: int, hidden: int, *, activation: str = "gelu"
) -> WeightSpace:
    """The weight space of one pre-norm transformer block: attention over tokens, then a feed-forward layer.

    `WQ, WK[head, key, model]`, `bQ, bK[head, key]`; `WV[head, value, model]`, `bV[head, value]`; `WO[model, head, value]`, `bO[model]`;
    `W1[hidden, model]`, `b1[hidden]`; `W2[model, hidden]`, `b2[model]`. The residual stream `model` joins the block to its
    neighbours, so it is fixed, as inputs and outputs are.

    The network's own symmetries of this kind are a wreath product: heads may be exchanged, and inside every head keys
    (and values) permuted apart from the other heads. Axis names express products of symmetric groups alone. Of the two
    subgroups that they can express, heads permuted with one permutation of the keys for all heads, or a permutation of the
    keys for each head and no exchange of heads, this is the first: it keeps the heads one axis.

    Args:
        model, heads, key, value, hidden: the axes' sizes.
        activation: one of `activations.ACTIVATIONS`, of the feed-forward layer.

    Raises:
        SpaceError: a size that is no positive integer.
    """
    query, content = ("head", "key"), ("head", "value")
    return WeightSpace(
        tensors=(
            *((f"W{letter}", (*query, "model")) for letter in "QK"),
            *((f"b{letter}", query) for letter in "QK"),
            ("WV", (*content, "model")),
            ("bV", content),
            ("WO", ("model", *content)),
            ("bO", ("model",)),
            ("W1", ("hidden", "model")),
            ("b1", ("hidden",)),
            ("W2", ("model", "hidden")),
            ("b2", ("model",)),
        ),
        sizes=(("model", model), ("head", heads), ("key", key), ("value", value), ("hidden", hidden)),
        permuted=("head", "key", "value", "hidden"),
        activation=activation,
    )


_MADE_AGAIN: dict[str, Callable[[dict[str, int], str], WeightSpace]] = {
    "conv_net": lambda size, activation: conv_net(
        *(count for axis, count in size.items() if axis not in "yx"), kernel=size["y"], activation=activation
    ),
    "residual_mlp": lambda size, activation: residual_mlp(
        size["n0"], size["r"], list(size.values())[2:-1], size["m"], activation=activation
    ),
    "recurrent": lambda size, activation: recurrent(*size.values(), activation=activation),
    "transformer_block": lambda size, activation: transformer_block(*size.values(), activation=activation),
}


def constructor(space: WeightSpace) -> str | None:
    """Name of the constructor that makes this very space of some sizes, `mlp` among them; None for any other space."""
    if space.is_mlp:
        return "mlp"
    for name, again in _MADE_AGAIN.items():
        try:
            if again(space.size, space.activation) == space:
                return name
        except (SpaceError, KeyError, TypeError):  # its sizes are not even this constructor's arguments
            continue
    return None
