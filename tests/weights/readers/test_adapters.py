"""Adapters of low rank: the space of their pairs, whatever trained them; elements of the group leave every product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from orbitcheck import act, random_elements
from orbitcheck.harness.weights.groups import FactorKind, group
from orbitcheck.harness.weights.networks.dense import lora
from orbitcheck.harness.weights.readers.loading import load
from orbitcheck.harness.weights.readers.records import Cause

LAYERS = {"layers.0.self_attn.q_proj": (8, 6), "layers.0.mlp.up_proj": (12, 6)}
RANK = 3


def pairs(names: str) -> dict[str, torch.Tensor]:
    """Both halves of each layer: `names` has the layer's place and the words of the halves."""
    torch.manual_seed(0)
    layer, down, up = names.split("|")
    kept = {}
    for name, (outputs, inputs) in LAYERS.items():
        stem = layer.format(name.replace(".", "_") if "kohya" in layer or "unet" in layer else name)
        kept[f"{stem}{down}"], kept[f"{stem}{up}"] = torch.randn(RANK, inputs), torch.randn(outputs, RANK)
    return kept


CONVENTIONS = {
    "peft": "base_model.model.model.{}|.lora_A.weight|.lora_B.weight",
    "peft in a model": "base_model.model.model.{}|.lora_A.default.weight|.lora_B.default.weight",
    "diffusers": "transformer.{}|.lora_A.weight|.lora_B.weight",
    "diffusers, older": "unet.{}.processor|.lora.down.weight|.lora.up.weight",
    "kohya": "lora_unet_{}|.lora_down.weight|.lora_up.weight",
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_pairs_are_read_by_their_names(tmp_path: Path, name: str):
    kept = pairs(CONVENTIONS[name])
    if name == "kohya":
        kept |= {f"{key.split('.')[0]}.alpha": torch.tensor(4.0) for key in list(kept)}
    save_file(kept, tmp_path / "adapter_model.safetensors")
    loaded = load(tmp_path / "adapter_model.safetensors")
    assert not loaded.unread, loaded.unread
    (network,) = loaded.networks
    ordered = sorted(LAYERS.items()) if network.space.size["out1"] == 12 else list(LAYERS.items())
    assert network.space == lora(*(sizes for _, sizes in ordered), rank=RANK).space
    assert {factor.kind for factor in group(network.space, "gl").factors} == {FactorKind.of({"perm", "gl"})}
    weights = network.weights()
    moved = act(random_elements(network.space, 1, np.random.default_rng(0))[0], weights)
    for number in (1, 2):
        product = [v.tensors[f"B{number}"][0, ..., 0] @ v.tensors[f"A{number}"][0, ..., 0] for v in (weights, moved)]
        torch.testing.assert_close(*product, rtol=1e-12, atol=1e-12)
    assert any("alpha" in line for line in network.assumed) == (name == "kohya")


def test_convolutions_and_lengths_of_rows(tmp_path: Path):
    kept = pairs(CONVENTIONS["peft"])
    kept["base_model.model.conv.lora_A.weight"] = torch.randn(RANK, 4, 3, 3)
    kept["base_model.model.conv.lora_B.weight"] = torch.randn(5, RANK, 1, 1)
    kept["base_model.model.model.layers.0.mlp.up_proj.lora_magnitude_vector"] = torch.rand(12)
    torch.save(kept, tmp_path / "adapter_model.bin")
    (network,) = load(tmp_path / "adapter_model.bin").networks
    assert network.space.permuted == ("r1", "r2", "r3") and network.space.shapes["B3"] == (5, RANK)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_model.model.model.layers.0.mlp.up_proj.lora_B.weight": None}, "without"),
        ({"base_model.model.model.layers.0.mlp.up_proj.lora_B.weight": torch.ones(12, 4)}, "does not follow"),
        ({"score.weight": torch.ones(2, 6)}, "belongs to no pair"),
    ],
)
def test_half_a_pair_is_none(tmp_path: Path, change, words: str):
    kept = {name: one for name, one in (pairs(CONVENTIONS["peft"]) | change).items() if one is not None}
    save_file(kept, tmp_path / "a.safetensors")
    (unread,) = load(tmp_path / "a.safetensors").unread
    assert words in unread.line and unread.cause in (Cause.SHAPES, Cause.AMBIGUOUS)
