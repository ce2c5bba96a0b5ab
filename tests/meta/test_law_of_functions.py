"""The law of functions: edits in a frame of their own pass where they declare it and fail where they do not; wrong frames fail."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import quasi_editors as editors
from stranger_editors import Correct

from orbitcheck import mlp, transformer_block
from orbitcheck.architectures.magep import ScaleMAGEP
from orbitcheck.extending import lora
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.equivariance.evidence import EquivarianceEvidence, HeldTo, Rule
from orbitcheck.harness.checks.equivariance.verdict import judge, measurement
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Outcome, Refusal
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.plugins.architecture import Architecture
from orbitcheck.harness.plugins.traits import InvalidPlugin, Traits
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.examples.example import locate_row, write_example
from orbitcheck.harness.weights.space import NamedSpace

SPACES = {
    "Rescaled": mlp(2, 4, 3, 1),
    "Listed": mlp(2, 4, 3, 1, activation="tanh"),
    "Turned": mlp(2, 4, 3, 1, activation="sine"),
    "Orthonormal": lora((4, 3), (3, 3), rank=2).space,
}
PARENTS = {name: next(base for base in SPACES if issubclass(cls, getattr(editors, base))) for name, (cls, _) in {**editors.SOUND, **editors.BROKEN}.items()}  # fmt: skip


def plug_in(cls, **traits) -> Architecture:
    return Architecture(cls.__name__, cls, Traits(**traits))


def row(architecture, space, *, output="equivariant", input="generic", ask="law", elements=4, name=None):
    check = CHECK_KINDS["equivariance"]
    given = {"spaces": ["s"], "inputs": [input], "outputs": [output], "asks": [ask], "samples": 2, "elements": elements}
    resolved = check.resolve(parse_parameters(check.parameters, given), {"s": NamedSpace(space)})
    (case,) = check.cases(resolved)
    return evaluate(Cell("m", "law", "equivariance", resolved, case, None, name or architecture.name), architecture, shrinks=False)  # fmt: skip


def asked_for(name: str) -> str:
    return "point" if PARENTS[name] == "Turned" else "equivariant"  # half turns move no difference of weights


@pytest.mark.parametrize("ask", ["law", "steps", "redraw", "calls", "gradients"])
@pytest.mark.parametrize("name", editors.SOUND)
def test_sound_frames_are_never_accused(name, ask):
    cls, traits = editors.SOUND[name]
    declared = plug_in(cls, **traits, law="functional")
    every = {"generic", "ties", "zeros", "duplicated-neurons", "large", "small", "pruned"}
    every -= {"large"} if name == "Turned" else set()  # sines of a thousand are chaotic
    for kind in sorted(every) if ask == "law" else ("generic",):
        for seed in range(2):
            found = row(declared, SPACES[name], output=asked_for(name), input=kind, ask=ask, elements=4 + seed)
            assert found.outcome == Outcome.PASS, f"{kind}: {found.reason}"
            assert (found.predicted, found.observed) == ("quasi-equivariant", "quasi-equivariant")


@pytest.mark.parametrize("name", editors.SOUND)
def test_tensors_of_sound_frames_break_the_exact_law_and_are_told_beside(name):
    cls, traits = editors.SOUND[name]
    exact = row(plug_in(cls, **traits), SPACES[name], output=asked_for(name))
    assert exact.outcome == Outcome.FAIL and exact.evidence.law is HeldTo.EXACT and exact.evidence.tensors is None
    found = row(plug_in(cls, **traits, law="functional"), SPACES[name], output=asked_for(name))
    assert isinstance(found.evidence, EquivarianceEvidence) and found.evidence.law is HeldTo.FUNCTIONAL
    assert found.evidence.tensors > 1e-3 > 1e-9 > found.evidence.error64
    assert "as tensors phi(g v) and g phi(v) differ by" in found.reason


@pytest.mark.parametrize("name", editors.BROKEN)
def test_wrong_frames_are_caught_by_the_law_in_its_own_words(name):
    cls, traits = editors.BROKEN[name]
    for seed in range(3):
        found = row(plug_in(cls, **traits, law="functional"), SPACES[PARENTS[name]], output=asked_for(name), elements=4 + seed)  # fmt: skip
        assert found.outcome == Outcome.FAIL, found.reason
        assert found.evidence.broken[0] is Rule.LAW and found.observed == "not quasi-equivariant"
        assert "phi(g v) and phi(v) compute different functions" in found.reason
        assert "differs from g phi(v)" not in found.reason


def test_what_keeps_the_exact_law_keeps_this_one_and_is_told_so():
    for cls, traits in ((ScaleMAGEP, editors.SCALE), (Correct, {})):
        found = row(plug_in(cls, **traits, law="functional"), mlp(2, 4, 3, 1))
        assert found.outcome == Outcome.PASS and "the tensors move as declared, too" in found.reason


def test_invariant_outputs_know_one_law():
    found = row(plug_in(ScaleMAGEP, **editors.SCALE, law="functional"), mlp(2, 4, 3, 1), output="invariant")
    assert found.outcome == Outcome.PASS and found.predicted == "equivariant"
    assert found.evidence.law is HeldTo.EXACT and found.evidence.tensors is None


def test_neurons_that_no_input_wakes_show_in_the_tensors_alone():
    found = row(plug_in(editors.Asleep, law="functional"), mlp(2, 4, 3, 1))
    assert found.outcome == Outcome.PASS and found.evidence.tensors > 1e-3
    assert row(plug_in(editors.Asleep), mlp(2, 4, 3, 1)).outcome == Outcome.FAIL


@pytest.mark.parametrize(
    ("traits", "space", "output", "why"),
    [
        ({}, mlp(2, 4, 3, 1), "covector", "a covector is no network"),
        (editors.SINE, SPACES["Turned"], "equivariant", "a vector is no network"),
        (
            {"symmetry": lambda space: scales_of(space)},
            mlp(2, 4, 3, 1, activation="tanh"),
            "equivariant",
            "change under",
        ),
    ],
)
def test_where_edits_have_no_function_that_is_left_alone_the_row_does_not_apply(traits, space, output, why):
    found = row(plug_in(Correct, **traits, law="functional"), space, output=output)
    assert (found.outcome, found.refusal) == (Outcome.NOT_APPLICABLE, Refusal.NO_FUNCTION) and why in found.reason


def test_edits_are_not_read_out_and_no_shape_is_refused_by_that():
    """As in `quick`: else a row of separation through a read-out would be called a refused shape of what the law was asked of."""
    check = CHECK_KINDS["separation"]
    given = {"output": "equivariant", "pairs": {"family": "round-ladder", "rounds": [1], "count": 1}}
    resolved = check.resolve(parse_parameters(check.parameters, given), {})
    cell = Cell("m", "edits", "separation", resolved, check.cases(resolved)[0], None, "magep[normalised=true]")
    found = evaluate(cell)
    assert (found.outcome, found.refusal) == (Outcome.NOT_APPLICABLE, Refusal.NO_FUNCTION), found.reason


def scales_of(space):
    from orbitcheck.extending import Factor, FactorKind, Group

    return Group(space, (Factor("n1", FactorKind.PERM_SCALE),))


def test_a_law_that_is_none_is_refused():
    with pytest.raises(InvalidPlugin, match=r"law='exakt'.*exact"):
        Traits(law="exakt")
    with pytest.raises(InvalidPlugin, match="law of the declared symmetry"):
        Traits(symmetry="none", law="functional")


def test_edits_without_the_contract_are_faults_here_too():
    class Short(Correct):
        def forward(self, v):
            return super().forward(v)[:1]

    found = row(plug_in(Short, law="functional"), mlp(2, 4, 3, 1))
    assert found.outcome == Outcome.ERROR and "it is Weights of" in found.reason


def test_edits_that_compute_one_function_whatever_they_read_are_vacuous():
    class Silent(Correct):
        def forward(self, v):
            return super().forward(v).map(lambda tensor: tensor * 0)

    found = row(plug_in(Silent, law="functional"), mlp(2, 4, 3, 1))
    assert found.outcome == Outcome.ERROR and "vacuous" in found.reason


def test_the_verdict_follows_from_what_is_stored_and_other_laws_give_others():
    found = row(plug_in(editors.Listed, law="functional"), mlp(2, 4, 3, 1))
    measured = measurement(found.evidence)
    assert judge(measured).reason == found.reason
    assert judge(replace(measured, law=HeldTo.EXACT)).predicted == "equivariant"
    assert judge(replace(measured, error64=1.0)).outcome == Outcome.FAIL


def test_the_counter_example_is_a_script_that_shows_it_and_no_module_is_named(tmp_path):
    file = Path(editors.__file__)
    name = f"{file}:BrokenFrame"
    check = CHECK_KINDS["equivariance"]
    given = {"spaces": ["s"], "inputs": ["generic"], "outputs": ["equivariant"]}
    resolved = check.resolve(parse_parameters(check.parameters, given), {"s": NamedSpace(mlp(2, 4, 3, 1))})
    (case,) = check.cases(resolved)
    cell = Cell("m", "law", "equivariance", resolved, case, None, name)
    found = evaluate(cell)
    assert found.outcome == Outcome.FAIL and found.evidence.counterexample.widths == (1, 2, 1)
    assert "held to their functions" in locate_row(found, cell).told
    write_example(found, cell, tmp_path)
    shown = subprocess.run([sys.executable, tmp_path / "example.py"], capture_output=True, text=True, check=False)
    assert shown.returncode == 1 and "e = " in shown.stdout, shown.stdout + shown.stderr


def test_a_transformer_block_in_a_frame_of_its_own():
    """Values and outputs of a head mapped by matrices that are read off the edit: a group of matrices, on a space that is no MLP's."""
    from orbitcheck.architectures.transformers.block_nfn import BlockNFN

    class Mapped(BlockNFN):
        wrong = False

        def forward(self, v):
            found = super().forward(v)
            if not hasattr(found, "tensors"):
                return found
            made = dict(found.tensors)
            by = 2 + v.tensors["WV"].mean((2, 3), keepdim=True).tanh()  # one factor a head
            made["WV"] = made["WV"] * by
            made["bV"] = made["bV"] * by.squeeze(2)
            made["WO"] = made["WO"] / (by.movedim(1, 2) * (1 + 0.01 * self.wrong))
            return type(found)(v.space, made)

    class Wrongly(Mapped):
        wrong = True

        def forward(self, v):
            found = super().forward(v)
            if not hasattr(found, "tensors"):
                return found
            made = dict(found.tensors)
            made["WO"] = made["WO"] * (1 + 0.1 * v.tensors["WQ"].mean((1, 2, 3)).tanh()[:, None, None, None])
            return type(found)(v.space, made)

    space = transformer_block(3, 2, 2, 2, 3)
    assert row(plug_in(Mapped, symmetry="gl", law="functional"), space).outcome == Outcome.PASS
    assert row(plug_in(Mapped, symmetry="gl"), space).outcome == Outcome.FAIL
    found = row(plug_in(Wrongly, symmetry="gl", law="functional"), space)
    assert found.outcome == Outcome.FAIL and found.observed == "not quasi-equivariant"
