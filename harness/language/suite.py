"""Suites: YAML -> a checked, frozen `Suite`, before any tensor exists.

Everything that is wrong with a file is said at once, one line each, with file, line, column, key and the nearest match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ..checks import CHECK_KINDS
from ..checks.kinds import CheckKind
from ..core.claims import CLAIMS
from ..core.parameters import Parameters, SuiteValueError, parse_parameters
from ..core.registry import Registry, UnknownName, did_you_mean
from ..core.result import digest
from ..plugins.discovery import NameSyntaxError, check_reference, parse_name
from ..plugins.extensions import ExtensionError, load_extensions
from ..weights.space import NamedSpace
from .named_spaces import SpaceModel, named_space
from .shipped import shipped_suites
from .yaml_marks import Document, YamlProblems, parse_document

VERSION = 1
NAME = r"[a-z0-9][a-z0-9._-]*"

Name = Annotated[str, Field(pattern=f"^{NAME}$")]
Text = Annotated[str, Field(min_length=1)]


class SuiteError(ValueError):
    """A suite that cannot be used; `errors` are its lines, each `path:line:column: key: message`."""

    def __init__(self, errors: Iterable[str]):
        self.errors = tuple(errors)
        super().__init__("\n".join(self.errors))


class ExpectationModel(Parameters):
    """Rows that are expected to come out otherwise than predicted; `*` and `?` are wildcards."""

    architecture: Text
    check: Text
    case: Text = "*"
    outcome: Literal["fail"]
    reason: Text


class AllowanceModel(Parameters):
    """Rows that may stay undecided."""

    architecture: Text
    check: Text
    case: Text = "*"
    reason: Text


class ConclusionModel(Parameters):
    """A claim to be concluded from the rows of several checks together; `*` and `?` are wildcards."""

    claim: Annotated[str, Field(description="id in the claims ledger, see `orbitcheck list claims`")]
    checks: Annotated[list[Text], Field(min_length=1, description="ids of the checks whose rows are read")]
    architectures: Annotated[list[Text], Field(min_length=1, description="whose rows are read")] = ["*"]
    margin: Annotated[float, Field(gt=0, lt=1, description="of the variance: errors this near count as equal")] = 0.05
    allow_undecided: Annotated[Text | None, Field(description="why the budget may leave it open")] = None


class CheckModel(Parameters):
    """What every check says of itself beside its kind's own parameters."""

    id: Name
    kind: Text
    title: str = ""
    claim: Annotated[str | None, Field(description="id in the claims ledger, see `orbitcheck list claims`")] = None
    architectures: Annotated[
        list[Text], Field(description="the only ones of the suite's own that it is asked of; all if left out")
    ] = []


class SuiteModel(Parameters):
    """The outer document."""

    suite: Name
    version: Literal[1]
    title: Text
    architectures: Annotated[list[Text], Field(description="run where none is named; all built-in if left out")] = []
    spaces: dict[Name, SpaceModel] = {}
    checks: Annotated[list[dict[str, Any]], Field(min_length=1)]
    min_decided: Annotated[int, Field(ge=0, description="pass or fail rows that every architecture must reach")] = 0
    expected_failures: list[ExpectationModel] = []
    allow_undecided: list[AllowanceModel] = []
    conclusions: list[ConclusionModel] = []


class ExpectationsModel(Parameters):
    """A user's own list of expected failures (`--expect`)."""

    expected_failures: Annotated[list[ExpectationModel], Field(min_length=1)]


@dataclass(frozen=True)
class Expectation:
    """Rows that a suite speaks of: by architecture, check and case, wildcards allowed, with the reason."""

    architecture: str
    check: str
    case: str
    reason: str


@dataclass(frozen=True)
class Conclusion:
    """A claim that is concluded from the rows of several checks (`conclusions.py`)."""

    claim: str
    checks: tuple[str, ...]
    architectures: tuple[str, ...]
    margin: float
    allow_undecided: str | None


@dataclass(frozen=True)
class Check:
    """One check: `parameters` are resolved plain JSON, `cases` the names of its rows. Of the suite's own `architectures` it is asked
    of those that it names; none named means all. One that the suite does not name, a user's, is asked everything."""

    id: str
    kind: str
    title: str
    claim: str | None
    parameters: Mapping[str, Any]
    cases: tuple[str, ...]
    architectures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """A checked suite. `min_decided` counts pass and fail rows of each architecture of the run; `architectures` are run where
    the user names none."""

    name: str
    version: int
    title: str
    checks: tuple[Check, ...]
    min_decided: int = 0
    expected_failures: tuple[Expectation, ...] = ()
    allow_undecided: tuple[Expectation, ...] = ()
    architectures: tuple[str, ...] = ()
    conclusions: tuple[Conclusion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data, the same for any formatting of the file; `from_json` gives the same suite back."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Suite:
        """The suite that `to_json` wrote.

        Raises:
            ValueError: the data are those of another version of orbitcheck.
        """
        try:
            return Suite._from_json(data)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(
                f"suite {data.get('name')!r} was written by another version of orbitcheck ({error})"
            ) from None

    @staticmethod
    def _from_json(data: Mapping[str, Any]) -> Suite:
        return Suite(
            **{
                **data,
                "checks": tuple(
                    Check(**{**check, "cases": tuple(check["cases"]), "architectures": tuple(check["architectures"])})
                    for check in data["checks"]
                ),
                "expected_failures": tuple(Expectation(**entry) for entry in data["expected_failures"]),
                "allow_undecided": tuple(Expectation(**entry) for entry in data["allow_undecided"]),
                "architectures": tuple(data["architectures"]),
                "conclusions": tuple(
                    Conclusion(
                        **{
                            **entry,
                            "checks": tuple(entry["checks"]),
                            "architectures": tuple(entry["architectures"]),
                        }
                    )
                    for entry in data["conclusions"]
                ),
            }
        )


def load_suite(reference: str | Path, kinds: Registry[CheckKind] = CHECK_KINDS) -> Suite:
    """The suite of a file, or a shipped one by its name.

    Raises:
        SuiteError: no such suite, a file that cannot be read, everything that is wrong with its content, or an installed
            extension that fails.
    """
    try:
        load_extensions()
    except ExtensionError as error:
        raise SuiteError([str(error)]) from None
    text = str(reference)
    if text in shipped_suites():
        path, shown = shipped_suites()[text], text
    elif Path(text).suffix in (".yaml", ".yml") or Path(text).exists():
        path, shown = Path(text), text
    else:
        raise SuiteError([f'unknown suite "{text}"{did_you_mean(text, shipped_suites())} (a file ends in .yaml)'])
    document = _read(path, shown)
    reader = _Reader(document, shown)
    suite = reader.suite(kinds)
    if reader.errors or suite is None:
        raise SuiteError(reader.sorted_errors)
    return suite


def load_expectations(path: str | Path) -> tuple[Expectation, ...]:
    """The expected failures of a user's own file.

    Raises:
        SuiteError: as `load_suite` does.
    """
    reader = _Reader(_read(Path(path), str(path)), str(path))
    model = reader.model(ExpectationsModel, reader.document.data, ())
    if reader.errors or model is None:
        raise SuiteError(reader.sorted_errors)
    return tuple(_expectation(entry) for entry in model.expected_failures)


def _read(path: Path, shown: str) -> Document:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SuiteError([f"{shown}: cannot be read: {error.strerror}"]) from None
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

    def error(self, path: tuple[str | int, ...], message: str, below: int = 0) -> None:
        """Note an error at `path`; the first `below` parts are left out of the key that is shown."""
        line, column = self.document.place(path, key=message.startswith("unknown key"))
        key = ".".join(map(str, path[below:]))
        text = f"{self.shown}:{line}:{column}: {f'{key}: ' if key else ''}{message}"
        self.errors[line, column, text] = text

    def model(self, kind: type[Any], data: Any, path: tuple[str | int, ...], below: int = 0) -> Any:
        """`data` as a model, or None once its problems are noted."""
        try:
            return parse_parameters(kind, data)
        except SuiteValueError as error:
            for place, message in error.problems:
                self.error((*path, *place), message, below)
            return None

    def suite(self, kinds: Registry[CheckKind]) -> Suite | None:
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
        ids = [check.id for check in read]
        self.names(outer, ids)
        for key in ("expected_failures", "allow_undecided"):
            for number, entry in enumerate(getattr(outer, key)):
                if not any(fnmatchcase(name, entry.check) for name in ids):
                    self.error(
                        (key, number, "check"), f'"{entry.check}" matches no check{did_you_mean(entry.check, ids)}'
                    )
        rows = sum(len(check.cases) for check in read)
        if outer.min_decided > rows:
            self.error(("min_decided",), f"{outer.min_decided} decided rows asked for, but there are {rows}")
        return Suite(
            name=outer.suite,
            version=outer.version,
            title=outer.title,
            checks=tuple(read),
            min_decided=outer.min_decided,
            expected_failures=tuple(map(_expectation, outer.expected_failures)),
            allow_undecided=tuple(map(_expectation, outer.allow_undecided)),
            architectures=tuple(outer.architectures),
            conclusions=tuple(
                Conclusion(
                    entry.claim, tuple(entry.checks), tuple(entry.architectures), entry.margin, entry.allow_undecided
                )
                for entry in outer.conclusions
            ),
        )

    def names(self, outer: SuiteModel, ids: list[str]) -> None:
        """Refuse architectures that nobody knows, and conclusions on claims or checks that are not there."""
        for number, text in enumerate(outer.architectures):
            try:
                check_reference(parse_name(text).reference)
            except (NameSyntaxError, UnknownName) as error:
                self.error(("architectures", number), str(error))
        for number, entry in enumerate(outer.conclusions):
            if entry.claim not in CLAIMS:
                message = f'unknown claim "{entry.claim}"{did_you_mean(entry.claim, CLAIMS)}'
                self.error(("conclusions", number, "claim"), message)
            for position, pattern in enumerate(entry.checks):
                if not any(fnmatchcase(name, pattern) for name in ids):
                    message = f'"{pattern}" matches no check{did_you_mean(pattern, ids)}'
                    self.error(("conclusions", number, "checks", position), message)

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
                for place, message in error.problems:
                    self.error(("spaces", name, *place), message)
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
        common = self.model(CheckModel, own, path, below=2)
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
            for place, message in error.problems:
                self.error((*path, *place), message, below=2)
            return None
        if not cases:
            self.error(path, "has no cases")
        return Check(common.id, common.kind, common.title, common.claim, resolved, cases, tuple(common.architectures))

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
