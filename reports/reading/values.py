"""Values of a run as people read them: numbers that may be text, text that may be hostile."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

NOTHING = "–"
LONGEST = 600
"""Characters of one value that a report shows; `results.json` holds the rest."""


def number(value: Any) -> float | None:
    """The float that a JSON value stands for (`"inf"`, `"-inf"`, `"nan"` are numbers that JSON has no letters for), else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and value not in ("inf", "-inf", "nan"):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]


def finite(value: Any) -> float | None:
    """As `number`, but None for what is not finite."""
    read = number(value)
    return read if read is not None and math.isfinite(read) else None


def compact(value: Any) -> str:
    """A measured number in four digits at most, as in `0.0312`, `12.5`, `3.1e-15`; infinity and NaN in words."""
    read = number(value)
    if read is None:
        return NOTHING
    if not math.isfinite(read):
        return "nan" if math.isnan(read) else "inf" if read > 0 else "-inf"
    if read == 0:
        return "0"
    if isinstance(value, int) and abs(value) < 10**15:
        return str(value)
    return f"{read:.3g}" if 1e-3 <= abs(read) < 1e4 else f"{read:.1e}"


def digits_text(value: Any) -> str:
    """Digits of separation with one decimal; far below the noise is all alike."""
    read = number(value)
    if read is None or math.isnan(read):
        return NOTHING
    if read < -9:
        return "<-9"
    return f"{read:.1f}".replace("-0.0", "0.0") if math.isfinite(read) else "inf"


def scaled(value: Any, unit: str = "") -> str:
    """A count in thousands, millions and so on: `812`, `48.1 k`, `3.2 MB`."""
    read = finite(value)
    if read is None:
        return NOTHING
    for letter in ("", "k", "M", "G", "T"):
        if abs(read) < 999.5 or letter == "T":
            return f"{read:.3g} {letter}{unit}".strip()
        read /= 1000
    raise AssertionError


def seconds_text(value: Any) -> str:
    """A duration: `0.04 s`, `12.3 s`, `3 min 20 s`, `2 h 05 min`."""
    read = finite(value)
    if read is None:
        return NOTHING
    if read < 99.95:
        return f"{read:.2f} s" if read < 9.995 else f"{read:.1f} s"
    minutes, seconds = divmod(round(read), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """`1 row`, `1,204 rows`."""
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"


def clean(value: Any) -> str:
    """Text that every format can hold: characters that no reader sees, or that move others about, become U+FFFD.

    Control characters, bidirectional overrides, lone surrogates and non-characters are illegal in XML or deceive the eye;
    line breaks and tabs stay.
    """
    text = value if isinstance(value, str) else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if _visible(letter) else "�" for letter in text.replace("\r\n", "\n").replace("\r", "\n"))


def _visible(letter: str) -> bool:
    if letter in "\n\t":
        return True
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs"):
        return False
    return (ord(letter) & 0xFFFE) != 0xFFFE and not 0xFDD0 <= ord(letter) <= 0xFDEF


def one_line(value: Any, longest: int = LONGEST) -> str:
    """`clean` text on one line, cut with an ellipsis at `longest` characters."""
    text = " ".join(clean(value).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def block(value: Any, longest: int = 4 * LONGEST) -> str:
    """`clean` text with its line breaks, cut with an ellipsis at `longest` characters."""
    text = clean(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def shown(value: Any, longest: int = LONGEST) -> str:
    """Any JSON value on one line: measured numbers compact, text as it is, the rest as JSON."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if number(value) is not None:
        return compact(value)
    if isinstance(value, str):
        return one_line(value, longest)
    return one_line(json.dumps(value, ensure_ascii=False, default=str), longest)


def facts(values: Mapping[str, Any], leave_out: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """`(name, value)` of every entry that is set, in order; the names in words."""
    hidden = set(leave_out)
    return tuple(
        (one_line(key, 60).replace("_", " "), shown(value))
        for key, value in values.items()
        if key not in hidden and value not in (None, "", [], {})
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` if it is a mapping, else an empty one: evidence is a stranger's data."""
    return value if isinstance(value, Mapping) else {}
