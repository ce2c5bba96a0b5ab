"""The exhaustive banks hold one net of every orbit, with exact relations: counted by Burnside, checked pair by pair."""

from __future__ import annotations

from itertools import combinations, permutations, product
from math import factorial

import numpy as np
import pytest

from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.orbit import same_orbit
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.pairs.binary_bank import FUNCTIONS, binary_bank


def net(bank, number: int) -> dict[str, np.ndarray]:
    return {name: array[number] for name, array in bank.arrays.items()}


def orbits_by_burnside(size: int) -> int:
    """The mean over the group of how many matrices an element leaves in place: 2 to the number of its cycles on entries."""
    total = 0
    for rows, columns in product(permutations(range(size)), repeat=2):
        left, cycles = set(product(range(size), repeat=2)), 0
        while left:
            cycles, entry = cycles + 1, next(iter(left))
            while entry in left:
                left.remove(entry)
                entry = (rows[entry[0]], columns[entry[1]])
        total += 2**cycles
    return total // factorial(size) ** 2


@pytest.mark.parametrize("size", [2, 3, 4])
def test_there_is_one_net_of_every_orbit(size):
    bank = binary_bank(size)
    assert len(bank.codes) == len(set(bank.codes)) == orbits_by_burnside(size)
    for code, matrix in zip(bank.codes, bank.arrays["W2"], strict=True):
        assert code == sum(int(entry) << place for place, entry in enumerate(matrix.ravel()))


@pytest.mark.parametrize("size", [2, 3])
def test_relations_are_those_of_the_pairwise_oracles(size):
    bank = binary_bank(size)
    for i, j in list(combinations(range(len(bank.codes)), 2))[:: 1 if size == 2 else 7]:
        v, w = net(bank, i), net(bank, j)
        assert same_orbit(bank.space, v, w).answer == "different"
        parted = refine(bank.space, [v, w]).round_of_separation(0, 1)
        assert bank.rounds[i, j] == bank.rounds[j, i] == (-1 if parted is None else parted)
        assert FUNCTIONS[bank.functions[i, j]] == function_relation(bank.space, v, w).answer


def test_at_size_four_refinement_leaves_one_pair():
    """317 orbits and 316 classes: the 8-cycle, of rank 3, and two 4-cycles, of rank 2 (theory.md, section 4)."""
    bank = binary_bank(4)
    left = [(i, j) for i, j in combinations(range(len(bank.codes)), 2) if bank.rounds[i, j] < 0]
    assert len(bank.codes) == 317
    assert len(left) == 1
    assert sorted(np.linalg.matrix_rank(bank.arrays["W2"][number]) for number in left[0]) == [2, 3]
    assert same_orbit(bank.space, net(bank, left[0][0]), net(bank, left[0][1])).answer == "different"
    assert bank.functions[left[0]] == 0
