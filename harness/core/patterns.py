"""Which rows an entry is about: one pattern for expected failures, allowances, conclusions and the gate.

A pattern has three parts, architecture, check and case. In each `*` stands for any text and `?` for one character; nothing else
is special, since names hold brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

WILDCARDS = "*?"


class Row(Protocol):
    """What a pattern reads of a row that is to be (a cell) or that was measured (a result)."""

    @property
    def architecture(self) -> str: ...
    @property
    def check(self) -> str: ...
    @property
    def case(self) -> str: ...


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text is what the pattern says."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def fits_architecture(pattern: str, name: str) -> bool:
    """Whether the pattern says the full name, or the name without its options: `dws` and `dws[depth=5]` both fit `dws[depth=5]`."""
    return fits(pattern, name) or fits(pattern, name.partition("[")[0])


@dataclass(frozen=True)
class RowPattern:
    """The rows whose architecture, check and case fit, each its part."""

    architecture: str
    check: str
    case: str

    def matches(self, row: Row) -> bool:
        """Whether the pattern speaks of this row."""
        return (
            fits(self.check, row.check)
            and fits_architecture(self.architecture, row.architecture)
            and fits(self.case, row.case)
        )

    @property
    def is_exact(self) -> bool:
        """Whether no part has a wildcard."""
        return not set(WILDCARDS) & set(self.architecture + self.check + self.case)

    @property
    def place(self) -> str:
        """`architecture / check / case`, as rows are shown."""
        return f"{self.architecture} / {self.check} / {self.case}"


def parse_pattern(text: str) -> RowPattern:
    """Read `ARCHITECTURE`, `ARCHITECTURE / CHECK` or `ARCHITECTURE / CHECK / CASE`; a part that is left out is any.

    Raises:
        ValueError: more parts, or an empty one.
    """
    parts = [part.strip() for part in text.split(" / ")]
    if len(parts) > 3 or not all(parts):
        raise ValueError(f"pattern {text[:80]!r} does not read as ARCHITECTURE / CHECK / CASE")
    return RowPattern(*(parts + ["*"] * (3 - len(parts))))
