"""False claims that were put through before: kept in the journal by what they hang on, as rows are.

A false claim of ours hangs on its name, the suites that it speaks of, the seed of the run, orbitcheck's own code and the libraries that it
computes with. One of a suite's own is a plug-in's, and is put through anew by every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.cleaning import BorderError, parsed
from ..core.records import KillerRecord
from ..core.result import canonical_json, digest
from .border import read_killer
from .keeping.imports import PACKAGE, source_digest
from .keeping.journal import Journal
from .provenance import versions_of

LIBRARIES = ("torch", "numpy", "scipy")


def key_of(name: str, suites: Sequence[str], seed: int) -> str:
    """The place of a false claim in the journal; no cell's content is of this form."""
    return f"claim-{digest(['false claim', name, list(suites), seed])}"


def kept(journal: Journal, key: str) -> KillerRecord | None:
    """What became of it, if it may be used again: nothing that it hangs on has changed, and it reads."""
    found = journal.get(key)
    if found is None or found.made != _made():
        return None
    try:
        return read_killer(parsed(found.text))
    except BorderError:
        return None


def keep(journal: Journal, key: str, record: KillerRecord) -> None:
    """Keep what became of it.

    Raises:
        StoreError: the disk refused.
    """
    journal.add(key, canonical_json(record), _made())


def _made() -> dict[str, Any]:
    return {
        "harness": source_digest((f"{PACKAGE}.harness.running.killing",)),
        "versions": {name: versions_of(name) for name in LIBRARIES},
    }
