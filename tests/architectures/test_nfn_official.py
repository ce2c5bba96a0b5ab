"""The authors' own layers beside ours: with the same coefficients, term by term, the same numbers; and what theirs lack."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
import torch

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, mlp, random_elements
from orbitcheck.architectures.linear import Layout, SortedLinear, WeightsLinear
from orbitcheck.architectures.nfn_official import LAYERS, OfficialLayer, specification
from orbitcheck.architectures.nft import Entries, WeightAttention
from orbitcheck.harness.checks.completeness.measurement import as_matrix, measure
from orbitcheck.harness.oracles.linear_maps import dimension
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.plugins.redraw import redraw_
from orbitcheck.harness.weights.inputs import CONSTRUCTED, constructed

nfn = pytest.importorskip("nfn.layers")

C, D = 2, 3
"""Channels in and out."""
SPACES = [mlp(2, 3, 4), mlp(3, 4, 2, 2), mlp(2, 3, 4, 5, 2), mlp(1, 2, 3, 2, 3, 1)]

Feature = tuple[str, int, int]
"""What a coefficient reads or writes of one neuron layer or of all of v: ("b", n, slot), ("W", n, slot), ("row", ...), ("column", ...)."""
Labels = list[tuple[Feature, int]]
"""Feature and channel of every row or column of a matrix."""


def labels(features: list[Feature], channels: int, channel_first: bool = False) -> Labels:
    return (
        list(product(features, range(channels)))
        if not channel_first
        else [(feature, channel) for channel in range(channels) for feature in features]
    )


class Terms:
    """The package's layer as a list of products `(module, rows, columns)`, in the package's own order of rows and columns."""

    def __init__(self, layer: torch.nn.Module, widths: tuple[int, ...], hnp: bool):
        self.layer, self.widths, self.hnp = layer, widths, hnp
        self.last = len(widths) - 1

    def columns(self, *groups: list[Feature]) -> Labels:
        return [label for group in groups for label in labels(group, C, channel_first=True)]

    def inputs(self, n: int) -> list[Feature]:
        return [("W", n, slot) for slot in range(self.widths[0])]

    def outputs(self, n: int) -> list[Feature]:
        return [("W", n, slot) for slot in range(self.widths[-1])]

    def touching_row(self, n: int) -> Labels:
        """`col_bdcst` of layer n (counted from 1): what touches neuron j of layer n."""
        groups = [[("row", n, 0)], [("b", n, 0)]]
        if n < self.last:
            groups.append([("column", n + 1, 0)])
        if self.hnp and n == self.last - 1:
            groups.append(self.outputs(self.last))
        return self.columns(*groups)

    def touching_column(self, n: int) -> Labels:
        """`row_bdcst` of layer n: what touches neuron k of layer n - 1."""
        groups = [[("column", n, 0)]]
        if n > 1:
            groups += [[("row", n - 1, 0)], [("b", n - 1, 0)]]
        if self.hnp and n == 2:
            groups.append(self.inputs(1))
        return self.columns(*groups)

    def everything(self) -> Labels:
        """`wb_means`, or `rc_inp` of the HNP layer."""
        layers = range(1, self.last + 1)
        groups = [[("mean W", n, 0)] for n in layers] + [[("mean b", n, 0)] for n in layers]
        if self.hnp:
            groups += [
                [("mean W", 1, 1 + slot) for slot in range(self.widths[0])],
                [("mean W", self.last, 1 + slot) for slot in range(self.widths[-1])],
                [("mean b", self.last, 1 + slot) for slot in range(self.widths[-1])],
            ]
        return self.columns(*groups)

    def __iter__(self) -> Iterator[tuple[torch.nn.Module, str, Labels, Labels]]:
        """`(module, kind, rows, columns)`, kind "edge" for `A_i`, "neuron i" for what touches layer i, "all" for g."""
        get = self.layer.get_submodule
        for n in range(1, self.last + 1):
            number = n - 1
            if self.hnp and n == 1:
                seen = [self.inputs(1), [("column", 2, 0)], [("b", 1, 0)]]
                seen += [self.outputs(self.last)] if self.last == 2 else []
                own = labels(self.inputs(1), D, channel_first=True)
                yield get("w0_rpt"), "neuron 1", own, self.columns(*seen)
                yield get("w0_rbdcst"), "all", own, self.everything()
                bias = labels([("b", 1, 0)], D)
                yield get("bias_0"), "neuron 1", bias, self.columns(*seen)
                yield get("bias_0_rc"), "all", bias, self.everything()
            elif self.hnp and n == self.last:
                seen = [self.outputs(n), [("row", n - 1, 0)]]
                seen += [self.inputs(1)] if n == 2 else []
                own = labels(self.outputs(n), D, channel_first=True)
                yield get("wfin_cpt"), f"neuron {n - 1}", own, self.columns(*seen)
                yield get("wfin_cbdcst"), "all", own, self.everything()
                fixed = labels([("b", n, slot) for slot in range(self.widths[-1])], D, channel_first=True)
                yield get("bias_fin_rc"), "all", fixed, self.everything()
            else:
                yield get(f"layer_{number}"), "edge", labels([("W", n, 0)], D), labels([("W", n, 0)], C)
                yield get(f"layer_{number}_rc"), "all", labels([("edge", n, 0)], D), self.everything()
                yield (
                    get(f"layer_{number}_r"),
                    f"neuron {n - 1}",
                    labels([("column", n, 0)], D),
                    self.touching_column(n),
                )
                yield get(f"layer_{number}_c"), f"neuron {n}", labels([("row", n, 0)], D), self.touching_row(n)
                yield get(f"bias_{number}"), f"neuron {n}", labels([("b", n, 0)], D), self.touching_row(n)
                yield get(f"bias_{number}_rc"), "all", labels([("b", n, 0)], D), self.everything()


def ours_with_the_coefficients_of(theirs: torch.nn.Module, layout: Layout) -> WeightsLinear:
    """`linear.py`'s layer whose M_i, A_i, R and r hold the package's coefficients, found by what each reads and writes.

    Where the package reads a mean over inputs or outputs beside the whole vector, its coefficient is shared out equally.
    """
    widths, last, hnp = layout.space.widths, len(layout.space.widths) - 1, not layout.permute_ends
    ours = WeightsLinear(layout, C, D).double()
    linear: SortedLinear = ours.linear
    for parameter in ours.parameters():
        parameter.zero_()

    def own(i: int) -> list[Feature]:
        first = [("W", 1, slot) for slot in range(widths[0])] if hnp and i == 1 else []
        final = [("W", last, slot) for slot in range(widths[-1])] if hnp and i == last - 1 else []
        return [*first, *([("b", i, 0)] if i > 0 else []), *final]

    inner = range(2, last) if hnp else range(1, last + 1)  # edges between two neuron layers
    near = {i: [*own(i), *([("row", i, 0)] if i in inner else [])] for i in layout.layers}
    touching = {i: [*near[i], *([("column", i + 1, 0)] if i + 1 in inner else [])] for i in layout.layers}
    fixed: list[Feature] = [("b", last, slot) for slot in range(widths[-1])] if hnp else []
    means = [*(feature for i in layout.layers for feature in near[i]), *fixed]
    edges = {n: number for number, n in enumerate(inner)}

    def shares(feature: Feature) -> list[tuple[Feature, float]]:
        """The features of ours that one of theirs is a mean of, with the weight of each."""
        what, n, slot = feature
        if what == "mean W":
            if hnp and n in (1, last):
                whole = widths[0] if n == 1 else widths[-1]
                return [(("W", n, slot - 1), 1.0)] if slot else [(("W", n, s), 1 / whole) for s in range(whole)]
            return [(("row", n, 0), 1.0)]
        if what == "mean b":
            if hnp and n == last:
                return (
                    [(("b", n, slot - 1), 1.0)] if slot else [(("b", n, s), 1 / widths[-1]) for s in range(widths[-1])]
                )
            return [(("b", n, 0), 1.0)]
        if hnp and (what, n) == ("row", 1):
            return [(("W", 1, s), 1 / widths[0]) for s in range(widths[0])]
        if hnp and (what, n) == ("column", last):
            return [(("W", last, s), 1 / widths[-1]) for s in range(widths[-1])]
        return [(feature, 1.0)]

    def add(
        matrix: torch.Tensor, rows: list[Feature], columns: list[Feature], term, theirs_rows, theirs_columns
    ) -> None:
        weight = term.weight.reshape(len(theirs_rows), len(theirs_columns))
        for (row, d), line in zip(theirs_rows, weight, strict=True):
            for (column, c), value in zip(theirs_columns, line, strict=True):
                for feature, share in shares(column):
                    matrix[rows.index(row) * D + d, columns.index(feature) * C + c] += share * value

    for term, kind, rows, columns in Terms(theirs, widths, hnp):
        # A term of all of W_l is ours at the rows of W_l, where constants are added.
        rows = [((("row", n, 0) if what == "edge" else (what, n, slot)), d) for (what, n, slot), d in rows]
        if kind == "edge":
            ((_, n, _), _), *_ = rows
            linear.A[edges[n]] += term.weight.reshape(D, C)
            constant = [((("row", n, 0)), d) for d in range(D)]
        elif kind == "all":
            add(linear.R, means, means, term, rows, columns)
            constant = rows
        else:
            i = int(kind.split()[1])
            add(linear.M[list(layout.layers).index(i)], touching[i], touching[i], term, rows, columns)
            constant = [((("row", n, 0) if what == "column" else (what, n, slot)), d) for (what, n, slot), d in rows]
        for (feature, d), value in zip(constant, term.bias, strict=True):
            linear.r[means.index(feature) * D + d] += value
    return ours


def official(layer: str, space, channels: tuple[int, int] = (C, D)) -> OfficialLayer:
    torch.manual_seed(0)
    kind = nfn.HNPLinear if layer == "hnp" else nfn.NPLinear
    return OfficialLayer(space, kind(specification(space), *channels)).double()


def drawn(space, channels: int = C) -> Weights:
    generator = torch.Generator().manual_seed(1)
    shapes = space.shapes.items()
    return Weights(
        space, {n: torch.randn(2, *s, channels, generator=generator, dtype=torch.float64) for n, s in shapes}
    )


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("layer", ["np", "hnp"])
def test_each_term_and_their_sum_are_ours_with_the_same_coefficients(layer, space):
    theirs, v = official(layer, space), drawn(space)
    layout = Layout(space, permute_ends=layer == "np")
    whole = ours_with_the_coefficients_of(theirs.layer, layout)
    torch.testing.assert_close(theirs(v).flat(), whole(v).flat(), rtol=0, atol=1e-13)
    terms = [term for term, *_ in Terms(theirs.layer, space.widths, layer == "hnp")]
    assert {id(p) for term in terms for p in term.parameters()} == {id(p) for p in theirs.parameters()}
    kept = [(term.weight.clone(), term.bias.clone()) for term in terms]
    for term, (weight, bias) in zip(terms, kept, strict=True):
        for other in terms:
            other.weight.zero_(), other.bias.zero_()
        term.weight.copy_(weight), term.bias.copy_(bias)
        alone = ours_with_the_coefficients_of(theirs.layer, layout)(v).flat()
        assert alone.abs().max() > 1e-3
        torch.testing.assert_close(theirs(v).flat(), alone, rtol=0, atol=1e-13)


@pytest.mark.parametrize("widths", [(2, 3, 4, 2), (1, 2, 1), (3, 2, 2, 2, 2)])
def test_attention_is_ours_with_the_same_projections(widths):
    """Their one map to [q; k; v] of every head has a bias for the keys; a softmax does not see it."""
    space, channels, heads = mlp(*widths), 8, 2
    torch.manual_seed(0)
    theirs = OfficialLayer(space, nfn.NPAttention(specification(space), channels, num_heads=heads)).double()
    entries = Entries(space)
    ours = WeightAttention(entries, channels, heads).double()
    joint = theirs.layer.to_qkv.linear
    per_head = channels // heads
    for position, part in enumerate((ours.Q, ours.K, ours.V)):
        rows = torch.tensor(
            [head * 3 * per_head + position * per_head + c for head in range(heads) for c in range(per_head)]
        )
        part.weight.copy_(joint.weight[rows])
        if part.bias is not None:
            part.bias.copy_(joint.bias[rows])
    v = drawn(space, channels)
    answers = entries.split(ours(torch.cat([tensor.flatten(1, -2) for _, tensor in v.items()], 1)))
    torch.testing.assert_close(
        theirs(v).flat(), Weights(space, dict(zip(space.axes, answers, strict=True))).flat(), rtol=0, atol=1e-13
    )


def measured(layer: str, space):
    """Rank against dimension, and the blocks that are missing."""
    built = official(layer, space, (1, 1))
    pairs = []
    for draw in range(dimension(space).linear + 4):
        redraw_(built, draw, 1.0)
        pairs.append(as_matrix(built, space))
    axes = tuple(space.size) if layer == "np" else space.permuted
    return measure(torch.stack([a for a, _ in pairs]), torch.stack([c for _, c in pairs]), space, axes)


@pytest.mark.parametrize("space", [mlp(2, 3, 2), mlp(3, 5, 4, 2)], ids=str)
def test_their_np_layer_is_complete(space):
    found = measured("np", space)
    assert (found.rank, found.constant_rank) == (found.dimension, found.constant_dimension)


@pytest.mark.parametrize("widths", [(2, 3, 2), (3, 5, 4, 2)])
def test_their_hnp_layer_lacks_one_block_alone(widths):
    """No map from b_{L-1} to W_L that keeps the neuron: one coefficient for each output."""
    space, last = mlp(*widths), len(widths) - 1
    found = measured("hnp", space)
    assert set(found.missing) == {f"b{last - 1} -> W{last}"}
    assert found.dimension - found.rank == widths[-1]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("output", [Invariant(3), Equivariant(2)], ids=str)
def test_a_network_of_their_layers_keeps_the_law(layer, output):
    rng = np.random.default_rng(0)
    for space, dtype in product((mlp(2, 5, 4, 3), mlp(1, 3, 1)), (torch.float32, torch.float64)):
        net = load(parse_name(f"nfn-official[layer={layer}]")).build(space, output, seed=0, dtype=dtype)
        for kind in CONSTRUCTED:
            v, g = constructed(kind, space, 3, rng).to(dtype), random_elements(space, 3, rng)
            moved, result = net(act(g, v)), net(v)
            after = act(g, result).flat() if isinstance(result, Weights) else result
            moved = moved.flat() if isinstance(moved, Weights) else moved
            assert (moved - after).abs().max() <= 64 * torch.finfo(dtype).eps * after.abs().max(), kind


def test_without_the_package_it_is_unsupported_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "nfn.layers", None)
    with pytest.raises(Unsupported, match=r"needs the package nfn, pip install nfn "):
        load(parse_name("nfn-official")).build(mlp(2, 3, 1), Invariant(1), seed=0)
