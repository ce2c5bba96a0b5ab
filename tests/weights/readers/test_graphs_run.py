"""A graph is run with permuted weights before its axes are believed: what would change its output is refused, or read with fewer permutations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orbitcheck import Weights, act, random_elements
from orbitcheck.harness.weights.readers import onnx_files
from orbitcheck.harness.weights.readers.graphs import trials
from orbitcheck.harness.weights.readers.loading import load
from orbitcheck.harness.weights.readers.records import ReadError
from orbitcheck.harness.weights.space import WeightSpace

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

N = helper.make_node
RNG = np.random.default_rng(1)
T = {"transB": 1}


def array(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


FIRST = [N("Gemm", ["x", "a", "b"], ["h"], **T), N("Relu", ["h"], ["r"])]
STORED = {"a": array(4, 4), "b": array(4), "c": array(4, 4), "d": array(4), "w": array(2, 4), "e": array(2)}
LAST = N("Gemm", ["z", "w", "e"], ["y"], **T)
WIDE = {"w": array(2, 16)}
GRAPHS: dict[str, tuple[list, dict, tuple[int, ...], list[int] | str]] = {
    "the input added to what is hidden": ([*FIRST, N("Add", ["r", "x"], ["s"]), N("Gemm", ["s", "c", "d"], ["t"], **T), N("Relu", ["t"], ["z"]), LAST], {}, (1, 4), [4]),
    "a number of each sample times what is hidden": ([*FIRST, N("Gemm", ["x", "c", "d"], ["g"], **T), N("ReduceSum", ["g", "one"], ["s"]), N("Mul", ["r", "s"], ["z"]), LAST], {"one": np.array([1])}, (1, 4), [4, 4]),
    "a product of all pairs": ([*FIRST, N("Gemm", ["x", "c", "d"], ["g"], **T), N("Unsqueeze", ["r", "two"], ["p"]), N("Unsqueeze", ["g", "one"], ["q"]), N("Mul", ["p", "q"], ["s"]), N("Flatten", ["s"], ["z"]), LAST], {**WIDE, "one": np.array([1]), "two": np.array([2])}, (1, 4), "Flatten"),
    "rows cut out of what is hidden": ([*FIRST, N("Reshape", ["r", "shape"], ["z"]), LAST], {"shape": np.array([-1, 2]), "w": array(2, 2)}, (1, 4), "Reshape"),
    "tokens in rows": ([N("MatMul", ["x", "a"], ["h"]), N("Relu", ["h"], ["r"]), N("Reshape", ["r", "shape"], ["z"]), LAST], {"shape": np.array([-1, 4])}, (1, 3, 4), [4]),
    "a largest of neighbours": ([*FIRST, N("Unsqueeze", ["r", "one"], ["p"]), N("MaxPool", ["p"], ["q"], kernel_shape=[2]), N("Squeeze", ["q", "one"], ["z"]), LAST], {"one": np.array([1]), "w": array(2, 3)}, (1, 4), "MaxPool"),
    "a kernel along neurons": ([*FIRST, N("Unsqueeze", ["r", "one"], ["p"]), N("Conv", ["p", "k"], ["q"]), N("Relu", ["q"], ["s"]), N("Flatten", ["s"], ["z"]), LAST], {"one": np.array([1]), "k": array(3, 1, 2), "w": array(2, 9)}, (1, 4), [3]),
    "integers times what is hidden": ([*FIRST, N("Cast", ["places"], ["f"], to=1), N("Mul", ["r", "f"], ["s"]), N("Gemm", ["s", "c", "d"], ["t"], **T), N("Relu", ["t"], ["z"]), LAST], {"places": np.arange(4)}, (1, 4), [4]),
    "something beside what is hidden": ([*FIRST, N("Concat", ["class", "r"], ["z"], axis=1), LAST], {"class": array(1, 1), "w": array(2, 5)}, (1, 4), "Concat"),
    "means that keep their axes": ([N("Conv", ["x", "k", "b"], ["h"]), N("Relu", ["h"], ["r"]), N("ReduceMean", ["r"], ["m"], axes=[2, 3], keepdims=1), N("Flatten", ["m"], ["z"]), LAST], {"k": array(4, 1, 3, 3)}, (1, 1, 6, 6), [4]),
    "gates of channels": ([N("Conv", ["x", "k", "b"], ["h"]), N("Relu", ["h"], ["r"]), N("ReduceMean", ["r", "places"], ["m"], keepdims=1), N("Conv", ["m", "g"], ["s"]), N("Relu", ["s"], ["t"]), N("Mul", ["r", "t"], ["u"]), N("GlobalAveragePool", ["u"], ["p"]), N("Flatten", ["p"], ["z"]), LAST], {"k": array(4, 1, 3, 3), "g": array(4, 4, 1, 1), "places": np.array([2, 3])}, (1, 1, 6, 6), [4]),
    "the same weights there and back": ([*FIRST, N("MatMul", ["r", "a"], ["y"])], {}, (1, 4), [4]),
    "nothing given": ([N("RandomNormal", [], ["n"], shape=[1, 4]), N("Add", ["x", "n"], ["z"]), LAST], {}, (1, 4), "RandomNormal"),
}  # fmt: skip
"""Nodes, what they hold, the input's shape; sizes of the axes that may be permuted, or the node that is refused."""


def written(path: Path, name: str):
    nodes, more, shape, _ = GRAPHS[name]
    used = {one for node in nodes for one in node.input}
    stored = [numpy_helper.from_array(value, key) for key, value in {**STORED, **more}.items() if key in used]
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, size)
        for end, size in (("x", shape), ("y", (None,) * len(shape)))
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], stored))
    onnx.save(model, str(path))
    return model


@pytest.mark.parametrize("name", GRAPHS)
def test_permutations_of_what_is_read_leave_the_output_as_it_is(tmp_path: Path, name: str):
    model, expected = written(tmp_path / "a.onnx", name), GRAPHS[name][3]
    if isinstance(expected, str):
        (unread,) = load(tmp_path / "a.onnx").unread
        assert f"keeps apart {expected}" in unread.line or f"axes {expected} keeps apart" in unread.line
        assert "--module" in unread.line
        return
    loaded = load(tmp_path / "a.onnx")
    assert not loaded.unread, loaded.unread
    (network,) = loaded.networks
    assert sorted(network.space.size[axis] for axis in network.space.permuted) == expected
    assert not any("were not tried" in line for line in network.assumed)
    wired, state = onnx_files.read(tmp_path / "a.onnx")
    v = Weights.from_arrays(wired.space, [wired.arrays(state)])
    x = np.random.default_rng(0).standard_normal(GRAPHS[name][2]).astype(np.float32)
    (before,) = ReferenceEvaluator(model).run(None, {"x": x})
    for element in random_elements(wired.space, 3, np.random.default_rng(2)):
        moved = trials.put(wired, state, act(element, v))
        for one in model.graph.initializer:
            if one.name in moved:
                one.CopyFrom(numpy_helper.from_array(moved[one.name].astype(np.float32), one.name))
        (after,) = ReferenceEvaluator(model).run(None, {"x": x})
        np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)


def stored_in(path: Path) -> trials.Stored:
    model = onnx.load(str(path))
    arrays = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    whole = {name: one for name, one in arrays.items() if one.dtype.kind == "i"}
    return trials.Stored(
        model, {name: one.astype(np.float64) for name, one in arrays.items() if name not in whole}, whole
    )


def test_a_run_refutes_a_wrong_space_says_nothing_of_a_right_one_and_knows_when_it_cannot_tell(
    tmp_path: Path, monkeypatch
):
    name = "the input added to what is hidden"
    written(tmp_path / "a.onnx", name)
    wired, _ = onnx_files.read(tmp_path / "a.onnx")
    stored = stored_in(tmp_path / "a.onnx")
    assert trials.refuted(stored, wired, 4) is False
    a, b, c, *rest = wired.space.tensors
    loose = ((a[0], ("m", a[1][1])), (b[0], ("m",)), (c[0], (c[1][0], "m")), *rest)
    kept = tuple(one for one in wired.space.sizes if one[0] != a[1][0])
    space = WeightSpace(loose, (*kept, ("m", 4)), (*wired.space.permuted, "m"), "relu")
    wrong = replace(wired, space=space)
    assert trials.refuted(stored, wrong, 4) is True
    dead = replace(stored, model=onnx.load(str(tmp_path / "a.onnx")))
    dead.model.graph.node[-1].CopyFrom(N("Sub", ["z", "z"], ["y"]))  # zeros, whatever the weights are
    assert trials.refuted(dead, wrong, 4) is None
    assert trials.refuted(stored, wrong, 1 << 40) is None  # too large to be run
    zero = replace(stored, state={key: np.zeros_like(value) for key, value in stored.state.items()})
    assert trials.refuted(zero, wrong, 4) is True
    monkeypatch.setattr(onnx_files, "refuted", lambda *_: True)
    with pytest.raises(ReadError, match="wired in another way"):
        onnx_files.read(tmp_path / "a.onnx")
    monkeypatch.setattr(onnx_files, "refuted", lambda *_: None)
    monkeypatch.setattr(onnx_files, "computes", lambda *_: False)
    assert onnx_files.UNTRIED in onnx_files.read(tmp_path / "a.onnx")[0].assumed


@pytest.mark.parametrize(
    ("node", "more"),
    [
        (N("Pad", ["r", "pads"], ["z"]), {"pads": np.array([0, 10**9, 0, 0])}),
        (N("Pad", ["r", "pads"], ["z"]), {"pads": np.array([10**6, 10**6, 10**6, 10**6])}),
        (N("Reshape", ["r", "shape"], ["z"]), {"shape": np.array([10**9, 4])}),
    ],
)
def test_what_nodes_say_of_sizes_takes_no_memory(tmp_path: Path, node, more):
    import resource

    GRAPHS["hostile"] = ([*FIRST, node, LAST], more, (1, 4), [])
    try:
        written(tmp_path / "a.onnx", "hostile")
    finally:
        del GRAPHS["hostile"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loaded = load(tmp_path / "a.onnx")
    assert all("\n" not in one.line for one in loaded.unread)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_open_sizes_are_tried(tmp_path: Path):
    """Of images of any size: a size is found at which the graph runs."""
    nodes = [N("Conv", ["x", "k", "b"], ["h"]), N("Relu", ["h"], ["r"]), N("GlobalAveragePool", ["r"], ["m"]), N("Flatten", ["m"], ["z"]), LAST]  # fmt: skip
    stored = {"k": array(4, 3, 5, 5), "b": array(4), "w": array(2, 4), "e": array(2)}
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, size) for end, size in (("x", (None, 3, None, None)), ("y", (None, 2)))]  # fmt: skip
    made = helper.make_graph(
        nodes, "g", ends[:1], ends[1:], [numpy_helper.from_array(one, key) for key, one in stored.items()]
    )
    onnx.save(helper.make_model(made), str(tmp_path / "a.onnx"))
    (network,) = load(tmp_path / "a.onnx").networks
    assert not network.assumed and [network.space.size[axis] for axis in network.space.permuted] == [4]


def test_networks_of_the_usual_sizes_are_run(tmp_path: Path):
    """LeNet, whose pooling the reference does in loops: seconds would be too long, and "not tried" would be every image network."""
    nodes = [
        N("Conv", ["x", "k", "b"], ["h"], kernel_shape=[5, 5]), N("Relu", ["h"], ["r"]), N("MaxPool", ["r"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
        N("Conv", ["m", "l", "d"], ["i"], kernel_shape=[5, 5]), N("Relu", ["i"], ["s"]), N("MaxPool", ["s"], ["t"], kernel_shape=[2, 2], strides=[2, 2]),
        N("Flatten", ["t"], ["f"]), N("Gemm", ["f", "v", "u"], ["g"], **T), N("Relu", ["g"], ["z"]), LAST,
    ]  # fmt: skip
    more = {
        "k": array(6, 1, 5, 5), "b": array(6), "l": array(16, 6, 5, 5), "d": array(16), "v": array(120, 256), "u": array(120), "w": array(10, 120), "e": array(10),
    }  # fmt: skip
    GRAPHS["LeNet"] = (nodes, more, (1, 1, 28, 28), [])
    try:
        written(tmp_path / "a.onnx", "LeNet")
    finally:
        del GRAPHS["LeNet"]
    (network,) = load(tmp_path / "a.onnx").networks
    assert onnx_files.UNTRIED not in network.assumed
    assert sorted(network.space.size[axis] for axis in network.space.permuted) == [6, 16, 120]
