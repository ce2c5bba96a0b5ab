"""Several state dicts in one file, entries that are no weights, integers, and names that are no chain: never one network taken for another."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from orbitcheck import mlp
from orbitcheck.harness.weights.readers.loading import Reading, load
from orbitcheck.harness.weights.readers.records import Cause, Network

State = dict[str, torch.Tensor]


def dense(*widths: int, names: str = "{}", seed: int = 0, bias: bool = True) -> State:
    source = torch.Generator().manual_seed(seed)
    state = {}
    for number, (before, after) in enumerate(pairwise(widths)):
        state[f"{names.format(2 * number)}.weight"] = torch.randn(after, before, generator=source)
        if bias:
            state[f"{names.format(2 * number)}.bias"] = torch.randn(after, generator=source)
    return state


def stored(path: Path, content: object, **reading) -> tuple[list[Network], list[str]]:
    torch.save(content, path / "a.pt")
    loaded = load(path / "a.pt", Reading(**reading))
    return list(loaded.networks), [one.line for one in loaded.unread]


ONE, SAME, OTHER = dense(2, 4, 3), dense(2, 4, 3, seed=1), dense(3, 5, 1, seed=2)
ADAM = torch.optim.Adam([torch.nn.Parameter(torch.ones(4, 2))])
ADAM.param_groups[0]["params"][0].grad = torch.ones(4, 2)
ADAM.step()


def averaged(state: State, prefix: str = "") -> State:
    """An average of the parameters, under the names of a wrapper."""
    return {f"{prefix}{name}": tensor + 1 for name, tensor in state.items()}


TAKEN = {
    "ema": ("model", {"model": ONE, "ema": averaged(ONE), "epoch": 3}),
    "params_ema": ("params", {"params": ONE, "params_ema": averaged(ONE)}),
    "ema_state_dict": ("state_dict", {"state_dict": ONE, "ema_state_dict": averaged(ONE, "module."), "optimizer": ADAM.state_dict()}),
    "a shadow": ("model", {"model": ONE, "ema": {"decay": 0.9, "shadow_params": list(averaged(ONE).values())}}),
    "without buffers": ("model", {"model": ONE | {"1.num_batches_tracked": torch.tensor(3)}, "ema": averaged(ONE)}),
    "nested": ("model", {"model": {"state_dict": ONE}, "ema": {"state_dict": averaged(ONE)}}),
    "the only one": ("policy", {"policy": ONE, "optimizer": ADAM.state_dict(), "epoch": 3}),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_which_of_several_was_taken_is_the_first_thing_said(tmp_path: Path, name: str):
    key, content = TAKEN[name]
    (network,), unread = stored(tmp_path, content)
    assert not unread and f'under "{key}"' in network.assumed[0]
    np.testing.assert_array_equal(network.arrays["W1"], ONE["0.weight"].double().numpy())
    other = [other for other in content if other not in (key, "epoch", "optimizer")]
    assert not other or other[0] in network.assumed[0]


def test_a_network_alone_is_read_without_a_word(tmp_path: Path):
    for content in (
        {
            "state_dict": ONE,
            "best_acc1": torch.tensor(0.7),
            "rng": torch.get_rng_state(),
            "optimizer": ADAM.state_dict(),
        },
        {"model": ONE, "normalizer": {"mean": torch.ones(3), "std": torch.ones(3)}},
    ):
        (network,), _ = stored(tmp_path, content)
        assert network.assumed[0].startswith("layers are one chain")


DIFFERENT = {
    "generator": {"generator": ONE, "discriminator": OTHER, "epoch": 3},
    "g and d": {"g": ONE, "d": OTHER, "g_ema": averaged(ONE), "g_optim": ADAM.state_dict()},
    "actor and critics": {"actor": ONE, "critic": OTHER, "critic_target": OTHER, "steps": 5},
    "encoder and decoder": {"encoder": ONE, "decoder": OTHER},
    "a model and a discriminator": {"model": ONE, "discriminator": OTHER},
    "an average of another": {"model": ONE, "ema": averaged(OTHER)},
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_networks_are_refused_with_the_option_that_says_which(tmp_path: Path, name: str):
    content = DIFFERENT[name]
    networks, (line,) = stored(tmp_path, content)
    key = next(iter(content))
    assert not networks and f"--key {key}" in line and "\n" not in line
    (network,), _ = stored(tmp_path, content, key=key)
    assert network.space == mlp(2, 4, 3)
    _, (line,) = stored(tmp_path, content, key=f"{key}s")
    assert f'did you mean "{key}"?' in line


def test_networks_of_one_shape_under_names_of_their_own_are_several(tmp_path: Path):
    networks, _ = stored(tmp_path, {"q1": ONE, "q2": SAME, "steps": 3, "optimizer": ADAM.state_dict()})
    assert [network.entry for network in networks] == ["q1", "q2"]


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".npz"])
def test_a_key_is_a_start_of_names_in_every_format(tmp_path: Path, suffix: str):
    state = dense(2, 4, 3, names="actor.{}") | dense(3, 5, 1, names="critic.{}")
    file = tmp_path / f"a{suffix}"
    if suffix == ".pt":
        torch.save({"state_dict": state}, file)
    elif suffix == ".npz":
        np.savez(file, **{name: one.numpy() for name, one in state.items()})  # type: ignore[arg-type]
    else:
        save_file(state, file)
    (unread,) = load(file).unread
    assert "--key actor if one of actor, critic is meant" in unread.line and unread.candidates[1:] == (
        "actor",
        "critic",
    )
    (network,) = load(file, Reading(key="critic")).networks
    assert network.space == mlp(3, 5, 1)
    assert 'nothing under --key critics; did you mean "critic"?' in load(file, Reading(key="critics")).unread[0].line


def test_a_checkpoint_that_holds_itself_is_a_line(tmp_path: Path):
    loop: dict[str, object] = {"epoch": 3}
    loop["model"], loop["ema"] = loop, loop
    networks, unread = stored(tmp_path, loop)
    assert not networks and len(unread) == 1


def test_entries_that_are_no_weights_are_left_out(tmp_path: Path):
    more = ONE | {
        "mask": torch.full((3,), -torch.inf),
        "head.weight": torch.ones(2, 2),
        "head.bias": torch.ones(2),
        "step": 3,
    }
    _, (line,) = stored(tmp_path, more)
    assert "--ignore step" in line
    _, (line,) = stored(tmp_path, more, ignore=("step",))
    assert "--ignore mask" in line
    (network,), _ = stored(tmp_path, more, ignore=("step", "mask", "head.*"))
    assert network.space == mlp(2, 4, 3)
    _, (line,) = stored(tmp_path, more, ignore=("step", "mask", "heads"))
    assert "has no heads, which is to be ignored; available: 0.bias" in line or "did you mean" in line
    _, (line,) = stored(tmp_path, more, ignore=("step", "mask"), order=("0", "2"))
    assert "--ignore 'head*'" in line
    (network,), _ = stored(
        tmp_path, {f"module.{name}": one for name, one in ONE.items()} | {"t": torch.ones(1)}, ignore=("t", "nothing*")
    )
    assert network.space == mlp(2, 4, 3)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int64, torch.bool])
def test_integers_without_scales_are_said(tmp_path: Path, dtype: torch.dtype):
    whole = ONE | {"0.weight": torch.tensor([[1, 0], [0, 1], [1, 1], [0, 0]]).to(dtype)}
    (network,), _ = stored(tmp_path, whole)
    kind = str(dtype).removeprefix("torch.")
    assert network.assumed[0].endswith(f"taken as the numbers that they are: 0.weight ({kind})")
    np.savez(tmp_path / "a.npz", **{name: one.numpy() for name, one in whole.items()})  # type: ignore[arg-type]
    (same,) = load(tmp_path / "a.npz").networks
    assert same.assumed == network.assumed and all(map(np.array_equal, same.arrays.values(), network.arrays.values()))
    (scaled,), _ = stored(tmp_path, whole | {"0.weight_scale": torch.tensor(0.5)})
    assert not any("integers" in line for line in scaled.assumed)


def test_codes_whose_scale_is_missing_are_refused(tmp_path: Path):
    codes = ONE | {"0.weight": torch.ones(4, 2, dtype=torch.int8)}
    for more in (
        {"0.weight_zero_point": torch.tensor(3)},
        {"0.scale": torch.tensor(0.1), "0.zero_point": torch.tensor(3)},
    ):
        networks, (line,) = stored(tmp_path, codes | more)
        assert not networks and "save the weights as floats" in line


def layers(*names: str, shape: tuple[int, int] = (4, 4), bias: bool = True) -> State:
    return {
        f"{name}.{kind}": torch.ones(shape if kind == "weight" else shape[:1])
        for name in names
        for kind in ("weight", "bias")[: 1 + bias]
    }


ODD_NAMES: dict[str, tuple[State, str]] = {
    "towers of several layers": (layers("towers.0.1", "towers.0.3", "towers.1.1", "towers.1.3"), "--key towers.0"),
    "twin critics": (layers("q1.0", "q1.2", "q2.0", "q2.2"), "--key q1"),
    "twin critics of one layer": (layers("q1", "q2"), "--order q1,q2"),
    "two nets": (layers("net_a.0", "net_a.2", "net_b.0", "net_b.2"), "--key net_a"),
    "an ensemble": (layers("models.0.layers.0", "models.0.layers.1", "models.1.layers.0", "models.1.layers.1"), "--key models.0"),
    "an ensemble of one layer": (layers("models.0.fc", "models.1.fc"), "--order models.0.fc,models.1.fc"),
    "down and up": (layers("downs.0", "downs.1", "ups.0", "ups.1"), "--key downs"),
    "twins and a head": (layers("twin.0", "twin.2", "head"), "--order"),
    "skips": (layers("layers.0.fc", "layers.0.skip", "layers.1.fc", "layers.1.skip"), "--module"),
    "gated, by number": (layers("w1", "w2", "w3", bias=False), "--module"),
    "gated arrays": ({"w1": torch.ones(4, 8), "w2": torch.ones(8, 4), "w3": torch.ones(4, 8)}, "gate beside"),
    "gated, by name": (layers("gate_proj", "up_proj", "down_proj", bias=False), "--module"),
    "tied tables": ({"wte.weight": torch.ones(9, 4), "lm_head.weight": torch.ones(9, 4)}, "--module"),
    "an embedding first": ({"0.weight": torch.ones(4, 4)} | layers("1", "2"), "may be an embedding"),
    "a recurrence": ({"lstm.weight_ih_l0": torch.ones(16, 3), "lstm.weight_hh_l0": torch.ones(16, 4)}, "belongs to a recurrence"),
    "two ends": (layers("fc1", "fc21", "fc22", "fc3", "fc4"), "have a gap"),
    "a normalisation": (layers("0", "3") | {"1.weight": torch.ones(4), "1.bias": torch.ones(4)}, "a normalisation's or a PReLU's"),
    "queries and keys": (layers("attn.q_proj", "attn.k_proj", "attn.v_proj"), "--module"),
    "highways": (layers("H.0", "H.1", "T.0", "T.1"), "--key H"),
    "stages": (layers("stage1", "stage2"), "beside each other"),
    "layers of batches": ({"0.weight": torch.ones(5, 3, 8), "0.bias": torch.ones(5, 1, 8)}, "--module"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_that_are_no_chain_are_refused_with_the_way_out(tmp_path: Path, name: str):
    state, told = ODD_NAMES[name]
    networks, (line,) = stored(tmp_path, state)
    assert not networks and told in line and "--module" in line
    assert load(tmp_path / "a.pt").unread[0].cause in (Cause.AMBIGUOUS, Cause.SHAPES)


@pytest.mark.parametrize(
    "stem", ["net.", "encoder.", "hidden_layers.", "fc", "model.linear_", "Dense_", "trunk.fcs.", "W"]
)
def test_layers_in_a_row_are_read(tmp_path: Path, stem: str):
    (network,), _ = stored(tmp_path, layers(*(f"{stem}{n}" for n in range(3))) if stem != "W" else {f"{k}{n}": torch.ones(*s) for n in (1, 2) for k, s in (("W", (3, 4)), ("b", (4,)))} | {"W2": torch.ones(4, 2), "b2": torch.ones(2)})  # fmt: skip
    assert network.space.is_mlp


def test_of_convolutions_in_a_state_dict_what_names_do_not_say_is_said(tmp_path: Path):
    kernels = {
        "0.weight": torch.randn(4, 1, 3, 3),
        "0.bias": torch.ones(4),
        "2.weight": torch.ones(2, 4),
        "2.bias": torch.ones(2),
    }
    (network,), _ = stored(tmp_path, kernels)
    assert any("keep the image's size" in line for line in network.assumed)
    square = {
        "0.weight": torch.randn(4, 4, 3, 3),
        "0.bias": torch.ones(4),
        "2.weight": torch.randn(4, 4, 3, 3),
        "2.bias": torch.ones(4),
    }
    (network,), _ = stored(tmp_path, square)
    assert any("no transposed convolution" in line for line in network.assumed)


def test_what_was_ignored_before_the_key_was_named_does_no_harm(tmp_path: Path):
    """One refusal says `--ignore std`, the next `--key actor`: who says both reads the network, and without the key a name that is not there is told."""
    content = {
        "std": torch.ones(2),
        **{f"actor.{k}": v for k, v in dense(3, 4, 2).items()},
        **{f"critic.{k}": v for k, v in dense(3, 4, 1).items()},
    }
    assert "--ignore std" in stored(tmp_path, content)[1][0]
    assert "--key actor" in stored(tmp_path, content, ignore=("std",))[1][0]
    networks, unread = stored(tmp_path, content, ignore=("std",), key="actor")
    assert not unread and networks[0].space == mlp(3, 4, 2)
    assert "has no sdt" in stored(tmp_path, content, ignore=("sdt",))[1][0]
