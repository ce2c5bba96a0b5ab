"""The view of a run that HTML and Markdown share: heads, verdicts, checks x architectures, claims, cost.

Every table is made of all rows: what is not shown on its own is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from ..harness.core.cell import WEIGHTS
from ..harness.core.claims import CLAIMS
from ..harness.core.result import Result, Run
from .outcomes import Tally, status_of, tally
from .values import NOTHING, compact, finite, mapping, one_line, plural, seconds_text, shown

Key = tuple[str, str]
"""`(suite, check)`."""
Row = TypeVar("Row")


def architecture_names(run: Run) -> tuple[str, ...]:
    """Every architecture that the run names: those asked for, in order, then any that only rows mention."""
    asked = [str(entry.get("name", "?")) for entry in run.architectures]
    return tuple(dict.fromkeys([*asked, *(row.architecture for row in run.results if row.architecture != WEIGHTS)]))


def subjects(run: Run) -> tuple[str, ...]:
    """Whatever rows are of: the architectures, and last the weights, where a check read these alone."""
    alone = any(row.architecture == WEIGHTS for row in run.results)
    return (*architecture_names(run), WEIGHTS) if alone else architecture_names(run)


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Key -> its rows; keys in order of appearance."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def declarations(run: Run) -> dict[str, Mapping[str, Any]]:
    """Architecture -> what it declares."""
    return {str(entry.get("name", "?")): entry for entry in run.architectures}


def suite_name(suite: Mapping[str, Any]) -> str:
    return str(suite.get("suite") or suite.get("name") or "?")


def environment(run: Run) -> tuple[tuple[str, str], ...]:
    """What the numbers depend on, one `(name, value)` each: orbitcheck, the suites with versions, then the environment."""
    suites = ", ".join(
        f"{suite_name(suite)} (version {shown(suite.get('version'))})" if "version" in suite else suite_name(suite)
        for suite in run.suites
    )
    rows = [("orbitcheck", one_line(run.orbitcheck)), ("suites", one_line(suites) or NOTHING)]
    rows += [(one_line(key, 60).replace("_", " "), _setting(value)) for key, value in run.environment.items()]
    return (*rows, ("spent", _spent(run)))


def _spent(run: Run) -> str:
    """The budget that the rows used up."""
    forwards = [found for row in run.results if (found := finite(row.forwards)) is not None]
    seconds = sum(finite(row.seconds) or 0.0 for row in run.results)
    inside = sum(finite(row.model_seconds) or 0.0 for row in run.results)
    passes = f"{round(sum(forwards)):,} forward passes, " if forwards else ""
    return f"{passes}{seconds_text(seconds)} in {plural(len(run.results), 'row')}, {seconds_text(inside)} of it in networks"


def _setting(value: Any) -> str:
    """A setting as it is: versions, sizes and flags are no measurements to be rounded."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else shown(value)


@dataclass(frozen=True)
class Verdict:
    """One architecture in one sentence."""

    architecture: str
    status: str
    sentence: str
    tally: Tally


def verdicts(run: Run) -> tuple[Verdict, ...]:
    """One verdict for each architecture of the run."""
    rows = grouped(run.results, lambda row: row.architecture)
    declared = declarations(run)
    return tuple(
        _verdict(name, rows.get(name, []), declared.get(name, {}).get("error")) for name in architecture_names(run)
    )


def _verdict(name: str, rows: Sequence[Result], unloadable: Any) -> Verdict:
    counted = tally(rows)
    if unloadable:
        return Verdict(name, "error", f"could not be loaded: {one_line(unloadable)}.", counted)
    if not rows:
        return Verdict(name, "not-applicable", "no row was run.", counted)
    if not counted.applicable:
        return Verdict(name, "not-applicable", f"claims nothing that was checked: {counted.words}.", counted)
    return Verdict(name, counted.worst, f"{_agreement(counted)}{_findings(rows, counted)}.", counted)


def _agreement(counted: Tally) -> str:
    count = counted.counts
    red = [
        text
        for number, text in (
            (count["fail"], f"{count['fail']:,} of {plural(counted.applicable, 'applicable row')} "
             f"{'contradicts' if count['fail'] == 1 else 'contradict'} the prediction"),
            (count["error"], f"{plural(count['error'], 'row')} could not be measured"),
            (count["unexpected-pass"], f"{plural(count['unexpected-pass'], 'declared failure')} did not fail"),
            (count["undecided"], f"{plural(count['undecided'], 'row')} undecided"),
        )
        if number
    ]  # fmt: skip
    if red:
        return ", ".join(red)
    if count["expected"]:
        return f"as predicted, with {plural(count['expected'], 'declared failure')} among {counted.applicable:,} rows"
    return (
        f"all {plural(counted.applicable, 'applicable row')} as predicted" if counted.applicable > 1 else "as predicted"
    )


def _findings(rows: Sequence[Result], counted: Tally) -> str:
    """What was seen, kind by kind, as clauses."""
    clauses = []
    law = [row for row in rows if row.kind == "equivariance" and row.outcome in ("pass", "fail")]
    if law:
        held = [row for row in law if row.outcome == "pass"]
        errors = [error for row in held if (error := finite(row.evidence.get("error64"))) is not None]
        worst = f" (worst error {compact(max(errors))})" if errors else ""
        clauses.append(f"equivariant in {len(held):,} of {plural(len(law), 'case')}{worst}")
    pairs = [row for row in rows if row.kind == "separation" and row.observed in ("separated", "not separated")]
    if pairs:
        parted = sum(row.observed == "separated" for row in pairs)
        clauses.append(f"tells apart {parted:,} of {plural(len(pairs), 'pair')}")
    if counted.counts["not-applicable"]:
        clauses.append(f"{counted.counts['not-applicable']:,} not applicable")
    return "".join(f"; {clause}" for clause in clauses)


@dataclass(frozen=True)
class CheckCell:
    """The rows of one check on one architecture: counted, and in one line of words."""

    tally: Tally
    hint: str


@dataclass(frozen=True)
class CheckRow:
    """One check of one suite: its title, kind and claim, and its rows per architecture."""

    suite: str
    check: str
    kind: str
    title: str
    claim: str
    cells: Mapping[str, CheckCell]
    tally: Tally


def check_rows(run: Run) -> tuple[CheckRow, ...]:
    """Every check that the suites declare or a row names, suite by suite; checks without a row stay visible."""
    titles: dict[Key, str] = {}
    declared: dict[Key, Mapping[str, Any]] = {}
    for suite in run.suites:
        checks = suite.get("checks")
        for check in checks if isinstance(checks, list | tuple) else ():
            if isinstance(check, Mapping) and "id" in check:
                key = (suite_name(suite), str(check["id"]))
                declared[key] = check
                titles[key] = one_line(check.get("title") or "")
    groups = grouped(run.results, lambda row: (row.suite, row.check))
    keys = dict.fromkeys([*declared, *groups])
    order = {suite: place for place, suite in enumerate(dict.fromkeys(suite for suite, _ in keys))}
    table = []
    for key in sorted(keys, key=lambda key: order[key[0]]):
        rows = groups.get(key, [])
        said = declared.get(key, {})
        table.append(
            CheckRow(
                suite=key[0],
                check=key[1],
                kind=rows[0].kind if rows else str(said.get("kind", "")),
                title=titles.get(key, ""),
                claim=str((rows[0].claim if rows else said.get("claim")) or ""),
                cells={name: _cell(found) for name, found in grouped(rows, lambda row: row.architecture).items()},
                tally=tally(rows),
            )
        )
    return tuple(table)


def _cell(rows: Sequence[Result]) -> CheckCell:
    counted = tally(rows)
    observed = Counter(one_line(row.observed, 60) for row in rows if row.observed)
    seen = ", ".join(f"{what} {count:,}" for what, count in observed.most_common(5))
    where = f"{one_line(rows[0].architecture, 60)}, {one_line(rows[0].check, 60)}"
    return CheckCell(counted, f"{where}: {counted.words}" + (f"; observed: {seen}" if seen else ""))


def sections(rows: Sequence[CheckRow]) -> tuple[tuple[str, tuple[CheckRow, ...]], ...]:
    """The checks suite by suite."""
    return tuple((suite, tuple(group)) for suite, group in groupby(rows, key=lambda row: row.suite))


@dataclass(frozen=True)
class Finding:
    """How often one prediction met one observation."""

    predicted: str
    observed: str
    tally: Tally


@dataclass(frozen=True)
class Entry:
    """One claim of the theory and what the run saw of it. `statement` is empty for an id that the ledger does not have."""

    claim: str
    statement: str
    regime: str
    source: str
    findings: tuple[Finding, ...]
    tally: Tally


def ledger(run: Run) -> tuple[Entry, ...]:
    """The claims that rows serve, in the ledger's own order, then any others by appearance."""
    groups = grouped((row for row in run.results if row.claim), lambda row: str(row.claim))
    order = [*(name for name in CLAIMS if name in groups), *(name for name in groups if name not in CLAIMS)]
    return tuple(_entry(name, groups[name]) for name in order)


def _entry(name: str, rows: Sequence[Result]) -> Entry:
    known = CLAIMS.get(name)
    findings = [
        Finding(one_line(predicted) or NOTHING, one_line(observed), tally(found))
        for (predicted, observed), found in grouped(
            rows, lambda row: (row.predicted, row.observed or row.outcome)
        ).items()
    ]
    return Entry(
        claim=name,
        statement=known.statement if known else "",
        regime=known.regime if known else "",
        source=known.source if known else "",
        findings=tuple(sorted(findings, key=lambda finding: -finding.tally.total)),
        tally=tally(rows),
    )


@dataclass(frozen=True)
class Cost:
    """What one architecture takes.

    Args:
        parameters, operations, memory, reference_seconds: of one forward pass on the reference batch, where the run's
            description has them; memory is the most bytes of tensors alive at once.
        seconds, model_seconds: of its rows, and of these inside the network's own calls.
        forwards: weight vectors that went through it in the rows.
        share: its part of the run's seconds.
    """

    architecture: str
    parameters: int | None
    operations: int | None
    memory: int | None
    reference_seconds: float | None
    rows: int
    seconds: float
    model_seconds: float
    forwards: int | None
    share: float

    @property
    def per_forward(self) -> float | None:
        """Seconds inside the network for one weight vector of the rows."""
        return self.model_seconds / self.forwards if self.forwards else None

    @property
    def overhead(self) -> float | None:
        """Wall time over the time inside the network's own calls."""
        return self.seconds / self.model_seconds if self.model_seconds > 0 else None


def costs(run: Run) -> tuple[Cost, ...]:
    """Seconds and model seconds for each architecture that has rows."""
    whole = sum(finite(row.seconds) or 0.0 for row in run.results)
    declared = declarations(run)
    table = []
    for name, rows in grouped(run.results, lambda row: row.architecture).items():
        seconds = sum(finite(row.seconds) or 0.0 for row in rows)
        counted = [found for row in rows if (found := finite(row.forwards)) is not None]
        measured = mapping(declared.get(name, {}).get("cost"))
        table.append(
            Cost(
                architecture=name,
                parameters=_count(measured.get("parameters", declared.get(name, {}).get("parameters"))),
                operations=_count(measured.get("operations")),
                memory=_count(measured.get("bytes")),
                reference_seconds=finite(measured.get("seconds")),
                rows=len(rows),
                seconds=seconds,
                model_seconds=sum(finite(row.model_seconds) or 0.0 for row in rows),
                forwards=round(sum(counted)) if counted else None,
                share=seconds / whole if whole > 0 else 0.0,
            )
        )
    return tuple(table)


def reference_batch(run: Run) -> str:
    """What the counted costs are of, in words; empty if the run has none."""
    measured = (mapping(entry.get("cost")) for entry in run.architectures)
    return next((one_line(cost.get("of") or "a reference batch", 120) for cost in measured if cost), "")


def _count(value: Any) -> int | None:
    read = finite(value)
    return None if read is None or read < 0 else round(read)


@dataclass(frozen=True)
class Aside:
    """Rows that are neither pass nor red, of one architecture and reason: counted by check, with the first as an example."""

    architecture: str
    reason: str
    checks: str
    example: Result
    count: int


def asides(run: Run, status: str) -> tuple[Aside, ...]:
    """The rows of a status by architecture and reason: the declared one for expected failures, else the row's own."""
    rows = (row for row in run.results if status_of(row) == status)
    groups = grouped(rows, lambda row: (row.architecture, row.declared or row.reason))
    places = {name: place for place, name in enumerate(subjects(run))}
    return tuple(
        Aside(name, one_line(reason) or NOTHING, _by_check(found), found[0], len(found))
        for (name, reason), found in sorted(groups.items(), key=lambda item: places[item[0][0]])
    )


def _by_check(rows: Sequence[Result]) -> str:
    """`quick / same-orbit 3, generic 2`: the suite where it changes, each check with its rows."""
    parts, before = [], None
    for (suite, check), found in grouped(rows, lambda row: (row.suite, row.check)).items():
        place = one_line(check, 60) if suite == before else f"{one_line(suite, 40)} / {one_line(check, 60)}"
        parts.append(f"{place} {len(found):,}")
        before = suite
    return one_line(", ".join(parts), 1200)


def family_of(row: Result) -> str:
    """The pair family of a separation row: as the evidence or a parameter says, else the check's own id."""
    return one_line(row.evidence.get("family") or mapping(row.evidence.get("pairs")).get("family") or row.check, 80)
