"""A chain of dense and convolutional layers as a weight space: which axis of each tensor is which.

Law: every axis of a tensor is the output of one layer, or the input, or a place in a kernel. Sizes must fit from layer to layer; a way of
storing that two readings fit is refused unless it is the convention of the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..space import SpaceError, WeightSpace, mlp
from ..spaces import constructor, conv_net
from .names import KERNELS, TORCH, Named
from .records import Cause, ReadError, State

Orientation = Literal["out-in", "in-out"]
OTHERWISE = "give the module (--module FILE.py:FUNCTION), a graph (ONNX) or a manifest"
"""What says how a network is wired that is no chain."""
KERNELS_AS_USUAL = "kernels are [outputs, inputs, places], of no transposed convolution and of none in groups"
SAME_SIZE = "convolutions keep the image's size (steps of 1, zeros around it), and a mean over its places is what the last layer reads"


@dataclass(frozen=True)
class Chained:
    """A chain's space and its arrays in it; `assumed` as `records.Network`."""

    space: WeightSpace
    arrays: dict[str, np.ndarray]
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """A layer with its weight as `[outputs, inputs, *places]`; `last` says that channels come last where images are flattened."""

    name: str
    weight: np.ndarray
    bias: np.ndarray | None
    last: bool = False


def demand_ranks(named: list[Named], state: State) -> None:
    """Refuse layers that are neither dense nor convolutional.

    Raises:
        ReadError: a weight or a bias of another rank.
    """
    for layer in named:
        weight, bias = state[layer.weight], None if layer.bias is None else state[layer.bias]
        if weight.ndim not in (2, 3, 4, 5) or (bias is not None and bias.ndim != 1):
            name, shape = (
                (layer.weight, weight.shape)
                if weight.ndim not in (2, 3, 4, 5) or bias is None
                else (layer.bias, bias.shape)
            )
            perhaps = " (a normalisation's or a PReLU's, perhaps)" if len(shape) == 1 and name == layer.weight else ""
            raise ReadError(
                Cause.SHAPES,
                f"{name} has the shape {shape}{perhaps}; allowed of dense and convolutional layers: weights of rank 2 to 5 and biases of "
                f"rank 1; {OTHERWISE}, or leave it out with --ignore {name} if it is no weight of the network, as of a loss",
            )
        if weight.ndim == 3 and bias is None:
            raise ReadError(
                Cause.AMBIGUOUS,
                f"{layer.weight} of shape {weight.shape} is a kernel in one dimension or a stack of matrices; {OTHERWISE}",
            )


def demand_orientation(given: str | None) -> None:
    """Refuse what is no orientation of weights.

    Raises:
        ValueError: it is none.
    """
    if given not in (None, *get_args(Orientation)):
        raise ValueError(f"orientation={given!r}; allowed: {', '.join(get_args(Orientation))}")


def chained(named: list[Named], state: State, activation: str, orientation: Orientation | None = None) -> Chained:
    """The space of the layers, one after the other.

    Raises:
        ReadError: sizes that do not fit in a row, or two ways of reading them.
    """
    words = {layer.word for layer in named}
    haiku = all("/~/" in layer.weight or layer.weight.startswith("~/") for layer in named)
    usual: Orientation | None = (
        "in-out" if haiku or words <= set(KERNELS) else "out-in" if words <= set(TORCH) else None
    )
    fitting: dict[Orientation, list[Layer]] = {}
    problems: dict[Orientation, str] = {}
    allowed: tuple[Orientation, ...] = (orientation,) if orientation else ("out-in", "in-out")
    for each in allowed:
        if (
            each == "in-out"
            and orientation is None
            and usual == "out-in"
            and any(state[one.weight].ndim > 2 for one in named)
        ):
            problems[each] = "torch's convolutions are [outputs, inputs, places]"
            continue
        layers = [_oriented(layer, state, each) for layer in named]
        problem = _misfit(layers)
        if problem is None:
            fitting[each] = layers
        else:
            problems[each] = problem
    assumed: list[str] = []
    if not fitting:
        told = problems[usual if usual in problems else allowed[0]]
        raise ReadError(Cause.SHAPES, f"{told}; if they lie in another order say so with --order; else {OTHERWISE}")
    if len(fitting) == 2 and usual is None:
        raise ReadError(
            Cause.AMBIGUOUS,
            f"{named[0].weight} and the rest may be [outputs, inputs] or [inputs, outputs]; say --orientation out-in or in-out",
            ("out-in", "in-out"),
        )
    chosen = orientation or (usual if usual in fitting else next(iter(fitting)))
    assert chosen is not None
    if len(fitting) == 2:
        assumed.append(
            f"weights are [{'inputs, outputs' if chosen == 'in-out' else 'outputs, inputs'}], as their names say"
        )
    if len(fitting) == 1 and orientation is None and usual is not None and chosen != usual:
        if not any(layer.bias is not None and len(set(layer.weight.shape[:2])) > 1 for layer in fitting[chosen]):
            raise ReadError(
                Cause.AMBIGUOUS,
                f"{named[0].weight} and the rest fit in a row as [{'inputs, outputs' if chosen == 'in-out' else 'outputs, inputs'}] alone, which is not "
                f"what their names say: --orientation {chosen} if they are so, --order {','.join(layer.path for layer in reversed(named))} if the last comes first",
                (chosen,),
            )
        assumed.append(
            f"weights are [{'inputs, outputs' if chosen == 'in-out' else 'outputs, inputs'}], as their biases say against their names"
        )
    made = space_of(fitting[chosen], activation)
    kernels = [layer.weight.shape for layer in fitting[chosen] if layer.weight.ndim > 2]
    if any(shape[0] == shape[1] > 1 or shape[1] == 1 < shape[0] for shape in kernels):
        assumed.append(KERNELS_AS_USUAL)
    return Chained(made.space, made.arrays, (*assumed, *made.assumed))


def _oriented(named: Named, state: State, orientation: Orientation) -> Layer:
    weight = state[named.weight]
    if orientation == "in-out":
        weight = np.moveaxis(weight, (-1, -2), (0, 1))  # [*places, in, out] -> [out, in, *places]
    return Layer(
        named.path or named.weight, weight, None if named.bias is None else state[named.bias], orientation == "in-out"
    )


def _misfit(layers: list[Layer]) -> str | None:
    """Why the layers are no chain, in words; None if they are one."""
    before: Layer | None = None
    for layer in layers:
        outputs, inputs = layer.weight.shape[:2]
        if layer.bias is not None and layer.bias.shape != (outputs,):
            return f"{layer.name}.bias has {len(layer.bias)} entries, but {layer.name}.weight has {outputs} rows"
        if before is not None and not _follows(before, layer, inputs):
            return f"{layer.name}.weight has {inputs} inputs, but the layer before it has {len(before.weight)} outputs"
        before = layer
    return None


def _follows(before: Layer, layer: Layer, inputs: int) -> bool:
    outputs = len(before.weight)
    if before.weight.ndim == 2 or layer.weight.ndim > 2:
        return inputs == outputs and (before.weight.ndim > 2 or layer.weight.ndim == 2)
    return inputs % outputs == 0  # channels, or channels times places


def space_of(layers: list[Layer], activation: str) -> Chained:
    """The space of layers that fit: `mlp` or `conv_net` where it is one of these, or the same tensors with axes of their own.

    Raises:
        ReadError: no hidden layer, or what no space is made of.
    """
    tensors: list[tuple[str, tuple[str, ...]]] = []
    sizes: dict[str, int] = {"n0": layers[0].weight.shape[1]}
    arrays: dict[str, np.ndarray] = {}
    assumed: list[str] = []
    kernels: dict[str, tuple[int, ...]] = {}
    for number, layer in enumerate(layers, 1):
        here, before = f"n{number}", f"n{number - 1}"
        weight, outputs = layer.weight, len(layer.weight)
        sizes[here] = outputs
        if weight.ndim > 2:
            places = _places(kernels, weight.shape[2:])
            tensors.append((f"C{number}", (here, before, *places)))
            sizes |= dict(zip(places, weight.shape[2:], strict=True))
            arrays[f"C{number}"] = weight
        else:
            channels, flattened = sizes[before], weight.shape[1]
            axes: tuple[str, ...] = (here, before)
            if flattened != channels:
                positions = flattened // channels
                sizes["p"] = positions
                axes = (here, before, "p")
                assumed.append(
                    f"{layer.name} reads {positions} places of each of {channels} channels, channels {'last' if layer.last else 'first'}"
                )
                weight = (
                    weight.reshape(outputs, positions, channels).transpose(0, 2, 1)
                    if layer.last
                    else weight.reshape(outputs, channels, positions)
                )
            tensors.append((f"W{number}", axes))
            arrays[f"W{number}"] = weight
        if layer.bias is not None:
            tensors.append((f"b{number}", (here,)))
            arrays[f"b{number}"] = layer.bias
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    hidden = tuple(f"n{number}" for number in range(1, len(layers)))
    try:
        if len(layers) < 2:
            return Chained(mlp(*sizes.values(), activation=activation), arrays, ())
        made = WeightSpace(tuple(tensors), tuple(sizes.items()), hidden, activation)
    except SpaceError as error:
        raise ReadError(Cause.SHAPES, str(error)) from None
    usual = _usual(made, layers)
    if constructor(usual) == "conv_net":
        assumed.append(SAME_SIZE)
    return Chained(usual, arrays, tuple(assumed))


def _places(known: dict[str, tuple[int, ...]], shape: tuple[int, ...]) -> tuple[str, ...]:
    """Names of a kernel's axes: the same for kernels of one shape."""
    plain = {1: ("x",), 2: ("y", "x"), 3: ("z", "y", "x")}[len(shape)]
    for suffix, other in known.items():
        if other == shape:
            return tuple(f"{axis}{suffix}" for axis in plain)
    suffix = str(len(known) + 1) if known else ""
    known[suffix] = shape
    return tuple(f"{axis}{suffix}" for axis in plain)


def _usual(space: WeightSpace, layers: list[Layer]) -> WeightSpace:
    """The same space as a constructor makes it, where one makes it: the order of its axes is another, nothing else."""
    widths = [space.size[f"n{number}"] for number in range(len(layers) + 1)]
    candidates = []
    if all(layer.weight.ndim == 2 for layer in layers):
        candidates = [lambda: mlp(*widths, activation=space.activation)]
    elif "y" in space.size and space.size["y"] == space.size.get("x"):
        candidates = [lambda: conv_net(*widths, kernel=space.size["y"], activation=space.activation)]
    for make in candidates:
        try:
            made = make()
        except SpaceError:
            continue
        if made.tensors == space.tensors and made.size == space.size and set(made.permuted) == set(space.permuted):
            return made
    return space
