"""A fixed list of forty ways in which people keep networks: each is read as the very network, by its function, or refused with the way out.

A layout is a file that a module was written to, and what is at hand beside it: nothing, the module, or an option. None is read as another network.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from orbitcheck import realise
from orbitcheck.harness.weights.readers.loading import Described, Reading, load
from orbitcheck.harness.weights.readers.records import Network
from orbitcheck.harness.weights.space import SpaceError
from orbitcheck.harness.weights.tracing.modules import wired_module

h5py = pytest.importorskip("h5py")
onnx = pytest.importorskip("onnx")
msgpack = pytest.importorskip("msgpack")

State = dict[str, torch.Tensor]


def mlp_of(*widths: int, phi: Callable[[], nn.Module] = nn.ReLU, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), phi()]
    return nn.Sequential(*layers[:-1])


class Named(nn.Module):
    """Layers under names of one's own."""

    def __init__(self, *names: str, widths: tuple[int, ...] = (3, 5, 4, 2)):
        super().__init__()
        torch.manual_seed(1)
        for name, (before, after) in zip(names, pairwise(widths), strict=True):
            self.add_module(name, nn.Linear(before, after))
        self.order = names

    def forward(self, x):
        for name in self.order[:-1]:
            x = torch.relu(getattr(self, name)(x))
        return getattr(self, self.order[-1])(x)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.start, self.end = nn.Linear(3, 6), nn.Linear(6, 2)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 6)) for _ in range(2))

    def forward(self, x):
        x = self.start(x)
        for block in self.blocks:
            x = x + block(x)
        return self.end(x)


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.body, self.value, self.policy = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        x = functional.relu(self.body(x))
        return self.value(x), self.policy(x)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.rnn, self.fc = nn.GRU(3, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


class Siren(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.net = nn.ModuleList([nn.ModuleDict({"linear": nn.Linear(*pair)}) for pair in pairwise((2, 6, 6, 1))])

    def forward(self, x):
        for layer in self.net[:-1]:
            x = torch.sin(layer["linear"](x))
        return self.net[-1]["linear"](x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(6)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.start, self.norm, self.end = nn.Linear(3, 8), nn.LayerNorm(8), nn.Linear(8, 2)

    def forward(self, x):
        x = self.start(x)
        return self.end(self.norm(x + self.attention(x, x, x, need_weights=False)[0]).mean(1))


PLAIN = mlp_of(3, 5, 4, 2)
SQUARE = mlp_of(4, 4, 4, 4)
TANH = mlp_of(3, 4, 4, 2, phi=nn.Tanh)
NORMED = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))
POOLED = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2)
)  # fmt: skip
FLAT = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2))


@dataclass(frozen=True)
class Layout:
    """`write` puts the module's weights under the path; `entry` is the network of several that is compared."""

    path: str
    write: Callable[[Path], Any]
    net: nn.Module = PLAIN
    shape: tuple[int, ...] = (5, 3)
    by: str = "file"
    reading: dict[str, Any] = field(default_factory=dict)
    entry: int = 0
    count: int = 1
    refused: str = ""


def pt(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)


def state(net: nn.Module, prefix: str = "") -> State:
    return {prefix + name: tensor.detach().clone() for name, tensor in net.state_dict().items()}


def pairs(net: nn.Module) -> list[tuple[np.ndarray, np.ndarray]]:
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    return [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in layers]


def npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]


def kernels(net: nn.Module, names: Callable[[int, str], str], words=("kernel", "bias")) -> dict[str, np.ndarray]:
    """The layers as [inputs, outputs]."""
    return {
        names(number, word): array
        for number, (weight, bias) in enumerate(pairs(net))
        for word, array in zip(words, (weight.T.copy(), bias), strict=True)
    }


def h5(path: Path, arrays: dict[str, np.ndarray], **attributes: str) -> None:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        for name, text in attributes.items():
            file.attrs[name] = text


def keras_model(path: Path) -> None:
    names = ("zz", "mm", "aa")
    layers = [{"class_name": "Dense", "config": {"name": name}} for name in names]
    config = json.dumps({"class_name": "Sequential", "config": {"layers": layers}})
    h5(path, kernels(PLAIN, lambda n, word: f"model_weights/{names[n]}/{names[n]}/{word}:0"), model_config=config)


def keras_functional(path: Path, skip: bool = False, second: str = "tanh", kind: str = "Dropout") -> None:
    """A functional model of Keras whose layers' names say nothing: `in -> zz -> mm -> between -> aa`; with a skip `aa` reads their sum."""

    def reads(*names: str) -> list:
        return [[[name, 0, 0, {}] for name in names]] if names else []

    def dense(name: str, activation: str, before: str) -> dict:
        return {"class_name": "Dense", "config": {"name": name, "activation": activation}, "inbound_nodes": reads(before)}  # fmt: skip

    layers = [
        {"class_name": "InputLayer", "config": {"name": "in"}, "inbound_nodes": []},
        dense("zz", "tanh", "in"),
        dense("mm", second, "zz"),
        {"class_name": "Dropout" if skip else kind, "config": {"name": "between"}, "inbound_nodes": reads("mm")},
        {**dense("aa", "linear", "between"), "inbound_nodes": reads(*(("zz", "between") if skip else ("between",)))},
    ]
    config = json.dumps({"class_name": "Functional", "config": {"layers": layers}})
    names = ("zz", "mm", "aa")
    h5(path, kernels(TANH, lambda n, word: f"model_weights/{names[n]}/{names[n]}/{word}:0"), model_config=config)


def pair(before: int, after: int) -> State:
    return {"weight": torch.ones(after, before), "bias": torch.ones(after)}


def sharded(path: Path, suffix: str) -> None:
    own = state(PLAIN)
    halves = [dict(list(own.items())[:3]), dict(list(own.items())[3:])]
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    names = [f"{stem}-0000{number}-of-00002.{suffix}" for number in (1, 2)]
    for name, half in zip(names, halves, strict=True):
        save_file(half, path / name) if suffix == "safetensors" else torch.save(half, path / name)
    places = {key: name for name, half in zip(names, halves, strict=True) for key in half}
    (path / f"{stem}.{suffix}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def hub(path: Path) -> None:
    save_file(state(PLAIN, "model.layers."), path / "model.safetensors")
    (path / "config.json").write_text(json.dumps({"hidden_act": "relu"}))
    torch.save({}, path / "training_args.bin")


def flax(path: Path) -> None:
    def packed(array: np.ndarray) -> Any:
        return msgpack.ExtType(1, msgpack.packb((array.shape, array.dtype.name, array.tobytes())))

    tree = {f"Dense_{n}": {"kernel": packed(w.T.copy()), "bias": packed(b)} for n, (w, b) in enumerate(pairs(PLAIN))}
    path.write_bytes(msgpack.packb({"params": tree, "step": 3}))


def graph(path: Path, square: bool = False) -> None:
    from onnx import TensorProto, helper, numpy_helper

    node, (first, second, third) = helper.make_node, pairs(SQUARE if square else PLAIN)
    stored = {"c": first, "a": second, "b": third}
    if square:
        nodes = [
            node("MatMul", ["x", "c.w"], ["p"]), node("Add", ["p", "c.b"], ["h"]), node("Relu", ["h"], ["r"]),
            node("MatMul", ["r", "a.w"], ["q"]), node("Add", ["q", "a.b"], ["i"]), node("Relu", ["i"], ["s"]),
            node("MatMul", ["s", "b.w"], ["t"]), node("Add", ["t", "b.b"], ["y"]),
        ]  # fmt: skip
        stored = {name: (weight.T.copy(), bias) for name, (weight, bias) in stored.items()}
    else:
        nodes = [
            node("Gemm", ["x", "c.w", "c.b"], ["h"], transB=1), node("Relu", ["h"], ["r"]), node("Gemm", ["r", "a.w", "a.b"], ["i"], transB=1),
            node("Relu", ["i"], ["s"]), node("Gemm", ["s", "b.w", "b.b"], ["y"], transB=1),
        ]  # fmt: skip
    tensors = [numpy_helper.from_array(one, f"{name}.{kind}") for name, both in stored.items() for kind, one in zip("wb", both, strict=True)]  # fmt: skip
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, size))
        for name, size in (("x", 4 if square else 3), ("y", 4 if square else 2))
    ]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)), path)


def int8(path: Path) -> None:
    """Codes and one scale a row: the module has the products, which float32 holds."""
    kept: State = {}
    for number, layer in enumerate(CODED):
        if isinstance(layer, nn.Linear):
            kept |= {f"{number}.weight": CODES[number], f"{number}.weight_scale": torch.full((layer.out_features,), 0.25), f"{number}.bias": layer.bias.detach()}  # fmt: skip
    torch.save(kept, path)


CODED, CODES = mlp_of(3, 5, 4, 2, seed=7), {}
for _number, _layer in enumerate(CODED):
    if isinstance(_layer, nn.Linear):
        CODES[_number] = torch.randint(-127, 128, _layer.weight.shape, dtype=torch.int8)
        _layer.weight.data = CODES[_number] * 0.25
HALF, BF, F8 = (mlp_of(3, 5, 4, 2, seed=8).to(kind).float() for kind in (torch.float16, torch.bfloat16, torch.float32))
for _layer in F8:
    if isinstance(_layer, nn.Linear):
        _layer.weight.data = _layer.weight.data.to(torch.float8_e4m3fn).float()


def table(path: Path) -> None:
    arrays = kernels(PLAIN, lambda n, word: f"sequential/dense{f'_{n}' * bool(n)}/{word}:0")
    np.save(path / "weights.npy", np.stack([np.concatenate([a.ravel() for a in arrays.values()])] * 2))
    lines, start = ["varname,start_idx,end_idx,shape"], 0
    for name, array in arrays.items():
        lines.append(f'{name},{start},{start + array.size},"{array.shape}"')
        start += array.size
    (path / "layout.csv").write_text("\n".join(lines))


FC = Named("fc1", "fc2", "fc3")
FREE = Named("input_layer", "hidden", "out")
HIDDEN = Named("head", "b", "a")
MANY = [mlp_of(3, 5, 4, 2, seed=seed) for seed in range(3)]
READ: dict[str, Layout] = {
    "a state dict of a Sequential": Layout("a.pt", lambda p: pt(p, state(PLAIN))),
    "torch's old format": Layout("a.pth", lambda p: torch.save(state(PLAIN), p, _use_new_zipfile_serialization=False)),
    "Lightning": Layout("e=3-step=9.ckpt", lambda p: pt(p, {"epoch": 3, "global_step": 9, "state_dict": state(PLAIN, "model."), "hyper_parameters": {"lr": 0.1}, "callbacks": {}, "optimizer_states": [{}]})),
    "a trainer's checkpoint": Layout("a.tar.pth", lambda p: pt(p, {"epoch": 1, "model_state_dict": state(PLAIN), "optimizer_state_dict": torch.optim.Adam(PLAIN.parameters()).state_dict(), "loss": 0.5})),
    "fairseq's and timm's model": Layout("a.pth", lambda p: pt(p, {"model": state(PLAIN), "args": {"lr": 1.0}})),
    "deepspeed's module": Layout("mp_rank_00_model_states.pt", lambda p: pt(p, {"module": state(PLAIN), "dp_world_size": 1})),
    "DataParallel": Layout("a.pt", lambda p: pt(p, state(PLAIN, "module."))),
    "torch.compile": Layout("a.pt", lambda p: pt(p, state(PLAIN, "_orig_mod."))),
    "compiled and distributed": Layout("a.pt", lambda p: pt(p, {"state_dict": state(PLAIN, "module._orig_mod.")})),
    "fc1, fc2, fc3": Layout("a.pt", lambda p: pt(p, state(FC)), FC),
    "a list of modules": Layout("a.pt", lambda p: pt(p, state(PLAIN, "layers."))),
    "layers in blocks": Layout("a.pt", lambda p: pt(p, state(Siren())), Siren(), (5, 2), reading={"activation": "sine"}),
    "a safetensors file": Layout("a.safetensors", lambda p: save_file(state(PLAIN), p)),
    "shards of safetensors": Layout(".", lambda p: sharded(p, "safetensors")),
    "shards of torch": Layout(".", lambda p: sharded(p, "bin")),
    "a folder of the hub": Layout(".", hub),
    "Flax in npz": Layout("a.npz", lambda p: npz(p, kernels(PLAIN, lambda n, word: f"params/Dense_{n}/{word}"))),
    "Flax in msgpack": Layout("a.msgpack", flax),
    "Haiku": Layout("a.npz", lambda p: npz(p, kernels(SQUARE, lambda n, word: f"mlp/~/linear_{n}/{word}", ("w", "b"))), SQUARE, (5, 4)),
    "Keras, weights": Layout("a.h5", lambda p: h5(p, kernels(SQUARE, lambda n, word: f"dense{f'_{n}' * bool(n)}/dense{f'_{n}' * bool(n)}/{word}:0")), SQUARE, (5, 4)),
    "Keras 3, weights": Layout("a.weights.h5", lambda p: h5(p, kernels(SQUARE, lambda n, word: f"layers/dense{f'_{n}' * bool(n)}/vars/{int(word == 'bias')}")), SQUARE, (5, 4)),
    "Keras, a model": Layout("a.h5", keras_model),
    "W1, b1, W2, b2": Layout("a.npz", lambda p: npz(p, {f"{kind}{n}": one for n, both in enumerate(pairs(PLAIN), 1) for kind, one in zip("Wb", both, strict=True)})),
    "arrays without names": Layout("a.npz", lambda p: np.savez(p, *[one for both in pairs(PLAIN) for one in both])),
    "a list of (W, b)": Layout("a.pt", lambda p: pt(p, [(torch.tensor(w), torch.tensor(b)) for w, b in pairs(PLAIN)])),
    "a stack of networks": Layout("a.pt", lambda p: pt(p, {name: torch.stack([state(net)[name] for net in MANY]) for name in state(PLAIN)}), MANY[1], entry=1, count=3),
    "a list of state dicts": Layout("a.pt", lambda p: pt(p, [state(net) for net in MANY]), MANY[2], entry=2, count=3),
    "networks by name": Layout("a.pt", lambda p: pt(p, {f"run{n}": state(net) for n, net in enumerate(MANY)}), MANY[2], entry=2, count=3),
    "inr2vec": Layout("a.h5", lambda p: h5(p, {f"{n}/{k}": t.numpy() for n, net in enumerate(MANY) for k, t in state(net).items()}), MANY[1], entry=1, count=3),
    "an array with a table": Layout(".", table, entry=1, count=2),
    "ONNX, exported by torch": Layout("a.onnx", graph),
    "ONNX, exported by Keras": Layout("a.onnx", lambda p: graph(p, square=True), SQUARE, (5, 4)),
    "halves": Layout("a.safetensors", lambda p: save_file({k: v.half() for k, v in state(HALF).items()}, p), HALF),
    "bfloat16": Layout("a.pt", lambda p: pt(p, {k: v.bfloat16() for k, v in state(BF).items()}), BF),
    "float8 with halves": Layout("a.safetensors", lambda p: save_file({k: v.to(torch.float8_e4m3fn) if v.ndim > 1 else v for k, v in state(F8).items()}, p), F8),
    "int8 with scales of rows": Layout("a.pt", int8, CODED),
    "convolutions, pooled": Layout("a.pt", lambda p: pt(p, state(POOLED)), POOLED, (2, 1, 6, 6), by="module"),
    "convolutions, flattened": Layout("a.pt", lambda p: pt(p, state(FLAT)), FLAT, (2, 1, 5, 5), by="module"),
    "batch normalisation": Layout("a.pt", lambda p: pt(p, state(NORMED)), NORMED, by="module"),
    "residual blocks": Layout("a.pt", lambda p: pt(p, state(Residual())), Residual(), by="module"),
    "two heads": Layout("a.pt", lambda p: pt(p, state(Heads())), Heads(), by="module"),
    "a GRU": Layout("a.pt", lambda p: pt(p, state(Recurrent())), Recurrent(), (2, 4, 3), by="module"),
    "attention": Layout("a.pt", lambda p: pt(p, state(Encoder())), Encoder(), (2, 4, 3), by="module"),
    "a list of layers": Layout("a.pt", lambda p: pt(p, [{"weight": torch.tensor(w), "bias": torch.tensor(b)} for w, b in pairs(SQUARE)]), SQUARE, (5, 4)),
    "a list of layers under a name": Layout("a.pt", lambda p: pt(p, {"params": [{"w": torch.tensor(w.T.copy()), "b": torch.tensor(b)} for w, b in pairs(PLAIN)], "step": 3})),
    "Keras, a model in tanh": Layout("a.h5", keras_functional, TANH),
    "an order that is said": Layout("a.pt", lambda p: pt(p, state(FREE)), FREE, reading={"order": ("input_layer", "hidden", "out")}),
    "two wrappers, of which one is said": Layout("a.pt", lambda p: pt(p, {"state_dict": state(PLAIN), "model": state(PLAIN)}), reading={"key": "model"}),
    "square matrices whose orientation is said": Layout("a.npz", lambda p: npz(p, kernels(SQUARE, lambda n, word: f"{word}{n}", ("w", "b"))), SQUARE, (5, 4), reading={"orientation": "in-out"}),
}  # fmt: skip
REFUSED: dict[str, Layout] = {
    "equal blocks of one network": Layout("a.pt", lambda p: pt(p, {f"block_{n}": {"fc1": pair(4, 6), "fc2": pair(6, 4)} for n in range(2)}), refused="--key block_0"),
    "equal blocks of Flax": Layout("a.h5", lambda p: h5(p, {f"ResBlock_{n}/Dense_{m}/{word}": t for n in range(2) for m in range(2) for word, t in (("kernel", np.ones((4, 4))), ("bias", np.ones(4)))}), refused="--key ResBlock_0"),
    "an ensemble of layers": Layout("a.pt", lambda p: pt(p, state(SQUARE, "ensemble.")), refused="--order"),
    "layers from last to first": Layout("a.pt", lambda p: pt(p, {"layers.0.weight": torch.ones(5, 2), "layers.1.weight": torch.ones(2, 4)}), refused="--order layers.1,layers.0"),
    "a model of Keras with a skip": Layout("a.h5", lambda p: keras_functional(p, skip=True), refused="own description"),
    "a model of Keras with two activations": Layout("a.h5", lambda p: keras_functional(p, second="relu"), refused="--activation"),
    "a model of Keras with a layer of another kind": Layout("a.h5", lambda p: keras_functional(p, kind="Multiply"), refused="Multiply"),
    "arrays without names and biases": Layout("a.pt", lambda p: pt(p, [torch.ones(4, 3), torch.ones(2, 4)]), refused="manifest"),
    "arrays of numpy": Layout("a.pt", lambda p: pt(p, {"0.weight": np.ones((4, 3))}), refused="numpy.savez"),
    "weights of a loss": Layout("a.pt", lambda p: pt(p, state(PLAIN, "model.") | {"criterion.weight": torch.ones(2)}), refused="--ignore criterion.weight"),
    "names without numbers": Layout("a.pt", lambda p: pt(p, state(FREE)), refused="--order input_layer,hidden,out"),
    "a head that is registered first": Layout("a.pt", lambda p: pt(p, state(HIDDEN)), refused="--order"),
    "two heads alone": Layout("a.pt", lambda p: pt(p, state(Heads())), refused="the module"),
    "residual blocks alone": Layout("a.pt", lambda p: pt(p, state(Residual())), refused="the module"),
    "a normalisation alone": Layout("a.pt", lambda p: pt(p, state(NORMED)), refused="the module"),
    "a GRU alone": Layout("a.pt", lambda p: pt(p, state(Recurrent())), refused="the module"),
    "two wrappers": Layout("a.pt", lambda p: pt(p, {"state_dict": state(PLAIN), "model": state(PLAIN)}), refused="--key"),
    "square matrices": Layout("a.npz", lambda p: npz(p, kernels(SQUARE, lambda n, word: f"{word}{n}", ("w", "b"))), refused="--orientation"),
    "maps beside each other": Layout("a.pth", lambda p: pt(p, {f"lin{n}.model.1.weight": torch.rand(1, c, 1, 1) for n, c in enumerate((64, 192, 384))}), refused="outputs"),
    "normalised weights": Layout("a.pt", lambda p: pt(p, {"0.weight_g": torch.ones(4, 1), "0.weight_v": torch.ones(4, 3), "0.bias": torch.ones(4)}), refused="remove_weight_norm"),
    "a whole module": Layout("a.pt", lambda p: torch.save(PLAIN, p), refused="state_dict"),
    "TorchScript": Layout("a.pt", lambda p: torch.jit.script(PLAIN).save(str(p)), refused="TorchScript"),
    "pickled arrays": Layout("a.pkl", lambda p: p.write_bytes(pickle.dumps(dict(enumerate(pairs(PLAIN))))), refused="suffix"),
    "codes of a library": Layout("a.pt", lambda p: pt(p, state(PLAIN) | {"0.SCB": torch.ones(5)}), refused="save the weights as floats"),
}  # fmt: skip


def test_the_list_is_long_enough():
    assert len(READ) >= 40 and sum(layout.by == "file" and not layout.reading for layout in READ.values()) >= 34


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", READ)
def test_it_is_read_as_the_network_that_it_is(name: str, tmp_path: Path):
    layout = READ[name]
    layout.write(tmp_path / layout.path)
    torch.manual_seed(9)
    x, net = torch.randn(*layout.shape, dtype=torch.float64), layout.net.double().eval()
    try:
        reading = Reading(**layout.reading)
        if layout.by == "module":
            reading = Reading(wired=wired_module(net, x)[0])
        loaded = load(tmp_path / layout.path, reading)
        assert not loaded.unread, loaded.unread
        assert len(loaded.networks) == layout.count
        assert_its_function(loaded.networks[layout.entry], net, x)
    finally:
        net.float()


def assert_its_function(network: Network, net: nn.Module, x: torch.Tensor) -> None:
    """The space's own function where one is known; else the module's own state, entry by entry, in a space that `wired_module` proved."""
    weights = network.weights()
    try:
        own = realise(weights, x)[0]
    except SpaceError:
        wired, entries = wired_module(net, x)
        assert network.space == wired.space
        for name, array in wired.arrays(entries).items():
            np.testing.assert_array_equal(network.arrays[name], array)
        return
    torch.testing.assert_close(own, net(x), rtol=1e-9, atol=1e-9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_what_would_say_it(name: str, tmp_path: Path):
    layout = REFUSED[name]
    layout.write(tmp_path / layout.path)
    loaded = load(tmp_path / layout.path)
    assert not loaded.networks
    (unread,) = loaded.unread
    assert layout.refused in unread.line and "\n" not in unread.line


SAID: dict[str, tuple[dict[str, torch.Tensor] | list, str]] = {
    "a square kernel": ({"0.weight": torch.ones(4, 1, 3, 3), "0.bias": torch.ones(4), "2.weight": torch.ones(4, 4, 3, 3), "2.bias": torch.ones(4), "4.weight": torch.ones(1, 4, 3, 3), "4.bias": torch.ones(1)}, "no transposed convolution"),
    "kernels of one channel": ({"0.weight": torch.ones(6, 1, 3, 3), "0.bias": torch.ones(6), "2.weight": torch.ones(4, 6, 1, 1), "2.bias": torch.ones(4)}, "none in groups"),
    "a stack": ({name: torch.stack([state(net)[name] for net in MANY]) for name in state(PLAIN)}, "is a network each"),
    "a list of networks": ([state(net) for net in MANY], "is a network each"),
    "torch's names, and biases as of [inputs, outputs]": ({"fc1.weight": torch.ones(3, 5), "fc1.bias": torch.ones(5), "fc2.weight": torch.ones(5, 2), "fc2.bias": torch.ones(2)}, "as their biases say"),
}  # fmt: skip
"""What nothing in the file says, and was taken to be so."""


@pytest.mark.parametrize("name", SAID)
def test_what_is_taken_to_be_so_is_said(name: str, tmp_path: Path):
    content, words = SAID[name]
    torch.save(content, tmp_path / "a.pt")
    loaded = load(tmp_path / "a.pt")
    assert loaded.networks and not loaded.unread
    assert all(any(words in line for line in network.assumed) for network in loaded.networks)


def test_what_lies_beside_each_other_is_a_network_or_a_part_by_its_name(tmp_path: Path):
    for stem, parts in (
        ("run", False), ("mlp_", False), ("seed-", False), ("net", False), ("member_", False),
        ("layer", True), ("blocks.", True), ("Block_", True), ("ResBlock_", True), ("head_", True), ("expert", True), ("stage", True),
    ):  # fmt: skip
        torch.save({f"{stem}{n}": state(net) for n, net in enumerate(MANY)}, tmp_path / "a.pt")
        loaded = load(tmp_path / "a.pt")
        assert bool(loaded.unread) == parts and len(loaded.networks) == (0 if parts else 3), stem
        key = f"{stem}1"
        one = load(tmp_path / "a.pt", Reading(key=key))
        assert len(one.networks) == 1 and not one.unread, (stem, one.unread)
        np.testing.assert_array_equal(one.networks[0].arrays["W1"], state(MANY[1])["0.weight"].double().numpy())


def test_remedies_of_what_was_refused_work(tmp_path: Path):
    """Layers from last to first, by the order that the line names; a list of bare matrices, by its manifest; a skip of Keras, by `--order`."""
    weights = [torch.randn(5, 2), torch.randn(2, 4)]
    torch.save({f"layers.{n}.weight": one for n, one in enumerate(weights)}, tmp_path / "a.pt")
    (network,) = load(tmp_path / "a.pt", Reading(order=("layers.1", "layers.0"))).networks
    assert [network.space.size[axis] for axis in network.space.permuted] == [2]
    np.testing.assert_array_equal(network.arrays["W1"], weights[1].double().numpy())
    torch.save([torch.ones(4, 3), torch.ones(2, 4)], tmp_path / "b.pt")
    axes = {"W1": ("0", ("h", "i")), "W2": ("1", ("o", "h"))}
    (network,) = load(tmp_path / "b.pt", Reading(described=Described(axes, ("h",)))).networks
    assert network.space.permuted == ("h",)
    keras_functional(tmp_path / "c.h5", second="relu")
    (network,) = load(tmp_path / "c.h5", Reading(activation="tanh")).networks
    assert network.space.activation == "tanh"
    keras_functional(tmp_path / "d.h5", kind="Multiply")
    assert len(load(tmp_path / "d.h5", Reading(order=("zz", "mm", "aa"))).networks) == 1
