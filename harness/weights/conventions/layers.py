"""Weights as lists of layers, as features with channels first, and as state dicts; each way there and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import torch

from ..batch import Weights
from ..space import SpaceError, WeightSpace

Layers = list[tuple[torch.Tensor, torch.Tensor]]
Orientation = Literal["out-in", "in-out"]


class Features(NamedTuple):
    """Weights and biases with channels behind the batch: `[B, C, n_out, n_in]` and `[B, C, n_out]`."""

    weights: tuple[torch.Tensor, ...]
    biases: tuple[torch.Tensor, ...]


def to_layers(v: Weights, orientation: Orientation = "out-in") -> Layers:
    """Per layer `(W, b)`.

    Raises:
        SpaceError: no MLP space, or no orientation.
    """
    demand_mlp(v.space)
    _demand(orientation)
    turned = [weight.transpose(1, 2) if orientation == "in-out" else weight for weight in v.weights]
    return list(zip(turned, v.biases, strict=True))


def from_layers(
    space: WeightSpace, layers: Sequence[tuple[torch.Tensor, torch.Tensor]], orientation: Orientation = "out-in"
) -> Weights:
    """The inverse of `to_layers`.

    Raises:
        SpaceError: no MLP space, layers of other shapes, or no orientation.
    """
    demand_mlp(space)
    _demand(orientation)
    if len(layers) != len(space.widths) - 1:
        raise SpaceError(f"{len(layers)} layers; {space} has {len(space.widths) - 1}")
    tensors = {}
    for number, (weight, bias) in enumerate(layers, 1):
        tensors[f"W{number}"] = weight.transpose(1, 2) if orientation == "in-out" else weight
        tensors[f"b{number}"] = bias
    return Weights(space, tensors)


def to_features(v: Weights, make: Callable[[Any, Any], Any] = Features) -> Any:
    """`make(weights, biases)` with channels behind the batch; `make` may be the `WeightSpaceFeatures` of nfn.

    Raises:
        SpaceError: no MLP space.
    """
    demand_mlp(v.space)
    weights, biases = (tuple(tensor.movedim(-1, 1) for tensor in tensors) for tensors in (v.weights, v.biases))
    return make(weights, biases)


def from_features(space: WeightSpace, features: Any) -> Weights:
    """The inverse of `to_features`, of anything with `weights` and `biases`, or of a pair of them.

    Raises:
        SpaceError: no MLP space, or tensors of other shapes.
    """
    weights, biases = (features.weights, features.biases) if hasattr(features, "weights") else features
    pairs = zip(weights, biases, strict=True)
    return from_layers(space, [(weight.movedim(1, -1), bias.movedim(1, -1)) for weight, bias in pairs])


def to_state_dicts(v: Weights) -> list[dict[str, torch.Tensor]]:
    """Per network `{"0.weight": [n_out, n_in], "0.bias": [n_out], "2.weight": ...}`, with activations at odd numbers.

    Raises:
        SpaceError: no MLP space, or several channels.
    """
    demand_mlp(v.space)
    if v.channels != 1:
        raise SpaceError(f"a state dict has one channel, this batch has {v.channels}")
    return [
        {
            f"{2 * number}.{name}": tensor[sample, ..., 0]
            for number, layer in enumerate(to_layers(v))
            for name, tensor in zip(("weight", "bias"), layer, strict=True)
        }
        for sample in range(v.batch)
    ]


def from_state_dicts(space: WeightSpace, states: Sequence[Mapping[str, torch.Tensor]]) -> Weights:
    """The inverse of `to_state_dicts`; gradients pass through.

    Raises:
        SpaceError: no MLP space, an entry missing or unknown, or of another shape.
    """
    demand_mlp(space)
    names = [f"{2 * number}.{name}" for number in range(len(space.widths) - 1) for name in ("weight", "bias")]
    for number, state in enumerate(states):
        if set(state) != set(names):
            missing, unknown = sorted(set(names) - set(state)), sorted(set(state) - set(names))
            raise SpaceError(
                f"state dict {number}: missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
    if not states:
        raise SpaceError("a batch needs at least one state dict")
    try:
        stacked = [torch.stack([state[name] for state in states]).unsqueeze(-1) for name in names]
    except RuntimeError as error:
        raise SpaceError(f"state dicts of several shapes ({str(error).splitlines()[0]})") from None
    return from_layers(space, list(zip(stacked[::2], stacked[1::2], strict=True)))


def _demand(orientation: str) -> None:
    if orientation not in get_args(Orientation):
        raise SpaceError(f"orientation={orientation!r}; allowed: {', '.join(get_args(Orientation))}")


def demand_mlp(space: WeightSpace) -> None:
    """Refuse spaces that a convention of MLPs does not have."""
    if not space.is_mlp:
        raise SpaceError(f"this convention is one of MLPs, not of {space}")
