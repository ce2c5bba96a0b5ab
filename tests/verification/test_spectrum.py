"""The domain of simple spectra, decided a second time, and rows outside it that `verify` must neither refute nor let slip in."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from orbitcheck.extending import lora
from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.checks.domains import INSIDE
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.outcomes import Refusal
from orbitcheck.harness.core.parameters import parse_parameters
from orbitcheck.harness.core.result import Run
from orbitcheck.harness.pairs.bank import certified_pair
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.tasks import describe_architecture
from orbitcheck.harness.verification.exact.spectrum import both_simple, simple
from orbitcheck.harness.verification.rows import verify
from orbitcheck.harness.weights.batch import Weights
from orbitcheck.harness.weights.space import mlp

SPACE = lora((5, 4), (3, 4), rank=2).space


def vectors():
    """Generic factors; with a null direction, a tie of singular values, a tie of largest entries, and zeros, in either pair."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        yield {name: rng.standard_normal(shape) for name, shape in SPACE.shapes.items()}
    drawn = {name: rng.standard_normal(shape) for name, shape in SPACE.shapes.items()}
    for pair in "12":
        eye = {f"B{pair}": np.eye(SPACE.shapes[f"B{pair}"][0], 2), f"A{pair}": np.eye(2, SPACE.shapes[f"A{pair}"][1])}
        yield drawn | eye
        yield drawn | {f"A{pair}": drawn[f"A{pair}"] * [[1.0], [0.0]]}
        yield drawn | {f"B{pair}": drawn[f"B{pair}"] * 0}
        signs = np.resize([1.0, -1.0, -1.0, 1.0, 1.0, 1.0], SPACE.shapes[f"B{pair}"])
        yield drawn | {f"B{pair}": signs, f"A{pair}": eye[f"A{pair}"] * [[2.0], [1.0]]}


def test_both_ways_say_the_same_of_every_vector():
    said = []
    for vector in vectors():
        here = simple(SPACE, vector)
        assert here == bool(INSIDE["simple-spectrum"](Weights.from_arrays(SPACE, [vector])).all())
        said.append(here)
    assert sum(said) == 40 and len(said) > 45
    other = mlp(1, 2, 1)
    assert simple(other, {name: np.zeros(shape) for name, shape in other.shapes.items()}), "no factors, no spectrum"
    wide = lora((1, 3), rank=2).space
    assert not simple(wide, {name: torch.randn(shape).numpy() for name, shape in wide.shapes.items()})


RANK_THREE = lora((6, 5), rank=3).space


def with_values(*values: float) -> dict[str, np.ndarray]:
    """Factors of a product with these singular values and generic singular vectors."""
    rng = np.random.default_rng(1)
    left, right = (np.linalg.qr(rng.standard_normal((size, 3)))[0] for size in (6, 5))
    factors = {"B1": left * np.array(values), "A1": right.T}
    return {name: each if each.shape == RANK_THREE.shapes[name] else each.T for name, each in factors.items()}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ((4.0, 2.0, 1.0), True),
        ((4.0, 2.0, 2.0**-10), True),
        ((4.0, 2.0, 0.0), False),
        ((4.0, 2.0, 2.0**-13), False),
        ((4.0, 4.0, 1.0), False),
        ((4.0, 1.0, 1.0), False),
        ((4.0, 1.0, 1.0 + 2.0**-13), False),
        ((4.0, 1.0, 1.0 + 2.0**-11), True),
    ],
)
def test_all_singular_values_are_positive_and_distinct_of_any_two(values, wanted):
    """By construction, of three: 2^-14 of the largest is the least that counts."""
    vector = with_values(*values)
    assert simple(RANK_THREE, vector) is wanted
    assert bool(INSIDE["simple-spectrum"](Weights.from_arrays(RANK_THREE, [vector])).all()) is wanted


def test_a_pair_is_inside_if_both_of_it_are():
    inside, outside = with_values(4.0, 2.0, 1.0), with_values(4.0, 2.0, 2.0)
    for v in (inside, outside):
        for w in (inside, outside):
            assert both_simple(SimpleNamespace(space=RANK_THREE, v=v, w=w)) is (v is inside and w is inside)


@pytest.mark.parametrize("family", ["same-update", "generic"])
def test_rows_outside_a_domain_follow_from_it_and_no_others_do(family):
    kind = CHECK_KINDS["separation"]
    from orbitcheck.harness.weights.space import NamedSpace

    given = {"space": "s", "pairs": {"family": family, "count": 1}}
    parameters = kind.resolve(parse_parameters(kind.parameters, given), {"s": NamedSpace(SPACE)})
    case = kind.cases(parameters)[0]
    cell = Cell("s", "pairs", "separation", parameters, case, None, "gl-align")
    row = evaluate(cell, load(parse_name("gl-align")))
    checks = [{"id": "pairs", "kind": "separation", "parameters": parameters, "cases": [case], "claim": None}]
    declared = [describe_architecture(parse_name("gl-align"))]

    def problem(one):
        run = Run("0", {}, [{"name": "s", "checks": checks}], declared, [one])  # type: ignore[arg-type]
        (found,) = verify(run, lambda parameters, case: certified_pair(parameters, case)[0], CHECK_KINDS)
        return found.problem

    outside = family == "same-update"
    assert (row.refusal is Refusal.OUTSIDE_DOMAIN) == outside
    assert problem(row) is None
    if outside:
        assert problem(replace(row, refusal=Refusal.UNSUPPORTED)) is not None
    else:
        assert problem(replace(row, outcome="not-applicable", refusal=Refusal.OUTSIDE_DOMAIN, observed="")) is not None
