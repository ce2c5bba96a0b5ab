"""Tables as text: CSV that no spreadsheet executes, and LaTeX in which nothing is a command.

A cell is text, a number, a truth value or nothing; numbers keep all their digits in CSV and are rounded in LaTeX.
"""

from __future__ import annotations

import csv as writing
import io
import math
import re
from collections.abc import Callable, Sequence

from .latex_widths import POWER, number_width, width
from .reading.values import NOTHING, compact, one_line

Cell = str | int | float | bool | None
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
LONGEST = 160
"""Characters of a cell that LaTeX shows; CSV holds all of it."""
FIT, BROKEN_FIT = 345.0, 96.6
"""Points that the text of an article is wide, and of these a column whose texts are set in lines."""
SMALL_GAP, PLAIN_GAP, PLAIN = 6.0, 12.0, 1.27
"""Points between two columns, small and as they stand, and how much wider letters are that are not small."""
SMALL_LINES, PLAIN_LINES = 54, 38
"""Lines of a table that a page has room for, with a caption."""
BROKEN = r">{\raggedright\arraybackslash}p{0.28\textwidth}"
FORMULAS = {
    "phi(g v) = g phi(v)": r"$\varphi(g v) = g\,\varphi(v)$", "phi(g v) = phi(v)": r"$\varphi(g v) = \varphi(v)$",
    "e32 / e64": r"$e_{32} / e_{64}$",
}  # fmt: skip
"""What the harness itself writes of mathematics, and how papers set it."""
_FORMULA = re.compile("|".join([*map(re.escape, FORMULAS), POWER.pattern]))
_PIECE = re.compile(r"[A-Za-z0-9]{1,12}[^A-Za-z0-9]*|[^A-Za-z0-9]{1,12}", re.DOTALL)
"""What of a long word stays in one line."""
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
    that name a row; one that is longer than a page, in several tables one below the other.
    """
    right = [all(row[k] is None or _is_number(row[k]) for row in rows) for k in range(len(header))]
    wide = [max(map(_width, (name, *(row[k] for row in rows)))) for k, name in enumerate(header)]
    small = PLAIN * sum(wide) + PLAIN_GAP * len(wide) > FIT
    broken = [small and points > BROKEN_FIT for points in wide]
    looks = [BROKEN if lines else "r" if numbers else "l" for lines, numbers in zip(broken, right, strict=True)]
    parts = _parts([min(points, BROKEN_FIT) for points in wide], _key(rows)) if small else [range(len(header))]
    tables = [(part, page) for part in parts for page in _pages(rows, [k for k in part if broken[k]], small)]
    lines = [
        f"% {''.join(letter if letter.isascii() else '?' for letter in one_line(title))}; "
        f"needs \\usepackage{{booktabs{',array' if any(broken) else ''}}}"
    ]
    for number, (part, page) in enumerate(tables, 1):
        lines += [f"% part {number} of {len(tables)}"] if len(tables) > 1 else []
        lines += [r"\par\medskip"] if number > 1 else []
        lines += [r"{\scriptsize\setlength{\tabcolsep}{3pt}%"] if small else []
        lines += [
            f"\\begin{{tabular}}{{{''.join(looks[k] for k in part)}}}",
            r"\toprule",
            f"{' & '.join(_latex_cell(header[k], broken[k]) for k in part)} \\\\",
            r"\midrule",
            *(f"{' & '.join(_latex_cell(row[k], broken[k]) for k in part)} \\\\" for row in page),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        lines += [r"\par}"] if small else []
    return "\n".join(lines) + "\n"


def _width(cell: Cell) -> float:
    """Points that a cell takes where it is set small and in one line."""
    return number_width(compact(cell)) if _is_number(cell) else width(one_line(_words(cell), LONGEST))


def _key(rows: Sequence[Sequence[Cell]]) -> tuple[int, ...]:
    """Which of the first three columns name a row: the first, it and another, the other two, or all."""
    count = len(rows[0]) if rows else 0
    tried = ((0,), (0, 1), (0, 2), (1, 2))
    found = (
        key for key in tried if max(key) < count and len({tuple(row[k] for k in key) for row in rows}) == len(rows)
    )
    return next(found, tuple(range(min(3, count))))


def _parts(wide: Sequence[float], key: Sequence[int]) -> list[Sequence[int]]:
    """The columns of each part, those of the key in all of them: as few parts as there is room for, and these as equal as they come."""
    fewest = _filled(wide, key, FIT)
    rooms = (FIT * k / 40 for k in range(1, 41))
    return next(parts for parts in (_filled(wide, key, room) for room in rooms) if len(parts) == len(fewest))


def _filled(wide: Sequence[float], key: Sequence[int], room: float) -> list[Sequence[int]]:
    """Parts filled one after the other, each with one column at least beside those of the key."""
    parts: list[list[int]] = []
    for k in (k for k in range(len(wide)) if k not in key):
        if not parts or sum(wide[j] + SMALL_GAP for j in (*parts[-1], k)) > room:
            parts.append(list(key))
        parts[-1].append(k)
    return [sorted(part) for part in parts] or [list(key)]


def _pages(rows: Sequence[Sequence[Cell]], broken: Sequence[int], small: bool) -> list[list[Sequence[Cell]]]:
    """The rows in runs that a page has room for."""
    pages: list[list[Sequence[Cell]]] = [[]]
    left = room = SMALL_LINES if small else PLAIN_LINES
    for row in rows:
        # A line that is broken between words is filled to five sixths or so.
        lines = max([1, *(math.ceil(1.2 * _width(row[k]) / BROKEN_FIT) for k in broken)])
        if lines > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(row)
        left -= lines
    return pages


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _words(cell: Cell) -> str:
    """What is no number, as it is read."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "--" if cell is None or cell == "" else str(cell)


def _latex_cell(cell: Cell, broken: bool = False) -> str:
    if _is_number(cell):
        return _latex_number(compact(cell))
    if cell is None or cell == "" or isinstance(cell, bool):
        return _words(cell)
    return _set(one_line(cell, LONGEST), _breakable if broken else escaped)


def _set(text: str, plain: Callable[[str], str]) -> str:
    """Text with its formulas and powers of ten as mathematics, and the rest as `plain` sets it."""
    found, place = "", 0
    for formula in _FORMULA.finditer(text):
        found += plain(text[place : formula.start()])
        found += FORMULAS.get(formula[0]) or _latex_number(formula[0])
        place = formula.end()
    return found + plain(text[place:])


def _breakable(text: str) -> str:
    """The text escaped, with places to break in words that are wider than their column."""
    return re.sub(r"\S+|\s+", lambda word: _word(word[0]), text)


def _word(word: str) -> str:
    if width(word) <= 0.95 * BROKEN_FIT:  # widths of letters are known to a hundredth or two
        return escaped(word)
    return r"\allowbreak{}".join(map(escaped, _PIECE.findall(word)))


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
