"""Convolutional networks of one or two dimensions: strides, padding, pooling or flattening, BatchNorm as tensors or folded in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..activations import ACTIVATIONS, unknown
from ..algebra.kinds import Role
from ..algebra.roles import AxisRole, Roles, Standing
from ..function import Activation, Realisation, Tensors
from ..space import SpaceError, UnknownActivation, WeightSpace
from .named import named

if TYPE_CHECKING:
    import torch

    from ..batch import Weights

EPSILON = 1e-5
"""Of BatchNorm, as torch's default."""


@named
def convolutional(
    *channels: int,
    kernel: int = 3,
    stride: int = 1,
    padding: int = 0,
    image: tuple[int, ...] = (8, 8),
    head: Literal["mean", "max", "flatten"] = "mean",
    batch_norm: bool = False,
    activation: str = "relu",
) -> Realisation:
    """Convolutions with one kernel, stride and padding, each with its activation, then a dense layer on what the head leaves.

    `C_l[n_l, n_{l-1}, *kernel]`, `b_l[n_l]`; with `batch_norm` also `g_l, s_l, m_l, v_l[n_l]` (gain, shift, running mean and variance)
    before the activation; `W_L[n_L, n_{L-1}]`, `b_L[n_L]`, or `W_L[n_L, n_{L-1}, *positions]` after flattening, whose positions are
    fixed: a channel takes its whole map along. Axes of kernels and positions are `kx, ky` and `px, py`. A negative variance, which no
    network has, counts by its size.

    Args:
        channels: of the image, of the hidden layers, and the number of classes.
        image: sizes of one channel; its length is the number of dimensions, one or two.
        head: mean or largest value over positions, or all positions.

    Raises:
        SpaceError: no hidden layer, another number of dimensions, or an image that a layer leaves nothing of.
    """
    if activation not in ACTIVATIONS:
        raise UnknownActivation(unknown(activation))
    last, rank = len(channels) - 1, len(image)
    if last < 2 or rank not in (1, 2):
        raise SpaceError(
            f"convolutional{channels} on images {image}; allowed: at least one hidden layer, one or two dimensions"
        )
    if min(stride, kernel) < 1 or padding < 0:
        raise SpaceError(
            f"kernel {kernel}, stride {stride}, padding {padding}; allowed: kernels and strides of at least 1, no negative padding"
        )
    left = image
    for _ in range(last - 1):
        left = tuple((size + 2 * padding - kernel) // stride + 1 for size in left)
    if min(left) < 1:
        raise SpaceError(f"images {image} are smaller than what {last - 1} layers of kernel {kernel} need")
    letters = "xy"[:rank]
    tensors: list[tuple[str, tuple[str, ...]]] = []
    places: list[tuple[str, tuple[Role | None, ...]]] = []
    for n in range(1, last):
        tensors += [(f"C{n}", (f"n{n}", f"n{n - 1}", *(f"k{axis}" for axis in letters))), (f"b{n}", (f"n{n}",))]
        if batch_norm:
            tensors += [(f"{letter}{n}", (f"n{n}",)) for letter in "gsmv"]
            # What is multiplied after the norm is its gain and shift; what stands before it is left alone.
            places.append((f"C{n}", (None, Role.OUT if n > 1 else None, *[None] * rank)))
            places += [(f"{letter}{n}", (None,)) for letter in "bmv"]
    positions = tuple(f"p{axis}" for axis in letters) if head == "flatten" else ()
    tensors += [(f"W{last}", (f"n{last}", f"n{last - 1}", *positions)), (f"b{last}", (f"n{last}",))]
    biases = "s" if batch_norm else "b"
    space = WeightSpace(
        tensors=tuple(tensors),
        sizes=(
            *((f"n{n}", count) for n, count in enumerate(channels)),
            *((f"k{axis}", kernel) for axis in letters),
            *zip(positions, left, strict=False),
        ),
        permuted=tuple(f"n{n}" for n in range(1, last)),
        activation=activation,
        roles=Roles(
            tuple(
                AxisRole(
                    f"n{n}",
                    _standing(activation, batch_norm, head == "max" and n == last - 1),
                    biases=(f"{biases}{n}",),
                )
                for n in range(1, last)
            ),
            tuple(places),
        ),
    )

    def compute(v: Tensors, phi: Activation, x: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        convolve = functional.conv2d if rank == 2 else functional.conv1d
        batch = len(x)
        hidden = x.transpose(0, 1).flatten(1, 2)  # the networks of a batch are the groups of one convolution

        def spread(name: str) -> torch.Tensor:
            return v[name].flatten().view(-1, *[1] * rank)

        for n in range(1, last):
            hidden = convolve(
                hidden, v[f"C{n}"].flatten(0, 1), v[f"b{n}"].flatten(), stride=stride, padding=padding, groups=batch
            )
            if batch_norm:
                scale = spread(f"g{n}") / (spread(f"v{n}").abs() + EPSILON).sqrt()
                hidden = (hidden - spread(f"m{n}")) * scale + spread(f"s{n}")
            hidden = phi(hidden)
        hidden = hidden.unflatten(1, (batch, -1)).transpose(0, 1).flatten(3)  # [batch, points, channels, positions]
        if head == "flatten":
            read = hidden.flatten(2)
        else:
            read = hidden.mean(-1) if head == "mean" else hidden.amax(-1)
        return read @ v[f"W{last}"].flatten(2).transpose(1, 2) + v[f"b{last}"].unsqueeze(1)

    sides = tuple(f"image {axis}" for axis in letters)
    return Realisation(space, ("n0", *sides), compute, tuple(zip(sides, image, strict=True)))


def _standing(activation: str, batch_norm: bool, largest: bool) -> Standing:
    """Of hidden channels; the largest value over positions keeps positive factors alone, and a norm of each channel no linear map."""
    phi = ACTIVATIONS[activation]
    if largest:
        return Standing.HIDDEN if phi.homogeneous and not phi.odd else Standing.PLAIN
    return Standing.PLAIN if batch_norm and activation == "identity" else Standing.HIDDEN


def folded(v: Weights) -> Weights:
    """The weights with every BatchNorm folded into the convolution before it: of `convolutional` without `batch_norm`.

    `C_l, b_l -> C_l g / sqrt(v + eps), (b_l - m) g / sqrt(v + eps) + s`. The function stays what it is, up to rounding.

    Raises:
        SpaceError: weights without BatchNorm.
    """
    from ..batch import Weights

    space, held = v.space, dict(v.items())
    options = dict(space.network.options) if space.network else {}
    if not options.pop("batch_norm", False):
        raise SpaceError(f"{space} has no BatchNorm to fold")
    for n in range(1, len(options["channels"]) - 1):
        scale = held[f"g{n}"] / (held[f"v{n}"].abs() + EPSILON).sqrt()
        kernel = held[f"C{n}"]
        held[f"C{n}"] = kernel * scale.view(*scale.shape[:2], *[1] * (kernel.ndim - 3), scale.shape[-1])
        held[f"b{n}"] = (held[f"b{n}"] - held[f"m{n}"]) * scale + held[f"s{n}"]
    plain = convolutional(*options.pop("channels"), **options).space
    return Weights(plain, {name: held[name] for name in plain.axes})
