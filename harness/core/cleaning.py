"""Data from outside as plain JSON that nothing trips over: bounded, without surrogates and control characters.

What a file, a worker or a plug-in hands over may be anything. `parsed` reads text, `cleaned` takes data; both give the same plain
data for the same content, or one line that says what is wrong.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

DEPTH = 64
"""Levels of lists and objects; no row of ours has half as many."""
DIGITS = 400
"""Of a number; floats end at 309 and no count comes near."""
TEXT = 2048
"""Characters of a plug-in's own text that a row or a description keeps."""
LARGEST = 1 << 30
"""Bytes of a file."""
LONGEST_LINE = 2000
"""Characters of a line that is said."""
UNWANTED = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters but line breaks and tabs, line separators, marks of direction, surrogates; as a class of characters."""
SUSPECT = re.compile(rf"\\[ubfr]|[{UNWANTED}]|[\[{{][\s\[{{]{{64}}")
"""What a text holds at the least if it is not clean: an escape, such a character, or brackets upon brackets."""

_UNWANTED = re.compile(f"[{UNWANTED}]")


class BorderError(ValueError):
    """Data from outside that cannot be read; the message is one line."""


def content_of(path: Path, most: int = LARGEST) -> bytes:
    """The content of a file, or of what a pipe says, of at most so many bytes.

    Raises:
        OSError: it cannot be read.
        BorderError: it is a device, or has more bytes.
    """
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        if stat.S_ISCHR(about.st_mode) or stat.S_ISBLK(about.st_mode):
            raise BorderError("a device, and no file")
        found = file.read(most + 1) if about.st_size <= most else b""
    if about.st_size > most or len(found) > most:
        raise BorderError(f"more than {most:,} bytes")
    return found


def parsed(text: str | bytes) -> Any:
    """The JSON value of a text, cleaned.

    Raises:
        BorderError: not JSON, a key twice, numbers that JSON has not or that are absurdly long, or nested too deeply.
    """
    if len(text) > LARGEST:
        raise BorderError(f"{len(text)} bytes; at most {LARGEST} are read")
    try:
        text = text if isinstance(text, str) else text.decode()
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_integer)
        return cleaned(data) if SUSPECT.search(text) else data
    except RecursionError:
        raise BorderError("nested too deeply") from None
    except BorderError:
        raise
    except ValueError as error:  # bytes that are no text, too
        raise BorderError(f"no JSON ({' '.join(str(error).split())})") from None


def cleaned(value: Any, depth: int = DEPTH) -> Any:
    """Plain JSON data with text that any encoding and terminal takes.

    Raises:
        BorderError: data that JSON has not, or nested too deeply.
    """
    if depth < 0:
        raise BorderError(f"nested more than {DEPTH} levels deep")
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**DIGITS else _too_long()
    if isinstance(value, str):
        return cleaned_text(value)
    if isinstance(value, Mapping):
        return {cleaned_text(str(key)): cleaned(entry, depth - 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(entry, depth - 1) for entry in value]
    raise BorderError(f"{type(value).__name__} is no JSON data")


def cleaned_text(text: str) -> str:
    """Line breaks and tabs stay; every unwanted character becomes U+FFFD."""
    return _UNWANTED.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """A line for a terminal or a job's log that is one line there: no control characters, of bounded length, and no command to GitHub.

    GitHub's runner obeys `##[command]` in the middle of a line, too; a joiner, which nobody sees, is put into it.
    """
    plain = " ".join(cleaned_text(text).splitlines()).replace("\t", " ").replace("##[", "##\N{WORD JOINER}[")
    head, tail = longest * 3 // 4, longest // 8
    return plain if len(plain) <= longest else f"{plain[:head]} [{len(plain) - head - tail} characters] {plain[-tail:]}"


def shortened(text: str) -> str:
    """At most `TEXT` characters, which is more than anybody reads of what a plug-in says."""
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}\N{HORIZONTAL ELLIPSIS}"


def bounded(value: Any) -> Any:
    """Plain data whose texts are shortened."""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, dict):
        return {key: bounded(entry) for key, entry in value.items()}
    return [bounded(entry) for entry in value] if isinstance(value, list) else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BorderError(f"the key {twice[:60]!r} is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise BorderError(f"{name} is no JSON number")


def _integer(text: str) -> int:
    return int(text) if len(text) <= DIGITS else _too_long()


def _too_long() -> NoReturn:
    raise BorderError(f"a number of more than {DIGITS} digits")
