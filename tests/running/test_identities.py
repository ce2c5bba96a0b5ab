"""Row ids and seeds are content: moving a file, renaming a module or adding a check changes none.

`identities.json` holds, for each check of the suites with published references, the number of rows over the architectures that were
built in when they were recorded and the SHA-256 of their sorted lines `case architecture id seed`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import default_names, parse_name
from orbitcheck.harness.running.plan import plan

BUILT_IN = (
    *(
        "canonical-mlp",
        "deep-sets",
        "dws",
        "flat-mlp",
        "gmn",
        "nfn-hnp",
        "nfn-np",
        "nfn-official",
        "nft",
        "ng-gnn",
        "ng-t",
        "oce",
    ),
    *("probe", "scale-gmn", "sign-gmn", "sorted-mlp", "stats", "unf"),
)
"""Whatever joins them has ids of its own and moves none."""
LATER = {"separation": ("flat-mlp",)}
"""Asked by default when they were recorded, and since then where a user names them."""
RECORDED = json.loads(Path(__file__).with_name("identities.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECORDED)
def test_ids_and_seeds_are_as_recorded(name):
    suite = load_suite(name)
    names = [
        parse_name(text)
        for text in sorted({*default_names([(suite.name, suite.architectures, suite.spaces)]), *(LATER.get(name, ()))})
        if text in BUILT_IN
    ]
    lines: dict[str, list[str]] = {}
    for cell in plan([suite], names):
        lines.setdefault(cell.check, []).append(f"{cell.case} {cell.architecture} {cell.id} {cell.seed}")
    found = {
        check: {"rows": len(own), "sha256": hashlib.sha256("\n".join(sorted(own)).encode()).hexdigest()}
        for check, own in lines.items()
    }
    assert found == RECORDED[name]
