"""A graph, run at drawn weights by the reference of onnx: is a space's function the graph's, and do a space's permutations leave it as it is?

Law: rules of single nodes say what a graph's axes are, and nothing that they say is believed where a run refutes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
import torch

from ...batch import Weights
from ...realisation import realise
from ...space import WeightSpace
from ...symmetry import act, random_elements

State = dict[str, np.ndarray]


class Wired(Protocol):
    """What is asked here of `readers.wiring.Wired`, which stands above this folder: a space, and where its tensors lie in a state dict."""

    @property
    def space(self) -> WeightSpace: ...

    @property
    def parts(self) -> Sequence[Any]: ...

    def arrays(self, state: State) -> State: ...


BEHIND = ("Softmax", "LogSoftmax", "Dropout", "Cast")
"""Nodes that may stand behind the last weight, where they are no part of the space."""
COMPARED = (
    "Gemm", "MatMul", "Conv", "Add", "Sub", "Mul", "Div", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "GlobalAveragePool", "ReduceMean",
    "AveragePool", "MaxPool", "GlobalMaxPool", "ReduceMax", "Pad", "Dropout", "Constant",
)  # fmt: skip
"""Nodes that a graph may have whose function is compared."""
MOST_PRODUCTS = 1 << 26
"""Weights times places, up to which functions are compared."""
MOST_WORK = 1 << 28
"""The same for permutations, and the entries of all values together."""
IN_PYTHON = 256
"""Times that the reference's loops of pooling are slower than a node of numpy."""
LARGEST_STEP = 64
"""Of numbers that nodes hold: pads, steps, kernels."""
TRIED = 3
CLOSE = 1e-5
"""Of two outputs that are one, over the largest entry: a graph's parameters are float32."""
FAR, FAR_OF_HALVES = 1e-3, 0.1
"""Above which two outputs are not one, of a graph that computes in float32 and in less."""
HALVES = (10, 16)
"""How onnx numbers float16 and bfloat16."""
SIZES = (12, 33, 64, 7, 1)
"""Tried where a graph leaves the size of an input open."""


@dataclass(frozen=True)
class Stored:
    """What a graph holds beside its nodes.

    Args:
        model: as onnx reads it.
        state: the numbers of initialisers and constants, float64.
        whole: integers and truth values.
    """

    model: Any
    state: State
    whole: Mapping[str, np.ndarray]

    @property
    def inputs(self) -> list[Any]:
        """What a run must be given."""
        return [one for one in self.model.graph.input if one.name not in self.state and one.name not in self.whole]

    def types(self) -> dict[str, Any]:
        """Initialiser, constant or input -> the type of numpy in which the graph has it."""
        from onnx import helper

        held = {one.name: one.data_type for one in self.model.graph.initializer}
        for node in self.model.graph.node:
            if node.op_type == "Constant":
                held.update((node.output[0], one.t.data_type) for one in node.attribute if one.name == "value")
        held |= {one.name: one.type.tensor_type.elem_type for one in self.inputs}
        return {name: helper.tensor_dtype_to_np_dtype(kind) for name, kind in held.items()}

    @property
    def halves(self) -> bool:
        """Whether anything in it is computed in 16 bits."""
        kinds = {one.data_type for one in self.model.graph.initializer}
        kinds |= {one.i for node in self.model.graph.node for one in node.attribute if one.name == "to"}
        return bool(kinds & set(HALVES))

    def runner(self, nodes: Sequence[Any], inputs: Sequence[str], outputs: Sequence[str]) -> Any:
        """The reference's evaluator of nodes; all that they read is to be given, constants too."""
        from onnx import TensorProto, helper
        from onnx.reference import ReferenceEvaluator

        given, made = (
            [helper.make_tensor_value_info(name, TensorProto.DOUBLE, None) for name in names]
            for names in (inputs, outputs)
        )
        kept = [node for node in nodes if node.op_type != "Constant" or not {*node.output} & {*self.state, *self.whole}]
        return ReferenceEvaluator(
            helper.make_model(helper.make_graph(kept, "g", given, made), opset_imports=list(self.model.opset_import))
        )


def computes(stored: Stored, made: Wired, read_by_weights: Mapping[str, int], activations: Sequence[str]) -> bool:
    """Whether the function that is known of a space is the graph's, from what its first weight reads to its last sum.

    Both are compared at drawn weights and inputs, the graph's as the reference of onnx computes it: axes do not say where pads, steps
    and activations stand.

    Args:
        read_by_weights: value that a first weight reads -> its number of axes.
        activations: kinds of nodes that are one.
    """
    graph = stored.model.graph
    if len(read_by_weights) != 1 or len(graph.output) != 1:
        return False
    ((start, rank),) = read_by_weights.items()
    makers = {name: node for node in graph.node for name in node.output}
    end = graph.output[0].name
    while end in makers and (makers[end].op_type in BEHIND or makers[end].op_type in activations):
        end = makers[end].input[0]
    wanted, needed = [end], set[str]()
    while wanted:
        name = wanted.pop()
        if name != start and name in makers and name not in needed:
            needed.add(name)
            wanted += makers[name].input
    nodes = [node for node in graph.node if node.output and node.output[0] in needed]
    entries = sum(stored.state[part.entry].size for part in made.parts)
    places = max(
        9, 2 * max((stored.state[part.entry].shape[-1] for part in made.parts if len(part.shape) > 2), default=0) + 3
    )
    shape = (
        (1, made.space.size["n0"], places, places)
        if "y" in made.space.size
        else (1,) * (rank - 1) + (made.space.size["n0"],)
    )
    if (
        not all(node.op_type in COMPARED or node.op_type in activations for node in nodes)
        or max([*_numbers(nodes), *_padded(stored, nodes)], default=0) > LARGEST_STEP
        or entries * (places**2 if len(shape) == 4 else 1) > MOST_PRODUCTS
    ):
        return False
    try:
        run = stored.runner(nodes, [start], [end])
        return all(_computes_at(stored, run, made, start, shape, seed) for seed in range(TRIED))
    except Exception:  # the reference's own, of a graph that does not run
        return False


def _computes_at(stored: Stored, run: Any, made: Wired, start: str, shape: tuple[int, ...], seed: int) -> bool:
    """The comparison at weights and an input that a seed draws; numbers of few digits, whose products with factors are exact."""
    rng = np.random.default_rng(seed)
    state = dict(stored.state)
    for entry in {part.entry for part in made.parts}:
        array = state[entry]
        fan = max(1, array.size // max(array.shape[0], 1)) if array.ndim > 1 else 1
        state[entry] = rng.integers(-64, 65, array.shape) * 2.0 ** -(6 + int(np.log2(fan)) // 2)
    x = rng.integers(-64, 65, shape) / 32.0
    (theirs,) = run.run(None, {**state, **stored.whole, start: x})
    weights = Weights.from_arrays(made.space, [made.arrays(state)])
    points = x if len(shape) == 4 else x.reshape(1, -1)
    ours = realise(weights, torch.from_numpy(points)).numpy().reshape(-1)
    gap = np.abs(np.asarray(theirs, dtype=np.float64).reshape(-1) - ours)
    return bool((gap <= CLOSE * max(float(np.abs(ours).max()), 1e-30)).all())


def _numbers(nodes: Sequence[Any], *called: str) -> list[int]:
    """The integers of nodes' options, of some names or of all."""
    options = [one for node in nodes for one in node.attribute if not called or one.name in called]
    return [abs(number) for one in options for number in (*one.ints, one.i)]


def _padded(stored: Stored, nodes: Sequence[Any]) -> list[int]:
    """The widths that initialisers say of pads; of those that nodes compute, more than any run takes."""
    named = [node.input[1] for node in nodes if node.op_type == "Pad" and len(node.input) > 1]
    known = [stored.whole.get(name, np.asarray([MOST_WORK])) for name in named]
    return [abs(int(width)) for array in known for width in array.reshape(-1)[:LARGEST_STEP]]


def refuted(stored: Stored, made: Wired, widest: int) -> bool | None:
    """Whether permutations of a space change the graph's output; None where no run of it tells.

    A run tells where an order of one tensor's rows alone, which no network forgives, is seen in the output.

    Args:
        made: with the tensors as they lie in the file, without factors, which no order changes.
        widest: entries of the largest value between nodes, for each of its places.
    """
    if all(made.space.size[axis] == 1 for axis in made.space.permuted):
        return False
    if not _small(stored, made, widest):
        return None
    names = [one.name for one in stored.model.graph.output]
    try:
        run = stored.runner(list(stored.model.graph.node), [one.name for one in stored.inputs], names)
        types = stored.types()
    except Exception:  # the reference's own, of nodes that it does not know
        return None
    told, far = None, FAR_OF_HALVES if stored.halves else FAR

    def of(state: Mapping[str, np.ndarray], feeds: Mapping[str, np.ndarray]) -> np.ndarray:
        given = {name: array.astype(types.get(name, array.dtype)) for name, array in {**state, **feeds}.items()}
        with np.errstate(all="ignore"):
            outputs = run.run(None, {**stored.whole, **given})
        return np.concatenate([np.asarray(one, dtype=np.float64).ravel() for one in outputs])

    for seed in range(TRIED):
        rng = np.random.default_rng(seed)
        state = nearby(stored.state, {part.entry for part in made.parts}, rng)
        for feeds in _feeds(stored, rng):
            try:
                before = of(state, feeds)
                v = Weights.from_arrays(made.space, [made.arrays(state)])
                moved = act(random_elements(made.space, 1, rng)[0], v)
                after = of(put(made, state, moved), feeds)
                alone = of(put(made, state, _broken(v, rng)), feeds)
            except Exception:  # of inputs of another size
                continue
            if not np.isfinite(before).all():
                break
            if not _near(before, after, far):
                return True
            if not _near(before, alone, far):
                told = False
            break
    return told


def _small(stored: Stored, made: Wired, widest: int) -> bool:
    """Whether a run takes little time and memory, whatever the nodes say."""
    nodes = stored.model.graph.node
    shapes = [[size.dim_value or max(SIZES) for size in one.type.tensor_type.shape.dim] for one in stored.inputs]
    pools = [node for node in nodes if node.op_type in ("MaxPool", "AveragePool")]
    around = sum(_numbers(nodes, "pads")) + sum(_numbers(pools, "kernel_shape")) + sum(_padded(stored, nodes))
    pictures = any(stored.state[part.entry].ndim > 2 for part in made.parts)
    places = max((prod(shape[2 if pictures else 1 :]) for shape in shapes), default=1)
    if around:
        places = (int(places**0.5) + 1 + around) ** 2
    held = [stored.state[part.entry] for part in made.parts]
    work = sum(one.size * (places if one.ndim > 2 or not pictures else 1) for one in held)
    values = (len(nodes) + IN_PYTHON * len(pools)) * widest * places
    return max(work, values) <= MOST_WORK


def nearby(own: Mapping[str, np.ndarray], entries: AbstractSet[str], rng: np.random.Generator) -> State:
    """Weights near the file's, of their signs, no two alike: variances stay positive, and zeros and ones do not hide a mistake."""
    state = dict(own)
    for entry in sorted(entries):
        array = state[entry]
        typical = float(np.abs(array).mean()) or 1.0
        away = array * rng.uniform(0.5, 2.0, array.shape)
        state[entry] = np.where(array == 0, rng.uniform(0.1, 1.0, array.shape) * typical, away)
    return state


def _feeds(stored: Stored, rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:
    """Inputs of the sizes that the graph names; where it leaves them open, of several."""
    for open_size in SIZES:
        feeds = {}
        for one in stored.inputs:
            kind, dims = one.type.tensor_type.elem_type, one.type.tensor_type.shape.dim
            shape = tuple(size.dim_value or (open_size if place else 1) for place, size in enumerate(dims))
            if prod(shape) > MOST_WORK:
                return
            drawn = rng.standard_normal(shape)
            feeds[one.name] = drawn if kind in (1, 10, 11, 16) else drawn > 0
        yield feeds


def put(made: Wired, state: Mapping[str, np.ndarray], moved: Weights) -> State:
    """A state dict with a weight vector's numbers in the places of the network's tensors."""
    changed = {name: array.copy() for name, array in state.items()}
    for part in made.parts:
        rows = changed[part.entry] if part.rows is None else changed[part.entry][part.rows[0] : part.rows[1]]
        rows[...] = part.back(moved.tensors[part.name][0, ..., 0].numpy()).reshape(rows.shape)
    return changed


def _broken(v: Weights, rng: np.random.Generator) -> Weights:
    """The weights with the first tensor alone out of order, along one of its permuted axes."""
    movable = {axis for axis in v.space.permuted if v.space.size[axis] > 1}
    name, axes = next((name, axes) for name, axes in v.space.tensors if set(axes) & movable)
    place = next(place for place, axis in enumerate(axes) if axis in movable)
    count = v.space.size[axes[place]]
    order = np.roll(np.arange(count), int(rng.integers(1, count)))
    return Weights(v.space, {**v.tensors, name: v.tensors[name].index_select(place + 1, torch.from_numpy(order))})


def _near(one: np.ndarray, other: np.ndarray, far: float) -> bool:
    if one.shape != other.shape:
        return False
    return bool((np.abs(one - other) <= far * max(float(np.abs(one).max(initial=0.0)), 1e-30)).all())
