"""Rows -> whether the run is as predicted; pure functions (protocol.md, section 1).

A row is red by its outcome alone, unless a suite declares it. Beside the rows stand the problems of the run: expectations
that nothing meets, and everything that would let a run turn green by checking less.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..core.cell import WEIGHTS, Cell
from ..core.registry import did_you_mean
from ..core.result import Result, Run

DECIDED = ("pass", "fail")
AT_LEAST = {
    "below-1-wl": ("below-1-wl", "function", "1-wl", "complete"),
    "function": ("function", "1-wl", "complete"),
    "1-wl": ("1-wl", "complete"),
    "complete": ("complete",),
}
"""Required power -> the declarations that satisfy it: `function` lies below `1-wl`, since 1-WL classes refine functions."""


class Entry(Protocol):
    """One line of `expected_failures` or `allow_undecided`: which rows, and why. `*` and `?` are wildcards."""

    @property
    def architecture(self) -> str: ...
    @property
    def check(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Rules(Protocol):
    """What the gate reads of a suite."""

    @property
    def name(self) -> str: ...
    @property
    def min_decided(self) -> int: ...
    @property
    def expected_failures(self) -> Sequence[Entry]: ...
    @property
    def allow_undecided(self) -> Sequence[Entry]: ...


def is_red(row: Result) -> bool:
    """Whether this row alone makes a run red: an undeclared fail or undecided, an error, a declared failure that passes."""
    if row.outcome == "error":
        return True
    return (row.outcome in ("fail", "undecided")) if row.declared is None else row.outcome == "pass"


def exit_code(run: Run) -> int:
    """0 if all is as predicted, else 1."""
    return int(bool(run.problems) or any(map(is_red, run.results)))


def settle(
    rows: Sequence[Result],
    planned: Sequence[Cell],
    suites: Sequence[Rules],
    expectations: Sequence[Entry] = (),
    descriptions: Sequence[Mapping[str, Any]] = (),
    require_power: str | None = None,
) -> tuple[list[Result], list[str], int]:
    """Hold the rows against what the suites declare.

    Args:
        rows: as measured.
        planned: every cell that the suites declare for the architectures of the run.
        suites: their expectations count for their own rows.
        expectations: a user's own expected failures (`--expect`), for the rows of every suite.
        descriptions: the architectures of the run, as `describe` gives them, or with an `error`.
        require_power: a key of `AT_LEAST`, or None.

    Returns:
        The rows with `declared` filled, the problems one line each, and the exit code, 0 or 1.
    """
    claims = [
        *(_Claim(entry, "fail", suite.name) for suite in suites for entry in suite.expected_failures),
        *(_Claim(entry, "fail", None) for entry in expectations),
        *(_Claim(entry, "undecided", suite.name) for suite in suites for entry in suite.allow_undecided),
    ]
    settled = [replace(row, declared=_reason(row, claims)) for row in rows]
    broken = {entry["name"] for entry in descriptions if entry.get("error")}
    loaded = [row for row in settled if row.architecture not in broken]
    problems = [
        *_missing(rows, planned),
        *(problem for claim in claims for problem in claim.problems(loaded)),
        *_too_little(loaded, [entry["name"] for entry in descriptions if entry["name"] not in broken], suites),
        *_too_weak([entry for entry in descriptions if entry["name"] not in broken], require_power),
    ]
    return settled, problems, int(bool(problems) or any(map(is_red, settled)))


@dataclass(frozen=True)
class _Claim:
    """An entry, the outcome that it declares, and the suite whose rows it speaks of (None: all)."""

    entry: Entry
    outcome: str
    suite: str | None

    def covers(self, row: Result) -> bool:
        """An exact expected failure covers its rows whether they fail or pass: a pass is then red. Never an error."""
        if row.outcome == self.outcome or (self.outcome == "fail" and row.outcome == "pass" and not self.wild):
            return self.concerns(row) and self.names(row)
        return False

    def concerns(self, row: Result) -> bool:
        """Whether the row is of the suite and architecture that the entry speaks of."""
        reference = row.architecture.partition("[")[0]
        return self.suite in (None, row.suite) and (
            matches(self.entry.architecture, row.architecture) or matches(self.entry.architecture, reference)
        )

    def names(self, row: Result) -> bool:
        return matches(self.entry.check, row.check) and matches(self.entry.case, row.case)

    @property
    def wild(self) -> bool:
        return any(set(pattern) & set("*?") for pattern in (self.entry.architecture, self.entry.check, self.entry.case))

    def problems(self, rows: Sequence[Result]) -> Iterable[str]:
        """What is wrong with the entry itself; nothing if its architecture is not in the run."""
        concerned = [row for row in rows if self.concerns(row)]
        if not concerned:
            return
        named = [row for row in concerned if self.names(row)]
        list_name = "expected failure" if self.outcome == "fail" else "allowed undecided"
        shown = f'{list_name} "{self.entry.architecture} / {self.entry.check} / {self.entry.case}"'
        if not named:
            checks = {row.check for row in concerned}
            known = any(matches(self.entry.check, check) for check in checks)
            part, available = (self.entry.case, {r.case for r in concerned}) if known else (self.entry.check, checks)
            yield f"{shown} matches no row{did_you_mean(part, available)}"
        elif self.outcome == "fail" and self.wild and not any(row.outcome == "fail" for row in named):
            counted = ", ".join(f"{number} {outcome}" for outcome, number in Counter(r.outcome for r in named).items())
            yield f"{shown} covers no failure ({counted}); remove it"
        elif self.outcome == "fail" and not self.wild:
            yield from (
                f"{shown} is {row.outcome}: {row.reason}" for row in named if row.outcome not in ("pass", "fail")
            )


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits; `*` and `?` are the only wildcards, since names hold brackets."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _reason(row: Result, claims: Sequence[_Claim]) -> str | None:
    return next((claim.entry.reason for claim in claims if claim.covers(row)), None)


def _missing(rows: Sequence[Result], planned: Sequence[Cell]) -> Iterable[str]:
    lost = Counter((c.suite, c.check, c.architecture, c.id) for c in planned)
    lost.subtract((row.suite, row.check, row.architecture, row.id) for row in rows)
    gone = [key for key, count in lost.items() if count > 0]
    if gone:
        suite, check, architecture, identity = gone[0]
        yield (
            f"{len(gone)} of {len(planned)} declared rows are missing, the first: {suite} / {check} / {architecture} / "
            f"{identity}"
        )


def _too_little(rows: Sequence[Result], architectures: Sequence[str], suites: Sequence[Rules]) -> Iterable[str]:
    """Architectures of which too few rows say anything; where suites ask for equivariance, one row must apply."""
    named = dict.fromkeys([*architectures, *(row.architecture for row in rows if row.architecture != WEIGHTS)])
    for architecture in named:
        own = [row for row in rows if row.architecture == architecture]
        law = [row for row in own if row.kind == "equivariance"]
        if law and all(row.outcome == "not-applicable" for row in law):
            yield f"{architecture}: none of its {len(law)} equivariance rows is applicable ({law[0].reason})"
        for suite in suites:
            decided = sum(row.outcome in DECIDED for row in own if row.suite == suite.name)
            if decided < suite.min_decided:
                yield f"{architecture}: {decided} rows of suite {suite.name} are decided; min_decided is {suite.min_decided}"


def _too_weak(descriptions: Sequence[Mapping[str, Any]], required: str | None) -> Iterable[str]:
    for entry in descriptions:
        if required is not None and entry["power"] not in AT_LEAST[required]:
            yield f'{entry["name"]} declares power "{entry["power"]}"; --require-power {required} asks for {" or ".join(AT_LEAST[required])}'
