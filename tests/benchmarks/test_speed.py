"""The benchmark of architectures: its floors against torch's own count of arithmetic, its memory against sums by hand."""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NETWORKS = ["dws", "nfn-hnp", "nfn-np", "unf", "gmn", "ng-gnn", "nft", "ng-t", "scale-gmn", "sign-gmn"]


LARGER = [
    *("monomial-nfn", "monomial-nfn-sign", "magep", "magep-sign", "sine-lift"),
    *("gl-net", "gl-spectral", "gl-align", "w2t", "transformer-nfn", "block-nfn", "probe-gen", "probe-x", "sane"),
]
SIZES = {**dict.fromkeys(("gl-net", "gl-spectral", "gl-align", "w2t"), (5, 4, 3, 2))}
SIZES |= dict.fromkeys(("transformer-nfn", "block-nfn"), (3, 2, 2, 4, 5))


@pytest.fixture
def speed(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("speed")


@pytest.mark.parametrize("passes", ["forward", "forward+backward"])
@pytest.mark.parametrize("name", [*NETWORKS, *LARGER])
def test_the_floor_holds_the_products_of_the_network(speed: ModuleType, name: str, passes: str) -> None:
    """Counted by torch in the network: at most a seventh more (the projections of means; sums taken as products)."""
    cell = speed.Cell(name, SIZES.get(name, (3, 5, 4, 6, 2)), 2, 8, 1, passes)
    network, v, subject = speed.build(cell), cell.inputs(2), speed.ALL[name]
    with FlopCounterMode(display=False) as network_count:
        result = network(v)
        if passes != "forward":
            result.sum().backward()
    products = subject.products(speed.Sizes(cell.space, cell.batch, cell.channels, subject.depth))
    with FlopCounterMode(display=False) as floor_count:
        speed.floor(products, backward=passes != "forward")()
    ratio = network_count.get_total_flops() / floor_count.get_total_flops()
    assert 0.995 <= ratio <= 1.15, ratio


def test_every_network_of_the_family_is_measured(speed: ModuleType) -> None:
    assert list(speed.SUBJECTS) == NETWORKS and list(speed.LARGER) == LARGER


def test_peak_is_what_lives_at_one_time(speed: ModuleType) -> None:
    size = 1000 * 4

    def chain() -> None:
        x = torch.ones(1000)
        for _ in range(5):
            x = x + 1  # the old and the new one live together
        x.view(10, 100).T.add_(1)  # views and in-place sums are nothing new

    assert speed.peak_bytes(chain) == 2 * size

    x = torch.ones(1000, requires_grad=True)

    def kept_for_the_gradient() -> None:
        y = (x.exp() * 2).exp()  # both results of exp are kept, the product is not
        y.sum().backward()

    assert 3 * size <= speed.peak_bytes(kept_for_the_gradient) <= 4 * size + 64
    assert x.grad is not None


def test_memory_is_predicted_from_small_batches(speed: ModuleType) -> None:
    cell = speed.Cell("gmn", (2, 4, 4, 1), 7, 8, 1, "forward+backward")
    network = speed.build(cell)
    measured = speed.peak_bytes(lambda: speed.forward_backward(network, cell.inputs(cell.batch)))
    assert speed.predicted_bytes(network, cell) == pytest.approx(measured, rel=0.02)


def test_networks_that_grow_with_the_inputs_are_told_from_those_that_name_them(speed: ModuleType) -> None:
    grows = {name: speed.grows_with_inputs(speed.Cell(name, speed.WIDE, 1, 16, 1, "forward")) for name in NETWORKS}
    assert [name for name, answer in grows.items() if answer] == ["dws", "nfn-hnp", "unf"]


def test_a_journal_is_gone_on_with(
    speed: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "speed.jsonl"
    sizes = ["--widths", "2,3,1", "--batch", "1", "--channels", "4", "--threads", "1"]
    arguments = ["--networks", "gmn", "dws", *sizes, "--at-least", "1", "--at-most", "1"]
    monkeypatch.setattr(speed, "keep_memory", lambda: None)  # for good, and for the whole process
    monkeypatch.setattr("sys.argv", ["speed.py", str(journal), *arguments])
    threads = torch.get_num_threads()
    try:
        speed.main()
        first = journal.read_text()
        rows = list(speed.read(journal).values())
        assert [(row.cell.network, row.cell.passes) for row in rows] == [
            (name, passes) for passes in speed.PASSES for name in ("gmn", "dws")
        ]
        assert all(row.milliseconds > 0 and row.over_floor > 0 and row.peak_bytes > 0 for row in rows)
        speed.main()
        assert journal.read_text() == first
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["speed.py", str(journal), "--json"])
        speed.main()
        assert json.loads(capsys.readouterr().out) == json.loads(json.dumps([asdict(row) for row in rows]))
    finally:
        torch.set_num_threads(threads)
