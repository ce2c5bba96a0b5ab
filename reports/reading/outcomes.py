"""What a row counts as once expected failures are taken into account, and whether the run is red.

There are six outcomes (protocol.md, section 1); what a suite declares or allows, and a pass where it declares a failure, are
told apart from the rest here, once, so that all reports agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...harness.core.outcomes import Fault, Trouble
from ...harness.core.result import Result, Run
from ...harness.judging.baseline import OF_THE_WHOLE
from ...harness.judging.judgements.finding import Concluded
from ...harness.judging.roots import rooted
from .values import one_line, plural


@dataclass(frozen=True)
class Status:
    """One way in which a row can end.

    Args:
        name: as in `results.json` where it is an outcome.
        symbol: one character, so that colour is never the only carrier.
        word: what counts read, after a number.
        meaning: one line for the legend.
        red: whether one such row makes the run red.
    """

    name: str
    symbol: str
    word: str
    meaning: str
    red: bool


STATUSES = {
    status.name: status
    for status in (
        Status("pass", "✓", "pass", "the evidence agrees with the prediction", False),
        Status("fail", "✗", "fail", "the evidence contradicts the prediction", True),
        Status("error", "!", "error", "raised, crashed, hung, or gave no usable output; or a control failed", True),
        Status(
            "undecided", "?", "undecided", "neither can be said at this budget; the row says what would decide", True
        ),
        Status("unexpected-pass", "⊕", "unexpected pass", "passes, though the suite declares that it fails", True),
        Status("expected", "⊗", "expected", "not a pass, and declared or allowed in the suite with a reason", False),
        Status("observed", "○", "observed", "nothing was predicted: what was seen, counted for nothing", False),
        Status("not-applicable", "–", "n/a", "not claimed by the plug-in; counted, never red", False),
    )
}
NOT_ASKED = Status(
    Concluded.NOT_ASKED.value, "·", "not asked", "this run asks none of the rows that it is drawn from", False
)
CONCLUSION_STATUSES = {**STATUSES, NOT_ASKED.name: NOT_ASKED}
"""How a conclusion can end: as a row does, or without one."""
SEVERITY = ("fail", "error", "unexpected-pass", "undecided", "expected", "pass", "observed", "not-applicable")


def status_of(row: Result) -> str:
    """The name of the row's status; an outcome that nobody knows counts as an error."""
    if row.declared is not None:
        if row.outcome in ("fail", "undecided") or row.fault is Fault.ILL_CONDITIONED:
            return "expected"
        if row.outcome == "pass":
            return "unexpected-pass"
    return row.outcome if row.outcome in STATUSES else "error"


@dataclass(frozen=True)
class Tally:
    """Rows per status; the sum over statuses is the number of rows."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def applicable(self) -> int:
        return self.total - self.counts["not-applicable"]

    @property
    def predicted(self) -> int:
        """Rows that could fail."""
        return self.applicable - self.counts["observed"]

    @property
    def red(self) -> int:
        return sum(count for name, count in self.counts.items() if STATUSES[name].red)

    @property
    def worst(self) -> str:
        """The gravest status with a row; `not-applicable` if there is no row."""
        return next((name for name in SEVERITY if self.counts[name]), "not-applicable")

    @property
    def parts(self) -> tuple[tuple[Status, int], ...]:
        """The statuses that occur, with their counts."""
        return tuple((STATUSES[name], count) for name, count in self.counts.items() if count)

    @property
    def symbols(self) -> str:
        """`✓ 22 ✗ 2`."""
        return " ".join(f"{status.symbol} {count:,}" for status, count in self.parts) or "·"

    @property
    def words(self) -> str:
        """`22 pass, 2 fail`."""
        return ", ".join(f"{count:,} {status.word}" for status, count in self.parts) or "no rows"


def tally(rows: Iterable[Result]) -> Tally:
    """Count the rows by status."""
    counted = Counter(status_of(row) for row in rows)
    return Tally({name: counted[name] for name in STATUSES})


def problems_of(run: Run) -> tuple[str, ...]:
    """What makes the run red beside its rows: its own problems, plug-ins that left no row to say that they did not load,
    and a run without any row."""
    seen = {row.architecture for row in run.results}
    unloadable = [
        f"{one_line(entry['name'])} could not be loaded: {one_line(error)}"
        for entry in run.architectures
        if (error := entry.get("error")) and entry["name"] not in seen
    ]
    unfinished = [banner] if (banner := unfinished_banner(run)) else []
    listed = unfinished + [one_line(problem.text) for problem in run.problems] + unloadable
    return tuple(dict.fromkeys(listed if run.results or listed else ["no row was run"]))


def unfinished_banner(run: Run) -> str:
    """`unfinished: N of M rows`, where the run did not finish; else nothing."""
    return "" if run.unfinished_of is None else f"unfinished: {so_far(len(run.results), run.unfinished_of)}"


def so_far(done: int, rows: int) -> str:
    """How far a run came that did not finish; once all rows are there, controls are still measured."""
    return f"{done:,} of {rows:,} rows" + (", the controls after them not yet" if done >= rows else "")


def is_red(run: Run) -> bool:
    """Whether anything is not as predicted; `gate.exit_code` says the same of a run in which anything was run."""
    return bool(problems_of(run)) or tally(run.results).red > 0


def is_calm_part(run: Run) -> bool:
    """Whether nothing speaks against the run but that rows of it were left out, as was asked: not green, and no defect either."""
    left_out = run.selection is not None and any(problem.kind is Trouble.MISSING_ROWS for problem in run.problems)
    said = {one_line(problem.text) for problem in run.problems if problem.kind in OF_THE_WHOLE}
    return left_out and bool(run.results) and not tally(run.results).red and said == set(problems_of(run))


def sign(run: Run) -> str:
    """One character for the whole run, before its headline."""
    return "?" if is_calm_part(run) else "✗" if is_red(run) else "✓"


def headline(run: Run) -> str:
    """The whole run in one sentence: of the rows that could fail, how many are as predicted, beside those that could not."""
    counted = tally(run.results)
    count = counted.counts
    unfinished = unfinished_banner(run)
    if unfinished:
        return f"{unfinished.capitalize()}; {counted.words}. No verdict on the run."
    told = f"{count['pass']:,} as predicted, {count['observed']:,} observed, {count['not-applicable']:,} n/a"
    if count["expected"]:
        told += f", {count['expected']:,} declared by the suites"
    if not is_red(run):
        return f"All that was predicted holds: {told}."
    if is_calm_part(run):
        return f"A part of the run, and no row of it red: {told}. No verdict on the whole."
    plurals = {"fail": "failure", "error": "error", "undecided": "undecided row", "unexpected-pass": "unexpected pass"}
    several = {"unexpected-pass": "unexpected passes"}
    red = [
        plural(count, plurals[status.name], several.get(status.name)) for status, count in counted.parts if status.red
    ]
    red_rows = [row for row in run.results if STATUSES[status_of(row)].red]
    roots = len(rooted(red_rows))
    if roots < len(red_rows):
        red[-1] += f" from {plural(roots, 'root')}"
    problems = len(problems_of(run))
    if problems:
        red.append(plural(problems, "problem of the run", "problems of the run"))
    return f"Not as predicted: {', '.join(red)}; {told}."
