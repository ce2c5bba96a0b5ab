"""`orbitcheck audit`: every format gives one answer, and every file that holds no MLP one line."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from orbitcheck.harness.front.audit_files import audit_files
from orbitcheck.harness.front.cli import main


def network(*widths: int, seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
    return {f"{2 * i}.{key}": value for i, layer in enumerate(layers) for key, value in layer.state_dict().items()}


def invoke(*arguments: str):
    return CliRunner().invoke(main, ["audit", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_format_holds_the_same_network(folder: Path):
    # Seven layers: in the order of letters the names would read 0, 10, 12, 2, ...
    state = network(2, 5, 5, 5, 5, 5, 5, 1)
    state["2.bias"] = state["2.bias"].index_fill(0, torch.tensor([1, 3]), 0.25)
    save_file(state, "a.safetensors")
    torch.save(state, "a.pt")
    torch.save({"state_dict": state, "epoch": 3}, "a.pth")
    np.savez("a.npz", **{key: value.numpy() for key, value in state.items()})
    audited = audit_files(["a.safetensors", "a.pt", "a.pth", "a.npz"])
    found = audited.found
    assert audited.unread == () and audited.uncertain == 4
    assert len({(a.widths, a.general_position, a.discrete, a.one_orbit, a.rounds, a.where) for a in found}) == 1
    assert found[0].where == "b2: 1=3"
    assert (found[0].widths, found[0].general_position, found[0].rounds) == ((2, 5, 5, 5, 5, 5, 5, 1), False, 1)


def test_the_exit_code_says_whether_all_are_in_general_position(folder: Path):
    torch.save(network(2, 4, 4, 1), "good.pt")
    tied = network(2, 4, 4, 1, seed=1)
    tied["0.bias"] = torch.zeros(4)
    torch.save(tied, "tied.pt")
    result = invoke("good.pt")
    assert result.exit_code == 0
    assert "1 network: 1 in general position, 1 discrete" in result.output
    result = invoke("good.pt", "tied.pt")
    assert result.exit_code == 1
    assert "b1: 0=1=2=3" in result.output and "2 networks: 1 in general position, 2 discrete" in result.output
    assert result.output.startswith(
        "not proved by a module, a graph or a manifest: how 2 networks are wired\nassumed for 2"
    )
    result = invoke("good.pt", "none.pt")
    assert result.exit_code == 0
    assert "good.pt" in result.output and "orbitcheck: none.pt: no such file" in result.output
    assert "1 file not read" in result.output
    assert invoke("good.pt", "none.pt", "--strict").exit_code == 2 and invoke("none.pt").exit_code == 2


def test_a_form_is_audited_instead_of_the_floats(folder: Path):
    torch.save(network(2, 8, 8, 1), "a.pt")
    assert invoke("a.pt").exit_code == 0
    result = invoke("a.pt", "--form", "2-bit", "--json")
    assert result.exit_code == 1
    (entry,) = json.loads(result.output)["networks"]
    assert entry["general_position"] is False and entry["widths"] == [2, 8, 8, 1]
    assert all(len(group) > 1 for groups in entry["ties"].values() for group in groups)
    result = invoke("a.pt", "--form", "2bit")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)


def test_twins_that_refinement_does_not_part_are_seen_across_files(folder: Path, tmp_path: Path):
    eye = torch.eye(4)
    blocks = torch.block_diag(torch.ones(2, 2), torch.ones(2, 2))
    for name, middle in (("cycle.pt", eye + eye.roll(1, 0)), ("two.pt", blocks), ("again.pt", blocks)):
        ones = {"0.weight": torch.ones(4, 1), "0.bias": torch.ones(4), "2.weight": middle, "2.bias": torch.ones(4)}
        torch.save(ones | {"4.weight": torch.ones(1, 4), "4.bias": torch.ones(1)}, name)
    found = audit_files(["cycle.pt", "two.pt"]).found
    assert [entry.one_orbit for entry in found] == [False, False]
    found = audit_files(["two.pt", "again.pt"]).found
    assert [(entry.one_orbit, entry.discrete, entry.rounds) for entry in found] == [(True, False, None)] * 2


def test_several_forms_of_a_folder_are_one_call_with_a_summary(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orbitcheck.harness.front.audit_files.CHUNK", 7)
    forms = ["float", "16-bit", "bf16", "fp8", "pruned-90%"]
    for number in range(20):
        torch.save(network(2, 6, 1, seed=number % 12), f"{number}.pt")
    result = invoke(".", "--form", "float,16-bit,bf16", "--form", "fp8,pruned-90%")
    assert result.exit_code == 1, result.output
    summary = [line.split() for line in result.output.splitlines() if line.startswith("20 ")]
    assert [line[-4] for line in summary] == forms
    whole = audit_files([f"{number}.pt" for number in range(20)], forms)
    monkeypatch.setattr("orbitcheck.harness.front.audit_files.CHUNK", 20)
    assert audit_files([f"{number}.pt" for number in range(20)], forms) == whole
    assert (
        "more lines with --all" in result.output
        and "more lines" not in invoke(".", "--all", "--form", "fp8,float").output
    )


def test_networks_of_any_space_are_audited(folder: Path):
    state = {"0.weight": torch.ones(4, 1, 3, 3), "0.bias": torch.tensor([0.0, 1.0, 0.0, 2.0])}
    torch.save(state | {"2.weight": torch.ones(10, 36), "2.bias": torch.ones(10)}, "conv.pt")
    (entry,) = audit_files(["conv.pt"]).found
    assert not entry.general_position and entry.where == "n1: 0=2"
    assert "conv.pt" in invoke("conv.pt").output


BAD = {
    "words.pt": ("is damaged, or holds more than plain tensors", lambda path: path.write_bytes(b"words")),
    "words.npz": ("is damaged, or holds more than plain tensors", lambda path: path.write_bytes(b"words")),
    "words.safetensors": ("is damaged, or holds more than plain tensors", lambda path: path.write_bytes(b"words")),
    "module.pt": ("save model.state_dict()", lambda path: torch.save(torch.nn.Linear(1, 1), path)),
    "tensor.pt": ("holds Tensor, not a state dict", lambda path: torch.save(torch.zeros(2), path)),
    "empty.pt": ("holds no state dict of tensors (it is empty)", lambda path: torch.save({}, path)),
    "numbers.pt": ("holds no state dict of tensors (epoch)", lambda path: torch.save({"epoch": 3}, path)),
    "shallow.pt": ("has no hidden layer", lambda path: torch.save(network(2, 1), path)),
    "broken.pt": ("has 3 inputs, but the layer before it has 4 outputs", lambda path: torch.save(network(2, 4) | {"2.weight": torch.ones(1, 3), "2.bias": torch.ones(1)}, path)),
    "nan.pt": ("0.bias holds numbers that are NaN or infinite", lambda path: torch.save(network(2, 4, 1) | {"0.bias": torch.full((4,), torch.nan)}, path)),
    "a.txt": ('suffix ".txt"; allowed: .safetensors', lambda path: path.write_text("")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_holds_no_mlp_is_one_line(folder: Path, name: str):
    message, make = BAD[name]
    make(folder / name)
    result = invoke(name)
    assert result.exit_code == 2
    assert result.output.startswith(f"orbitcheck: {name}: ") and message in result.output
    assert result.output.count("\n") == 1 and "weights_only" not in result.output


def test_a_module_says_what_names_do_not(folder: Path):
    Path("net.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.head, self.b, self.a = torch.nn.Linear(4, 2), torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)\n"
        "    def forward(self, x):\n"
        "        return self.head(torch.relu(self.b(torch.relu(self.a(x)))))\n"
        "def make():\n"
        "    return Net(), torch.randn(3, 4)\n"
    )
    state = {f"{name}.{key}": value for name, at in (("head", 2), ("b", 1), ("a", 0)) for key, value in torch.nn.Linear(4, 2 if at == 2 else 4).state_dict().items()}  # fmt: skip
    state["a.bias"] = torch.tensor([1.0, 2.0, 1.0, 3.0])
    torch.save(state, "a.pt")
    assert invoke("a.pt").exit_code == 2
    result = invoke("a.pt", "--module", "net.py:make")
    assert result.exit_code == 1 and "not proved" not in result.output and "b1: 0=2" in result.output
    torch.save(state | {"c.bias": torch.ones(3)}, "b.pt")
    assert "has c.bias, which the module has not" in invoke("b.pt", "--module", "net.py:make").output
    for wrong in ("none.py:make", "net.py:Net", "net.py:none"):
        assert invoke("a.pt", "--module", wrong).exit_code == 2


def test_a_page_has_a_figure_for_each_space_and_every_tie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("nets").mkdir()
    for width in (4, 5):
        net = torch.nn.Sequential(torch.nn.Linear(2, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))
        torch.nn.init.zeros_(net[0].bias)
        torch.save(net.state_dict(), f"nets/<{width}>.pt")
    Path("nets/broken.pt").write_bytes(b"no")
    result = CliRunner().invoke(main, ["audit", "nets", "--form", "float,4-bit", "--report", "audit.html"])
    assert result.exit_code == 1
    page = Path("audit.html").read_text()
    assert page.count("<svg") == 2 and "Audit of 2 networks" in page
    assert "nets/&lt;4&gt;.pt" in page and "<4>" not in page and "b1: 0=1=2=3" in page
    assert "Not read: 1" in page and "broken.pt" in page and "What this rests on" in page
