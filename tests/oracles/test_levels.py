"""Partitions of a population and the floors of labels on them, against brute force over all relabellings and all classes."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from orbitcheck import mlp, recurrent
from orbitcheck.harness.oracles.function import activated
from orbitcheck.harness.oracles.levels import pairs
from orbitcheck.harness.oracles.levels.enclosures import enclosed, indistinct_classes, overlapping
from orbitcheck.harness.oracles.levels.floors import Says, label_floors
from orbitcheck.harness.oracles.levels.labels import labelled
from orbitcheck.harness.oracles.levels.partitions import levels
from orbitcheck.harness.pairs.cycles import cycle, disjoint_union
from orbitcheck.harness.weights.activations import ACTIVATIONS

CHAINED = ("orbit", "2-fwl", "1-wl", "function")
"""Stable levels, every one refining the next."""


def twins(constants: list[float]) -> dict[str, np.ndarray]:
    """The two orbits of prop-6.2 for each constant, in both orders of the first hidden layer."""
    nets = []
    for constant in constants:
        for middle in (cycle(4), disjoint_union(cycle(2), cycle(2))):
            for order in ([0, 1, 2, 3], [2, 0, 3, 1]):
                nets.append({"W2": middle[:, order], "b3": np.array([constant])})
    n = len(nets)
    return {
        "W1": np.ones((n, 4, 1)), "b1": np.zeros((n, 4)),
        "W2": np.stack([net["W2"] for net in nets]).astype(float), "b2": np.zeros((n, 4)),
        "W3": np.ones((n, 1, 4)), "b3": np.stack([net["b3"] for net in nets]),
    }  # fmt: skip


def small(seed: int, nets: int = 40) -> tuple:
    """Networks of few values, so that many coincide, with two copies of some in other numbering."""
    rng = np.random.default_rng(seed)
    space = mlp(1, 2, 2, 1, activation=["relu", "tanh", "sine", "abs"][seed % 4])
    arrays = {name: rng.integers(0, 2, (nets, *shape)).astype(float) for name, shape in space.shapes.items()}
    for name in ("b1", "b2", "b3"):
        arrays[name][:] = 0
    for net in range(10):
        for array in arrays.values():
            array[nets - 1 - net] = array[net]
        arrays["W2"][nets - 1 - net] = arrays["W2"][net][::-1]
        arrays["W3"][nets - 1 - net] = arrays["W3"][net][:, ::-1]
    return space, arrays


def brute_orbits(space, arrays) -> np.ndarray:
    """The least of all relabellings, entry by entry."""
    hidden = [range(width) for width in space.widths[1:-1]]
    forms = []
    for net in range(len(arrays["b1"])):
        least: list[float] | None = None
        for orders in itertools.product(*(itertools.permutations(layer) for layer in hidden)):
            sides = [range(space.widths[0]), *orders, range(space.widths[-1])]
            flat = []
            for layer in range(1, len(space.widths)):
                flat += arrays[f"W{layer}"][net][np.ix_(sides[layer], sides[layer - 1])].ravel().tolist()
                flat += arrays[f"b{layer}"][net][list(sides[layer])].tolist()
            least = flat if least is None else min(least, flat)
        forms.append(tuple(least or ()))
    return np.array([forms.index(form) for form in forms])


def partition(members) -> set[frozenset]:
    return {frozenset(np.flatnonzero(members == number).tolist()) for number in np.unique(members)}


def brute_floor(members, values) -> Fraction:
    """In rationals, class by class."""
    total = Fraction(0)
    for own in partition(members):
        numbers = [Fraction(float(values[net])) for net in own]
        mean = sum(numbers, Fraction(0)) / len(numbers)
        total += sum(((number - mean) ** 2 for number in numbers), Fraction(0))
    return total / len(values)


def refines(fine, coarse) -> bool:
    return all(any(own <= other for other in partition(coarse)) for own in partition(fine))


@pytest.mark.parametrize("seed", range(4))
def test_levels_of_small_networks_agree_with_brute_force_and_lie_along_the_arrows(seed):
    space, arrays = small(seed)
    found = {level.name: level for level in levels([(space, arrays)])}
    assert partition(found["orbit"].members) == partition(brute_orbits(space, arrays))
    assert len(partition(found["orbit"].members)) < len(arrays["b1"])
    for fine, coarse in itertools.pairwise(CHAINED):
        assert refines(found[fine].members, found[coarse].members)
    rounds = [level for level in found.values() if level.name.startswith("1-wl-")]
    assert [level.round for level in rounds] == list(range(len(rounds)))[::-1]
    assert refines(found["1-wl"].members, rounds[0].members) and refines(rounds[0].members, found["1-wl"].members)
    for fine, coarse in itertools.pairwise(rounds):
        assert refines(fine.members, coarse.members) and not refines(coarse.members, fine.members)
    assert refines(found["function"].members, found["function"].most)


@pytest.mark.parametrize("seed", range(4))
def test_floors_are_those_of_the_slow_obvious_version(seed):
    space, arrays = small(seed)
    rng = np.random.default_rng(seed)
    values = rng.integers(-8, 9, len(arrays["b1"])) / 8
    found = levels([(space, arrays)])
    floors = label_floors(
        found, labelled("y", values), list(map(str, range(len(values)))), population="p", spaces=["s"], form="float"
    )
    variance = brute_floor(np.zeros(len(values)), values)
    for level, floor in zip(found, floors.levels, strict=True):
        wanted = brute_floor(level.members, values)
        assert floor.mse == pytest.approx(float(wanted), abs=1e-15)
        assert floor.relative == pytest.approx(float(wanted / variance), abs=1e-15)
        several = [own for own in partition(level.members) if len(own) > 1]
        assert (floor.shared, floor.networks) == (len(several), sum(map(len, several)))
        assert (floor.says == Says.CONSTANT) == (bool(several) and wanted == 0)
        assert [c.share for c in floor.costliest] == sorted((c.share for c in floor.costliest), reverse=True)
        for costly in floor.costliest:
            own = next(own for own in several if str(min(own)) == costly.networks[0])
            part = brute_floor(np.zeros(len(own)), values[sorted(own)]) * len(own)
            assert costly.share == pytest.approx(float(part / (wanted * len(values))))
            assert costly.size == len(own)
    chained = {floor.level: floor.relative for floor in floors.levels}
    assert all(chained[fine] <= chained[coarse] + 1e-15 for fine, coarse in itertools.pairwise(CHAINED))


def test_on_the_twins_of_prop_6_2_the_rank_has_a_floor_from_1_wl_on():
    space, arrays = mlp(1, 4, 4, 1), twins([0.0, 1.0, 2.0])
    rank = np.linalg.matrix_rank(arrays["W2"])
    floors = label_floors(
        levels([(space, arrays)]), labelled("rank", rank), list("abcdefghijkl"), population="p", spaces=[], form="float"
    )
    assert [(f.level, f.shared, f.relative) for f in floors.levels] == [
        ("orbit", 6, 0.0), ("2-fwl", 6, 0.0), ("2-fwl-1", 6, 0.0), ("2-fwl-0", 3, 1.0), ("1-wl", 3, 1.0), ("1-wl-0", 3, 1.0), ("function", 3, 1.0),
    ]  # fmt: skip
    assert [f.says for f in floors.levels] == [*[Says.CONSTANT] * 3, *[Says.VARIES] * 4]
    assert floors.at("function").upper is None
    dear = floors.at("1-wl").costliest
    assert [c.size for c in dear] == [4, 4, 4] and dear[0].networks == tuple("abcd") and dear[0].values == "2 to 3"
    assert floors.at("1-wl-7") == floors.at("1-wl")
    with pytest.raises(LookupError, match="2-fwl"):
        floors.at("3-wl")


def test_labels_that_name_classes_have_a_least_share_of_wrong_answers():
    space, arrays = mlp(1, 4, 4, 1), twins([0.0])
    names = labelled("kind", ["a", "a", "b", "c"])
    floors = label_floors(levels([(space, arrays)]), names, list("0123"), population="p", spaces=[], form="float")
    assert floors.label_classes == 3
    assert (floors.at("orbit").wrong, floors.at("1-wl").wrong) == (0.25, 0.5)
    assert floors.at("1-wl").costliest[0].values == "a: 2, b: 1, c: 1"
    assert floors.at("1-wl").relative == 1.0


def test_networks_of_two_spaces_share_no_class_and_perhaps_a_function():
    line = (
        mlp(1, 1, 1),
        {"W1": np.ones((1, 1, 1)), "b1": np.zeros((1, 1)), "W2": np.ones((1, 1, 1)), "b2": np.zeros((1, 1))},
    )
    wide = mlp(1, 2, 1), {
        "W1": np.ones((2, 2, 1)), "b1": np.zeros((2, 2)),
        "W2": np.array([[[0.5, 0.5]], [[0.5, 0.25]]]), "b2": np.zeros((2, 1)),
    }  # fmt: skip
    found = {level.name: level for level in levels([line, wide])}
    assert all(len(np.unique(found[name].members)) == 3 for name in CHAINED)
    assert partition(found["function"].most) == {frozenset({0, 1}), frozenset({2})}


def test_levels_beyond_mlps_are_joint_refinement_and_orbits():
    """Directed 4-cycles, hexagon-like twins and copies: of `recurrent(1, 6, 1)` with R alone, each renumbered; an MLP beside them."""
    rng, cycle = np.random.default_rng(0), np.eye(6)[[1, 2, 3, 4, 5, 0]]
    kinds = [cycle, np.kron(np.eye(2), np.eye(3)[[1, 2, 0]]), np.eye(6)]
    space, matrices = recurrent(1, 6, 1), []
    for number in range(9):
        order = rng.permutation(6)
        matrices.append(kinds[number % 3][np.ix_(order, order)])
    arrays = {n: np.stack(matrices) if n == "R1" else np.ones((9, *s)) for n, s in space.shapes.items()}
    line = mlp(1, 1, 1), {n: np.ones((1, *s)) for n, s in mlp(1, 1, 1).shapes.items()}
    found = {level.name: partition(level.members) for level in levels([(space, arrays), line])}
    by_kind = [frozenset({kind, kind + 3, kind + 6}) for kind in range(3)]
    # A hexagon and two triangles look alike to refinement, and compute one function.
    assert found["orbit"] == {*by_kind, frozenset({9})}
    assert found["1-wl"] == found["function"] == {by_kind[0] | by_kind[1], by_kind[2], frozenset({9})}
    assert found["1-wl-0"] == {frozenset(range(9)), frozenset({9})} and not any(
        name.startswith("2-fwl") for name in found
    )


def test_a_population_of_single_networks_says_nothing():
    space, arrays = small(0)
    arrays["b3"] = np.arange(len(arrays["b3"]), dtype=float)[:, None]
    labels = labelled("y", arrays["b3"][:, 0])
    floors = label_floors(levels([(space, arrays)]), labels, [""] * 40, population="p", spaces=[], form="float")
    assert floors.silent and all(f.says == Says.NOTHING and f.relative == 0 for f in floors.levels)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_enclosures_hold_the_true_values(activation):
    """Against the exact intervals of the function oracle, on weights of all sizes."""
    from orbitcheck.harness.oracles.functions.enclosure import enclose

    space, rng = mlp(2, 3, 2, 1, activation=activation), np.random.default_rng(3)
    for scale in (1e-3, 1.0, 30.0):
        arrays = {name: rng.normal(size=(2, *shape)) * scale for name, shape in space.shapes.items()}
        points = rng.uniform(-4, 4, (2, 2))
        values, errors = enclosed(space, arrays, points)
        for net, point in itertools.product(range(2), range(2)):
            [(low, high)] = enclose(space, {name: array[net] for name, array in arrays.items()}, points[point].tolist())
            value, error = Fraction(values[net, point, 0]), Fraction(errors[net, point, 0])
            assert value - error <= low and high <= value + error
            assert error <= Fraction(1, 10**9) * max(1, abs(value)) * max(1, Fraction(scale) ** 2)


def test_where_floats_end_networks_are_not_told_apart():
    space = mlp(1, 1, 1)
    arrays = {
        "W1": np.full((2, 1, 1), 1e200),
        "b1": np.zeros((2, 1)),
        "W2": np.array([[[1e200]], [[2e200]]]),
        "b2": np.zeros((2, 1)),
    }
    assert len(np.unique(indistinct_classes([(space, arrays)]))) == 1


def test_intervals_that_overlap_in_a_chain_are_one_class():
    low, high = np.array([[0.0], [1.0], [2.5], [4.0]]), np.array([[1.0], [3.0], [2.6], [4.0]])
    assert overlapping(low, high).tolist() == [0, 0, 0, 1]
    assert len(set(overlapping(np.c_[low, [0, 5, 0, 0]], np.c_[high, [0, 5, 0, 0]]).tolist())) == 3


def test_pairs_of_neurons_past_the_budget_leave_a_lower_and_an_upper_value(monkeypatch):
    space, arrays = mlp(1, 4, 4, 1), twins([0.0])
    rank = labelled("rank", np.linalg.matrix_rank(arrays["W2"]))
    monkeypatch.setattr(pairs, "MOST_TRIPLES", 0)
    floors = label_floors(levels([(space, arrays)]), rank, list("0123"), population="p", spaces=[], form="float")
    assert (floors.at("2-fwl").relative, floors.at("2-fwl").upper) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("given", "classes", "words"),
    [
        ([1.0, np.nan], None, "no finite number for 1 networks, the first is number 1"),
        (np.zeros((2, 2, 2)), None, "a number, or a vector"),
        ([[1, 2]], True, "one to a network"),
        (list(range(1001)), True, "1001 classes"),
        ([2**60 + 1], None, "would round"),
    ],
)
def test_labels_that_make_no_sense_are_refused_in_a_line(given, classes, words):
    with pytest.raises(ValueError, match=words):
        labelled("y", given, classes=classes)


def test_texts_and_truth_values_are_classes_and_numbers_are_not():
    assert labelled("y", ["b", "a"]).classes == ("a", "b")
    assert labelled("y", [True, False]).values.tolist() == [[0, 1], [1, 0]]
    assert labelled("y", [3, 4]).classes == () and labelled("y", [3, 4], classes=True).classes == ("3", "4")
    assert labelled("y", [[1, 2], [3, 4]]).values.shape == (2, 2)


def brute_pair_rounds(space, arrays) -> list[np.ndarray]:
    """Every round of 2-FWL of all networks together, until stable."""
    from orbitcheck.harness.oracles.two_fwl.refinement import refine_mlp_pairs

    return list(refine_mlp_pairs(space, arrays).net_classes)


@pytest.mark.parametrize("seed", range(3))
def test_rounds_of_pairs_are_those_of_all_networks_refined_together(seed):
    """Networks of one 1-WL class alone are compared, one an orbit; it must not show. Cycles in it part late."""
    rng = np.random.default_rng(seed)
    space = mlp(1, 9, 9, 1)
    sides = [(9,), (6, 3), (5, 4), (7, 2), (3, 3, 3)]
    middles = [disjoint_union(*map(cycle, sides[i])) for i in [*range(5), *rng.integers(0, 5, 3)]]
    middles = [middle[rng.permutation(9)] for middle in middles] + [np.eye(9), np.ones((9, 9))]
    n = len(middles)
    arrays = {name: np.ones((n, *shape)) for name, shape in space.shapes.items()} | {
        "W2": np.stack(middles).astype(float)
    }
    arrays["b3"] = rng.integers(0, 2, (n, 1)).astype(float)
    found = [level for level in levels([(space, arrays)]) if level.name.startswith("2-fwl-")][::-1]
    brute = brute_pair_rounds(space, arrays)
    assert len(found) >= 3 and len(found) <= len(brute)
    for number, classes in enumerate(brute):
        assert partition(found[min(number, len(found) - 1)].members) == partition(classes)


def test_rounds_of_pairs_past_the_budget_lie_between_what_later_and_coarser_ones_tell(monkeypatch):
    """The twins and a third network that 1-WL parts from them: their own class fits into the budget, both together do not."""
    space, arrays = mlp(1, 4, 4, 1), twins([0.0])
    more = {name: np.concatenate([array, array[:1]]) for name, array in arrays.items()}
    more["W2"][-1] = np.eye(4)
    monkeypatch.setattr(pairs, "MOST_TRIPLES", 2 * 10**3)
    names = {level.name: level for level in levels([(space, more)])}
    stable, start = names["2-fwl"], names["2-fwl-0"]
    assert stable.most is None and len(np.unique(stable.members)) == 3
    assert len(np.unique(start.members)) == 3 and start.most is not None and len(np.unique(start.most)) == 1


def test_rounds_that_part_networks_last_are_told_by_the_last_round():
    """Weights alone differ, and every neuron sees one of them: round 1 parts all, and no round follows it."""
    space = mlp(1, 1, 1)
    arrays = {name: np.ones((3, *shape)) for name, shape in space.shapes.items()}
    for name in ("W1", "W2"):
        arrays[name][1:] = 2.0
    found = {level.name: level for level in levels([(space, arrays)])}
    for name in ("1-wl", "1-wl-1"):
        assert partition(found[name].members) == {frozenset({0}), frozenset({1, 2})}
    assert partition(found["1-wl-0"].members) == {frozenset({0, 1, 2})}


def test_networks_of_other_inputs_share_no_number_however_many_classes_they_have():
    kinds = [(mlp(1, 1, 1), [1.0]), (mlp(2, 1, 1), [1.0, 2.0, 3.0]), (mlp(1, 1, 2), [4.0, 4.0])]
    nets = [
        (space, {n: np.stack([np.full(s, size) for size in sizes]) for n, s in space.shapes.items()})
        for space, sizes in kinds
    ]
    assert partition(indistinct_classes(nets)) == {
        frozenset({0}),
        *(frozenset({n}) for n in (1, 2, 3)),
        frozenset({4, 5}),
    }


def test_what_is_lost_to_floats_has_no_value_and_an_infinite_error():
    """Minus infinity is zero to a ReLU, and its error times a weight of zero is no number."""
    space = mlp(1, 1, 1, 1)
    arrays = {name: np.zeros((1, *shape)) for name, shape in space.shapes.items()}
    arrays["b1"][:], arrays["W2"][:], arrays["b3"][:] = 1.7e308, -10.0, 1.0
    values, errors = enclosed(space, arrays, np.ones((1, 1)))
    assert (values, errors) == (0.0, np.inf)


def test_beyond_mlps_every_network_may_have_the_function_of_every_other():
    space = recurrent(1, 2, 1)
    arrays = {n: np.arange(3.0).reshape(3, *[1] * len(s)) + np.zeros((3, *s)) for n, s in space.shapes.items()}
    found = {level.name: level for level in levels([(space, arrays)])}
    assert found["function"].most is not None and found["function"].most.tolist() == [0, 0, 0]


def test_of_classes_that_cost_the_same_the_one_with_the_first_network_is_named_first():
    space = mlp(1, 1, 1)
    arrays = {name: np.ones((4, *shape)) for name, shape in space.shapes.items()}
    arrays["b2"][:, 0] = [0, 1, 1, 0]
    found = label_floors(
        levels([(space, arrays)]),
        labelled("y", [0.0, 0.0, 2.0, 2.0]),
        list("abcd"),
        population="p",
        spaces=[],
        form="float",
    )
    assert [costly.networks for costly in found.at("orbit").costliest] == [("a", "d"), ("b", "c")]


def test_rounds_past_the_budget_refine_each_other_and_lie_around_the_truth(monkeypatch):
    """A cycle of twelve and two of six, which round 2 parts, each beside two weights that a round of 1-WL parts: in round 0 all are too
    many, in round 1 the halves fit, and what they do not tell apart yet is not told apart before."""
    space = mlp(1, 6, 6, 1)
    arrays = {name: np.ones((4, *shape)) for name, shape in space.shapes.items()}
    arrays["W2"] = np.stack([cycle(6), disjoint_union(cycle(3), cycle(3))] * 2).astype(float)
    arrays["W3"][2:] = 2.0
    truth = {level.name: level for level in levels([(space, arrays)])}
    monkeypatch.setattr(pairs, "MOST_TRIPLES", 2 * 14**3)
    found = {level.name: level for level in levels([(space, arrays)])}
    rounds = sorted(name for name in truth if name.startswith("2-fwl-"))
    assert len(rounds) == 3 and found["2-fwl-0"].most is not None and found["2-fwl-2"].most is None
    for name in rounds:
        most = found[name].members if found[name].most is None else found[name].most
        assert refines(found[name].members, truth[name].members) and refines(truth[name].members, most)
    for early, late in itertools.pairwise(rounds):
        assert refines(found[late].members, found[early].members)
    assert len(partition(found["2-fwl-0"].members)) == 2


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_errors_are_the_running_bound_of_the_docstring_in_rationals(activation):
    """Never less than what the module says, layer by layer, nor two thirds more; of small and large weights."""
    steep = {"gelu": Fraction(1129, 1000), "silu": Fraction(1100, 1000)}.get(activation, Fraction(1))
    unit, space, rng = Fraction(1, 2**53), mlp(2, 3, 2, 1, activation=activation), np.random.default_rng(5)

    def summed(rows, x):
        return [sum((abs(Fraction(w)) * a for w, a in zip(row, x, strict=True)), Fraction(0)) for row in rows]

    for scale in (1e-3, 1.0, 10.0):
        arrays = {name: rng.normal(size=(1, *shape)) * scale for name, shape in space.shapes.items()}
        point = rng.uniform(-4, 4, 2)
        values, errors = enclosed(space, arrays, point[None])
        x, off = point, [Fraction(0)] * 2
        for layer in (1, 2, 3):
            weight, bias = arrays[f"W{layer}"][0], arrays[f"b{layer}"][0]
            products = Fraction(len(x) + 2) * unit / (1 - (len(x) + 2) * unit)
            sizes = [
                a + abs(Fraction(b)) for a, b in zip(summed(weight, [abs(Fraction(c)) for c in x]), bias, strict=True)
            ]
            off = [a + products * size for a, size in zip(summed(weight, off), sizes, strict=True)]
            x = weight @ x + bias
            if layer < 3:
                before, x = x, activated(activation, x)
                ends = [abs(Fraction(a)) + abs(Fraction(b)) for a, b in zip(before, x, strict=True)]
                off = [steep * a + 16 * unit * end for a, end in zip(off, ends, strict=True)]
        assert values[0, 0, 0] == pytest.approx(float(x[0]), rel=1e-6)
        assert off[0] <= Fraction(errors[0, 0, 0]) <= Fraction(5, 3) * off[0]
