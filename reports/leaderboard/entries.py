"""Runs that a host admitted -> boards: one for each version of a suite, a line for each network, ranked where the evidence allows.

Law: a rank is of one version of one suite alone; it counts over all rows that the suite asks, of which those that are not there, or say
nothing, count as not shown; and it is given only where the host measured rows of the network again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ...harness.core.outcomes import Fault, Outcome
from ...harness.core.records import ArchitectureRecord
from ...harness.core.result import Result, Run
from ..reading.outcomes import STATUSES, status_of
from ..reading.subjects import declarations, grouped, suite_name
from ..reading.values import plural
from ..sections.kinds import Part
from ..sections.score_card import Score, score_card

ENOUGH = 20
"""Rows of a network that the host must have measured again."""


MEASURED = (Fault.INVALID, Fault.ILL_CONDITIONED, Fault.VACUOUS, Fault.DIVERGED)
"""Errors of rows that were measured, and say nothing; all other errors are rows that are not there."""


class Standing(StrEnum):
    """Why an entry has its rank, or none."""

    RANKED = "ranked"
    SELF_REPORTED = "self-reported"
    BREAKS_THE_LAW = "breaks the law"
    """In rows that the suite declares, too: a control that has to fail is no competitor."""
    NOT_AS_PREDICTED = "not as predicted"
    ROWS_MISSING = "rows missing"


@dataclass(frozen=True)
class Admitted:
    """A run that holds.

    Args:
        name: by which the host named it: its folder or archive.
        sha256: the digest of its content.
        again: architecture -> its rows that were measured again and agreed.
        folder: of its evidence, below the site.
        reruns: files of the records, below that folder.
    """

    name: str
    run: Run
    sha256: str
    again: Mapping[str, int] = field(default_factory=dict)
    folder: str = ""
    reruns: Sequence[str] = ()


@dataclass(frozen=True)
class Refused:
    """A run, or one network of a run, that is not on any board, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Claimed:
    """A claim of the suite, as the rows of one network tell it."""

    claim: str
    holds: bool


@dataclass(frozen=True)
class Entry:
    """One network on a board; `rank` is None where it has none, for which `standing` says why."""

    source: Admitted
    architecture: str
    paper: str
    sha256: str
    score: Score
    claims: tuple[Claimed, ...]
    rows: int
    missing: int
    parameters: int | None
    operations: int | None
    again: int
    standing: Standing
    rank: int | None = None

    @property
    def held(self) -> int:
        return sum(each.holds for each in self.claims)

    @property
    def apart(self) -> float:
        return self.score.apart.share if self.score.apart else 0.0

    @property
    def keeps(self) -> bool:
        """Whether the law was asked, and kept in every row."""
        return self.score.law is not None and not self.score.law.broken

    @property
    def ability(self) -> tuple[bool, float, int, int]:
        """What a rank is by, the better the larger: the law, pairs told apart, claims held, and cheapness."""
        cost = self.operations if self.operations is not None else 1 << 62
        return self.keeps, self.apart, self.held, -cost

    @property
    def words(self) -> str:
        """The standing, with its number."""
        if self.standing is Standing.ROWS_MISSING:
            return f"{self.missing:,} of {plural(self.rows, 'row')} missing"
        if self.standing is Standing.BREAKS_THE_LAW:
            return self.standing.value
        if self.standing is Standing.NOT_AS_PREDICTED:
            return f"{plural(self.score.rows.red, 'row')} not as predicted"
        if self.standing is Standing.SELF_REPORTED:
            return f"self-reported ({self.again} of {ENOUGH})"
        return f"{plural(self.again, 'row')} run again"


@dataclass(frozen=True)
class Board:
    """All entries of one version of a suite, those with a rank first."""

    suite: str
    version: int
    title: str
    pairs: int
    entries: tuple[Entry, ...]


def boards(admitted: Iterable[Admitted]) -> tuple[tuple[Board, ...], tuple[Refused, ...]]:
    """The boards by suite and version, and networks that stand on one already by an earlier run."""
    found: dict[tuple[str, int], list[Entry]] = {}
    titles: dict[tuple[str, int], str] = {}
    refused: list[Refused] = []
    for one in admitted:
        for suite in one.run.suites:
            key = (suite_name(suite), int(suite["version"]))
            titles.setdefault(key, str(suite["title"]))
            for entry in entries(one, key[0]):
                before = next((each for each in found.get(key, []) if _same(each, entry)), None)
                if before is None:
                    found.setdefault(key, []).append(entry)
                else:
                    name = f"{one.name}: {entry.architecture}"
                    refused.append(Refused(name, f"stands on {key[0]}@{key[1]} already, by {before.source.name}"))
    made = (_board(key, titles[key], listed) for key, listed in sorted(found.items()))
    return tuple(made), tuple(refused)


def _same(one: Entry, other: Entry) -> bool:
    return (one.architecture, one.sha256) == (other.architecture, other.sha256)


def _pairs(listed: Sequence[Entry]) -> int:
    """Pairs of two orbits that the suite asks, which are the same for all: a network that was not asked a pair cannot tell that it is of one."""
    return min(
        (int(sum(part.size for part in each.score.apart.parts)) for each in listed if each.score.apart), default=0
    )


def _of_all(entry: Entry, pairs: int) -> Entry:
    """The entry with its pairs told as of all that the suite asks, since it is ranked by them."""
    bar = entry.score.apart
    if bar is None:
        return entry
    asked = tuple(part for part in bar.parts if part.look != "absent")
    absent = Part("absent", max(0.0, pairs - sum(part.size for part in asked)))
    told = replace(bar, parts=(*asked, absent), words=f"{int(bar.share):,} of {pairs:,}")
    return replace(entry, score=replace(entry.score, apart=told))


def _board(key: tuple[str, int], title: str, listed: Sequence[Entry]) -> Board:
    pairs = _pairs(listed)
    return Board(*key, title, pairs, ranked([_of_all(entry, pairs) for entry in listed]))


def entries(admitted: Admitted, suite: str) -> list[Entry]:
    """A line for each network that loaded, of the rows of one suite of the run."""
    rows = [row for row in admitted.run.results if row.suite == suite]
    own, told = grouped(rows, lambda row: row.architecture), declarations(admitted.run)
    scores = {score.architecture: score for score in score_card(replace(admitted.run, results=rows))}
    return [
        _entry(admitted, told[name], scores[name], own[name])
        for name in told
        if name in own and not told[name].get("error")
    ]


def _entry(admitted: Admitted, told: ArchitectureRecord, score: Score, rows: Sequence[Result]) -> Entry:
    cost, again = told.get("cost"), admitted.again.get(told["name"], 0)
    missing = sum(row.outcome == Outcome.ERROR and row.fault not in MEASURED for row in rows)
    if missing:
        standing = Standing.ROWS_MISSING
    elif score.rows.red or not score.rows.predicted:
        standing = Standing.NOT_AS_PREDICTED
    elif score.law is not None and score.law.broken:
        standing = Standing.BREAKS_THE_LAW
    else:
        standing = Standing.RANKED if again >= ENOUGH else Standing.SELF_REPORTED
    return Entry(
        admitted,
        told["name"],
        str(told.get("paper") or ""),
        str(told.get("source_sha256") or ""),
        score,
        claims_of(rows),
        len(rows),
        missing,
        cost["parameters"] if cost else None,
        cost["operations"] if cost else None,
        again,
        standing,
    )


def claims_of(rows: Sequence[Result]) -> tuple[Claimed, ...]:
    """Every claim of which a row could fail: it holds if all these are as predicted, without an excuse."""
    served = grouped(
        (row for row in rows if row.claim and row.outcome not in (Outcome.NOT_APPLICABLE, Outcome.OBSERVED)),
        lambda row: row.claim,
    )
    return tuple(
        Claimed(str(claim), not any(STATUSES[status_of(row)].red or row.declared for row in own))
        for claim, own in served.items()
    )


def ranked(listed: Sequence[Entry]) -> tuple[Entry, ...]:
    """Those with a rank first, equals with equal ranks; then the others, in the order that they would have."""
    able = sorted(listed, key=lambda entry: entry.ability, reverse=True)
    first = [entry for entry in able if entry.standing is Standing.RANKED]
    abilities = [entry.ability for entry in first]
    with_rank = [replace(entry, rank=1 + abilities.index(entry.ability)) for entry in first]
    order = list(Standing)
    rest = sorted(
        (entry for entry in able if entry.standing is not Standing.RANKED), key=lambda e: order.index(e.standing)
    )
    return (*with_rank, *rest)
