"""Weight spaces: which tensors a network has, what their axes are called, and which axes are permuted.

A weight space knows nothing of tensors' values and imports no torch, so that suites can be checked before any
tensor exists. The symmetry group and its action (`symmetry.py`) follow from the axis names alone: every axis named in
`permuted` carries one symmetric group, which acts on each tensor axis of that name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

from .activations import ACTIVATIONS, unknown
from .algebra.roles import Roles, problems

LARGEST = 1 << 40
"""Entries of one weight vector; no machine holds one of more."""


T = TypeVar("T")


class SpaceError(ValueError):
    """A weight space, or weights for it, that make no sense; the message says what was got and what was allowed."""


class UnknownActivation(SpaceError):
    """An activation that is none of `ACTIVATIONS`."""


@dataclass(frozen=True)
class Network:
    """The call that made a space of `networks`: name of the constructor, and its arguments but those at their defaults; plain data.

    Two networks of the same tensors may differ in what no tensor shows, as strides do.
    """

    name: str
    options: tuple[tuple[str, Any], ...]

    @staticmethod
    def of(name: str, options: Mapping[str, Any]) -> Network:
        """With every list in the options made a tuple."""
        return Network(name, tuple((option, _frozen(options[option])) for option in sorted(options)))

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON; `from_json` gives the same call back."""
        return {"name": self.name, "options": {option: _thawed(value) for option, value in self.options}}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Network:
        return Network.of(str(data["name"]), dict(data["options"]))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{option}={value!r}' for option, value in self.options)})"


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _thawed(value: Any) -> Any:
    return list(map(_thawed, value)) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class WeightSpace:
    """An ordered map tensor name -> axis names, with the axes' sizes and the permuted ones.

    Args:
        tensors: `((name, (axis, ...)), ...)`, in the order in which a network lists them.
        sizes: `((axis, size), ...)`.
        permuted: the axes that carry a symmetric group, one group an axis.
        activation: name of the point-wise activation of the network that the weights belong to.
        roles: what its axes and places are to the network, where more than permutations is asked and no constructor made it.
        network: the constructor of `networks` that made it and knows the function of its weights, if one did.

    Frozen, hashable, comparable; `to_json` and `from_json` are inverse to each other.

    Raises:
        SpaceError: an axis without a size, a size below one, a duplicate or unused name, more than `LARGEST` entries, an unknown activation,
            roles that do not fit.

    Source: theory.md, section 1 (Dayan, Eitan, Maron 2026, section 3) for MLPs; axis names after Zhou et al. 2024 (UNF).
    """

    tensors: tuple[tuple[str, tuple[str, ...]], ...]
    sizes: tuple[tuple[str, int], ...]
    permuted: tuple[str, ...]
    activation: str = "relu"
    roles: Roles | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        names = [name for name, _ in self.tensors]
        axes = [axis for axis, _ in self.sizes]
        used = {axis for _, tensor_axes in self.tensors for axis in tensor_axes}
        for what, listed in (("tensor", names), ("axis", axes), ("permuted axis", list(self.permuted))):
            repeated = sorted(name for name, times in Counter(listed).items() if times > 1)
            if repeated:
                raise SpaceError(f"{what} {repeated[0]!r} is named twice")
        if not names:
            raise SpaceError("a weight space needs at least one tensor")
        for axis in sorted(used - set(axes)):
            raise SpaceError(f"axis {axis!r} has no size; sizes are given for {', '.join(axes) or 'none'}")
        for axis in sorted((set(axes) | set(self.permuted)) - used):
            raise SpaceError(f"axis {axis!r} belongs to no tensor")
        for axis, size in self.sizes:
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise SpaceError(f"axis {axis!r} has size {size!r}; sizes are integers of at least 1")
        if self.parameters > LARGEST:
            raise SpaceError(f"a weight vector of more than {LARGEST} entries; no machine holds one")
        if self.activation not in ACTIVATIONS:
            raise UnknownActivation(unknown(self.activation))
        if self.roles is not None:
            for told in problems(self.roles, self.tensors, self.permuted):
                raise SpaceError(told)
            for axis in self.roles.rotary:
                if self.size.get(axis, 1) % 2:
                    raise SpaceError(f"rotary axis {axis!r} has size {self.size.get(axis)}; its places turn in pairs")
            for stands in (each.activation for each in self.roles.axes):
                if stands is not None and stands not in ACTIVATIONS:
                    raise UnknownActivation(unknown(stands))

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Tensor name -> axis names."""
        return dict(self.tensors)

    @property
    def size(self) -> dict[str, int]:
        """Axis name -> size."""
        return dict(self.sizes)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Tensor name -> shape, without the batch and the channel axis."""
        size = self.size
        return {name: tuple(size[axis] for axis in axes) for name, axes in self.tensors}

    @property
    def parameters(self) -> int:
        """Number of entries of one weight vector."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def is_mlp(self) -> bool:
        """Whether this is the space that `mlp` makes of some widths and the same activation."""
        last = len(self.sizes) - 1
        return (
            last > 1
            and self.roles is None
            and self.tensors == _mlp_tensors(last)
            and all(axis == f"n{layer}" for layer, (axis, _) in enumerate(self.sizes))
            and self.permuted == tuple(f"n{layer}" for layer in range(1, last))
        )

    @property
    def family(self) -> str:
        """The kind of space: the same for every shape of it. `mlp/relu`; or the activation beside how many axes, permuted ones and
        repeated ones its tensors have, so that networks that differ in sizes and in the number of layers are of one kind."""
        if self.is_mlp:
            return f"mlp/{self.activation}"
        patterns = {(len(axes), len(set(axes) & set(self.permuted)), len(set(axes))) for _, axes in self.tensors}
        return f"{' '.join('.'.join(map(str, pattern)) for pattern in sorted(patterns))}/{self.activation}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Layer widths `(n_0, ..., n_L)` of an MLP space; SpaceError for any other space."""
        if not self.is_mlp:
            raise SpaceError(f"layer widths are defined for MLP spaces only, not for {self}")
        return tuple(size for _, size in self.sizes)

    def resized(self, sizes: Mapping[str, int]) -> WeightSpace:
        """The space of the same tensors and roles with some axes of other sizes; which network made it is not known any more.

        Raises:
            SpaceError: a size that is no positive integer.
        """
        told = tuple((axis, sizes.get(axis, size)) for axis, size in self.sizes)
        return WeightSpace(self.tensors, told, self.permuted, self.activation, roles=self.roles)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON; `from_json` gives the same space back."""
        return {
            "tensors": {name: list(axes) for name, axes in self.tensors},
            "sizes": dict(self.sizes),
            "permuted": list(self.permuted),
            "activation": self.activation,
            **({} if self.roles is None else {"roles": self.roles.to_json()}),
            **({} if self.network is None else {"network": self.network.to_json()}),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> WeightSpace:
        """The space that `to_json` described.

        Raises:
            SpaceError: a key is missing or unknown, or the parts do not make a space.
        """
        allowed = {"tensors", "sizes", "permuted", "activation"}
        if set(data) - {"roles", "network"} != allowed:
            raise SpaceError(f"a weight space has the keys {sorted(allowed)}, got {sorted(data)}")
        return WeightSpace(
            tensors=tuple((name, tuple(axes)) for name, axes in data["tensors"].items()),
            sizes=tuple(data["sizes"].items()),
            permuted=tuple(data["permuted"]),
            activation=data["activation"],
            roles=_read(Roles.from_json, "roles", data),
            network=_read(Network.from_json, "network", data),
        )

    def __str__(self) -> str:
        if self.is_mlp:
            return f"mlp({', '.join(str(width) for width in self.widths)}, activation={self.activation!r})"
        if self.network is not None:
            return str(self.network)
        size = self.size
        tensors = ", ".join(
            f"{name}[{' '.join(f'{axis}={size[axis]}' for axis in axes)}]" for name, axes in self.tensors
        )
        return f"WeightSpace({tensors}; permuted: {' '.join(self.permuted) or 'none'})"


def _read(reader: Callable[[Mapping[str, Any]], T], key: str, data: Mapping[str, Any]) -> T | None:
    """What stands under an optional key of a space's JSON."""
    if data.get(key) is None:
        return None
    try:
        return reader(data[key])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpaceError(f"{key} {data[key]!r} are none: {error}") from None


def mlp(*widths: int, activation: str = "relu") -> WeightSpace:
    """The weight space of an MLP: `W_l` of shape `(n_l, n_{l-1})`, `b_l` of shape `(n_l,)`, hidden axes permuted.

    Args:
        widths: `n_0, ..., n_L`, at least one hidden layer.
        activation: the point-wise activation, one of `ACTIVATIONS`.

    Raises:
        SpaceError: fewer than three widths (no hidden layer, hence no symmetry), or a width that is not a positive integer.
    """
    if len(widths) < 3:
        raise SpaceError(
            f"mlp{widths} has no hidden layer; give input, hidden and output widths, as in mlp(2, 32, 32, 1)"
        )
    last = len(widths) - 1
    return WeightSpace(
        tensors=_mlp_tensors(last),
        sizes=tuple((f"n{layer}", width) for layer, width in enumerate(widths)),
        permuted=tuple(f"n{layer}" for layer in range(1, last)),
        activation=activation,
    )


def _mlp_tensors(last: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`W_1, b_1, ..., W_L, b_L` with their axes, for L = `last`."""
    return tuple(
        tensor
        for layer in range(1, last + 1)
        for tensor in ((f"W{layer}", (f"n{layer}", f"n{layer - 1}")), (f"b{layer}", (f"n{layer}",)))
    )


@dataclass(frozen=True)
class NamedSpace:
    """A space that a suite names: where its weights come from (`zoo`, or constructed when None) and what they look like."""

    space: WeightSpace
    zoo: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"space": self.space.to_json(), "zoo": self.zoo}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> NamedSpace:
        return NamedSpace(WeightSpace.from_json(data["space"]), data["zoo"])
