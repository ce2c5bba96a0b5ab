"""Equivariant operators move as they say, under the kinds of factors that they name, and under no others."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Weights, act, mlp
from orbitcheck.extending import transformer
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Outcome
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.regimes import Samples
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.targets import EQUIVARIANT_OPERATOR, TARGETS
from orbitcheck.harness.weights.algebra.kinds import FactorKind, OutputKind
from orbitcheck.harness.weights.groups import Factor, Group, group
from orbitcheck.harness.weights.space import NamedSpace
from orbitcheck.harness.weights.symmetry import generic_elements

OPERATORS = [name for name in TARGETS if TARGETS[name].kind == EQUIVARIANT_OPERATOR]
CARRIERS = {
    "perm": "tanh", "scale": "relu", "sign": "tanh", "phase": "sine", "orth": "identity", "gl": "identity", "shift": "identity",
}  # fmt: skip


def off(name: str, atom: str, kind: OutputKind) -> float:
    """By how much the operator's values at g v are not its values at v, moved as that kind."""
    target, rng = TARGETS[name], np.random.default_rng(1)
    if atom == "rotary":
        space = transformer(2, 3, 2, 4, 2, 2, 1, rotary=True).space
        of = Group(space, (Factor("key1", FactorKind.ROTARY, "head1"),))
    else:
        space = mlp(2, 3, 4, 1, activation=CARRIERS[atom])
        of = Group(space, tuple(Factor(axis, FactorKind(atom)) for axis in space.permuted))
    v = Weights.from_flat(space, torch.from_numpy(rng.standard_normal((4, space.parameters))))
    g = generic_elements(of, 4, rng, reach=1)
    at_v, at_gv = (target.value(target.parameters(), Samples(w)) for w in (v, act(g, v)))
    return float((act(g, at_v, kind).flat() - at_gv.flat()).abs().max() / at_gv.flat().abs().max())


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_move_under_the_kinds_that_they_name_and_no_others(name):
    target = TARGETS[name]
    turning = target.refusal(target.parameters(), transformer(2, 3, 2, 4, 2, 2, 1, rotary=True).space) is None
    for atom in (*CARRIERS, *(["rotary"] if turning else [])):
        if atom in target.under:
            assert off(name, atom, target.moves) < 1e-10, atom
        elif target.moves is OutputKind.POINT:  # whatever it is asked as, a step down a gradient moves as nothing there
            assert min(off(name, atom, kind) for kind in OutputKind) > 1e-6, atom


def test_a_network_that_declares_more_is_not_asked_for_what_does_not_move_with_it():
    relu, sine = (
        group(mlp(2, 3, 1), "permutation+scale"),
        group(mlp(2, 3, 1, activation="sine"), "permutation+sign+phase"),
    )
    plain = group(mlp(2, 3, 1))
    assert "not with scale, which is declared" in (TARGETS["gradient-step"].mismatch(relu) or "")
    assert TARGETS["gradient-step"].mismatch(sine) is TARGETS["loss-gradient"].mismatch(relu) is None
    assert {TARGETS[name].mismatch(plain) for name in TARGETS} == {None}
    assert TARGETS["loss-gradient"].asked_kind(relu) is OutputKind.COVECTOR
    assert TARGETS["gradient-step"].asked_kind(sine) is OutputKind.POINT
    assert {TARGETS[name].asked_kind(plain) for name in TARGETS} == {OutputKind.VECTOR}


def test_a_gradient_is_told_from_a_vector_where_keys_turn():
    """A complex number z times the queries, 1/conj(z) times the keys: gradients move by the inverse transposes of both."""
    of = group(transformer(2, 3, 1, 2, 2, 2, 1, rotary=True).space, "gl")
    assert {name for name in OPERATORS if TARGETS[name].mismatch(of) is None} == {"identity", "loss-gradient"}
    alone = Group(of.space, (Factor("key1", FactorKind.ROTARY, "head1"),))
    assert TARGETS["loss-gradient"].asked_kind(alone) is OutputKind.COVECTOR
    assert off("loss-gradient", "rotary", OutputKind.VECTOR) > 1e-3


def test_such_a_row_is_not_applicable_and_says_why():
    kind = CHECK_KINDS["approximation"]
    asked = {"space": "s", "target": {"name": "gradient-step"}, "regime": {"name": "general-position"}}
    resolved = kind.resolve(parse_parameters(kind.parameters, asked), {"s": NamedSpace(mlp(2, 3, 1))})
    cell = Cell("s", "c", "approximation", resolved, kind.cases(resolved)[0], None, "scale-gmn")
    row = evaluate(cell, load(parse_name("scale-gmn")))
    assert row.outcome == Outcome.NOT_APPLICABLE and "not with scale, which is declared" in row.reason
