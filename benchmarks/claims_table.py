"""The claims table of the README, with what the published runs observed.

    python benchmarks/claims_table.py

writes the table anew. Predicted, where, what would refute and how many false claims there are come from the ledger; observed, and how
many of the false claims that a suite names were caught, from the runs in `reports/reference`. A claim that none of them concluded
says so: it is not shown as if it had been.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orbitcheck.harness.core.claims import CLAIMS, FALSE_CLAIMS
from orbitcheck.harness.core.records import ConclusionRecord
from orbitcheck.harness.judging.judgements.finding import Concluded
from orbitcheck.harness.running.store import read_run

ROOT = Path(__file__).parents[1]
REFERENCES = ROOT / "reports" / "reference"
README = ROOT / "README.md"
HEAD = "| claim | predicted | where | observed | refuted by | false claims caught |\n|---|---|---|---|---|---:|\n"
NEVER = "in no published run"
SUITES = ("paper", "paper-full", "beyond-mlps")
"""Whose published runs conclude a claim."""


def observed(entry: ConclusionRecord) -> str:
    """One conclusion in words: its outcome, what was seen, and why it is open where it is."""
    said = f"{entry['suite']}: {entry['outcome']}"
    seen = entry["observed"] or entry["reason"]
    why = f"; {entry['reason']}" if entry["outcome"] != "pass" and entry["observed"] and entry["reason"] else ""
    allowed = f" (allowed: {entry['declared']})" if entry["declared"] else ""
    return " ".join(f"{said}: {seen}{why}{allowed}".replace("|", "/").split())


def row(claim: str, entries: Sequence[ConclusionRecord]) -> str:
    """One line of the table."""
    own, ledger = [entry for entry in entries if entry["claim"] == claim], CLAIMS[claim]
    seen = "<br>".join(map(observed, own)) or NEVER
    rates = dict.fromkeys(f"{entry['killers']['killed']} of {entry['killers']['planted']}" for entry in own)
    caught = "<br>".join(rates) or f"{len(FALSE_CLAIMS[claim])} known"
    return f"| `{claim}` | {ledger.statement} | {ledger.regime} | {seen} | {ledger.refuted_by} | {caught} |\n"


def table(entries: Sequence[ConclusionRecord]) -> str:
    """The table, in the order of the ledger."""
    return HEAD + "".join(row(claim, entries) for claim in CLAIMS)


def shown(readme: str, entries: Sequence[ConclusionRecord]) -> str:
    """The README with this table in the place of its own."""
    before, _, rest = readme.partition("| claim | predicted | where |")
    _, gap, after = rest.partition("\n\n")
    return f"{before}{table(entries)[:-1]}{gap}{after}"


def on_file() -> list[ConclusionRecord]:
    """What the published runs concluded, but for conclusions none of whose rows they hold."""
    runs = [read_run(REFERENCES / f"{suite}.zip") for suite in SUITES]
    return [entry for run in runs for entry in run.conclusions if entry["outcome"] != Concluded.NOT_ASKED]


if __name__ == "__main__":
    README.write_text(shown(README.read_text(encoding="utf-8"), on_file()), encoding="utf-8")
