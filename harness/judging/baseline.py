"""Baselines: what a CI job keeps of a run, and how a later run differs from it; pure functions.

A row's place is its architecture, suite, check and case: a function of the suite and the architecture alone, so the same on
every machine. Beside the places stands a digest of what each check asks, so that a check whose content changed is seen to be
another one even where its outcomes agree. Times are not kept: no gate looks at them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ..checks.prediction import NO_GAP, SEPARATED
from ..core.cell import WEIGHTS
from ..core.cleaning import BorderError, parsed
from ..core.outcomes import DECIDED, OUTCOMES, Outcome, Trouble
from ..core.patterns import RowPattern, parse_pattern
from ..core.registry import UnknownName, did_you_mean
from ..core.result import Problem, Result, Run, digest
from .gate import is_red

SCHEMA_VERSION = 2
UNOBSERVED = 1
"""The version whose rows without a prediction passed; they are read as what they are called today."""

OF_THE_WHOLE = {
    Trouble.MISSING_ROWS, Trouble.NO_EQUIVARIANCE, Trouble.NOTHING_PREDICTED, Trouble.DECIDED_SHARE, Trouble.UNREFUTED_POWER,
}  # fmt: skip
"""Problems that count all rows of an architecture: a part of a run is red by them, and where it is compared its rows speak one by one."""

OF_ONE = OF_THE_WHOLE - {Trouble.MISSING_ROWS} | {Trouble.REQUIRED_POWER}
"""Problems that are about one architecture, whose name comes first."""

Place = tuple[str, str, str, str]
"""Architecture, suite, check, case."""


@dataclass(frozen=True)
class Baseline:
    """What is kept of a run.

    Args:
        outcomes: per place.
        seen: per place of an observed row what was seen there; nothing of one that says nothing.
        contents: per suite and check, twelve hexadecimal digits of the SHA-256 of its kind and parameters.
        problems: of the run, beside its rows: kind and what it is about.
        knows_observed: false for a baseline from before rows without a prediction were told from passes.
    """

    outcomes: Mapping[Place, str]
    contents: Mapping[tuple[str, str], str]
    problems: Sequence[tuple[str, str]] = ()
    seen: Mapping[Place, str] = field(default_factory=dict)
    knows_observed: bool = True


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
    return Baseline(
        {_place(row): row.outcome for row in run.results},
        contents,
        tuple(map(_key, run.problems)),
        {_place(row): row.observed for row in run.results if row.outcome == Outcome.OBSERVED},
    )


def baseline_text(baseline: Baseline) -> str:
    """The baseline file: JSON, one check and one row a line, sorted, so that a diff shows what changed and nothing else."""

    def listed(entries: Iterable[tuple[str, ...]]) -> str:
        return ",\n".join(json.dumps(list(entry), ensure_ascii=False) for entry in sorted(entries))

    head = json.dumps({"schema_version": SCHEMA_VERSION, "problems": sorted(baseline.problems)}, ensure_ascii=False)
    checks = listed((*key, content) for key, content in baseline.contents.items())
    rows = listed(
        (*place, outcome, *([baseline.seen[place]] if place in baseline.seen else []))
        for place, outcome in baseline.outcomes.items()
    )
    return f'{head[:-1]},\n"checks": [\n{checks}\n],\n"rows": [\n{rows}\n]}}\n'


def parse_baseline(text: str) -> Baseline:
    """The baseline that a file holds.

    Raises:
        BorderError: not a baseline, one of another schema version, or a line that does not read.
    """
    data = parsed(text)
    if not isinstance(data, dict) or not {"checks", "rows"} <= set(data):
        raise BorderError("no baseline")
    version = data.get("schema_version")
    if version not in (SCHEMA_VERSION, UNOBSERVED) or isinstance(version, bool):
        raise BorderError(
            f"a baseline of schema version {version!r}; this orbitcheck reads {SCHEMA_VERSION} and {UNOBSERVED}"
        )
    outcomes: dict[Place, str] = {}
    seen: dict[Place, str] = {}
    for row in _lines(data["rows"], 5, 6):
        *place, outcome = row[:5]
        if outcome not in OUTCOMES:
            raise BorderError(f"row {row} has the outcome {outcome!r}; allowed: {', '.join(OUTCOMES)}")
        if tuple(place) in outcomes:
            raise BorderError(f"row {row} stands there twice")
        outcomes[tuple(place)] = outcome  # type: ignore[index]
        if len(row) == 6:
            seen[tuple(place)] = row[5]  # type: ignore[index]
    contents = {(suite, check): content for suite, check, content in _lines(data["checks"], 3)}
    problems = tuple((kind, about) for kind, about in _lines(data.get("problems", []), 2))
    return Baseline(outcomes, contents, problems, seen, knows_observed=version != UNOBSERVED)


def _lines(listed: Any, *lengths: int) -> Iterable[list[str]]:
    for line in listed if isinstance(listed, list) else [listed]:
        if not isinstance(line, list) or len(line) not in lengths or not all(isinstance(part, str) for part in line):
            wanted = " or ".join(map(str, lengths))
            raise BorderError(f"{json.dumps(line, ensure_ascii=False)[:80]} is not a list of {wanted} strings")
        yield line


class _Row(NamedTuple):
    """A place, as patterns read it."""

    architecture: str
    suite: str
    check: str
    case: str


def part_asked(run: Run, before: Baseline, names: Sequence[str] = ()) -> tuple[Run, Baseline]:
    """What is to be compared where less than the whole is: the rows of the named architectures on both sides, and of the baseline
    only rows that the run was asked for (`--only`). Rows of weights alone belong to every architecture.

    Args:
        run: a finished run.
        before: the baseline, of a whole run or of any part.
        names: as the run names them, options included; none for all.

    Raises:
        UnknownName: neither side has rows of that name.
    """
    known = {row.architecture for row in run.results} | {place[0] for place in before.outcomes}
    for name in names:
        if name not in known:
            raise UnknownName(f'no row of "{name}", in the run or in the baseline{did_you_mean(name, known)}')
    patterns = [] if run.selection is None else [parse_pattern(text) for text in run.selection["only"]]
    chosen = {*names, WEIGHTS} if names else known
    outcomes = {
        place: outcome for place, outcome in before.outcomes.items() if place[0] in chosen and _fits(place, patterns)
    }
    rows = [row for row in run.results if row.architecture in chosen]
    problems = [
        each
        for each in run.problems
        if not (patterns and each.kind in OF_THE_WHOLE)
        and not (names and each.kind in OF_ONE and each.about.partition(" / ")[0] not in chosen)
    ]
    return replace(run, results=rows, problems=problems), replace(before, outcomes=outcomes)


def renewed(before: Baseline, part: Run) -> Baseline:
    """The baseline with the rows of a part of a run (`--only`) in place of those that it was asked for; all others stay.

    Problems that count all rows stay as they were: a part does not say.

    Raises:
        ValueError: the part stopped early or is a shard; or a check of it asks something else than the rows that would stay.
    """
    selection = part.selection
    if selection is None or selection["fail_fast"] or selection["shard"] is not None:
        raise ValueError("a part of a baseline is renewed by a run of --only alone, without --fail-fast and --shard")
    patterns = [parse_pattern(text) for text in selection["only"]]
    names, suites = {*selection["architectures"], WEIGHTS}, {str(suite["name"]) for suite in part.suites}
    now = baseline_of(part)
    staying = [
        place
        for place in before.outcomes
        if place[0] not in names or place[1] not in suites or not _fits(place, patterns)
    ]
    for suite, check in dict.fromkeys(place[1:3] for place in staying if place[1] in suites):
        if before.contents.get((suite, check)) != now.contents.get((suite, check)):
            raise ValueError(f"{suite} / {check} asks something else than in the baseline; run all rows of it")
    others = {key: content for key, content in before.contents.items() if key[0] not in suites}
    counted = [each for each in before.problems if each[0] in OF_THE_WHOLE]
    own = [each for each in now.problems if each[0] not in OF_THE_WHOLE]
    return Baseline(
        {**{place: before.outcomes[place] for place in staying}, **now.outcomes},
        {**others, **now.contents},
        tuple(dict.fromkeys([*counted, *own])),
        {**{place: before.seen[place] for place in staying if place in before.seen}, **now.seen},
    )


def _fits(place: Place, patterns: Sequence[RowPattern]) -> bool:
    return not patterns or any(pattern.matches(_Row(*place)) for pattern in patterns)


def compare(run: Run, before: Baseline) -> list[Difference]:
    """Every row that differs from the baseline, regressions first, then in the order of the run.

    A regression is a pass that is none any more, a decided row that is not, a pair that was seen apart and shows no gap now or
    the other way round, a row that vanished, and a row or a problem of the run that is red without the baseline knowing it. The
    way from `error` to any outcome is none, nor is that to or from `unclear`, nor that from a pass to what the suite allows with
    a reason: there processors decide, as the end of a short training or a rounding does.
    """
    now = baseline_of(run)
    rows = {_place(row): row for row in run.results}
    found = [
        _difference(row, _before(row, before), before.seen.get(place, ""), _stale(place, before, now))
        for place, row in rows.items()
    ]
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


def _before(row: Result, baseline: Baseline) -> str | None:
    """The row's outcome in the baseline; one from before `observed` called a row without a prediction a pass."""
    before = baseline.outcomes.get(_place(row))
    unpredicted = not baseline.knows_observed and row.outcome == Outcome.OBSERVED and before == Outcome.PASS
    return Outcome.OBSERVED.value if unpredicted else before


def _difference(row: Result, before: str | None, seen: str, stale: bool) -> Difference | None:
    """What became of a row that is still there, or is new; None if nothing."""
    if before is None:
        return Difference("NEW", _place(row), None, row.outcome, row.reason, is_red(row))
    if before == row.outcome:
        if before == Outcome.OBSERVED and seen and seen != row.observed:
            turned = {seen, row.observed} == {SEPARATED, NO_GAP}
            status = "STALE" if stale else "CHANGED"
            return Difference(status, _place(row), seen, row.observed, row.reason, turned)
        return Difference("STALE", _place(row), before, before, "the check's content changed", False) if stale else None
    status = "STALE" if stale else "FIXED" if row.outcome == Outcome.PASS else "CHANGED"
    allowed = row.declared is not None and row.outcome not in DECIDED
    regression = (
        (before == Outcome.PASS and not allowed)
        or (before == Outcome.FAIL and row.outcome not in DECIDED)
        or (before in (Outcome.UNDECIDED, Outcome.OBSERVED, Outcome.NOT_APPLICABLE) and is_red(row))
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
