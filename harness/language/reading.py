"""YAML -> a checked `Suite`, before any tensor exists.

Everything that is wrong with a file is said at once, one line each, with file, line, column, key and the nearest match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..checks import CHECK_KINDS
from ..checks.kinds import CheckKind
from ..core.claims import CLAIMS, FALSE_CLAIMS, WEIGHTS_ALONE
from ..core.parameters import SuiteValueError, parse_parameters
from ..core.patterns import fits
from ..core.registry import DuplicateName, Registry, UnknownName, did_you_mean, nearest
from ..core.result import digest
from ..plugins.discovery import ArchitectureName, NameSyntaxError, check_reference, installed, parse_name
from ..plugins.extensions import ExtensionError, load_extensions
from ..weights.space import NamedSpace
from .models import (
    REPLACED,
    AllowanceModel,
    CheckModel,
    ConclusionModel,
    ExpectationModel,
    ExpectationsModel,
    KillerModel,
    SuiteModel,
)
from .named_spaces import SpaceModel, named_space
from .own_zoo import NothingToReplace, with_zoo
from .rows import Asked, all_asked, unmet, unread
from .shipped import shipped_suites, shipped_versions
from .suite import Check, Conclusion, Expectation, OwnKiller, Suite
from .yaml_marks import LARGEST, Document, YamlProblems, parse_document

LINES = 20
"""Of one file, at most; nobody reads more at a time."""


class SuiteError(ValueError):
    """A suite that cannot be used; `errors` are its lines, each `path:line:column: key: message`, the first `LINES` at most."""

    def __init__(self, errors: Iterable[str]):
        found = tuple(errors)
        self.errors = (
            found if len(found) <= LINES else (*found[: LINES - 1], f"and {len(found) - LINES + 1} more errors")
        )
        super().__init__("\n".join(self.errors))


def load_suite(
    reference: str | Path,
    given: Sequence[ArchitectureName] = (),
    kinds: Registry[CheckKind] = CHECK_KINDS,
    zoo: str | None = None,
) -> Suite:
    """The suite of a file, or a shipped one by its name, or by `NAME@VERSION`.

    Args:
        given: the architectures that the user named; an entry of the suite must speak of a row of these, of the installed
            ones or of the suite's own.
        zoo: whose networks stand in for those of the suite's own zoos.

    Raises:
        SuiteError: no such suite, a file that cannot be read, everything that is wrong with its content, or an installed
            plug-in or extension that is in the way.
    """
    try:
        load_extensions()
        installed()
    except (ExtensionError, DuplicateName) as error:
        raise SuiteError([str(error)]) from None
    text = str(reference)
    known = {**shipped_suites(), **shipped_versions()}
    if text in known:
        path, shown = known[text], text
    elif Path(text).suffix in (".yaml", ".yml") or _is_there(Path(text)):
        path, shown = Path(text), text
    else:
        raise SuiteError([f'unknown suite "{text}"{did_you_mean(text, shipped_suites())} (a file ends in .yaml)'])
    document = _read(path, shown)
    if zoo is not None:
        try:
            document = replace(document, data=with_zoo(document.data, zoo))
        except NothingToReplace as error:
            raise SuiteError([f"{shown}: {error}"]) from None
    reader = _Reader(document, shown)
    suite = reader.suite(given, kinds)
    if reader.errors or suite is None:
        raise SuiteError(reader.sorted_errors)
    return suite


def _is_there(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    with suppress(OSError, ValueError):
        return path.exists()
    return False


def load_expectations(
    path: str | Path, suites: Sequence[Suite] | None, given: Sequence[ArchitectureName] = ()
) -> tuple[Expectation, ...]:
    """The expected failures of a user's own file.

    Args:
        suites: that are run; an entry must speak of a row of one of them. None where they could not be read.
        given: as in `load_suite`.

    Raises:
        SuiteError: as `load_suite` does.
    """
    reader = _Reader(_read(Path(path), str(path)), str(path))
    data = reader.document.data
    reader.model(ExpectationsModel, data, ())
    listed = data.get("expected_failures") if isinstance(data, dict) else None
    # Entries that read are held against the rows even where others do not, so that all errors are said at once.
    found = {
        number: read
        for number, entry in enumerate(listed if isinstance(listed, list) else [])
        if (read := _legible(entry))
    }
    if suites is not None:
        reader.unmet("expected_failures", found, [one for suite in suites for one in all_asked(suite, given)])
    if reader.errors:
        raise SuiteError(reader.sorted_errors)
    return tuple(found.values())


def _meant(path: Path, error: OSError) -> str:
    """What a file that is not there may have been meant to be: one beside it, or a shipped suite, which has no suffix."""
    if not isinstance(error, FileNotFoundError):
        return ""
    with suppress(OSError):
        beside = [each.name for each in path.parent.iterdir() if each.suffix in (".yaml", ".yml")]
        if near := nearest(path.name, beside):
            return f'; did you mean "{path.with_name(near)}"?'
    near = nearest(path.stem, shipped_suites())
    return f'; did you mean the shipped suite "{near}"?' if near else ""


def _legible(entry: Any) -> Expectation | None:
    """The rows that an expected failure speaks of, whatever else is wrong with it; None if it does not say."""
    known = (
        {key: value for key, value in entry.items() if key in ("architecture", "check", "case")}
        if isinstance(entry, dict)
        else {}
    )
    try:
        model = parse_parameters(ExpectationModel, {"outcome": "fail", "reason": "not read here", **known})
    except SuiteValueError:
        return None
    reason = entry.get("reason")
    return replace(_expectation(model), reason=reason if isinstance(reason, str) else "")


def _read(path: Path, shown: str) -> Document:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise SuiteError([f"{shown}: cannot be read: {error.strerror}{_meant(path, error)}"]) from None
    except UnicodeDecodeError as error:
        raise SuiteError([f"{shown}: is not UTF-8: {error.reason} at byte {error.start}"]) from None
    try:
        return parse_document(text)
    except YamlProblems as problems:
        raise SuiteError(
            f"{shown}:{line}:{column}: {message}" for (line, column), message in problems.problems
        ) from None


def _expectation(entry: ExpectationModel | AllowanceModel) -> Expectation:
    return Expectation(entry.architecture, entry.check, entry.case, entry.reason)


class _Reader:
    """Turns one document into a suite and keeps every error with its place."""

    def __init__(self, document: Document, shown: str):
        self.document, self.shown = document, shown
        self.errors: dict[tuple[int, int, str], str] = {}
        self.broken: set[str] = set()
        """Spaces that make no sense; checks in them are not held to what they would need."""

    @property
    def sorted_errors(self) -> list[str]:
        return [line for _, line in sorted(self.errors.items())]

    def error(self, path: tuple[str | int, ...], message: str, below: int = 0, at_key: bool = False) -> None:
        """Note an error at `path`, at its value or its key; the first `below` parts are left out of the key that is shown."""
        line, column = self.document.place(path, key=at_key)
        key = ".".join(map(str, path[below:]))
        text = f"{self.shown}:{line}:{column}: {f'{key}: ' if key else ''}{message}"
        self.errors[line, column, text] = text

    def wrong_values(self, error: SuiteValueError, path: tuple[str | int, ...], below: int = 0) -> None:
        """Note every problem that values at `path` have."""
        for place, message in error.problems:
            unknown = place in error.unknown
            replaced = REPLACED.get(str(place[-1])) if unknown else None
            self.error((*path, *place), replaced or message, below, at_key=unknown)

    def model(self, kind: type[Any], data: Any, path: tuple[str | int, ...], below: int = 0) -> Any:
        """`data` as a model, or None once its problems are noted."""
        try:
            return parse_parameters(kind, data)
        except SuiteValueError as error:
            self.wrong_values(error, path, below)
            return None

    def suite(self, given: Sequence[ArchitectureName], kinds: Registry[CheckKind]) -> Suite | None:
        """The whole document, or None where it is too wrong to be one; what is wrong is noted."""
        data = self.document.data
        if not isinstance(data, dict):
            self.error((), f"a suite is a mapping with the keys {', '.join(SuiteModel.model_fields)}")
            return None
        outer = self.model(SuiteModel, data, ())
        # Checks are read even where the outer document is wrong, so that all errors are said at once.
        spaces = self.spaces(data.get("spaces"))
        listed = data.get("checks")
        checks = [
            self.check(entry, number, spaces, kinds)
            for number, entry in enumerate(listed if isinstance(listed, list) else [])
        ]
        if outer is None or None in checks:
            return None
        read = [check for check in checks if check is not None]
        self.repeats(read)
        self.names(outer)
        suite = Suite(
            name=outer.suite,
            version=outer.version,
            title=outer.title,
            checks=tuple(read),
            expected_failures=tuple(map(_expectation, outer.expected_failures)),
            allow=tuple(map(_expectation, outer.allow)),
            architectures=tuple(outer.architectures),
            conclusions=tuple(
                Conclusion(
                    entry.claim,
                    tuple(entry.checks),
                    tuple(entry.architectures),
                    entry.margin,
                    entry.allow,
                    tuple(entry.killers),
                    tuple(OwnKiller(**each.model_dump()) for each in entry.own_killers),
                )
                for entry in outer.conclusions
            ),
        )
        with suppress(NameSyntaxError):  # noted at the place of that name
            self.patterns(suite, all_asked(suite, given, kinds))
        return suite

    def names(self, outer: SuiteModel) -> None:
        """Refuse architectures that nobody knows, and conclusions on claims that are not there."""
        for number, text in enumerate(outer.architectures):
            try:
                check_reference(parse_name(text).reference)
            except (NameSyntaxError, UnknownName) as error:
                self.error(("architectures", number), str(error))
        for number, entry in enumerate(outer.conclusions):
            if entry.claim not in CLAIMS:
                message = f'unknown claim "{entry.claim}"{did_you_mean(entry.claim, CLAIMS)}'
                self.error(("conclusions", number, "claim"), message)
            else:
                self.killers(entry, number)

    def killers(self, entry: ConclusionModel, number: int) -> None:
        """Refuse a conclusion that names no false claim that its checks have to refute, or one that nobody knows."""
        known = FALSE_CLAIMS[entry.claim]
        if not entry.killers and not entry.own_killers:
            message = (
                f"a conclusion names the false claims that its checks must refute: killers; "
                f'of {entry.claim}: {", ".join(known)}, or ["*"] for all of them; or plug-ins: own_killers'
            )
            self.error(("conclusions", number), message)
        for position, pattern in enumerate(entry.killers):
            if not any(fits(pattern, name) for name in known):
                hint = "; plug-ins of your own stand under own_killers" if ":" in pattern else ""
                message = f'"{pattern}" is no false claim of {entry.claim}{did_you_mean(pattern, known)}{hint}'
                self.error(("conclusions", number, "killers", position), message)
        for position, own in enumerate(entry.own_killers):
            self.own_killer(own, entry.claim, ("conclusions", number, "own_killers", position))

    def own_killer(self, entry: KillerModel, claim: str, place: tuple[str | int, ...]) -> None:
        """Refuse names that do not read as plug-ins, and networks that are to claim something of weights alone."""
        if claim == WEIGHTS_ALONE:
            self.error(place, f"{claim} is about weights, of which no network claims anything")
        for key in ("network", "mended", "beside"):
            text = getattr(entry, key)
            try:
                if text is not None:
                    check_reference(parse_name(text).reference)
            except (NameSyntaxError, UnknownName) as error:
                self.error((*place, key), str(error))

    def patterns(self, suite: Suite, plan: Sequence[Asked]) -> None:
        """Refuse entries that speak of no row, and what adds none to a conclusion."""
        self.unmet("expected_failures", dict(enumerate(suite.expected_failures)), plan)
        self.unmet("allow", dict(enumerate(suite.allow)), plan)
        for number, conclusion in enumerate(suite.conclusions):
            for place, message in unread(conclusion, plan):
                self.error(("conclusions", number, *place), message)

    def unmet(self, key: str, entries: Mapping[int, Expectation], plan: Sequence[Asked]) -> None:
        for number, entry in entries.items():
            miss = unmet(entry, plan)
            if miss is not None:
                self.error((key, number, miss[0]), miss[1])

    def spaces(self, listed: Any) -> dict[str, NamedSpace]:
        """The spaces that make sense; a wrong one is noted, and kept by name only."""
        found: dict[str, NamedSpace] = {}
        for name, entry in (listed if isinstance(listed, dict) else {}).items():
            self.broken.add(name)
            try:
                model = parse_parameters(SpaceModel, entry)
            except SuiteValueError:
                continue  # noted with the outer document
            try:
                found[name] = named_space(model)
            except SuiteValueError as error:
                self.wrong_values(error, ("spaces", name))
            else:
                self.broken.discard(name)
        return found

    def check(
        self, entry: Any, number: int, spaces: Mapping[str, NamedSpace], kinds: Registry[CheckKind]
    ) -> Check | None:
        """One entry of `checks` with its parameters resolved, or None once its problems are noted."""
        path = ("checks", number)
        if not isinstance(entry, dict):
            self.error(path, "a check is a mapping with id, kind and the kind's own keys")
            return None
        own = {key: value for key, value in entry.items() if key in CheckModel.model_fields}
        common = None if self.misspelt(entry, path) else self.model(CheckModel, own, path, below=2)
        if common is not None:
            named = self.document.data.get("architectures")
            listed = [text for text in named if isinstance(text, str)] if isinstance(named, list) else []
            for position, text in enumerate(common.architectures):
                if text not in listed:
                    message = f'"{text}" is not among the architectures of the suite{did_you_mean(text, listed)}'
                    self.error((*path, "architectures", position), message, 2)
        if common is None or common.kind not in kinds:
            if isinstance(entry.get("kind"), str) and entry["kind"] not in kinds:
                self.error(
                    (*path, "kind"), f'unknown check kind "{entry["kind"]}"{did_you_mean(entry["kind"], kinds)}', 2
                )
            return None
        if common.claim is not None and common.claim not in CLAIMS:
            self.error((*path, "claim"), f'unknown claim "{common.claim}"{did_you_mean(common.claim, CLAIMS)}', 2)
        kind = kinds[common.kind]
        given = {key: value for key, value in entry.items() if key not in own}
        parameters = self.model(kind.parameters, given, path, below=2)
        used = [entry.get("space"), *(entry["spaces"] if isinstance(entry.get("spaces"), list) else ())]
        if parameters is None or self.broken & {name for name in used if isinstance(name, str)}:
            return None
        try:
            resolved = kind.resolve(parameters, spaces)
            cases = kind.cases(resolved)
        except SuiteValueError as error:
            self.wrong_values(error, path, below=2)
            return None
        if not cases:
            self.error(path, "has no cases")
        return Check(common.id, common.kind, common.title, common.claim, resolved, cases, tuple(common.architectures))

    def misspelt(self, entry: Mapping[str, Any], path: tuple[str | int, ...]) -> bool:
        """Whether a key that every check needs stands under a name near to its own, which is noted in place of its absence."""
        wrong = {}
        for needed in (name for name, field in CheckModel.model_fields.items() if field.is_required()):
            others = [key for key in entry if key not in CheckModel.model_fields]
            if needed not in entry and (found := nearest(needed, others)):
                wrong[found] = needed
        for found, needed in wrong.items():
            self.error((*path, found), f'unknown key "{found}"; did you mean "{needed}"?', 2, at_key=True)
        if wrong:  # what is wrong with the others is said too
            mended = {wrong.get(key, key): value for key, value in entry.items()}
            self.model(CheckModel, {k: v for k, v in mended.items() if k in CheckModel.model_fields}, path, below=2)
        return bool(wrong)

    def repeats(self, checks: list[Check]) -> None:
        """Refuse a second check of one id or of one content: the ids of rows are functions of the content."""
        ids: set[str] = set()
        contents: dict[str, str] = {}
        for number, check in enumerate(checks):
            if check.id in ids:
                self.error(("checks", number, "id"), f'the id "{check.id}" is taken by an earlier check', 2)
            ids.add(check.id)
            content = digest([check.kind, check.parameters])
            if content in contents:
                self.error(("checks", number), f'repeats the check "{contents[content]}" under another id')
            contents.setdefault(content, check.id)
