"""Batches of weight vectors in a weight space: `[batch, *axes, channels]`, one tensor per name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod

import numpy as np
import torch

from .activations.modules import named as activation_of
from .exact import exact
from .space import SpaceError, WeightSpace, mlp

Arrays = Mapping[str, np.ndarray]
"""One weight vector with one channel, as numpy arrays of the space's own shapes: the exact world of the oracles."""


class Weights:
    """A batch of weight vectors: tensor name -> `[batch, *axes, channels]`, all of one dtype and device.

    Args:
        space: the weight space; its tensor names, order and shapes are what `tensors` must have.
        tensors: one tensor for each name of the space.

    For MLP spaces `weights[i]` is `[B, n_{i+1}, n_i, C]` and `biases[i]` is `[B, n_{i+1}, C]`, counted from zero.

    Raises:
        SpaceError: a tensor is missing, unknown, or has a shape, dtype or device that does not fit; the message names it.
    """

    __slots__ = ("space", "tensors")

    def __init__(self, space: WeightSpace, tensors: Mapping[str, torch.Tensor]):
        shapes = space.shapes
        if tuple(tensors) != tuple(shapes):
            missing, unknown = set(shapes) - set(tensors), set(tensors) - set(shapes)
            if missing or unknown:
                raise SpaceError(
                    f"{space} has the tensors {', '.join(shapes)}; missing: {', '.join(sorted(missing)) or 'none'}; "
                    f"unknown: {', '.join(sorted(unknown)) or 'none'}"
                )
            tensors = {name: tensors[name] for name in shapes}
        first = next(iter(tensors.values()))
        batch, channels = (first.shape[0], first.shape[-1]) if first.ndim > 1 else (1, 1)
        for name, shape in shapes.items():
            tensor = tensors[name]
            if tensor.shape != (batch, *shape, channels):
                wanted = ", ".join(str(size) for size in (batch, *shape, channels))
                raise SpaceError(
                    f"{name} has shape {tuple(tensor.shape)}; in {space} with batch {batch} and {channels} channel(s) "
                    f"it is ({wanted}), that is ({', '.join(('batch', *space.axes[name], 'channels'))})"
                )
            if (tensor.dtype, tensor.device) != (first.dtype, first.device):
                raise SpaceError(
                    f"{name} is {tensor.dtype} on {tensor.device}, but {next(iter(shapes))} is {first.dtype} on "
                    f"{first.device}; a batch has one dtype and device"
                )
        self.space = space
        self.tensors = dict(tensors)

    @property
    def batch(self) -> int:
        return next(iter(self.tensors.values())).shape[0]

    @property
    def channels(self) -> int:
        return next(iter(self.tensors.values())).shape[-1]

    @property
    def dtype(self) -> torch.dtype:
        return next(iter(self.tensors.values())).dtype

    @property
    def device(self) -> torch.device:
        return next(iter(self.tensors.values())).device

    @property
    def weights(self) -> tuple[torch.Tensor, ...]:
        """`W_1, ..., W_L` of an MLP space."""
        return tuple(self.tensors[f"W{layer}"] for layer in range(1, len(self.space.widths)))

    @property
    def biases(self) -> tuple[torch.Tensor, ...]:
        """`b_1, ..., b_L` of an MLP space."""
        return tuple(self.tensors[f"b{layer}"] for layer in range(1, len(self.space.widths)))

    def __getitem__(self, index: slice | Sequence[int] | torch.Tensor | int) -> Weights:
        """The weight vectors at `index`; an integer keeps the batch axis (size 1)."""
        if isinstance(index, int):
            index = [index]
        return self.map(lambda tensor: tensor[index])

    def __repr__(self) -> str:
        return f"Weights({self.space}, batch={self.batch}, channels={self.channels}, dtype={self.dtype})"

    def items(self) -> Iterator[tuple[str, torch.Tensor]]:
        yield from self.tensors.items()

    def map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Weights:
        """The same function on every tensor; it may change the batch and the channel axis, alike for all."""
        return Weights(self.space, {name: function(tensor) for name, tensor in self.tensors.items()})

    def to(self, *args: torch.dtype | torch.device | str) -> Weights:
        """As `torch.Tensor.to`, on every tensor."""
        return self._each(lambda tensor: tensor.to(*args))  # type: ignore[arg-type]

    def clone(self) -> Weights:
        return self._each(torch.clone)

    def _each(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Weights:
        """As `map`, for functions that leave axes and channels alone and treat all tensors alike: nothing is left to check."""
        found = object.__new__(type(self))
        found.space = self.space
        found.tensors = {name: function(tensor) for name, tensor in self.tensors.items()}
        return found

    def flat(self) -> torch.Tensor:
        """`[batch, parameters * channels]`, tensors in the order of the space."""
        return torch.cat([tensor.flatten(1) for tensor in self.tensors.values()], dim=1)

    def arrays(self, index: int = 0) -> dict[str, np.ndarray]:
        """Weight vector `index` as float64 numpy arrays, exactly; one channel only.

        Raises:
            SpaceError: more channels, or numbers that float64 would round (`exact.exact`).
        """
        if self.channels != 1:
            raise SpaceError(f"a plain weight vector has one channel, this batch has {self.channels}")
        return {name: exact_tensor(tensor[index, ..., 0], name).numpy() for name, tensor in self.tensors.items()}

    @staticmethod
    def from_arrays(space: WeightSpace, vectors: Sequence[Arrays], dtype: torch.dtype = torch.float64) -> Weights:
        """A batch of one-channel weight vectors given as numpy arrays of the space's shapes.

        Raises:
            SpaceError: as `Weights`, vectors with a tensor missing, unknown or of another shape, and numbers that float64 would round (`exact.exact`).
        """
        tensors = {}
        for number, vector in enumerate(vectors):
            if not isinstance(vector, Mapping):
                raise SpaceError(
                    f"weight vector {number}: got a {type(vector).__name__}; allowed: a mapping of tensor names to arrays"
                )
            if unknown := [str(name) for name in vector if name not in space.axes]:
                raise SpaceError(
                    f"weight vector {number}: {', '.join(unknown)} is no tensor; {space} has {', '.join(space.shapes)}"
                )
        for name, shape in space.shapes.items():
            listed = []
            for number, vector in enumerate(vectors):
                if name not in vector:
                    raise SpaceError(
                        f"weight vector {number}: {name} is missing; {space} has {', '.join(space.shapes)}"
                    )
                array = exact(vector[name], name)
                if array.shape != shape:
                    raise SpaceError(
                        f"weight vector {number}: {name} has shape {array.shape}, in {space} it is {shape}"
                    )
                listed.append(array)
            if not listed:
                raise SpaceError("a batch needs at least one weight vector")
            tensors[name] = torch.from_numpy(np.stack(listed)).to(dtype).unsqueeze(-1)
        return Weights(space, tensors)

    @staticmethod
    def from_flat(space: WeightSpace, flat: torch.Tensor) -> Weights:
        """The inverse of `flat`: `[batch, parameters * channels]` as weight vectors."""
        channels = flat.shape[1] // space.parameters
        parts = flat.split([prod(shape) * channels for shape in space.shapes.values()], 1)
        shaped = zip(space.shapes.items(), parts, strict=True)
        return Weights(space, {name: part.reshape(len(flat), *shape, channels) for (name, shape), part in shaped})

    @staticmethod
    def cat(batches: Iterable[Weights]) -> Weights:
        """Batches of one space, one after the other."""
        listed = list(batches)
        space = listed[0].space
        for other in listed[1:]:
            if other.space != space:
                raise SpaceError(f"cannot join weights of {space} and of {other.space}")
        return Weights(space, {name: torch.cat([v.tensors[name] for v in listed]) for name in space.axes})

    @staticmethod
    def from_sequential(net: torch.nn.Sequential) -> Weights:
        """The weights of one `torch.nn.Sequential` MLP: linear layers with biases, one and the same activation between.

        Raises:
            SpaceError: a layer that is no linear layer or known activation, mixed activations, no bias, or anything else
                that would make the network another function than `realise` gives its weights.
        """
        activations: set[str] = set()
        state: dict[str, torch.Tensor] = {}
        expect_linear = True
        for position, module in enumerate(net):
            if expect_linear and isinstance(module, torch.nn.Linear):
                if module.bias is None:
                    raise SpaceError(
                        f"layer {position} ({module}) has no bias; a weight space of an MLP has one per neuron"
                    )
                state[f"{position}.weight"], state[f"{position}.bias"] = module.weight, module.bias
            elif not expect_linear and (activation := activation_of(module)) is not None:
                activations.add(activation)
            else:
                wanted = "Linear" if expect_linear else "a point-wise activation without weights"
                raise SpaceError(f"layer {position} is {type(module).__name__}; allowed here: {wanted}")
            expect_linear = not expect_linear
        if state and expect_linear:
            raise SpaceError(
                f"the last layer is {type(net[-1]).__name__}; an MLP ends in Linear, with no activation after"
            )
        if len(activations) > 1:
            raise SpaceError(f"mixed activations {sorted(activations)}; an MLP space has one")
        return Weights.from_state_dict(state, activation=activations.pop() if activations else "identity")

    @staticmethod
    def from_state_dict(state: Mapping[str, torch.Tensor], *, activation: str) -> Weights:
        """The weights of one MLP from `*.weight` and `*.bias` entries, in the order of the state dict.

        Raises:
            SpaceError: an entry of another name or rank, or shapes that do not chain.
        """
        layers: dict[str, dict[str, torch.Tensor]] = {}
        for key, tensor in state.items():
            match = re.fullmatch(r"(?:(.*)\.)?(weight|bias)", key)
            if match is None or tensor.ndim != (2 if match[2] == "weight" else 1):
                raise SpaceError(
                    f"state dict entry {key!r} of shape {tuple(tensor.shape)}; allowed: '*.weight' of rank 2 and '*.bias' of rank 1"
                )
            layers.setdefault(match[1] or "", {})[match[2]] = tensor.detach()
        widths: list[int] = []
        for name, layer in layers.items():
            if set(layer) != {"weight", "bias"}:
                raise SpaceError(f"layer {name!r} has {sorted(layer)}; an MLP layer has a weight and a bias")
            rows, columns = layer["weight"].shape
            if widths and widths[-1] != columns:
                raise SpaceError(
                    f"{name}.weight has {columns} inputs, but the layer before it has {widths[-1]} outputs"
                )
            if layer["bias"].shape[0] != rows:
                raise SpaceError(f"{name}.bias has {layer['bias'].shape[0]} entries, but {name}.weight has {rows} rows")
            widths = [*(widths or [columns]), rows]
        space = mlp(*widths, activation=activation)
        tensors = {}
        for number, layer in enumerate(layers.values(), 1):
            tensors[f"W{number}"] = layer["weight"][None, :, :, None]
            tensors[f"b{number}"] = layer["bias"][None, :, None]
        return Weights(space, tensors)


def exact_tensor(tensor: torch.Tensor, where: str) -> torch.Tensor:
    """The tensor as float64 on the CPU, without its history; as `exact.exact` for dtypes that numpy lacks, too.

    Raises:
        SpaceError: as `exact.exact`.
    """
    held = tensor.detach().cpu()
    return held.double() if held.is_floating_point() else torch.from_numpy(exact(held.numpy(), where))
