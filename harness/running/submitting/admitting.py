"""Whether a run may stand on a leaderboard: read as a stranger's, of a suite that the host knows, whole, and derived again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ....reports.leaderboard.entries import Admitted, Refused
from ...core.cleaning import one_line
from ...core.progress import Progress, unwatched
from ...core.registry import did_you_mean
from ...core.result import SCHEMA_VERSION, Run
from ...language.shipped import asked, version_of
from ..keeping.files import StoreError
from ..provenance import VERSION
from ..store import read_run
from ..verifying.verified import verified
from .record import Rerun, digest_of

SHORT = 16
"""Characters of a run's digest that name its evidence."""


def admit(
    path: Path,
    suites: Mapping[str, str],
    records: Sequence[tuple[str, Rerun]] = (),
    progress: Progress = unwatched,
) -> tuple[Admitted | None, list[Refused]]:
    """The run, if it may stand on a board; and what may not: the run itself, or networks of it.

    Args:
        suites: `NAME@VERSION` -> digest of what it asks, of those that have a board.
        records: of rows that the host measured again, with the names of their files.
    """
    name = one_line(path.name or str(path), 160)
    try:
        run = read_run(path)
        problem = _wrong(run, suites) or _refuted(run, progress)
    except (StoreError, ValueError, LookupError, RecursionError) as error:
        problem, run = one_line(str(error)), None
    if problem or run is None:
        return None, [Refused(name, problem)]
    sha256 = digest_of(run)
    own = [(file, record) for file, record in records if record.run == sha256]
    refused = [Refused(f"{name}: {file}", f"a record {wrong}") for file, record in own if (wrong := record.wrong(run))]
    good = [(file, record) for file, record in own if not record.wrong(run)]
    differing = {key: line for _, record in good for key, line in record.differing(run).items()}
    if differing:
        first, line = next(iter(differing.items()))
        told = f"a row of {first} came out otherwise when the host measured it again: {line}"
        return None, [*refused, Refused(name, one_line(told, 400))]
    again = {key: max(record.agreeing(run).get(key, 0) for _, record in good) for key in _names(run)} if good else {}
    return Admitted(name, run, sha256, again, f"runs/{sha256[:SHORT]}", [file for file, _ in good]), refused


def _names(run: Run) -> list[str]:
    return [str(entry["name"]) for entry in run.architectures]


def _wrong(run: Run, suites: Mapping[str, str]) -> str:
    """Why a run is none for a board, whatever its rows say; nothing if it may be one."""
    if run.orbitcheck != VERSION:
        return f"made by orbitcheck {run.orbitcheck}; this is {VERSION}"
    if run.selection is not None:
        return "a part of a run: rows were left out by --only, --fail-fast or --shard"
    if run.request is None:
        return f"not of schema {SCHEMA_VERSION}, which tells what was asked"
    if run.request["expected_failures"]:
        return "excuses rows by --expect; a board takes what the suite excuses alone"
    for suite in run.suites:
        known = suites.get(version_of(suite))
        if known is None:
            return f"suite {version_of(suite)} has no board{did_you_mean(version_of(suite), suites)}"
        if known != asked(suite):
            return f"suite {version_of(suite)} asks something else than the one that was frozen under that version"
    return ""


def _refuted(run: Run, progress: Progress) -> str:
    """The first thing that does not hold; nothing if all does."""
    found = verified(run, progress)
    for each in found.rows:
        if each.problem:
            return f"{each.row.architecture} / {each.row.check} / {each.row.case}: {each.problem}"
    return next(iter(found.problems), "")
