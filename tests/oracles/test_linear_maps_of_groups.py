"""Dimensions under scales, signs and linear maps: against the maps that commute with the group's generators, found by linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Weights, WeightSpace, act, generators, group, mlp
from orbitcheck.extending import AxisRole, Factor, FactorKind, Group, Roles, Standing
from orbitcheck.harness.oracles.linear_maps import Dimension, dimension
from orbitcheck.harness.weights.groups import NotCarried
from orbitcheck.harness.weights.symmetry import generic_elements


def lora(r: int, inputs: int = 2, outputs: int = 3, **more: tuple[str, ...]) -> WeightSpace:
    return WeightSpace(
        tensors=(("A", ("r", "in")), ("B", ("out", "r")), *more.items()),
        sizes=(("r", r), ("in", inputs), ("out", outputs)),
        permuted=("r",),
        activation="identity",
        roles=Roles((AxisRole("r", Standing.LINEAR),)),
    )


def by_linear_algebra(of: Group) -> Dimension:
    """Entries in which `G A = A G` and `G c = c` leave freedom, G all generators and some elements of any floats."""
    space, size = of.space, of.space.parameters
    unit = Weights.from_flat(space, torch.eye(size, dtype=torch.float64))
    moved = [*generators(of), *generic_elements(of, 3, np.random.default_rng(0), reach=1)]
    matrices = [act(g, unit).flat().T.numpy() for g in moved]
    one = np.eye(size)
    on_maps = np.concatenate([np.kron(m, one) - np.kron(one, m.T) for m in matrices])
    return Dimension(*(size_ - np.linalg.matrix_rank(rows, tol=1e-8) for size_, rows in (
        (size * size, on_maps), (size, np.concatenate([m - one for m in matrices])),
    )))  # fmt: skip


SPACES = [mlp(1, 2, 1), mlp(2, 1, 2), mlp(1, 2, 2, 1), mlp(1, 1, 2, 2), mlp(1, 1, 1, 1, 1), mlp(1, 2, 1, 2, 1)]


@pytest.mark.parametrize("name", ["permutation+scale", "permutation+sign"])
@pytest.mark.parametrize("space", SPACES, ids=lambda space: "-".join(map(str, space.widths)))
def test_characters(space: WeightSpace, name: str) -> None:
    of = group(mlp(*space.widths, activation="identity"), name)
    assert dimension(of.space, of) == by_linear_algebra(of)


@pytest.mark.parametrize("kind", ["scale", "sign", "perm+scale+sign", "orth", "gl"])
@pytest.mark.parametrize("space", [lora(1), lora(2), lora(3, 1, 2), lora(2, C=("r", "r")), lora(2, b=("r",))], ids=str)
def test_factors_and_linear_maps(space: WeightSpace, kind: str) -> None:
    of = Group(space, (Factor("r", FactorKind(kind)),))
    assert dimension(space, of) == by_linear_algebra(of)


def formula(widths: tuple[int, ...], signs: bool) -> int:
    """Closed forms for hidden layers of any width: types of entries, joined where they are equal."""
    first, layers, last = widths[0], len(widths) - 1, widths[-1]
    if not signs:
        return (first + 1) ** 2 + 2 * (layers - 2) + 2 * last**2
    if layers == 2:
        return (first + 1 + last) ** 2 + last**2
    return (first + 1) ** 2 + (layers - 2) + (layers - 3) + (last + 1) ** 2 + last**2


@pytest.mark.parametrize("signs", [False, True], ids=["scale", "sign"])
def test_closed_forms_on_depths_of_two_to_five_and_ends_of_one_to_four(signs: bool) -> None:
    for first in range(1, 5):
        for last in range(1, 5):
            for hidden in [(1,), (3,), (2, 4), (1, 3), (3, 1, 2), (5, 4, 6), (2, 2, 2, 2), (1, 3, 1, 2)]:
                widths = (first, *hidden, last)
                space = mlp(*widths, activation="tanh" if signs else "relu")
                found = dimension(space, group(space, "permutation+sign" if signs else "permutation+scale"))
                assert found == Dimension(formula(widths, signs), last), widths


def test_counts_that_are_known() -> None:
    for widths, scale, sign in [
        ((3, 5, 4, 6, 2), 28, 32),
        ((3, 5, 4, 2), 26, 30),
        ((3, 5, 2), 24, 40),
        ((1, 4, 4, 1), 8, 10),
    ]:
        relu, tanh = mlp(*widths), mlp(*widths, activation="tanh")
        assert dimension(relu, group(relu, "permutation+scale")).linear == scale
        assert dimension(tanh, group(tanh, "permutation+sign")).linear == sign
    pair = lora(3)
    assert dimension(pair, group(pair, "gl")).linear == 2**2 + 3**2
    assert dimension(pair, Group(pair, (Factor("r", FactorKind.ORTH),))).linear == (2 + 3) ** 2


def test_invariants_of_tensors_with_many_places() -> None:
    """Of one axis alone: pairings of places (Brauer), permutations of them (Weyl), and on two numbers those without a triple (Catalan)."""

    def of_places(kind: str, size: int, count: int) -> int:
        tensor = (("T", ("r",) * count),)
        roles = Roles((AxisRole("r", Standing.LINEAR),), (("T", ("in", "out") * (count // 2)),))
        space = WeightSpace(tensor, (("r", size),), ("r",), activation="identity", roles=roles)
        return dimension(space, Group(space, (Factor("r", FactorKind(kind)),))).constants

    assert [of_places("orth", 4, n) for n in (2, 4, 6, 8)] == [1, 3, 15, 105]
    assert [of_places("orth", 2, n) for n in (2, 4, 6, 8)] == [1, 3, 10, 35]
    assert [of_places("gl", 4, n) for n in (2, 4, 6, 8)] == [1, 2, 6, 24]
    assert [of_places("gl", 2, n) for n in (2, 4, 6, 8)] == [1, 2, 5, 14]
    assert [of_places("gl", 3, n) for n in (6, 8)] == [6, 23]  # of 24 permutations one falls four times


def test_what_is_not_linear_has_no_dimension() -> None:
    sine = mlp(1, 2, 1, activation="sine")
    with pytest.raises(NotCarried, match="no dimension is known for perm"):
        dimension(sine, group(sine, "permutation+sign+phase"))
