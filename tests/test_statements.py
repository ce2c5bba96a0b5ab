"""The ledger of the paper's statements (docs/theory.md, section 9): each has checks that exist, or a reason; none is missing."""

from __future__ import annotations

import re
from pathlib import Path

from orbitcheck.harness.core.claims import CLAIMS, FALSE_CLAIMS
from orbitcheck.harness.language.reading import load_suite

PAGE = (Path(__file__).parents[1] / "docs" / "theory").with_suffix(".md")


def ledger() -> list[tuple[str, str, str]]:
    """(statement, claim, checks or reason)."""
    table = PAGE.read_text(encoding="utf-8").partition("| statement | claim | checks, or why there is none |")[2]
    lines = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    return [tuple(part.strip() for part in re.split(r" \| ", line.strip("| "))) for line in lines]  # type: ignore[misc]


def named(cell: str) -> set[tuple[str, bool]]:
    """(check, whether it is in `paper-full` alone) of a cell that names checks."""
    return {(name, star == "*") for name, star in re.findall(r"`([\w-]+)`(\*?)", cell)}


def test_each_statement_names_checks_that_exist_or_says_why_there_is_none():
    suites = {name: {check.id for check in load_suite(name).checks} for name in ("paper", "paper-full")}
    assert len(ledger()) >= 25
    for statement, claim, cell in ledger():
        assert claim.strip("`") in CLAIMS, statement
        if cell.startswith("none"):
            assert len(cell.partition(": ")[2]) > 20, f"{statement}: no reason"
        else:
            asked = named(cell)
            assert asked, statement
            for check, alone in asked:
                assert check in suites["paper-full" if alone else "paper"], f"{statement}: {check}"
                assert not alone or check not in suites["paper"], f"{statement}: {check} is in paper, too"


def test_no_claim_and_no_check_that_speaks_of_one_is_missing():
    of_the_paper = {claim.id for claim in CLAIMS.values() if "(ours)" not in claim.source}
    assert {claim.strip("`") for _, claim, _ in ledger()} == of_the_paper
    told = {check for _, _, cell in ledger() if not cell.startswith("none") for check, _ in named(cell)}
    for name in ("paper", "paper-full"):
        missing = {check.id for check in load_suite(name).checks if check.claim} - told
        assert not missing, f"{name}: {missing}"


def test_the_readme_shows_the_ledger_of_claims():
    readme = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    for claim in CLAIMS.values():
        line = f"| `{claim.id}` | {claim.statement} | {claim.regime} | {claim.refuted_by} | {len(FALSE_CLAIMS[claim.id])} |"
        assert line in readme, claim.id
    for figure in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", readme):
        assert (PAGE.parents[1] / figure).exists(), figure
