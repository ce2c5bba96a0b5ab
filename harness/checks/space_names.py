"""The spaces that a check names, looked up among the suite's; one error line for each that is unknown or does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..core.parameters import SuiteValueError
from ..core.registry import did_you_mean
from ..weights.space import NamedSpace

Problem = tuple[tuple[str | int, ...], str]


def known_spaces(
    names: Sequence[str],
    spaces: Mapping[str, NamedSpace],
    objection: Callable[[NamedSpace], str | None] = lambda space: None,
) -> dict[str, NamedSpace]:
    """The spaces that a check lists under `spaces`.

    Args:
        objection: what is wrong with a space for this check, or None.

    Raises:
        SuiteValueError: unknown names with the nearest match, and every objection.
    """
    problems: list[Problem] = []
    for position, name in enumerate(names):
        if name not in spaces:
            problems.append((("spaces", position), _unknown(name, spaces)))
        elif (found := objection(spaces[name])) is not None:
            problems.append((("spaces", position), found))
    if problems:
        raise SuiteValueError(*problems)
    return {name: spaces[name] for name in names}


def spaces_json(
    names: Sequence[str],
    spaces: Mapping[str, NamedSpace],
    objection: Callable[[NamedSpace], str | None] = lambda space: None,
) -> dict[str, Any]:
    """`known_spaces` as resolved parameters: every space written out."""
    return {"spaces": {name: named.space.to_json() for name, named in known_spaces(names, spaces, objection).items()}}


def one_a_space(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a space."""
    return tuple(parameters["spaces"])


def known_space(name: str | None, spaces: Mapping[str, NamedSpace]) -> NamedSpace | None:
    """The space that a check names under `space`, None where it names none.

    Raises:
        SuiteValueError: unknown, with the nearest match.
    """
    if name is None:
        return None
    if name not in spaces:
        raise SuiteValueError((("space",), _unknown(name, spaces)))
    return spaces[name]


def _unknown(name: str, spaces: Mapping[str, NamedSpace]) -> str:
    return f'unknown space "{name}"{did_you_mean(name, spaces)}'
