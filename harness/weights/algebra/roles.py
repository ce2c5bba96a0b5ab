"""What an axis is to its network, and how every tensor goes with it: all that a group of a weight space is read off.

Constructors of spaces are known (`groups.roles_of`). A space of one's own names its roles where more than permutations are asked:

    WeightSpace(tensors, sizes, permuted, "tanh", Roles((AxisRole("h", Standing.HIDDEN, biases=("b",)),)))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .kinds import Role

Tensors = Sequence[tuple[str, tuple[str, ...]]]


class Standing(StrEnum):
    """What stands on an axis; what may be done to it follows (the table of `groups.py`)."""

    HIDDEN = "hidden"
    """A point-wise activation and nothing else."""
    LINEAR = "linear"
    """Nothing: linear maps write it and read it, as a residual stream without normalisation, the r of LoRA, keys and values."""
    RMS_NORM = "rms-norm"
    """A stream that is read through RMSNorm, whose gains are folded into what reads it."""
    LAYER_NORM = "layer-norm"
    """A stream that is read through LayerNorm."""
    GATED = "gated"
    """The half of a gated layer that passes no activation: multiplied entry by entry with the other half."""
    ROTARY = "rotary"
    """Keys that are turned by their place in the sequence, the places i and i + n/2 together, each pair at a speed of its own: a fixed axis."""
    PLAIN = "plain"
    """Anything else: its indices may change places, and no more is known."""


@dataclass(frozen=True)
class AxisRole:
    """What one permuted axis, or one of rotary keys, is to its network.

    Args:
        within: an outer permuted axis, for each of whose indices this axis has a group of its own, as keys have in heads.
        activation: the one that stands on it, where it is not the space's.
        biases: the tensors that a half turn of a sine on this axis moves: those added right before it.
    """

    axis: str
    standing: Standing = Standing.PLAIN
    within: str | None = None
    activation: str | None = None
    biases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shift:
    """One tensor that anything may be added to, if others make up for it: `moved += d`, and `target -= through d` for each pair.

    `bK` of attention by itself, since softmax does not see it; `bV` with `("bO", "WO")`; the bias that writes a stream, with
    everything that reads it. What `through` has beside the axes of `moved` and `target` is summed over: each member of a group of
    heads reads the same values.
    """

    axis: str
    moved: str
    through: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Roles:
    """The roles of a space's axes and places.

    Args:
        axes: of permuted axes; one that is not listed is `PLAIN`.
        places: tensor -> role of each place, None where no factor multiplies; of one that is not listed the first place is
            `in`, what it feeds, and the others are `out`, what it reads.
        shifts: what may be added where.
    """

    axes: tuple[AxisRole, ...] = ()
    places: tuple[tuple[str, tuple[Role | None, ...]], ...] = ()
    shifts: tuple[Shift, ...] = ()

    def of_axis(self, axis: str) -> AxisRole:
        return next((each for each in self.axes if each.axis == axis), AxisRole(axis))

    @property
    def rotary(self) -> tuple[str, ...]:
        """The axes of rotary keys."""
        return tuple(each.axis for each in self.axes if each.standing is Standing.ROTARY)

    def of_places(self, tensors: Tensors, permuted: Sequence[str]) -> dict[str, tuple[Role | None, ...]]:
        """Tensor -> role of each place; None at fixed axes."""
        given = dict(self.places)
        return {
            name: given.get(name)
            or tuple(
                None if axis not in (*permuted, *self.rotary) else Role.OUT if place else Role.IN
                for place, axis in enumerate(axes)
            )
            for name, axes in tensors
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON; `from_json` gives the same roles back."""
        return {
            "axes": {
                each.axis: {
                    "standing": str(each.standing), "within": each.within, "activation": each.activation,
                    "biases": list(each.biases),
                }
                for each in self.axes
            },
            "places": {name: [role and str(role) for role in places] for name, places in self.places},
            "shifts": [
                {"axis": each.axis, "moved": each.moved, "through": [list(pair) for pair in each.through]}
                for each in self.shifts
            ],
        }  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Roles:
        """The roles that `to_json` described; ValueError for what is none."""
        return Roles(
            tuple(
                AxisRole(
                    axis,
                    Standing(told.get("standing", "plain")),
                    told.get("within"),
                    told.get("activation"),
                    tuple(told.get("biases", ())),
                )
                for axis, told in data.get("axes", {}).items()
            ),
            tuple(
                (name, tuple(None if role is None else Role(role) for role in places))
                for name, places in data.get("places", {}).items()
            ),
            tuple(
                Shift(told["axis"], told["moved"], tuple((a, b) for a, b in told.get("through", ())))
                for told in data.get("shifts", ())
            ),
        )


def problems(roles: Roles, tensors: Tensors, permuted: Sequence[str]) -> Iterable[str]:
    """What does not fit between roles and the tensors of a space, in words; nothing if all does."""
    axes_of = dict(tensors)
    listed = [each.axis for each in roles.axes]
    for each in roles.axes:
        turned = each.standing is Standing.ROTARY
        if (each.axis in permuted) is turned or listed.count(each.axis) > 1:
            what = (
                "rotary keys are a fixed axis"
                if turned
                else f"one for each permuted axis, {', '.join(permuted) or 'none'}"
            )
            yield f"axis {each.axis!r} has a role; allowed: {what}"
        if each.within is not None:
            if each.within not in permuted or each.within == each.axis or roles.of_axis(each.within).within:
                yield f"axis {each.axis!r} lies within {each.within!r}; allowed: another permuted axis that lies within none"
            yield from stray(each.axis, each.within, tensors)
        for name in each.biases:
            if axes_of.get(name) != (each.axis,):
                yield f"{name!r} is named among the biases of {each.axis!r}; allowed: tensors whose only axis it is"
    for name, places in roles.places:
        if name not in axes_of or len(places) != len(axes_of[name]):
            yield f"roles of places of {name!r}: {len(places)}; a tensor of the space has one for each of its axes"
        elif any(
            role and axis not in permuted and roles.of_axis(axis).standing is not Standing.ROTARY
            for role, axis in zip(places, axes_of[name], strict=True)
        ):
            yield f"{name!r} has a role at an axis that is not permuted"
    everywhere = roles.of_places(tensors, permuted)
    for shift in roles.shifts:
        inner = {shift.axis} | {roles.of_axis(shift.axis).within} - {None}
        axes = axes_of.get(shift.moved, ())
        if set(axes) != inner or len(axes) != len(inner):
            yield f"{shift.moved!r} is shifted along {shift.axis!r}; allowed: tensors of the axes {', '.join(sorted(map(str, inner)))} alone"
        elif shift.moved in everywhere and None in everywhere[shift.moved]:
            yield f"{shift.moved!r} is shifted, but has no role"
        for target, through in shift.through:
            left = [axis for axis in axes_of.get(through, ()) if axis not in inner]
            ends = axes_of.get(target)
            summed = [axis for axis in left if axis not in (ends or ())]
            kept = tuple(axis for axis in left if axis not in summed)
            once = len(left) + len(inner) == len(axes_of.get(through, ())) and len({*left}) == len(left)
            if not once or ends != kept or any(roles.of_axis(axis).standing is not Standing.PLAIN for axis in summed):
                yield f"{target!r} cannot make up for {shift.moved!r} through {through!r}: its axes are not those that are left"


def stray(axis: str, outer: str, tensors: Tensors) -> Iterable[str]:
    """The tensors that have an inner axis without its outer one, in words."""
    for name, axes in tensors:
        if axis in axes and axes.count(outer) != 1:
            yield f"axis {axis!r} lies within {outer!r}, which {name!r} does not have once"
