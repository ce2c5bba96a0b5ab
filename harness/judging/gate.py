"""Rows -> whether the run is as predicted; pure functions (protocol.md, section 1).

A row is red by its outcome alone, unless a suite declares it. Beside the rows stand the problems of the run: expectations
that nothing meets, and everything that would let a run turn green by checking less. Rows of which nothing was predicted are
`observed`: never red, and counted for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..checks.prediction import Ground, Seen
from ..checks.separation.evidence import SeparationEvidence
from ..core.cell import WEIGHTS, Cell
from ..core.outcomes import DECIDED, PREDICTED, Fault, Outcome, Trouble
from ..core.patterns import RowPattern, parse_pattern
from ..core.result import Problem, Result, Run, by_architecture
from ..language.suite import Expectation, Suite
from ..plugins.power import AT_LEAST
from .roots import hold_to_shapes, with_roots

DECIDED_SHARE = 0.8
"""Of the rows that a declaration predicts, for each claimed output: so many are decided, or the run is red."""


FULL = ("1-wl", "2-fwl", "complete")
"""Powers that claim to tell apart what a refinement or the orbits part."""


def is_red(row: Result) -> bool:
    """Whether this row alone makes a run red: an undeclared fail, undecided or error, a declared failure that passes.

    Of errors none is ever declared but ill-conditioned ones.
    """
    if row.outcome == Outcome.ERROR:
        return row.declared is None or row.fault is not Fault.ILL_CONDITIONED
    return (row.outcome in (Outcome.FAIL, Outcome.UNDECIDED)) if row.declared is None else row.outcome == Outcome.PASS


def exit_code(run: Run) -> int:
    """0 if all is as predicted, else 1."""
    return int(bool(run.problems) or any(map(is_red, run.results)))


def settle(
    rows: Sequence[Result],
    planned: Sequence[Cell],
    suites: Sequence[Suite],
    expectations: Sequence[Expectation] = (),
    descriptions: Sequence[Mapping[str, Any]] = (),
    require_power: str | None = None,
    only: Sequence[str] = (),
    elsewhere: Sequence[Cell] = (),
    fail_fast: bool = False,
) -> tuple[list[Result], list[Problem], int]:
    """Hold the rows against what the suites declare.

    Args:
        rows: as measured.
        planned: every cell that the suites declare for the architectures of the run.
        suites: their expectations count for their own rows.
        expectations: a user's own expected failures (`--expect`), for the rows of every suite.
        descriptions: the architectures of the run, as `describe` gives them, or with an `error`.
        require_power: a key of `AT_LEAST`, or None.
        only: patterns of the rows that were asked for; none for all. The others are missing all the same, and it is said by whom.
        elsewhere: what was dealt to other shards; missing here all the same, and said so.
        fail_fast: whether the run stops at its first red row; what is missing all the same, and said so.

    Returns:
        The rows with `declared` and `root` filled and refused shapes as errors, the problems, and the exit code, 0 or 1.
    """
    claims = _claims(suites, expectations)
    settled = with_roots([row.but(declared=_reason(row, claims)) for row in hold_to_shapes(rows)])
    broken = {entry["name"] for entry in descriptions if entry.get("error")}
    loaded = [row for row in settled if row.architecture not in broken]
    problems = [
        *_missing(rows, planned, list(map(parse_pattern, only)), frozenset(map(_named, elsewhere)), fail_fast),
        *(problem for claim in claims for problem in claim.problems(loaded)),
        *_too_little(loaded, planned, [entry["name"] for entry in descriptions if entry["name"] not in broken]),
        *_out_of_reach(loaded, descriptions),
        *_too_weak([entry for entry in descriptions if entry["name"] not in broken], require_power),
    ]
    return settled, problems, int(bool(problems) or any(map(is_red, settled)))


def notes(planned: Sequence[Cell], suites: Sequence[Suite], expectations: Sequence[Expectation] = ()) -> list[str]:
    """Entries and conclusions none of whose rows are asked in this run, one line each; they were neither met nor refuted."""
    entries = [str(claim) for claim in _claims(suites, expectations) if not any(map(claim.concerns, planned))]
    conclusions = [
        f'conclusion "{wanted.claim}"'
        for suite in suites
        for wanted in suite.conclusions
        if not any(cell.suite == suite.name and suite.concludes(wanted, cell) for cell in planned)
    ]
    return [f"{name} is not asked in this run" for name in (*entries, *conclusions)]


@dataclass(frozen=True)
class _Claim:
    """An entry, whether it expects a failure or allows what has no verdict, and the suite whose rows it speaks of (None: all)."""

    entry: Expectation
    expects: bool
    suite: str | None

    def __str__(self) -> str:
        return f'{"expected failure" if self.expects else "allowance"} "{self.entry.place}"'

    def concerns(self, row: Cell | Result) -> bool:
        """Whether the entry speaks of the row, whatever came of it."""
        return self.suite in (None, row.suite) and self.entry.matches(row)

    def covers(self, row: Result) -> bool:
        """An exact expected failure covers its rows whether they fail or pass: a pass is then red. An allowance covers what is
        undecided or ill-conditioned; no entry covers any other error."""
        if self.expects:
            covered = row.outcome == Outcome.FAIL or (row.outcome == Outcome.PASS and self.entry.is_exact)
        else:
            covered = row.outcome == Outcome.UNDECIDED or row.fault is Fault.ILL_CONDITIONED
        return covered and self.concerns(row)

    def problems(self, rows: Sequence[Result]) -> Iterable[Problem]:
        """What is wrong with the entry itself; nothing if its rows are not in the run."""
        named = [row for row in rows if self.concerns(row)]
        if not self.expects or not named:
            return
        if self.entry.is_exact:
            yield from (
                self._problem(row.outcome, f"{self} is {row.outcome}: {row.reason}")
                for row in named
                if row.outcome not in DECIDED
            )
        elif not any(row.outcome == Outcome.FAIL for row in named):
            counted = ", ".join(f"{number} {outcome}" for outcome, number in Counter(r.outcome for r in named).items())
            yield self._problem("covers-none", f"{self} covers no failure ({counted}); remove it")

    def _problem(self, what: str, text: str) -> Problem:
        return Problem(Trouble.EXPECTED_FAILURE, f"{self.entry.place}: {what}", text)


def _claims(suites: Sequence[Suite], expectations: Sequence[Expectation]) -> list[_Claim]:
    return [
        *(_Claim(entry, True, suite.name) for suite in suites for entry in suite.expected_failures),
        *(_Claim(entry, True, None) for entry in expectations),
        *(_Claim(entry, False, suite.name) for suite in suites for entry in suite.allow),
    ]


def _reason(row: Result, claims: Sequence[_Claim]) -> str | None:
    return next((claim.entry.reason for claim in claims if claim.covers(row)), None)


def _missing(
    rows: Sequence[Result],
    planned: Sequence[Cell],
    only: Sequence[RowPattern],
    elsewhere: Collection[tuple[str, ...]],
    fail_fast: bool,
) -> Iterable[Problem]:
    lost = _left_over(planned, rows)
    gone = [cell for cell in planned if lost[_named(cell)] > 0] if lost else []
    if not gone:
        return
    out, dealt, asked = list[Cell](), list[Cell](), list[Cell]()
    for cell in gone:
        left = only and not any(pattern.matches(cell) for pattern in only)
        (out if left else dealt if _named(cell) in elsewhere else asked).append(cell)
    cell = (asked or gone)[0]
    first = f"{cell.suite} / {cell.check} / {cell.architecture}"
    parts = [f"{len(out)} left out by --only"] * bool(out) + [f"{len(dealt)} dealt to other shards"] * bool(dealt)
    stopped = f"{len(asked)} not run, since --fail-fast stopped at the first red one"
    parts += [stopped if fail_fast else f"{len(asked)} of those asked for"] * bool(asked and (parts or fail_fast))
    why = f" ({', '.join(parts)})" if parts else ""
    text = f"{len(gone)} of {len(planned)} declared rows are missing{why}, the first: {first} / {cell.id}"
    yield Problem(Trouble.MISSING_ROWS, first, text)


def _left_over(planned: Sequence[Cell], rows: Sequence[Result]) -> Counter[tuple[str, ...]]:
    """Planned rows that are not there, by name. Those that stand in the plan's order, as nearly all do, are never held together."""
    found, lost = iter(rows), Counter[tuple[str, ...]]()
    row = next(found, None)
    for cell in planned:
        if row is not None and _named(row) == _named(cell):
            row = next(found, None)
        else:
            lost[_named(cell)] += 1
    if row is not None:
        lost.subtract(map(_named, (row, *found)))
    return lost


def _named(row: Cell | Result) -> tuple[str, ...]:
    return row.suite, row.check, row.architecture, row.id


def _too_little(rows: Sequence[Result], planned: Sequence[Cell], architectures: Sequence[str]) -> Iterable[Problem]:
    """Architectures of which too few rows say anything, or none is asked; where suites ask for equivariance, one row must apply."""
    found, asked = by_architecture(rows), Counter(cell.architecture for cell in planned if cell.architecture != WEIGHTS)
    laws = Counter(cell.architecture for cell in planned if cell.kind == "equivariance")
    for architecture in dict.fromkeys([*architectures, *(name for name in found if name != WEIGHTS)]):
        own = found.get(architecture, [])
        not_run = max(0, asked[architecture] - len(own))
        if asked and architecture not in asked and not own:
            text = f"{architecture}: no row of this run is asked of it, so none could fail"
            yield Problem(Trouble.NOTHING_PREDICTED, architecture, text)
        law = [row for row in own if row.kind == "equivariance"]
        if law and all(row.outcome == Outcome.NOT_APPLICABLE for row in law):
            rest = _rest(laws[architecture] - len(law))
            text = f"{architecture}: none of its {len(law)} equivariance rows{rest} is applicable ({law[0].reason})"
            yield Problem(Trouble.NO_EQUIVARIANCE, architecture, text)
        predicted = [row for row in own if row.outcome in PREDICTED]
        if own and not predicted:
            counted = ", ".join(f"{number} {outcome}" for outcome, number in Counter(r.outcome for r in own).items())
            rest = _rest(not_run)
            text = f"{architecture}: nothing is predicted of any of its rows{rest} ({counted}), so none{' of these' * bool(rest)} could fail"
            yield Problem(Trouble.NOTHING_PREDICTED, architecture, text)
        yield from _open_outputs(architecture, predicted, _rest(not_run))


def _rest(not_run: int) -> str:
    """Behind a count of rows: that it is of those that were run, and how many others there are."""
    return f" that were run ({not_run} more were not)" if not_run > 0 else ""


def _open_outputs(architecture: str, predicted: Sequence[Result], rest: str) -> Iterable[Problem]:
    """The claimed outputs of one architecture of whose predicted rows too few are decided; rows that are red say so themselves."""
    for output in dict.fromkeys(row.asked.output for row in predicted if row.asked):
        asked = [row for row in predicted if row.asked and row.asked.output == output]
        decided = sum(row.outcome in DECIDED for row in asked)
        allowed = sum(row.outcome not in DECIDED and not is_red(row) for row in asked)
        if len(asked) - allowed < DECIDED_SHARE * len(asked):
            text = (
                f"{architecture}: {decided} of {len(asked)} rows{rest} that are predicted of its {output} output are decided; "
                f"at least {DECIDED_SHARE:.0%} must be"
            )
            yield Problem(Trouble.DECIDED_SHARE, f"{architecture} / {output}", text)


def _out_of_reach(rows: Sequence[Result], descriptions: Sequence[Mapping[str, Any]]) -> Iterable[Problem]:
    """Declared powers of which pairs were asked, and none predicted to be told apart: refinement modulo their group is not known."""
    found = by_architecture(rows)
    for entry in descriptions:
        if entry.get("power") not in FULL:
            continue
        own = found.get(entry["name"], [])
        asked = [row for row in own if row.measured(SeparationEvidence)]
        larger = next(
            (
                pair
                for row in asked
                if (pair := row.measured(SeparationEvidence)) and pair.ground is Ground.LARGER_GROUP
            ),
            None,
        )
        if larger and not any(row.predicted == Seen.SEPARATED for row in asked):
            power, symmetry = entry["power"], entry["symmetry"]
            text = (
                f'{entry["name"]} declares power "{power}" modulo {symmetry}, which no row can refute: '
                f'{larger.prediction}; declare power "unknown" or "function"'
            )
            yield Problem(Trouble.UNREFUTED_POWER, f"{entry['name']} / {power} / {symmetry}", text)


def _too_weak(descriptions: Sequence[Mapping[str, Any]], required: str | None) -> Iterable[Problem]:
    for entry in descriptions:
        if required is not None and entry["power"] not in AT_LEAST[required]:
            text = f'{entry["name"]} declares power "{entry["power"]}"; --require-power {required} asks for {" or ".join(AT_LEAST[required])}'
            yield Problem(Trouble.REQUIRED_POWER, f"{entry['name']} / {entry['power']} / {required}", text)
