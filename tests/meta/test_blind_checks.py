"""A check that could not have refuted a claim does not support it: blind ones are planted, and the conclusion says so."""

from __future__ import annotations

import pytest

from orbitcheck.harness.checks.approximation import measurement as approximation
from orbitcheck.harness.checks.separation import measurement as separation
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.result import Judgement, Verdict
from orbitcheck.harness.judging.conclusions import conclude
from orbitcheck.harness.judging.conclusions import problems as red
from orbitcheck.harness.judging.judgements import JUDGEMENTS
from orbitcheck.harness.judging.judgements.finding import Concluded, Finding
from orbitcheck.harness.language.suite import Conclusion, Suite
from orbitcheck.harness.running.killing import kill, problems
from orbitcheck.harness.running.planting.killers import KILLERS


def concluded(name: str, entry):
    """The conclusion on a green row of the killer's claim, in the run that holds this one killer."""
    killer = KILLERS[name]
    wanted = Conclusion(killer.claim, ("*",), ("*",), 0.05, "a budget")
    (cell, *_) = killer.false.red.cells("net")
    green = cell.row(Judgement(Outcome.PASS, predicted="separated", observed="separated"))
    return conclude([green], [Suite("planted", 1, "S", (), conclusions=(wanted,))], [], [entry])[0]


def blind(measured, prediction, *rest, **more) -> Verdict:
    return Verdict("pass", "", prediction.verdict, prediction.verdict)


@pytest.mark.parametrize(
    ("name", "module", "judge"),
    [
        ("prop-6.2-row-products", separation, blind),
        ("prop-7.3-four-cycles", approximation, blind),
        ("thm-7.4-bias-norms", approximation, blind),
    ],
)
def test_a_blind_check_supports_no_claim(monkeypatch, name, module, judge):
    if module is separation:  # with eyes; of the others tests/running tells
        assert concluded(name, kill(name, ["planted"], 1)).outcome == Concluded.PASS
    monkeypatch.setattr(module.verdict, "judge", judge)
    entry = kill(name, ["planted"], 1)
    found = concluded(name, entry)
    assert not entry["killed"] and problems([entry])
    assert (found.outcome, found.killers) == (Concluded.UNDECIDED, {"killed": 0, "planted": 1})
    assert found.is_red and red([found]) and "survived" in found.reason and found.declared is None


def test_a_check_that_accuses_everyone_supports_no_claim_either(monkeypatch):
    name = "prop-6.2-row-products"
    monkeypatch.setattr(separation.verdict, "judge", lambda *_: Verdict("fail", "always", "not separated", "separated"))
    entry = kill(name, ["planted"], 1)
    assert entry["killed"] and not entry["kept"] and "mended claim" in problems([entry])[0].text
    assert concluded(name, entry).outcome == Concluded.UNDECIDED


@pytest.mark.parametrize("claim", ["prop-5.3"])
def test_a_blind_judgement_supports_no_claim(monkeypatch, claim):
    name = next(each for each, killer in KILLERS.items() if killer.claim == claim)
    monkeypatch.setitem(JUDGEMENTS._entries, claim, lambda *_: Finding(Concluded.PASS, "", "", ""))
    entry = kill(name, ["planted"], 1)
    assert not entry["killed"] and entry["kept"] and entry["outcome"] == "pass"
    assert concluded(name, entry).outcome == Concluded.UNDECIDED
