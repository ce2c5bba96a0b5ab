"""How wide LaTeX sets a text: in points, in the letters of an article's `\\scriptsize` (Computer Modern at 7 pt); rounded up."""

from __future__ import annotations

import re

_CLASSES = {
    2.3: "!',.:;[]`il|", 2.5: "fj ", 2.7: "-", 2.9: "I", 3.2: "()rst", 3.6: "cez", 4.0: '"$*/0123456789\\ago{}?–²', 4.1: "J",
    4.2: "kqvxy", 4.5: "Sbdhnpu", 4.9: "LZ^~", 5.4: "EFP", 5.8: "BCTw", 5.9: "AHNRUVXY", 6.2: "&+<=>@DGKOQ_−×", 6.6: "#%m", 7.2: "M",
    8.1: "W—", 9.4: "…", 0.0: "\u2060",
}  # fmt: skip
_WIDTHS = {letter: width for width, letters in _CLASSES.items() for letter in letters}
LATIN, DIGIT, MINUS = 6.6, 4.0, 6.2
"""Of an accented letter at most, of a digit, and of a minus in mathematics."""
TIMES_TEN = 14.4
"""Of the point and the ten in 1.5 · 10^-16, with the spaces around the point."""
POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d{1,3})(?!\w)")
"""A power of ten as numbers are written, which LaTeX gets as mathematics."""


def width(text: str) -> float:
    """Of the text as a cell prints it; letters that become their code points take as much as those."""
    powers = sum(_power(found[2]) for found in POWER.finditer(text))
    return powers + sum(map(_letter, POWER.sub(r"\1", text)))


def number_width(text: str) -> float:
    """Of a number alone, whose minus is one of mathematics."""
    return width(text.removeprefix("-")) + (MINUS if text.startswith("-") else 0.0)


def _power(exponent: str) -> float:
    digits = str(int(exponent))
    return TIMES_TEN + sum(MINUS if letter == "-" else DIGIT for letter in digits)


def _letter(letter: str) -> float:
    found = _WIDTHS.get(letter)
    if found is not None:
        return found
    return LATIN if "À" <= letter <= "ž" else sum(map(_letter, f"[U+{ord(letter):04X}]"))
