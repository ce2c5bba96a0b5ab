"""Every line of the table of declared traits turns red on a stranger's broken editor too, by the sign that the table names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orbitcheck.architectures.dws import DWS
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.plugins.architecture import Architecture, Traits
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.planted import signs
from orbitcheck.harness.running.planting import traits as table
from orbitcheck.harness.running.planting.plants import CYCLES, LAYER, RESCALED, SAME, Row, law, pair

EDITORS = Path(__file__).with_name("stranger_editors.py")


def editor(name: str) -> Architecture:
    """Under its own name alone: the ladder's seeds hold it, and would hold the path of the checkout."""
    return replace(load(parse_name(f"{EDITORS}:{name}")), name=name)


def asked(architecture: Architecture, row: Row):
    return evaluate(row.cell("stranger"), architecture)


BROKEN = {
    "DeclaresPermutations": (table.PERMUTATION_EQUIVARIANT, law("equivariant")),
    "DeclaresScale": (table.SCALE_EQUIVARIANT, law("equivariant")),
    "DeclaresVectors": (table.VECTORS, law("equivariant")),
    "DeclaresSign": (table.SIGN_EQUIVARIANT, law("equivariant", space="odd")),
    **{
        f"Declares{name}": (table.OF_FUNCTIONS[2 * number + 1], law("equivariant", space=space))
        for number, (name, space) in enumerate(
            (
                ("Phase", "waves"),
                ("Heads", "block"),
                ("Orth", "stream"),
                ("Maps", "block"),
                ("Shifts", "block"),
                ("Full", "stream"),
            )
        )
    },
    "DeclaresNone": (table.NO_SYMMETRY, law("equivariant")),
    "DeclaresAll": (table.EVERYWHERE, law("equivariant", "equal-biases")),
    "DeclaresGeneralPosition": (table.GENERAL_POSITION, law("equivariant")),
    "DeclaresSimpleSpectrum": (table.SIMPLE_SPECTRUM, law("equivariant")),
    "DeclaresContinuity": (table.CONTINUOUS, law("equivariant", "zeros")),
    "DeclaresJumps": (table.JUMPS, law("equivariant", "equal-biases")),
    "DeclaresExact": (table.EXACT, law("equivariant")),
    "DeclaresFunctions": (table.FUNCTIONAL, law("equivariant")),
    "DeclaresEval": (table.EVAL, law("equivariant")),
    "DeclaresTrain": (table.TRAIN, law("equivariant", mode="train")),
    "DeclaresLayer": (table.LINEAR_LAYER, LAYER),
    "DeclaresLow": (table.SEES, pair("round-ladder", rounds=[4])),
    "DeclaresHigh": (table.SEES_NO_MORE, CYCLES),
    "DeclaresPairs": (table.SEES_BY_PAIRS, CYCLES),
    "DeclaresFewPairs": (table.SEES_NO_MORE_BY_PAIRS, pair("bipartite-cycles", cycles=[[10], [5, 5]])),
    "DeclaresBelow": (table.BELOW, CYCLES),
    "DeclaresComplete": (table.COMPLETE, CYCLES),
    "DeclaresFunction": (table.FUNCTION, RESCALED),
    "DeclaresNothing": (table.UNKNOWN, SAME),
}
OTHER_RED = {"DeclaresComplete": Outcome.UNDECIDED, "DeclaresNothing": Outcome.ERROR}
"""Red, too: a gap that rounding might hide, and controls that fail."""


@pytest.mark.parametrize("name", BROKEN)
def test_the_check_of_every_line_is_red_on_a_strangers_broken_editor(name):
    line, row = BROKEN[name]
    found = asked(editor(name), row)
    assert found.kind == line.kind and found.outcome == OTHER_RED.get(name, Outcome.FAIL), found.reason
    assert set(signs(found)) & set(line.signs), found.reason


@pytest.mark.parametrize(
    "name", ["DeclaresScale", "DeclaresSign", "DeclaresJumps", "DeclaresAll", "DeclaresContinuity"]
)
def test_what_they_declare_wrongly_is_all_that_is_wrong(name):
    """Under permutations, on inputs in general position, the same editors keep the law."""
    architecture = editor(name)
    plain = Architecture(name, architecture.factory, Traits(domain="general-position", continuous=False))
    assert asked(plain, law("equivariant")).outcome == Outcome.PASS


def test_correct_editors_are_not_accused():
    for name, row in (
        ("Correct", law("equivariant")), ("Correct", law("equivariant", mode="train")), ("Correct", law("equivariant", "equal-biases")),
        ("Correct", law("equivariant", "ties")), ("CorrectSigns", law("equivariant", space="odd")),
        ("CorrectFunctions", law("equivariant")), ("CorrectFunctions", law("equivariant", "ties")),
    ):  # fmt: skip
        found = asked(editor(name), row)
        assert found.outcome == Outcome.PASS, found.reason


@pytest.mark.parametrize(("symmetry", "space"), [("permutation+sign", "odd"), ("permutation+scale", "tiny")])
def test_a_network_of_permutations_that_declares_more_is_red_on_both_outputs(symmetry, space):
    """With factors of 2^20 a broken network also lifts its own floor, so such a row may be ill-conditioned: it names the law all the same."""
    declared = Architecture("dws", DWS, Traits(symmetry=symmetry), {"channels": 4, "depth": 2})
    red = (Outcome.FAIL,) if symmetry == "permutation+sign" else (Outcome.FAIL, Outcome.ERROR)
    for output in ("invariant", "equivariant"):
        found = asked(declared, law(output, space=space))
        assert found.outcome in red and signs(found)[0] == table.LAW[0], found.reason
    assert asked(declared, law(space="odd" if space == "tiny" else "tiny")).outcome == Outcome.NOT_APPLICABLE


def test_every_line_has_a_stranger():
    """All but those of the other output, of which alone blindness is declared, and of what else the law's rows ask."""
    left = {line for line in table.TRAITS if line.part != "invariant output" and line.trait}
    assert {line for line, _ in BROKEN.values()} == left - {
        *table.UNSEEN.values(),
        table.STEPS,
        table.CALLS,
        table.GRADIENTS,
        table.TRAIN_CALLS,
    }
