"""Parts of a population share no copies and no run, by chance and by a split of its own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from orbitcheck import Weights, act, mlp, random_elements
from orbitcheck.harness.regimes.own import ZooParameters
from orbitcheck.harness.regimes.parts import NoParts, Pools, joined, part_of, pools

SPACE = mlp(2, 4, 1)


def population(count: int = 20) -> Weights:
    """Independent networks, but for the last five: copies of the first five in another numbering."""
    v = Weights.from_flat(
        SPACE, torch.randn(count, SPACE.parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    )
    moved = [
        act(random_elements(SPACE, 1, np.random.default_rng(place))[0], v[place : place + 1]) for place in range(5)
    ]
    return Weights(
        SPACE, {name: torch.cat([v.tensors[name][:-5], *(m.tensors[name] for m in moved)]) for name in SPACE.axes}
    )


def apart(dealt: list[list[int]], groups: np.ndarray) -> bool:
    held = [set(groups[part].tolist()) for part in dealt]
    return all(not one & other for one, other in itertools.combinations(held, 2))


COPIES = np.array([*range(15), *range(5)])


def test_by_chance_copies_stay_together():
    found = pools(population())
    assert found.several == (5, 10)
    sizes = found.sizes()
    assert sum(sizes) >= 18
    for seed in range(20):
        dealt = found.dealt(sizes, np.random.default_rng(seed))
        assert dealt is not None and [len(part) for part in dealt] == list(sizes)
        assert len({place for part in dealt for place in part}) == sum(sizes)
        assert apart(dealt, COPIES)


def test_networks_of_one_run_stay_together_with_the_copies_of_any_of_them():
    runs = np.arange(20) // 2
    found = pools(population(), together=runs.tolist())
    for seed in range(10):
        dealt = found.dealt(found.sizes(), np.random.default_rng(seed))
        assert dealt is not None and apart(dealt, COPIES) and apart(dealt, runs)


def test_a_split_of_its_own_keeps_its_test_part_and_gives_up_the_copies_before_it():
    words = ["training"] * 10 + ["val"] * 3 + ["test"] * 7
    found = pools(population(), words)
    assert found.given is not None
    train, validation, test = map(list, found.given)
    assert test == list(range(13, 20)) and validation == [10, 11, 12] and train == [5, 6, 7, 8, 9]
    assert found.left_out == 5 and found.sizes() == (5, 3, 7)
    dealt = found.dealt((5, 3, 7), np.random.default_rng(0))
    assert dealt is not None and [sorted(part) for part in dealt] == [train, validation, test]
    assert found.dealt((6, 3, 7), np.random.default_rng(0)) is None


def test_a_split_without_a_validation_part_takes_it_out_of_training():
    found = pools(population(), ["Train"] * 14 + ["unused"] + ["test"] * 5)
    assert found.given is not None
    train, validation, test = map(set, found.given)
    assert validation and not validation & train and train | validation == set(range(5, 14)) and len(test) == 5


@pytest.mark.parametrize(
    ("words", "told"),
    [(["a"] * 20, "names no train part; it has a"), (["train"] * 20, "names no test part; it has train")],
)
def test_a_split_without_parts_is_refused(words, told):
    with pytest.raises(NoParts, match=told):
        pools(population(), words)


def test_words_of_parts():
    assert [part_of(word) for word in ("train", "Fit", "dev", "valid", " test", "held-out", "", "x")] == [
        0,
        0,
        1,
        1,
        2,
        2,
        -1,
        -1,
    ]


@pytest.mark.parametrize("seed", range(5))
def test_joined_classes_are_the_components_of_both(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 12, 30), rng.integers(0, 12, 30)
    reach = (first[:, None] == first) | (second[:, None] == second)
    for _ in range(30):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    found = joined(first, second)
    assert ((found[:, None] == found) == reach).all()


def test_too_few_networks_have_no_parts():
    assert Pools(np.zeros(20, dtype=np.int64)).sizes() == (0, 0, 0)


def test_what_was_not_asked_for_stays_out_of_the_row():
    assert ZooParameters(zoo="z").model_dump(mode="json") == {"zoo": "z", "label": None}
    assert ZooParameters(zoo="z", split="part").model_dump(mode="json") == {"zoo": "z", "label": None, "split": "part"}
