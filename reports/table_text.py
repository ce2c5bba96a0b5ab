"""Tables as text: CSV that no spreadsheet executes, and LaTeX in which nothing is a command.

A cell is text, a number, a truth value or nothing; numbers keep all their digits in CSV and are rounded in LaTeX.
"""

from __future__ import annotations

import csv as writing
import io
import math
from collections.abc import Sequence

from .reading.values import NOTHING, compact, one_line

Cell = str | int | float | bool | None
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
LONGEST = 160
"""Characters of a cell that LaTeX shows; CSV holds all of it."""
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"{\ttfamily\char34}", "'": r"{\ttfamily\char39}", "`": r"\textasciigrave{}",
    "-": "-{}", "[": "{[}", "]": "{]}", "*": "{*}", ",": ",{}", "?": "?{}", "!": "!{}",
    "–": "--", "—": "---", "…": r"\ldots{}", "−": "$-$", "×": r"$\times$", "²": "$^2$", "\u2060": "",
}  # fmt: skip


def csv(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """RFC 4180 with line feeds, UTF-8; text that would begin a formula gets an apostrophe in front."""
    buffer = io.StringIO()
    out = writing.writer(buffer, lineterminator="\n")
    out.writerow([_csv_cell(name) for name in header])
    out.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return repr(cell) if isinstance(cell, int) or math.isfinite(cell) else f"{cell}"
    text = one_line(cell, 100_000)
    return f"'{text}" if text.startswith(FORMULA) else text


def latex(title: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A `tabular` in the manner of booktabs; columns of numbers are set flush right."""
    right = [all(row[k] is None or _is_number(row[k]) for row in rows) for k in range(len(header))]
    lines = [
        f"% {''.join(letter if letter.isascii() else '?' for letter in one_line(title))}; needs \\usepackage{{booktabs}}",
        f"\\begin{{tabular}}{{{''.join('r' if numbers else 'l' for numbers in right)}}}",
        r"\toprule",
        f"{' & '.join(_latex_cell(name) for name in header)} \\\\",
        r"\midrule",
        *(f"{' & '.join(_latex_cell(cell) for cell in row)} \\\\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _latex_cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "--"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return _latex_number(compact(cell))
    return escaped(one_line(cell, LONGEST))


def _latex_number(text: str) -> str:
    mantissa, power, exponent = text.partition("e")
    if power:
        return f"${mantissa} \\cdot 10^{{{int(exponent)}}}$"
    return f"${text}$" if text.startswith("-") else text.replace(NOTHING, "--")


def escaped(text: str) -> str:
    """The text as LaTeX prints it, in any of its engines; letters that not all of them have become their code points."""
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if letter.isascii() or ("À" <= letter <= "ž" and letter not in "×÷"):
        return letter
    return f"[U+{ord(letter):04X}]".replace("[", "{[}").replace("]", "{]}")
