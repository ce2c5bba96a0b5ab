"""`orbitcheck duplicates` and `orbitcheck.duplicates`: files, two sets, exit codes, JSON and a figure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from orbitcheck import Weights, act, conv_net, duplicates, group, mlp, random_elements, transformer_block
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.weights.symmetry import GroupElement, generic_elements


def invoke(*arguments: str):
    return CliRunner().invoke(main, ["duplicates", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve networks, copies of some under other names, and a file that is none."""
    monkeypatch.chdir(tmp_path)
    Path("train").mkdir()
    Path("test").mkdir()
    torch.manual_seed(0)
    states = [nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)).state_dict() for _ in range(12)]
    for number, state in enumerate(states):
        torch.save(state, f"{'train' if number < 9 else 'test'}/{number}.pt")
    torch.save(states[0], "train/again.pt")
    torch.save(moved(states[1], [4, 0, 1, 2, 3]), "test/moved.pt")
    near = {name: value + 1e-5 * torch.randn_like(value) for name, value in moved(states[2], [1, 0, 2, 4, 3]).items()}
    torch.save(near, "test/near.pt")
    Path("test/words.pt").write_text("words")
    return tmp_path


def moved(state, order):
    return {
        "0.weight": state["0.weight"][order],
        "0.bias": state["0.bias"][order],
        "2.weight": state["2.weight"][:, order],
        "2.bias": state["2.bias"],
    }


def test_copies_are_told_with_their_witness(folder: Path):
    result = invoke("train", "test", "--figure", "f.svg")
    assert result.exit_code == 1
    assert "  identical  train/0.pt = train/again.pt" in result.output
    assert "  permuted   train/1.pt = test/moved.pt  n1: (0 1 2 3 4)" in result.output
    assert "  near       train/2.pt = test/near.pt" in result.output
    assert "15 networks: 3 groups of 6 (1 identical, 1 permuted, 1 near)" in result.output
    assert "orbitcheck: test/words.pt: is damaged" in result.output and "1 file could not be read" in result.output
    drawn = Path("f.svg").read_text()
    assert drawn.count("<path") == 13 and "near: 1 %" in drawn


def test_leaks_are_told_alone(folder: Path):
    result = invoke("train", "--against", "test", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["networks"], found["against"]) == (15, 5)
    assert [group["members"] for group in found["groups"]] == [
        ["train/1.pt", "test/moved.pt"],
        ["train/2.pt", "test/near.pt"],
    ]
    link = found["groups"][0]["links"][0]
    assert (link["likeness"], link["element"]) == ("permuted", {"n1": [1, 2, 3, 4, 0]})
    assert found["groups"][1]["links"][0]["share"] < 1e-3
    assert len(found["unread"]) == 1


def test_exit_codes(folder: Path):
    assert invoke("train/3.pt", "train/4.pt").exit_code == 0
    assert invoke("train/3.pt", "train/4.pt", "test/words.pt").exit_code == 0
    assert invoke("train/3.pt", "train/4.pt", "test/words.pt", "--strict").exit_code == 2
    assert invoke("test/words.pt").exit_code == 2
    alone = invoke("train/3.pt", "--against", "test/words.pt")
    assert alone.exit_code == 2 and "0 groups" not in alone.output, "of a comparison with nothing nothing is said"
    assert invoke("train/2.pt", "test/near.pt", "--near", "0").exit_code == 0
    result = invoke("train", "--activation", "rely")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)


def test_a_batch_and_named_weights_are_asked_in_python():
    space = mlp(2, 4, 3, 1, activation="tanh")
    rng = torch.Generator().manual_seed(0)
    batch = Weights.from_flat(space, torch.randn(9, space.parameters, dtype=torch.float64, generator=rng))
    assert not duplicates(batch) and repr(duplicates(batch)) == "Duplicates(9 networks, 0 groups)"
    element = random_elements(group(space, "permutation+sign"), 1, np.random.default_rng(0))[0]
    found = duplicates({"a": batch[0], "b": batch[1], "c": act(element, batch[1])})
    assert found.groups == (("b", "c"),) and found.links[0].element is not None
    assert torch.equal(act(found.links[0].element, batch[1]).flat(), act(element, batch[1]).flat())
    assert repr(found) == "Duplicates(3 networks, 1 group: 1 function)"
    against = duplicates(batch, batch[3:4])
    assert against.groups == (("3", "0'"),) and isinstance(against.links[0].element, GroupElement | None)
    with pytest.raises(ValueError, match="a: a batch of 9"):
        duplicates({"a": batch})


def test_functions_beyond_mlps_are_compared_at_inputs():
    """A rescaled convolution; keys permuted inside one head, which no permutation of the space does."""
    rng = torch.Generator().manual_seed(0)
    conv, block = conv_net(1, 3, 2, 2, kernel=1), transformer_block(4, 2, 3, 3, 4)
    first, second = (
        Weights.from_flat(s, torch.randn(3, s.parameters, dtype=torch.float64, generator=rng)) for s in (conv, block)
    )
    scaled = act(generic_elements(group(conv, "permutation+scale"), 1, np.random.default_rng(0))[0], first[1])
    headed = second[2].clone()
    for name in ("WQ", "bQ", "WK", "bK"):
        headed.tensors[name][:, 0] = headed.tensors[name][:, 0, [1, 2, 0]]
    named = {f"conv{i}": first[i] for i in range(3)} | {f"block{i}": second[i] for i in range(3)}
    found = duplicates(named | {"scaled": scaled, "headed": headed})
    assert found.groups == (("conv1", "scaled"), ("block2", "headed"))
    assert [link.likeness for link in found.links] == ["rounded", "rounded"] and not found.notes


def test_nothing_read_is_no_answer(folder: Path):
    for given, said in (
        ("/nope", "/nope"),
        (["/nope"], "/nope"),
        ("test/words.pt", "is damaged"),
        ([], "nothing was given"),
    ):
        with pytest.raises(ValueError, match=said):
            duplicates(given)
    with pytest.raises(ValueError, match="/nope"):
        duplicates("train", "/nope")
    assert repr(duplicates(["train/3.pt", "test/words.pt"])) == "Duplicates(1 networks, 0 groups; 1 file not read)"


@pytest.mark.parametrize("given", [None, 3, [1, 2], {"a": [1]}, [None], [[1]]])
def test_what_is_no_set_of_networks_is_said_with_what_is_allowed(given):
    with pytest.raises(ValueError, match=r"^(a: )?got .*; allowed: Weights") as raised:
        duplicates(given)
    assert "\n" not in str(raised.value)


def test_all_files_behind_against_are_the_second_set(folder: Path):
    """As a shell hands a pattern over: one word a file."""
    second = sorted(map(str, Path("test").glob("*.pt")))
    one = invoke("train", "--against", *second, "--json")
    other = invoke("train", "--json", *(word for file in second for word in ("--against", file)))
    assert one.exit_code == 1 and json.loads(one.stdout) == json.loads(other.stdout) == json.loads(invoke("train", "--against", "test", "--json").stdout)  # fmt: skip
    assert json.loads(invoke("--against", "test", "--json", "train").stdout)["against"] == 5
    assert "requires an argument" in invoke("train", "--against").output
    assert "Missing argument" in invoke("--against", "test", "train").output


def test_what_is_wrong_with_many_files_is_said_once_in_full(folder: Path):
    for number in range(3):
        torch.save({"a.weight": torch.ones(2, 2), "b.weight": torch.ones(2, 2)}, f"test/odd{number}.pt")
    lines = [line for line in invoke("test").stderr.splitlines() if "odd" in line]
    assert "--order a,b" in lines[0] and lines[1:] == [f"orbitcheck: test/odd{n}.pt: as test/odd0.pt" for n in (1, 2)]
