"""A strict reading of YAML 1.2 into plain data, with the line and column of every key and value.

A suite is data, not a program: no tags, anchors, aliases or merges, one document, no key twice, no number that is not finite.
Data are built from parser events, so an alias bomb is refused at its first anchor and never expands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..core.scalars import LongNumber, parse_scalar

LARGEST = 256 * 1024
"""Characters that a document may have."""
DEEPEST = 32
"""Levels of nesting that a document may have."""

Path = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, counted from 1."""


class YamlProblems(ValueError):
    """What is wrong with a document: `(place, message)` for everything that was found."""

    def __init__(self, problems: list[tuple[Place, str]]):
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


@dataclass
class Document:
    """Plain data and where its parts stand: the place of every value, and of the key of every entry of a mapping."""

    data: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where the value (or the key) at `path` stands, or the nearest thing above it that the document has."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))


def parse_document(text: str) -> Document:
    """The one document of `text`.

    Raises:
        YamlProblems: everything that is refused, up to the first error of syntax.
    """
    if len(text) > LARGEST:
        raise YamlProblems([((1, 1), f"{len(text)} characters; a suite has at most {LARGEST}")])
    document = Document()
    problems: list[tuple[Place, str]] = []
    try:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        _Builder(events, document, problems).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problems.append((place, f"not YAML: {error.problem or error.context}"))
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = (before.count("\n") + 1, error.position - before.rfind("\n"))
        problems.append((place, f"not YAML: character {error.character!r} is not allowed"))
    if problems:
        raise YamlProblems(problems)
    return document


class _Builder:
    """Walks parser events once; recursion is bounded by `DEEPEST`."""

    def __init__(self, events: Iterator[yaml.Event], document: Document, problems: list[tuple[Place, str]]):
        self.events, self.document, self.problems = events, document, problems

    def build(self) -> None:
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.refuse(event, "a second document; a suite is one")
                    return
                self.document.data = self.value(next(self.events), ())
        if not documents:
            self.problems.append(((1, 1), "the file is empty"))

    def refuse(self, event: yaml.Event, message: str) -> None:
        self.problems.append((_place(event), message))

    def value(self, event: yaml.Event, path: Path) -> Any:
        self.document.values[path] = _place(event)
        if isinstance(event, yaml.AliasEvent):
            self.refuse(event, f"alias *{event.anchor}; anchors and aliases are not allowed, write it out")
            return None
        assert isinstance(event, yaml.NodeEvent)
        if event.anchor is not None:
            self.refuse(event, f"anchor &{event.anchor}; anchors and aliases are not allowed, write it out")
        if getattr(event, "tag", None) is not None:
            self.refuse(event, f"tag {event.tag}; a suite is data, tags are not allowed")  # type: ignore[attr-defined]
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        if len(path) >= DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEEPEST} levels", problem_mark=event.start_mark)  # pyright: ignore[reportArgumentType]
        return self.sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self.mapping(path)

    def scalar(self, event: yaml.ScalarEvent) -> Any:
        if event.style is not None:
            return event.value
        try:
            value = parse_scalar(event.value)
        except LongNumber as error:
            self.refuse(event, str(error))
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self.refuse(event, f"{event.value} is not a finite number")
        return value

    def sequence(self, path: Path) -> list[Any]:
        entries: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            entries.append(self.value(event, (*path, len(entries))))
        return entries

    def mapping(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path)
            value_event = next(self.events)
            if key is None or key in entries:
                if key is not None:
                    self.refuse(event, f'key "{key}" stands twice in one mapping')
                self.value(value_event, (*path, object.__repr__(event)))
                continue
            self.document.keys[(*path, key)] = _place(event)
            entries[key] = self.value(value_event, (*path, key))
        return entries

    def key(self, event: yaml.Event, path: Path) -> str | None:
        """The key as text, or None once it is refused."""
        if not isinstance(event, yaml.ScalarEvent):
            self.value(event, (*path, object.__repr__(event)))
            self.refuse(event, "a key must be plain text")
            return None
        if event.style is None and event.value == "<<":
            self.refuse(event, "merge key <<; write the entries out")
            return None
        if event.tag is not None or event.anchor is not None:
            self.value(event, (*path, object.__repr__(event)))
            return None
        return event.value


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
