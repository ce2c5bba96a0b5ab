"""There and back, every entry; and what is moved in one convention is moved in all."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import (
    SpaceError,
    Weights,
    from_features,
    from_graphs,
    from_layers,
    from_state_dicts,
    mlp,
    recurrent,
    to_features,
    to_graphs,
    to_layers,
    to_state_dicts,
)

SPACE = mlp(2, 4, 3, 5)


def weights(channels: int = 1, batch: int = 3) -> Weights:
    rng = torch.Generator().manual_seed(channels)
    return Weights.from_flat(SPACE, torch.randn(batch, SPACE.parameters * channels, generator=rng))


@pytest.mark.parametrize("channels", [1, 3])
def test_there_and_back(channels):
    v = weights(channels)
    graphs = to_graphs(v)
    back = [
        from_layers(SPACE, to_layers(v)),
        from_layers(SPACE, to_layers(v, "in-out"), "in-out"),
        from_features(SPACE, to_features(v)),
        from_features(SPACE, to_features(v, lambda weights, biases: (weights, biases))),
        from_graphs(SPACE, graphs.x, graphs.edge_attr),
    ]
    assert all(torch.equal(each.flat(), v.flat()) and each.channels == channels for each in back)


def test_layers_and_features_are_laid_out_as_said():
    v = weights(3)
    (weight, bias), *_ = to_layers(v, "in-out")
    assert weight.shape == (3, 2, 4, 3) and bias.shape == (3, 4, 3)
    features = to_features(v)
    assert features.weights[0].shape == (3, 3, 4, 2) and torch.equal(features.weights[0][:, 1], v.weights[0][..., 1])


def test_state_dicts_are_those_of_sequential_networks():
    v = weights()
    states = to_state_dicts(v)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 5)
    )
    net.load_state_dict(states[1])
    assert torch.equal(Weights.from_sequential(net).flat(), v[1].flat())
    assert torch.equal(from_state_dicts(SPACE, states).flat(), v.flat())


@pytest.mark.parametrize("both_ways", [False, True])
def test_graphs_have_an_edge_a_weight_from_reader_to_read(both_ways):
    v = weights()
    graphs = to_graphs(v, both_ways=both_ways)
    nodes, edges = sum(SPACE.widths), sum(array.size for name, array in v.arrays().items() if name[0] == "W")
    assert graphs.x.shape == (3 * nodes, 1) and graphs.edge_index.shape == (2, 3 * edges * (1 + both_ways))
    first_of = np.cumsum([0, *SPACE.widths])
    arrays = v.arrays(2)
    seen = {}
    for source, target, value in zip(*graphs.edge_index.tolist(), graphs.edge_attr[:, 0].tolist(), strict=True):
        seen[source, target] = value
        assert int(graphs.batch[source]) == int(graphs.batch[target])
    for layer in (1, 2, 3):
        for row, column in np.ndindex(*arrays[f"W{layer}"].shape):
            ends = 2 * nodes + int(first_of[layer - 1]) + column, 2 * nodes + int(first_of[layer]) + row
            assert seen[ends] == arrays[f"W{layer}"][row, column]
            assert not both_ways or seen[ends[::-1]] == seen[ends]
    assert graphs.layer[:nodes].tolist() == [0] * 2 + [1] * 4 + [2] * 3 + [3] * 5
    assert graphs.index[:nodes].tolist() == [1, 2, *[0] * 7, 1, 2, 3, 4, 5]
    assert (len(set(vars(graphs))), graphs.num_graphs) == (7, 3)


REFUSED = {
    "convention is one of MLPs": lambda v: to_layers(Weights.from_flat(recurrent(1, 2, 1), torch.zeros(1, recurrent(1, 2, 1).parameters))),
    "2 layers": lambda v: from_layers(SPACE, to_layers(v)[:2]),
    "several|3": lambda v: to_state_dicts(weights(3)),
    "missing: 0.bias; unknown: 0.b": lambda v: from_state_dicts(SPACE, [{("0.b" if k == "0.bias" else k): t for k, t in to_state_dicts(v)[0].items()}]),
    "nodes and": lambda v: from_graphs(SPACE, torch.zeros(5, 1), torch.zeros(5, 1)),
    "at least one": lambda v: from_state_dicts(SPACE, []),
}  # fmt: skip


@pytest.mark.parametrize("told", REFUSED)
def test_what_does_not_fit_is_one_line(told):
    with pytest.raises(SpaceError, match=told) as caught:
        REFUSED[told](weights())
    assert "\n" not in str(caught.value)
