"""The audit of weights and the conclusions: what the rows say, and nothing where they say nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports.audit import audit_forms
from orbitcheck.reports.conclusions import conclusions
from orbitcheck.reports.html import html


def test_shares_are_shown_as_they_are(expressive_run: Run) -> None:
    first, second, third = audit_forms(expressive_run)
    assert [entry.status for entry in (first, second, third)] == ["pass", "pass", "expected"]
    assert (first.form, first.nets, first.rounds, first.classes) == ("float", "1797", "2", "1797")
    assert second.shares == {"general-position": 0.0167, "discrete": 0.995, "one-orbit": 1.0}
    source = html(expressive_run)
    for share in ("1.67 %", "99.5 %", "100 %"):
        assert f'<span class="num">{share}</span>' in source


def test_a_row_without_shares_stays_in_the_table(make_row: Callable[..., Result]) -> None:
    row = make_row(kind="general-position", outcome="error", evidence={})
    (entry,) = audit_forms(Run("0", {}, [], [], [row]))
    assert entry.status == "error" and set(entry.shares.values()) == {None}


def test_conclusions_keep_their_order_and_a_declared_one_is_expected(expressive_run: Run) -> None:
    found = conclusions(expressive_run)
    assert [(entry.claim, entry.status) for entry in found] == [
        ("thm-5.2", "pass"), ("oce", "fail"), ("thm-7.2", "expected"),
    ]  # fmt: skip
    assert found[2].reason == "minutes, not hours"
    assert found[0].evidence == (("difference", "0.001"), ("margin", "0.01"))
    assert conclusions(replace(expressive_run, conclusions=())) == ()


def test_a_run_of_conclusions_alone_has_a_ledger() -> None:
    run = Run("0", {}, [], [], [], conclusions=[{"claim": "oce", "title": "t", "outcome": "strange"}])
    (entry,) = conclusions(run)
    assert entry.status == "error"
    assert 'id="claims"' in html(run)
