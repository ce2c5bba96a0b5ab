"""Plain data out of a small, safe YAML, with the line and column of every key and value.

YAML 1.2 core scalars (`scalars.py`) in block and flow collections, and nothing else: anchors, aliases, merge keys and tags are
refused, so that a file says what it says and its reading costs no more than its length. Built from the parser's events: a
node is never shared, a class never constructed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from .scalars import parse_scalar

Path = tuple[str | int, ...]
"""Keys and positions from the document's root to a value."""
DEPTH, NODES = 32, 10_000
"""Collections inside collections, and values in all: past these no suite is meant."""
_LARGEST = 2**63
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, order=True)
class Mark:
    """Where something stands, both counted from 1."""

    line: int = 1
    column: int = 1


@dataclass
class Marked:
    """A document as plain data, and where its parts stand.

    Args:
        data: mappings, lists, text, numbers, truth values and None.
        keys: path -> the mark of the key itself, for values in mappings.
        values: path -> the mark of the value.
        problems: what is wrong with the YAML alone, where the rest could still be read.
        broken: paths whose value is not what the author meant, because of a problem above.
        incomplete: paths of mappings that lack an entry for the same reason.
    """

    data: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    problems: list[tuple[Mark, str]] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)
    incomplete: set[Path] = field(default_factory=set)


class YamlError(ValueError):
    """A text that cannot be read to its end; `problems` are all that were seen, the last being the one that ended it."""

    def __init__(self, *problems: tuple[Mark, str]):
        super().__init__("; ".join(f"{mark.line}:{mark.column}: {message}" for mark, message in problems))
        self.problems = problems


def read_yaml(text: str) -> Marked:
    """The one document of `text`.

    Raises:
        YamlError: a syntax error, no document or several, or one that is too deep or too large.
    """
    reader = _Reader(text)
    try:
        reader.document()
    except _Fatal as error:
        raise YamlError(*reader.marked.problems, (error.mark, str(error))) from None
    return reader.marked


class _Fatal(Exception):
    def __init__(self, mark: Mark, message: str):
        super().__init__(message)
        self.mark = mark


class _Reader:
    """One pass over the events of a text."""

    def __init__(self, text: str):
        self.marked = Marked()
        self._events = _events(text)
        self._nodes = 0

    def document(self) -> None:
        next(self._events)  # the stream's start
        if isinstance(event := next(self._events), yaml.StreamEndEvent):
            raise _Fatal(Mark(), "the file is empty")
        self.marked.data = self._value(next(self._events), ())
        next(self._events)  # the document's end
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            raise _Fatal(_mark(event), "a second document begins here; a file holds one")

    def _report(self, event: yaml.Event, message: str, broken: Path | None = None) -> None:
        self.marked.problems.append((_mark(event), message))
        if broken is not None:
            self.marked.broken.add(broken)

    def _value(self, event: Any, path: Path) -> Any:
        """The value that begins with `event`, to its end."""
        self._nodes += 1
        if self._nodes > NODES:
            raise _Fatal(_mark(event), f"more than {NODES} values")
        if len(path) > DEPTH:
            raise _Fatal(_mark(event), f"nested deeper than {DEPTH} levels")
        self.marked.values.setdefault(path, _mark(event))
        if isinstance(event, yaml.AliasEvent):
            self._report(event, f"alias *{event.anchor}: aliases are not allowed; write the value out", path)
            return None
        if event.anchor is not None:
            self._report(event, f"anchor &{event.anchor}: anchors are not allowed; write the value out where it is needed")
        if event.tag is not None:
            self._report(event, f"tag {event.tag}: tags are not allowed; a suite is data, not code", path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._scalar(event, path)

    def _list(self, path: Path) -> list[Any]:
        entries: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            entries.append(self._value(event, (*path, len(entries))))
        return entries

    def _mapping(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key is None:
                self.marked.incomplete.add(path)
                self._value(next(self._events), (*path, "", ""))
            elif key in entries:
                first = self.marked.keys[*path, key]
                self._report(event, f'key "{key}" is set twice; the first time on line {first.line}')
                self._value(next(self._events), (*path, key, ""))
            else:
                self.marked.keys[*path, key] = _mark(event)
                entries[key] = self._value(next(self._events), (*path, key))
        return entries

    def _key(self, event: Any, path: Path) -> str | None:
        """The text of a key, or None where it is refused."""
        if isinstance(event, yaml.ScalarEvent) and event.style is None and event.value == "<<":
            self._report(event, "merge keys (<<) are not allowed; write the keys out")
            return None
        key = self._value(event, (*path, "", ""))
        if isinstance(event, yaml.AliasEvent):
            return None
        if not isinstance(key, str):
            kind = "a list or a mapping" if isinstance(key, list | dict) else f"the value {key!r}"
            self._report(event, f"a key is {kind}; keys are text, in quotes if need be")
            return None
        return key

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Any:
        if found := _UNPRINTABLE.search(event.value):
            self._report(event, f"character U+{ord(found[0]):04X} is not allowed in text", path)
            return ""
        if event.style is not None:
            return event.value
        try:
            value = parse_scalar(event.value)
        except ValueError:  # Python refuses thousands of decimal digits
            value = _LARGEST
        if isinstance(value, int) and abs(value) >= _LARGEST:
            self._report(event, "integers have at most 64 bits", path)
            return 0
        if isinstance(value, float) and not math.isfinite(value):
            self._report(event, f"number {event.value} is not finite", path)
            return 0.0
        return value


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _events(text: str) -> Iterator[Any]:
    """The parser's events; every way in which it gives up is a `_Fatal`."""
    last = Mark()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            last = _mark(event)
            yield event
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        mark = Mark(before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
        raise _Fatal(mark, f"character U+{int(error.character):04X} is not allowed") from None
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(place.line + 1, place.column + 1) if place else last
        raise _Fatal(mark, _in_words(error)) from None
    except (ValueError, OverflowError) as error:  # an escape past the last character, a version of a thousand digits
        raise _Fatal(last, f"cannot be read beyond this point: {error}") from None


def _in_words(error: yaml.MarkedYAMLError) -> str:
    problem, context = error.problem or "not YAML", error.context
    if "'\\t'" in problem:
        return "a tab stands where YAML allows spaces only"
    return f"{problem} ({context})" if context else problem
