"""Rows of the law on networks of strangers: each defect red where it is and for its reason, correct ones green."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch

from orbitcheck import mlp
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance import law, verdict
from orbitcheck.harness.checks.equivariance.evidence import Cause, Rule
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.core.result import Result
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

NETWORKS = Path(__file__).with_name("networks.py")
KIND = CHECK_KINDS["equivariance"]
SPACES = {
    "small": NamedSpace(mlp(2, 4, 1)),
    "two": NamedSpace(mlp(1, 3, 3, 1, activation="tanh")),
    "wide": NamedSpace(mlp(1, 40, 1)),
    "six": NamedSpace(mlp(2, 6, 1)),
    "bent": NamedSpace(mlp(2, 4, 1, activation="gelu")),
}


@cache
def row(
    name: str,
    ask: str = "law",
    output: str = "invariant",
    kind: str = "generic",
    space: str = "small",
    mode: str = "eval",
    seed: int = 0,
) -> Result:
    """One row of one network; other seeds come from other parameters of the check."""
    asked = {"spaces": [space], "inputs": [kind], "asks": [ask], "modes": [mode], "elements": 8 + seed}
    resolved = KIND.resolve(parse_parameters(KIND.parameters, asked), SPACES)
    case = f"{space}/{output}/{kind}/{mode}" + ("" if ask == "law" else f"/{ask}")
    assert case in KIND.cases(resolved)
    reference = name if "-" in name and not name[0].isupper() else f"{NETWORKS}:{name}"
    # Under its own name: a path would make the seeds those of the folder that the repository lies in.
    return evaluate(Cell("s", "c", "equivariance", resolved, case, None, name), load(parse_name(reference)))


@pytest.mark.parametrize(
    ("name", "ask", "output", "rule"),
    [
        ("ZeroTable", "steps", "invariant", Rule.LAW_AFTER_STEPS),
        ("ZeroTable", "steps", "equivariant", Rule.LAW_AFTER_STEPS),
        ("ZeroGate", "steps", "invariant", Rule.LAW_AFTER_STEPS),
        ("EqualTable", "steps", "equivariant", Rule.LAW_AFTER_STEPS),
        ("NormOverPositions", "steps", "invariant", Rule.LAW_AFTER_STEPS),
        ("WrongRedraw", "redraw", "invariant", Rule.LAW_AT_REDRAW),
        ("NormOverPositions", "calls", "invariant", Rule.LAW_AFTER_TRAIN_CALLS),
        ("GradModeOnly", "calls", "equivariant", Rule.GRADIENTS_RECORDED),
        ("Strided", "calls", "invariant", Rule.STRIDED_INPUT),
        ("Strided", "calls", "equivariant", Rule.STRIDED_INPUT),
        ("Counter", "calls", "invariant", Rule.MANY_CALLS),
        ("KeyedByPointer", "calls", "invariant", Rule.MANY_CALLS),
        ("KeyedById", "calls", "equivariant", Rule.MANY_CALLS),
        ("InputWantsGradient", "calls", "equivariant", Rule.GRADIENTS_RECORDED),
        ("LargeBatches", "calls", "invariant", Rule.BATCH_SIZE),
        ("NumberOfOne", "calls", "invariant", Rule.LAW_AT_ONE),
        ("NumberOfOne", "calls", "equivariant", Rule.LAW_AT_ONE),
        ("CustomBackward", "gradients", "invariant", Rule.GRADIENT_IN_INPUT),
        ("CustomBackward", "gradients", "equivariant", Rule.GRADIENT_IN_INPUT),
        ("ZeroTable", "gradients", "invariant", Rule.GRADIENT_IN_PARAMETERS),
    ],
)
def test_what_the_initialisation_hides_is_found(name, ask, output, rule):
    found = row(name, ask, output)
    assert found.outcome == "fail", found.reason
    assert rule in found.evidence.broken
    assert row(name, "law", output).outcome == "pass"


def test_the_smallest_counterexample_of_a_broken_law_after_steps_says_how_the_parameters_came_to_be():
    found = row("ZeroTable", "steps").evidence.counterexample
    assert found.shrunk
    assert found.widths == (1, 2, 1)
    assert found.reached == "3 steps of Adam, rate 0.01"


@pytest.mark.parametrize("name", ["ZeroTable", "EqualTable"])
def test_a_law_that_only_a_redraw_breaks_is_undecided_and_names_the_parameter(name):
    found = row(name, "redraw")
    assert found.outcome == "undecided"
    assert found.evidence.cause is Cause.REDRAW
    assert '"table.0"' in found.reason


CORRECT = (
    ("Sound", {}),
    ("TiedTable", {}),
    ("RefusesStrides", {}),
    ("NormOverChannels", {}),
    ("ReusedBuffer", {}),
    ("Dropout", {}),
    ("SetsTorch", {}),
    ("RootWithEps", {}),
)


@pytest.mark.parametrize("ask", ["law", "steps", "redraw", "calls", "gradients"])
@pytest.mark.parametrize(("name", "more"), CORRECT)
def test_a_correct_network_passes_everything(name, more, ask):
    found = row(name, ask, **more)
    if name == "ReusedBuffer" and ask in ("steps", "gradients"):  # its buffer ties every call to the one before
        assert (found.outcome, str(found.refusal)) == ("not-applicable", "no-parameters")
        return
    assert found.outcome == "pass", found.reason
    assert found.evidence.cause is Cause.NONE


@pytest.mark.parametrize("ask", ["law", "steps", "redraw", "calls", "gradients"])
def test_an_editor_is_green(ask):
    assert row("Editor", ask, "equivariant").outcome == "pass"
    assert row("Editor", ask, "invariant").outcome == "not-applicable"


@pytest.mark.parametrize("ask", ["steps", "gradients"])
def test_where_no_gradient_flows_none_is_asked(ask):
    found = row("Detached", ask)
    assert (found.outcome, str(found.refusal)) == ("not-applicable", "no-parameters")


def test_what_is_refused_clearly_predicts_nothing():
    found = row("RefusesStrides", "calls")
    assert Rule.STRIDED_INPUT not in found.evidence.properties
    assert any("contiguous tensors only" in note for note in found.evidence.notes)


def test_a_batch_of_as_many_as_there_are_neurons_is_a_batch():
    found = row("BatchAsNeurons", "calls", space="six")
    assert (found.outcome, found.evidence.broken) == ("fail", (Rule.BATCH_SIZE,))
    assert row("BatchAsNeurons", space="six").outcome == "pass"


def test_outputs_of_one_that_are_refused_are_noted():
    found = row("NeverOne", "calls")
    assert found.outcome == "pass"
    assert "outputs of size one are refused: more than one number" in found.evidence.notes


def test_a_counter_is_seen_though_the_law_breaks_later_than_it_is_asked():
    found = row("Patient", "calls")
    assert found.outcome == "pass"
    assert any(note.startswith("calls change calls:") for note in found.evidence.notes)
    assert not any(note.startswith("calls change") for note in row("Sound", "calls").evidence.notes)


def test_a_network_whose_parameters_move_nothing_is_vacuous():
    found = row("NoParameterMatters", "redraw")
    assert (found.outcome, str(found.fault)) == ("error", "vacuous")


def test_neurons_past_the_thirty_second_are_not_forgotten():
    assert row("Above32", space="wide").outcome == "fail"
    assert row("Above32").outcome == "pass"


@pytest.mark.parametrize("kind", ["ties", "equal-biases", "pruned"])
def test_ties_by_index_fail_whatever_is_declared(kind):
    found = row("TiesByIndex", kind=kind)
    assert found.outcome == "fail", found.reason
    assert found.evidence.cause is Cause.TIES
    assert found.evidence.jump > 1e-3


def test_a_declared_domain_takes_ties_out_and_the_break_is_printed():
    found = row("TiesOutsideItsDomain", kind="equal-biases")
    assert (found.outcome, str(found.refusal)) == ("not-applicable", "outside-domain")
    assert "the law is off by" in found.reason
    assert row("TiesOutsideItsDomain").outcome == "pass"


@pytest.mark.parametrize(
    ("name", "more", "cause"),
    [
        ("TinyLeak", {}, Cause.VIOLATION),
        ("TinierLeak", {}, Cause.VIOLATION),
        ("TinyLeak", {"output": "equivariant", "space": "two"}, Cause.VIOLATION),
        ("FirstLayerLeak", {"space": "two"}, Cause.LEAK),
        ("OneTensor", {"output": "equivariant", "space": "two"}, Cause.LEAK),
        ("Float32Inside", {"space": "two"}, Cause.SINGLE_PRECISION),
        ("Float32Inside", {"space": "wide"}, Cause.SINGLE_PRECISION),
        ("HalfInside", {"space": "wide"}, Cause.SINGLE_PRECISION),
        ("Random", {}, Cause.RANDOMNESS),
        ("History", {}, Cause.HISTORY),
        ("ColdStart", {}, Cause.HISTORY),
        ("KeyedById", {"ask": "calls"}, Cause.HISTORY),
        ("Counter", {"ask": "calls"}, Cause.HISTORY),
        ("ClampsItsInput", {}, Cause.NONE),
        ("HashedNoise", {}, Cause.UNKNOWN),
        ("Float32Alone", {}, Cause.UNKNOWN),
        ("BatchMean", {}, Cause.BATCH),
        ("TiesByIndex", {"kind": "ties"}, Cause.TIES),
    ],
)
def test_the_cause_is_measured(name, more, cause):
    found = row(name, **more)
    assert found.outcome != "pass"
    assert found.evidence.cause is cause, (found.reason, found.evidence.symptoms)


def test_wrong_tensors_and_layers_are_named():
    found = row("OneTensor", output="equivariant", space="two")
    assert found.evidence.symptoms.tensors == ("b1",)
    assert found.evidence.symptoms.broken == ("n1",)
    assert row("FirstLayerLeak", space="two").evidence.symptoms.broken == ("n1",)


def test_a_root_at_ties_is_no_jump():
    found = row("Root", kind="equal-biases")
    assert found.evidence.jump is None


def test_a_violation_in_float32_alone_fails():
    found = row("Float32Alone")
    assert found.outcome == "fail"
    assert found.evidence.broken == (Rule.LAW_IN_FLOAT32,)


@pytest.mark.parametrize("output", ["invariant", "equivariant"])
@pytest.mark.parametrize(("name", "space"), [("scale-gmn", "small"), ("sign-gmn", "two")])
def test_a_declared_symmetry_beyond_permutations_is_asked_of_both_outputs(name, space, output):
    found = row(name, output=output, space=space)
    assert found.outcome == "pass", found.reason
    assert found.evidence.pairs == 64


def test_an_element_far_from_one_lifts_its_own_floor_and_excuses_no_other(monkeypatch):
    found = row("DeclaresScales", output="equivariant")
    assert found.outcome == "fail", found.reason
    assert found.evidence.floor64 < 1e-11
    monkeypatch.setattr(law, "_convicted", lambda *_: None)
    assert row.__wrapped__("DeclaresScales", output="equivariant").outcome == "error"


def test_a_space_that_does_not_carry_the_declared_symmetry_does_not_apply():
    assert row("scale-gmn", output="equivariant", space="bent").outcome == "not-applicable"


@pytest.mark.parametrize("kind", ["generic", "ties", "scales", "quantised"])
def test_rows_can_be_judged_again_from_their_evidence(kind):
    for name in ("Sound", "TiesByIndex", "TinyLeak"):
        found = row(name, kind=kind)
        again = verdict.judge(verdict.measurement(found.evidence))
        assert (again.outcome, again.reason) == (found.outcome, found.reason)


def test_zeros_of_a_small_group_are_asked_of_every_element():
    found = row("Sound", kind="zeros").evidence
    assert (found.pairs, found.exhaustive, found.bound) == (24, True, 0.0)


def test_random_states_of_others_are_left_alone():
    before = torch.default_generator.get_state()
    row("Random", seed=3)
    row("Dropout", "calls", seed=3)
    row("Dropout", "steps", seed=3)
    assert torch.equal(torch.default_generator.get_state(), before)
