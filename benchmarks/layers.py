"""DWS and NFN against their floor: the bare matrix products that the algebra needs, timed alone in the same run.

    python benchmarks/layers.py            # table
    python benchmarks/layers.py --json     # the same numbers as JSON

Both sides of a ratio are timed in turn, call by call, so that a change of the machine's speed meets both; a cell is the
median of each. Ratios are what to read: seconds belong to the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import torch

from orbitcheck import Invariant, Weights, WeightSpace, mlp
from orbitcheck.architectures.dws import DWS
from orbitcheck.architectures.linear import Layout
from orbitcheck.architectures.nfn_hnp import NFNHNP
from orbitcheck.architectures.nfn_np import NFNNP

NETWORKS = {"dws": DWS, "nfn-hnp": NFNHNP, "nfn-np": NFNNP}
WIDTHS = ((2, 32, 32, 1), (16, 64, 64, 10))
CHANNELS = (32, 64)
DEPTH, HEAD, OUTPUTS = 5, 128, 4


@dataclass(frozen=True)
class Row:
    """One cell: medians in milliseconds of the network and of its floor, and their ratio."""

    network: str
    widths: tuple[int, ...]
    batch: int
    channels: int
    threads: int
    passes: str
    milliseconds: float
    floor: float
    ratio: float


def needed_products(layout: Layout, batch: int, channels: int) -> list[tuple[int, int, int, bool]]:
    """`(m, k, n, whether the input needs a gradient)` of every product `[m, k] @ [k, n]` of the network's formulas."""
    products = []
    for number in range(DEPTH):
        c, needs = (1, False) if number == 0 else (channels, True)
        slots = [pooled + column for pooled, column in zip(layout.pooled, layout.columns, strict=True)]
        for width, touching in zip(layout.widths, slots, strict=True):
            products.append((batch * width, touching * c, touching * channels, needs))
        for later, earlier in zip(layout.widths[1:], layout.widths, strict=False):
            products.append((batch * later * earlier, c, channels, needs))
        products.append((batch, layout.means * c, layout.means * channels, needs))
    return [*products, (batch, layout.means * channels, HEAD, True), (batch, HEAD, OUTPUTS, True)]


def floor(products: Sequence[tuple[int, int, int, bool]], backward: bool) -> Callable[[], None]:
    """A call that does just these products, and for the backward pass those of their gradients."""
    operands = [(torch.randn(m, k), torch.randn(n, k), torch.randn(m, n), needs) for m, k, n, needs in products]

    def call() -> None:
        for x, matrix, gradient, needs in operands:
            torch.mm(x, matrix.T)
            if backward:
                torch.mm(gradient.T, x)
                if needs:
                    torch.mm(gradient, matrix)

    return call


def forward(network: torch.nn.Module, v: Weights) -> None:
    with torch.no_grad():
        network(v)


def forward_backward(network: torch.nn.Module, v: Weights) -> None:
    network.zero_grad()
    network(v).sum().backward()


def interleaved_medians(calls: Sequence[Callable[[], None]], repeats: int) -> list[float]:
    """Median milliseconds of each call, the calls taken in turn; two rounds of warming up are not counted."""
    times: list[list[float]] = [[] for _ in calls]
    for round_number in range(repeats + 2):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if round_number >= 2:
                taken.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(taken) for taken in times]


def measure(name: str, space: WeightSpace, batch: int, channels: int, threads: int, repeats: int) -> list[Row]:
    """Forward, and forward + backward, of one network at one size."""
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    network = NETWORKS[name](space, Invariant(OUTPUTS), channels=channels, depth=DEPTH, head=HEAD)
    v = Weights(space, {key: torch.randn(batch, *shape, 1) for key, shape in space.shapes.items()})
    products = needed_products(network.layout, batch, channels)
    rows = []
    for passes, call in (("forward", forward), ("forward+backward", forward_backward)):
        bare = floor(products, backward=passes != "forward")
        ours, least = interleaved_medians([partial(call, network, v), bare], repeats)
        rows.append(Row(name, space.widths, batch, channels, threads, passes, ours, least, ours / least))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--batch", type=int, nargs="+", default=[32])
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    rows = []
    if not arguments.json:
        print(
            f"{'network':8} {'widths':15} {'batch':>5} {'C':>3} {'threads':>7} {'passes':16} {'ms':>8} {'floor':>8} {'ratio':>6}"
        )
    for threads in sorted({1, os.cpu_count() or 1}):
        for widths in WIDTHS:
            for batch in arguments.batch:
                for channels in CHANNELS:
                    for name in NETWORKS:
                        for row in measure(name, mlp(*widths), batch, channels, threads, arguments.repeats):
                            rows.append(row)
                            if not arguments.json:
                                shown = ",".join(map(str, row.widths))
                                print(
                                    f"{row.network:8} {shown:15} {row.batch:5} {row.channels:3} {row.threads:7} {row.passes:16} "
                                    f"{row.milliseconds:8.1f} {row.floor:8.1f} {row.ratio:6.2f}",
                                    flush=True,
                                )
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
