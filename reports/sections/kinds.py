"""What the columns of a section hold, and how people read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..reading.outcomes import CONCLUSION_STATUSES, Tally
from ..reading.values import NOTHING, compact, digits_text, finite, one_line, scaled, seconds_text, shown

HTML, MARKDOWN, CSV, LATEX = FORMS = ("html", "markdown", "csv", "latex")
DATA, ALL_BUT_MARKDOWN, ALL_BUT_HTML = (CSV, LATEX), (HTML, CSV, LATEX), (MARKDOWN, CSV, LATEX)


@dataclass(frozen=True)
class Kind:
    """What the values of a column are.

    Args:
        words: a value as people read it, on one line; None and "" read as a dash.
        number: set flush right, sorted by value, and raw in CSV.
    """

    name: str
    words: Callable[[Any], str] = lambda value: one_line(value)
    number: bool = False


def _three(value: float) -> str:
    """Three digits, two of them behind the point at most: `182`, `44.4`, `3.24`, `0.07`."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _percent(value: Any) -> str:
    read = finite(value)
    return NOTHING if read is None else f"{100 * read:.4g} %"


TEXT, CODE, ANY = Kind("text"), Kind("code"), Kind("any", shown)
"""Words; a name that is given verbatim; any JSON value."""
INTEGER = Kind("integer", lambda value: f"{value:,}", True)
NUMBER, DIGITS = Kind("number", compact, True), Kind("digits", digits_text, True)
PERCENT, SHARE = Kind("percent", _percent, True), Kind("share", _percent, True)
"""A share of one; `SHARE` draws a bar beside it."""
SECONDS, SCALED, BYTES = (
    Kind("seconds", seconds_text, True), Kind("scaled", scaled, True), Kind("bytes", lambda value: scaled(value, "B"), True),
)  # fmt: skip
MILLISECONDS = Kind("milliseconds", lambda value: f"{_three(1000 * value)} ms", True)
FACTS = Kind("facts", lambda value: "; ".join(f"{name}: {text}" for name, text in value))
"""`(name, value)` pairs, folded away in HTML."""


@dataclass(frozen=True)
class Badge:
    """A status, and the word that says it."""

    status: str
    word: str


@dataclass(frozen=True)
class Cell:
    """What rows of one subject come to, in a table with a column for each.

    Args:
        tally: the rows by status; shown itself where `main` is empty.
        main: what was measured, in a few letters.
        small: further lines.
        hint: all of it in a line, for whoever points at the cell.
        brief: `main` where it stands alone, in Markdown.
        sign: what the page shows in place of `main` and `small`, where its columns are narrow.
        heat: step of the colour scale, 0 to 5; None without a scale.
        group: `(architecture, suite, check)`, whose failures the cell leads to.
    """

    tally: Tally
    main: str = ""
    small: tuple[str, ...] = ()
    hint: str = ""
    brief: str = ""
    sign: str = ""
    heat: int | None = None
    group: tuple[str, str, str] | None = None

    @property
    def words(self) -> str:
        if self.main and self.tally.worst == "not-applicable":
            return "n/a"
        told = [self.main, f"({', '.join(self.small)})" if self.small else ""]
        return " ".join(part for part in told if part) or self.tally.words

    @property
    def figure(self) -> str:
        """What was measured alone; all of it where a row is red."""
        return self.main if self.main and not self.tally.red and self.tally.worst != "not-applicable" else self.words


@dataclass(frozen=True)
class Part:
    """A part of a bar: how it is drawn (`seen`, `kept`, `broken`, `unclear`, `rest` or `absent`), and its size."""

    look: str
    size: float


@dataclass(frozen=True)
class Bar:
    """Parts of a whole, drawn side by side with the words that say them; `share` is what rows are sorted by."""

    parts: tuple[Part, ...]
    words: str
    share: float
    broken: bool = False

    @property
    def widths(self) -> tuple[tuple[str, float], ...]:
        """Look and per cent of each part that has any."""
        whole = sum(part.size for part in self.parts)
        return tuple((part.look, round(100 * part.size / whole, 2)) for part in self.parts if part.size > 0)


def badge(value: str | Badge) -> Badge:
    return value if isinstance(value, Badge) else Badge(value, CONCLUSION_STATUSES[value].word)


BADGE = Kind("badge", lambda value: badge(value).word)
"""The name of a status, or a `Badge`."""
BAR = Kind("bar", lambda value: value.words)
"""A `Bar`: drawn on the page, its words elsewhere."""
TALLY = Kind("tally", lambda value: value.words)
"""Rows by status: a `Tally`; a column for each status in CSV and LaTeX."""
CELLS = Kind("cells")
"""A mapping name -> `Cell`: a column for each name."""
CELL = Kind("cell", lambda value: value.words)


class Place(Enum):
    """Where a column stands in HTML; the other forms give each column its own place."""

    CELL = "cell"
    BENEATH = "beneath"
    """In small letters below the column before."""
    SPAN = "span"
    """Once for all rows in a row that have the same value here."""
    HEADING = "heading"
    """In a line of its own above such rows."""


BENEATH, SPAN, HEADING = Place.BENEATH, Place.SPAN, Place.HEADING
