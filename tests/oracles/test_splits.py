"""What parts of a data set share, against brute force; and populations dealt to parts that share nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from orbitcheck import Weights, conv_net, mlp, recurrent, residual_mlp, transformer_block
from orbitcheck.harness.oracles.levels.partitions import Power
from orbitcheck.harness.oracles.levels.splits import deal, joined, split, whole_classes
from orbitcheck.harness.weights.symmetry import act, random_elements

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
    ends = f"network {i} of {one} and network {j} of {other} are one up to the numbering of hidden neurons"
    assert str(found.shared).endswith(f"; {ends}")
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


@pytest.mark.parametrize(
    ("widths", "activation"), [((1, 3, 1), "relu"), ((2, 4, 4, 1), "leaky-relu"), ((16, 16, 10), "relu")]
)
def test_copies_rescaled_by_any_factor_are_shared_in_a_population(widths, activation):
    """By 3 and 1/3 floats give another function, by a part in 1e16; a change of one part in a million is none of these."""
    space, rng = mlp(*widths, activation=activation), np.random.default_rng(0)
    nets = [{name: rng.normal(size=shape) for name, shape in space.shapes.items()} for _ in range(12)]

    def rescaled(v: dict, factor: float, back: float) -> dict:
        w = {name: array.copy() for name, array in v.items()}
        w["W1"][0] *= factor
        w["b1"][0] *= factor
        w["W2"][:, 0] /= back
        return w

    def parts(others: list[dict]) -> dict:
        return {
            n: {k: np.stack([v[k] for v in own]) for k in space.axes} for n, own in (("train", nets), ("test", others))
        }

    copies = parts([rescaled(nets[number], 3.0, 3.0) for number in (5, 7)])
    assert split(space, copies, Power.FUNCTION).shared is None
    shared = split(space, copies, Power.FUNCTION, near=True).shared
    assert shared is not None and (shared.classes, shared.networks) == (2, 4)
    assert str(shared).endswith("network 5 of train and network 0 of test answer alike to within rounding")
    assert split(space, copies, Power.ORBIT, near=True).shared is None
    others = parts([rescaled(nets[number], 3.0, 3.000003) for number in (5, 7)])
    assert split(space, others, Power.FUNCTION, near=True).shared is None
    exactly = split(space, parts([rescaled(nets[5], 4.0, 4.0)]), Power.FUNCTION, near=True).shared
    assert exactly is not None and str(exactly).endswith("compute one function")
    together = {name: np.concatenate([own[name] for own in copies.values()]) for name in space.axes}
    assert whole_classes(space, together)[[5, 7]].tolist() == whole_classes(space, together)[12:].tolist()


@pytest.mark.parametrize(
    ("widths", "activation", "factor"), [((2, 4, 4, 1), "relu", 3.0), ((16, 16, 10), "leaky-relu", 0.7), ((1, 32, 32, 32, 1), "relu", 1e3)]
)  # fmt: skip
def test_copies_whose_rescaled_weights_float32_rounded_are_shared_in_a_population(widths, activation, factor):
    """As files hold them: by a part in 1e8 another function. A part in 1e4 is no rounding, nor is what lies in no float32."""
    space, rng = mlp(*widths, activation=activation), np.random.default_rng(0)

    def as_stored(v: dict) -> dict:
        return {name: array.astype(np.float32).astype(np.float64) for name, array in v.items()}

    nets = [as_stored({name: rng.normal(size=shape) for name, shape in space.shapes.items()}) for _ in range(12)]

    def copied(v: dict, back: float = 1.0) -> dict:
        order = rng.permutation(widths[1])
        w = {**v, "W1": factor * v["W1"][order], "b1": factor * v["b1"][order], "W2": v["W2"][:, order] / factor}
        return {**w, "W2": w["W2"] * back}

    def parts(others: list[dict]) -> dict:
        return {
            n: {k: np.stack([v[k] for v in own]) for k in space.axes} for n, own in (("train", nets), ("test", others))
        }

    copies = parts([as_stored(copied(nets[number])) for number in (5, 7)])
    assert split(space, copies, Power.FUNCTION).shared is None, "no two are proved to be one"
    shared = split(space, copies, Power.FUNCTION, near=True).shared
    assert shared is not None and (shared.classes, shared.networks) == (2, 4)
    assert str(shared).endswith("network 5 of train and network 0 of test answer alike to within rounding")
    together = {name: np.concatenate([own[name] for own in copies.values()]) for name in space.axes}
    whole = whole_classes(space, together)
    assert whole[[5, 7]].tolist() == whole[12:].tolist() and len(np.unique(whole)) == 12
    assert split(space, copies, Power.ORBIT, near=True).shared is None
    others = parts([as_stored(copied(nets[number], 1.0001)) for number in (5, 7)])
    assert split(space, others, Power.FUNCTION, near=True).shared is None
    finer = {n: {k: a + (1e-13 if k == "b1" else 0) for k, a in own.items()} for n, own in copies.items()}
    assert split(space, finer, Power.FUNCTION, near=True).shared is None, "in float64 a part in 1e8 is no rounding"


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_rescaled_copies_of_convolutions_are_shared_in_a_population(factor):
    """Off MLPs no function is proved; what answers alike is dealt whole all the same, and a hundredth of one channel is no rounding."""
    space, rng = conv_net(1, 3, 3, 2), np.random.default_rng(0)
    nets = {name: rng.normal(size=(6, *shape)).astype(np.float32) for name, shape in space.shapes.items()}

    def copy(back: float) -> dict:
        w = {name: array[2:4].copy() for name, array in nets.items()}
        w["C1"][:, 0] *= np.float32(factor)
        w["b1"][:, 0] *= np.float32(factor)
        w["C2"][:, :, 0] /= np.float32(factor * back)
        return {name: array.astype(np.float64) for name, array in w.items()}

    train = {name: array.astype(np.float64) for name, array in nets.items()}
    shared = split(space, {"train": train, "test": copy(1.0)}, Power.FUNCTION, near=True).shared
    assert shared is not None and (shared.classes, shared.networks, shared.proved) == (2, 4, False)
    classes = whole_classes(space, {name: np.concatenate([train[name], copy(1.0)[name]]) for name in space.axes})
    assert classes[2:4].tolist() == classes[6:].tolist() and len(set(classes)) == 6
    assert split(space, {"train": train, "test": copy(1.0)}, Power.FUNCTION).shared is None
    assert split(space, {"train": train, "test": copy(1.01)}, Power.FUNCTION, near=True).shared is None


def test_what_floats_cannot_tell_is_alike_to_nothing():
    space = mlp(1, 2, 1)
    v = {"W1": np.full((2, 1), 1e300), "b1": np.zeros(2), "W2": np.full((1, 2), 1e300), "b2": np.zeros(1)}
    w = {**v, "b2": np.ones(1)}
    assert split(space, {"train": arrays([v]), "test": arrays([w])}, Power.FUNCTION, near=True).shared is None


@pytest.mark.parametrize(
    "space",
    [recurrent(1, 3, 1), residual_mlp(1, 3, (2,), 1), conv_net(2, 3, 3, 2), transformer_block(4, 2, 2, 2, 3)],
    ids=str,
)
@pytest.mark.parametrize("power", [Power.ORBIT, Power.FUNCTION])
def test_orbits_are_shared_beyond_mlps(space, power):
    rng = np.random.default_rng(1)
    nets = [{name: rng.integers(-2, 3, shape).astype(float) for name, shape in space.shapes.items()} for _ in range(8)]
    drawn = act(random_elements(space, 8, rng), Weights.from_arrays(space, nets))
    turned = {name: tensor[..., 0].numpy() for name, tensor in drawn.items()}
    train = {name: np.stack([v[name] for v in nets[:6]]) for name in space.axes}
    found = split(space, {"train": train, "test": {name: array[3:] for name, array in turned.items()}}, power)
    assert found.shared is not None and (found.shared.classes, found.shared.networks) == (3, 6)
    assert found.repeated["test"].tolist() == [0, 1, 2] and not len(found.repeated["train"])
    classes = whole_classes(space, {name: np.concatenate([train[name], turned[name]]) for name in space.axes})
    assert classes[:6].tolist() == classes[6:12].tolist() and len(set(classes)) == 8
    generic = {name: rng.normal(size=array.shape) for name, array in train.items()}
    largest = max(generic, key=lambda name: generic[name].size)
    other = generic | {largest: np.roll(generic[largest].reshape(6, -1), 1, 1).reshape(generic[largest].shape)}
    assert split(space, {"train": generic, "test": other}, power).shared is None, "the same values, and no orbit"


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


def test_joined_classes_are_connected_components():
    """By the slow way: networks of a class of either are united."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        count = int(rng.integers(1, 12))
        first, second = (rng.integers(0, int(rng.integers(1, 12)), count) for _ in range(2))
        component = list(range(count))
        for _ in range(count):
            for i, j in itertools.combinations(range(count), 2):
                if first[i] == first[j] or second[i] == second[j]:
                    component[i] = component[j] = min(component[i], component[j])
        found = joined(first, second)
        for i, j in itertools.combinations(range(count), 2):
            assert (found[i] == found[j]) == (component[i] == component[j])


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "elu"])
def test_functions_are_shared_where_no_exact_arithmetic_is_known(activation):
    """Two neurons of one argument, which is negative, in one."""
    space = mlp(1, 2, 1, activation=activation)
    v = {"W1": np.array([[-1.0], [-1]]), "b1": np.array([-1.0, -1]), "W2": np.array([[1.0, 2]]), "b2": np.zeros(1)}
    w = {**v, "W2": np.array([[3.0, 0]])}
    parts = {name: {key: array[None] for key, array in net.items()} for name, net in (("train", v), ("test", w))}
    shared = split(space, parts, Power.FUNCTION).shared
    assert shared is not None and shared.proved
