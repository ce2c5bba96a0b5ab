"""What parts of a data set share, against brute force; and populations dealt to parts that share nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from orbitcheck import mlp
from orbitcheck.harness.oracles.levels.partitions import Power
from orbitcheck.harness.oracles.levels.splits import deal, split, whole_classes

SPACE = mlp(1, 2, 1)


def arrays(nets: list[dict]) -> dict[str, np.ndarray]:
    return {name: np.stack([np.array(net[name], dtype=float) for net in nets]) for name in SPACE.axes}


def random_net(rng) -> dict:
    return {name: rng.integers(-1, 2, shape).astype(float) for name, shape in SPACE.shapes.items()}


def swapped(net: dict) -> dict:
    return {"W1": net["W1"][::-1], "b1": net["b1"][::-1], "W2": net["W2"][:, ::-1], "b2": net["b2"]}


def key(net: dict) -> tuple:
    forms = [tuple(np.concatenate([np.ravel(each[name]) for name in SPACE.axes]) + 0.0) for each in (net, swapped(net))]
    return min(forms)


@pytest.mark.parametrize("seed", range(6))
def test_shared_orbits_are_those_of_brute_force(seed):
    rng = np.random.default_rng(seed)
    nets = [random_net(rng) for _ in range(30)]
    parts = {"train": nets[:20], "validation": nets[20:25], "test": nets[25:]}
    for number in range(seed):  # copies in other numbering, of seed networks
        parts["test"][number] = swapped(parts["train"][3 * number])
    found = split(SPACE, {name: arrays(own) for name, own in parts.items()}, Power.ORBIT)
    where = [(name, place, key(net)) for name, own in parts.items() for place, net in enumerate(own)]
    orbits = {form: {name for name, _, other in where if other == form} for *_, form in where}
    several = {form for form, names in orbits.items() if len(names) > 1}
    if not several:
        assert found.shared is None
        return
    assert found.shared is not None
    assert found.shared.classes == len(several)
    assert found.shared.networks == sum(form in several for *_, form in where)
    (one, i), (other, j) = found.shared.example
    assert one != other and key(parts[one][i]) == key(parts[other][j])
    assert f"network {i} of {one} and network {j} of {other}" in str(found.shared)
    kept = {
        name: [net for place, net in enumerate(own) if place not in found.repeated[name]] for name, own in parts.items()
    }
    assert not len(found.repeated["train"]) and len(kept["train"]) == 20
    without = split(SPACE, {name: arrays(own) for name, own in kept.items() if own}, Power.ORBIT)
    assert without.shared is None


def test_functions_are_shared_where_orbits_are_not():
    v = {"W1": [[1], [2]], "b1": [0.25, 0.5], "W2": [[1, -1]], "b2": [0]}
    w = {**v, "W1": [[2], [2]], "b1": [0.5, 0.5], "W2": [[0.5, -1]]}
    parts = {"train": arrays([v]), "test": arrays([w])}
    assert split(SPACE, parts, Power.ORBIT).shared is None
    shared = split(SPACE, parts, Power.FUNCTION).shared
    assert shared is not None and (shared.classes, shared.networks) == (1, 2)
    assert (
        str(shared)
        == "1 function with 2 networks lie in several parts; network 0 of train and network 0 of test compute one function"
    )


def test_what_lies_twice_in_one_part_alone_is_not_shared():
    net = random_net(np.random.default_rng(0))
    other = {**net, "b2": net["b2"] + 1}
    found = split(SPACE, {"train": arrays([net, swapped(net)]), "test": arrays([other, other])}, Power.FUNCTION)
    assert found.shared is None and not any(map(len, found.repeated.values()))


def test_single_networks_are_dealt_as_runs_of_the_order():
    order = np.random.default_rng(0).permutation(20).tolist()
    assert deal(np.arange(20), order, [7, 4, 5]) == [order[:7], order[7:11], order[11:16]]


@pytest.mark.parametrize("seed", range(20))
def test_no_class_is_dealt_to_two_parts(seed):
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 12, 60)
    sizes = [24, 8, 10]
    dealt = deal(classes, rng.permutation(60).tolist(), sizes)
    assert dealt is not None, "eighteen networks to spare"
    assert [len(part) for part in dealt] == sizes and len({net for part in dealt for net in part}) == sum(sizes)
    for one, other in itertools.combinations(dealt, 2):
        assert not set(classes[one]) & set(classes[other])


def test_five_copies_each_are_dealt_whole_and_to_the_last_network():
    classes = np.repeat(np.arange(200), 5)
    dealt = deal(classes, np.random.default_rng(1).permutation(1000).tolist(), [600, 100, 300])
    assert dealt is not None and [len(set(classes[part])) for part in dealt] == [120, 20, 60]
    assert deal(np.zeros(10, dtype=int), range(10), [5, 5]) is None


def test_whole_classes_are_functions_and_so_orbits():
    rng = np.random.default_rng(0)
    nets = [random_net(rng) for _ in range(20)]
    classes = whole_classes(SPACE, arrays([*nets, *map(swapped, nets)]))
    assert (classes[:20] == classes[20:]).all()
