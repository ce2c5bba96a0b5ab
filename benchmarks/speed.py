"""Every built-in 1-WL-family architecture against its floor and against what is published, side by side in one run.

    python benchmarks/speed.py speed.jsonl                      # all cells; hours: one line a cell, and where it stopped it goes on
    python benchmarks/speed.py speed.jsonl --networks gmn ng-t --widths 2,32,32,1 --batch 32 --channels 32 --threads 1
    python benchmarks/speed.py gpu.jsonl --device cuda          # a journal of its own; threads read 0
    python benchmarks/speed.py speed.jsonl --networks magep w2t --widths 2,32,32,1 --batch 32 --channels 64   # larger groups, factors, blocks
    python benchmarks/speed.py speed.jsonl --table              # what is measured so far, as text
    python benchmarks/speed.py speed.jsonl --json               # the same as JSON

A cell is one network at one size. Its sides are timed in turn, call by call (measuring.py), and it holds their ratios:

    over floor    time over that of the bare matrix products in its formulas (products.py)
    published     time of the published layers at the same channels and depth over ours (published.py)
    reference     at the one size where they are known, the published times of all networks, on another machine, scaled by
                  what a network of the `nfn` package took there and takes here in the same cell, over ours

Ratios are what to read: milliseconds belong to the machine. On one thread they are processor time, else wall-clock.
Memory is the most bytes of tensors that live at one time. A cell predicted above 8 GiB, by its growth with the batch, is skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path

import published
import torch
from measuring import interleaved, peak_bytes
from products import (
    FEEDFORWARD,
    HEAD,
    HEADS,
    OUTPUTS,
    Decomposition,
    Product,
    Sizes,
    floor,
    of_block_nfn,
    of_gl_align,
    of_gl_net,
    of_gl_spectral,
    of_gmn,
    of_linear,
    of_magep,
    of_monomial,
    of_nft,
    of_ng_gnn,
    of_ng_t,
    of_probe_gen,
    of_probe_x,
    of_rescaling_gmn,
    of_sane,
    of_transformer_nfn,
    of_unf,
    of_w2t,
)
from torch import nn

from orbitcheck import Invariant, Weights, WeightSpace, mlp, transformer_block
from orbitcheck.extending import lora
from orbitcheck.harness.learning.workbench import keep_memory, waiting
from orbitcheck.harness.plugins.discovery import load, parse_name


@dataclass(frozen=True)
class Subject:
    """A built-in network: its depth (as published), its products, the activation of the MLPs it reads, or what else it reads, its options.

    `sizes`: what stands in place of widths where no MLP is read: of factors n, m, r and how many pairs, of a block those of
    `transformer_block`.
    """

    depth: int
    products: Callable[[Sizes], Sequence[Product | Decomposition]]
    activation: str = "relu"
    attends: bool = False
    sizes: tuple[int, ...] | None = None
    options: tuple[str, ...] = ("depth", "head")

    def space(self, widths: tuple[int, ...]) -> WeightSpace:
        """The space of those sizes: of MLPs widths, of factors and blocks what their constructors take."""
        if self.sizes is None:
            return mlp(*widths, activation=self.activation)
        if self.sizes == FACTORS:
            n, m, rank, pairs = widths
            return lora(*[(n, m)] * pairs, rank=rank).space
        return transformer_block(*widths)


FACTORS, BLOCK = (64, 64, 8, 2), (16, 4, 4, 4, 64)
"""A pair of factors for each of two matrices of 64 x 64, rank 8; a block of model 16, 4 heads of 4 keys and 4 values, 64 units."""


SUBJECTS = {
    "dws": Subject(5, partial(of_linear, permute_ends=False)),
    "nfn-hnp": Subject(5, partial(of_linear, permute_ends=False)),
    "nfn-np": Subject(5, partial(of_linear, permute_ends=True)),
    "unf": Subject(5, of_unf),
    "gmn": Subject(4, of_gmn),
    "ng-gnn": Subject(4, of_ng_gnn),
    "nft": Subject(6, of_nft, attends=True),
    "ng-t": Subject(4, of_ng_t, attends=True),
    "scale-gmn": Subject(4, partial(of_rescaling_gmn, signs=False)),
    "sign-gmn": Subject(4, partial(of_rescaling_gmn, signs=True), activation="sine"),
}
LARGER = {
    "monomial-nfn": Subject(3, partial(of_monomial, signs=False)),
    "monomial-nfn-sign": Subject(3, partial(of_monomial, signs=True), activation="tanh"),
    "magep": Subject(2, partial(of_magep, signs=False)),
    "magep-sign": Subject(2, partial(of_magep, signs=True), activation="tanh"),
    "sine-lift": Subject(2, partial(of_rescaling_gmn, signs=True), activation="sine"),
    "gl-net": Subject(2, of_gl_net, sizes=FACTORS),
    "gl-spectral": Subject(1, of_gl_spectral, sizes=FACTORS, options=("head",)),
    "gl-align": Subject(2, of_gl_align, sizes=FACTORS, options=("depth",)),
    "w2t": Subject(1, of_w2t, sizes=FACTORS),
    "transformer-nfn": Subject(2, of_transformer_nfn, sizes=BLOCK),
    "block-nfn": Subject(2, of_block_nfn, sizes=BLOCK),
    "probe-gen": Subject(2, of_probe_gen, options=("depth",)),
    "probe-x": Subject(1, of_probe_x, options=()),
    "sane": Subject(2, of_sane, options=("depth",)),
}
"""Networks of larger groups, of factors and blocks, of probes and tokens: measured where they are named."""
ALL = SUBJECTS | LARGER
PASSES = ("forward", "forward+backward")
WIDE = (784, 128, 128, 10)
REFERENCE_SIZE = ((2, 32, 32, 1), 32, 32, 1, "forward+backward")
LIMIT = 8 * 2**30


@dataclass(frozen=True)
class Cell:
    """One network at one size."""

    network: str
    widths: tuple[int, ...]
    batch: int
    channels: int
    threads: int
    passes: str

    def __str__(self) -> str:
        widths = ",".join(map(str, self.widths))
        return f"{self.network:17} {widths:14} {self.batch:5} {self.channels:3} {self.threads:7} {self.passes:16}"

    @property
    def space(self) -> WeightSpace:
        return ALL[self.network].space(self.widths)

    def inputs(self, batch: int) -> Weights:
        space = self.space
        return Weights(space, {key: torch.randn(batch, *shape, 1) for key, shape in space.shapes.items()})


@dataclass(frozen=True)
class Row:
    """What a cell gave; None where there is nothing to compare with, `skipped` says why nothing was measured at all."""

    cell: Cell
    milliseconds: float | None = None
    floor: float | None = None
    over_floor: float | None = None
    published: float | None = None
    faster_than_published: float | None = None
    reference: float | None = None
    faster_than_reference: float | None = None
    peak_bytes: int | None = None
    skipped: str | None = None

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.cell} skipped: {self.skipped}"
        numbers = [
            shown(self.milliseconds, 9, 2),
            shown(self.floor, 9, 2),
            shown(self.over_floor, 6, 2),
            shown(self.published, 9, 1),
            shown(self.faster_than_published, 6, 2),
            shown(self.faster_than_reference, 9, 2),
            shown(self.peak_bytes and self.peak_bytes / 2**20, 9, 1),
        ]
        return f"{self.cell} {' '.join(numbers)}"


HEADING = (
    f"{'network':17} {'widths':14} {'batch':>5} {'C':>3} {'threads':>7} {'passes':16} {'ms':>9} {'floor ms':>9} {'ratio':>6} "
    f"{'published':>9} {'faster':>6} {'reference':>9} {'peak MiB':>9}"
)


def shown(number: float | None, width: int, digits: int) -> str:
    return f"{number:{width}.{digits}f}" if number is not None else f"{'-':>{width}}"


def build(cell: Cell) -> nn.Module:
    subject = ALL[cell.network]
    known = {"depth": subject.depth, "head": HEAD}
    options = {name: known[name] for name in subject.options}
    options |= {"heads": HEADS, "feedforward": FEEDFORWARD} if subject.attends else {}
    factory = load(parse_name(cell.network)).factory
    return factory(cell.space, Invariant(OUTPUTS), channels=cell.channels, **options)


def forward(network: nn.Module, v: Weights) -> None:
    with torch.no_grad():
        network(v)


def forward_backward(network: nn.Module, v: Weights) -> None:
    network.zero_grad()
    network(v).sum().backward()


CALLS = dict(zip(PASSES, (forward, forward_backward), strict=True))


def predicted_bytes(network: nn.Module, cell: Cell) -> int:
    """The peak at the cell's batch size, from those at 1 and 2."""
    one, two = (peak_bytes(partial(CALLS[cell.passes], network, cell.inputs(batch))) for batch in (1, 2))
    return one + (cell.batch - 1) * (two - one)


def grows_with_inputs(cell: Cell) -> bool:
    """Whether an input neuron brings more parameters than one vector of C numbers that names it."""
    counts = [
        sum(
            p.numel() for p in build(Cell(cell.network, (inputs, 3, 3, 2), 1, cell.channels, 1, "forward")).parameters()
        )
        for inputs in (2, 3)
    ]
    return counts[1] - counts[0] > cell.channels


def measure(cell: Cell, budget: float, at_least: int, at_most: int) -> Row:
    """Builds and times all sides of a cell."""
    torch.manual_seed(0)
    torch.set_num_threads(cell.threads or 1)
    if cell.widths == WIDE and grows_with_inputs(cell):
        return Row(cell, skipped="parameters grow with n_0")
    network, subject, call = build(cell), ALL[cell.network], CALLS[cell.passes]
    predicted = predicted_bytes(network, cell)
    if predicted > LIMIT:
        return Row(cell, peak_bytes=predicted, skipped=f"{predicted / 2**30:.1f} GiB predicted")
    v = cell.inputs(cell.batch)
    peak = peak_bytes(partial(call, network, v))
    products = subject.products(Sizes(cell.space, cell.batch, cell.channels, subject.depth))
    sides = {"ours": partial(call, network, v), "floor": floor(products, backward=call is forward_backward)}
    other = (
        published.counterpart(cell.network, cell.space, cell.channels, subject.depth) if cell.widths != WIDE else None
    )
    if other is not None and predicted_bytes(other, cell) <= LIMIT:
        sides["published"] = partial(call, other, v)
    size = (cell.widths, cell.batch, cell.channels, cell.threads, cell.passes)
    known = published.REFERENCE.get(cell.network) if size == REFERENCE_SIZE else None
    if known is not None and published.nfn_layers is not None:
        for kind in published.ANCHORS:
            sides[kind] = partial(call, published.anchor(kind, cell.space, cell.channels), v)
    taken = dict(
        zip(
            sides,
            interleaved(
                list(sides.values()),
                threads=cell.threads,
                budget=budget,
                at_least=at_least,
                at_most=at_most,
                wait=waiting(torch.get_default_device()),
            ),
            strict=True,
        )
    )
    ours, theirs = taken["ours"], taken.get("published")
    reference = None
    if known is not None and "hnp" in taken:
        # The less favourable of the two.
        reference = known * min(taken[kind] / there for kind, there in published.ANCHORS.items())
    return Row(
        cell,
        milliseconds=ours,
        floor=taken["floor"],
        over_floor=ours / taken["floor"],
        published=theirs,
        faster_than_published=theirs and theirs / ours,
        reference=reference,
        faster_than_reference=reference and reference / ours,
        peak_bytes=peak,
    )


def cells(arguments: argparse.Namespace) -> Iterator[Cell]:
    """What is asked for, the cheap and telling ones first."""
    sizes = [tuple(map(int, text.split(","))) for text in arguments.widths]
    for batch, threads, channels, widths in product(
        sorted(arguments.batch, key=lambda b: abs(b - 32)), arguments.threads, arguments.channels, sizes
    ):
        if widths != WIDE:
            for passes, network in product(PASSES, arguments.networks):
                own = ALL[network].sizes
                if own is None or widths == sizes[0]:
                    yield Cell(network, own or widths, batch, channels, threads, passes)
    if WIDE in sizes:
        for threads, network in product(arguments.threads, [name for name in arguments.networks if name in SUBJECTS]):
            yield Cell(network, WIDE, 1, 16, threads, "forward")


def read(journal: Path) -> dict[Cell, Row]:
    rows = {}
    for line in journal.read_text().splitlines() if journal.exists() else []:
        found = json.loads(line)
        sizes = found.pop("cell")
        cell = Cell(**sizes | {"widths": tuple(sizes["widths"])})
        rows[cell] = Row(cell, **found)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal", type=Path, help="JSON lines, one a cell; cells that it holds are not measured again")
    parser.add_argument("--table", action="store_true", help="measure nothing, print the journal as text")
    parser.add_argument("--json", action="store_true", help="measure nothing, print the journal as JSON")
    parser.add_argument("--networks", nargs="+", choices=ALL, default=list(SUBJECTS), metavar="NAME")
    parser.add_argument("--widths", nargs="+", default=["2,32,32,1", "16,64,64,10", ",".join(map(str, WIDE))])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--channels", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, len(os.sched_getaffinity(0))}))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--budget", type=float, default=3.0, help="seconds a cell, once it has --at-least rounds")
    parser.add_argument("--at-least", type=int, default=5)
    parser.add_argument("--at-most", type=int, default=51)
    arguments = parser.parse_args()
    rows = read(arguments.journal)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows.values()], indent=1))
        return
    print(HEADING)
    if arguments.table:
        print("\n".join(map(str, rows.values())))
        return
    keep_memory()
    torch.set_default_device(arguments.device)
    if arguments.device == "cuda":
        arguments.threads = [0]
    asked = list(cells(arguments))
    for number, cell in enumerate(asked, 1):
        if cell not in rows:
            row = measure(cell, arguments.budget, arguments.at_least, arguments.at_most)
            with arguments.journal.open("a") as file:
                file.write(json.dumps(asdict(row)) + "\n")
            print(row, flush=True)
            print(f"{number} of {len(asked)}", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
