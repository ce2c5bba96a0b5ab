"""Every regime hands over what it promises: the space, exact numbers, its relation, and independent or disjoint batches."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from orbitcheck import WeightSpace, mlp, realise, recurrent
from orbitcheck.harness.core.parameters import SuiteValueError
from orbitcheck.harness.oracles.capacity import l2_floor, pieces
from orbitcheck.harness.oracles.invariants import rank
from orbitcheck.harness.oracles.orbit import same_orbit
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.tuples.audit import audit
from orbitcheck.harness.regimes import REGIMES, Samples
from orbitcheck.harness.regimes.zoos import ClassifiersParameters
from orbitcheck.harness.targets import TARGETS
from orbitcheck.harness.weights.inputs import in_general_position
from orbitcheck.harness.weights.spaces import conv_net, transformer_block
from orbitcheck.harness.zoo.recipe import ZOOS

TINY = mlp(1, 4, 4, 1)
CONSTRUCTED = [
    ("general-position", {}),
    ("general-position", {"entries": "ternary"}),
    ("ties", {}),
    ("ties", {"ties": "zero-biases"}),
    ("ties", {"ties": "quantised", "bits": 3}),
    ("same-entries", {}),
    ("same-entries", {"arranged": "within-rows"}),
    ("prop-6.2-twins", {}),
    ("prop-6.2-twins", {"biases": "distinct"}),
    ("function-equal-twins", {}),
    ("function-equal-twins", {"by": "dead-neuron"}),
    ("function-equal-twins", {"by": "split-neuron"}),
]


def draw(name: str, space, sizes, seed: int = 0, **parameters) -> tuple[Samples, ...]:
    regime = REGIMES[name]
    chosen = regime.parameters(**parameters)
    return regime.draw(chosen, regime.space(chosen, space), sizes, np.random.default_rng(seed))


def vectors(samples: Samples) -> list[dict]:
    return [samples.weights.arrays(index) for index in range(samples.weights.batch)]


@pytest.mark.parametrize(("name", "parameters"), CONSTRUCTED)
def test_batches_have_their_sizes_and_numbers_that_float32_holds(name, parameters):
    batches = draw(name, TINY, [6, 5, 1], **parameters)
    assert [samples.weights.batch for samples in batches] == [6, 5, 1]
    for samples in batches:
        assert set(samples.metadata) == set(REGIMES[name].metadata)
        v = samples.weights
        assert (v.space, v.channels, v.dtype) == (TINY, 1, torch.float64)
        assert torch.equal(v.to(torch.float32).to(torch.float64).flat(), v.flat())
        scaled = v.flat() * 2**12  # dyadic with a small denominator: sums and products stay exact
        assert torch.equal(scaled, scaled.round())


@pytest.mark.parametrize(("name", "parameters"), CONSTRUCTED)
def test_a_seed_decides_and_batches_differ(name, parameters):
    first, again, other = (draw(name, TINY, [8, 8], seed, **parameters) for seed in (0, 0, 1))
    for samples, same, different in zip(first, again, other, strict=True):
        assert torch.equal(samples.weights.flat(), same.weights.flat())
        assert not torch.equal(samples.weights.flat(), different.weights.flat())
    assert not torch.equal(first[0].weights.flat(), first[1].weights.flat())


def test_samples_are_the_same_in_another_process():
    code = (
        "import numpy as np\nfrom orbitcheck import mlp\nfrom orbitcheck.harness.regimes import REGIMES\n"
        "for name in ('general-position', 'prop-6.2-twins', 'function-equal-twins'):\n"
        "    regime = REGIMES[name]\n"
        "    [samples] = regime.draw(regime.parameters(), mlp(1, 4, 4, 1), [4], np.random.default_rng(0))\n"
        "    print(name, samples.weights.flat().sum().item().hex())\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    for line in said.splitlines():
        name, total = line.split()
        assert float.fromhex(total) == draw(name, TINY, [4])[0].weights.flat().sum().item()
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize("entries", ["spread", "ternary"])
@pytest.mark.parametrize("space", [TINY, mlp(2, 5, 3, 4, 2, activation="sine")], ids=str)
def test_general_position_is_general_position(entries, space):
    [samples] = draw("general-position", space, [50], entries=entries)
    assert in_general_position(samples.weights)
    values = samples.weights.tensors["W2"].unique()
    assert (len(values) == 3) == (entries == "ternary")


def test_ternary_matrices_have_ranks_that_vary():
    [samples] = draw("general-position", TINY, [60], entries="ternary")
    ranks = {rank((2 * vector["W2"]).astype(int), "Q") for vector in vectors(samples)}
    assert len(ranks) >= 2


def test_equal_biases_are_equal_in_a_layer_and_vary_between_nets():
    [samples] = draw("ties", TINY, [30])
    for bias in samples.weights.biases[:-1]:
        assert (bias == bias[:, :1]).all()
        assert len(bias[:, 0].unique()) > 10


def test_zero_biases_are_zero_everywhere():
    [samples] = draw("ties", TINY, [10], ties="zero-biases")
    assert all((bias == 0).all() for bias in samples.weights.biases)
    assert (samples.weights.tensors["W1"] != 0).all()


@pytest.mark.parametrize("bits", [None, 1, 2, 5])
def test_quantised_entries_have_their_levels(bits):
    options = {} if bits is None else {"bits": bits}
    [samples] = draw("ties", TINY, [200], ties="quantised", **options)
    levels = samples.weights.flat().unique()
    count = 2 ** (bits or 2)
    assert levels.tolist() == [-1 + 2 * number / count for number in range(count)]
    assert not in_general_position(samples.weights)


@pytest.mark.parametrize("space", [None, mlp(2, 4, 4, 3, activation="tanh")], ids=str)
def test_twins_of_prop_6_2_are_refinement_equivalent_in_two_orbits(space):
    batches = draw("prop-6.2-twins", space, [20, 12, 5])
    constants = []
    for samples in batches:
        own, all_vectors = samples.weights.space, vectors(samples)
        assert own == (space or TINY)
        classes = refine(own, all_vectors).classes()
        sizes = np.bincount(classes)
        assert sorted(sizes) == [1] * (len(all_vectors) % 2) + [2] * (len(all_vectors) // 2)
        for number in np.flatnonzero(sizes == 2):
            v, w = (all_vectors[index] for index in np.flatnonzero(classes == number))
            assert same_orbit(own, v, w).answer == "different"
            ranks = {rank(np.sign(np.abs(each["W2"])).astype(int), "Q") for each in (v, w)}
            assert ranks == {2, 3}
        constants += [tuple(np.unique(np.abs(vector["W2"]))) + tuple(vector["W1"][0]) for vector in all_vectors]
        x = torch.linspace(-1, 1, 7, dtype=torch.float64).unsqueeze(1).expand(7, own.widths[0])
        values = realise(samples.weights, x)
        for number in np.flatnonzero(sizes == 2):
            one, other = np.flatnonzero(classes == number)
            torch.testing.assert_close(values[one], values[other], rtol=1e-14, atol=1e-14)
    assert len(set(constants)) == 10 + 6 + 3  # no draw of the constants comes twice, in whichever batch


def test_twins_are_relabelled_and_in_random_order():
    [samples] = draw("prop-6.2-twins", None, [40])
    patterns = {(vector["W2"] != 0).tobytes() for vector in vectors(samples)}
    assert len(patterns) > 10
    ranks = [rank((vector["W2"] != 0).astype(int), "Q") for vector in vectors(samples)]
    assert ranks.count(2) == ranks.count(3) == 20
    assert ranks != [2, 3] * 20 and ranks != [3, 2] * 20


def test_distinct_biases_put_the_twins_into_general_position():
    [samples] = draw("prop-6.2-twins", None, [20], biases="distinct")
    assert in_general_position(samples.weights)
    assert sorted(np.bincount(refine(TINY, vectors(samples)).classes())) == [1] * 20


@pytest.mark.parametrize(
    ("by", "activation"),
    [("relu-rescaling", "relu"), ("sign-flip", "tanh"), ("dead-neuron", "sine"), ("split-neuron", "gelu")],
)
def test_function_twins_compute_one_function_and_are_not_one_orbit(by, activation):
    space = mlp(2, 4, 3, 2, activation=activation)
    [samples] = draw("function-equal-twins", space, [20], by=by)
    x = torch.from_numpy(np.random.default_rng(0).uniform(-2, 2, (30, 2)))
    values = realise(samples.weights, x).flatten(1)
    distances = torch.cdist(values, values)
    partners = (distances < 1e-10).sum(dim=1)
    assert (partners == 2).all()
    all_vectors = vectors(samples)
    for index in range(20):
        other = next(n for n in range(20) if n != index and distances[index, n] < 1e-10)
        assert same_orbit(space, all_vectors[index], all_vectors[other]).answer == "different"


@pytest.mark.parametrize("jitter", [0.0, 0.125, 0.5])
@pytest.mark.parametrize("width", [2, 5, 8, 64])
def test_teeth_use_every_piece_that_their_network_has(width, jitter):
    space = mlp(1, width, 1)
    [samples] = draw("teeth", space, [20], jitter=jitter)
    assert in_general_position(samples.weights)
    v = samples.weights
    assert torch.equal(v.to(torch.float32).to(torch.float64).flat(), v.flat())
    for number, vector in enumerate(vectors(samples)):
        kinks = np.sort(-vector["b1"] / vector["W1"][:, 0])
        assert (np.diff(kinks) > 0).all() and kinks[0] > -1 and kinks[-1] < 1
        ends = torch.from_numpy(np.array([-2.0, *kinks, 2.0])).unsqueeze(1)
        values = realise(v[[number]], ends)[0, :, 0].numpy()
        slopes = np.diff(values) / np.diff(ends[:, 0].numpy())
        assert slopes[0] == 0
        assert (slopes[1:-1] * slopes[2:] < 0).all()
        heights = values[1:-1] * np.resize([1, -1], width) * np.sign(values[1])
        assert (heights > 0.49).all() and (heights < 1.01).all()


def test_doubled_teeth_overflow_one_network_and_nearly_fit_into_two():
    """The exact floor for a (1, 8, 1) network, and for the mean of two and of four."""
    space = mlp(1, 8, 1)
    [samples] = draw("teeth", space, [10])
    target = TARGETS["tooth-doubling"]
    x = torch.linspace(-1, 1, 257, dtype=torch.float64).unsqueeze(1)
    values = target.value(target.parameters(), samples, x).squeeze(2).numpy()
    floors = [l2_floor(x[:, 0].numpy(), values, pieces(k, 8)) / values.var() for k in (1, 2, 4)]
    assert floors[0] > 0.05
    assert floors[1] < 0.01
    assert floors[2] < 1e-20


REFUSED = [
    ("teeth", {}, TINY, "(1, n, 1)"),
    ("teeth", {}, mlp(2, 8, 1), "(1, n, 1)"),
    ("teeth", {}, mlp(1, 8, 1, activation="abs"), "(1, n, 1)"),
    ("teeth", {}, None, "names none"),
    ("general-position", {}, None, "names none"),
    ("general-position", {}, transformer_block(1, 2, 2, 2, 2), "head, key, value of the check's space"),
    ("ties", {}, None, "names none"),
    ("ties", {"bits": 2}, TINY, '"ties: quantised"'),
    ("prop-6.2-twins", {}, mlp(1, 8, 8, 1), "hidden widths (4, 4)"),
    ("prop-6.2-twins", {}, conv_net(1, 3, 2), "hidden widths (4, 4)"),
    ("function-equal-twins", {}, mlp(1, 4, 1, activation="tanh"), "relu-rescaling keeps the function for relu"),
    ("function-equal-twins", {"by": "sign-flip"}, TINY, "sign-flip keeps the function for identity, tanh"),
    ("function-equal-twins", {}, None, "names none"),
    ("digits-inr", {}, TINY, "leave `space` out"),
    ("digits-classifiers", {}, TINY, "leave `space` out"),
]


@pytest.mark.parametrize(("name", "parameters", "space", "words"), REFUSED)
def test_a_space_that_does_not_fit_is_refused(name, parameters, space, words):
    regime = REGIMES[name]
    with pytest.raises(SuiteValueError) as caught:
        regime.space(regime.parameters(**parameters), space)
    assert words in str(caught.value)
    assert all(path and path[0] in ("space", "regime") for path, _ in caught.value.problems)


def test_zoo_regimes_know_their_zoos():
    inrs, classifiers = REGIMES["digits-inr"], REGIMES["digits-classifiers"]
    assert inrs.limit(inrs.parameters()) == 1797
    assert inrs.space(inrs.parameters(), None) == mlp(2, 32, 32, 1, activation="sine")
    assert inrs.space(inrs.parameters(), mlp(2, 32, 32, 1, activation="sine")) == mlp(2, 32, 32, 1, activation="sine")
    groups = ClassifiersParameters.model_json_schema()["properties"]["group"]["enum"]
    assert groups == list(ZOOS["digits-classifiers"].spaces)
    for group, space in ZOOS["digits-classifiers"].spaces.items():
        assert classifiers.space(classifiers.parameters(group=group), None) == space
    assert REGIMES["general-position"].limit(REGIMES["general-position"].parameters()) is None


@pytest.mark.parametrize(
    ("name", "count"), [pytest.param("digits-inr", 1797, marks=pytest.mark.long), ("digits-classifiers", 128)]
)
def test_zoo_batches_are_disjoint_networks_with_their_own_metadata(name, count, real):
    population = real("digits-inr" if name == "digits-inr" else "digits-classifiers/64-16-10")
    sizes = [count - 40, 30, 10]
    batches = draw(name, None, sizes)
    assert [samples.weights.batch for samples in batches] == sizes
    row_of = {row.numpy().tobytes(): number for number, row in enumerate(population.weights.flat())}
    assert len(row_of) == count
    seen = []
    for samples in batches:
        assert samples.weights.dtype == torch.float64
        rows = [row_of[row.numpy().tobytes()] for row in samples.weights.to(torch.float32).flat()]
        for key in REGIMES[name].metadata:
            assert torch.equal(samples.metadata[key], population.metadata[key][rows])
        seen += rows
    assert sorted(seen) == list(range(count)) and seen != sorted(seen)
    with pytest.raises(SuiteValueError, match=f"{count} networks, {count + 1} are asked for"):
        draw(name, None, [count, 1])


def test_importing_regimes_costs_no_torch():
    code = (
        "import sys\nfrom orbitcheck.harness.regimes import REGIMES\nfrom orbitcheck.harness.weights.space import mlp\n"
        "tiny = mlp(1, 4, 4, 1)\n"
        "for name, regime in REGIMES.items():\n"
        "    chosen = regime.parameters(**({'zoo': 'digits-inr'} if name == 'zoo' else {}))\n"
        "    regime.space(chosen, None if name.startswith(('digits', 'diabetes', 'zoo')) else mlp(1, 4, 1) if name == 'teeth' else tiny)\n"
        "    regime.limit(chosen)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("space", [TINY, transformer_block(1, 3, 2, 2, 3), recurrent(1, 4, 1)], ids=str)
def test_vectors_of_order_one_have_ties_that_one_round_undoes(space):
    regime = REGIMES["general-position"]
    parameters = regime.parameters(order=1)
    assert regime.space(parameters, space) == space
    first, second = regime.draw(parameters, space, [6, 3], np.random.default_rng(0))
    assert (first.weights.batch, second.weights.batch) == (6, 3)
    found = audit(space, {name: tensor[..., 0].numpy() for name, tensor in first.weights.items()})
    assert found.rounds.tolist() == [1] * 6 and not found.general_position.any()


def test_rows_of_order_zero_are_those_from_before_there_were_others():
    parameters = REGIMES["general-position"].parameters
    assert parameters().model_dump(mode="json") == {"entries": "spread"}
    assert parameters(order=2).model_dump(mode="json") == {"entries": "spread", "order": 2}


def test_an_order_that_too_few_vectors_have_is_refused():
    """Nothing but one tied bias tells the indices apart, in whatever round."""
    space = WeightSpace((("b", ("n",)),), (("n", 4),), ("n",))
    with pytest.raises(SuiteValueError, match="are of order 1; ask for a higher one"):
        REGIMES["general-position"].draw(
            REGIMES["general-position"].parameters(order=1, entries="ternary"), space, [2], np.random.default_rng(0)
        )
