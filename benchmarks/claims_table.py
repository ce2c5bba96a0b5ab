"""The claims table of the README, with what reference runs observed.

    python benchmarks/claims_table.py OUT [OUT ...]

takes what finished runs of `paper` and `paper-full` concluded (`results.json` in their folders) into `reports/reference/claims.json`, with
date and commit, and writes the table anew; without a folder it writes the table from what is on file. Predicted, where, what would
refute and how many false claims there are come from the ledger; observed, and how many of the false claims that the suite names were
caught, from the runs. A claim that no run on file has concluded says so: it is not shown as if it had been.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from orbitcheck.harness.core.claims import CLAIMS, FALSE_CLAIMS

ROOT = Path(__file__).parents[1]
ON_FILE = ROOT / "reports" / "reference" / "claims.json"
README = ROOT / "README.md"
HEAD = "| claim | predicted | where | observed | refuted by | false claims caught |\n|---|---|---|---|---|---:|\n"
NEVER = "in no published run"
KEPT = ("suite", "claim", "checks", "outcome", "reason", "observed", "declared", "killers")


def taken(results: Mapping[str, Any], origin: Mapping[str, str]) -> list[dict[str, Any]]:
    """What one run concluded, claim by claim."""
    return [{**{key: entry.get(key) for key in KEPT}, **origin} for entry in results["conclusions"]]


def merged(old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries of suites that were run again are replaced as a whole."""
    fresh = [dict(entry) for entry in new]
    again = {entry["suite"] for entry in fresh}
    return [dict(entry) for entry in old if entry["suite"] not in again] + fresh


def observed(entry: Mapping[str, Any]) -> str:
    """One conclusion in words: its outcome, what was seen, and why it is open where it is."""
    said = f"{entry['suite']}: {entry['outcome']}"
    seen = entry["observed"] or entry["reason"]
    why = f"; {entry['reason']}" if entry["outcome"] != "pass" and entry["observed"] and entry["reason"] else ""
    allowed = f" (allowed: {entry['declared']})" if entry["declared"] else ""
    return " ".join(f"{said}: {seen}{why}{allowed}".replace("|", "/").split())


def row(claim: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """One line of the table."""
    own, ledger = [entry for entry in entries if entry["claim"] == claim], CLAIMS[claim]
    seen = "<br>".join(map(observed, own)) or NEVER
    rates = dict.fromkeys(f"{entry['killers']['killed']} of {entry['killers']['planted']}" for entry in own)
    caught = "<br>".join(rates) or f"{len(FALSE_CLAIMS[claim])} known"
    return f"| `{claim}` | {ledger.statement} | {ledger.regime} | {seen} | {ledger.refuted_by} | {caught} |\n"


def table(entries: Sequence[Mapping[str, Any]]) -> str:
    """The table, in the order of the ledger."""
    return HEAD + "".join(row(claim, entries) for claim in CLAIMS)


def shown(readme: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """The README with this table in the place of its own."""
    before, _, rest = readme.partition("| claim | predicted | where |")
    _, gap, after = rest.partition("\n\n")
    return f"{before}{table(entries)[:-1]}{gap}{after}"


def on_file() -> list[dict[str, Any]]:
    """What published runs concluded so far."""
    return json.loads(ON_FILE.read_text(encoding="utf-8"))


def main(folders: Sequence[str]) -> None:
    """Take what these runs concluded into the file of claims, and write the README's table of it."""
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True)
    origin = {"date": date.today().isoformat(), "commit": commit.stdout.strip()}
    entries = on_file()
    for folder in folders:
        results = json.loads((Path(folder) / "results.json").read_text(encoding="utf-8"))
        entries = merged(entries, taken(results, origin))
    ON_FILE.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    README.write_text(shown(README.read_text(encoding="utf-8"), entries), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
