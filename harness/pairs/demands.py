"""What families, and regimes, ask of a suite: the parameters that all share, case names, and the demands on the check's space.

Places in errors are below the check, as everywhere: `pairs` and the family's own key, or `space`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from ..core.parameters import Parameters, SuiteValueError
from ..weights.space import WeightSpace
from ..weights.symmetry import order

Problem = tuple[tuple[str | int, ...], str]


class Counted(Parameters):
    """Parameters of a family that makes any number of pairs."""

    count: Annotated[
        int, Field(ge=1, le=1000, description="number of pairs (of each kind, where there are several)")
    ] = 4


def numbered(count: int, labels: Iterable[str] = ("",)) -> tuple[str, ...]:
    """Case names `label #0`, `label #1`, ..., label by label; without a label `#0`, `#1`, ..."""
    return tuple(f"{label} #{number}".lstrip() for label in labels for number in range(count))


def label_of(case: str) -> str:
    """The label that `numbered` put into a case name."""
    return case.rpartition("#")[0].rstrip()


def problem(key: str, *place: int, message: str) -> Problem:
    """What is wrong with a family's own parameter, at its place below the check."""
    return ("pairs", key, *place), message


def refuse(*problems: Problem) -> None:
    """Report all problems at once, if there are any.

    Raises:
        SuiteValueError: there are.
    """
    if problems:
        raise SuiteValueError(*problems)


def refuse_repeats(key: str, values: Iterable[Any]) -> None:
    """Refuse a list in which a value stands twice: its cases would share their names.

    Raises:
        SuiteValueError: at the place of each repetition.
    """
    listed = list(values)
    refuse(
        *(
            problem(key, position, message=f"{value} is listed twice")
            for position, value in enumerate(listed)
            if value in listed[:position]
        )
    )


def demand_space(name: str, space: WeightSpace | None) -> WeightSpace:
    """The check's space, which the family or regime of that name takes its shapes from.

    Raises:
        SuiteValueError: the check names none.
    """
    if space is None:
        raise refusal(f"{name} draws its weights in the check's space, and the check names none; add `space: NAME`")
    return space


def demand_movement(family: str, space: WeightSpace | None) -> None:
    """Refuse a space whose group is trivial.

    Raises:
        SuiteValueError: no space, or no two neurons that could be swapped.
    """
    space = demand_space(family, space)
    if order(space) == 1:
        raise refusal(f"{family} needs two hidden neurons that can be swapped, the check's space is {space}")


def demand_mlp(family: str, space: WeightSpace | None, *, width: int = 1) -> WeightSpace:
    """The check's space, an MLP with a hidden layer of at least `width` neurons.

    Raises:
        SuiteValueError: no space, no MLP, or all hidden layers too narrow.
    """
    space = demand_space(family, space)
    if not space.is_mlp:
        raise refusal(f"{family} is defined for MLP spaces only, the check's space is {space}")
    if max(space.widths[1:-1]) < width:
        raise refusal(f"{family} needs a hidden layer of at least {width} neurons, the check's space is {space}")
    return space


def demand_activation(family: str, space: WeightSpace, allowed: tuple[str, ...]) -> None:
    """Refuse a space whose activation does not have the family's symmetry.

    Raises:
        SuiteValueError: the activation is none of `allowed`.
    """
    if space.activation not in allowed:
        raise refusal(f"{family} keeps the function for {', '.join(allowed)} only, the check's space is {space}")


def demand_fit(family: str, hidden: tuple[int, ...], space: WeightSpace | None) -> None:
    """Refuse a space whose hidden widths are not those of the family's own nets; its ends and activation are free.

    Raises:
        SuiteValueError: no MLP, or other hidden widths.
    """
    if space is not None and not (space.is_mlp and space.widths[1:-1] == hidden):
        raise refusal(
            f"{family} has hidden widths {hidden} here, which do not fit the check's space {space}; "
            "leave `space` out or change its widths"
        )


def hidden_layers(space: WeightSpace, *, width: int = 1) -> list[int]:
    """The hidden layers of an MLP that have at least `width` neurons, counted from 1."""
    return [layer for layer, size in enumerate(space.widths[1:-1], 1) if size >= width]


def refusal(message: str) -> SuiteValueError:
    """What is wrong with the check's space."""
    return SuiteValueError((("space",), message))
