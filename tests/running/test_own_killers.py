"""Killers of a suite's own: its plug-ins go through the very checks of its conclusion; survivors and faults are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orbitcheck.harness.judging.judgements.finding import Concluded
from orbitcheck.harness.language.reading import SuiteError, load_suite
from orbitcheck.harness.language.suite import Suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running import evaluate as evaluation
from orbitcheck.harness.running.border import read_killer
from orbitcheck.harness.running.isolation.task import Task
from orbitcheck.harness.running.killing import kill_own, own_lost, problems
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.planting.own import own_killers_of

NETS = Path(__file__).with_name("strangers") / "killers.py"
SUITE = """suite: mine
version: 1
title: own false claims
architectures: [gmn]
checks:
  - {{id: ways, kind: separation, pairs: {{family: direction, count: 1}}}}
conclusions:
  - claim: {claim}
    checks: [ways]
    killers: []
    own_killers: [{killer}]
"""
ENTRY = "{{network: {nets}:{network}, mended: {nets}:{mended}, rule: it hears forward messages alone}}"


@pytest.fixture(scope="module", autouse=True)
def measured_once():
    """A row of one cell is the same however often it is measured (tests/meta/test_broken_law.py): here it is measured once."""
    kept, evaluate = {}, evaluation.evaluate

    def once(cell, *given, **more):
        asked = (cell.check, cell.id, *given, *more.items())
        if asked not in kept:
            kept[asked] = evaluate(cell, *given, **more)
        return kept[asked]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "evaluate", once)
        yield


def read(folder: Path, network: str, mended: str = "BothWays", claim: str = "thm-6.3", killer: str = ENTRY):
    file = folder / "mine.yaml"
    file.write_text(SUITE.format(claim=claim, killer=killer.format(nets=NETS, network=network, mended=mended)))
    return load_suite(file)


def asked(suite):
    (found,) = own_killers_of([suite], plan([suite], [parse_name("gmn")]))
    return found


def test_a_false_claim_of_ones_own_is_killed_and_its_twin_is_kept(tmp_path):
    suite = read(tmp_path, "OneWay")
    assert Suite.from_json(json.loads(json.dumps(suite.to_json()))) == suite
    entry = kill_own(asked(suite))
    assert entry["killed"] and entry["kept"], entry
    assert (entry["outcome"], entry["mended_outcome"]) == (Concluded.FAIL, Concluded.PASS)
    assert entry["rule"] == "it hears forward messages alone" and entry["suites"] == ["mine"]
    assert read_killer(json.loads(json.dumps(entry))) == entry and not problems([entry])


@pytest.mark.parametrize(
    ("network", "mended", "killed", "kept", "words"),
    [
        ("BothWays", "BothWays", False, True, "ends pass, not fail"),
        ("OneWay", "OneWay", True, False, "mended claim"),
        ("ByNumber", "BothWays", False, True, "equivariance row"),
        ("Nobody", "BothWays", False, False, "Nobody"),
    ],
)
def test_what_survives_dies_by_the_law_or_does_not_load_is_a_problem(tmp_path, network, mended, killed, kept, words):
    entry = kill_own(asked(read(tmp_path, network, mended)))
    assert (entry["killed"], entry["kept"]) == (killed, kept), entry
    (problem,) = problems([entry])
    assert words in problem.text


def test_who_waits_reads_which_false_claim_is_put_through(tmp_path):
    found = asked(read(tmp_path, "OneWay"))
    assert Task(kill_own, (found,), 60, found.killer.network).title == f"kill own thm-6.3-{found.killer.network}"


def test_what_stands_beside_is_read_with_either(tmp_path):
    beside = "{{network: {nets}:{network}, mended: {nets}:{mended}, beside: {nets}:BothWays}}"
    entry = kill_own(asked(read(tmp_path, "OneWay", "BothWays", "thm-5.2", beside)))
    assert entry["killed"] and entry["kept"], entry


def test_a_worker_that_gave_no_answer_killed_nothing(tmp_path):
    entry = own_lost(asked(read(tmp_path, "OneWay")), "hung")
    assert not entry["killed"] and not entry["kept"] and entry["reason"] == "hung" and problems([entry])


@pytest.mark.parametrize(
    ("claim", "killer", "words"),
    [
        ("thm-6.3", "{{network: gnm, mended: gmn}}", 'did you mean "gmn"'),
        ("thm-6.3", "{{network: gmn}}", "own_killers.0.mended"),
        ("thm-6.3", "{{network: gmn, mended: gmn, wanted: pass}}", "own_killers.0.wanted"),
        ("gp-audit", "{{network: gmn, mended: gmn}}", "is about weights"),
        ("thm-6.3", "", "own_killers"),
    ],
)
def test_entries_that_make_no_sense_are_refused(tmp_path, claim, killer, words):
    with pytest.raises(SuiteError) as raised:
        read(tmp_path, "OneWay", claim=claim, killer=killer)
    assert words in str(raised.value)
