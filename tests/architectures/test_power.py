"""What the 1-WL families can tell apart: the exhaustive 4x4 bank, the round ladder against the declared rounds, the direction.

A gap far above what relabelling neurons does to the output decides; sizes and draws as in protocol.md, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from bank import binary_classes

from orbitcheck import Invariant, Weights, act, mlp, random_elements
from orbitcheck.architectures.dws import DWS
from orbitcheck.architectures.gmn import GMN
from orbitcheck.architectures.nfn_hnp import NFNHNP
from orbitcheck.architectures.nfn_np import NFNNP
from orbitcheck.architectures.ng_gnn import NGGNN
from orbitcheck.architectures.ng_t import NGT
from orbitcheck.architectures.unf import UNF
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.plugins.redraw import GAINS, redraw_

NETWORKS = [DWS, NFNHNP, NFNNP, GMN, NGGNN, NGT, UNF]
COPIES = 6
"""Of each of two nets, to know the noise by."""


def path(m: int) -> np.ndarray:
    """Biadjacency of the path with 2 m vertices."""
    return np.eye(m) + np.eye(m, k=-1)


def cycle(m: int) -> np.ndarray:
    """Biadjacency of the cycle with 2 m vertices."""
    return np.eye(m) + np.roll(np.eye(m), 1, axis=1)


def union(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.block([[a, np.zeros((len(a), len(b)))], [np.zeros((len(b), len(a))), b]])


def ladder(t: int) -> tuple[np.ndarray, np.ndarray]:
    """Two middle layers that refinement parts in round t exactly (theory.md, section 5)."""
    return union(path(t - 1), cycle(3)), union(path(t), cycle(2))


def ratios(
    network: type,
    options: dict,
    middles: Sequence[np.ndarray],
    draws: int,
    left: int | None = None,
    each: int = COPIES,
) -> np.ndarray:
    """`[n, n]`: the largest ratio, over draws of parameters, of the distance of two nets to the noise within orbits.

    Ends before the last draw where only `left` pairs are not parted yet: more draws only raise it.
    """
    n = len(middles[0])
    space = mlp(1, n, n, 1)
    around = {
        "W1": np.ones((n, 1)),
        "b1": np.full(n, 0.5),
        "b2": np.full(n, 0.25),
        "W3": np.ones((1, n)),
        "b3": np.full(1, 0.125),
    }
    v = Weights.from_arrays(space, [{**around, "W2": middle} for middle in middles for _ in range(each)])
    best = np.zeros((len(middles), len(middles)))
    for draw in range(draws):
        built = (
            as_architecture(network).with_options(options).build(space, Invariant(8), seed=draw, dtype=torch.float64)
        )
        redraw_(built, draw, GAINS[draw % len(GAINS)])
        moved = act(random_elements(space, v.batch, np.random.default_rng(draw)), v)
        with torch.no_grad():
            seen = built(moved).unflatten(0, (len(middles), each))
        norm = seen.norm(dim=-1).mean().item()
        within = torch.cdist(seen, seen, compute_mode="donot_use_mm_for_euclid_dist").max().item()
        floor = max(within, 4 * 2.0**-53 * norm)
        assert floor / norm < 1e-9
        between = torch.cdist(seen[:, 0], seen[:, 1], compute_mode="donot_use_mm_for_euclid_dist")
        best = np.maximum(best, (torch.minimum(between, between.T) / floor).numpy())
        if left is not None and np.count_nonzero(np.triu(best < 1e3, 1)) <= left:
            break
    return best


def parted(network: type, options: dict, pair: tuple[np.ndarray, np.ndarray], draws: int = 8) -> float:
    return ratios(network, options, pair, draws)[0, 1]


def is_parted(network: type, options: dict, pair: tuple[np.ndarray, np.ndarray], draws: int = 8) -> bool:
    """In one of so many draws; those after it are not taken."""
    return bool(ratios(network, options, pair, draws, left=0)[0, 1] >= 1e3)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("t", [2, 3, 4])
def test_defaults_part_the_ladder_up_to_round_four(network: type, t: int) -> None:
    low, high = as_architecture(network).rounds or (0, 0)
    assert t <= low <= high
    assert is_parted(network, {}, ladder(t), draws=16)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_declared_high_is_where_sight_ends(network: type, depth: int) -> None:
    """A stack sees the ladder's pair of its last round, and of the next one nothing at all."""
    declared = as_architecture(network).with_options({"depth": depth})
    if declared.rounds is None:  # it has no round that it sees in full, and claims none
        assert (depth, declared.traits.power) == (1, "below-1-wl")
    _, high = declared.rounds or (0, depth + 1)
    assert high in (depth, depth + 1)
    assert is_parted(network, {"depth": depth}, ladder(high))
    assert parted(network, {"depth": depth}, ladder(high + 1)) <= 10


def test_without_names_of_the_ends_np_declares_no_round() -> None:
    declared = as_architecture(NFNNP).with_options({"encoding": "none"})
    assert (declared.rounds, declared.traits.power) == (None, "below-1-wl")


@pytest.mark.parametrize("network", NETWORKS)
def test_direction_of_messages_is_seen(network: type) -> None:
    """Equal in-degrees, different out-degrees: only messages that run backwards part them."""
    assert is_parted(network, {}, (np.array([[1.0, 0.0], [1.0, 0.0]]), np.eye(2)), draws=4)


@pytest.mark.parametrize("network", [network for network in NETWORKS if network is not NGT])  # test_ng_t.py asks it
def test_defaults_part_the_whole_bank_but_for_the_one_pair_of_prop_6_2(network: type) -> None:
    classes = binary_classes()
    assert len(classes) == 317
    best = ratios(network, {}, classes, draws=16, left=1, each=2)  # the noise of 317 nets
    first, second = np.nonzero(np.triu(best < 1e3, 1))
    assert len(first) == 1
    a, b = classes[first[0]], classes[second[0]]
    assert parted(network, {}, (a, b), draws=16) <= 10
    assert {np.linalg.matrix_rank(a), np.linalg.matrix_rank(b)} == {2, 3}
    assert (a.sum(0) == 2).all() and (a.sum(1) == 2).all() and (b.sum(0) == 2).all() and (b.sum(1) == 2).all()


@pytest.mark.parametrize(("channels", "blind"), [(1, True), (3, False)])
def test_ng_gnn_needs_three_features(channels, blind):
    """Normalised, one feature is a constant: what the class declares holds from three on, as its docstring says."""
    space = mlp(1, 3, 1)
    network = NGGNN(space, Invariant(4), channels=channels).double()
    outputs = network(
        Weights(space, {name: torch.randn(2, *shape, 1).double() for name, shape in space.shapes.items()})
    )
    assert (float((outputs[0] - outputs[1]).detach().abs().max()) < 1e-12) is blind
