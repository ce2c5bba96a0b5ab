"""Run -> Markdown for a pull request: within GitHub's limit, aligned to be read as plain text too.

Names from outside stand in code spans, where nothing is a tag, a mention, a link or a heading. Each section has its share of
the limit; what does not fit is counted, never dropped in silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from ..harness.core.result import Run
from .approximation import expressivity_map
from .conclusions import CONCLUSION_STATUSES, conclusions
from .controls import controls, planted
from .details import red_groups
from .exhaustive import BankCell, bank_table
from .outcomes import STATUSES, headline, is_red, problems_of, tally
from .separation import pair_table
from .summary import architecture_names, asides, check_rows, costs, environment, ledger, subjects, verdicts
from .values import compact, digits_text, mapping, one_line, plural, seconds_text, shown

LIMIT = 65_000
"""Bytes of UTF-8; GitHub takes 65,536 characters of a comment."""
SHARES = {
    "problems": 4_000, "notes": 2_000, "verdicts": 8_000, "checks": 8_000, "separation": 7_000, "expressivity": 4_000, "claims": 4_000,
    "conclusions": 3_000, "expected": 3_000, "not-applicable": 3_000, "cost": 2_500, "run": 3_000, "exhaustive": 2_000,
    "controls": 2_500, "planted": 3_500,
}  # fmt: skip
REST = "results.json and report.html hold all of it"
_PLAIN = re.compile(r"[A-Za-z0-9 ,;:()=+%/'\"?.-]|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])|[^\x00-\x7f]")
_LIVE = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=[\w/+-])|(?<=www)(?=\.)", re.IGNORECASE)
_OPENING = re.compile(r"[^A-Za-z0-9]|\d+(?=[.)](?:\s|$))")
"""What could open a block where a line begins: a list, a heading, a rule, a number with its point and a space behind."""
JOINER = "\u2060"


def markdown(run: Run) -> str:
    """The report as GitHub-flavoured Markdown; the same run gives the same text."""
    mark = "✗" if is_red(run) else "✓"
    head = [f"# {mark} orbitcheck: {text(headline(run))}", "", _counts(run), ""]
    before = [
        *_listing("Problems of the run", [text(problem) for problem in problems_of(run)], SHARES["problems"]),
        *_listing("Verdicts", _verdicts(run), SHARES["verdicts"]),
        *_checks(run),
        *_separation(run),
        *_banks(run),
        *_expressivity(run),
    ]
    after = [
        *_claims(run),
        *_conclusions(run),
        *_asides(run),
        *_controls(run),
        *_cost(run),
        *_notes(run),
        *_run(run),
        "",
        _legend(),
    ]
    used = size([*head, *before, *after])
    return "\n".join([*head, *before, *_failures(run, LIMIT - used), *after]) + "\n"


def size(lines: Iterable[str]) -> int:
    """Bytes of the lines with their line breaks."""
    return sum(len(line.encode()) + 1 for line in lines)


def code(value: object, longest: int = 80) -> str:
    """`value` as a code span that holds in a table too: nothing in it is Markdown, HTML or a mention.

    Text with a back-tick or a pipe, which a span in a table cannot carry, becomes a `<code>` element of character references.
    """
    shown_text = one_line(value, longest)
    if not shown_text:
        return "–"
    if "`" in shown_text or "|" in shown_text or "\\" in shown_text:
        return f"<code>{_references(_LIVE.sub(JOINER, shown_text))}</code>"
    return f"`{shown_text}`"


def text(value: object, longest: int = 300) -> str:
    """`value` as running text: whatever could mean something to Markdown or HTML becomes a character reference.

    Mentions, issue numbers, addresses and emoji names are found in the rendered text, where references no longer show, so
    those signs are parted from their word by a word joiner.
    """
    plain = _LIVE.sub(JOINER, one_line(value, longest))
    opening = _OPENING.match(plain)
    if opening is None or not opening[0].isascii():
        return _references(plain)
    return "".join(f"&#{ord(letter)};" for letter in opening[0]) + _references(plain[opening.end() :])


def _references(plain: str) -> str:
    return "".join(letter if _PLAIN.match(plain, place) else f"&#{ord(letter)};" for place, letter in enumerate(plain))


def fence(lines: Sequence[str]) -> list[str]:
    """A fenced block longer than any run of back-ticks inside."""
    inside = [one_line(line, 1000) for line in lines]
    longest = max((len(run) for line in inside for run in re.findall("`+", line)), default=0)
    bar = "`" * max(3, longest + 1)
    return [f"{bar}text", *inside, bar]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int], share: int) -> list[str]:
    """An aligned table of at most `share` bytes; rows that do not fit are counted below it.

    Args:
        header, rows: finished Markdown.
        right: columns of numbers.
    """
    numbers = set(right)
    kept = list(rows)
    while True:
        lines = _aligned(header, kept, numbers)
        if size(lines) <= share or not kept:
            break
        kept = kept[: max(0, min(len(kept) - 1, len(kept) * share // size(lines)))]
    if len(kept) < len(rows):
        lines = (lines if kept else []) + ["", f"… and {plural(len(rows) - len(kept), 'more row')}; {REST}."]
    return [*lines, ""]


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int]) -> list[str]:
    widths = [max(3, *(width(line[column]) for line in [header, *rows])) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            " " * (wide - width(cell)) + cell if column in numbers else cell + " " * (wide - width(cell))
            for column, (cell, wide) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = ("-" * (wide - 1) + ":" if column in numbers else "-" * wide for column, wide in enumerate(widths))
    return [line(header), f"| {' | '.join(rule)} |", *map(line, rows)]


def width(cell: str) -> int:
    """Columns that the text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(letter) or letter == JOINER
        else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in cell
    )  # fmt: skip


def _listing(title: str, items: Sequence[str], share: int) -> list[str]:
    if not items:
        return []
    lines: list[str] = []
    for item in items:
        if size([*lines, item]) > share:
            lines.append(f"- … and {len(items) - len(lines):,} more; {REST}.")
            break
        lines.append(f"- {item}")
    return [f"## {title}", "", *lines, ""]


def _counts(run: Run) -> str:
    counted = tally(run.results)
    named = [
        f"{status.symbol} **{counted.counts[status.name]:,}** {status.word}"
        for status in STATUSES.values()
        if counted.counts[status.name] or status.name in ("pass", "fail", "undecided", "error", "not-applicable")
    ]
    return f"**{counted.total:,}** {'row' if counted.total == 1 else 'rows'}: {', '.join(named)}"


def _verdicts(run: Run) -> list[str]:
    return [
        f"{STATUSES[verdict.status].symbol} {code(verdict.architecture, 120)}: {text(verdict.sentence, 400)}"
        for verdict in verdicts(run)
    ]


def _checks(run: Run) -> list[str]:
    rows = check_rows(run)
    names = subjects(run)
    if not rows or not names:
        return []
    cells = [
        [code(row.suite, 40), code(row.check, 60), *(row.cells[name].tally.symbols if name in row.cells else "·" for name in names)]
        for row in rows
    ]  # fmt: skip
    return [
        "## Checks by architecture",
        "",
        *table(["suite", "check", *(code(name, 40) for name in names)], cells, (), SHARES["checks"]),
    ]


def _separation(run: Run) -> list[str]:
    rows = pair_table(run)
    if not rows:
        return []
    present = {name for row in rows for name in row.cells}
    names = [name for name in architecture_names(run) if name in present]
    cells = []
    for row in rows:
        line = [code(row.family, 40), text(row.relation, 60), str(row.pairs)]
        for name in names:
            cell = row.cells.get(name)
            line.append("·" if cell is None else _pair(cell.digits, cell.word, cell.tally.worst))
        cells.append(line)
    header = ["pair family", "relation", "pairs", *(code(name, 40) for name in names)]
    note = "log10 of the gap over the noise; **bold**: separated; ✗ ! ?: not as predicted."
    return ["## Separation, in digits", "", note, "", *table(header, cells, (2,), SHARES["separation"])]


def _pair(digits: str, word: str, worst: str) -> str:
    if worst == "not-applicable":
        return "n/a"
    number = digits.replace("<", "&lt;") or "–"
    seen = f"**{number}**" if word == "separated" else f"{number} ({word})" if " of " in word else number
    return f"{STATUSES[worst].symbol} {seen}" if STATUSES[worst].red else seen


def _banks(run: Run) -> list[str]:
    rows = bank_table(run)
    if not rows:
        return []
    names = [name for name in architecture_names(run) if any(name in row.cells for row in rows)]
    cells = []
    for row in rows:
        counts = ["–" if count is None else f"{count:,}" for count in (row.nets, row.classes, row.pairs, row.refined)]
        cells.append([code(row.bank, 40), *counts, *(_parted(row.cells.get(name)) for name in names)])
    header = ["bank", "networks", "1-WL classes", "pairs", "refinement parts", *(code(name, 40) for name in names)]
    note = (
        "How many of the pairs refinement parts, and each architecture; in brackets the draws. ✗ ! ?: not as predicted."
    )
    right = range(1, len(header))
    return ["## Every pair of all small networks", "", note, "", *table(header, cells, right, SHARES["exhaustive"])]


def _parted(cell: BankCell | None) -> str:
    if cell is None:
        return "·"
    if cell.tally.worst == "not-applicable":
        return "n/a"
    seen = "–" if cell.parted is None else f"{cell.parted:,}"
    seen += f" ({cell.draws:,})" if cell.draws is not None else ""
    return f"{STATUSES[cell.tally.worst].symbol} {seen}" if cell.tally.red else seen


def _failures(run: Run, share: int) -> list[str]:
    """The rows that make the run red, gravest group first, as many as fit; the rest is counted."""
    groups = red_groups(run, budget=200)
    if not groups:
        return []
    whole = sum(group.tally.total for group in groups)
    lines = ["## Failures, errors and undecided rows", ""]
    room = share - size(lines) - 200
    listed = 0
    for detail in (detail for group in groups for detail in group.shown):
        row, status = detail.row, STATUSES[detail.status]
        where = f"{one_line(row.suite, 40)} / {one_line(row.check, 60)} / {one_line(row.case, 120)}"
        found = mapping(row.evidence.get("counterexample"))
        example = [f"{one_line(key, 40)}: {shown(value, 120)}" for key, value in found.items()]
        item = [
            f"**{status.symbol} {status.word}** {code(row.architecture)} {code(where, 240)}  ",
            text(row.reason, 400) or "no reason given",
            "",
            *(fence(([f"counter-example: {'; '.join(example)}"] if example else []) + ([row.reproduce] if row.reproduce else []))
              if example or row.reproduce else []),
            "",
        ]  # fmt: skip
        if size(item) > room:
            break
        lines += item
        room -= size(item)
        listed += 1
    if listed < whole:
        lines += [f"… and {plural(whole - listed, 'more row')} of {whole:,}; {REST}.", ""]
    return lines


def _claims(run: Run) -> list[str]:
    entries = ledger(run)
    if not entries:
        return []
    rows = [
        [code(entry.claim, 40), text(entry.statement, 90) or "–", text(finding.predicted, 40), text(finding.observed, 40),
         finding.tally.symbols]
        for entry in entries
        for finding in entry.findings
    ]  # fmt: skip
    return [
        "## Claims",
        "",
        *table(["claim", "statement", "predicted", "observed", "rows"], rows, (), SHARES["claims"]),
    ]


def _expressivity(run: Run) -> list[str]:
    found = expressivity_map(run)
    if found is None:
        return []
    rows = [
        [code(row.target, 40), code(regime, 40), text(cell.theory, 60), text(cell.measured, 80) or "–", text(cell.errors, 40) or "–",
         text(cell.floors, 40) or "–", cell.tally.symbols]
        for row in found.rows
        for regime, cell in row.cells.items()
    ]  # fmt: skip
    header = ["target", "regime", "theory", "measured", "error", "floor", "rows"]
    return ["## Expressivity map", "", *table(header, rows, (), SHARES["expressivity"])]


def _conclusions(run: Run) -> list[str]:
    rows = [
        [code(entry.claim, 40), text(entry.title, 90) or "–", text(entry.predicted, 60) or "–", text(entry.observed, 80) or "–",
         f"{status.symbol} {status.word}", text(entry.reason, 120) or "–"]
        for entry in conclusions(run)
        for status in [CONCLUSION_STATUSES[entry.status]]
    ]  # fmt: skip
    if not rows:
        return []
    header = ["claim", "statement", "predicted", "observed", "outcome", "reason"]
    return ["## Conclusions", "", *table(header, rows, (), SHARES["conclusions"])]


def _notes(run: Run) -> list[str]:
    return _listing("Notes", [text(note) for note in run.notes], SHARES["notes"])


def _asides(run: Run) -> list[str]:
    lines = []
    for status, title in (("expected", "Expected failures"), ("not-applicable", "Not applicable")):
        rows = [
            [
                code(entry.architecture, 40),
                text(entry.reason, 120),
                str(entry.count),
                code(entry.checks, 200),
            ]
            for entry in asides(run, status)
        ]
        if rows:
            inner = table(["architecture", "reason", "rows", "checks"], rows, (2,), SHARES[status])
            lines += ["<details>", f"<summary>{title}</summary>", "", *inner, "</details>", ""]
    return lines


def _controls(run: Run) -> list[str]:
    rows = [
        [code(entry.architecture, 40), f"{entry.nulls:,}", f"{entry.false_positives:,}",
         "–" if entry.bound is None else f"{100 * entry.bound:.2f} %", digits_text(entry.lowest), shown(entry.reach),
         shown(entry.resolution), compact(entry.change)]
        for entry in controls(run)
    ]  # fmt: skip
    header = [
        "architecture",
        "null pairs",
        "told apart",
        "rate at most",
        "lowest digits",
        "ladder to round",
        "t_res",
        "least change",
    ]
    found = table(header, rows, range(1, len(header)), SHARES["controls"]) if rows else []
    defects = [
        [code(entry.defect, 40), text(entry.rule, 80), code(entry.kind, 40), f"{'✓' if entry.caught else '✗'} {entry.verdict}",
         text(entry.words, 90) or "–"]
        for entry in planted(run)
    ]  # fmt: skip
    if defects:
        header = ["planted defect", "rule that it breaks", "check", "verdict", "the tool's words"]
        found += table(header, defects, (), SHARES["planted"])
    return ["<details>", "<summary>Controls</summary>", "", *found, "</details>", ""] if found else []


def _cost(run: Run) -> list[str]:
    rows = [
        [code(cost.architecture, 40), f"{cost.rows:,}", seconds_text(cost.seconds), seconds_text(cost.model_seconds),
         compact(cost.overhead)]
        for cost in costs(run)
    ]  # fmt: skip
    if not rows:
        return []
    inner = table(["architecture", "rows", "seconds", "in the network", "overhead"], rows, (1, 2, 3, 4), SHARES["cost"])
    return ["<details>", "<summary>Cost</summary>", "", *inner, "</details>", ""]


def _run(run: Run) -> list[str]:
    rows = [[text(name, 60), code(value, 160)] for name, value in environment(run)]
    return ["<details>", "<summary>Environment</summary>", "", *table(["", ""], rows, (), SHARES["run"]), "</details>"]


def _legend() -> str:
    return "; ".join(f"{status.symbol} {status.word}: {status.meaning}" for status in STATUSES.values()) + "."
