"""Rows derived again one by one, by hand: what each row has to agree with, and what is said where it does not. No run is made."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.completeness import verdict as completeness
from orbitcheck.harness.checks.completeness.evidence import CompletenessEvidence
from orbitcheck.harness.checks.prediction import Ground
from orbitcheck.harness.checks.separation import verdict as separation
from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.checks.separation.verdict import Draw
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.outcomes import Fault, Refusal
from orbitcheck.harness.core.result import AskedFor, Judgement, Result, Run, digest
from orbitcheck.harness.verification.asked import of_law
from orbitcheck.harness.verification.rows import Rows, verify
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import mlp

SPACE = mlp(1, 2, 1)
V = {
    "W1": np.array([[1.0], [2.0]]),
    "b1": np.array([1.0, 1.0]),
    "W2": np.array([[3.0, -1.0]]),
    "b2": np.array([0.25]),
}
W = V | {"W1": V["W1"][::-1], "W2": V["W2"][:, ::-1]}
PAIR = Pair(SPACE, V, W)
PARAMETERS = {"space": SPACE.to_json(), "pairs": {"family": "by-hand"}}
CHECKS = [
    {
        "id": "span",
        "kind": "completeness",
        "parameters": {"spaces": {"a layer": SPACE.to_json()}},
        "cases": ["a layer"],
        "claim": "thm",
    },
    {"id": "pairs", "kind": "separation", "parameters": PARAMETERS, "cases": ["a pair"], "claim": None},
]
DECLARED = {
    "net": {"name": "net", "symmetry": "permutation", "power": "complete"},
    "bare": {"name": "bare", "symmetry": "none", "power": "unknown"},
    "careful": {"name": "careful", "symmetry": "permutation", "power": "complete", "domain": "general-position"},
    "gone": {"name": "gone", "error": "it is not there"},
}


def sealed() -> dict:
    digests = [
        hashlib.sha256(b"".join(net[name].astype("<f8").tobytes() for name in SPACE.axes)).hexdigest() for net in (V, W)
    ]
    given = {
        "version": 1,
        "space": SPACE.to_json(),
        "vectors": [{"sha256": each} for each in digests],
        "general_position": [False, False],
        "orbit": {"relation": "same", "kind": "permutation", "element": {"n1": [1, 0]}},
        "refinement": {"relation": "equivalent", "kind": "orbit"},
        "function": {"relation": "equal", "kind": "orbit"},
    }
    return {**given, "sha256": digest(given)}


CERTIFICATE = sealed()
FACTS = SeparationEvidence(
    "by-hand", str(SPACE), "one orbit", None, "same", "equal", ground=Ground.ONE_ORBIT, prediction="one orbit"
)
QUIET = Draw(3.0, (1e-15, 0.0), (5e-16, 1e-15), 5e-16, 1.0, 1.0)


def cell(check: int, architecture: str = "net") -> Cell:
    asked = CHECKS[check]
    return Cell("s", asked["id"], asked["kind"], asked["parameters"], asked["cases"][0], asked["claim"], architecture)


ASKED = AskedFor("invariant", SPACE.family, str(SPACE))
LAYER = CompletenessEvidence(str(SPACE), ("n1",), True, 25, 25, 4, 4, {})
SPAN = cell(0).row(Judgement.of(completeness.judge(LAYER), LAYER))


def shown(*draws: Draw) -> Result:
    """The row of a network that was shown the pair."""
    evidence = separation.evidence(FACTS, draws)
    verdict = separation.judge(draws, separation.prediction_of(stored(evidence)), None)
    return cell(1).row(Judgement.of(verdict, evidence, CERTIFICATE), asked=ASKED)


def stored(evidence):
    from orbitcheck.harness.checks.stored import Stored

    return Stored(evidence, PARAMETERS, "a pair", DECLARED["net"])


ROW = shown(*[QUIET] * 4)
REFUSED = cell(1, "bare").row(
    Judgement(
        "not-applicable",
        "declares no symmetry, and the question is asked modulo one",
        "not separated",
        "",
        FACTS,
        CERTIFICATE,
        refusal=Refusal.NO_SYMMETRY,
    )
)
OUTSIDE = cell(1, "careful").row(
    Judgement(
        "not-applicable",
        "outside the declared domain: not in general position",
        "not separated",
        "",
        FACTS,
        CERTIFICATE,
        refusal=Refusal.OUTSIDE_DOMAIN,
    )
)
UNSERVED = cell(1).row(
    Judgement(
        "not-applicable", "unsupported: this", "not separated", "", FACTS, CERTIFICATE, refusal=Refusal.UNSUPPORTED
    ),
    asked=ASKED,
)
RAISED = cell(1).row(Judgement("error", "forward raised", "not separated", "", FACTS, CERTIFICATE, fault=Fault.RAISED))
CRASHED = cell(1).row(Judgement("error", "crashed", fault=Fault.LOST))
UNLOADED = cell(1, "gone").row(Judgement("error", "it is not there", fault=Fault.NOT_LOADED))


def rows_of(*rows: Result, pair: Pair = PAIR) -> Rows:
    suites = [{"name": "s", "checks": CHECKS}]
    run = Run("0", {}, suites, [*DECLARED.values()], rows)  # type: ignore[arg-type]
    return Rows(run, lambda parameters, case: pair, CHECK_KINDS)


def found(row: Result, pair: Pair = PAIR):
    (made,) = rows_of(row, pair=pair)
    assert made.row is row
    return made


def problem(row: Result, **changes) -> str:
    made = found(replace(row, **changes))
    assert made.problem is None or not (made.proved or made.judged)
    return "" if made.problem is None else made.problem.removeprefix("does not hold: ")


@pytest.mark.parametrize(
    ("row", "proved", "judged"),
    [
        (SPAN, False, True),
        (ROW, True, True),
        (REFUSED, True, False),
        (OUTSIDE, True, False),
        (UNSERVED, True, False),
        (RAISED, True, False),
        (CRASHED, False, False),
        (UNLOADED, False, False),
    ],
    ids=["span", "pair", "no symmetry", "outside", "unserved", "raised", "crashed", "not loaded"],
)
def test_honest_rows_hold(row, proved, judged):
    made = found(row)
    assert (made.problem, made.proved, made.judged) == (None, proved, judged)


MISSING, OTHER = "the row says what the plug-in was asked for", "what the plug-in was asked for is that of the check"


@pytest.mark.parametrize(
    ("row", "asked", "told"),
    [
        (ROW, None, MISSING),
        (UNSERVED, None, MISSING),
        (REFUSED, None, ""),
        (RAISED, None, ""),
        (UNSERVED, replace(ASKED, family="mlp/tanh"), OTHER),
        (UNSERVED, replace(ASKED, space="another"), OTHER),
        (UNSERVED, replace(ASKED, output="other"), OTHER),
        (UNSERVED, replace(ASKED, output="equivariant"), ""),
        (ROW, replace(ASKED, family="mlp/tanh"), OTHER),
        (ROW, replace(ASKED, space="a smaller one"), ""),
        (RAISED, replace(ASKED, family="mlp/tanh"), OTHER),
    ],
)
def test_what_was_asked_is_that_of_the_check(row, asked, told):
    """Else a refused shape, or what is served in its stead, could be taken out of the count."""
    assert problem(row, asked=asked) == told


@pytest.mark.parametrize("tail", ["", "/steps", "/gradients"])
@pytest.mark.parametrize(("output", "asked"), [("invariant", "invariant"), ("point", "equivariant")])
def test_the_law_asks_its_case(tail, output, asked):
    parameters = {"spaces": {"a/b": {"space": SPACE.to_json(), "zoo": None}}}
    assert of_law(parameters, f"a/b/{output}/generic/eval{tail}") == (SPACE, (asked,))


@pytest.mark.parametrize(
    ("refusal", "declared", "may"),
    [
        (Refusal.NO_SYMMETRY, {}, False),
        (Refusal.NO_SYMMETRY, {"symmetry": "none"}, True),
        (Refusal.NO_SYMMETRY, {"symmetry": "permutation+scale"}, True),
        (Refusal.OUTSIDE_DOMAIN, {}, False),
        (Refusal.OUTSIDE_DOMAIN, {"domain": "all", "continuous": True}, False),
        (Refusal.OUTSIDE_DOMAIN, {"continuous": False}, True),
        (Refusal.OUTSIDE_DOMAIN, {"domain": "general-position"}, True),
        (Refusal.MODE, {}, True),
        (Refusal.MODE, {"modes": ["eval", "train"]}, False),
        (Refusal.NO_FUNCTION, {}, False),
        (Refusal.NO_FUNCTION, {"law": "exact"}, False),
        (Refusal.NO_FUNCTION, {"law": "functional"}, True),
        (Refusal.OTHER_SHAPE, {"shapes": ""}, False),
        (Refusal.OTHER_SHAPE, {"shapes": "one hidden layer"}, True),
        (Refusal.UNSUPPORTED, {}, True),
    ],
)
def test_a_declaration_leaves_out_what_it_can_leave_out(refusal, declared, may):
    """Of a row that shows nothing, too: else any failure could be called out of the question."""
    empty = {"outcome": "not-applicable", "refusal": refusal, "observed": "", "predicted": "", "reason": "so"}
    row = replace(SPAN, evidence=Evidence(), **empty)
    suites = [{"name": "s", "checks": CHECKS}]
    run = Run("0", {}, suites, [{"name": "net", **declared}], [row])  # type: ignore[arg-type]
    (made,) = Rows(run, lambda parameters, case: PAIR, CHECK_KINDS)
    assert made.problem == (None if may else "does not hold: the declaration does not leave the row out")


def test_rows_come_in_their_order_and_pairs_are_made_once():
    made = []

    def make(parameters, case):
        made.append((parameters, case))
        return PAIR

    run = Run("0", {}, [{"name": "s", "checks": CHECKS}], [*DECLARED.values()], [SPAN, ROW, REFUSED, ROW])  # type: ignore[arg-type]
    assert [each.row for each in verify(run, make, CHECK_KINDS)] == [SPAN, ROW, REFUSED, ROW]
    assert made == [(PARAMETERS, "a pair")]


@pytest.mark.parametrize("row", [SPAN, ROW])
@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "detection"), ("claim", "other"), ("dtype", "float32"), ("id", "0" * 12), ("seed", 1)],
)
def test_a_row_is_that_of_its_check_and_case(row, field, value):
    assert problem(row, **{field: value}) == f"the row's {field} is that of its check and case"


@pytest.mark.parametrize("field", ["suite", "check", "case"])
def test_a_row_of_no_check_is_told(field):
    assert problem(SPAN, **{field: "other"}) == "the run's suites have no such check and case"


@pytest.mark.parametrize(
    ("row", "changes", "told"),
    [
        (SPAN, {"outcome": "fail"}, "outcome 'fail'; by the evidence it is 'pass'"),
        (SPAN, {"predicted": "x"}, "predicted 'x'; by the evidence it is 'complete'"),
        (SPAN, {"observed": ""}, "observed ''; by the evidence it is 'rank 25 of 25, constants 4 of 4'"),
        (SPAN, {"reason": "x" * 119}, f"reason '{'x' * 116}...; by the evidence it is ''"),
        (SPAN, {"reason": "x" * 118}, f"reason '{'x' * 118}'; by the evidence it is ''"),
        (SPAN, {"reason": "x" * 200}, f"reason '{'x' * 116}...; by the evidence it is ''"),
        (SPAN, {"fault": Fault.RAISED}, "nothing went wrong in a row that is no error"),
        (SPAN, {"outcome": "error", "fault": Fault.RAISED}, "outcome 'error'; by the evidence it is 'pass'"),
        (SPAN, {"evidence": Evidence()}, "where nothing was measured nothing was seen"),
        (SPAN, {"evidence": Evidence(), "observed": ""}, "a verdict rests on evidence"),
        (SPAN, {"refusal": Refusal.UNSUPPORTED}, "what does not apply says why, and nothing else does"),
        (SPAN, {"outcome": "not-applicable"}, "what does not apply says why, and nothing else does"),
        (
            SPAN,
            {"outcome": "not-applicable", "refusal": Refusal.UNSUPPORTED},
            "where nothing was measured nothing was seen",
        ),
        (
            SPAN,
            {"outcome": "not-applicable", "refusal": Refusal.UNSUPPORTED, "observed": ""},
            "a row that does not apply has measured nothing",
        ),
        (ROW, {"certificate": None}, "what is said of a pair has a certificate"),
        (ROW, {"evidence": Evidence()}, "what is said of a pair has a certificate"),
        (
            ROW,
            {"evidence": Evidence(), "certificate": None},
            "a row of a pair that is no error says which relation it has",
        ),
        (ROW, {"outcome": "undecided"}, "outcome 'undecided'; by the evidence it is 'pass'"),
        (ROW, {"predicted": "separated"}, "predicted 'separated'; by the evidence it is 'not separated'"),
        (ROW, {"observed": "no gap"}, "observed 'no gap'; by the evidence it is 'not separated'"),
        (ROW, {"architecture": "bare"}, "the row's id is that of its check and case"),
        (REFUSED, {"refusal": None}, "what does not apply says why, and nothing else does"),
        (REFUSED, {"reason": "other"}, "declares no symmetry, and the question is asked modulo one"),
        (REFUSED, {"refusal": Refusal.UNSUPPORTED}, "declares no symmetry, and the question is asked modulo one"),
        (REFUSED, {"predicted": "any"}, "the prediction is not separated, by relation and declaration"),
        (
            REFUSED,
            {"evidence": replace(FACTS, ratio=0.5)},
            "what was not measured has no numbers",
        ),
        (REFUSED, {"observed": "no gap"}, "where nothing was measured nothing was seen"),
        (UNSERVED, {"refusal": Refusal.NO_SYMMETRY}, "the declaration does not leave the row out"),
        (UNSERVED, {"refusal": Refusal.OUTSIDE_DOMAIN}, "the declaration does not leave the row out"),
        (UNSERVED, {"refusal": Refusal.OTHER_SHAPE}, "the declaration does not leave the row out"),
        (RAISED, {"refusal": Refusal.UNSUPPORTED}, "what does not apply says why, and nothing else does"),
        (RAISED, {"outcome": "undecided", "fault": None}, "a verdict rests on evidence"),
        (RAISED, {"fault": Fault.ILL_CONDITIONED}, "a verdict rests on evidence"),
        (RAISED, {"fault": Fault.INVALID}, "a verdict rests on evidence"),
        (RAISED, {"fault": Fault.NON_FINITE}, ""),
        (
            SPAN,
            {"outcome": "error", "fault": Fault.ILL_CONDITIONED, "evidence": Evidence(), "observed": ""},
            "a verdict rests on evidence",
        ),
        (RAISED, {"outcome": "undecided"}, "nothing went wrong in a row that is no error"),
        (UNLOADED, {"fault": Fault.LOST}, "rows of a plug-in that did not load say so, and no others do"),
        (
            UNLOADED,
            {"outcome": "not-applicable", "refusal": Refusal.UNSUPPORTED, "fault": None},
            "rows of a plug-in that did not load say so, and no others do",
        ),
        (UNLOADED, {"reason": "nothing to see"}, "what did not load says why"),
        (CRASHED, {"fault": Fault.NOT_LOADED}, "rows of a plug-in that did not load say so, and no others do"),
        (SPAN, {"fault": Fault.NOT_LOADED}, "rows of a plug-in that did not load say so, and no others do"),
        (CRASHED, {"observed": "something"}, "where nothing was measured nothing was seen"),
        (CRASHED, {"outcome": "undecided", "fault": None}, "a row of a pair that is no error says which relation it has"),
        (CRASHED, {"certificate": CERTIFICATE}, "what is said of a pair has a certificate"),
    ],
)  # fmt: skip
def test_what_a_row_says_follows_or_is_told(row, changes, told):
    assert problem(row, **changes) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"family": "other"}, "family, space and relation are those of the pair"),
        ({"space": "other"}, "family, space and relation are those of the pair"),
        ({"relation": "two orbits"}, "family, space and relation are those of the pair"),
        ({"orbit": "different"}, "the row says what its certificate says"),
        ({"round": 1}, "the row says what its certificate says"),
        ({"function": "different"}, "the row says what its certificate says"),
        ({"ground": Ground.TWO_ORBITS}, "the prediction is not separated (one orbit), by relation and declaration"),
        ({"prediction": "other"}, "the prediction is not separated (one orbit), by relation and declaration"),
        ({"ratio": 7.0}, "ratio follows from what was measured"),
        ({"draws": 5}, "draws follows from what was measured"),
        ({"digits": 1.0}, "digits follows from what was measured"),
        ({"t_res": 2}, "t_res follows from what was measured"),
    ],
)
def test_what_the_evidence_of_a_pair_says_follows_or_is_told(changes, told):
    assert problem(ROW, evidence=replace(ROW.evidence, **changes)) == told


def test_a_certificate_of_other_vectors_proves_nothing_of_these():
    made = found(ROW, Pair(SPACE, V, V))
    assert made.problem == "does not hold: the vectors are those of the row"
    rows = rows_of(ROW, ROW, pair=Pair(SPACE, V, V))
    assert [each.problem for each in rows] == [made.problem] * 2


def test_a_pair_that_the_declared_symmetry_relates_is_one_to_the_network_alone():
    """`related` comes from the pair as it is made again, and from nothing that the row says."""
    other = Pair(SPACE, V, W, symmetry="permutation+scale")
    assert found(ROW, other).problem is None
    same = Pair(SPACE, V, W, symmetry="permutation")
    assert found(ROW, same).problem is None  # one orbit comes first


def test_too_few_draws_are_told():
    row = shown(*[QUIET] * 3)
    assert "outcome" in str(found(row).problem) and "'error'" in str(found(row).problem)


def test_a_failed_control_is_judged_too():
    wild = replace(QUIET, controls=(1e-3, 0.0))
    row = shown(wild)
    assert (row.outcome, row.fault) == ("error", Fault.INVALID)
    assert found(row).judged
    told = problem(row, fault=Fault.ILL_CONDITIONED)
    assert told == "fault 'ill-conditioned'; by the evidence it is 'invalid'"
    assert problem(row, fault=None) == "fault none; by the evidence it is 'invalid'"


def test_a_network_outside_its_domain_that_was_shown_the_pair_is_told():
    evidence = ROW.evidence
    row = cell(1, "careful").row(
        Judgement("pass", "one orbit", "not separated", "not separated", evidence, CERTIFICATE)
    )
    assert problem(row) == "outside the declared domain: not in general position"
    raised = replace(row, outcome="error", observed="not separated", fault=Fault.RAISED)
    assert problem(raised) == "outcome 'error'; by the evidence it is 'pass'"


def test_nonsense_is_malformed_in_one_line():
    row = replace(ROW, certificate={**CERTIFICATE, "general_position": 5})
    assert problem(row) and "\n" not in problem(row)
    nothing = replace(SPAN, evidence=None)
    assert problem(nothing).startswith("malformed: ") or problem(nothing)
    far = Rows(
        Run("0", {}, [{"name": "s", "checks": CHECKS}], [], [ROW]),  # type: ignore[arg-type]
        lambda parameters, case: {}["no\n such " + "pair" * 100],
        CHECK_KINDS,
    )
    (made,) = far
    assert made.row is ROW
    assert str(made.problem).startswith("malformed: KeyError 'no\\n such pairpair")
    assert len(str(made.problem)) == len("malformed: KeyError ") + 200
