"""Claims that need several rows: what is concluded of made-up rows, and what makes a run red."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from orbitcheck.harness.checks.approximation.evidence import (
    ApproximationEvidence,
    CoarseEvidence,
    EmittedEvidence,
    SeedEvidence,
)
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.core.claims import CLAIMS
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.outcomes import Fault, Trouble
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.harness.judging import conclusions
from orbitcheck.harness.judging.conclusions import conclude, problems
from orbitcheck.harness.judging.gate import exit_code
from orbitcheck.harness.judging.judgements import JUDGEMENTS
from orbitcheck.harness.judging.judgements.finding import Concluded, Finding
from orbitcheck.harness.language.suite import Conclusion, Suite
from orbitcheck.harness.running.border import read_run
from orbitcheck.harness.running.store import results_text

PEERS = [{"name": name, "power": "1-wl", "symmetry": "permutation"} for name in ("a", "b", "c")]
STRANGER = {"name": "x", "power": "unknown", "symmetry": "permutation"}
CONTROL = {"name": "flat", "power": "unknown", "symmetry": "none"}
EVERYONE = [*PEERS, STRANGER, CONTROL]


SEED = SeedEvidence(0, 0.0, None, 0, 0, None, None)
MEASURED = ApproximationEvidence(
    target="weight-norms", target_kind="invariant functional", regime="general-position", space="a space", networks=1,
    parameters=100, asked_parameters=100, options={}, general_position=True, error=0.0, error_low=0.0, error_high=0.0,
    error_range=(0.0, 0.0), mse=0.0, variance=1.0, floor=0.0, floor_kind="refinement", classes=1, samples=1, leak=None,
    threshold=0.05, steps=1, samples_seen=1, together=True, loop_share=1.0, curve=(), chosen=0, seeds=(),
)  # fmt: skip


def row(
    architecture: str, case: str, errors=(0.01, 0.02), check: str = "norms", outcome: str = "pass", **facts
) -> Result:
    kind, observed = facts.pop("kind", "approximation"), facts.pop("observed", "approximated")
    if kind == "separation":
        pair = SeparationEvidence("a family", "a space", "a relation", 1, "different", "equal")
        evidence: Evidence = replace(pair, **facts)
    else:
        evidence = replace(
            MEASURED,
            seeds=tuple(replace(SEED, error=error) for error in errors),
            error=sum(errors) / len(errors),
            error_low=min(errors) - 0.01,
            error_high=max(errors) + 0.01,
            **facts,
        )
    return Result(
        id=f"{architecture}{check}{case}",
        suite="s",
        check=check,
        kind=kind,
        case=case,
        claim=None,
        architecture=architecture,
        options={},
        outcome=outcome,
        reason="because",
        predicted="approximable",
        observed=observed,
        evidence=evidence,
        certificate=None,
        seed=0,
        dtype="float64",
        seconds=0.0,
        model_seconds=0.0,
        reproduce="",
    )


def concluded(claim: str, rows, descriptions=EVERYONE, allowed: str | None = None, **changes):
    wanted = Conclusion(claim, **{"checks": ("*",), "architectures": ("*",), "margin": 0.05, **changes}, allow=allowed)
    (found,) = conclude(rows, [Suite("s", 1, "S", (), conclusions=(wanted,))], descriptions, killers(claim))
    return found


def killers(claim: str, killed: bool = True, kept: bool = True):
    """Two false claims, of which the second survives or takes its twin along."""
    entry = {
        "name": "first", "claim": claim, "suites": ["s"], "rule": "false", "kind": "approximation", "wanted": "fail",
        "outcome": "fail", "reason": "", "killed": True, "mended": "true", "mended_outcome": "pass", "mended_reason": "", "kept": True,
    }  # fmt: skip
    return [entry, {**entry, "name": "second", "killed": killed, "kept": kept}]


def test_a_pass_is_worth_what_its_checks_could_have_refuted():
    wanted = Conclusion("prop-6.2", ("*",), ("*",), 0.05, "minutes")
    suite, rows = Suite("s", 1, "S", (), conclusions=(wanted,)), [row("a", "1")]

    def found(*planted):
        return conclude(rows, [suite], EVERYONE, planted)[0]

    good = found(*killers("prop-6.2"))
    assert (good.outcome, good.killers) == ("pass", {"killed": 2, "planted": 2})
    for wrong in ({"killed": False}, {"kept": False}):
        blind = found(*killers("prop-6.2", **wrong))
        assert (blind.outcome, blind.killers, blind.declared) == ("undecided", {"killed": 1, "planted": 2}, None)
        assert blind.is_red and problems([blind]), "no allowance covers it"
    for none in ([], killers("thm-6.1"), [{**entry, "suites": ["t"]} for entry in killers("prop-6.2")]):
        unknown = found(*none)
        assert (unknown.outcome, unknown.killers["planted"], unknown.is_red) == ("observed", 0, False)
    refuted = conclude([row("a", "1", outcome="fail")], [suite], EVERYONE, killers("prop-6.2", killed=False))[0]
    assert refuted.outcome == "fail" and refuted.killers == {"killed": 1, "planted": 2}


def test_a_conclusion_does_not_borrow_the_false_claims_of_another_of_its_claim():
    """Two conclusions of one claim in one suite: the killers of the first could refute nothing that the second reads."""
    wanted = [Conclusion("prop-6.2", (check,), ("*",), 0.05, None) for check in ("norms", "rank")]
    rows = [row("a", "1"), row("a", "1", check="rank")]
    suite = Suite("s", 1, "S", (), conclusions=tuple(wanted))
    standing = {("s", 0): {"first", "second"}, ("s", 1): frozenset()}
    own, borrowed = conclude(rows, [suite], EVERYONE, killers("prop-6.2"), standing)
    assert (own.outcome, own.killers) == ("pass", {"killed": 2, "planted": 2})
    assert (borrowed.outcome, borrowed.killers) == ("observed", {"killed": 0, "planted": 0})
    assert "no false claim is known that its checks could refute" in borrowed.reason
    both = conclude(rows, [suite], EVERYONE, killers("prop-6.2"), {key: {"second"} for key in standing})
    assert [each.outcome for each in both] == ["pass", "pass"]
    of_none = conclude(rows, [suite], EVERYONE, killers("prop-6.2"), {("s", 0): {"first"}})
    assert [each.outcome for each in of_none] == ["pass", "observed"], (
        "one of which nothing stands there borrows nothing"
    )


def curve(name: str, *errors: tuple[float, ...], **facts) -> list[Result]:
    return [row(name, str(1000 * (number + 1)), each, **facts) for number, each in enumerate(errors)]


CLOSE, FAR = ((0.30, 0.31), (0.010, 0.012)), ((0.90, 0.91), (0.70, 0.71))


BEYOND = {"bag": CoarseEvidence(0.5), "forward": CoarseEvidence(0.4)}
FIVE = (0.010, 0.011, 0.012, 0.011, 0.010)


def sized(name: str, *errors: tuple[float, ...], grows: float = 1.0, **facts) -> list[Result]:
    """Rows of five seeds at sizes that the networks meet, `grows` of them."""
    facts = {"coarse": BEYOND, "check": "paths", **facts}
    return [
        row(name, str(size), each, asked_parameters=size, parameters=round(size * grows), **facts)
        for number, each in enumerate(errors)
        for size in [1000 * (number + 1)]
    ]


def pairs(*outcomes: str) -> list[Result]:
    return [
        row(name, "#0", check="ladder", kind="separation", outcome=each)
        for name, each in zip("ab", outcomes, strict=True)
    ]


def test_equality_is_partitions_first_and_errors_within_a_factor():
    curves = [
        *sized("a", FIVE, FIVE, FIVE),
        *sized("b", FIVE, FIVE, tuple(1.3 * x for x in FIVE)),
        *curve("flat", *FAR),
    ]
    found = concluded("thm-5.2", [*pairs("pass", "pass"), *curves])
    assert (found.outcome, found.observed) == ("pass", "2 rows of partitions agree; 1 of 1 pairs within the factor")
    assert found.evidence["pairs"][0]["floors"] == {"bag": 0.5, "forward": 0.4}
    assert found.title == CLAIMS["thm-5.2"].statement and found.refuted_by == CLAIMS["thm-5.2"].refuted_by
    assert concluded("thm-5.2", curves).reason.startswith("no row asks for partitions")
    assert concluded("thm-5.2", [*pairs("pass", "undecided"), *curves]).reason.endswith("b / ladder / #0")
    assert concluded("thm-5.2", [*pairs("pass", "fail"), *curves]).outcome == "fail"
    assert (
        concluded("thm-5.2", pairs("pass", "pass")).observed
        == "2 rows of partitions agree; 0 of 0 pairs within the factor"
    )


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([*sized("a", FIVE, FIVE), *sized("b", FIVE, FIVE)], "2 capacities that all meet, at least 3"),
        ([*sized("a", FIVE), *sized("b", FIVE)], "1 capacities that all meet"),
        ([*sized("a", FIVE, FIVE, FIVE), *sized("b", FIVE, FIVE, FIVE, grows=1.3)], "b at 1000, b at 2000, b at 3000 not met within 25%"),
        ([*sized("a", *[FIVE[:4]] * 3), *sized("b", *[FIVE[:4]] * 3)], "fewer than 5 seeds"),
        ([each for name in "ab" for each in sized(name, FIVE, FIVE, FIVE, coarse={})], "what sees less (bag 0, forward 0) is not"),
        ([each for name in "ab" for each in sized(name, FIVE, FIVE, tuple(30 * x for x in FIVE))], "what sees less (bag 0.5, forward 0.4)"),
        ([*sized("a", FIVE, FIVE, FIVE), *sized("b", *[tuple(5 * x for x in FIVE)] * 3)], "1 of 1 pairs are open when the budget ended"),
        ([*sized("a", FIVE, FIVE, FIVE), *sized("b", *[(0.001, 0.1, 0.01, 0.02, 0.03)] * 3)], "1 of 1 pairs are open"),
    ],
)  # fmt: skip
def test_what_is_not_compared_is_said_and_what_lags_refutes_nothing(rows, reason):
    found = concluded("thm-5.2", [*pairs("pass", "pass"), *rows])
    assert found.outcome == "undecided" and reason in found.reason, found.reason


def test_one_that_sees_more_refutes_equality_and_one_alone_is_no_comparison():
    rows = [*sized("a", FIVE, FIVE, FIVE), *sized("b", FIVE, FIVE, FIVE, outcome="fail")]
    assert concluded("thm-5.2", rows).outcome == "fail"
    assert concluded("thm-5.2", sized("a", FIVE, FIVE, FIVE)).outcome == "not-applicable"


def test_approximable_is_a_fall_with_capacity():
    def at(size: int, errors=(0.01, 0.02), **facts) -> Result:
        return row("a", str(size), errors, parameters=size, **facts)

    high = at(1000, (0.3, 0.4), outcome="undecided", observed="above the threshold")
    found = concluded("thm-6.3", [high, at(4000)])
    assert (found.outcome, found.observed.endswith("falls with capacity in 1 of 1")) == ("pass", True)
    assert concluded("thm-6.3", [at(4000)]).reason == "a / norms: one capacity shows no fall"
    assert "upper bound is 0.03 at 1000" in concluded("thm-6.3", [at(1000), at(4000)]).reason
    assert concluded("thm-6.3", [at(1000, outcome="fail"), at(4000)]).outcome == "fail"


def test_a_stranger_is_apart_where_classes_merge_orbits_and_equal_elsewhere():
    twins = {"check": "twins", "floor": 1.0, "general_position": False}
    peers = [*curve("a", *CLOSE), *curve("a", (1.0, 1.0), (1.0, 1.0), **twins)]
    equal = curve("x", *CLOSE)
    apart = curve("x", (0.2, 0.3), (0.1, 0.1), **{**twins, "floor": None, "floor_kind": None})
    assert concluded("prop-5.3", [*peers, *equal, *apart]).outcome == "pass"
    same = curve("x", (1.0, 1.0), (1.0, 1.0), **{**twins, "floor": None, "floor_kind": None})
    assert concluded("prop-5.3", [*peers, *equal, *same]).outcome == "undecided"
    assert concluded("prop-5.3", [*peers, *curve("x", *FAR), *apart]).outcome == "undecided"
    assert concluded("prop-5.3", peers).outcome == "not-applicable"


def test_a_stranger_of_another_size_than_asked_is_not_compared_there():
    """Its larger network has ten times the parameters of the others': errors there are equal for whatever reason."""
    twins = {"check": "twins", "floor": 1.0, "general_position": False}
    met = {"parameters": 1000, "asked_parameters": 1000}
    peers = [*curve("a", *CLOSE), *curve("a", (1.0, 1.0), (1.0, 1.0), **twins)]
    apart = curve("x", (0.2, 0.3), (0.1, 0.1), **{**twins, "floor": None, "floor_kind": None})
    grown = [row("x", "1000", CLOSE[0], **met), row("x", "2000", CLOSE[1], parameters=20_000, asked_parameters=2000)]
    own = [row("a", "1000", CLOSE[0], **met), row("a", "2000", CLOSE[1], parameters=2000, asked_parameters=2000)]
    found = concluded("prop-5.3", [*own, *peers[2:], *grown, *apart])
    assert (found.outcome, found.reason) == (
        "undecided",
        "needs errors of two architectures at two sizes at least, each met within 25%",
    )
    larger = row("x", "2000", CLOSE[1], parameters=2400, asked_parameters=2000)
    assert concluded("prop-5.3", [*own, *peers[2:], grown[0], larger, *apart]).outcome == "pass"


@pytest.mark.parametrize(
    ("separating_round", "observed", "outcome"),
    [(None, "separated", "pass"), (2, "separated", "undecided"), (None, "not separated", "undecided")],
)
def test_pairs_that_no_round_parts_show_a_stranger_too(separating_round, observed, outcome):
    pair = row("x", "1", check="pairs", kind="separation", observed=observed, round=separating_round)
    assert concluded("prop-5.3", [*curve("a", *CLOSE), *curve("x", *CLOSE), pair]).outcome == outcome


def expanded(name: str, errors: dict[int, tuple[float, ...]], floors=(0.2, 0.0, 0.0, 0.0), **facts) -> list[Result]:
    return [
        row(name, f"k={k}/1000", each, check="teeth", floor_kind="capacity", networks=k, **{"floor": floor, **facts})
        for (k, each), floor in zip(errors.items(), floors, strict=False)
    ]


def test_the_error_falls_at_every_doubling_by_a_one_sided_test_over_the_seeds():
    falling = {1: (0.59, 0.6), 2: (0.3, 0.31), 4: (0.1, 0.11)}
    found = concluded("oce", expanded("a", falling))
    assert (found.outcome, found.observed) == ("pass", "2 of 2 doublings lower the error (one-sided, 95%)")
    apart = concluded("oce", [*expanded("a", falling), *expanded("b", {1: (0.5, 0.6), 2: (0.3, 0.55)})])
    assert (apart.outcome, apart.reason[:45]) == ("undecided", "b / teeth: k = 1 to 2: a factor 0.742, at mos")
    assert concluded("oce", expanded("a", {1: (0.5, 0.6), 4: (0.1, 0.2)})).outcome == "not-applicable"
    alone = concluded("oce", expanded("a", {1: (0.5,), 2: (0.25,)}))
    assert (alone.outcome, alone.reason) == (
        "undecided",
        "a / teeth: k = 1 to 2: a factor 0.5, and fewer than two seeds",
    )
    nothing = concluded("oce", expanded("a", {1: (0.0,), 2: (0.0,)}))
    assert (nothing.outcome, nothing.reason[:35]) == ("undecided", "a / teeth: k = 1 to 2: a factor 0, ")


@settings(deadline=None)
@given(
    before=st.lists(st.floats(0.1, 1.0), min_size=2, max_size=6),
    after=st.lists(st.floats(0.05, 0.9), min_size=2, max_size=6),
)
def test_a_doubling_lowers_the_error_where_welchs_test_says_so(before, after):
    """The t test of another library; ranges of the seeds may overlap."""
    assume(
        all(np.ptp(np.log(side)) > 1e-6 for side in (before, after))
    )  # else the other library's variances are rounding
    level = float(ttest_ind(np.log(after), np.log(before), equal_var=False, alternative="less").pvalue)
    assume(abs(level - 0.05) > 1e-6)
    found = concluded("oce", expanded("a", {1: tuple(before), 2: tuple(after)}))
    assert (found.outcome == "pass") == (level < 0.05)
    (step,) = found.evidence["doublings"]
    assert step["ratio"] == pytest.approx(float(np.exp(np.log(after).mean() - np.log(before).mean())))


def test_a_doubling_of_networks_that_are_not_of_one_size_is_said_and_not_compared():
    """Four networks of thrice the parameters may owe their error to these: matched parameter counts are what the claim is about."""
    first = expanded("a", {1: (0.59, 0.6), 2: (0.3, 0.31)}, parameters=1000, asked_parameters=1000)
    larger = expanded("a", {4: (0.1, 0.11)}, parameters=3000, asked_parameters=1000)
    found = concluded("oce", [*first, *larger])
    assert (found.outcome, found.observed[:20]) == ("undecided", "1 of 1 doublings low")
    assert found.reason == "a / teeth: k = 4 has 3,000 parameters where 1,000 were asked for, and is not compared"
    assert concluded("oce", first).outcome == "pass"
    near = expanded("a", {4: (0.1, 0.11)}, parameters=1250, asked_parameters=1000)
    assert concluded("oce", [*first, *near]).outcome == "pass"


def test_capacity_bounds_and_suffices():
    passing = expanded("a", {1: (0.5, 0.6), 8: (0.1, 0.15)})
    assert concluded("prop-7.1", passing).outcome == "pass"
    stuck = expanded("a", {1: (0.5, 0.6), 8: (0.1, 0.25)})
    assert concluded("prop-7.1", stuck).outcome == "undecided"
    assert concluded("prop-7.1", expanded("a", {1: (0.1, 0.1), 8: (0.1, 0.1)}, outcome="fail")).outcome == "fail"
    assert (
        concluded("prop-7.1", expanded("a", {1: (0.5, 0.6), 8: (0.1, 0.1)}, floors=(0.01, 0.0))).outcome
        == "not-applicable"
    )
    assert concluded("thm-7.2", passing).outcome == "undecided"
    assert concluded("thm-7.2", [*passing, *expanded("b", {1: (0.5, 0.6), 8: (0.01, 0.02)})]).outcome == "undecided"
    assert concluded("thm-7.2", expanded("b", {1: (0.5, 0.6), 8: (0.01, 0.02)})).outcome == "pass"
    level = concluded("thm-7.2", expanded("b", {1: (0.01, 0.02), 8: (0.01, 0.02)}))
    assert (level.outcome, "does not fall" in level.reason) == ("undecided", True)


def test_outputs_that_are_one_and_answers_that_do_not_look_refute_output_capacity():
    few, all_ = EmittedEvidence(1, 1e9, 1.0), EmittedEvidence(2, 1e9, 1.0)
    errors = {1: (0.5, 0.6), 2: (0.3, 0.4)}
    for claim in ("oce", "thm-7.2"):
        one, two = expanded("a", errors, emitted=few)
        assert concluded(claim, [one, two]).outcome == "fail"
        assert concluded(claim, [one, replace(two, evidence=replace(two.evidence, emitted=all_))]).outcome != "fail"
    blind = expanded("a", errors, floors=(0.0, 0.0), emitted=EmittedEvidence(2, 5.0, 1.0))
    assert concluded("thm-7.2", blind).reason.startswith("a / teeth / k=2/1000: what it emits does not depend")


def test_any_other_claim_is_tallied():
    assert "prop-6.2" not in JUDGEMENTS
    rows = [row("a", "1"), row("b", "1"), row("flat", "1", outcome="not-applicable")]
    found = concluded("prop-6.2", rows)
    assert (found.outcome, found.predicted, found.observed) == ("pass", "2 approximable", "2 approximated")
    assert concluded("prop-6.2", [*rows, row("c", "1", outcome="undecided")]).outcome == "undecided"
    assert concluded("prop-6.2", [*rows, row("c", "1", outcome="error")]).outcome == "fail"
    assert concluded("prop-6.2", rows[2:]).outcome == "not-applicable"


def test_rows_are_chosen_by_suite_check_and_architecture():
    rows = [row("a", "1"), row("b", "1", outcome="fail"), row("a[depth=2]", "1", check="value", outcome="fail")]
    assert concluded("prop-6.2", rows, architectures=("a",), checks=("nor*",)).outcome == "pass"
    assert concluded("prop-6.2", rows, architectures=("a",)).outcome == "fail"
    assert concluded("prop-6.2", rows, checks=("none",)).checks == ()


@pytest.mark.parametrize("claim", [*JUDGEMENTS, "prop-6.2"])
@pytest.mark.parametrize(
    "changes", [{"architectures": ("gmn",)}, {"checks": ("none",)}, {"architectures": ("a[depth=5]",)}]
)
def test_a_conclusion_without_a_row_is_not_asked_which_is_neither_green_nor_red(claim, changes):
    rows = [*curve("a", *CLOSE), *curve("b", *CLOSE)]
    found = concluded(claim, rows, allowed="minutes", **changes)
    assert found.outcome is Concluded.NOT_ASKED
    assert (found.is_red, found.declared, found.checks, problems([found])) == (False, None, (), [])
    assert concluded(claim, []).outcome is Concluded.NOT_ASKED
    assert concluded(claim, rows).outcome is not Concluded.NOT_ASKED


def test_a_conclusion_reads_architectures_by_name_with_and_without_options_and_brackets_are_no_wildcard():
    rows = [row("a", "1"), row("a[depth=2]", "1", outcome="fail"), row("ad", "1", outcome="fail")]
    assert concluded("prop-6.2", rows, architectures=("a[depth=2]",)).reason.startswith("1 of 1 rows")
    assert concluded("prop-6.2", rows, architectures=("a",)).reason.startswith("1 of 2 rows")
    assert concluded("prop-6.2", rows, architectures=("a[d]",)).outcome is Concluded.NOT_ASKED


def test_what_is_open_is_red_unless_the_suite_says_why_and_a_failure_always_is():
    open_rows = [row("a", "1", outcome="undecided")]
    red, allowed = concluded("prop-6.2", open_rows), concluded("prop-6.2", open_rows, allowed="minutes")
    assert (red.is_red, allowed.is_red, allowed.declared) == (True, False, "minutes")
    failed = concluded("prop-6.2", [row("a", "1", outcome="fail")], allowed="minutes")
    assert failed.is_red and failed.declared is None
    assert len(problems([red, allowed, failed])) == 2
    run = Run("0", {}, [], [], [row("a", "1")], problems([failed]), conclusions=[failed.to_json()])
    assert exit_code(run) == 1
    assert read_run(results_text(run)).conclusions[0]["claim"] == "prop-6.2"


def test_an_ill_conditioned_row_leaves_a_claim_open_and_another_error_refutes_it():
    hidden = replace(row("a", "1", outcome="error"), fault=Fault.ILL_CONDITIONED)
    rows = [hidden, row("b", "1")]
    found = concluded("prop-6.2", rows)
    assert (found.outcome, found.is_red) == (Concluded.UNDECIDED, True)
    assert "1 of 2 rows are ill-conditioned" in found.reason
    assert not concluded("prop-6.2", rows, allowed="float32").is_red
    for other in (replace(hidden, fault=Fault.LOST), row("c", "1", outcome="fail")):
        assert concluded("prop-6.2", [*rows, other], allowed="float32").outcome is Concluded.FAIL


def test_a_conclusion_is_told_in_full():
    rows = [row("a", "1", check="two"), row("a", "2"), row("b", "1", check="two")]
    elsewhere = replace(row("a", "3", check="three"), suite="t")
    found, claim = concluded("prop-6.2", [*rows, elsewhere], allowed="minutes"), CLAIMS["prop-6.2"]
    assert (found.suite, found.claim, found.title) == ("s", "prop-6.2", claim.statement)
    assert (found.refuted_by, found.checks, found.declared) == (claim.refuted_by, ("two", "norms"), None)
    assert (found.outcome, found.killers, found.evidence) == (
        "pass",
        {"killed": 2, "planted": 2},
        found.to_json()["evidence"],
    )
    assert found.to_json() == {**vars(found)}
    not_asked = concluded("prop-6.2", [elsewhere])
    assert (not_asked.outcome, not_asked.reason) == (Concluded.NOT_ASKED, "none of its rows is asked in this run")
    assert (not_asked.predicted, not_asked.observed, not_asked.killers["planted"]) == ("", "", 2)


@pytest.mark.parametrize("outcome", ["observed", "not-applicable", "pass", "undecided"])
def test_what_nothing_is_predicted_of_supports_nothing(outcome):
    rows = [row("a", "1", outcome="observed"), row("b", "1", outcome=outcome)]
    found = concluded("prop-6.2", rows, allowed="minutes")
    silent = outcome in ("observed", "not-applicable")
    assert (found.outcome == "observed") == silent
    assert (found.reason == "nothing is predicted of any row that it reads") == silent
    assert (found.declared, found.is_red) == ("minutes" if outcome == "undecided" else None, False)


@pytest.mark.parametrize("after", [(0.3, 0.31), (0.3, 0.8)])
def test_an_order_of_errors_is_predicted_by_its_claim_where_no_row_predicts_an_error(after):
    rows = expanded("a", {1: (0.59, 0.6), 2: after}, outcome="observed")
    assert concluded("oce", rows).outcome == ("pass" if after[1] < 0.5 else "undecided")
    assert concluded("prop-7.1", rows).outcome == "observed"


def test_killers_are_counted_and_told_in_full():
    wanted = Conclusion("prop-6.2", ("*",), ("*",), 0.05, None)
    suite = Suite("s", 1, "S", (), conclusions=(wanted,))

    def found(*planted):
        return conclude([row("a", "1")], [suite], EVERYONE, planted)[0]

    survived = found(*killers("prop-6.2", killed=False), *killers("prop-6.2", kept=False))
    assert survived.reason == "2 of 4 false claims survived its checks, or a true one fell"
    none = found()
    assert none.reason == "no false claim is known that its checks could refute"
    assert [str(each) for each in problems([survived, none])] == [
        "conclusion prop-6.2 (norms): undecided: 2 of 4 false claims survived its checks, or a true one fell"
    ]
    (problem,) = problems([replace(survived, checks=("a", "b"))])
    assert (problem.kind, problem.about) == (Trouble.CONCLUSION, "s / prop-6.2: undecided")
    assert problem.text.startswith("conclusion prop-6.2 (a, b): undecided: ")
    assert str(problems([replace(survived, checks=())])[0]).startswith("conclusion prop-6.2 (no check): undecided: ")


@pytest.mark.parametrize("said", list(Concluded))
def test_whatever_a_judgement_says_rows_without_a_prediction_support_nothing(monkeypatch, said):
    finding = Finding(said, "its reason", "its prediction", "what it saw")
    monkeypatch.setattr(conclusions, "JUDGEMENTS", {"prop-6.2": lambda rows, descriptions, margin: finding})
    found = concluded("prop-6.2", [row("a", "1", outcome="observed"), row("b", "1", outcome="not-applicable")])
    silent = said in (Concluded.PASS, Concluded.UNDECIDED)
    assert found.outcome == (Concluded.OBSERVED if silent else said)
    assert found.reason == ("nothing is predicted of any row that it reads" if silent else "its reason")
    assert (found.predicted, found.observed) == ("its prediction", "what it saw")
    assert concluded("prop-6.2", [row("a", "1"), row("b", "1", outcome="observed")]).outcome == said
