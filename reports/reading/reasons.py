"""Why rows do not count, without what is theirs alone: one reason is one, of whichever network, space and measured number."""

from __future__ import annotations

import re

from ...harness.core.result import Result
from .values import one_line

ANY = "…"
_MEASURED = re.compile(r"(?<![\w.])-?(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+)(?![\w.])")
_OPENING = re.compile(r"(?<!\w)[A-Za-z_]\w*\((?=\w+[\[=,]|\()")
_READ_OUT = "; read out: "
"""What follows is said of the second network that a row would have built, after the first was refused."""


def reason_of(row: Result) -> str:
    """A row's reason with `…` for spaces and measured numbers, and `it` for its network:
    `unsupported: it reads the weights of MLPs only, not …`. What a suite declares is told as it is written."""
    if row.declared:
        return one_line(row.declared)
    told = _MEASURED.sub(ANY, _without_spaces(one_line(row.reason).partition(_READ_OUT)[0]))
    name = re.escape(one_line(row.architecture.partition("[")[0]))
    return re.sub(rf"(?<![\w-])(?:this architecture|{name})(?![\w-])", "it", told)


def _without_spaces(text: str) -> str:
    """Every call such as `mlp(2, 5, 1, activation='relu')` as `…`, to its closing bracket."""
    while found := _OPENING.search(text):
        depth, end = 1, found.end()
        while end < len(text) and depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        text = text[: found.start()] + ANY + text[end:]
    return text
