"""Plants: no declared value without a check that can turn red, and every plant caught by the row and the sign that the table names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orbitcheck.harness.checks.equivariance.evidence import EquivarianceEvidence, Rule
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.result import Judgement
from orbitcheck.harness.oracles.unseen.blindness import BLINDNESS
from orbitcheck.harness.plugins.power import POWERS
from orbitcheck.harness.plugins.traits import DOMAINS, LAWS, MODES, SYMMETRIES, Traits
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.planted import plant, problems, report, seed_of, signs, wanted_by
from orbitcheck.harness.running.planting.growing import MODULES, drawn, network, network_class
from orbitcheck.harness.running.planting.killers import KILLERS
from orbitcheck.harness.running.planting.networks import Flaw
from orbitcheck.harness.running.planting.plants import FAINT, FAINT_STEPS, PLANTS, law
from orbitcheck.harness.running.planting.traits import NO_CLAIM, TRAITS, declared_by

KINDS = {"equivariance", "separation", "completeness"}
IN_USE = ("after steps", "as called", "gradients", "after calls in train mode")
DECLARES = {"symmetry": "permutation", "power": "1-wl", "domain": "all", "continuous": True, "modes": ["eval"]}


def test_no_value_that_can_be_declared_is_missing():
    allowed = {
        *(("symmetry", value) for value in SYMMETRIES),
        *(("power", value) for value in POWERS),
        *(("domain", value) for value in DOMAINS),
        *(("blind", value) for value in BLINDNESS),
        *(("continuous", value) for value in ("True", "False")),
        *(("law", value) for value in LAWS),
        *(("modes", value) for value in MODES),
        ("linear_layer", "given"),
    }
    assert {(line.trait, line.value) for line in TRAITS if line.trait} == allowed
    assert {line.trait for line in TRAITS if line.trait} | {*NO_CLAIM, "rounds", "refinement"} == set(
        Traits.__dataclass_fields__
    )
    for value in SYMMETRIES:
        parts = {line.part for line in TRAITS if line.value == value}
        assert value == "none" or {"invariant output", "equivariant output"} <= parts
    assert {"low", "high"} == {line.part for line in TRAITS if line.value == "1-wl"}


@pytest.mark.parametrize("line", TRAITS, ids=str)
def test_every_line_has_plants_that_show_its_signs(line):
    planted = [each for each in PLANTS.values() if each.breaks is line]
    assert planted and all(each.sign in line.signs and each.red.kind == line.kind for each in planted)
    assert {each.sign for each in planted} == set(line.signs), "no sign that nothing shows"
    assert len(planted) >= 3 and len({each.network for each in planted}) >= 2, "of different mechanism"
    assert len({(each.network, each.size, each.drawn) for each in planted}) >= 3, "and of different size"
    assert not line.trait or any(each.drawn for each in planted), "one of them drawn anew"
    if line.part in ("invariant output", "equivariant output", *IN_USE):
        assert min(each.size for each in planted) <= (FAINT_STEPS if line.part == "after steps" else 5 * FAINT)


def test_every_network_is_planted():
    networks = {
        name
        for module in MODULES
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "flaw")
    }
    claims = [each for killer in KILLERS.values() for each in (killer.false, killer.mended, killer.peer) if each]
    assert {each.network for each in (*PLANTS.values(), *claims) if each.network} == networks


OF_FUNCTIONS = [name for name, each in PLANTS.items() if each.network.startswith("Reading")]
SLOW = [name for number, name in enumerate(OF_FUNCTIONS) if number % 4]
"""Networks that evaluate a function are slow; every fourth of them stands for the others but in long runs."""
IN_RUNS = [name for name, each in PLANTS.items() if each.red.kind == "equivariance" and name not in OF_FUNCTIONS][::2]
"""Every run of `quick` plants the defects of the law, and is red where one is not caught: here half of them are asked but in long runs."""


IN_RUNS += [name for name, each in PLANTS.items() if each.network == "CurvedHeads"]


def quick(names):
    return [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in names]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in (*SLOW, *IN_RUNS) else name for name in PLANTS]
)
@pytest.mark.parametrize("seed", [1])
def test_every_plant_is_caught_by_its_row_and_nothing_else_of_it_is_accused(name, seed):
    entry = plant(name, seed)
    assert entry["caught"], entry


@pytest.mark.parametrize(
    "name",
    quick(
        name
        for name, each in PLANTS.items()
        if name.endswith("-faint") and each.size < 2e-9 and each.red.kind == "equivariance"
    ),
)
def test_faint_plants_lie_about_ten_times_above_the_limit_that_a_clean_row_prints(name):
    each = PLANTS[name]
    evidence = evaluate(each.red.cell(name), network(each, drawn(each, 0)), shrinks=False).evidence
    assert isinstance(evidence, EquivarianceEvidence) and evidence.smallest is not None
    error = evidence.symptoms.most_broken if evidence.symptoms else evidence.error64  # far elements make it larger
    of_rule = [station.error64 for station in evidence.stations if station.rule == each.sign]
    if each.sign in evidence.properties:
        of_rule.append(evidence.properties[each.sign].value)
    error = of_rule[-1] if of_rule and each.sign != Rule.LAW else error
    assert 1 < error / evidence.smallest < 100


def test_a_drawn_plant_is_another_one_in_another_run_and_the_same_in_the_same():
    each = PLANTS["entry-leak"]
    assert each.drawn and len({drawn(each, seed) for seed in range(20)}) == 20
    assert {drawn(each, seed).layer for seed in range(20)} == {1, 2}
    assert all(1e-8 <= drawn(each, seed).size <= 0.1 for seed in range(20))
    assert drawn(each, 3) == drawn(each, 3) != drawn(PLANTS["none-entry-leak"], 3)
    assert drawn(PLANTS["index-leak"], 3) == Flaw(size=PLANTS["index-leak"].size)
    assert seed_of(["a", "b"]) == seed_of(["b", "a"]) != seed_of(["a"])
    assert "layer" in plant("entry-leak", 3)["rule"]


def test_a_run_plants_what_its_networks_declare_in_the_kinds_that_it_asks():
    chosen = {each.name for each in wanted_by(KINDS, [DECLARES])}
    assert {"sound", "entry-leak", "entry-of-tensor", "row-products", "batch-statistic", "no-constants"} <= chosen
    assert not {"scale-point-wise", "below-rows", "general-entry-leak", "train-index", "jumps-ties-by-index"} & chosen
    other = [{**DECLARES, "symmetry": "permutation+scale", "modes": ["eval", "train"], "continuous": False}]
    assert {"scale-point-wise", "train-index", "jumps-ties-by-index"} <= {each.name for each in wanted_by(KINDS, other)}
    assert {each.red.kind for each in wanted_by(["separation", "detection"], [DECLARES])} == {"separation"}
    assert wanted_by(["audit"], [DECLARES]) == ()
    everything = {name for line in TRAITS for name, each in PLANTS.items() if each.breaks in (None, line)}
    assert everything == set(PLANTS)
    assert declared_by([{"name": "broken", "error": "does not load"}]) == declared_by([])


def test_what_is_not_caught_is_a_problem_of_the_run():
    each = PLANTS["index-leak"]
    missed = report(each, Outcome.PASS, "")
    other_rule = report(each, Outcome.FAIL, "something else", (Rule.BATCH_MATES, None))
    caught = report(each, Outcome.FAIL, "in any words", (Rule.LAW, None))
    green = law().cell("index-leak").row(Judgement(Outcome.PASS))
    accused = report(each, Outcome.FAIL, "", (Rule.LAW,), [green, replace(green, outcome=Outcome.FAIL, reason="why")])
    assert not missed["caught"] and not other_rule["caught"] and caught["caught"] and not accused["caught"]
    assert report(each, Outcome.FAIL, "", (Rule.LAW,), [green])["caught"]
    sound = report(PLANTS["sound"], Outcome.PASS, "")
    assert [problem.text for problem in problems([missed, sound, caught])] == [
        'planted defect "index-leak" (symmetry=permutation, invariant output: hidden neurons know their number) is pass under '
        "equivariance, not fail: no reason given"
    ]
    assert "another of its rows, tiny/invariant/generic/eval, is fail: why" in problems([accused])[0].text


def test_signs_are_read_off_the_evidence_and_not_off_words():
    cell = PLANTS["batch-statistic"].red.cell("batch-statistic")
    assert isinstance(cell, Cell)
    row = evaluate(cell, network(PLANTS["batch-statistic"], Flaw()))
    assert Rule.BATCH_MATES in signs(replace(row, reason="nothing said")) and Rule.LAW not in signs(row)
    assert network_class("Sound").__name__ == "Sound"
