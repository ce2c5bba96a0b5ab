"""Every format gives the very numbers of the file; what is no network for sure is one line with the option that says which."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter, UserList
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from orbitcheck import conv_net, mlp
from orbitcheck.harness.weights.readers.loading import Reading, load
from orbitcheck.harness.weights.readers.names import Named, numbered
from orbitcheck.harness.weights.readers.records import Cause, Proof, ReadError

State = dict[str, torch.Tensor]


def dense(*widths: int, names: str = "{}", step: int = 2, seed: int = 0) -> State:
    source = torch.Generator().manual_seed(seed)
    state = {}
    for number, (before, after) in enumerate(pairwise(widths)):
        path = names.format(number * step)
        state[f"{path}.weight"] = torch.randn(after, before, generator=source)
        state[f"{path}.bias"] = torch.randn(after, generator=source)
    return state


def savez(path: str | Path, arrays: dict[str, np.ndarray]):
    np.savez(path, **arrays)  # type: ignore[arg-type]


def flax(state: State) -> dict[str, np.ndarray]:
    """The same network as Flax keeps it: kernels are [inputs, outputs]."""
    kept = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        kept[f"params/Dense_{int(layer) // 2}/{'kernel' if kind == 'weight' else kind}"] = tensor.numpy().T
    return kept


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read_one(path: str, **reading):
    loaded = load(path, Reading(**reading))
    assert not loaded.unread, loaded.unread
    (network,) = loaded.networks
    return network


def assert_same(network, state: State):
    assert list(network.arrays) == list(network.space.axes)
    for array, tensor in zip(network.arrays.values(), state.values(), strict=True):
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, tensor.double().numpy())


STATE = dense(2, 5, 5, 5, 5, 5, 5, 1)
WAYS = {
    "plain.pt": lambda path: torch.save(STATE, path),
    "lightning.ckpt": lambda path: torch.save({"state_dict": {f"net.{k}": v for k, v in STATE.items()}, "epoch": 3}, path),
    "trainer.pth": lambda path: torch.save({"model_state_dict": STATE, "optimizer_state_dict": {"state": {}}}, path),
    "model.pth": lambda path: torch.save({"model": STATE, "args": {"lr": 0.1}}, path),
    "ray.bin": lambda path: torch.save((lambda s: {"model_state": s})(STATE), path),
    "parallel.pt": lambda path: torch.save({f"module.{k}": v for k, v in STATE.items()}, path),
    "compiled.pt": lambda path: torch.save({f"_orig_mod.{k}": v for k, v in STATE.items()}, path),
    "both.pt": lambda path: torch.save({f"module._orig_mod.{k}": v for k, v in STATE.items()}, path),
    "old.pt": lambda path: torch.save(STATE, path, _use_new_zipfile_serialization=False),
    "a.safetensors": lambda path: save_file(STATE, path),
    "a.npz": lambda path: savez(path, {k: v.numpy() for k, v in STATE.items()}),
    "flax.npz": lambda path: savez(path, flax(STATE)),
    "nested.pt": lambda path: torch.save({"params": {k.replace(".", "_", 0).split(".")[0]: {"weight": STATE[f"{k.split('.')[0]}.weight"], "bias": STATE[f"{k.split('.')[0]}.bias"]} for k in STATE}}, path),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_every_format_gives_the_same_network(folder: Path, name: str):
    WAYS[name](folder / name)
    network = read_one(name, activation="tanh")
    assert network.space == mlp(2, 5, 5, 5, 5, 5, 5, 1, activation="tanh")
    assert network.proof is Proof.NUMBERS and network.assumed[0].startswith("layers are one chain")
    assert_same(network, STATE)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.float64]
)
def test_narrow_floats_are_the_numbers_that_they_are(folder: Path, dtype: torch.dtype):
    state = {name: tensor.to(dtype) for name, tensor in dense(2, 4, 4, 1).items()}
    torch.save(state, "a.pt")
    save_file(state, "a.safetensors")
    for name in ("a.pt", "a.safetensors"):
        assert_same(read_one(name), state)


def test_integers_are_multiplied_by_their_scales(folder: Path):
    codes = torch.randint(-127, 128, (4, 2), dtype=torch.int8, generator=torch.Generator().manual_seed(1))
    rows = torch.tensor([0.1, 0.2, 0.3, 0.4])
    state = dense(2, 4, 1) | {"0.weight": codes, "0.weight_scale": rows}
    torch.save(state, "rows.pt")
    network = read_one("rows.pt")
    np.testing.assert_array_equal(network.arrays["W1"], codes.double().numpy() * rows.double().numpy()[:, None])
    torch.save(state | {"0.weight_scale": torch.tensor(0.1), "0.weight_zero_point": torch.tensor(3)}, "one.pt")
    expected = (codes.double().numpy() - 3) * float(torch.tensor(0.1))
    np.testing.assert_array_equal(read_one("one.pt").arrays["W1"], expected)
    save_file(state | {"0.weight": codes.float().to(torch.float8_e4m3fn)}, "f8.safetensors")
    assert read_one("f8.safetensors").space == mlp(2, 4, 1)


@pytest.mark.filterwarnings("ignore")
def test_torch_s_own_quantised_tensors_are_dequantised(folder: Path):
    state = dense(2, 4, 1)
    weight = torch.quantize_per_channel(
        state["0.weight"], torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([0, 1, 2, 3]), 0, torch.qint8
    )
    torch.save(state | {"0.weight": weight}, "a.pt")
    expected = (weight.int_repr().double() - torch.arange(4.0)[:, None]) * weight.q_per_channel_scales()[:, None]
    np.testing.assert_array_equal(read_one("a.pt").arrays["W1"], expected.numpy())


def test_a_stack_of_networks_in_one_file_is_so_many_networks(folder: Path):
    nets = [dense(2, 4, 3, seed=seed) for seed in range(3)]
    torch.save({name: torch.stack([net[name] for net in nets]) for name in nets[0]}, "stack.pt")
    torch.save(nets, "list.pt")
    torch.save({f"net{seed}": net for seed, net in enumerate(nets)}, "named.pt")
    for file in ("stack.pt", "list.pt", "named.pt"):
        loaded = load(file)
        assert len(loaded.networks) == 3 and list(loaded.spaces) == [mlp(2, 4, 3)]
        for network, net in zip(loaded.networks, nets, strict=True):
            assert_same(network, net)
    assert [one.name for one in load("named.pt").networks] == [f"named.pt[net{seed}]" for seed in range(3)]


def test_rows_of_an_array_are_cut_by_their_table(folder: Path):
    nets = [dense(2, 4, 1, seed=seed) for seed in range(2)]
    rows = np.stack([np.concatenate([tensor.numpy().ravel() for tensor in net.values()]) for net in nets])
    np.save("weights.npy", rows)
    assert load("weights.npy").unread[0].line.endswith("layout.csv beside it, or --layout, says what lies where")
    lines, start = ["varname,start_idx,end_idx,shape"], 0
    for name, tensor in nets[0].items():
        lines.append(f'{name},{start},{start + tensor.numel()},"{tuple(tensor.shape)}"')
        start += tensor.numel()
    Path("layout.csv").write_text("\n".join(lines))
    loaded = load("weights.npy")
    assert len(loaded.networks) == 2
    for network, net in zip(loaded.networks, nets, strict=True):
        assert_same(network, net)
    Path("layout.csv").write_text("\n".join(lines[:-1]))
    assert load("weights.npy").unread[0].cause is Cause.SHAPES


def test_folders_patterns_and_indices_lead_to_their_files(folder: Path):
    for number in (10, 2, 1):
        torch.save(dense(2, 4, 1, seed=number), f"net{number}.pt")
    sub = folder / "hub"
    sub.mkdir()
    state = dense(2, 4, 4, 1)
    halves = [dict(list(state.items())[:3]), dict(list(state.items())[3:])]
    places = {}
    for number, half in enumerate(halves, 1):
        save_file(half, sub / f"model-0000{number}-of-00002.safetensors")
        places |= dict.fromkeys(half, f"model-0000{number}-of-00002.safetensors")
    (sub / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    torch.save({}, sub / "optimizer.pt")
    loaded = load(".")
    assert [network.file for network in loaded.networks] == [
        "hub/model.safetensors.index.json",
        "net1.pt",
        "net2.pt",
        "net10.pt",
    ]
    assert not loaded.unread
    assert_same(loaded.networks[0], state)
    assert [network.file for network in load("net?.pt").networks] == ["net1.pt", "net2.pt"]
    assert load("none*.pt").unread[0].cause is Cause.MISSING
    (sub / "model-00002-of-00002.safetensors").unlink()
    assert "which is not there" in load("hub").unread[0].line


def test_convolutions_are_read_with_what_flattens_them(folder: Path):
    source = torch.Generator().manual_seed(0)
    state = {
        "0.weight": torch.randn(4, 1, 3, 3, generator=source), "0.bias": torch.randn(4, generator=source),
        "2.weight": torch.randn(5, 4, 3, 3, generator=source), "2.bias": torch.randn(5, generator=source),
        "4.weight": torch.randn(10, 5, generator=source), "4.bias": torch.randn(10, generator=source),
    }  # fmt: skip
    torch.save(state, "pooled.pt")
    assert read_one("pooled.pt").space == conv_net(1, 4, 5, 10)
    assert_same(read_one("pooled.pt"), state)
    torch.save(state | {"4.weight": torch.randn(10, 5 * 9, generator=source)}, "flat.pt")
    network = read_one("flat.pt")
    assert network.space.axes["W3"] == ("n3", "n2", "p") and network.space.size["p"] == 9
    assert any("channels first" in line for line in network.assumed)
    np.savez("keras.npz", **{
        "conv2d/kernel:0": np.ones((3, 3, 1, 4)), "conv2d/bias:0": np.ones(4),
        "conv2d_1/kernel:0": np.arange(9 * 20.0).reshape(3, 3, 4, 5), "conv2d_1/bias:0": np.ones(5),
        "conv2d_2/kernel:0": np.ones((3, 3, 5, 2)), "conv2d_2/bias:0": np.ones(2),
    })  # fmt: skip
    network = read_one("keras.npz")
    assert network.arrays["C2"][3, 2, 1, 0] == np.arange(9 * 20.0).reshape(3, 3, 4, 5)[1, 0, 2, 3]


class Deed:
    """What runs a command where a pickle is trusted."""

    def __reduce__(self):
        return os.system, ("echo > deed",)


BESIDE = {
    "arguments": argparse.Namespace(lr=0.1), "a number of numpy": np.float64(3), "a path": Path("runs"), "a set": {1, 2},
    "counts": Counter("ab"), "a list of a kind": UserList([1]), "a deed": Deed(),
}  # fmt: skip


@pytest.mark.parametrize("beside", BESIDE)
def test_objects_beside_a_state_dict_are_passed_over_and_never_made(folder: Path, beside: str):
    torch.save({"state_dict": STATE, "beside": BESIDE[beside], "again": [BESIDE[beside]] * 2}, "a.pt")
    assert_same(read_one("a.pt"), STATE)
    assert not Path("deed").exists()


@pytest.mark.parametrize("content", [torch.nn.Linear(2, 2), Deed(), STATE | {"0.weight": Deed()}, {"model": Deed()}])
def test_objects_in_place_of_a_state_dict_are_refused(folder: Path, content):
    torch.save(content, "a.pt")
    (unread,) = load("a.pt").unread
    assert unread.cause is Cause.CONTENT and not Path("deed").exists()


ONE = torch.ones(3)
REFUSED = {
    "sorted by name": (dense(2, 4, 4, 1, names="fc{}") | {}, None),
    "a head registered first": ({"head.weight": torch.ones(1, 4), "head.bias": ONE[:1]} | dense(2, 4, 4, names="body.{}"), Cause.AMBIGUOUS),
    "two heads": (dense(2, 4, 4, names="body.{}") | {f"head_{x}.{k}": torch.ones(4, 4) if k == "weight" else torch.ones(4) for x in "ab" for k in ("weight", "bias")}, Cause.AMBIGUOUS),
    "a gap": ({k.replace("4.", "7."): v for k, v in dense(2, 4, 4, 1).items()}, Cause.AMBIGUOUS),
    "blocks": ({f"blocks.{b}.fc{n}.{k}": torch.ones(4, 4) if k == "weight" else torch.ones(4) for b in (0, 1) for n in (1, 2) for k in ("weight", "bias")}, Cause.AMBIGUOUS),
    "a normalisation": (dense(2, 4, 1) | {"1.running_mean": torch.ones(4)}, Cause.AMBIGUOUS),
    "sizes": (dense(2, 4, 1) | {"2.weight": torch.ones(1, 3)}, Cause.SHAPES),
    "no hidden layer": (dense(2, 1), Cause.SHAPES),
    "orientation": ({f"{k}{n}": torch.ones(3, 3) if k == "W" else ONE for n in (1, 2, 3) for k in "Wb"}, Cause.AMBIGUOUS),
    "codes": (dense(2, 4, 1) | {"0.SCB": torch.ones(4)}, Cause.NUMBERS),
    "nan": (dense(2, 4, 1) | {"0.bias": torch.full((4,), torch.nan)}, Cause.NUMBERS),
    "rounded": (dense(2, 4, 1) | {"0.bias": torch.tensor([2**53 + 1, 0, 0, 0])}, Cause.NUMBERS),
    "rounded scale": (dense(2, 4, 1) | {"0.weight_scale": torch.tensor(0.1, dtype=torch.float64)}, Cause.NUMBERS),
    "two wrappers": ({"model": dense(2, 4, 1), "state_dict": dense(2, 4, 1)}, Cause.AMBIGUOUS),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_certain_is_refused_in_one_line(folder: Path, name: str):
    state, cause = REFUSED[name]
    torch.save(state, "a.pt")
    torch.save(dense(2, 4, 1), "b.pt")
    loaded = load(["a.pt", "b.pt"])
    assert loaded.networks[-1].file == "b.pt"
    if cause is None:
        assert not loaded.unread
        return
    (unread,) = loaded.unread
    assert unread.cause is cause and unread.line.startswith("a.pt: ") and "\n" not in unread.line
    assert (cause is Cause.AMBIGUOUS) <= any(
        word in unread.line for word in ("--order", "--key", "--orientation", "manifest")
    )


def pruned(state: State) -> State:
    mask = (torch.arange(state["0.weight"].numel()) % 2).reshape(state["0.weight"].shape).float()
    rest = {name: tensor for name, tensor in state.items() if name != "0.weight"}
    return {"0.bias": state["0.bias"], "0.weight_orig": state["0.weight"], "0.weight_mask": mask, **rest}


def test_what_averages_and_prunes_leaves_the_network_that_it_is(folder: Path):
    state = dense(2, 4, 1)
    torch.save({"n_averaged": torch.tensor(3), **{f"module.{k}": v for k, v in state.items()}}, "averaged.pt")
    assert_same(read_one("averaged.pt"), state)
    torch.save(pruned(state), "pruned.pt")
    kept = read_one("pruned.pt").arrays["W1"]
    np.testing.assert_array_equal(kept, state["0.weight"].double().numpy() * [[0, 1], [0, 1], [0, 1], [0, 1]])
    torch.save((state, {"epoch": 3}), "pair.pt")
    assert_same(read_one("pair.pt", key="0"), state)


ODD: dict[str, tuple[object, str]] = {
    "a number beside tensors": (STATE | {"epoch": 3}, "holds epoch beside its tensors"),
    "no numbers": ({name: tensor.to("meta") for name, tensor in STATE.items()}, "without its numbers"),
    "numbers of four bits": ({"0.weight": torch.zeros(4, 2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)}, "float4"),
    "a spectrum": ({"0.weight_orig": torch.ones(4, 2), "0.bias": torch.ones(4)}, "remove_spectral_norm"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    "nothing": (b"", "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_refused_with_what_is_odd(folder: Path, name: str):
    content, told = ODD[name]
    Path("a.pt").write_bytes(content) if isinstance(content, bytes) else torch.save(content, "a.pt")
    (unread,) = load("a.pt").unread
    assert told in unread.line and "\n" not in unread.line


def test_links_that_lead_nowhere_and_empty_paths_are_told(folder: Path):
    Path("nets").mkdir()
    torch.save(STATE, "nets/a.pt")
    Path("nets/b.pt").symlink_to("gone.pt")
    Path("nets/c.pt").symlink_to("c.pt")
    Path("nets/d").symlink_to(".")
    loaded = load("nets")
    assert len(loaded.networks) == 1 and [one.cause for one in loaded.unread] == [Cause.MISSING] * 2
    assert load("").unread[0].line.startswith(": an empty path; ")


def test_what_was_refused_is_read_once_it_is_said(folder: Path):
    torch.save(REFUSED["a head registered first"][0], "a.pt")
    network = read_one("a.pt", order=("body.0", "body.2", "head"))
    assert network.proof is Proof.GIVEN and network.space == mlp(2, 4, 4, 1)
    assert load("a.pt", Reading(order=("body.0", "head"))).unread[0].cause is Cause.AMBIGUOUS
    assert '--order names "bod"' in load("a.pt", Reading(order=("bod", "body.2", "head"))).unread[0].line
    torch.save(REFUSED["two wrappers"][0], "b.pt")
    assert read_one("b.pt", key="model").space == mlp(2, 4, 1)
    torch.save(REFUSED["orientation"][0], "c.pt")
    assert read_one("c.pt", orientation="in-out").space == mlp(3, 3, 3, 3)


IN_A_ROW = ("net.", "layers.", "fc", "linear_")
SIDE_BY_SIDE = ("heads.", "head_", "experts.", "branch", "model.blocks.", "towers.")


@pytest.mark.parametrize("stem", [*IN_A_ROW, *SIDE_BY_SIDE])
def test_layers_that_people_number_beside_each_other_are_no_chain(stem: str):
    layers = [Named(f"{stem}{n}", f"{stem}{n}.weight", None, "weight") for n in (2, 0, 1)]
    if stem in IN_A_ROW:
        assert [layer.path for layer in numbered(layers)] == [f"{stem}{n}" for n in range(3)]
    else:
        with pytest.raises(ReadError, match=f"beside each other .* --order {stem}0,{stem}1,{stem}2"):
            numbered(layers)
