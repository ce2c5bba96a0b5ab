"""The check of weights alone: what its suites may say, its verdict, and one row a case through every front end."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from orbitcheck.harness.checks.general_position.kind import KIND
from orbitcheck.harness.checks.general_position.verdict import judge
from orbitcheck.harness.checks.kinds import CheckKind
from orbitcheck.harness.core.cell import WEIGHTS, Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.core.registry import UnknownName
from orbitcheck.harness.front.assertions import checks_for
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.judging.gate import settle
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import NO_ARCHITECTURE, evaluate
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.weights.space import NamedSpace, mlp
from orbitcheck.harness.weights.spaces import transformer_block

pytestmark = pytest.mark.usefixtures("few_plants")

SPACES = {"tiny": NamedSpace(mlp(1, 4, 4, 1))}
AUDIT = {"general-position": [0.9, 1.0]}
SUITE = """\
suite: audited
version: 1
title: Weights and a network
spaces:
  tiny: {mlp: [1, 4, 4, 1], activation: relu}
checks:
  - id: weights-alone
    kind: general-position
    claim: gp-audit
    space: tiny
    regime: {name: general-position}
    samples: 32
    forms:
      float: {general-position: [1, 1], discrete: [1, 1]}
      1-bit: {general-position: [LEAST, 1]}
NETWORK"""
NETWORK = "  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic]}\n"


def resolved(**given):
    return KIND.resolve(parse_parameters(KIND.parameters, given), SPACES)


def wanted(least: float, network: bool = True) -> str:
    return SUITE.replace("LEAST", str(least)).replace("NETWORK", NETWORK if network else "")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "red.yaml").write_text(wanted(0.5))
    (tmp_path / "green.yaml").write_text(wanted(0))
    (tmp_path / "alone.yaml").write_text(wanted(0, network=False))
    return tmp_path


def call(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def stored(name: str) -> dict:
    with open(f"{name}/results.json") as file:
        return json.load(file)


def test_shares_are_held_to_both_ends():
    shares = {"general-position": 0.5, "discrete": 1.0, "one-orbit": 1.0}
    sound = judge("8-bit", shares, {"general-position": [0.5, 0.5], "discrete": [1.0, 1.0]})
    assert (sound.outcome, sound.reason) == ("pass", "")
    assert sound.observed == "8-bit: general-position 50 %; discrete 100 %"
    missed = judge("float", shares, {"general-position": [0.0, 0.4], "discrete": [0.2, 0.6]})
    assert missed.outcome == "fail"
    assert missed.reason == "general-position 50 %, expected at most 40 %; discrete 100 %, expected 20 % to 60 %"
    assert "expected at least 90 %" in judge("float", shares, {"general-position": [0.9, 1.0]}).reason
    assert "expected exactly 0 %" in judge("float", shares, {"general-position": [0.0, 0.0]}).reason


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ({"regime": {}}, ("regime", "name"), "required, one of"),
        ({"regime": {"name": "general-positions"}}, ("regime", "name"), 'did you mean "general-position"'),
        ({"regime": {"name": "digits-inr", "groop": 1}}, ("regime", "groop"), 'unknown key "groop"'),
        ({"regime": {"name": "digits-inr"}, "samples": 1798}, ("samples",), "regime digits-inr has 1797"),
        ({"regime": {"name": "general-position"}, "space": "tiny1"}, ("space",), 'did you mean "tiny"'),
        ({"regime": {"name": "digits-inr"}, "forms": {"float": {"discrete": [1.0, 0.5]}}}, ("forms", "float", "discrete"), "above the most"),
        ({"regime": {"name": "digits-inr"}, "forms": {"float": {}}}, ("forms", "float"), "at least 1 item"),
        ({"regime": {"name": "digits-inr"}, "forms": {"9bit": AUDIT}}, ("forms", "9bit", "[key]"), "should match pattern"),
    ],
)  # fmt: skip
def test_what_a_suite_cannot_mean_is_refused_at_its_place(given, place, message):
    with pytest.raises(SuiteValueError) as caught:
        resolved(**{"forms": {"float": AUDIT}, **given})
    assert any(path == place and message in text for path, text in caught.value.problems), caught.value.problems


def test_a_subject_is_an_architecture_or_weights():
    with pytest.raises(ValueError, match="subject 'nothing'; allowed: architecture, weights"):
        CheckKind(
            "k", "t", KIND.parameters, KIND.resolve, KIND.cases, KIND.evidence, KIND.measurement, subject="nothing"
        )


def test_the_nets_are_the_same_in_every_form_and_change_with_the_seed():
    def row(form, **more):
        parameters = resolved(
            space="tiny", regime={"name": "general-position"}, samples=64, forms={"float": AUDIT, form: AUDIT}, **more
        )
        return evaluate(Cell("s", "c", KIND.name, parameters, form, None, WEIGHTS))

    fine, coarse = row("32-bit"), row("2-bit")
    assert fine.outcome == "pass" and coarse.outcome == "fail"
    assert fine.evidence.shares["general-position"] == 1.0
    assert row("3-bit").evidence == row("3-bit").evidence != row("3-bit", seed=1).evidence
    assert sum(coarse.evidence.rounds.values()) == coarse.evidence.nets == 64
    assert (fine.architecture, fine.options, fine.model_seconds) == (WEIGHTS, {}, 0.0)


def test_twins_of_prop_6_2_break_the_sharp_condition():
    forms = {"float": {"one-orbit": [0.0, 0.0], "discrete": [0.0, 0.0]}}
    parameters = resolved(regime={"name": "prop-6.2-twins"}, samples=32, forms=forms)
    found = evaluate(Cell("s", "c", KIND.name, parameters, "float", None, WEIGHTS))
    assert found.outcome == "pass", found.reason
    assert found.evidence.orbits == 2 * found.evidence.classes


def test_a_check_of_weights_has_one_row_a_case_whatever_architectures_are_named(folder):
    suite = load_suite("red.yaml")
    for names in ([], ["stats"], ["stats", "deep-sets"]):
        cells = plan([suite], [parse_name(name) for name in names])
        assert [cell.architecture for cell in cells] == [WEIGHTS, WEIGHTS, *names]
    ids = [
        {cell.id for cell in plan([suite], [parse_name(n)]) if cell.architecture == WEIGHTS} for n in ("stats", "dws")
    ]
    assert ids[0] == ids[1]


def test_weights_count_for_no_architecture_in_the_gate(folder):
    suite = load_suite("green.yaml")
    cells = plan([suite], [parse_name("stats")])
    rows = [evaluate(cell) for cell in cells]
    described = [{"name": "stats", "power": "below-1-wl"}]
    assert settle(rows, cells, [suite], descriptions=described)[1:] == ([], 0)
    # The rows of weights alone decide nothing for a network, and owe nothing.
    unasked = [replace(row, outcome="observed") if row.architecture == "stats" else row for row in rows]
    problems = settle(unasked, cells, [suite], descriptions=described)[1]
    assert any("stats: nothing is predicted of any of its rows" in str(problem) for problem in problems)
    assert not any(str(problem).startswith(WEIGHTS) for problem in problems)


def test_ends_that_expect_nothing_are_observed_and_one_that_expects_something_is_not():
    found = {"general-position": 0.3, "discrete": 1.0}
    for ends, outcome in (([0, 1], "observed"), ([0, 0.5], "pass"), ([0.5, 1], "fail")):
        assert judge("float", found, {"general-position": ends, "discrete": [0, 1]}).outcome == outcome


def test_no_architecture_bears_the_name_and_none_is_built():
    with pytest.raises(UnknownName, match='"weights" names the rows of checks that read weights alone'):
        load(parse_name("weights"))
    with pytest.raises(Exception, match="no network"):
        NO_ARCHITECTURE.factory(mlp(1, 2, 1), None)


def test_orders_are_counted_on_any_space():
    """Ties of biases that one round undoes: no net is of order 0, all are of order 1; nothing that was not asked is in the evidence."""
    spaces = {"block": NamedSpace(transformer_block(1, 3, 2, 2, 3)), "tiny": SPACES["tiny"]}
    forms = {"float": {"general-position": [0, 0], "order-1": [1, 1], "order-2": [1, 1], "discrete": [1, 1]}}
    given = {"regime": {"name": "general-position", "order": 1}, "samples": 4, "forms": forms}
    for name in spaces:
        parameters = KIND.resolve(parse_parameters(KIND.parameters, {"space": name, **given}), spaces)
        row = evaluate(Cell("s", "c", KIND.name, parameters, "float", None, WEIGHTS), NO_ARCHITECTURE)
        assert row.outcome == "pass", row.reason
        assert row.evidence.rounds == {"1": 4}
        assert sorted(row.evidence.shares) == ["discrete", "general-position", "one-orbit", "order-1", "order-2"]
    with pytest.raises(SuiteValueError, match="numbers of the neurons of an MLP"):
        KIND.resolve(parse_parameters(KIND.parameters, {"space": "block", **given, "separators": ["bias"]}), spaces)


def test_rows_of_weights_are_no_tests_of_a_network(folder):
    rows = checks_for(as_architecture(load(parse_name("stats")).factory).factory, "red.yaml")
    assert [row.cell.check for row in rows] == ["law"]


def test_a_run_carries_them_out_resumes_and_reproduces(folder):
    done = call("run", "red.yaml", "-a", "stats", "-o", "out", "-j", "1")
    assert done.exit_code == 1, done.output
    run = stored("out")
    rows = {(row["check"], row["case"]): row for row in run["results"]}
    assert [entry["name"] for entry in run["architectures"]] == ["stats"]
    assert rows["weights-alone", "float"]["outcome"] == "pass"
    red = rows["weights-alone", "1-bit"]
    assert (red["architecture"], red["outcome"]) == (WEIGHTS, "fail")
    assert "expected at least 50 %" in red["reason"]
    again = call("run", "red.yaml", "-a", "stats", "-o", "out", "-j", "1", "--resume")
    assert again.exit_code == 1
    kept = {row["id"]: (row["outcome"], row["seconds"]) for row in stored("out")["results"]}
    assert kept == {row["id"]: (row["outcome"], row["seconds"]) for row in run["results"]}
    reproduced = call("reproduce", "out", red["id"])
    assert reproduced.exit_code == 1 and "the same outcome as in the run" in reproduced.output
    # The gate and every form of the report know the rows; no verdict on an architecture speaks of them.
    assert call("gate", "out", "--baseline", "base.json", "--update").exit_code == 0
    assert call("gate", "out", "--baseline", "base.json").exit_code == 0
    page = call("report", "out", "--format", "html").output
    assert page.count("weights-alone") >= 2
    assert "weights-alone" in call("report", "out", "--format", "markdown").output
    suites = ElementTree.fromstring(call("report", "out", "--format", "junit").output.encode())
    assert [suite.get("name") for suite in suites.iter("testsuite")] == ["audited / weights", "audited / stats"]


def test_a_suite_of_weights_alone_needs_no_architecture(folder):
    done = call("run", "alone.yaml", "-o", "out", "-j", "1")
    assert done.exit_code == 0, done.output
    run = stored("out")
    assert run["architectures"] == [] and [row["architecture"] for row in run["results"]] == [WEIGHTS] * 2
    assert call("report", "out", "--format", "markdown").exit_code == 0
    assert call("report", "out").exit_code == 0


def test_pytest_collects_them(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--orbitcheck", "red.yaml"]
    done = subprocess.run([*command, "--architecture", "stats", "-rA"], capture_output=True, text=True, check=False)
    told = {line.split(" ")[0] + " " + line.split("::")[-1].split(" - ")[0] for line in done.stdout.splitlines()}
    assert {"PASSED weights-alone/float[weights]", "FAILED weights-alone/1-bit[weights]"} <= told, done.stdout
    assert "1 failed, 2 passed" in done.stdout


def test_the_shipped_suite_reads_and_expects_what_follows_from_the_laws():
    for check in load_suite("audit").checks:
        for expected in check.parameters["forms"].values():
            least = {measure: ends[0] for measure, ends in expected.items()}
            # general position => discrete => one orbit: a lower end may only rise along this chain
            chain = [least[m] for m in ("general-position", "discrete", "one-orbit") if m in least]
            assert chain == sorted(chain)
            assert np.isfinite(chain).all()
