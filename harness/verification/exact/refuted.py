"""What a statement has to meet, and numbers read from it: bounded before anything is computed from them."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

HEXADECIMAL = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-]\d{1,4}")
RATIONAL = re.compile(r"-?(0|[1-9]\d{0,4299})(/[1-9]\d{0,4299})?")
"""As many digits as Python reads without being told to."""


class Refuted(Exception):
    """A statement that does not follow; the message says which one."""


def demand(holds: object, statement: str) -> None:
    """Raises Refuted unless the statement holds."""
    if not holds:
        raise Refuted(f"does not hold: {statement}")


def index(value: Any, size: int, of: str) -> int:
    """An integer from 0 to `size - 1`; `True` is none, and -1 is no last one."""
    demand(type(value) is int and 0 <= value < size, f"{of} is an integer from 0 to {size - 1}")
    return value


def rational(text: Any) -> Fraction:
    """An integer or "numerator/denominator" in lowest terms, as `str(Fraction)` writes it."""
    demand(isinstance(text, str) and RATIONAL.fullmatch(text), "a rational is numerator/denominator, of bounded length")
    value = Fraction(text)
    demand(str(value) == text, "a rational is in lowest terms")
    return value


def floating(text: Any) -> float:
    """A finite float in hexadecimal, as Python writes it."""
    demand(isinstance(text, str) and HEXADECIMAL.fullmatch(text), "a float is in hexadecimal")
    try:
        value = float.fromhex(text)
    except OverflowError:
        value = math.inf
    demand(math.isfinite(value) and value.hex() == text, "a float is finite and exact")
    return value


def number(text: Any) -> Fraction:
    """A float in hexadecimal or a rational."""
    return Fraction(floating(text)) if isinstance(text, str) and "x" in text else rational(text)
