"""The floor: the matrix products in an architecture's formulas, of the same shapes, to be timed bare.

What is left out is all else that a network does: pooling, broadcasting, activations, normalisation, sorting tensors,
autograd. For forward + backward each product brings those of its two gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from math import prod
from typing import NamedTuple

import torch

from orbitcheck import WeightSpace
from orbitcheck.architectures import linear, unf

HEADS, FEEDFORWARD, HEAD, OUTPUTS = 4, 4, 128, 4
"""Sizes at which the networks are built: heads of attention, feed-forward over C, hidden width of the read-out, its outputs."""


class Product(NamedTuple):
    """`[batch, m, k] @ [batch, k, n]`; `needs`: whether the left side needs a gradient."""

    m: int
    k: int
    n: int
    batch: int = 1
    needs: bool = True


class Sizes(NamedTuple):
    """Of one cell: the space, batch size, channels C, depth; N neurons and E weights of the whole batch."""

    space: WeightSpace
    batch: int
    channels: int
    depth: int

    @property
    def neurons(self) -> int:
        return self.batch * sum(self.space.widths)

    @property
    def edges(self) -> int:
        return self.batch * sum(after * before for before, after in pairwise(self.space.widths))


def head(s: Sizes, inputs: int) -> list[Product]:
    """The invariant read-out's MLP."""
    return [Product(s.batch, inputs, HEAD), Product(s.batch, HEAD, OUTPUTS)]


def of_linear(s: Sizes, permute_ends: bool) -> list[Product]:
    """DWS, NFN-HNP (ends fixed) and NFN-NP (ends permuted): per neuron layer one, per edge tensor one, one for all means."""
    layout = linear.Layout(s.space, permute_ends)
    slots = [pooled + column for pooled, column in zip(layout.pooled, layout.columns, strict=True)]
    found = []
    for number in range(s.depth):
        c, needs = (1, False) if number == 0 else (s.channels, True)
        for width, touching in zip(layout.widths, slots, strict=True):
            found.append(Product(s.batch * width, touching * c, touching * s.channels, needs=needs))
        for before, after in pairwise(layout.widths):
            found.append(Product(s.batch * after * before, c, s.channels, needs=needs))
        found.append(Product(s.batch, layout.means * c, layout.means * s.channels, needs=needs))
    return [*found, *head(s, layout.means * s.channels)]


def of_unf(s: Sizes) -> list[Product]:
    """One for every key: everything that is read with it to everything that is written with it."""
    layout = unf.Layout(s.space)
    found = []
    for number in range(s.depth):
        c, needs = (1, False) if number == 0 else (s.channels, True)
        for key, terms in layout.writes.items():
            rows = s.batch * prod(s.space.size[axis] for axis in key)
            read, written = sum(layout.width(layout.reads[key])), sum(layout.width(terms))
            found.append(Product(rows, read * c, written * s.channels, needs=needs))
    return [*found, *head(s, sum(layout.width(layout.reads[()])) * s.channels)]


def of_gmn(s: Sizes) -> list[Product]:
    """Per block five on neurons for the ends, four on edges (update, step, two messages), three on neurons to gather them."""
    c = s.channels
    block = [Product(s.neurons, c, 5 * c), Product(s.neurons, 2 * c, c), Product(s.neurons, c, c)]
    block += [Product(s.edges, c, c)] * 4
    ends = [Product(s.neurons, c, 2 * c), Product(s.edges, c, c)]
    return [Product(s.edges, 1, c, needs=False), *block * s.depth, *ends, *head(s, (len(s.space.widths) - 1) * c)]


def of_ng_gnn(s: Sizes) -> list[Product]:
    """Per block on edges an update, its step, and scale and shift both ways; on neurons ends, senders, receivers, PNA."""
    c, widths = s.channels, s.space.widths
    both = 2 * s.neurons - s.batch * (widths[0] + widths[-1])  # neurons that receive, along and against
    block = [Product(s.neurons, c, 2 * c), *[Product(s.neurons, c, c)] * 2]
    block += [Product(s.edges, c, c)] * 6 + [Product(both, c, c)] * 2 + [Product(both, 4 * c, c)]
    return [Product(s.edges, 1, c, needs=False), *block * s.depth, *head(s, (len(widths) - 2 + widths[-1]) * c)]


def of_nft(s: Sizes) -> list[Product]:
    """Per block q, k, v and the MLP of every entry, and dense attention among the rows and columns at every layer."""
    c, widths = s.channels, s.space.widths
    entries = s.batch * s.space.parameters
    block = [Product(entries, c, c)] * 3 + [Product(entries, c, FEEDFORWARD * c), Product(entries, FEEDFORWARD * c, c)]
    for i, width in enumerate(widths):
        tokens = (widths[i - 1] + 1 if i > 0 else 0) + (widths[i + 1] if i + 1 < len(widths) else 0)
        length = width * c // HEADS
        block += [Product(tokens, length, tokens, s.batch * HEADS), Product(tokens, tokens, length, s.batch * HEADS)]
    return [Product(entries, 1, c, needs=False), *block * s.depth, *head(s, len(s.space.tensors) * c)]


def of_ng_t(s: Sizes) -> list[Product]:
    """Per block q, k, v, out and the MLP of every neuron, dense attention, Q, K and M of either direction of an edge, V of
    its weighted sums; the update of edges three more, but in the last block. Weighted sums over edges are no products."""
    c, widths, neurons = s.channels, s.space.widths, sum(s.space.widths)
    directed = 2 * s.edges
    block = [Product(s.neurons, c, 3 * c), Product(s.neurons, c, c)]
    block += [Product(s.neurons, c, FEEDFORWARD * c), Product(s.neurons, FEEDFORWARD * c, c)]
    block += [Product(neurons, c // HEADS, neurons, s.batch * HEADS)]
    block += [Product(neurons, neurons, c // HEADS, s.batch * HEADS)]
    block += [Product(directed, c, c)] * 3 + [Product(HEADS * s.neurons, c, c)]
    update = [Product(directed, c, c)] * 3 + [Product(s.neurons, c, 2 * c)]
    blocks = [*block * s.depth, *update * (s.depth - 1)]
    return [Product(s.edges, 1, c, needs=False), *blocks, *head(s, (len(widths) - 2 + widths[-1]) * c)]


def of_rescaling_gmn(s: Sizes, signs: bool) -> list[Product]:
    """All on neurons: two invariants, and each way 4 of the sent, 3 of the message, 4 of the update, one twice as wide."""
    c, widths = s.channels, s.space.widths
    both = 2 * s.neurons - s.batch * (widths[0] + widths[-1])  # neurons that send, along and against
    invariants = [Product(s.neurons, 2 * c if signs else c, c)] * 2
    passes = [Product(both, c, c)] * 7 + [Product(2 * s.neurons, 2 * c, c)] * 2 + [Product(2 * s.neurons, c, c)] * 2
    runs = [Product(after, before, c, s.batch) for before, after in pairwise(widths)] * 2
    blocks = [*invariants, *passes] * s.depth
    return [*runs, *blocks, *invariants, Product(s.neurons, c, c), *head(s, len(widths) * c)]


def floor(products: Iterable[Product], backward: bool) -> Callable[[], None]:
    """A call that does just these products, and for the backward pass those of their gradients."""
    operands = []
    for m, k, n, batch, needs in products:
        left, right, gradient = torch.randn(batch, m, k), torch.randn(batch, n, k).mT, torch.randn(batch, m, n)
        operands.append((left, right, gradient, needs) if batch > 1 else (left[0], right[0], gradient[0], needs))

    def call() -> None:
        for left, right, gradient, needs in operands:
            torch.matmul(left, right)
            if backward:
                torch.matmul(gradient.mT, left)
                if needs:
                    torch.matmul(gradient, right.mT)

    return call
