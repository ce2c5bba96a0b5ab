"""Weights that packages of the registry ship: read as the networks of the packages' own modules, or refused in one line; never as others.

The packages lie in a folder of their own (`packages.txt` pins them with check sums), named by ORBITCHECK_TEST_WEIGHTS; without it every
case is skipped. They are installed without what they need: what is missing and does not bear on a forward pass is a stand-in.

    pip install --no-deps --require-hashes --target weights -r tests/registry/packages.txt
    ORBITCHECK_TEST_WEIGHTS=weights pytest tests/registry
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from orbitcheck.harness.weights.readers.loading import Reading, load
from orbitcheck.harness.weights.readers.records import Proof
from orbitcheck.harness.weights.tracing.modules import wired_module

FOLDER = os.environ.get("ORBITCHECK_TEST_WEIGHTS", "")
NEEDS = "ORBITCHECK_TEST_WEIGHTS names no folder with {}"


class Anything:
    """Stands for a name of a package that is not there; a decorator, a class, a value."""

    def __init__(self, *_: Any, **__: Any): ...

    def __call__(self, *given: Any, **_: Any) -> Any:
        return given[0] if len(given) == 1 and callable(given[0]) else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every module that nothing else finds."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        made = ModuleType(spec.name)
        made.__dict__["__getattr__"] = lambda name: Anything() if not name.startswith("__") else _none(name)
        return made

    def exec_module(self, module: ModuleType) -> None: ...


def _none(name: str) -> Any:
    raise AttributeError(name)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(FOLDER)
    finder = StandIn()
    sys.meta_path.append(finder)
    try:
        yield Path(FOLDER)
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            del sys.modules[name]


def own(path: str) -> Any:
    """An attribute of a package's module."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def alone(file: str, **names: Any) -> ModuleType:
    """A package's file by itself: of its package there are these names alone."""
    package = file.partition("/")[0]
    sys.modules[package] = ModuleType(package)
    sys.modules[package].__dict__.update(names, __path__=[str(Path(FOLDER) / package)])
    spec = importlib.util.spec_from_file_location(f"{package}.{Path(file).stem}", Path(FOLDER) / file)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


def facenet(kind: str) -> nn.Module:
    return own(f"facenet_pytorch.models.mtcnn:{kind}")(pretrained=False)


def crepe(kind: str) -> nn.Module:
    return alone("torchcrepe/model.py", PITCH_BINS=360).Crepe(kind)


def mobilenet() -> nn.Module:
    return own("deep_sort_realtime.embedder.mobilenetv2_bottle:MobileNetV2_bottle")(input_size=64)


def voice() -> nn.Module:
    encoder = alone("resemblyzer/voice_encoder.py", audio=Anything()).VoiceEncoder
    made = encoder.__new__(encoder)
    nn.Module.__init__(made)
    made.lstm, made.linear, made.relu = nn.LSTM(40, 256, 3, batch_first=True), nn.Linear(256, 256), nn.ReLU()
    for name in ("similarity_weight", "similarity_bias"):  # of its training, which the package reads past
        made.register_parameter(name, nn.Parameter(torch.ones(1)))
    return made


class Words(nn.Module):
    """attacut's layers under their names, with the forward pass of its own model class."""

    def __init__(self) -> None:
        super().__init__()
        layer = own("attacut.models:ConvolutionLayer")
        state = torch.load(
            Path(FOLDER) / "attacut/artifacts/attacut-c/model.pth", map_location="cpu", weights_only=True
        )
        count, width = state["embeddings.weight"].shape
        filters = state["conv1.conv.weight"].shape[0]
        self.embeddings = nn.Embedding(count, width, padding_idx=0)
        self.conv1, self.conv2, self.conv3 = (
            layer(width, filters, 3),
            layer(width, filters, 5, dilation=3),
            layer(width, filters, 9, dilation=2),
        )
        self.linear1, self.linear2 = (
            nn.Linear(filters, state["linear1.weight"].shape[0]),
            nn.Linear(state["linear1.weight"].shape[0], 1),
        )
        self.dropout = nn.Dropout(0.0)

    def forward(self, x):
        x = self.embeddings(x).permute(0, 2, 1)
        parts = [self.dropout(conv(x).permute(0, 2, 1)) for conv in (self.conv1, self.conv2, self.conv3)]
        out, _ = torch.max(torch.stack(parts, 3), 3)
        return self.linear2(torch.relu(self.linear1(out))).view(-1)


NETWORKS = {
    "facenet-pytorch, P": ("facenet_pytorch", "data/pnet.pt", lambda: facenet("PNet"), (1, 3, 24, 24)),
    "facenet-pytorch, R": ("facenet_pytorch", "data/rnet.pt", lambda: facenet("RNet"), (1, 3, 24, 24)),
    "facenet-pytorch, O": ("facenet_pytorch", "data/onet.pt", lambda: facenet("ONet"), (1, 3, 48, 48)),
    "torchcrepe, tiny": ("torchcrepe", "assets/tiny.pth", lambda: crepe("tiny"), (2, 1024)),
    "deep-sort-realtime": ("deep_sort_realtime", "embedder/weights/mobilenetv2_bottleneck_wts.pt", mobilenet, (1, 3, 64, 64)),
    "resemblyzer": ("resemblyzer", "pretrained.pt", voice, (2, 6, 40)),
    "attacut": ("attacut", "artifacts/attacut-c/model.pth", Words, (2, 9)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_package_s_weights_are_the_network_of_its_own_module(name: str, request: pytest.FixtureRequest):
    package, file, make, shape = NETWORKS[name]
    path = Path(FOLDER) / package / file
    if not FOLDER or not path.is_file():
        pytest.skip(NEEDS.format(package))
    request.getfixturevalue("packages")
    torch.manual_seed(0)
    net = make()
    x = torch.randint(1, 40, shape) if name == "attacut" else torch.randn(*shape)
    wired, _ = wired_module(net, x)
    reading = Reading(wired=wired)
    loaded = load(path, reading)
    assert not loaded.unread, loaded.unread
    (network,) = loaded.networks
    assert network.proof is Proof.MODULE and network.space.permuted
    # The same numbers in the package's own module: its planted permutations leave the trained function, too.
    stored = torch.load(path, map_location="cpu", weights_only=True)
    net.load_state_dict(stored.get("model_state", stored), strict=False)
    again, state = wired_module(net, x)
    assert again.space == network.space
    for tensor, array in again.arrays(state).items():
        np.testing.assert_array_equal(array, network.arrays[tensor])


REFUSED = (
    "lpips/weights/v0.1/alex.pth", "lpips/weights/v0.1/vgg.pth", "silero_vad/data/silero_vad.jit", "silero_vad/data/silero_vad_16k.safetensors",
    "g2p_en/checkpoint20.npz", "fer/data/emotion_model.hdf5", "deepcut/weight/cnn_without_ne_ab.h5", "torchcrepe/assets/tiny.pth",
    "facenet_pytorch/data/pnet.pt", "basic_pitch/saved_models/icassp_2022/nmp.onnx", "magika/models/standard_v3_3/model.onnx",
    "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", "speechmos/dnsmos_models/model_v8.onnx",
)  # fmt: skip
"""Files that do not say by themselves how they are wired, or whose graph has an operation without a rule."""


@pytest.mark.parametrize("file", REFUSED)
def test_what_a_file_does_not_say_is_refused_in_one_line(file: str):
    path = Path(FOLDER) / file
    if not FOLDER or not path.is_file():
        pytest.skip(NEEDS.format(file.partition("/")[0]))
    loaded = load(path)
    assert not loaded.networks
    (unread,) = loaded.unread
    assert "\n" not in unread.line and unread.line.startswith(str(path))
