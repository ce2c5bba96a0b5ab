"""Which refinement the built-in networks have beyond MLPs: `unf` the joint one, `gmn` that of its parameter graph, and not each other's.

Off MLPs the equivalence of the two (theorem 5.2 of arXiv 2602.01083 is about MLPs) does not carry over: the smallest pair is a directed
4-cycle against two swaps as the memory of a recurrent network.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from orbitcheck.architectures.gmn import GMN
from orbitcheck.architectures.unf import UNF
from orbitcheck.harness.oracles.tuples.colouring import KINDS, colour
from orbitcheck.harness.plugins.outputs import Invariant
from orbitcheck.harness.weights.batch import Weights
from orbitcheck.harness.weights.space import WeightSpace
from orbitcheck.harness.weights.spaces import conv_net, recurrent, residual_mlp, transformer_block

sys.path.insert(0, str(Path(__file__).parents[1] / "oracles"))

from space_cases import drawn, hard_pairs, moved_by

RATIO = 1e3
"""Between the least gap across classes and the largest distance within one."""


def outputs(kind: str, space: WeightSpace, arrays: dict[str, np.ndarray], gain: float, seed: int) -> np.ndarray:
    torch.manual_seed(seed)
    network = {"joint": UNF, "split": GMN}[kind](space, Invariant(8)).double()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.mul_(gain)
        nets = Weights(space, {n: torch.from_numpy(a)[..., None] for n, a in arrays.items()})
        return network(nets).numpy()


def gaps(kind: str, space: WeightSpace, arrays: dict[str, np.ndarray], classes: np.ndarray) -> tuple[float, float]:
    """Over draws of the parameters the largest ratio of the least distance across classes to the largest one within a class, and
    the largest distance within a class over the size of the outputs."""
    best, within = 0.0, 0.0
    for seed, gain in enumerate((1.0, 2.0, 3.0)):
        out = outputs(kind, space, arrays, gain, seed)
        apart = np.abs(out[:, None] - out[None]).max(axis=-1)
        same = classes[:, None] == classes[None]
        noise = max(apart[same].max(), 1e-15 * np.abs(out).max())
        best = max(best, (apart[~same].min() if (~same).any() else np.inf) / noise)
        within = max(within, apart[same].max() / np.abs(out).max())
    return best, within


def permutations_of(
    space: WeightSpace, names: tuple[str, ...], rng: np.random.Generator, count: int
) -> dict[str, np.ndarray]:
    """Nets that are constant but for sums of permutations."""
    arrays = {n: np.ones((count, *s)) for n, s in space.shapes.items()}
    for name in names:
        n = space.shapes[name][0]
        for net in arrays[name]:
            net[:] = sum(np.eye(n)[rng.permutation(n)] for _ in range(rng.integers(1, 3)))
    return arrays


def family(name: str) -> tuple[WeightSpace, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    if name == "recurrent, permutations":
        space = recurrent(1, 4, 1)
        return space, permutations_of(space, ("R1",), rng, 40)
    if name == "residual, permutations":
        space = residual_mlp(1, 4, (4,), 1)
        return space, permutations_of(space, ("A1", "B1"), rng, 40)
    space = {
        "recurrent": recurrent(1, 3, 1),
        "conv": conv_net(1, 2, 3, 1),
        "residual": residual_mlp(1, 3, (2,), 1),
        "block": transformer_block(1, 2, 2, 2, 2),
    }[name]
    return space, drawn(space, 24, rng)


FAMILIES = ("recurrent", "recurrent, permutations", "conv", "residual", "residual, permutations", "block")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_whole_partitions_are_those_of_the_oracle(name, kind):
    space, arrays = family(name)
    best, within = gaps(kind, space, arrays, colour(space, arrays, kind).classes())
    assert within < 1e-9, "no class is split"
    assert best > RATIO, "none that the oracle parts is missed"


def test_the_partitions_of_the_two_differ_where_an_axis_stands_twice_or_is_read_in_both_orders():
    for name in FAMILIES:
        space, arrays = family(name)
        joint, split = (colour(space, arrays, kind).classes().max() for kind in KINDS)
        assert (joint > split) == ("permutations" in name)


def test_the_smallest_pair_that_only_gmn_is_blind_to():
    space, v, w = next(each for each in hard_pairs() if each[0] == recurrent(1, 4, 1))
    rng = np.random.default_rng(1)
    nets = [moved_by(space, u, rng) for u in (v, v, w, w)]
    arrays = {n: np.stack([u[n] for u in nets]) for n in space.axes}
    seen = {kind: gaps(kind, space, arrays, np.array([0, 0, 1, 1]))[0] for kind in KINDS}
    assert seen["joint"] > RATIO
    assert seen["split"] < 10
