"""A journal of measured items, one line each, so that a run goes on where it stopped; and the face that its scripts share.

Items have a key of their own; what is measured of one is plain JSON. Results that are committed carry date and commit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "meta"))  # the networks

Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """One thing to measure: what it is called in the journal, and how."""

    key: str
    measure: Callable[[], Measured]


def read(journal: Path) -> dict[str, Measured]:
    """Key -> what was measured; a line that was cut off by the end of a run is left out."""
    found = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[entry.pop("key")] = entry
    return found


def go_on(journal: Path, items: Iterable[Item], seconds: float = float("inf")) -> dict[str, Measured]:
    """Measures what the journal lacks, for so many seconds at most; all that it holds of these items, in their order."""
    listed, known, started = list(items), read(journal), time.monotonic()
    torn = journal.exists() and (text := journal.read_text()) and not text.endswith("\n")
    with journal.open("a") as out:
        if torn:
            out.write("\n")
        for item in listed:
            if item.key in known:
                continue
            if time.monotonic() - started > seconds:
                break
            known[item.key] = item.measure()
            out.write(json.dumps({"key": item.key, **known[item.key]}) + "\n")
            out.flush()
            os.fsync(out.fileno())
    return {item.key: known[item.key] for item in listed if item.key in known}


def origin() -> dict[str, str]:
    """Date and commit of what was measured; a commit with changes on top ends in `+`."""
    told = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*told, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(
        [*told, "status", "--porcelain", "--", "harness", "architectures", "suites", "tests/meta"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    return {"date": date.today().isoformat(), "commit": commit + ("+" if changed else "")}


def face(
    doc: str | None,
    items: Callable[[int], list[Item]],
    summary: Callable[[Mapping[str, Measured]], Mapping[str, Any]],
    count: int,
) -> None:
    """The command line of one script: measure into a journal, print or keep the summary.

    Args:
        items: a number of them -> the items, always the same ones.
        count: how many without `--count`.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal", type=Path, help="one line an item; where it stopped it goes on")
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no item after so long")
    parser.add_argument("--keep", type=Path, help="write the summary, with date and commit, to this JSON file")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    measured = go_on(arguments.journal, items(arguments.count), arguments.seconds)
    told = {**origin(), "asked": arguments.count, **summary(measured)}
    print(json.dumps(told, indent=1))
    if arguments.keep:
        arguments.keep.write_text(json.dumps(told, indent=1) + "\n")
