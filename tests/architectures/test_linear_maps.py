"""The linear layer shared by DWS and NFN: the law, completeness against the exact count, and a slow obvious version."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
import torch
from torch.func import functional_call, vmap

from orbitcheck import (
    SpaceError,
    Unsupported,
    Weights,
    WeightSpace,
    act,
    conv_net,
    generators,
    group,
    mlp,
    recurrent,
    residual_mlp,
    transformer_block,
)
from orbitcheck.architectures.axis_partitions import Layout as UNFLayout
from orbitcheck.architectures.axis_partitions import diagonal
from orbitcheck.architectures.dws import DWS
from orbitcheck.architectures.linear import Layout, WeightsLinear, global_means
from orbitcheck.architectures.monomial_nfn import MonomialScaleNFN, MonomialSignNFN
from orbitcheck.architectures.nfn_hnp import NFNHNP
from orbitcheck.architectures.nfn_np import NFNNP
from orbitcheck.architectures.unf import UNF
from orbitcheck.harness.oracles.linear_maps import dimension

# L = 2..5, n_0 and n_L in 1..4, hidden widths from 1 up, where some maps coincide.
SPACES = [
    *(
        mlp(first, hidden, last)
        for first, last, hidden in zip((1, 2, 3, 4, 1, 3), (1, 3, 2, 4, 4, 1), (1, 2, 5, 3, 2, 1), strict=True)
    ),
    *(mlp(first, 3, 2, last) for first, last in product((1, 2, 3, 4), (1, 2, 3, 4))),
    *(mlp(*widths) for widths in [(1, 4, 4, 1), (3, 5, 4, 2), (2, 1, 3, 1), (2, 1, 1, 2), (3, 2, 1, 1)]),
    *(mlp(*widths) for widths in [(3, 5, 4, 6, 2), (1, 2, 2, 2, 1), (4, 1, 3, 2, 3), (2, 2, 1, 1, 4)]),
    *(mlp(*widths) for widths in [(1, 2, 3, 2, 2, 1), (2, 2, 2, 2, 2, 2), (4, 1, 2, 1, 2, 3)]),
]


def basis(space: WeightSpace) -> Weights:
    """The unit vectors of the space, and behind them zero, as one batch."""
    rows = torch.cat(
        [torch.eye(space.parameters, dtype=torch.float64), torch.zeros(1, space.parameters, dtype=torch.float64)]
    )
    parts = rows.split([prod(shape) for shape in space.shapes.values()], dim=1)
    return Weights(
        space,
        {name: part.reshape(-1, *shape, 1) for (name, shape), part in zip(space.shapes.items(), parts, strict=True)},
    )


def realised(layer: torch.nn.Module, space: WeightSpace) -> tuple[int, int]:
    """Dimension of the linear maps `v -> layer(v) - layer(0)`, and of the constants `layer(0)`, over all parameters.

    The layer is linear in its parameters, so their unit vectors span what it can be.
    """
    parameters = {name: parameter.detach() for name, parameter in layer.named_parameters()}
    sizes = [parameter.numel() for parameter in parameters.values()]
    units = torch.eye(sum(sizes), dtype=torch.float64).split(sizes, dim=1)
    batch = {
        name: unit.reshape(-1, *parameter.shape)
        for (name, parameter), unit in zip(parameters.items(), units, strict=True)
    }
    outputs = vmap(lambda drawn: functional_call(layer, drawn, (basis(space),)).flat())(batch)
    constants = outputs[:, -1]
    maps = (outputs[:, :-1] - constants[:, None]).flatten(1)
    return int(torch.linalg.matrix_rank(maps)), int(torch.linalg.matrix_rank(constants))


def layer_of(network: type[DWS | NFNHNP | NFNNP], space: WeightSpace, channels: int = 1) -> torch.nn.Module:
    return network.linear_layer(space, channels, channels).double()


@pytest.mark.parametrize("network", [DWS, NFNHNP, UNF])
@pytest.mark.parametrize("space", SPACES, ids=lambda space: "-".join(map(str, space.widths)))
def test_hidden_neuron_layer_realises_every_equivariant_map(space: WeightSpace, network: type[DWS]) -> None:
    assert realised(layer_of(network, space), space) == dimension(space)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: "-".join(map(str, space.widths)))
@pytest.mark.parametrize(
    ("network", "activation", "symmetry"),
    [(MonomialScaleNFN, "relu", "permutation+scale"), (MonomialSignNFN, "tanh", "permutation+sign")],
    ids=["scale", "sign"],
)
def test_typed_layer_realises_every_map_that_joins_equal_types(space, network, activation, symmetry) -> None:
    space = mlp(*space.widths, activation=activation)
    assert realised(layer_of(network, space), space) == dimension(space, group(space, symmetry))


BEYOND = {
    "conv": conv_net(1, 2, 2, kernel=3),
    "conv-1x1": conv_net(2, 3, 1, 2, kernel=1),
    "residual": residual_mlp(1, 3, (2, 1), 2),
    "recurrent": recurrent(2, 3, 2, 1),
    "recurrent-wide": recurrent(1, 4, 1),
    "attention": transformer_block(1, 2, 3, 2, 2),
    "thrice": WeightSpace((("T", ("a", "a", "a")), ("b", ("a",)), ("s", ())), (("a", 4),), ("a",)),
    "thrice-narrow": WeightSpace((("T", ("a", "a", "a")), ("W", ("a", "f"))), (("a", 2), ("f", 2)), ("a",)),
    "hyperedge": WeightSpace(
        (("T", ("a", "b", "c")), ("W", ("b", "a"))), (("a", 2), ("b", 3), ("c", 2)), ("a", "b", "c")
    ),
    "nothing-moves": WeightSpace((("W", ("f", "g")), ("b", ("f",))), (("f", 2), ("g", 3)), ()),
}


@pytest.mark.parametrize("space", BEYOND.values(), ids=BEYOND)
def test_unf_layer_realises_every_equivariant_map_of_any_space(space: WeightSpace) -> None:
    assert realised(layer_of(UNF, space), space) == dimension(space)


@pytest.mark.parametrize("space", [mlp(3, 4, 2, 3, 2), *BEYOND.values()], ids=["mlp", *BEYOND])
def test_unf_layer_commutes_with_every_generator_on_a_basis(space: WeightSpace) -> None:
    torch.manual_seed(0)
    layer, v = UNF.linear_layer(space, 1, 2).double(), basis(space)
    for g in generators(space):
        torch.testing.assert_close(layer(act(g, v)).flat(), act(g, layer(v)).flat(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("space", [mlp(2, 3, 4), *BEYOND.values()], ids=["mlp", *BEYOND])
@pytest.mark.parametrize("channels", [1, 3])
def test_bundles_lose_nothing(space: WeightSpace, channels: int) -> None:
    layout = UNFLayout(space)
    v = Weights(space, {name: torch.randn(2, *shape, channels) for name, shape in space.shapes.items()})
    assert torch.equal(layout.restore(layout.sort(v, channels), channels).flat(), v.flat())


def test_a_diagonal_is_the_entries_whose_indices_agree() -> None:
    tensor = torch.randn(2, 3, 3, 4, 3, 5)
    got = diagonal(tensor, ((0, 1, 3), (2,)))
    assert got.shape == (2, 3, 4, 5)
    for i, k in product(range(3), range(4)):
        assert torch.equal(got[:, i, k], tensor[:, i, i, k, i])
    crossed = diagonal(tensor, ((0, 3), (1,), (2,)))
    for i, j, k in product(range(3), range(3), range(4)):
        assert torch.equal(crossed[:, i, j, k], tensor[:, i, j, k, i])


@pytest.mark.parametrize("space", SPACES, ids=lambda space: "-".join(map(str, space.widths)))
def test_all_neuron_layer_realises_every_equivariant_map(space: WeightSpace) -> None:
    assert realised(layer_of(NFNNP, space), space) == dimension(space, group=space.size)


def test_published_ranks() -> None:
    space = mlp(3, 5, 4, 6, 2)
    assert [realised(layer_of(network, space), space)[0] for network in (DWS, NFNHNP, NFNNP)] == [196, 196, 100]


@pytest.mark.parametrize("network", [DWS, NFNHNP, NFNNP])
@pytest.mark.parametrize("widths", [(2, 3, 1), (3, 4, 2, 3, 2)])
def test_layer_commutes_with_every_generator_on_a_basis(network: type[DWS], widths: tuple[int, ...]) -> None:
    """A finite proof up to rounding: linear maps that commute with generators on a basis commute everywhere."""
    torch.manual_seed(0)
    space = mlp(*widths)
    if network is NFNNP:
        space = WeightSpace(space.tensors, space.sizes, tuple(space.size), space.activation)
    built = WeightsLinear(Layout(mlp(*widths), permute_ends=network is NFNNP), 1, 2).double()
    v = basis(space)
    for g in generators(space):
        after = act(g, Weights(space, built(Weights(mlp(*widths), v.tensors)).tensors))
        before = built(Weights(mlp(*widths), act(g, v).tensors))
        torch.testing.assert_close(before.flat(), after.flat(), rtol=0, atol=1e-14)


def slow_nfn_np(layer: torch.nn.Module, v: Weights) -> dict[str, np.ndarray]:
    """architectures.md's NP formulas, entry by entry, for one weight vector with one channel in and out."""
    linear = layer.linear
    M, A = ([p.detach().numpy() for p in listed] for listed in (linear.M, linear.A))
    R, r = linear.R.detach().numpy(), linear.r.detach().numpy()
    W = {i: w[0, ..., 0].numpy() for i, w in enumerate(v.weights, 1)}
    b = {i: w[0, ..., 0].numpy() for i, w in enumerate(v.biases, 1)}
    last = len(W)
    constants = R @ np.array([mean for i in W for mean in (b[i].mean(), W[i].mean())]) + r
    out: dict[str, np.ndarray] = {}

    def touching(i: int, j: int) -> np.ndarray:
        """The three terms of neuron j of layer i (missing neighbours dropped), in the order of u_i."""
        here = [b[i][j], W[i][j, :].mean()] if i > 0 else []
        return np.array(here + ([W[i + 1][:, j].mean()] if i < last else []))

    for i in W:
        to_bias, to_row, to_column = M[i][0], M[i][1], M[i - 1][-1]
        of_bias, of_weight = constants[2 * i - 2], constants[2 * i - 1]
        out[f"b{i}"] = np.array([to_bias @ touching(i, j) + of_bias for j in range(len(b[i]))])
        out[f"W{i}"] = np.array(
            [
                [
                    A[i - 1].item() * W[i][j, k] + of_weight + to_column @ touching(i - 1, k) + to_row @ touching(i, j)
                    for k in range(W[i].shape[1])
                ]
                for j in range(W[i].shape[0])
            ]
        )
    return out


def test_np_layer_is_the_formula_of_the_paper() -> None:
    torch.manual_seed(1)
    space = mlp(3, 4, 2, 5, 2)
    layer = layer_of(NFNNP, space)
    v = Weights(space, {name: torch.randn(1, *shape, 1, dtype=torch.float64) for name, shape in space.shapes.items()})
    fast = layer(v).arrays()
    for name, tensor in slow_nfn_np(layer, v).items():
        np.testing.assert_allclose(fast[name], tensor, rtol=0, atol=1e-14)


@pytest.mark.parametrize("permute_ends", [False, True])
@pytest.mark.parametrize("widths", [(2, 3, 4), (1, 1, 1), (3, 4, 2, 2), (2, 3, 4, 5, 6, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_sorting_loses_nothing(permute_ends: bool, widths: tuple[int, ...], channels: int) -> None:
    space = mlp(*widths)
    layout = Layout(space, permute_ends)
    v = Weights(space, {name: torch.randn(2, *shape, channels) for name, shape in space.shapes.items()})
    s = layout.sort(v, channels)
    assert torch.equal(layout.restore(s).flat(), v.flat())
    assert [part.shape[-1] for part in s.own] == [slots * channels for slots in layout.own]
    assert global_means(s).shape == (2, layout.means * channels)


def test_global_vector_holds_the_mean_of_every_tensor() -> None:
    space = mlp(2, 3, 4, 2)
    v = Weights(space, {name: torch.randn(2, *shape, 1) for name, shape in space.shapes.items()})
    mean = {name: tensor.flatten(1).mean(1, keepdim=True) for name, tensor in v.items()}
    everything = [mean[name] for name in ("b1", "W1", "b2", "W2", "b3", "W3")]
    torch.testing.assert_close(global_means(Layout(space, True).sort(v)), torch.cat(everything, 1))
    per_input, per_output = v.weights[0].mean(1).flatten(1), v.weights[-1].mean(2).flatten(1)
    kept = [per_input, mean["b1"], mean["b2"], per_output, mean["W2"], v.biases[-1].flatten(1)]
    torch.testing.assert_close(global_means(Layout(space, False).sort(v)), torch.cat(kept, 1))


def test_wrong_weights_are_refused() -> None:
    layout = Layout(mlp(2, 3, 1), permute_ends=False)
    other = mlp(2, 4, 1)
    zeros = {name: torch.zeros(1, *shape, 1) for name, shape in other.shapes.items()}
    with pytest.raises(SpaceError, match=r"mlp\(2, 4, 1.*mlp\(2, 3, 1"):
        layout.sort(Weights(other, zeros))
    with pytest.raises(SpaceError, match="1 channels given to a network that reads 2"):
        Layout(other, permute_ends=False).sort(Weights(other, zeros), channels=2)


def test_spaces_that_are_no_mlp_are_unsupported() -> None:
    recurrent = WeightSpace((("W", ("h", "h")), ("b", ("h",))), (("h", 3),), ("h",))
    with pytest.raises(Unsupported, match="weights of MLPs only"):
        Layout(recurrent, permute_ends=True)
