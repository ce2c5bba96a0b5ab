"""Baselines: what a CI job keeps of a run, and how a later run differs from it; pure functions.

A row's place is its architecture, suite, check and case: a function of the suite and the architecture alone, so the same on
every machine. Beside the places stands a digest of what each check asks, so that a check whose content changed is seen to be
another one even where its outcomes agree. Times are not kept: no gate looks at them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.cleaning import BorderError, parsed
from ..core.result import OUTCOMES, Problem, Result, Run, digest
from .gate import DECIDED, is_red

SCHEMA_VERSION = 1

Place = tuple[str, str, str, str]
"""Architecture, suite, check, case."""


@dataclass(frozen=True)
class Baseline:
    """What is kept of a run.

    Args:
        outcomes: per place.
        contents: per suite and check, twelve hexadecimal digits of the SHA-256 of its kind and parameters.
        problems: of the run, beside its rows: kind and what it is about.
    """

    outcomes: Mapping[Place, str]
    contents: Mapping[tuple[str, str], str]
    problems: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Difference:
    """One row that is not what it was, or one problem of the run (with an empty place).

    `status` is NEW (not in the baseline), MISSING (no longer in the run), FIXED (passes now), CHANGED (any other outcome) or
    STALE (the check asks something else under the same name; whatever its outcome). A `regression` fails the gate.
    """

    status: str
    place: Place
    before: str | None
    after: str | None
    reason: str
    regression: bool

    def __str__(self) -> str:
        where = " / ".join(self.place) if any(self.place) else "the run"
        change = f"{self.before or 'absent'} -> {self.after or 'absent'}"
        return f"{self.status:8}{where}  {change}{f': {self.reason}' if self.reason else ''}"


def baseline_of(run: Run) -> Baseline:
    """What a baseline keeps of a run."""
    contents = {
        (str(suite["name"]), str(check["id"])): digest([check["kind"], check["parameters"]])[:12]
        for suite in run.suites
        for check in suite["checks"]
    }
    return Baseline({_place(row): row.outcome for row in run.results}, contents, tuple(map(_key, run.problems)))


def baseline_text(baseline: Baseline) -> str:
    """The baseline file: JSON, one check and one row a line, sorted, so that a diff shows what changed and nothing else."""

    def listed(entries: Iterable[tuple[str, ...]]) -> str:
        return ",\n".join(json.dumps(list(entry), ensure_ascii=False) for entry in sorted(entries))

    head = json.dumps({"schema_version": SCHEMA_VERSION, "problems": sorted(baseline.problems)}, ensure_ascii=False)
    checks = listed((*key, content) for key, content in baseline.contents.items())
    rows = listed((*place, outcome) for place, outcome in baseline.outcomes.items())
    return f'{head[:-1]},\n"checks": [\n{checks}\n],\n"rows": [\n{rows}\n]}}\n'


def parse_baseline(text: str) -> Baseline:
    """The baseline that a file holds.

    Raises:
        BorderError: not a baseline, one of another schema version, or a line that does not read.
    """
    data = parsed(text)
    if not isinstance(data, dict) or not {"checks", "rows"} <= set(data):
        raise BorderError("no baseline")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise BorderError(
            f"a baseline of schema version {data.get('schema_version')!r}; this orbitcheck reads {SCHEMA_VERSION}"
        )
    outcomes: dict[Place, str] = {}
    for row in _lines(data["rows"], 5):
        *place, outcome = row
        if outcome not in OUTCOMES:
            raise BorderError(f"row {row} has the outcome {outcome!r}; allowed: {', '.join(OUTCOMES)}")
        if tuple(place) in outcomes:
            raise BorderError(f"row {row} stands there twice")
        outcomes[tuple(place)] = outcome  # type: ignore[index]
    contents = {(suite, check): content for suite, check, content in _lines(data["checks"], 3)}
    return Baseline(outcomes, contents, tuple((kind, about) for kind, about in _lines(data.get("problems", []), 2)))


def _lines(listed: Any, length: int) -> Iterable[list[str]]:
    for line in listed if isinstance(listed, list) else [listed]:
        if not isinstance(line, list) or len(line) != length or not all(isinstance(part, str) for part in line):
            raise BorderError(f"{json.dumps(line, ensure_ascii=False)[:80]} is not a list of {length} strings")
        yield line


def compare(run: Run, before: Baseline) -> list[Difference]:
    """Every row that differs from the baseline, regressions first, then in the order of the run.

    A regression is a pass that is none any more, a decided row that is not, a row that vanished, and a row or a problem of
    the run that is red without the baseline knowing it. The way from `error` to any outcome is none.
    """
    now = baseline_of(run)
    rows = {_place(row): row for row in run.results}
    found = [_difference(row, before.outcomes.get(place), _stale(place, before, now)) for place, row in rows.items()]
    vanished = [place for place in before.outcomes if place not in rows]
    differences = [
        *_problems(run.problems, before.problems),
        *(difference for difference in found if difference is not None),
        *(Difference("MISSING", place, before.outcomes[place], None, "", True) for place in vanished),
    ]
    return sorted(differences, key=lambda difference: not difference.regression)


def _place(row: Result) -> Place:
    return row.architecture, row.suite, row.check, row.case


def _stale(place: Place, before: Baseline, now: Baseline) -> bool:
    key = place[1], place[2]
    return before.contents.get(key) != now.contents.get(key)


def _difference(row: Result, before: str | None, stale: bool) -> Difference | None:
    """What became of a row that is still there, or is new; None if nothing."""
    if before is None:
        return Difference("NEW", _place(row), None, row.outcome, row.reason, is_red(row))
    if before == row.outcome:
        return Difference("STALE", _place(row), before, before, "the check's content changed", False) if stale else None
    status = "STALE" if stale else "FIXED" if row.outcome == "pass" else "CHANGED"
    regression = (
        before == "pass"
        or (before in DECIDED and row.outcome not in DECIDED)
        or (before in ("undecided", "not-applicable") and is_red(row))
    )
    return Difference(status, _place(row), before, row.outcome, row.reason, regression)


def _problems(now: Sequence[Problem], before: Sequence[tuple[str, str]]) -> Iterable[Difference]:
    """Problems that came or went; what they say may change, as the numbers in it do."""
    for problem in now:
        if _key(problem) not in before:
            yield Difference("NEW", ("", "", "", ""), None, "problem", problem.text, True)
    present = set(map(_key, now))
    for kind, about in before:
        if (kind, about) not in present:
            yield Difference("FIXED", ("", "", "", ""), "problem", None, f"{kind}: {about}", False)


def _key(problem: Problem) -> tuple[str, str]:
    return problem.kind.value, problem.about


def listing(differences: Sequence[Difference], longest: int) -> list[str]:
    """Lines for people: at most `longest` regressions one by one, everything else counted by check and change."""
    regressions = [difference for difference in differences if difference.regression]
    rest = [*regressions[longest:], *(difference for difference in differences if not difference.regression)]
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for difference in rest:
        _, suite, check, _ = difference.place
        change = f"{difference.before or 'absent'} -> {difference.after or 'absent'}"
        key = (difference.status, suite, check, change, "more regressions" if difference.regression else "rows")
        groups.setdefault(key, []).append(difference)
    lines = [str(difference) for difference in regressions[:longest]]
    for (status, suite, check, change, what), own in groups.items():
        names = list(dict.fromkeys(difference.place[0] for difference in own))
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        where = f"{suite} / {check}" if suite else "the run"
        lines.append(str(own[0]) if len(own) == 1 else f"{status:8}{where}  {change}, {len(own)} {what} of {shown}")
    return lines
