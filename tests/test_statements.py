"""The ledger of the paper's statements (docs/theory.md, section 9): each has checks that exist, or a reason; none is missing."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from orbitcheck.harness.core.claims import CLAIMS, FALSE_CLAIMS
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.running.store import read_run

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


def claims_table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("claims_table", PAGE.parents[1] / "benchmarks" / "claims_table.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_the_ledger_of_claims_with_what_the_reference_runs_observed():
    readme, made = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8"), claims_table()
    assert made.table(made.on_file()) in readme
    for figure in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", readme):
        assert (PAGE.parents[1] / figure).exists(), figure


def test_what_is_on_file_is_what_the_suites_conclude():
    """One entry a conclusion of the suite that was run, in its order, with the false claims that it names; green or allowed."""
    entries = claims_table().on_file()
    for suite in dict.fromkeys(entry["suite"] for entry in entries):
        own = [entry for entry in entries if entry["suite"] == suite]
        rows = read_run(PAGE.parents[1] / "reports" / "reference" / f"{suite}.zip").results
        wanted = [each for each in load_suite(suite).conclusions if any(map(each.reads, rows))]
        assert [entry["claim"] for entry in own] == [each.claim for each in wanted], suite
        for entry, each in zip(own, wanted, strict=True):
            same = [other for other in wanted if other.claim == each.claim]
            named = sum(any(one.names(f"{each.claim}-{name}") for one in same) for name in FALSE_CLAIMS[each.claim])
            assert entry["killers"] == {"killed": named, "planted": named}, f"{suite} / {each.claim}"
            assert entry["outcome"] == "pass" or entry["declared"], f"{suite} / {each.claim}"


def test_a_line_says_what_was_observed_and_what_is_open():
    made = claims_table()
    seen = {
        "suite": "s",
        "claim": "oce",
        "outcome": "pass",
        "reason": "",
        "observed": "2 of 2",
        "declared": None,
        "killers": {"killed": 2, "planted": 2},
    }
    open_ = {**seen, "outcome": "undecided", "reason": "k = 1 | to 2", "declared": "few seeds"}
    assert made.observed(seen) == "s: pass: 2 of 2"
    assert made.observed(open_) == "s: undecided: 2 of 2; k = 1 / to 2 (allowed: few seeds)"
    assert "| 2 of 2 |" in made.row("oce", [seen]) and made.NEVER in made.row("thm-5.2", [seen])
    assert (
        made.shown("a\n\n| claim | predicted | where | x |\n|---|\n| y |\n\nb\n", [seen])
        == f"a\n\n{made.table([seen])}\nb\n"
    )
