"""The floor: the matrix products in an architecture's formulas, of the same shapes, to be timed bare.

Of networks whose formulas decompose matrices (QR, SVD) these decompositions are in it, too. What is left out is all else that a network does: pooling, broadcasting, activations, normalisation, sorting tensors,
autograd. For forward + backward each product brings those of its two gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from math import prod
from typing import NamedTuple

import torch

from orbitcheck import WeightSpace
from orbitcheck.architectures import linear, monomial_nfn, unf

HEADS, FEEDFORWARD, HEAD, OUTPUTS = 4, 4, 128, 4
"""Sizes at which the networks are built: heads of attention, feed-forward over C, hidden width of the read-out, its outputs."""


class Product(NamedTuple):
    """`[batch, m, k] @ [batch, k, n]`; `needs` and `learns`: whether the left and the right side need a gradient."""

    m: int
    k: int
    n: int
    batch: int = 1
    needs: bool = True
    learns: bool = True


class Decomposition(NamedTuple):
    """Of `[batch, m, k]` matrices: `qr` or `svd`, with which a formula is as much at a price as with products; weights need no gradient."""

    kind: str
    m: int
    k: int
    batch: int
    dtype: torch.dtype


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


def of_monomial(s: Sizes, signs: bool) -> list[Product]:
    """Per layer one for each type of each neuron layer, one for each inner matrix, one for b_L."""
    layout, found = linear.Layout(s.space, permute_ends=False), []
    widths, last = s.space.widths, len(layout.widths) - 1
    for number in range(s.depth):
        c, needs = (1, False) if number == 0 else (s.channels, True)
        for i, width in enumerate(layout.widths):
            ends = widths[0] if i == 0 else 0, widths[-1] if i == last else 0
            for slots in monomial_nfn.of_neuron(*ends, signs=signs):
                found.append(Product(s.batch * width, slots * c, slots * s.channels, needs=needs))
        for before, after in pairwise(layout.widths):
            found.append(Product(s.batch * after * before, c, s.channels, needs=needs))
        found.append(Product(s.batch, layout.fixed * c, layout.fixed * s.channels, needs=needs))
    return [*found, *head(s, layout.means * s.channels)]


def of_magep(s: Sizes, signs: bool) -> list[Product]:
    """Per layer the three sweeps and the norm's, two and one for each Q and R, and the maps of channels; the list of invariants."""
    n, C = s.space.widths, s.channels
    L, first, last = len(n) - 1, n[0], n[-1]

    def per_channel(c: int, needs: bool) -> Callable[..., Product]:
        return lambda m, k, j, left=needs, right=needs: Product(m, k, j, s.batch * c, left, right)

    def sweeps(c: int, needs: bool) -> list[Product]:
        of = per_channel(c, needs)
        along = [
            each
            for before, after in pairwise(n[1:])
            for each in (of(after, before, first), *[of(after, before, 1)] * 2)
        ]
        return [*along, *(of(last, after, before) for before, after in pairwise(n[:-1]))]

    def term(c: int, needs: bool, i: int, t: int) -> list[Product]:
        of = per_channel(c, needs)
        return [of(n[i], first, last, needs, True), of(n[i], last, n[t], True, needs), of(1, last, n[t], True, needs)]

    def invariants(c: int, needs: bool) -> list[Product]:
        return [*term(c, needs, L, 0), *(per_channel(c, needs)(last, width, 1) for width in n[1:-1])]

    size = 3 * first * last + 2 * last + L - 1
    found: list[Product] = []
    for number in range(s.depth):
        c, needs = (1, False) if number == 0 else (C, True)
        found += [*sweeps(c, needs), *invariants(c, needs), Product(s.batch, size * c, last * C)]
        for i in range(1, L + 1):
            found += term(c, needs, i, i - 1)
            shared = last if signs and i == L - 1 else 0
            if i == 1:
                found.append(Product(s.batch * n[1], (3 * first + 1 + shared) * c, (first + 1) * C))
            elif i < L:
                found += [*term(c, needs, i, 0), Product(s.batch * n[i] * n[i - 1], 3 * c, C)]
                found.append(Product(s.batch * n[i], (3 * first + 2 + shared) * c, C))
        found.append(Product(s.batch * n[-2], (3 * last + signs) * c, last * C))
    return [*found, *sweeps(C, True), *invariants(C, True), *head(s, size * C)]


def of_mlp(rows: int, *widths: int, needs: bool = True) -> list[Product]:
    """An MLP on so many rows."""
    return [Product(rows, before, after, needs=needs or i > 0) for i, (before, after) in enumerate(pairwise(widths))]


def factors(space: WeightSpace) -> list[tuple[int, int, int]]:
    """n, m and r of each pair."""
    return [
        (space.shapes[f"B{i}"][0], space.shapes[f"A{i}"][1], space.shapes[f"A{i}"][0])
        for i in range(1, len(space.tensors) // 2 + 1)
    ]


def of_gl_net(s: Sizes) -> list[Product]:
    """Per block Phi U and Psi V, and one of one column for each gate (beside a sum); then one layer more, U V^T, and the head."""
    h, found, pairs = s.channels, [], factors(s.space)
    for n, m, r in pairs:
        found += [Product(s.batch * r, n, h, needs=False), Product(s.batch * r, m, h, needs=False)]
        found += [Product(s.batch * r, h, h)] * 2 * s.depth
        found += [Product(h, r, 1, s.batch)] * 2 * s.depth
        found.append(Product(h, r, h, s.batch))
    return [*found, *head(s, len(pairs) * h * h)]


def of_gl_spectral(s: Sizes) -> list[Product]:
    """Gram matrices and their product, two projections, and a product of r columns for each a; solutions of r equations are left out."""
    h, found, pairs = s.channels, [], factors(s.space)
    for n, m, r in pairs:
        found += [Product(r, rows, r, s.batch, False, False) for rows in (n, m, r)]
        found += [Product(s.batch * r, rows, h, needs=False) for rows in (n, m)]
        found += [Product(h, r, h, s.batch)] * 3
    return [*found, *head(s, len(pairs) * 3 * h * h)]


def of_singular(s: Sizes, n: int, m: int, r: int, dtype: torch.dtype) -> list[Product | Decomposition]:
    """QR of both factors, `R_U R_V^T`, its SVD, and its singular vectors in the space of the update."""
    decomposed = [Decomposition(kind, rows, r, s.batch, dtype) for kind, rows in (("qr", n), ("qr", m), ("svd", r))]
    return [*decomposed, *(Product(rows, r, r, s.batch, False, False) for rows in (r, n, m))]


def of_gl_align(s: Sizes) -> list[Product | Decomposition]:
    """The singular form, the cross-Gram, its SVD and the rotation, and an MLP on all entries."""
    found: list[Product | Decomposition] = []
    entries = 0
    for n, m, r in factors(s.space):
        found += [*of_singular(s, n, m, r, torch.float32), Decomposition("svd", r, r, s.batch, torch.float32)]
        found += [Product(*shape, s.batch, False, False) for shape in ((r, n + m, r), (r, r, r), (n + m, r, r))]
        entries += (n + m) * r
    return [*found, *of_mlp(s.batch, entries, *[s.channels] * s.depth, OUTPUTS, needs=False)]


def of_w2t(s: Sizes) -> list[Product | Decomposition]:
    """The singular form in double precision, encoders over directions and over updates, pools and the head."""
    H, pairs = s.channels, factors(s.space)
    found: list[Product | Decomposition] = []

    def encoder(tokens: int) -> list[Product]:
        attention = [Product(tokens, H // 4, tokens, s.batch * 4), Product(tokens, tokens, H // 4, s.batch * 4)]
        return [
            Product(s.batch * tokens, H, 3 * H),
            *attention,
            Product(s.batch * tokens, H, H),
            *of_mlp(s.batch * tokens, H, 2 * H, H),
        ]

    def pool(tokens: int) -> list[Product]:
        return [Product(1, tokens, H, s.batch)]

    for n, m, r in pairs:
        rows = s.batch * r
        found += [
            *of_singular(s, n, m, r, torch.float64),
            *(Product(rows, each, H, needs=False) for each in (n, m, 2, 2)),
            Product(rows, 2 * H, H),
        ]
        found += [*encoder(r) * s.depth, *pool(r)]
    return [*found, *encoder(len(pairs)), *pool(len(pairs)), *head(s, H)]


def of_transformer_nfn(s: Sizes) -> list[Product]:
    """Per layer the products of every head, invariants, four maps of the stream, and what goes to A, a, B and b."""
    D, h, n, m, k = (s.space.size[axis] for axis in ("model", "head", "key", "value", "hidden"))
    B, C, found = s.batch, s.channels, []

    def invariants(c: int, needs: bool) -> list[Product]:
        heads = [Product(D, inner, D, B * h * c, needs, needs) for inner in (n, m)]
        return [*heads, *(Product(B, inputs, C, needs=needs) for inputs in (D * D * c, *[D * c] * 3, c, c))]

    for number in range(s.depth):
        c, needs = (1, False) if number == 0 else (C, True)
        found += invariants(c, needs) + [Product(B, 6 * C, C)] * 2 + [Product(B, 6 * C, D * C)] * 2
        found += [Product(B * rows, D * c, D * C, needs=needs) for rows in (h * n, h * n, h * m, k)]
        found += [Product(B * rows, c, C, needs=needs) for rows in (h * m * D, h * m, k * D, D, k, k, k, k)]
        found += [Product(B * rows, D * c, C, needs=needs) for rows in (D, k, k)]
        found += [Product(B * k, c, D * C, needs=needs)] * 2
    return [*found, *invariants(C, True), *head(s, 6 * C)]


def of_block_nfn(s: Sizes) -> list[Product]:
    """The products of every head, MLPs of heads and of units in every round, and the head."""
    D, h, n, m, k = (s.space.size[axis] for axis in ("model", "head", "key", "value", "hidden"))
    B, F = s.batch, s.channels
    found = [Product(rows, inner, D, B * h, False, False) for rows, inner in ((D + 1, n), (D, m))]
    found += [Product(D, h * m, 1, B, False, False)]
    found += [Product(B * h, inputs, F, needs=False) for inputs in ((D + 1) * D, D * D)]
    found += [*of_mlp(B * h, 2 * F, F, F), *of_mlp(B * k, 2 * D + 1, F, F, needs=False)]
    rounds = [Product(B, 2 * F + 2 * D, F), *of_mlp(B * h, 2 * F, F, F), *of_mlp(B * k, 2 * F, F, F)]
    return [*found, *rounds * s.depth, *head(s, 2 * F + 2 * D)]


def of_probe_gen(s: Sizes) -> list[Product]:
    """The generator, the network on 64 probes, the MLP on what it answers."""
    probes, n = 64, s.space.widths
    runs = [Product(probes, before, after, s.batch, learns=False) for before, after in pairwise(n)]
    return [*of_mlp(probes, 32, 32, n[0]), *runs, *of_mlp(s.batch, probes * n[-1], *[s.channels] * s.depth, OUTPUTS)]


def of_probe_x(s: Sizes) -> list[Product]:
    """Two of probes for each tensor as a matrix, one to its representation; one more."""
    found, probes = [], 8
    for shape in s.space.shapes.values():
        n, m = shape[0], prod(shape[1:])
        found += [Product(probes, n, m, s.batch, learns=False), Product(s.batch * probes, m, probes)]
        found.append(Product(s.batch, probes * probes, s.channels))
    return [*found, Product(s.batch, s.channels, OUTPUTS)]


def of_sane(s: Sizes) -> list[Product]:
    """Tokens of 8 numbers in, attention over all of them and an MLP in every block, latents, and one more."""
    C, token, n = s.channels, 8, s.space.widths
    tokens = sum(after * -(-(before + 1) // token) for before, after in pairwise(n))
    rows = s.batch * tokens
    block = [Product(rows, C, 3 * C), Product(tokens, C, tokens, s.batch), Product(tokens, tokens, C, s.batch)]
    block += [Product(rows, C, C), *of_mlp(rows, C, 2 * C, C)]
    return [Product(rows, token, C, needs=False), *block * s.depth, Product(rows, C, C), Product(s.batch, C, OUTPUTS)]


def floor(products: Iterable[Product | Decomposition], backward: bool) -> Callable[[], None]:
    """A call that does just these products, and for the backward pass those of their gradients."""
    operands, decomposed = [], []
    for each in products:
        if isinstance(each, Decomposition):
            decompose = torch.linalg.qr if each.kind == "qr" else torch.linalg.svd
            decomposed.append((decompose, torch.randn(each.batch, each.m, each.k, dtype=each.dtype)))
            continue
        m, k, n, batch, needs, learns = each
        left, right, gradient = torch.randn(batch, m, k), torch.randn(batch, n, k).mT, torch.randn(batch, m, n)
        if batch == 1:
            left, right, gradient = left[0], right[0], gradient[0]
        operands.append((left, right, gradient, backward and needs, backward and learns))

    def call() -> None:
        for decompose, matrix in decomposed:
            decompose(matrix)
        for left, right, gradient, needs, learns in operands:
            torch.matmul(left, right)
            if learns:
                torch.matmul(gradient.mT, left)
            if needs:
                torch.matmul(gradient, right.mT)

    return call
