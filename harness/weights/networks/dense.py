"""Dense networks that are no `mlp`: without biases, with tensors named as they like; residual streams with normalisation; LoRA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..algebra.roles import AxisRole, Roles, Shift, Standing
from ..function import Activation, Realisation, Tensors
from ..space import SpaceError, WeightSpace
from .named import named

if TYPE_CHECKING:
    import torch

Norm = Literal["none", "rms", "layer"]
STANDING = {"none": Standing.LINEAR, "rms": Standing.RMS_NORM, "layer": Standing.LAYER_NORM}
EPSILON = 1e-5


@named
def dense(
    *widths: int, biases: bool = True, names: Sequence[tuple[str, str]] | None = None, activation: str = "relu"
) -> Realisation:
    """An MLP with tensors of any names, with or without biases.

    Args:
        widths: `n_0, ..., n_L`, at least one hidden layer; axes have these names.
        names: per layer the names of weight and bias, as `("fc1.weight", "fc1.bias")`; `W_l`, `b_l` where they are not given.

    Raises:
        SpaceError: no hidden layer, or another number of names than layers.
    """
    last = len(widths) - 1
    named = [(f"W{n}", f"b{n}") for n in range(1, last + 1)] if names is None else list(names)
    if last < 2 or len(named) != last:
        raise SpaceError(
            f"{len(widths)} widths and {len(named)} pairs of names; allowed: a hidden layer, a pair a layer"
        )
    tensors = [
        tensor
        for n, (weight, bias) in enumerate(named, 1)
        for tensor in ((weight, (f"n{n}", f"n{n - 1}")), *([(bias, (f"n{n}",))] if biases else []))
    ]
    hidden = range(1, last)
    space = WeightSpace(
        tuple(tensors),
        tuple((f"n{n}", width) for n, width in enumerate(widths)),
        tuple(f"n{n}" for n in hidden),
        activation,
        Roles(
            tuple(AxisRole(f"n{n}", Standing.HIDDEN, biases=(named[n - 1][1],) if biases else ()) for n in hidden),
            shifts=tuple(Shift(f"n{n}", named[n - 1][1], ((named[n][1], named[n][0]),)) for n in hidden)
            if biases
            else (),
        ),
    )

    def compute(v: Tensors, phi: Activation, x: torch.Tensor) -> torch.Tensor:
        for n, (weight, bias) in enumerate(named, 1):
            x = x @ v[weight].transpose(1, 2) + (v[bias].unsqueeze(1) if biases else 0)
            x = phi(x) if n < last else x
        return x

    return Realisation(space, ("n0",), compute)


@named
def residual(
    inputs: int, stream: int, hidden: Sequence[int], outputs: int, *, norm: Norm = "none", activation: str = "relu"
) -> Realisation:
    """A residual network with blocks of their own widths on one stream, read through a normalisation without gains.

    Tensors are those of `residual_mlp`; gains of RMSNorm or LayerNorm are folded into what reads the stream. The stream carries every
    linear map and shift without normalisation, the orthogonal maps under RMSNorm, permutations under LayerNorm.

    Raises:
        SpaceError: no block, or a size that is no positive integer.
    """
    if not hidden:
        raise SpaceError("residual has no block; give the hidden width of each")
    tensors: list[tuple[str, tuple[str, ...]]] = [("U", ("r", "n0")), ("u", ("r",))]
    for k in range(1, len(hidden) + 1):
        tensors += [(f"A{k}", (f"n{k}", "r")), (f"a{k}", (f"n{k}",)), (f"B{k}", ("r", f"n{k}")), (f"b{k}", ("r",))]
    blocks = range(1, len(hidden) + 1)
    inner = tuple((f"n{k}", width) for k, width in enumerate(hidden, 1))
    shifts: list[Shift] = []
    if norm == "none":
        # What is added to the stream, every later block and the read-out take off again.
        for moved, after in (("u", 0), *((f"b{k}", k) for k in blocks)):
            shifts.append(Shift("r", moved, (*((f"a{k}", f"A{k}") for k in blocks if k > after), ("c", "V"))))
    if activation == "identity":
        shifts += [Shift(f"n{k}", f"a{k}", ((f"b{k}", f"B{k}"),)) for k in blocks]
    space = WeightSpace(
        (*tensors, ("V", ("m", "r")), ("c", ("m",))),
        (("n0", inputs), ("r", stream), *inner, ("m", outputs)),
        ("r", *(axis for axis, _ in inner)),
        activation,
        Roles(
            (
                AxisRole("r", STANDING[norm]),
                *(AxisRole(axis, Standing.HIDDEN, biases=(f"a{axis[1:]}",)) for axis, _ in inner),
            ),
            shifts=tuple(shifts),
        ),
    )

    def compute(v: Tensors, phi: Activation, x: torch.Tensor) -> torch.Tensor:
        def read(weight: str, bias: str, of: torch.Tensor) -> torch.Tensor:
            return of @ v[weight].transpose(1, 2) + v[bias].unsqueeze(1)

        x = read("U", "u", x)
        for k in blocks:
            x = x + read(f"B{k}", f"b{k}", phi(read(f"A{k}", f"a{k}", normalised(x, norm))))
        return read("V", "c", normalised(x, norm))

    return Realisation(space, ("n0",), compute)


def normalised(x: torch.Tensor, norm: Norm) -> torch.Tensor:
    """The last axis through RMSNorm or LayerNorm without gains, or as it is."""
    from torch.nn import functional

    if norm == "rms":
        return functional.rms_norm(x, x.shape[-1:], eps=EPSILON)
    return functional.layer_norm(x, x.shape[-1:], eps=EPSILON) if norm == "layer" else x


@named
def lora(*layers: tuple[int, int], rank: int) -> Realisation:
    """Factor pairs `B_k A_k` of several layers, as adapters are stored: `A_k[r_k, in_k]`, `B_k[out_k, r_k]`.

    The function maps the inputs of all layers, one after the other, to what each adapter adds: `B_k A_k x_k`. Every `r_k` carries all
    invertible matrices.

    Args:
        layers: `(outputs, inputs)` of each.

    Raises:
        SpaceError: no layer, or a size that is no positive integer.
    """
    if not layers:
        raise SpaceError("lora has no layer; give (outputs, inputs) of each")
    numbers = range(1, len(layers) + 1)
    space = WeightSpace(
        tuple(tensor for k in numbers for tensor in ((f"A{k}", (f"r{k}", f"in{k}")), (f"B{k}", (f"out{k}", f"r{k}")))),
        tuple(
            size
            for k, (outputs, inputs) in enumerate(layers, 1)
            for size in ((f"in{k}", inputs), (f"out{k}", outputs), (f"r{k}", rank))
        ),
        tuple(f"r{k}" for k in numbers),
        "identity",
        Roles(tuple(AxisRole(f"r{k}", Standing.LINEAR) for k in numbers)),
    )

    def compute(v: Tensors, phi: Activation, x: torch.Tensor) -> torch.Tensor:
        import torch

        parts = x.split([inputs for _, inputs in layers], -1)
        added = [part @ v[f"A{k}"].transpose(1, 2) @ v[f"B{k}"].transpose(1, 2) for k, part in enumerate(parts, 1)]
        return torch.cat(added, -1)

    return Realisation(space, ("inputs",), compute, (("inputs", sum(inputs for _, inputs in layers)),))
