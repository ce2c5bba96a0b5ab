"""ONNX and HDF5: the wiring is the graph's own; damaged files of every format are one line each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from orbitcheck import conv_net, mlp, realise
from orbitcheck.harness.weights.networks.forms import has_function
from orbitcheck.harness.weights.readers.loading import load
from orbitcheck.harness.weights.readers.records import Cause, Network, Proof

onnx = pytest.importorskip("onnx")
h5py = pytest.importorskip("h5py")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(0)


def array(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def graph(path: str, nodes, stored: dict[str, np.ndarray], x: tuple, y: tuple) -> None:
    made = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
        [numpy_helper.from_array(value, name) for name, value in stored.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(made), path)


N = helper.make_node
GEMM = {"transB": 1}
GRAPHS = {
    "torch's export": (
        [N("Gemm", ["x", "z.weight", "z.bias"], ["h"], **GEMM), N("Relu", ["h"], ["r"]), N("Gemm", ["r", "a.weight", "a.bias"], ["y"], **GEMM)],
        {"a.weight": array(2, 4), "a.bias": array(2), "z.weight": array(4, 3), "z.bias": array(4)}, (1, 3), (1, 2), mlp(3, 4, 2)),
    "products and sums": (
        [N("MatMul", ["x", "w"], ["p"]), N("Add", ["p", "b"], ["h"]), N("Tanh", ["h"], ["t"]), N("MatMul", ["t", "v"], ["q"]), N("Add", ["q", "c"], ["y"])],
        {"w": array(3, 4), "b": array(4), "v": array(4, 2), "c": array(2)}, (1, 3), (1, 2), mlp(3, 4, 2, activation="tanh")),
    "a mean over places": (
        [N("Conv", ["x", "k", "b"], ["h"], pads=[1, 1, 1, 1]), N("Relu", ["h"], ["r"]), N("GlobalAveragePool", ["r"], ["m"]), N("Flatten", ["m"], ["f"]), N("Gemm", ["f", "w", "c"], ["y"], **GEMM)],
        {"k": array(4, 1, 3, 3), "b": array(4), "w": array(2, 4), "c": array(2)}, (1, 1, 5, 5), (1, 2), conv_net(1, 4, 2)),
}  # fmt: skip


def test_axes_that_are_turned_added_and_reduced_are_followed(tmp_path: Path):
    """A spectrogram's network as speech packages export it: one channel is added, places are reduced, dense layers follow."""
    nodes = [
        N("Unsqueeze", ["x", "one"], ["u"]), N("Conv", ["u", "k", "b"], ["h"], pads=[1, 1, 1, 1]), N("Relu", ["h"], ["r"]),
        N("Transpose", ["r"], ["t"], perm=[0, 2, 3, 1]), N("ReduceMean", ["t", "places"], ["m"], keepdims=0),
        N("MatMul", ["m", "w"], ["p"]), N("Add", ["p", "c"], ["y"]),
    ]  # fmt: skip
    stored = {"k": array(4, 1, 3, 3), "b": array(4), "w": array(4, 2), "c": array(2), "one": np.array([1]), "places": np.array([1, 2])}  # fmt: skip
    graph(str(tmp_path / "a.onnx"), nodes, stored, (1, 5, 5), (1, 2))
    (network,) = load(tmp_path / "a.onnx").networks
    assert network.space == conv_net(1, 4, 2) and network.proof is Proof.GRAPH
    nodes[4] = N("ReduceMax", ["t", "places"], ["m"], keepdims=0)  # the same axes, and another function
    graph(str(tmp_path / "a.onnx"), nodes, stored, (1, 5, 5), (1, 2))
    (network,) = load(tmp_path / "a.onnx").networks
    assert not has_function(network.space) and [network.space.size[axis] for axis in network.space.permuted] == [4]


class Images(torch.nn.Module):
    """Two convolutions, what is done with their places, a dense layer: torch's own, to compare with."""

    def __init__(self, kernel: int, options: dict, pool: str):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = torch.nn.Conv2d(2, 4, kernel, **options), torch.nn.Conv2d(4, 3, kernel, **options)
        self.last, self.pool = torch.nn.Linear(3, 2), pool

    def forward(self, x: torch.Tensor, same: bool = False) -> torch.Tensor:
        for layer in (self.first, self.second):
            if same:  # as the space's function is written down: steps of 1, zeros around
                x = torch.nn.functional.conv2d(x, layer.weight, layer.bias, padding=layer.kernel_size[0] // 2)
            else:
                x = layer(x)
            x = torch.relu(x)
            if self.pool == "max between" and not same:
                x = torch.nn.functional.max_pool2d(x, 2)
        x = x.amax((2, 3)) if self.pool == "max" and not same else x.mean((2, 3))
        return self.last(x)

    def nodes(self, options: dict) -> tuple[list, dict[str, np.ndarray]]:
        names = {"kernel_size": "kernel_shape", "stride": "strides", "padding": "pads", "dilation": "dilations"}
        pads = options.get("padding", 0)
        more = {names[key]: [value] * (4 if key == "padding" else 2) for key, value in options.items()}
        made, x = [], "x"
        for number, one in enumerate(("first", "second")):
            made += [
                N("Conv", [x, f"{one}.w", f"{one}.b"], [f"h{number}"], **{"pads": [pads] * 4, **more}),
                N("Relu", [f"h{number}"], [f"r{number}"]),
            ]
            x = f"r{number}"
            if self.pool == "max between":
                made.append(N("MaxPool", [x], [f"m{number}"], kernel_shape=[2, 2], strides=[2, 2]))
                x = f"m{number}"
        made += [
            N("GlobalMaxPool" if self.pool == "max" else "GlobalAveragePool", [x], ["g"]),
            N("Flatten", ["g"], ["f"]),
            N("Gemm", ["f", "w", "c"], ["y"], **GEMM),
        ]
        stored = {
            f"{one}.{kind[0]}": getattr(getattr(self, one), kind).detach().numpy()
            for one in ("first", "second")
            for kind in ("weight", "bias")
        }
        return made, stored | {"w": self.last.weight.detach().numpy(), "c": self.last.bias.detach().numpy()}


CONVOLUTIONS = {
    "the image's size": (3, {"padding": 1}, "mean"), "larger kernels": (5, {"padding": 2}, "mean"), "one place": (1, {}, "mean"),
    "no zeros around": (3, {}, "mean"), "more zeros": (3, {"padding": 2}, "mean"), "steps of two": (3, {"padding": 1, "stride": 2}, "mean"),
    "dilated": (3, {"padding": 2, "dilation": 2}, "mean"), "dilated, zeros of one": (3, {"padding": 1, "dilation": 2}, "mean"),
    "the largest": (3, {"padding": 1}, "max"), "pooled between": (3, {"padding": 1}, "max between"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_graph_of_convolutions_has_the_function_of_a_space_only_where_torch_computes_the_same(
    tmp_path: Path, name: str
):
    kernel, options, pool = CONVOLUTIONS[name]
    net = Images(kernel, options, pool).eval()
    x = torch.randn(3, 2, 12, 12)
    same = torch.allclose(net(x), net(x, same=True), atol=1e-6)
    assert same == (name in ("the image's size", "larger kernels", "one place"))
    nodes, stored = net.nodes(options)
    graph(str(tmp_path / "a.onnx"), nodes, stored, (1, 2, 12, 12), (1, 2))
    (network,) = load(tmp_path / "a.onnx").networks
    assert has_function(network.space) == same
    if same:
        torch.testing.assert_close(realise(network.weights(), x.double())[0].float(), net(x), rtol=1e-4, atol=1e-5)
    assert sorted(network.space.size[axis] for axis in network.space.permuted) == [3, 4]


def test_pads_of_a_kind_are_read_as_they_are(tmp_path: Path):
    """Of one side, and by the words that convolutions have for them."""
    stored = {"k": array(4, 1, 3, 3), "b": array(4), "w": array(2, 4), "c": array(2)}
    rest = [N("Relu", ["h"], ["r"]), N("GlobalAveragePool", ["r"], ["m"]), N("Flatten", ["m"], ["f"]), N("Gemm", ["f", "w", "c"], ["y"], **GEMM)]  # fmt: skip
    for options, same in (
        ({"auto_pad": "SAME_UPPER"}, True),
        ({"auto_pad": "SAME_LOWER"}, True),
        ({"auto_pad": "VALID"}, False),
        ({"pads": [2, 2, 0, 0]}, False),
        ({"pads": [1, 1, 1, 1], "kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "group": 1}, True),
        ({"pads": [1, 1, 1, 1], "strides": [1, 2]}, False),
        ({"pads": [10**6] * 4}, False),
    ):
        graph(str(tmp_path / "a.onnx"), [N("Conv", ["x", "k", "b"], ["h"], **options), *rest], stored, (1, 1, 5, 5), (1, 2))  # fmt: skip
        (network,) = load(tmp_path / "a.onnx").networks
        assert has_function(network.space) == same, options


V = {"w": array(3, 4), "b": array(4), "v": array(4, 2), "c": array(2)}
FIRST, LAST = [N("MatMul", ["x", "w"], ["p"])], [N("MatMul", ["r", "v"], ["q"]), N("Add", ["q", "c"], ["y"])]
ORDERS: dict[str, tuple[list, bool]] = {
    "a bias, then the activation": ([*FIRST, N("Add", ["p", "b"], ["h"]), N("Tanh", ["h"], ["r"]), *LAST], True),
    "the activation, then a bias": ([*FIRST, N("Tanh", ["p"], ["h"]), N("Add", ["h", "b"], ["r"]), *LAST], False),
    "factors where biases stand": ([*FIRST, N("Mul", ["p", "b"], ["h"]), N("Tanh", ["h"], ["r"]), *LAST], False),
    "a bias taken away": ([*FIRST, N("Sub", ["p", "b"], ["h"]), N("Tanh", ["h"], ["r"]), *LAST], False),
    "the largest alone": ([*FIRST, N("Add", ["p", "b"], ["h"]), N("Softmax", ["h"], ["r"]), *LAST], False),
    "the largest last": ([*FIRST, N("Add", ["p", "b"], ["h"]), N("Tanh", ["h"], ["r"]), LAST[0], N("Add", ["q", "c"], ["z"]), N("Softmax", ["z"], ["y"])], True),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_axes_alone_do_not_make_a_function(tmp_path: Path, name: str):
    """All of these have the axes of an MLP."""
    nodes, same = ORDERS[name]
    graph(str(tmp_path / "a.onnx"), nodes, V, (1, 3), (1, 2))
    (network,) = load(tmp_path / "a.onnx").networks
    assert has_function(network.space) == same and [network.space.size[axis] for axis in network.space.permuted] == [4]
    assert ("softmax on the output is no part of the space" in network.assumed) == (name == "the largest last")
    if same:
        x = np.random.default_rng(0).standard_normal((5, 3))
        expected = np.tanh(x @ V["w"].astype(float) + V["b"]) @ V["v"] + V["c"]
        np.testing.assert_allclose(realise(network.weights(), torch.from_numpy(x))[0].numpy(), expected, rtol=1e-6)


def test_a_kernel_a_channel_bounds_and_cuts_of_the_input(tmp_path: Path):
    """As a small network of phones is exported: what stands before the first weight is no part of the space, a mask's infinity no weight."""
    nodes = [
        N("Slice", ["x", "zero", "five", "two"], ["s"]), N("Neg", ["s"], ["m"]), N("Conv", ["m", "k", "b"], ["h"]), N("Clip", ["h", "low", "high"], ["r"]),
        N("Conv", ["r", "d", "e"], ["i"], group=4), N("Clip", ["i", "low", "high"], ["t"]), N("GlobalAveragePool", ["t"], ["p"]),
        N("Flatten", ["p"], ["f"]), N("Gemm", ["f", "w", "c"], ["y"], **GEMM),
    ]  # fmt: skip
    stored = {
        "k": array(4, 1, 3, 3), "b": array(4), "d": array(4, 1, 3, 3), "e": array(4), "w": array(2, 4), "c": array(2),
        "zero": np.array([0]), "five": np.array([5]), "two": np.array([2]), "low": np.float32(0), "high": np.float32(6),
        "mask": np.full(2, -np.inf, dtype=np.float32),
    }  # fmt: skip
    graph(
        str(tmp_path / "a.onnx"), nodes, {name: np.asarray(one) for name, one in stored.items()}, (1, 1, 9, 5), (1, 2)
    )
    loaded = load(tmp_path / "a.onnx")
    assert not loaded.unread, loaded.unread
    (network,) = loaded.networks
    (channels,) = network.space.permuted
    assert network.space.activation == "relu6" and network.space.axes["d"][0] == network.space.axes["w"][1] == channels
    for nodes[3], told in (
        (N("Clip", ["h", "low", "one"], ["r"]), "relu6"),  # two activations
        (N("Slice", ["h", "zero", "five", "one"], ["r"]), "Slice"),
        (N("Conv", ["h", "d", "e"], ["r"], group=2), "2 groups"),
    ):
        given = {**stored, "one": np.float32(1) if nodes[3].op_type == "Clip" else np.array([1])}
        graph(
            str(tmp_path / "a.onnx"),
            nodes,
            {name: np.asarray(one) for name, one in given.items()},
            (1, 1, 9, 5),
            (1, 2),
        )
        (unread,) = load(tmp_path / "a.onnx").unread
        assert told in unread.line


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (("Add", ["h", "s"]), "Add by 2"),
        (("Sub", ["s", "h"]), "Sub by 2"),
        (("Div", ["s", "h"]), "Div by 2"),
        (("Div", ["h", "s"]), None),
        (("Mul", ["s", "h"]), None),
    ],
)
def test_a_number_beside_a_hidden_value_is_the_layers_own_factor_or_refused(tmp_path: Path, node, told):
    gemm = [N("Gemm", ["x", "w", "b"], ["h"], **GEMM), N(*node, ["n"]), N("Relu", ["n"], ["r"])]
    stored = {"w": array(4, 3), "b": array(4), "v": array(2, 4), "c": array(2), "s": np.array(2.0, dtype=np.float32)}
    graph(str(tmp_path / "a.onnx"), [*gemm, N("Gemm", ["r", "v", "c"], ["y"], **GEMM)], stored, (1, 3), (1, 2))
    loaded = load(tmp_path / "a.onnx")
    if told is not None:
        assert not loaded.networks and told in loaded.unread[0].line
        return
    (network,) = loaded.networks
    factor = 0.5 if node[0] == "Div" else 2.0
    assert network.space == mlp(3, 4, 2)
    np.testing.assert_array_equal(network.arrays["W1"], factor * stored["w"].astype(np.float64))


def test_a_number_before_the_first_layer_is_said(tmp_path: Path):
    nodes = [N("Div", ["x", "s"], ["n"]), N("Gemm", ["n", "w", "b"], ["h"], **GEMM), N("Relu", ["h"], ["r"])]
    stored = {"w": array(4, 3), "b": array(4), "v": array(2, 4), "c": array(2), "s": np.array(255.0, dtype=np.float32)}
    graph(str(tmp_path / "a.onnx"), [*nodes, N("Gemm", ["r", "v", "c"], ["y"], **GEMM)], stored, (1, 3), (1, 2))
    (network,) = load(tmp_path / "a.onnx").networks
    assert network.assumed == ("Div by 255 before the first layer is no part of the space",)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_says_how_its_tensors_are_wired(tmp_path: Path, name: str):
    nodes, stored, x, y, space = GRAPHS[name]
    graph(str(tmp_path / "a.onnx"), nodes, stored, x, y)
    loaded = load(tmp_path / "a.onnx")
    assert not loaded.unread, loaded.unread
    (network,) = loaded.networks
    assert network.space == space and network.proof is Proof.GRAPH and not network.assumed
    if name == "torch's export":
        np.testing.assert_array_equal(network.arrays["W1"], stored["z.weight"].astype(np.float64))
    if name == "products and sums":
        np.testing.assert_array_equal(network.arrays["W1"], stored["w"].T.astype(np.float64))


def test_other_graphs_are_axes_or_a_line(tmp_path: Path):
    nodes = [N("Gemm", ["x", "s", "t"], ["r0"], **GEMM), N("Gemm", ["r0", "a", "b"], ["h"], **GEMM), N("Relu", ["h"], ["i"]), N("Gemm", ["i", "c", "d"], ["j"], **GEMM), N("Add", ["r0", "j"], ["r1"]), N("Gemm", ["r1", "o", "p"], ["y"], **GEMM)]  # fmt: skip
    stored = {"s": array(6, 3), "t": array(6), "a": array(4, 6), "b": array(4), "c": array(6, 4), "d": array(6), "o": array(2, 6), "p": array(2)}  # fmt: skip
    graph(str(tmp_path / "residual.onnx"), nodes, stored, (1, 3), (1, 2))
    (network,) = load(tmp_path / "residual.onnx").networks
    assert network.space.permuted == ("r", "n1") and network.space.size["r"] == 6 and has_function(network.space)
    # With the activation on the stream, too, it has the same axes and another function, of which nothing is known.
    nodes[1:1] = [N("Relu", ["r0"], ["rr"])]
    nodes[2], nodes[5] = N("Gemm", ["rr", "a", "b"], ["h"], **GEMM), N("Add", ["rr", "j"], ["r1"])
    graph(str(tmp_path / "bent.onnx"), nodes, stored, (1, 3), (1, 2))
    (bent,) = load(tmp_path / "bent.onnx").networks
    assert sorted(bent.space.size[axis] for axis in bent.space.permuted) == [4, 6] and not has_function(bent.space)
    flat = [N("Conv", ["x", "k", "b"], ["h"]), N("Relu", ["h"], ["r"]), N("Flatten", ["r"], ["f"]), N("Gemm", ["f", "w", "c"], ["y"], **GEMM)]  # fmt: skip
    graph(str(tmp_path / "flat.onnx"), flat, {"k": array(4, 1, 3, 3), "b": array(4), "w": array(2, 36), "c": array(2)}, (1, 1, 5, 5), (1, 2))  # fmt: skip
    (network,) = load(tmp_path / "flat.onnx").networks
    assert [network.space.size[axis] for axis in network.space.axes["w"]] == [2, 4, 9]
    graph(str(tmp_path / "odd.onnx"), [N("Gemm", ["x", "a", "b"], ["h"], **GEMM), N("CumSum", ["h", "i"], ["y"])], {"a": array(4, 3), "b": array(4), "i": np.array(1)}, (1, 3), (1, 4))  # fmt: skip
    (unread,) = load(tmp_path / "odd.onnx").unread
    assert unread.cause is Cause.AMBIGUOUS and "CumSum" in unread.line


def test_keras_and_plain_hdf5(tmp_path: Path):
    layers = [("Dense", "second_dense"), ("Activation", "relu"), ("Dense", "a_dense")]
    config = {"class_name": "Sequential", "config": {"layers": [{"class_name": kind, "config": {"name": name}} for kind, name in layers]}}  # fmt: skip
    stored = {"second_dense": (array(3, 4), array(4)), "a_dense": (array(4, 2), array(2))}
    with h5py.File(tmp_path / "keras.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        for name, (kernel, bias) in stored.items():
            file[f"model_weights/{name}/{name}/kernel:0"], file[f"model_weights/{name}/{name}/bias:0"] = kernel, bias
    (network,) = load(tmp_path / "keras.h5").networks
    assert network.space == mlp(3, 4, 2)
    np.testing.assert_array_equal(network.arrays["W1"], stored["second_dense"][0].T.astype(np.float64))
    with h5py.File(tmp_path / "several.hdf5", "w") as file:
        for net in range(3):
            for number, (a, b) in enumerate(((2, 5), (5, 1))):
                file[f"net{net}/layers.{number}.weight"], file[f"net{net}/layers.{number}.bias"] = array(b, a), array(b)
    assert [one.space for one in load(tmp_path / "several.hdf5").networks] == [mlp(2, 5, 1)] * 3
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["0.weight"] = h5py.ExternalLink("several.hdf5", "/net0")
    assert "link to another file" in load(tmp_path / "link.h5").unread[0].line


def test_damaged_files_are_one_line_each(tmp_path: Path):
    """A small sample, drawn by a fixed seed; benchmarks/acceptance has the large one."""
    state = {
        "0.weight": torch.ones(4, 2),
        "0.bias": torch.ones(4),
        "2.weight": torch.ones(1, 4),
        "2.bias": torch.ones(1),
    }
    torch.save(state, tmp_path / "a.pt")
    torch.save(state, tmp_path / "b.pth", _use_new_zipfile_serialization=False)
    np.savez(tmp_path / "a.npz", **{name: one.numpy() for name, one in state.items()})  # type: ignore[arg-type]
    from safetensors.torch import save_file

    save_file(state, tmp_path / "a.safetensors")
    graph(str(tmp_path / "a.onnx"), *GRAPHS["torch's export"][:4])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, one in state.items():
            file[name] = one.numpy()
    whole = sorted(tmp_path.iterdir())
    rng = np.random.default_rng(1)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for number in range(150):
        source = whole[number % len(whole)]
        content = bytearray(source.read_bytes())
        for _ in range(int(rng.integers(1, 8))):
            content[int(rng.integers(len(content)))] = int(rng.integers(256))
        cut = len(content) if number % 3 else int(rng.integers(len(content)))
        (damaged / f"{number}{source.suffix}").write_bytes(bytes(content[:cut]))
    loaded = load(damaged)
    assert len(loaded.unread) + len({one.file for one in loaded.networks}) >= 150
    assert all("\n" not in one.line and len(one.line) < 2000 for one in loaded.unread) and len(loaded.unread) > 50
    assert all(
        isinstance(one, Network) and np.isfinite(one.arrays[name]).all()
        for one in loaded.networks
        for name in one.arrays
    )
