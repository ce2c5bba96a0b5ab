"""Plain YAML 1.2 scalars (core schema): one reading for suite files and for options on the command line.

YAML 1.1, which pyyaml implements, reads `1e-3` as text and `on` as a truth value; 1.2 does neither.
"""

from __future__ import annotations

import re

from .cleaning import DIGITS

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class LongNumber(ValueError):
    """A number of more digits than anything here can mean."""


def parse_scalar(text: str) -> bool | int | float | str | None:
    """The value of a plain scalar: null, true/false, integer, float, or else the text itself.

    Raises:
        LongNumber: a number of more than `DIGITS` characters.
    """
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if len(text) > DIGITS and (_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text)):
        raise LongNumber(f"a number of {len(text)} characters; at most {DIGITS} are read")
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text
