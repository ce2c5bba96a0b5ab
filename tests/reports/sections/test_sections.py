"""The sections: what the rows say, counted once, and nothing where they say nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.checks.approximation.evidence import EmittedEvidence
from orbitcheck.harness.checks.equivariance.evidence import Ask, Cause
from orbitcheck.harness.checks.exhaustive.evidence import RoundCount
from orbitcheck.harness.core.cell import WEIGHTS
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports.figures.scatter import scatter
from orbitcheck.reports.html import html
from orbitcheck.reports.markdown import markdown
from orbitcheck.reports.reading.outcomes import STATUSES, status_of, tally
from orbitcheck.reports.reading.pairs import pair_table
from orbitcheck.reports.sections.approximation import fit_rows, fit_table
from orbitcheck.reports.sections.asides import asides
from orbitcheck.reports.sections.audit import audit_forms
from orbitcheck.reports.sections.checks import check_rows
from orbitcheck.reports.sections.claims import ledger
from orbitcheck.reports.sections.claims_by_architecture import claims_by_architecture
from orbitcheck.reports.sections.conclusions import conclusions
from orbitcheck.reports.sections.controls import controls
from orbitcheck.reports.sections.cost import costs
from orbitcheck.reports.sections.equivariance import CAUSES, error_table
from orbitcheck.reports.sections.exhaustive import bank_table
from orbitcheck.reports.sections.expressivity import expressivity_map
from orbitcheck.reports.sections.failures import counterexample, fair_quota, red_groups
from orbitcheck.reports.sections.floors import floor_table
from orbitcheck.reports.sections.planted import planted
from orbitcheck.reports.sections.rows import rows as all_rows
from orbitcheck.reports.sections.verdicts import verdicts

Row = Callable[..., Result]
DWS = "dws[channels=4,depth=2]"


def run_of(*rows: Result, **changes: object) -> Run:
    return replace(Run("0", {}, [], [], list(rows)), **changes)  # type: ignore[arg-type]


def of_kind(run: Run, kind: str) -> int:
    return sum(row.kind == kind for row in run.results)


def test_every_row_is_counted_once(any_run: Run) -> None:
    whole = tally(any_run.results)
    assert whole.total == len(any_run.results)
    assert whole.counts["expected"] + whole.counts["unexpected-pass"] <= any_run.counts["declared"]
    assert sum(row.tally.total for row in check_rows(any_run)) == whole.total
    alone = sum(row.architecture == WEIGHTS for row in any_run.results)
    assert sum(verdict["rows"].total for verdict in verdicts(any_run)) == whole.total - alone
    assert sum(finding.rows.total for finding in ledger(any_run)) == sum(bool(row.claim) for row in any_run.results)
    served = [cell.tally.total for row in claims_by_architecture(any_run) for cell in row["cells"].values()]
    assert sum(served) == sum(bool(row.claim) for row in any_run.results)
    aside = sum(
        entry.count for status in ("expected", "observed", "not-applicable") for entry in asides(any_run, status)
    )
    red = sum(group.tally.total for group in red_groups(any_run))
    assert aside + red + whole.counts["pass"] == whole.total
    for kind, tables in (
        ("separation", pair_table(any_run)), ("exhaustive", bank_table(any_run)), ("approximation", fit_table(any_run)),
    ):  # fmt: skip
        assert sum(cell.tally.total for row in tables for cell in row.cells.values()) == of_kind(any_run, kind)
    assert sum(row.rows.total for row in expressivity_map(any_run)) == of_kind(any_run, "approximation")
    assert sum(errors.rows.total for errors in error_table(any_run)) == of_kind(any_run, "equivariance")
    assert len(audit_forms(any_run)) == of_kind(any_run, "general-position")
    floors = [getattr(row.evidence, "levels", ()) for row in any_run.results if row.kind == "floor"]
    assert len(floor_table(any_run)) == sum(max(1, len(levels)) for levels in floors)
    assert sum(cost["rows"] for cost in costs(any_run)) == whole.total


def test_verdict_sentences(small_run: Run) -> None:
    sentences = {verdict["architecture"]: verdict["sentence"] for verdict in verdicts(small_run)}
    assert re.fullmatch(
        r"as predicted, with 4 rows that the suites declare among \d; equivariant in 0 of 4 cases \(worst error [\d.]+\); "
        r"(\d+ observed; )?\d+ not applicable\.",
        sentences["flat-mlp"],
    )
    counted = tally(row for row in small_run.results if row.architecture == "broken.py:FirstNeuron").counts
    predicted = sum(counted.values()) - counted["not-applicable"] - counted["observed"]
    assert sentences["broken.py:FirstNeuron"].startswith(
        f"{counted['fail']} of {predicted} predicted rows contradict the prediction, {counted['error']} rows could not be "
        f"measured, {counted['undecided']} rows undecided; equivariant in 0 of 2 cases (worst error "
    )
    assert "equivariant in 4 of 4 cases (worst error " in sentences[DWS]


def test_a_declared_check_without_rows_stays_visible() -> None:
    run = run_of(suites=[{"suite": "s", "version": 1, "checks": [{"id": "lost", "kind": "separation", "title": "t"}]}])
    assert [(row.check, row.tally.total) for row in check_rows(run)] == [("lost", 0)]


def test_ledger_meets_predictions_with_observations(make_row: Row) -> None:
    rows = [
        make_row(claim="no-such-claim", predicted="separated", observed=seen) for seen in ("separated",) * 3 + ("",)
    ]
    assert [(f.claim, f.statement, f.predicted, f.observed, f.rows.total) for f in ledger(run_of(*rows))] == [
        ("no-such-claim", "", "separated", "separated", 3),
        ("no-such-claim", "", "separated", "pass", 1),
    ]


def test_the_ledger_names_the_architectures_and_says_once_what_does_not_apply(make_row: Row) -> None:
    rows = [
        make_row(claim="thm-6.3", architecture=name, case=case, predicted=predicted, observed=seen, outcome=outcome)
        for name, case, predicted, seen, outcome in (
            *((f"n{k}", "0", "separated", "separated", "pass") for k in range(9)),
            ("lost", "0", "separated", "not-applicable", "not-applicable"),
            ("lost", "1", "any", "", "not-applicable"),
        )
    ]
    met, absent = ledger(run_of(*rows))
    assert (met.who, met.rows.total) == ("all but lost", 9)
    assert met.architectures == ", ".join(f"n{k}" for k in range(9))
    assert (absent.predicted, absent.observed, absent.who, absent.rows.total) == ("–", "not-applicable", "lost", 2)
    half = (replace(row, claim="x", observed=f"{int(row.architecture[1:]) > 7}") for row in rows[:9])
    more = (replace(row, claim="x", architecture=f"m{k}", observed="True") for k, row in enumerate(rows[:3]))
    few, rest = ledger(run_of(*half, *more))
    assert (few.who, rest.who) == ("n0, n1, n2, n3, n4, n5 and 2 more", "n8, m0, m1, m2")
    assert few.named == "n0, n1, n2, n3, n4, n5, n6, n7"  # a page has room for them
    idle = [make_row(claim="thm-6.3", architecture=f"n{k}", outcome="not-applicable") for k in range(8)]
    met, absent = ledger(
        run_of(*idle, *rows[:4], *(replace(row, architecture=f"k{row.architecture}") for row in rows[:9]))
    )
    assert absent.named == absent.who == "n0, n1, n2, n3, n4, n5 and 2 more"
    assert met.named.count(",") + 1 == 13 and "more" not in met.named


def test_a_claim_of_several_conclusions_comes_to_the_gravest(make_row: Row) -> None:
    """Whatever their order: one that is expected hides none that is undecided; and a claim that no row serves is there, too."""
    expected, undecided, alone = (
        {**CONCLUSIONS[2], "claim": "thm-5.2", "killers": {"killed": 4, "planted": 5, "names": []}},
        {**CONCLUSIONS[2], "claim": "thm-5.2", "declared": None},
        {**CONCLUSIONS[0], "claim": "prop-5.3"},
    )
    row = make_row(claim="thm-5.2", suite="approximation")
    for told in ((expected, undecided, alone), (undecided, expected, alone)):
        run = run_of(row, conclusions=told)
        found = {entry["claim"]: entry for entry in claims_by_architecture(run)}
        assert [found[name]["concluded"] for name in ("thm-5.2", "prop-5.3")] == ["undecided", "pass"]
        assert found["thm-5.2"]["killers"] == "4 of 5" and found["prop-5.3"]["cells"] == {}
        assert "| ? undecided |" in markdown(run) and "prop-5.3" in markdown(run)
        first, second = ledger(run)
        assert (first.claim, first.concluded, first.killers) == ("thm-5.2", "undecided", "4 of 5 killed")
        assert (second.claim, second.predicted, second.rows.total) == ("prop-5.3", "equivalent", 0)


def test_a_precision_that_was_not_asked_has_no_error(make_row: Row) -> None:
    """Rows after steps are asked in float64 alone; their evidence holds a zero."""
    asked = make_row(case="0", evidence={"error64": 1e-15, "error32": 0.0})
    steps = make_row(
        case="1", evidence={"ask": Ask.STEPS, "error64": 3.0, "error32": 0.0, "ratio": 0.0}, outcome="fail"
    )
    (found,) = error_table(run_of(asked, steps))
    assert (found.error64, found.error32, found.ratio) == (3.0, None, None)
    assert [entry["error32"] for entry in all_rows(run_of(asked, steps))] == [0.0, None]
    drawn = scatter(run_of(asked, steps))
    assert drawn is not None and (drawn.rows, drawn.left_out) == (1, 1) and scatter(run_of(steps)) is None


def test_every_cause_has_words() -> None:
    assert set(CAUSES) == set(Cause)


def test_the_worst_error_is_told_with_its_cause(make_row: Row) -> None:
    rows = [make_row(case=str(error), evidence={"error64": error, "cause": cause}) for error, cause in (
        (1e-16, Cause.ROUNDING), (0.5, Cause.VIOLATION), (float("nan"), Cause.UNKNOWN),
    )]  # fmt: skip
    (found,) = error_table(run_of(*rows))
    assert (found.error64, found.cause, found.case) == (0.5, CAUSES[Cause.VIOLATION], "law / 0.5")


def test_shares_are_shown_as_they_are(small_run: Run) -> None:
    float_, coarse = audit_forms(small_run)
    assert [(form["form"], form["nets"], form["status"]) for form in (float_, coarse)] == [
        ("float", 40, "pass"), ("2-bit", 40, "fail"),
    ]  # fmt: skip
    assert float_["general-position"] == 1.0 and coarse["general-position"] < 0.9
    assert f'<span class="num">{100 * coarse["general-position"]:.4g} %</span>' in html(small_run)


def test_a_row_without_shares_stays_in_the_table(make_row: Row) -> None:
    row = make_row("general-position", outcome="error", evidence=Evidence())
    (entry,) = audit_forms(run_of(row))
    assert entry["status"] == "error" and entry["discrete"] is None and entry["form"] == "float"


CONCLUSIONS = (
    {"suite": "approximation", "claim": "thm-5.2", "title": "equal errors of dws and nfn-hnp", "checks": ["value-twins"],
     "predicted": "equivalent", "observed": "equivalent", "outcome": "pass", "reason": "", "declared": None,
     "evidence": {"difference": 0.001, "margin": 0.01}},
    {"suite": "approximation", "claim": "oce", "title": "every doubling of k lowers the error", "checks": ["shift"],
     "predicted": "falls", "observed": "rises at k = 4", "outcome": "fail", "reason": "0.0031 at k = 2, 0.0042 at k = 4",
     "declared": None, "evidence": {}},
    {"suite": "approximation", "claim": "thm-7.2", "title": "a large output approximates", "checks": ["shift"],
     "predicted": "falls", "observed": "", "outcome": "undecided", "reason": "too noisy", "declared": "minutes, not hours",
     "evidence": {}},
)  # fmt: skip


def test_conclusions_keep_their_order_and_a_declared_one_is_expected() -> None:
    found = conclusions(run_of(conclusions=CONCLUSIONS))
    assert [(entry["claim"], entry["status"]) for entry in found] == [
        ("thm-5.2", "pass"), ("oce", "fail"), ("thm-7.2", "expected"),
    ]  # fmt: skip
    assert found[2]["reason"] == "minutes, not hours"
    assert found[0]["evidence"] == (("difference", "0.001"), ("margin", "0.01"))
    assert conclusions(run_of()) == []


def test_a_run_of_conclusions_alone_has_them_on_its_page() -> None:
    run = run_of(conclusions=[{**CONCLUSIONS[0], "outcome": "strange"}])
    (entry,) = conclusions(run)
    assert entry["status"] == "error"
    assert 'id="conclusions"' not in html(run)  # the ledger tells them: one table of claims
    (finding,) = ledger(run)
    assert (finding.concluded, finding.predicted, finding.observed) == ("error", "equivalent", "equivalent")
    for name, value in finding.conclusions or ():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in html(run)


def test_a_claim_says_all_that_is_concluded_of_it_and_why_the_gravest_is_no_pass() -> None:
    passes = {**CONCLUSIONS[0], "reason": "rows agree", "refuted_by": "a gap"}
    finding, second = ledger(run_of(conclusions=[passes, {**CONCLUSIONS[2], "claim": "thm-5.2"}]))
    assert second.conclusions == finding.conclusions  # one cell for both, since no row has a line of its own
    assert (finding.concluded, finding.reason) == ("expected", "minutes, not hours")
    assert finding.conclusions == (
        ("outcome", "pass: rows agree"), ("predicted", "equivalent"), ("observed", "equivalent"),
        ("would have been refuted by", "a gap"), ("checks", "approximation / value-twins"),
        ("difference", "0.001"), ("margin", "0.01"),
        ("outcome", "expected: minutes, not hours"), ("predicted", "falls"), ("checks", "approximation / shift"),
    )  # fmt: skip
    assert ledger(run_of(conclusions=[passes]))[0].reason == ""
    (own,) = ledger(run_of(conclusions=[{**passes, "claim": "of-my-own"}]))
    assert own.statement == passes["title"]


def test_controls_are_those_of_the_run() -> None:
    entry = {
        "name": "dws", "nulls": 150, "false_positives": 1, "bound": 0.031, "separated": 7, "digits": {"lowest": 4.0, "median": 6.5},
        "smallest_effect": 1e-7, "digits_of_change": 9, "t_res": 5, "forwards": 12,
    }  # fmt: skip
    (found,) = controls(run_of(controls=[entry]))
    assert (found["name"], found["nulls"], found["false_positives"], found["bound"]) == ("dws", 150, 1, 0.031)
    assert (found["separated"], found["lowest"], found["median"], found["smallest_effect"]) == (7, 4.0, 6.5, 1e-7)
    assert (found["change"], found["t_res"], found["reach"]) == (1e-9, 5, None)
    (found,) = controls(run_of(controls=[{**entry, "nulls": 0, "bound": 1.0, "digits_of_change": 0}]))
    assert (found["bound"], found["change"]) == (None, None)  # no null bounds nothing; nothing seen is no change


def test_a_run_without_controls_still_reads(small_run: Run) -> None:
    run = replace(small_run, controls=(), round_ladder=(), planted=())
    assert (controls(run), planted(run)) == ([], [])
    assert 'id="controls"' not in html(run)


def test_planted_defects_are_caught_or_not() -> None:
    entries = [
        {
            "name": name,
            "rule": "r",
            "kind": "k",
            "wanted": wanted,
            "outcome": outcome,
            "reason": "it\nsays",
            "caught": caught,
        }
        for name, wanted, outcome, caught in (
            ("sound", "pass", "pass", True),
            ("sound", "pass", "fail", False),
            ("leak", "fail", "fail", True),
            ("leak", "fail", "pass", False),
        )
    ]
    found = planted(run_of(planted=entries))
    assert [entry["verdict"].word for entry in found] == ["not accused", "accused", "caught", "not caught"]
    assert "it says" in markdown(run_of(planted=entries))


def test_a_bank_is_told_once_with_what_each_architecture_parts(small_run: Run) -> None:
    (bank,) = bank_table(small_run)
    assert (bank.bank, bank.nets, bank.classes, bank.pairs, bank.refined) == ("2x2", 7, 7, 21, 21)
    assert bank.cells[DWS].main == "21" and bank.cells["flat-mlp"].main == "–"
    assert bank.cells["broken.py:FirstNeuron"].tally.worst == "fail"  # equal to the bit


def test_a_cell_of_a_bank_tells_round_by_round(make_row: Row) -> None:
    rounds = {"1": RoundCount(50_000, 50_000), "2": RoundCount(85, 83), "none": RoundCount(1, 0)}
    row = make_row(
        "exhaustive", evidence={"by_round": rounds, "draws": 16}, predicted="50085 of 50086 pairs separated, 1 not"
    )
    (bank,) = bank_table(run_of(row))
    cell = bank.cells["dws"]
    assert (bank.refined, cell.main, cell.small, cell.brief) == (50_085, "50,083", ("16 draws",), "50,083 (16)")
    assert cell.hint == (
        "round 1: 50,000 of 50,000 pairs; round 2: 83 of 85 pairs; never parted: 0 of 1 pair; "
        "predicted: 50085 of 50086 pairs separated, 1 not; 1 pass"
    )


def test_a_row_that_never_ran_joins_the_target_of_its_check(make_row: Row) -> None:
    ran = make_row("approximation", check="c", evidence={"target": "t", "regime": "r", "error": 0.5})
    crashed = replace(ran, architecture="other", outcome="error", observed="", evidence=Evidence())
    (row,) = expressivity_map(run_of(crashed, ran))
    assert (row.target, row.regime, row.rows.total) == ("t", "r", 2)
    (fit,) = fit_table(run_of(crashed, ran))
    assert (fit.target, fit.cells["dws"].main, fit.cells["other"].main) == ("t", "0.5", "–")


def test_the_largest_error_at_a_point_stands_beside_that_in_the_mean_with_its_own_floor(make_row: Row) -> None:
    """Where theorems speak of the sup norm: operators on functions, which emit networks; no other row has one."""
    base = {"target": "t", "regime": "r", "error": 0.5, "networks": 1, "parameters": 100}
    emitted = EmittedEvidence(distinct=1, answers=2.0, sup_error=1.5, sup_floor=0.25)
    better, free = replace(emitted, sup_error=1.25), replace(emitted, sup_floor=None)
    rows = [
        make_row("approximation", check="c", case="k=1/100", evidence={**base, "parameters": 100, "emitted": emitted}),
        make_row("approximation", check="c", case="k=1/200", evidence={**base, "parameters": 200, "emitted": better}),
        make_row("approximation", check="c", case="k=4/100", evidence={**base, "networks": 4, "emitted": free}),
        make_row("approximation", check="other", case="100", evidence=base),
    ]
    one, four, other = (row.cells["dws"].small for row in fit_table(run_of(*rows)))
    assert (one[-1], four[-1]) == ("at a point 1.25, floor 0.25", "at a point 1.5")
    assert not any("point" in words for words in other)
    told = [(row["largest"], row["largest_floor"]) for row in fit_rows(run_of(*rows))]
    assert told == [(1.5, 0.25), (1.25, 0.25), (1.5, None), (None, None)]


def test_a_cell_says_of_its_least_error_what_that_row_observed(make_row: Row) -> None:
    """Another capacity's observation stands beside it, counted; one that alarms is said first, whatever the errors are."""

    def fit(error: float, seen: str, floor: float = 1e-35) -> Result:
        shown = {"target": "t", "regime": "r", "error": error, "floor": floor}
        return make_row("approximation", check="c", case=f"{error}", observed=seen, evidence=shown)

    above, least = fit(0.5, "above the threshold"), fit(0.01, "approximated")
    for rows in ([above, least], [least, above]):
        (row,) = fit_table(run_of(*rows))
        assert row.cells["dws"].main == "0.01"
        assert row.cells["dws"].small == ("approximated", "1 above the threshold", "floor 0")
        assert row.cells["dws"].brief == "0.01 (approximated; 1 above the threshold)"
    (row,) = fit_table(run_of(least, fit(0.4, "below the floor", 0.45)))
    assert row.cells["dws"].small == ("below the floor", "1 approximated", "floor 0 to 0.45")
    assert [row.floor for row in expressivity_map(run_of(above, least))] == ["0"]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(1, 120))
def test_quotas_are_fair(sizes: list[int], budget: int) -> None:
    quota = fair_quota(sizes, budget)
    slow = max((q for q in range(1, max(sizes) + 1) if sum(min(q, size) for size in sizes) <= budget), default=1)
    assert sum(min(quota, size) for size in sizes) == sum(min(slow, size) for size in sizes)


def test_a_counterexample_is_told_whole(small_run: Run) -> None:
    row = next(
        row for row in small_run.results if row.architecture == "broken.py:FirstNeuron" and row.outcome == "fail"
    )
    found = dict(counterexample(row))
    assert {"space", "input", "seed", "element", "error", "shrunk"} <= set(found)
    assert "(0 1)" in found["element"]


def test_every_status_has_its_place(small_run: Run) -> None:
    assert {status_of(row) for row in small_run.results} == set(STATUSES) - {"unexpected-pass"}


BATCH = ("parameters", "operations", "memory", "batch")


def test_costs_stand_beside_what_the_rows_took(small_run: Run) -> None:
    found = {cost["architecture"]: cost for cost in costs(small_run)}
    described = {entry["name"]: entry for entry in small_run.architectures}
    dws, measured = found[DWS], described[DWS]["cost"]
    assert tuple(dws[key] for key in BATCH) == tuple(
        measured[key] for key in ("parameters", "operations", "bytes", "seconds")
    )
    own = [row for row in small_run.results if row.architecture == DWS]
    assert dws["per_forward"] == pytest.approx(sum(r.model_seconds for r in own) / sum(r.forwards for r in own))
    assert sum(cost["share"] for cost in found.values()) == pytest.approx(1)
    bare = costs(replace(small_run, architectures=[{"name": DWS, "options": {}}]))[0]
    assert tuple(bare[key] for key in BATCH) == (None,) * 4
