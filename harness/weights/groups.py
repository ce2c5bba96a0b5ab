"""Which symmetries the weight vectors of a space have: one factor for each axis, and how every tensor goes with it.

A *factor* says what may be done to one permuted axis: its indices permuted (`perm`), multiplied by positive numbers (`scale`),
by signs (`sign`), or permuted and multiplied (`perm+scale`, `perm+sign`, the semidirect products). A place of a tensor has a
*role* on its axis: at `in` it goes with the factor itself, at `out` with its inverse transpose. For an MLP, rows of `W_l` and
`b_l` are `in`, columns are `out`: `W[j, k] -> s_j W[j, k] / s_k`, `b[j] -> s_j b[j]`. Elements and their action stand in
`symmetry.py`. No torch.

| group by name | factor | hidden axes that carry it, and the network keeps its function |
|---|---|---|
| `permutation` | `perm` | every permuted axis, under any activation |
| `permutation+scale` | `perm+scale` | `phi(t z) = t phi(z)` for t > 0: relu, leaky-relu, abs, identity |
| `permutation+sign` | `perm+sign` | `phi(-z) = -phi(z)`: tanh, sine, identity |

The axes are those that one point-wise activation stands on: hidden axes of MLPs, convolutions and recurrences, `n_k` of residual
blocks, `hidden` of transformer blocks. Every other permuted axis (a residual stream, heads, keys, values) carries `perm`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from .activations import ACTIVATIONS
from .space import SpaceError, WeightSpace
from .spaces import constructor


class NotCarried(SpaceError):
    """A group that weight vectors of a space do not have; the message is the reason."""


class FactorKind(StrEnum):
    """What may be done to one axis."""

    PERM = "perm"
    SCALE = "scale"
    SIGN = "sign"
    PERM_SCALE = "perm+scale"
    PERM_SIGN = "perm+sign"

    @property
    def permutes(self) -> bool:
        return self in (FactorKind.PERM, FactorKind.PERM_SCALE, FactorKind.PERM_SIGN)

    @property
    def scales(self) -> bool:
        return self in (FactorKind.SCALE, FactorKind.PERM_SCALE)

    @property
    def signs(self) -> bool:
        return self in (FactorKind.SIGN, FactorKind.PERM_SIGN)


class Role(StrEnum):
    """How a tensor's place goes with its axis: by the factor, or by the factor's inverse transpose."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True)
class Factor:
    """What may be done to one permuted axis."""

    axis: str
    kind: FactorKind


@dataclass(frozen=True)
class Group:
    """The product of one factor for each of some permuted axes of a space; axes without one stay as they are.

    Raises:
        SpaceError: a factor of an axis that is not permuted, or two of one axis (`perm+scale` is one factor).
        NotCarried: a factor that multiplies, on a space in which the places' roles are not known.
    """

    space: WeightSpace
    factors: tuple[Factor, ...]

    def __post_init__(self) -> None:
        axes = [factor.axis for factor in self.factors]
        for axis in axes:
            if axis not in self.space.permuted:
                raise SpaceError(f"axis {axis!r} is not permuted in {self.space}, so it carries no factor")
            if axes.count(axis) > 1:
                raise SpaceError(f"axis {axis!r} has two factors; a join of kinds, as perm+scale, is one")
        if any(factor.kind != FactorKind.PERM for factor in self.factors):
            roles(self.space)

    @property
    def kind(self) -> dict[str, FactorKind]:
        """Axis -> kind of its factor."""
        return {factor.axis: factor.kind for factor in self.factors}

    def __str__(self) -> str:
        return ", ".join(f"{factor.axis}: {factor.kind}" for factor in self.factors) or "trivial"


GROUPS: Mapping[str, FactorKind] = {
    "permutation": FactorKind.PERM,
    "permutation+scale": FactorKind.PERM_SCALE,
    "permutation+sign": FactorKind.PERM_SIGN,
}
"""Name, as plug-ins declare it -> the factor of the axes that a point-wise activation stands on."""


def group(space: WeightSpace, name: str = "permutation") -> Group:
    """The group of that name on a space: its factor on every axis that carries it, permutations on the rest.

    Raises:
        NotCarried: no axis of the space carries the factor; the message says why.
        SpaceError: no such name.

    Source: the table above. That all other axes carry permutations alone is a choice of these names: a residual stream
    without normalisation has every linear map.
    """
    if name not in GROUPS:
        raise SpaceError(f"no group is called {name!r}; allowed: {', '.join(GROUPS)}")
    kind = GROUPS[name]
    axes = space.permuted if kind is FactorKind.PERM else _carrying(space, kind, name)
    return Group(space, tuple(Factor(axis, kind if axis in axes else FactorKind.PERM) for axis in space.permuted))


def _carrying(space: WeightSpace, kind: FactorKind, name: str) -> tuple[str, ...]:
    """The axes that one point-wise activation stands on, if it commutes with the kind's factors."""
    activation = ACTIVATIONS[space.activation]
    if kind.scales and not activation.homogeneous:
        raise NotCarried(f"{name}: {space.activation} does not commute with positive factors")
    if kind.signs and not activation.odd:
        raise NotCarried(f"{name}: {space.activation} does not commute with signs")
    made_by = _made_by(space)
    return tuple(axis for axis in space.permuted if made_by not in _POINTWISE or _POINTWISE[made_by](axis))


_POINTWISE = {
    "residual_mlp": lambda axis: axis != "r",
    "transformer_block": lambda axis: axis == "hidden",
}
"""Constructor -> whether a point-wise activation stands on a permuted axis, where it does not stand on all."""

_ATTENTION = {
    **dict.fromkeys(("WQ", "bQ", "WV", "bV"), Role.IN),
    **dict.fromkeys(("WK", "bK", "WO"), Role.OUT),
}
"""Tensors of attention, all of whose permuted places have one role: queries meet keys, values meet what reads them."""


@lru_cache(maxsize=256)
def roles(space: WeightSpace) -> Mapping[str, tuple[Role | None, ...]]:
    """Tensor -> role of each place; None at fixed axes.

    The first axis of a tensor is what it feeds, the others are what it reads; so it is for every constructor of spaces, but
    for attention.

    Raises:
        NotCarried: a space that no constructor made: axis names do not say which of two places feeds the other.
    """
    attention = _ATTENTION if _made_by(space) == "transformer_block" else {}
    return {
        name: tuple(
            None if axis not in space.permuted else attention.get(name, Role.OUT if place else Role.IN)
            for place, axis in enumerate(axes)
        )
        for name, axes in space.tensors
    }


def _made_by(space: WeightSpace) -> str:
    name = constructor(space)
    if name is None:
        raise NotCarried(f"only permutations are known of {space}, which no constructor of spaces made")
    return name
