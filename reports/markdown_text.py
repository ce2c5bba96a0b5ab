"""Text, names and tables as GitHub-flavoured Markdown in which nothing from outside means anything.

Names from outside stand in code spans, where nothing is a tag, a mention, a link or a heading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from .reading.values import NOTHING, one_line, plural

REST = "results.json and report.html hold all of it"
_PLAIN = re.compile(r"[A-Za-z0-9 ,;:()=+%/'\"?.-]|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])|[^\x00-\x7f]")
_LIVE = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=[\w/+-])|(?<=www)(?=\.)", re.IGNORECASE)
_OPENING = re.compile(r"[^A-Za-z0-9]|\d+(?=[.)](?:\s|$))")
"""What could open a block where a line begins: a list, a heading, a rule, a number with its point and a space behind."""
JOINER = "\u2060"


def size(lines: Iterable[str]) -> int:
    """Bytes of the lines with their line breaks."""
    return sum(len(line.encode()) + 1 for line in lines)


def code(value: object, longest: int = 80) -> str:
    """`value` as a code span that holds in a table too: nothing in it is Markdown, HTML or a mention.

    Text with a back-tick or a pipe, which a span in a table cannot carry, becomes a `<code>` element of character references.
    """
    shown_text = one_line(value, longest)
    if not shown_text:
        return NOTHING
    if "`" in shown_text or "|" in shown_text or "\\" in shown_text:
        return f"<code>{_references(_LIVE.sub(JOINER, shown_text))}</code>"
    return f"`{shown_text}`"


def text(value: object, longest: int = 300) -> str:
    """`value` as running text: whatever could mean something to Markdown or HTML becomes a character reference.

    Mentions, issue numbers, addresses and emoji names are found in the rendered text, where references no longer show, so
    those signs are parted from their word by a word joiner.
    """
    plain = _LIVE.sub(JOINER, one_line(value, longest))
    opening = _OPENING.match(plain)
    if opening is None or not opening[0].isascii():
        return _references(plain)
    return "".join(f"&#{ord(letter)};" for letter in opening[0]) + _references(plain[opening.end() :])


def _references(plain: str) -> str:
    return "".join(letter if _PLAIN.match(plain, place) else f"&#{ord(letter)};" for place, letter in enumerate(plain))


def fence(lines: Sequence[str]) -> list[str]:
    """A fenced block longer than any run of back-ticks inside."""
    inside = [one_line(line, 1000) for line in lines]
    longest = max((len(run) for line in inside for run in re.findall("`+", line)), default=0)
    bar = "`" * max(3, longest + 1)
    return [f"{bar}text", *inside, bar]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int], share: int) -> list[str]:
    """An aligned table of at most `share` bytes; rows that do not fit are counted below it.

    Args:
        header, rows: finished Markdown.
        right: columns of numbers.
    """
    numbers = set(right)
    kept = list(rows)
    while True:
        lines = _aligned(header, kept, numbers)
        if size(lines) <= share or not kept:
            break
        kept = kept[: max(0, min(len(kept) - 1, len(kept) * share // size(lines)))]
    if len(kept) < len(rows):
        lines = (lines if kept else []) + ["", f"… and {plural(len(rows) - len(kept), 'more row')}; {REST}."]
    return [*lines, ""]


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int]) -> list[str]:
    widths = [max(3, *(width(line[column]) for line in [header, *rows])) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            " " * (wide - width(cell)) + cell if column in numbers else cell + " " * (wide - width(cell))
            for column, (cell, wide) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = ("-" * (wide - 1) + ":" if column in numbers else "-" * wide for column, wide in enumerate(widths))
    return [line(header), f"| {' | '.join(rule)} |", *map(line, rows)]


def width(cell: str) -> int:
    """Columns that the text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(letter) or letter == JOINER
        else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in cell
    )  # fmt: skip
