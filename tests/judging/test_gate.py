"""Settling a run: strict expectations, allowed rows, the share that must be decided, and the baseline's differences."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from orbitcheck.harness.checks.prediction import ANY, NO_GAP, NOT_SEPARATED, SEPARATED, UNCLEAR, Ground, Seen
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.core.cell import WEIGHTS, Cell
from orbitcheck.harness.core.outcomes import Fault, Trouble
from orbitcheck.harness.core.patterns import parse_pattern
from orbitcheck.harness.core.registry import UnknownName
from orbitcheck.harness.core.result import OUTCOMES, AskedFor, Problem, Result, Run
from orbitcheck.harness.judging.baseline import (
    baseline_of,
    baseline_text,
    compare,
    listing,
    parse_baseline,
    part_asked,
    renewed,
)
from orbitcheck.harness.judging.gate import exit_code, is_red, notes, settle
from orbitcheck.harness.language.suite import Conclusion, Expectation, Suite
from orbitcheck.harness.plugins.power import AT_LEAST


def cell(architecture: str, check: str = "law", case: str = "a", kind: str = "equivariance") -> Cell:
    return Cell("s", check, kind, {"check": check}, case, None, architecture)


def row(of: Cell, outcome: str, reason: str = "", **more) -> Result:
    made = Result(
        id=of.id,
        suite=of.suite,
        check=of.check,
        kind=of.kind,
        case=of.case,
        claim=None,
        architecture=of.architecture,
        options={},
        outcome=outcome,
        reason=reason,
        predicted="",
        observed="",
        evidence={},
        certificate=None,
        seed=0,
        dtype="float64",
        seconds=0.0,
        model_seconds=0.0,
        reproduce="",
    )
    return replace(made, **more)


def suite(expected=(), allowed=()) -> Suite:
    return Suite("s", 1, "S", (), tuple(expected), tuple(allowed))


def settled(rows: dict[Cell, str] | list, rules: Suite, names: tuple[str, ...] = ("net",), **more):
    cells = [of for of, _ in rows]
    descriptions = more.pop("descriptions", [{"name": name, "power": "1-wl"} for name in names])
    return settle([row(*pair) for pair in rows], cells, [rules], descriptions=descriptions, **more)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("pass", 0), ("fail", 1), ("undecided", 1), ("observed", 0), ("not-applicable", 0), ("error", 1)],
)
def test_an_outcome_alone_decides_the_exit_code(outcome, code):
    rows = [(cell("net"), outcome), (cell("net", case="b"), "pass")]
    assert settled(rows, suite())[2] == code


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_reason_makes_no_error_green_but_an_ill_conditioned_one(fault):
    """Nor does the absence of one; a failure that is declared must fail."""
    for declared in (None, "known"):
        red = {outcome: is_red(row(cell("net"), outcome, fault=fault, declared=declared)) for outcome in OUTCOMES}
        assert red["error"] == (declared is None or fault is not Fault.ILL_CONDITIONED)
        assert red["fail"] == red["undecided"] == (declared is None)
        assert red["pass"] == (declared is not None)
        assert not red["observed"] and not red["not-applicable"]


def test_an_exact_expected_failure_covers_a_failure_and_turns_a_pass_red():
    expected = suite([Expectation("net", "law", "a", "known")])
    rows, problems, code = settled([(cell("net"), "fail")], expected)
    assert (rows[0].declared, problems, code) == ("known", [], 0)
    rows, problems, code = settled([(cell("net"), "pass")], expected)
    assert is_red(rows[0])
    assert code == 1


def test_a_wildcard_covers_only_failures_and_must_cover_one():
    expected = suite([Expectation("net", "la*", "*", "known")])
    rows, problems, code = settled([(cell("net"), "fail"), (cell("net", case="b"), "pass")], expected)
    assert ([r.declared for r in rows], problems, code) == (["known", None], [], 0)
    _, problems, code = settled([(cell("net"), "pass")], expected)
    assert "covers no failure" in problems[0].text
    assert code == 1


@pytest.mark.parametrize("outcome", ["error", "undecided", "observed"])
def test_an_expected_failure_never_covers_anything_but_a_failure(outcome):
    for pattern in ("law", "*"):
        assert settled([(cell("net"), outcome)], suite([Expectation("net", pattern, "*", "known")]))[2] == 1


@pytest.mark.parametrize(
    "entry", [("other", "law", "*"), ("net", "value", "*"), ("net", "law", "b"), ("net[depth=5]", "*", "*")]
)
def test_an_entry_whose_rows_this_run_does_not_ask_is_a_note_and_never_red(entry):
    expected = Expectation(*entry, "known")
    for rules in (suite(expected=[expected]), suite(allowed=[expected])):
        assert settled([(cell("net"), "pass")], rules)[1:] == ([], 0)
        (note,) = notes([cell("net")], [rules])
        assert note.endswith(f'"{" / ".join(entry)}" is not asked in this run')
    (note,) = notes([cell("net")], [suite()], [expected])
    assert note.startswith("expected failure")


def test_an_entry_with_a_row_is_no_note_whatever_came_of_the_row_and_speaks_of_its_own_suite():
    rules = suite([Expectation("net", "la*", "*", "known")])
    assert notes([cell("net[depth=5]")], [rules]) == []
    elsewhere = replace(cell("net"), suite="other")
    assert len(notes([elsewhere], [rules])) == 1
    assert notes([elsewhere], [suite()], rules.expected_failures) == []


def test_names_with_options_match_with_and_without_them():
    wide = "net[channels=8]"
    for pattern in ("net", wide, "n*"):
        rows, problems, _ = settled([(cell(wide), "fail")], suite([Expectation(pattern, "law", "*", "known")]), (wide,))
        assert (rows[0].declared, problems) == ("known", []), pattern
    rows, _, _ = settled([(cell(wide), "fail")], suite([Expectation("net[channels=9]", "law", "*", "known")]), (wide,))
    assert rows[0].declared is None


def test_an_allowance_covers_undecided_and_ill_conditioned_rows_and_nothing_else():
    allowed = suite(allowed=[Expectation("net", "law", "b", "budget")])
    decided = [row(cell("net", case=str(number)), "pass") for number in range(10)]
    for outcome in OUTCOMES:
        for fault in (None, *Fault):
            made = row(cell("net", case="b"), outcome, fault=fault)
            rows, problems, code = settle([*decided, made], [], [allowed])
            unruled = outcome == "error" and fault is Fault.ILL_CONDITIONED
            if fault is not None and outcome != "error":
                continue  # no such row
            assert problems == []
            assert (rows[-1].declared == "budget") == (outcome == "undecided" or unruled)
            assert code == int(outcome == "fail" or (outcome == "error" and not unruled))


def test_an_allowance_does_not_make_a_network_decided():
    """However much a suite allows, less than the share decided of a claimed output is red; observed rows count for nothing."""
    allowed = suite(allowed=[Expectation("*", "*", "*", "budget")])
    for output, other in (("invariant", "equivariant"), ("equivariant", "invariant")):
        asked, beside = (AskedFor(of, "mlp/relu", "mlp(1, 2, 1)") for of in (output, other))
        for decided, open_ in itertools.product(range(1, 12), range(6)):
            rows = [
                row(cell("net", case=f"{outcome}{number}"), outcome, asked=whom)
                for outcome, count, whom in (
                    ("pass", decided, asked),
                    ("undecided", open_, asked),
                    ("observed", 50, asked),
                    ("not-applicable", 50, asked),
                    ("pass", 50, beside),
                )
                for number in range(count)
            ]
            _, problems, code = settle(rows, [], [allowed])
            fine = decided >= 0.8 * (decided + open_)
            assert [problem.kind for problem in problems] == ([] if fine else [Trouble.DECIDED_SHARE])
            assert code == int(not fine)


@pytest.mark.parametrize("kind", ["separation", "approximation"])
def test_a_network_of_which_nothing_is_predicted_is_red(kind):
    for outcome in ("observed", "not-applicable"):
        of = cell("net", kind=kind)
        _, problems, code = settled([(of, outcome)], suite())
        assert [problem.kind for problem in problems] == [Trouble.NOTHING_PREDICTED]
        assert code == 1
        assert settled([(of, outcome), (cell("net", case="b", kind=kind), "pass")], suite())[1:] == ([], 0)


def test_a_run_that_checks_less_is_red():
    rows = [row(cell("net"), "pass")]
    planned = [cell("net"), cell("net", case="b")]
    _, problems, code = settle(rows, planned, [suite()], descriptions=[{"name": "net", "power": "1-wl"}])
    assert "1 of 2 declared rows are missing, the first" in problems[0].text
    assert code == 1
    for only, said in (
        ("* / * / a*", "1 left out by --only"),
        ("* / * / b", "missing, the first"),
        ("net", "missing, the first"),
    ):
        _, problems, code = settle(rows, planned, [suite()], only=[only])
        assert said in problems[0].text and code == 1
    _, problems, code = settled([(cell("net"), "not-applicable")], suite())
    assert "none of its 1 equivariance rows is applicable" in problems[0].text


def test_rows_that_were_not_run_are_said_as_such():
    """A run that stopped at its first red row knows nothing of the rest: what it says of an architecture says of how many rows."""
    law, pairs = (
        [cell("net", case=case) for case in "abc"],
        [cell("net", case=case, kind="separation") for case in "ab"],
    )
    planned = [*law, *pairs, cell("other")]
    problems = told([row(law[0], "not-applicable")], planned, fail_fast=True)
    assert [text.partition(" (")[0] for _, _, text in problems] == [
        "5 of 6 declared rows are missing",
        "net: none of its 1 equivariance rows that were run",
        "net: nothing is predicted of any of its rows that were run",
    ]
    assert "(5 not run, since --fail-fast stopped at the first red one), the first: s / law / net / " in problems[0][2]
    assert "(2 more were not) is applicable" in problems[1][2]
    assert "(4 more were not) (1 not-applicable), so none of these could fail" in problems[2][2]
    whole = told([row(each, "not-applicable") for each in (*law, *pairs)], planned[:-1], fail_fast=True)
    assert [text for _, _, text in whole] == [
        "net: none of its 3 equivariance rows is applicable ()",
        "net: nothing is predicted of any of its rows (5 not-applicable), so none could fail",
    ]


def test_required_power_is_held_against_the_declaration():
    for power, required, fine in (
        ("1-wl", "1-wl", True),
        ("complete", "1-wl", True),
        ("unknown", "1-wl", False),
        ("below-1-wl", "1-wl", False),
    ):
        code = settled(
            [(cell("net"), "pass")], suite(), descriptions=[{"name": "net", "power": power}], require_power=required
        )[2]
        assert (code == 0) == fine


NET = [{"name": "net", "power": "1-wl"}]


def told(rows, planned=(), rules=None, descriptions=NET, **more) -> list[tuple[Trouble, str, str]]:
    """The problems of a run, whole."""
    found = settle(list(rows), list(planned), [rules or suite()], descriptions=descriptions, **more)[1]
    return [(each.kind, each.about, each.text) for each in found]


def test_of_missing_rows_it_is_said_which_were_dealt_to_other_shards():
    a, b, c, d = (cell("net", case=case) for case in "abcd")
    for there, dealt, only, said in (
        (
            [],
            [a, b, c, d],
            [],
            f"4 of 4 declared rows are missing (4 dealt to other shards), the first: s / law / net / {a.id}",
        ),
        (
            [a],
            [b, c, d],
            [],
            f"3 of 4 declared rows are missing (3 dealt to other shards), the first: s / law / net / {b.id}",
        ),
        ([a], [b, c], [], f"(2 dealt to other shards, 1 of those asked for), the first: s / law / net / {d.id}"),
        ([a], [c], ["* / * / a*", "* / * / c*"], "(2 left out by --only, 1 dealt to other shards), the first"),
    ):
        rows = [row(each, "pass") for each in there]
        _, problems, code = settle(rows, [a, b, c, d], [suite()], only=only, elsewhere=dealt)
        assert [each.kind for each in problems] == [Trouble.MISSING_ROWS] and said in problems[0].text and code == 1
    rows = [row(each, "pass") for each in (a, b)]
    assert settle(rows, [a, b], [suite()], elsewhere=[])[1:] == ([], 0)
    assert settle(rows[::-1], [a, b], [suite()])[1:] == ([], 0), "in whatever order"
    assert settle([*rows, rows[0]], [a, b], [suite()])[1:] == ([], 0)


def test_missing_rows_are_told_in_full():
    a, b, c, d = (cell("net", case=case) for case in "abcd")
    first = f"s / law / net / {b.id}"
    missing = (Trouble.MISSING_ROWS, "s / law / net")
    assert told([row(a, "pass")], [a]) == []
    assert told([row(a, "pass")], [a, b, c]) == [(*missing, f"2 of 3 declared rows are missing, the first: {first}")]
    left_out = told([row(a, "pass")], [a, b, c], only=["net / law / a"])
    assert left_out == [(*missing, f"2 of 3 declared rows are missing (2 left out by --only), the first: {first}")]
    both = told([row(a, "pass")], [a, c, b, d], only=["* / * / a", "* / * / b"])
    said = "3 of 4 declared rows are missing (2 left out by --only, 1 of those asked for), the first:"
    assert both == [(*missing, f"{said} {first}")]
    asked = told([row(a, "pass")], [a, b], only=["net"])
    assert asked == [(*missing, f"1 of 2 declared rows are missing, the first: {first}")]
    elsewhere = replace(a, suite="t")
    assert told([row(a, "pass")], [elsewhere])[0][1] == "t / law / net"


def test_too_little_is_told_in_full_and_of_each_network_by_itself():
    a, b = cell("net"), cell("net", case="b")
    none = "net: none of its 2 equivariance rows is applicable (why)"
    nothing = "net: nothing is predicted of any of its rows (2 not-applicable, 1 observed), so none could fail"
    rows = [
        row(a, "not-applicable", "why"),
        row(b, "not-applicable", "other"),
        row(cell("net", kind="separation"), "observed"),
    ]
    assert told(rows) == [(Trouble.NO_EQUIVARIANCE, "net", none), (Trouble.NOTHING_PREDICTED, "net", nothing)]
    assert told([*rows, row(cell("other"), "pass")], descriptions=[]) == told(rows)
    assert told([*rows, row(cell("net", case="c"), "pass")]) == []
    assert told([], descriptions=[*NET, {"name": "broken", "error": "why"}]) == []
    assert told(rows, descriptions=[{"name": "net", "error": "why"}]) == []
    asked = AskedFor("invariant", "mlp/relu", "mlp(1, 2, 1)")
    open_ = [row(cell("net", case=str(n)), "pass" if n < 3 else "undecided", asked=asked) for n in range(4)]
    allowed = suite(allowed=[Expectation("*", "*", "*", "budget")])
    share = "net: 3 of 4 rows that are predicted of its invariant output are decided; at least 80% must be"
    assert told(open_, rules=allowed) == [(Trouble.DECIDED_SHARE, "net / invariant", share)]
    assert told(open_) == []  # an open row that nothing allows is red by itself


def test_entries_and_declarations_are_told_in_full():
    of = cell("net")
    exact, wide = Expectation("net", "law", "a", "known"), Expectation("net", "la*", "*", "known")
    assert told([row(of, "undecided", "why")], rules=suite([exact])) == [
        (Trouble.EXPECTED_FAILURE, "net / law / a: undecided", 'expected failure "net / law / a" is undecided: why')
    ]
    assert told([row(of, "pass")], rules=suite([exact])) == told([row(of, "fail")], rules=suite([exact])) == []
    passing = [row(of, "pass"), row(cell("net", case="b"), "pass"), row(cell("net", case="c"), "error")]
    assert told(passing, rules=suite([wide])) == [
        (
            Trouble.EXPECTED_FAILURE,
            "net / la* / *: covers-none",
            'expected failure "net / la* / *" covers no failure (2 pass, 1 error); remove it',
        )
    ]
    assert told(passing, rules=suite(allowed=[wide])) == []
    assert (
        told([row(of, "pass")], expectations=[Expectation("net", "l*", "*", "mine")])[0][1]
        == "net / l* / *: covers-none"
    )
    weak = [*NET, {"name": "weak", "power": "below-1-wl"}, {"name": "broken", "error": "why"}]
    assert told([row(of, "pass")], descriptions=weak, require_power="1-wl")[:1] == [
        (Trouble.REQUIRED_POWER, "weak / below-1-wl / 1-wl",
         'weak declares power "below-1-wl"; --require-power 1-wl asks for ' + " or ".join(AT_LEAST["1-wl"]))
    ]  # fmt: skip


def test_a_power_that_no_asked_pair_can_refute_is_told_in_full_of_each_network_by_itself():
    """Law: a network that claims to tell apart what refinement parts, of whose pairs refinement is unknown and none is
    predicted to be told apart, is a problem, wherever it stands among the networks and whatever is asked of the others."""
    scaled = {"name": "net", "power": "1-wl", "symmetry": "permutation+scale"}
    unknown = "refinement is not known modulo permutation+scale"

    def pair(
        case: str, predicted: Seen, ground: Ground | None, why: str = unknown, name: str = "net", **more
    ) -> Result:
        found = SeparationEvidence("pairs", "a space", "1-WL-equivalent", 1, "different", "different", ground, prediction=why)  # fmt: skip
        asked = cell(name, "pair", case, "separation")
        return row(asked, "pass", predicted=predicted, evidence=found, **more)

    alike = pair("b", NOT_SEPARATED, Ground.ONE_ORBIT, "one orbit")
    rows = [row(cell("net"), "pass"), alike, pair("a", ANY, Ground.LARGER_GROUP), pair("c", ANY, Ground.LARGER_GROUP, "later")]  # fmt: skip
    said = (
        Trouble.UNREFUTED_POWER,
        "net / 1-wl / permutation+scale",
        f'net declares power "1-wl" modulo permutation+scale, which no row can refute: {unknown}; '
        'declare power "unknown" or "function"',
    )

    assert told(rows, descriptions=[scaled]) == [said]
    assert told(rows, descriptions=[{**scaled, "power": power} for power in ("2-fwl", "complete")]) == [
        (said[0], said[1].replace("1-wl", power), said[2].replace("1-wl", power)) for power in ("2-fwl", "complete")
    ]
    for power in ("below-1-wl", "unknown", "function"):
        assert told(rows, descriptions=[{**scaled, "power": power}]) == []
    assert told([*rows, pair("d", SEPARATED, Ground.TWO_ORBITS)], descriptions=[scaled]) == []
    law = row(cell("net", case="e"), "pass", predicted=SEPARATED)
    assert told([*rows, law], descriptions=[scaled]) == [said], "what is no pair refutes no power"
    others = pair("a", SEPARATED, Ground.TWO_ORBITS, name="other")
    assert told([*rows, others], descriptions=[scaled]) == [said], "nor does a pair of another network"
    for why in (Ground.TWO_ORBITS, Ground.ONE_ORBIT, None):
        assert told([*rows[:2], pair("a", ANY, why)], descriptions=[scaled]) == []
    assert told(rows[:2], descriptions=[scaled]) == []

    open_, silent = {**scaled, "name": "other", "power": "unknown"}, {"name": "broken", "error": "why"}
    quiet = {**scaled, "name": "quiet"}
    idle = told([*rows, others], descriptions=[quiet])
    assert [each for each in idle if each[0] is Trouble.UNREFUTED_POWER] == []
    for before in ([open_], [silent], [{**scaled, "name": "other"}], [open_, silent]):
        assert told([*rows, others], descriptions=[*before, scaled]) == [said], (
            "one that is not in question ends nothing"
        )
    both = [pair("a", ANY, Ground.LARGER_GROUP, name="other"), *rows]
    about = [each[1] for each in told(both, descriptions=[scaled, {**open_, "power": "complete"}])]
    assert about == ["net / 1-wl / permutation+scale", "other / complete / permutation+scale"]


def test_notes_are_told_in_full():
    wanted = Conclusion("thm-5.2", ("value",), ("*",), 0.0, None)
    rules = replace(
        suite([Expectation("net", "value", "*", "known")], [Expectation("a", "b", "c", "budget")]),
        conclusions=(wanted,),
    )
    assert notes([cell("net")], [rules], [Expectation("x", "y", "z", "mine")]) == [
        'expected failure "net / value / *" is not asked in this run',
        'expected failure "x / y / z" is not asked in this run',
        'allowance "a / b / c" is not asked in this run',
        'conclusion "thm-5.2" is not asked in this run',
    ]
    assert notes([cell("net", check="value")], [replace(rules, allow=())]) == []
    assert len(notes([replace(cell("net", check="value"), suite="other")], [replace(rules, allow=())])) == 2


FIRST = Problem(Trouble.DECIDED_SHARE, "a", "a: 3 of 20 rows are decided")
SECOND = Problem(Trouble.REQUIRED_POWER, "a", "a declares no power")


def a_run(*rows: tuple[Cell, str], size: int = 1, problems: tuple[Problem, ...] = ()) -> Run:
    """Rows of a suite `s` whose check `law` asks for `size`."""
    check = {"id": "law", "kind": "equivariance", "parameters": {"size": size}}
    return Run("0", {}, [{"name": "s", "checks": [check]}], [], [row(*pair) for pair in rows], problems)


def test_a_baseline_round_trips_in_an_order_of_its_own():
    run = a_run((cell("b"), "pass"), (cell("a", case='"ü\n'), "fail"), problems=(SECOND, FIRST))
    again = a_run((cell("a", case='"ü\n'), "fail"), (cell("b"), "pass"), problems=(FIRST, SECOND))
    text = baseline_text(baseline_of(run))
    assert text == baseline_text(baseline_of(again))
    kept = parse_baseline(text)
    assert (kept.outcomes, kept.contents) == (baseline_of(run).outcomes, baseline_of(run).contents)
    assert compare(run, kept) == []
    assert baseline_text(kept) == text


def test_a_changed_row_is_one_changed_line_and_a_line_is_short():
    cells = [cell(f"net-{number // 100}", case=f"shallow/invariant/{number}") for number in range(1000)]
    before, after = (
        baseline_text(baseline_of(a_run(*((of, "fail" if of is changed else "pass") for of in cells)))).splitlines()
        for changed in (None, cells[500])
    )
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        (
            '["net-5", "s", "law", "shallow/invariant/500", "pass"],',
            '["net-5", "s", "law", "shallow/invariant/500", "fail"],',
        )
    ]
    assert max(map(len, before)) < 100


@pytest.mark.parametrize(
    "broken",
    [
        "[]",
        "nonsense",
        '{"schema_version": 3, "checks": [], "rows": []}',
        '{"schema_version": true, "checks": [], "rows": []}',
        '{"schema_version": 1, "rows": []}',
        '{"schema_version": 1, "checks": [], "rows": {}}',
        '{"schema_version": 1, "checks": [], "rows": [["a", "b", "c", "d"]]}',
        '{"schema_version": 1, "checks": [], "rows": [["a", "b", "c", "d", "perhaps"]]}',
        '{"schema_version": 1, "checks": [], "rows": [["a", "b", "c", "d", 1]]}',
        '{"schema_version": 1, "checks": [], "rows": [["a", "b", "c", "d", "pass"], ["a", "b", "c", "d", "fail"]]}',
        '{"schema_version": 1, "checks": ["a"], "rows": []}',
    ],
)
def test_what_is_no_baseline_is_refused(broken):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_baseline(broken)


REGRESSIONS = {
    ("pass", "fail"),
    ("pass", "undecided"),
    ("pass", "observed"),
    ("pass", "not-applicable"),
    ("pass", "error"),
    ("fail", "undecided"),
    ("fail", "observed"),
    ("fail", "not-applicable"),
    ("fail", "error"),
    ("undecided", "fail"),
    ("undecided", "error"),
    ("observed", "fail"),
    ("observed", "undecided"),
    ("observed", "error"),
    ("not-applicable", "fail"),
    ("not-applicable", "undecided"),
    ("not-applicable", "error"),
}


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("after", OUTCOMES)
def test_every_change_of_outcome_is_a_difference_and_some_are_regressions(before, after):
    found = compare(a_run((cell("net"), after)), baseline_of(a_run((cell("net"), before))))
    assert len(found) == (before != after)
    if found:
        assert found[0].regression == ((before, after) in REGRESSIONS)
        assert found[0].status == ("FIXED" if after == "pass" else "CHANGED")


@pytest.mark.parametrize("before", [SEPARATED, NO_GAP, UNCLEAR])
@pytest.mark.parametrize("after", [SEPARATED, NO_GAP, UNCLEAR])
def test_an_observed_pair_that_turns_is_a_regression_and_one_to_or_from_unclear_a_note(before, after):
    def seen(what: Seen) -> Run:
        return replace(a_run(), results=[row(cell("net"), "observed", observed=what.value)])

    kept = parse_baseline(baseline_text(baseline_of(seen(before))))
    found = compare(seen(after), kept)
    assert len(found) == (before != after)
    if found:
        assert (found[0].before, found[0].after) == (before, after)
        assert found[0].regression == ("unclear" not in (before, after))


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("after", OUTCOMES)
def test_a_baseline_from_before_observed_calls_such_rows_passes(before, after):
    if before == "observed":
        return  # no such baseline
    text = baseline_text(baseline_of(a_run((cell("net"), before)))).replace(
        '"schema_version": 2', '"schema_version": 1'
    )
    found = compare(a_run((cell("net"), after)), parse_baseline(text))
    unchanged = before == after or (before, after) == ("pass", "observed")
    assert len(found) == int(not unchanged)
    if found:
        assert found[0].regression == ((before, after) in REGRESSIONS)


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("after", OUTCOMES)
def test_a_check_that_asks_something_else_is_stale_and_gated_on_its_outcomes_alone(before, after):
    (found,) = compare(a_run((cell("net"), after), size=2), baseline_of(a_run((cell("net"), before))))
    assert found.status == "STALE"
    assert found.regression == ((before, after) in REGRESSIONS)


def test_rows_that_vanish_are_regressions_and_new_ones_only_if_red():
    before = baseline_of(a_run((cell("net"), "pass"), (cell("net", case="b"), "pass")))
    found = compare(a_run((cell("net"), "pass"), (cell("net", case="c"), "pass")), before)
    assert [(d.status, d.regression) for d in found] == [("MISSING", True), ("NEW", False)]
    nothing = baseline_of(a_run())
    assert compare(a_run((cell("net"), "fail")), nothing)[0].regression
    assert not compare(a_run((cell("net"), "not-applicable")), nothing)[0].regression


def test_a_part_is_compared_with_that_part_of_the_baseline():
    cells = [
        cell(name, check, case)
        for name in ("net", "dws[depth=5]", WEIGHTS)
        for check in ("law", "pair")
        for case in "ab"
    ]
    whole = Run("0", {}, [], [], [row(of, "pass") for of in cells])
    kept = baseline_of(whole)

    def gone(rows, names=(), only=()):
        selection = {"only": list(only), "fail_fast": False, "shard": None, "architectures": []} if only else None
        return [
            each.place for each in compare(*part_asked(replace(whole, results=rows, selection=selection), kept, names))
        ]

    assert gone(whole.results, ["net"]) == []
    assert gone([], ["dws[depth=5]"]) == [
        ("dws[depth=5]", "s", check, case) for check in ("law", "pair") for case in "ab"
    ] + [(WEIGHTS, "s", check, case) for check in ("law", "pair") for case in "ab"], (
        "rows of weights alone belong to all"
    )
    law = [each for each in whole.results if each.check == "law" and each.case == "a"]
    assert gone(law) and gone(law, only=["* / law / a"]) == []
    assert gone(law[1:], only=["* / law / a"]) == [("net", "s", "law", "a")]
    assert gone(law, ["net"], ["* / law / *"]) == [(name, "s", "law", "b") for name in ("net", WEIGHTS)]
    lost = Problem(Trouble.MISSING_ROWS, "s / law / net", "12 of 16 declared rows are missing")
    selection = {"only": ["* / law / a"], "fail_fast": False, "shard": None, "architectures": []}
    part = replace(whole, results=law, problems=[lost, replace(lost, kind=Trouble.PLANTED)], selection=selection)
    assert [each.reason for each in compare(*part_asked(part, kept))] == [lost.text], "of that kind alone"
    assert len(compare(*part_asked(replace(part, selection=None, results=whole.results), kept))) == 2
    silent = [Problem(Trouble.NOTHING_PREDICTED, name, f"nothing of {name}") for name in ("net", "dws[depth=5]")]
    silent.append(Problem(Trouble.UNREFUTED_POWER, "dws[depth=5] / complete / permutation+scale", "of another one"))
    share = Problem(Trouble.DECIDED_SHARE, "dws[depth=5] / invariant", "few")
    mine = compare(*part_asked(replace(whole, problems=[*silent, share, lost]), kept, ["net"]))
    assert [each.reason for each in mine] == ["nothing of net", lost.text], "problems of others are not mine"
    with pytest.raises(UnknownName, match=r'did you mean "net"\?'):
        part_asked(whole, kept, ["nett"])


def test_a_part_renews_the_rows_of_a_baseline_that_it_was_asked_for():
    """Law: renewed by a part of a run, the baseline is that of the whole run in which these rows came out so."""
    suite = {"name": "s", "checks": [{"id": name, "kind": "k", "parameters": {}} for name in ("law", "pair")]}
    cells = [cell(name, check, case) for name in ("net", "dws", WEIGHTS) for check in ("law", "pair") for case in "ab"]
    outcomes = ("pass", "fail", "observed")
    lost = Problem(Trouble.NOTHING_PREDICTED, "net", "nothing")
    before = baseline_of(Run("0", {}, [suite], [], [row(of, "pass") for of in cells], problems=[lost]))
    for only in (["net / law"], ["* / law / a"], ["dws", "net / pair / b"], ["*"]):
        patterns = [parse_pattern(text) for text in only]
        asked = [of for of in cells if any(pattern.matches(of) for pattern in patterns)]
        selection = {"only": only, "fail_fast": False, "shard": None, "architectures": ["net", "dws"]}
        part = Run("0", {}, [suite], [], [row(of, outcomes[cells.index(of) % 3]) for of in asked], selection=selection)
        whole = [row(of, outcomes[at % 3] if of in asked else "pass") for at, of in enumerate(cells)]
        assert renewed(before, part) == baseline_of(Run("0", {}, [suite], [], whole, problems=[lost]))
        gone = renewed(before, replace(part, results=part.results[1:]))
        assert set(before.outcomes) - set(gone.outcomes) == {
            (asked[0].architecture, "s", asked[0].check, asked[0].case)
        }
    other = {**suite, "checks": [suite["checks"][0], {**suite["checks"][1], "parameters": {"count": 2}}]}
    with pytest.raises(ValueError, match="s / pair asks something else"):
        renewed(before, replace(part, suites=[other], selection={**selection, "only": ["net / pair"]}))
    assert renewed(
        before, replace(part, suites=[other], selection={**selection, "only": ["* / pair"]}, results=whole[2:4])
    )
    for wrong in (None, {**selection, "fail_fast": True}, {**selection, "shard": (1, 2)}):
        with pytest.raises(ValueError, match="--only alone"):
            renewed(before, replace(part, selection=wrong))


def test_a_row_that_vanishes_from_one_suite_is_missed_though_another_suite_asks_the_same():
    here, there = cell("net"), Cell("other", "law", "equivariance", {"check": "law"}, "a", None, "net")
    assert here.id == there.id
    found = compare(a_run((here, "pass")), baseline_of(a_run((here, "pass"), (there, "pass"))))
    assert [(d.status, d.place[1]) for d in found] == [("MISSING", "other")]


def test_declared_failures_that_are_new_are_no_regression():
    declared = Run("0", {}, [], [], [replace(row(cell("net"), "fail"), declared="known")])
    assert [(d.status, d.regression) for d in compare(declared, baseline_of(a_run()))] == [("NEW", False)]


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("after", ["undecided", "error"])
def test_from_a_pass_to_what_the_suite_allows_is_a_difference_and_no_regression(before, after):
    """Processors decide there; a decided failure that is open now is a regression all the same."""
    fault = Fault.ILL_CONDITIONED if after == "error" else None
    now = replace(a_run(), results=[row(cell("net"), after, declared="short of steps", fault=fault)])
    found = compare(now, baseline_of(a_run((cell("net"), before))))
    assert len(found) == (before != after)
    assert all(each.regression == (before == "fail") for each in found)


def test_a_new_problem_of_the_run_is_a_regression_whatever_is_said_of_an_old_one():
    before = baseline_of(a_run((cell("net"), "pass"), problems=(FIRST,)))
    assert compare(a_run((cell("net"), "pass"), problems=(replace(FIRST, text="in other words"),)), before) == []
    for new in (SECOND, replace(FIRST, about="b"), replace(FIRST, kind=Trouble.CONCLUSION)):
        found = compare(a_run((cell("net"), "pass"), problems=(new,)), before)
        assert [(d.status, d.regression) for d in found] == [("NEW", True), ("FIXED", False)]
        assert f"the run  absent -> problem: {new.text}" in str(found[0])
        assert "the run  problem -> absent: decided-share: a" in str(found[1])


def test_a_listing_names_regressions_and_counts_the_rest():
    cells = [cell(f"net-{number % 5}", case=str(number)) for number in range(60)]
    found = compare(
        a_run(*((of, "pass" if number < 20 else "fail") for number, of in enumerate(cells))),
        baseline_of(a_run(*((of, "fail" if number < 20 else "pass") for number, of in enumerate(cells)))),
    )
    assert len(found) == 60
    lines = listing(found, 10)
    assert lines[:10] == [str(difference) for difference in found[:10]]
    assert lines[10:] == [
        "CHANGED s / law  pass -> fail, 30 more regressions of net-0, net-1, net-2, net-3 and 1 more",
        "FIXED   s / law  fail -> pass, 20 rows of net-0, net-1, net-2, net-3 and 1 more",
    ]


def test_exit_code_reads_the_run_alone():
    assert exit_code(a_run((cell("net"), "pass"))) == 0
    assert exit_code(a_run((cell("net"), "fail"))) == 1
    assert exit_code(Run("0", {}, [], [], [], [FIRST])) == 1
    json.dumps(a_run((cell("net"), "pass")).to_json())


def test_an_architecture_of_the_run_that_no_row_asks_is_a_problem():
    asked = cell("net")
    entries = [{"name": name, "power": "1-wl"} for name in ("net", "idle")]
    _, problems, code = settle([row(asked, "pass")], [asked], [suite()], descriptions=entries)
    assert [(problem.kind, problem.text) for problem in problems] == [
        (Trouble.NOTHING_PREDICTED, "idle: no row of this run is asked of it, so none could fail")
    ]
    assert code == 1
    _, problems, code = settle([row(asked, "pass")], [asked], [suite()], descriptions=entries[:1])
    assert (list(problems), code) == ([], 0)


def test_a_run_of_weights_alone_asks_no_architecture():
    asked = cell(WEIGHTS, kind="floor")
    _, problems, code = settle(
        [row(asked, "pass")], [asked], [suite()], descriptions=[{"name": "net", "power": "1-wl"}]
    )
    assert (list(problems), code) == ([], 0)
