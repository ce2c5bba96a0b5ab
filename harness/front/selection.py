"""What a run is asked: suites, architectures and a user's own expected failures, read and held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..core.registry import UnknownName
from ..language.reading import SuiteError, load_expectations, load_suite
from ..language.suite import Expectation, Suite
from ..plugins.discovery import ArchitectureName, NameSyntaxError, check_reference, default_names, parse_name


class SelectionError(ValueError):
    """Something that cannot be run; `errors` are its lines."""

    def __init__(self, errors: Iterable[str]):
        self.errors = tuple(dict.fromkeys(errors))
        super().__init__("\n".join(self.errors))


@dataclass(frozen=True)
class Selection:
    """Suites by the reference that named them, the architectures, and expected failures beside the suites' own."""

    suites: Mapping[str, Suite]
    architectures: tuple[ArchitectureName, ...]
    expectations: tuple[Expectation, ...] = ()


def select(
    references: Sequence[str], architectures: Sequence[str] = (), expect: str | None = None, zoo: str | None = None
) -> Selection:
    """The suites that are named, over the architectures that are named, else those that the suites name or all built-in
    whose group their spaces carry.

    Args:
        references: shipped names or files.
        architectures: as `parse_name` reads them.
        expect: a file of expected failures.
        zoo: whose networks stand in for those of the suites' own zoos.

    Raises:
        SelectionError: everything that is wrong with what was named, and with what the files say of it.
    """
    errors: list[str] = []
    given, unknown = _parsed(architectures)
    suites: dict[str, Suite] = {}
    for reference in dict.fromkeys(references):
        try:
            suites[reference] = load_suite(reference, given, zoo=zoo)
        except SuiteError as error:
            errors += error.errors
    complete = not errors
    names = [suite.name for suite in suites.values()]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            errors.append(f'two of the suites are called "{name}"; rows are told apart by that name')
    if not architectures:
        try:
            chosen = default_names((suite.name, suite.architectures, suite.spaces) for suite in suites.values())
            given, unknown = _parsed(chosen)
        except UnknownName as error:
            errors.append(str(error))
    errors += unknown
    expectations: tuple[Expectation, ...] = ()
    if expect is not None:
        try:
            expectations = load_expectations(expect, list(suites.values()) if complete else None, given)
        except SuiteError as error:
            errors += error.errors
    if errors:
        raise SelectionError(errors)
    return Selection(suites, given, expectations)


def _parsed(texts: Sequence[str]) -> tuple[tuple[ArchitectureName, ...], list[str]]:
    """The names that lead somewhere, and a line for each that does not."""
    found, errors = [], []
    for text in texts:
        try:
            found.append(parse_name(text))
            check_reference(found[-1].reference)
        except (NameSyntaxError, UnknownName) as error:
            errors.append(str(error))
    return tuple(found), errors
