"""The record of rows that a host measured again: which, by what draw, of what plug-in, and whether they agreed.

Law: a record speaks of one run (its digest), and the rows are those that the host's seed draws of it, so that no submitter could choose
them. It is the host's own evidence: it lies beside the archives, and nothing within an archive counts as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ...core.cleaning import BorderError, content_of, parsed
from ...core.outcomes import Outcome
from ...core.result import Run, digest
from ..keeping.files import StoreError, write_atomically
from ..provenance import VERSION, environment
from ..verifying.verified import Verified, drawn

FORMAT = 1
LARGEST = 8 << 20
"""Bytes of a record that are read."""


@dataclass(frozen=True)
class Remeasured:
    """One row that was measured again: its id, and what differed; nothing if it agreed."""

    id: str
    differs: str


@dataclass(frozen=True)
class Rerun:
    """Rows of one run that were measured again.

    Args:
        run: digest of its content (`digest_of`).
        orbitcheck: the version that measured.
        seed, count, of: of the draw (`drawn`); `of` are the architectures that it was made for, none for the whole run.
        rows: those that were drawn.
        sources: architecture -> SHA-256 of the plug-in's source file, as it was here; None where it cannot be told.
        environment: where and with what.
    """

    run: str
    orbitcheck: str
    seed: int
    count: int
    of: Sequence[str]
    rows: Sequence[Remeasured]
    sources: Mapping[str, str | None]
    environment: Mapping[str, str]

    def wrong(self, run: Run) -> str:
        """Why this is no record of that run; nothing if it is one."""
        if self.run != digest_of(run):
            return "of another run"
        if self.orbitcheck != run.orbitcheck:
            return f"by orbitcheck {self.orbitcheck}; the run is of {run.orbitcheck}"
        if sorted(row.id for row in self.rows) != sorted(row.id for row in drawn(run, self.count, self.seed, self.of)):
            return "of other rows than its seed draws"
        return ""

    def agreeing(self, run: Run) -> dict[str, int]:
        """Architecture -> its rows that apply, were measured again with the plug-in that the run names, and agreed."""
        sources = {entry["name"]: entry.get("source_sha256") for entry in run.architectures}
        by_id = {row.id: row for row in run.results}
        found: dict[str, int] = {}
        for each in self.rows:
            row = by_id[each.id]
            name, source = row.architecture, self.sources.get(row.architecture)
            if not each.differs and row.outcome != Outcome.NOT_APPLICABLE and source and source == sources.get(name):
                found[name] = found.get(name, 0) + 1
        return found

    def differing(self, run: Run) -> dict[str, str]:
        """Architecture -> the first of its rows that came out otherwise."""
        by_id = {row.id: row for row in run.results}
        found: dict[str, str] = {}
        for each in self.rows:
            if each.differs:
                found.setdefault(by_id[each.id].architecture, each.differs)
        return found


def rerun_of(run: Run, again: Verified, count: int, seed: int, of: Sequence[str], device: str) -> Rerun:
    """The record of what was measured again, by this installation."""
    place = environment(device, 1, None)
    kept = ("date", "python", "torch", "numpy", "platform", "device")
    return Rerun(
        digest_of(run),
        VERSION,
        seed,
        count,
        list(of),
        [Remeasured(row.id, differs) for row, differs in again.remeasured],
        again.sources,
        {key: str(place[key]) for key in kept},
    )


def digest_of(run: Run) -> str:
    """The digest that `results.json` ends with."""
    return str(run.to_json()["sha256"])


def name_of(record: Rerun) -> str:
    """The file of a record, below the folder of all."""
    return f"{record.run[:16]}-{digest(asdict(record))[:8]}.json"


def write_record(record: Rerun, folder: Path) -> Path:
    """Keep a record.

    Raises:
        StoreError: the file system refused.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({error.strerror})") from None
    path = folder / name_of(record)
    write_atomically(path, json.dumps({"format": FORMAT, **asdict(record)}, indent=1, ensure_ascii=False) + "\n")
    return path


def read_records(folder: Path) -> list[tuple[str, Rerun]]:
    """Every record of a folder with the name of its file, by name.

    Raises:
        StoreError: there is no such folder, or a file in it is no record.
    """
    if not folder.is_dir():
        raise StoreError(f"{folder}: no such folder")
    return [(path.name, _read(path)) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> Rerun:
    try:
        told = parsed(content_of(path, LARGEST))
        if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
            raise StoreError(f"{path} is no record of rows that were measured again")
        return TypeAdapter(Rerun).validate_json(json.dumps(told), strict=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise StoreError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except BorderError as error:
        raise StoreError(f"{path}: {error}") from None
