"""Weights as batches of parameter graphs, in the parts and names of PyTorch Geometric, and back; nothing of it is imported."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch

from ..batch import Weights
from ..space import SpaceError, WeightSpace
from .layers import demand_mlp, from_layers


@dataclass(frozen=True)
class Graphs:
    """A batch of parameter graphs, named as PyTorch Geometric names the parts of its batches.

    Args:
        x: `[nodes, C]`: biases; zero at inputs.
        edge_index: `[2, edges]`: from, to.
        edge_attr: `[edges, C]`: weights.
        batch: `[nodes]`: sample of each node.
        layer: `[nodes]`: layer, inputs 0.
        index: `[nodes]`: index of input and output neurons in their layer from 1 on, 0 at hidden ones, which have none.
        num_graphs: samples.

    `torch_geometric.data.Data(**vars(graphs))` is one of theirs.
    """

    x: torch.Tensor
    edge_index: torch.Tensor
    edge_attr: torch.Tensor
    batch: torch.Tensor
    layer: torch.Tensor
    index: torch.Tensor
    num_graphs: int


def to_graphs(v: Weights, *, both_ways: bool = False) -> Graphs:
    """The parameter graphs of a batch, samples one after the other, layers from inputs to outputs.

    Args:
        both_ways: add every edge in the other direction, too, behind all the others.

    Raises:
        SpaceError: no MLP space.
    """
    demand_mlp(v.space)
    widths, samples, device = v.space.widths, v.batch, v.device
    inputs = torch.zeros(samples, widths[0], v.channels, dtype=v.dtype, device=device)
    x = torch.cat([inputs, *v.biases], dim=1)
    starts = [0]
    for width in widths:
        starts.append(starts[-1] + width)
    ends, attributes = [], []
    for number, ((before, here), weight) in enumerate(zip(pairwise(widths), v.weights, strict=True)):
        target, source = torch.meshgrid(torch.arange(here), torch.arange(before), indexing="ij")
        ends.append(torch.stack([source.flatten() + starts[number], target.flatten() + starts[number + 1]]))
        attributes.append(weight.flatten(1, 2))
    edges = torch.cat(ends, dim=1).to(device)
    shifts = torch.arange(samples, device=device) * sum(widths)
    edge_index = (edges[:, None, :] + shifts[None, :, None]).flatten(1)
    edge_attr = torch.cat(attributes, dim=1).flatten(0, 1)
    if both_ways:
        edge_index, edge_attr = torch.cat([edge_index, edge_index.flip(0)], dim=1), torch.cat([edge_attr, edge_attr])
    last = len(widths) - 1
    layer = torch.cat([torch.full((width,), number) for number, width in enumerate(widths)])
    index = torch.cat([torch.arange(1, n + 1) * (number in (0, last)) for number, n in enumerate(widths)])
    return Graphs(
        x.flatten(0, 1),
        edge_index,
        edge_attr,
        torch.arange(samples, device=device).repeat_interleave(sum(widths)),
        layer.repeat(samples).to(device),
        index.repeat(samples).to(device),
        samples,
    )


def from_graphs(space: WeightSpace, x: torch.Tensor, edge_attr: torch.Tensor) -> Weights:
    """The weights whose nodes and edges, in the order of `to_graphs` one way, have these features: the answer of an editor.

    Raises:
        SpaceError: no MLP space, or features of other numbers of nodes or edges.
    """
    demand_mlp(space)
    widths = space.widths
    nodes, edges = sum(widths), sum(before * here for before, here in pairwise(widths))
    if x.shape[0] % nodes or edge_attr.shape[0] != x.shape[0] // nodes * edges:
        raise SpaceError(
            f"{x.shape[0]} nodes and {edge_attr.shape[0]} edges; a graph of {space} has {nodes} and {edges}"
        )
    biases = x.unflatten(0, (-1, nodes)).split(list(widths), dim=1)
    weights = edge_attr.unflatten(0, (-1, edges)).split([before * here for before, here in pairwise(widths)], dim=1)
    shapes = [(here, before) for before, here in pairwise(widths)]
    layers = [
        (weight.unflatten(1, shape), bias) for weight, shape, bias in zip(weights, shapes, biases[1:], strict=True)
    ]
    return from_layers(space, layers)
