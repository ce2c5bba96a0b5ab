"""Tables as text: CSV that no spreadsheet executes, and LaTeX in which nothing is a command.

A cell is text, a number, a truth value or nothing; numbers keep all their digits in CSV and are rounded in LaTeX.
"""

from __future__ import annotations

import csv as writing
import io
import math
import re
from collections.abc import Sequence

from .reading.values import NOTHING, compact, one_line

Cell = str | int | float | bool | None
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
LONGEST = 160
"""Characters of a cell that LaTeX shows; CSV holds all of it."""
PLAIN, FIT, LONG = 62, 94, 28
"""Letters that the 345 pt of an article's text are wide, as they stand and set small; and those of a column that is not broken."""
BROKEN = r">{\raggedright\arraybackslash}p{0.28\textwidth}"
FORMULAS = {
    "phi(g v) = g phi(v)": r"$\varphi(g v) = g\,\varphi(v)$", "phi(g v) = phi(v)": r"$\varphi(g v) = \varphi(v)$",
    "e32 / e64": r"$e_{32} / e_{64}$",
}  # fmt: skip
"""What the harness itself writes of mathematics, and how papers set it."""
_POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d{1,3})(?!\w)")
_FORMULA = re.compile("|".join([*map(re.escape, FORMULAS), _POWER.pattern]))
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
    """A `tabular` in the manner of booktabs, no wider than a page; columns of numbers are set flush right.

    A table that is wider is set small, its long texts in lines, and where that is not enough in several parts, each with the columns
    that name a row.
    """
    right = [all(row[k] is None or _is_number(row[k]) for row in rows) for k in range(len(header))]
    wide = [max(map(_letters, (name, *(row[k] for row in rows)))) for k, name in enumerate(header)]
    small = sum(wide) + 2 * len(wide) > PLAIN
    broken = [letters > LONG for letters in wide]
    looks = [BROKEN if lines else "r" if numbers else "l" for lines, numbers in zip(broken, right, strict=True)]
    parts = _parts([min(letters, LONG) for letters in wide], _key(rows)) if small else [range(len(header))]
    lines = [
        f"% {''.join(letter if letter.isascii() else '?' for letter in one_line(title))}; "
        f"needs \\usepackage{{booktabs{',array' if any(broken) else ''}}}"
    ]
    for number, part in enumerate(parts, 1):
        lines += [f"% part {number} of {len(parts)}"] if len(parts) > 1 else []
        lines += [r"{\scriptsize\setlength{\tabcolsep}{3pt}%"] if small else []
        lines += [
            f"\\begin{{tabular}}{{{''.join(looks[k] for k in part)}}}",
            r"\toprule",
            f"{' & '.join(_latex_cell(header[k]) for k in part)} \\\\",
            r"\midrule",
            *(f"{' & '.join(_latex_cell(row[k]) for k in part)} \\\\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        lines += [r"\par}"] if small else []
    return "\n".join(lines) + "\n"


def _letters(cell: Cell) -> int:
    """About how many letters a cell takes; a power of ten is wider than it is written."""
    if not isinstance(cell, float):
        return len(one_line(cell, LONGEST))
    text = compact(cell)
    return len(text) + 4 * ("e" in text)


def _key(rows: Sequence[Sequence[Cell]]) -> int:
    """How many of the first columns name a row, three at most."""
    return next((k for k in (1, 2) if len({tuple(row[:k]) for row in rows}) == len(rows)), 3)


def _parts(wide: Sequence[int], key: int) -> list[Sequence[int]]:
    """The columns of each part, the first `key` in all of them."""
    parts: list[list[int]] = [list(range(min(key, len(wide))))]
    for k in range(key, len(wide)):
        if sum(wide[j] + 2 for j in (*parts[-1], k)) > FIT and len(parts[-1]) > key:
            parts.append(list(range(key)))
        parts[-1].append(k)
    return [*parts]


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _latex_cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "--"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return _latex_number(compact(cell))
    return _set(one_line(cell, LONGEST))


def _set(text: str) -> str:
    """Text with its formulas and powers of ten as mathematics."""
    found, place = "", 0
    for formula in _FORMULA.finditer(text):
        found += escaped(text[place : formula.start()])
        found += FORMULAS.get(formula[0]) or _latex_number(formula[0])
        place = formula.end()
    return found + escaped(text[place:])


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
