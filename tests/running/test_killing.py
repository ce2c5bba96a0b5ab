"""Killers: every claim that a suite concludes has false claims that must not come to a pass, and twins that must."""

from __future__ import annotations

import json

import pytest

from orbitcheck.harness.core.claims import CLAIMS, FALSE_CLAIMS
from orbitcheck.harness.core.outcomes import Outcome, Trouble
from orbitcheck.harness.core.result import Judgement
from orbitcheck.harness.judging.judgements.finding import Concluded, Finding
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.language.shipped import shipped_suites
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.border import read_killer
from orbitcheck.harness.running.killing import kill, lost, problems, report, standing
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.planting.killers import KILLERS, killers_of
from orbitcheck.harness.running.planting.plants import law

PAPER = "paper"


def planned(name: str, *architectures: str):
    suite = load_suite(shipped_suites()[name])
    names = [parse_name(each) for each in architectures or ("dws", "nfn-np", "gmn", "ng-gnn", "nft")]
    return suite, plan([suite], names)


def test_every_conclusion_of_a_shipped_suite_has_killers():
    for name in shipped_suites():
        suite, cells = planned(name)
        found = killers_of([suite], cells)
        assert {KILLERS[each].claim for each in found} == {wanted.claim for wanted in suite.conclusions}
        assert all(suites == (name,) for suites in found.values())


def test_killers_stand_for_checks_that_they_could_turn_red():
    suite, cells = planned(PAPER)
    assert not killers_of([], cells) and not killers_of([suite], [])
    law_alone = [cell for cell in cells if cell.kind == "equivariance"]
    assert {KILLERS[each].claim for each in killers_of([suite], law_alone)} == {"equivariance"}
    paths = [cell for cell in cells if cell.check == "paths"]  # in general position no class of refinement holds two
    assert {*killers_of([suite], paths)} == {"thm-6.3-bag", "prop-5.3-norms-of-biases-and-overlaps"}


TWO = """suite: two
version: 1
title: two conclusions of one claim
architectures: [gmn]
spaces:
  line: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: twins, kind: separation, pairs: {family: bipartite-cycles, cycles: [[4], [2, 2]], count: 1}}
  - {id: rank, kind: floor, regime: {name: prop-6.2-twins}, samples: 8, target: {name: middle-rank}, forms: {float: {orbit: [0, 0]}}}
  - {id: norms, kind: approximation, space: line, target: {name: weight-norms}, regime: {name: general-position}}
conclusions:
  - {claim: prop-6.2, checks: [twins], killers: [row-products]}
  - {claim: prop-6.2, checks: [rank], killers: [norms-and-overlaps]}
  - {claim: prop-6.2, checks: [norms], killers: [norms-and-overlaps]}
  - claim: thm-6.3
    checks: [twins]
    killers: []
    own_killers: [{network: stats, mended: gmn}]
"""


def test_killers_stand_for_the_conclusion_that_names_them_where_its_own_checks_could_turn_red(tmp_path):
    """By kind and by regime: of twins alone what sees overlaps shows, and no network goes through a floor."""
    (tmp_path / "two.yaml").write_text(TWO)
    suite = load_suite(tmp_path / "two.yaml")
    cells = plan([suite], [parse_name("gmn")])
    assert standing([suite], cells) == {
        ("two", 0): {"prop-6.2-row-products"},
        ("two", 1): set(),
        ("two", 2): set(),
        ("two", 3): {"thm-6.3-stats"},
    }
    for name in shipped_suites():
        shipped, asked = planned(name)
        assert all(standing([shipped], asked).values()), name


def test_suites_name_killers_that_there_are():
    found = {claim: tuple(k.false.name for k in KILLERS.values() if k.claim == claim) for claim in CLAIMS}
    assert found == FALSE_CLAIMS and all(len(names) >= 5 for names in found.values())
    ours = {"refinement-kinds"}  # of no statement of the paper, concluded by a suite of its own
    of_paper = {*CLAIMS} - ours
    for name, least, claims in (("paper", 2, of_paper), ("paper-full", 5, of_paper), ("beyond-mlps", 6, ours)):
        suite, cells = planned(name)
        asked = killers_of([suite], cells)
        for claim in claims:
            assert sum(KILLERS[each].claim == claim for each in asked) >= least, (name, claim)


OF_PAPER = sorted(killers_of(*(lambda suite, cells: ([suite], cells))(*planned(PAPER))))
"""Half a second each, so every change is held to them; the others are asked by every run of `paper-full`, and here with `-m long`."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in OF_PAPER else pytest.mark.long) for name in KILLERS]
)
def test_every_false_claim_is_killed_and_its_twin_is_kept(name):
    entry = kill(name, ["s"], 1)
    assert entry["killed"] and entry["kept"], entry
    assert entry == read_killer(json.loads(json.dumps(entry))) and not problems([entry])
    assert entry["outcome"] == entry["wanted"] != Concluded.PASS == entry["mended_outcome"]


def test_what_survives_or_dies_by_something_else_is_a_problem():
    killer = KILLERS["prop-6.2-row-products"]
    (cell,) = killer.false.red.cells("x")
    failed = cell.row(Judgement(Outcome.FAIL, "seen", observed="separated"))
    good = cell.row(Judgement(Outcome.PASS))
    green = law().cell("x").row(Judgement(Outcome.PASS))
    fail, ok = Finding(Concluded.FAIL, "seen", "", ""), Finding(Concluded.PASS, "", "", "")

    def found(*, finding=fail, rows=(failed,), others=(green,), twin=ok, twins=(good,)):
        return report(killer, ["s"], finding, rows, others, twin, twins)

    assert found()["killed"] and found()["kept"]
    broken_law = law().cell("x").row(Judgement(Outcome.FAIL, "not equivariant"))
    invalid = cell.row(Judgement(Outcome.ERROR, "invalid"))
    other_sign = cell.row(Judgement(Outcome.FAIL, "in another way", observed="no gap"))
    for survivor in (
        found(finding=ok),
        found(finding=Finding(Concluded.UNDECIDED, "open", "", "")),
        found(others=(broken_law,)),
        found(rows=(failed, invalid)),
        found(rows=(other_sign,)),
    ):
        (problem,) = problems([survivor])
        assert not survivor["killed"] and problem.kind is Trouble.PLANTED and "false claim" in problem.text
    for accused in (found(twin=fail), found(twins=(invalid,))):
        assert not (accused["killed"] and accused["kept"]) and problems([accused])
    gone = lost(killer, ["s"], "hung")
    assert not gone["killed"] and not gone["kept"] and gone["reason"] == "hung"
    assert read_killer(json.loads(json.dumps(gone))) == gone
