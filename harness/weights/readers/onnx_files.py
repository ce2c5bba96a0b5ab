"""`.onnx`: the initialisers of a graph, wired as its nodes say (extra `onnx`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..activations.further import family_name, leaky_name
from ..activations.modules import gelu
from .graphs.trials import Stored, computes, refuted
from .records import Cause, ReadError, State
from .sources import check_unpacked
from .wiring import Dim, Dims, Wired, Wiring

POINT_WISE = {
    "Relu": "relu", "Tanh": "tanh", "Sin": "sine", "Cos": "cosine", "Sigmoid": "sigmoid", "Softplus": "softplus", "Softsign": "softsign",
    "Identity": "identity", "Abs": "abs", "HardSwish": "hardswish", "Mish": "mish",
}  # fmt: skip
"""Nodes without parameters that are one activation."""
WITH_ALPHA = {"Elu": "elu", "Celu": "celu"}
KEEPS = (
    "Dropout",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Softmax",
    "LogSoftmax",
    "Pad",
    "Cast",
)
OVER_PLACES = ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")
"""Nodes that join places beside each other."""
BEFORE = ("Neg", "Log", "Exp", "Sqrt", "Reciprocal", "Pow", "Floor", "Ceil", "Concat")
"""Nodes that may stand before the first weight: of an input they are no part of the space."""
MOST_NODES = 100_000
UNTRIED = (
    "permutations were not tried on the graph, which is too large for it, or does not run in the reference of onnx"
)
INSTEAD = "give the state dict with its module (--module FILE.py:FUNCTION), or with a manifest"
ACTIVATIONS_OF_ONNX = (*POINT_WISE, *WITH_ALPHA, "LeakyRelu", "Gelu", "Selu", "HardSigmoid", "Clip")


def read(path: Path) -> tuple[Wired, State]:
    """The space that the graph says, and the initialisers, float64.

    Raises:
        ReadError: no graph, a node without a rule, data outside the file, or more than the bounds allow.
    """
    import onnx
    from onnx import numpy_helper

    check_unpacked(path, path.stat().st_size)
    model = onnx.load(str(path), load_external_data=False)
    graph = model.graph
    if len(graph.node) > MOST_NODES:
        raise ReadError(
            Cause.TOO_LARGE,
            f"a graph of {len(graph.node)} nodes; allowed: {MOST_NODES}; give the state dict with its module (--module)",
        )
    state: State = {}
    whole: dict[str, np.ndarray] = {}
    check_unpacked(path, sum(8 * prod(one.dims) for one in graph.initializer))
    constants = [
        (node.output[0], attribute.t)
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    ]
    for name, tensor in [*((one.name, one) for one in graph.initializer), *constants]:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ReadError(Cause.CONTENT, f"{name} lies in another file; save the model with its data inside")
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind in "iub":
            whole[name] = array
        else:
            state[name] = array.astype(np.float64)
    wired = Graph(model, state, whole).wired()
    # A mask's minus infinity is no weight.
    strange = next((part.entry for part in wired.parts if not np.isfinite(state[part.entry]).all()), None)
    if strange is not None:
        raise ReadError(Cause.NUMBERS, f"{strange} holds numbers that are NaN or infinite; leave the file out")
    return wired, state


def point_wise(kind: str, options: dict[str, Any]) -> str | None:
    """The activation that a node is, or None; parameters are the float32 that the file holds, as short decimals."""
    if kind in POINT_WISE:
        return POINT_WISE[kind]
    alpha = short(options["alpha"]) if "alpha" in options else None
    if kind == "LeakyRelu":
        return leaky_name(0.01 if alpha is None else alpha)
    if kind in WITH_ALPHA:
        return family_name(WITH_ALPHA[kind], [1.0 if alpha is None else alpha])
    if kind == "Gelu":
        return gelu(bytes(options.get("approximate", b"none")).decode())
    if kind == "Selu":
        return "selu"
    if kind == "HardSigmoid" and alpha is not None and abs(alpha - 1 / 6) < 1e-6:
        return "hardsigmoid"
    return None


def short(number: float) -> float:
    """The decimal that a float32 was written as: 0.01 is stored as 0.009999999776."""
    return float(str(np.float32(number)))


def onnx_value(attribute: Any) -> Any:
    """A node's option, where it is a number or a text."""
    return {1: attribute.f, 2: attribute.i, 3: attribute.s}.get(attribute.type)


class Graph:
    """One pass over the nodes; values have a `Dims`, constants none."""

    def __init__(self, model: Any, state: State, whole: dict[str, np.ndarray]):
        self.graph, self.stored = model.graph, Stored(model, state, whole)
        self.state, self.whole = state, whole
        self.wiring = Wiring()
        self.dims: dict[str, Dims] = {}
        self.kernels: dict[tuple[int, int], int] = {}
        self.users: dict[str, int] = {}
        self.read_by_weights: dict[str, int] = {}
        self.normalised: list[tuple[str, list[int]]] = []

    def wired(self) -> Wired:
        """The space.

        Raises:
            ReadError: as `Wiring`, and for a node without a rule.
        """
        for value in self.graph.input:
            if value.name not in self.state and value.name not in self.whole:
                self.dims[value.name] = [None] * len(value.type.tensor_type.shape.dim)
        for node in self.graph.node:
            for name in node.input:
                self.users[name] = self.users.get(name, 0) + 1
        for node in self.graph.node:
            if node.op_type != "Constant":
                made = self._node(node)
                for name in node.output:
                    self.dims[name] = made
        for value in self.graph.output:
            for dim in self.dims.get(value.name, []):
                self.wiring.fix(dim)
        for kind, axes in self.normalised:
            if axes and all(self.wiring.fixed[self.wiring.root(axis)] for axis in axes):
                self.wiring.assumed.append(f"{kind.lower()} on the output is no part of the space")
        used = {entry for entry, _ in self.wiring.found}
        scalars = {name for name, array in self.state.items() if array.size == 1}
        made = self.wiring.finished(sorted(set(self.state) - used - scalars))
        said = self._demand_symmetry(made)
        usual = made.usual
        if usual is not None and computes(self.stored, usual, self.read_by_weights, ACTIVATIONS_OF_ONNX):
            return usual  # a run has told
        return replace(made, usual=None, assumed=(*made.assumed, *said))

    def _demand_symmetry(self, made: Wired) -> tuple[str, ...]:
        """What is to be said of permutations that no run of the graph could try.

        Raises:
            ReadError: they change its output.
        """
        wide = [(len(dims) > 2, prod(self._count(dim) for dim in dims if dim)) for dims in self.dims.values()]
        widest = max((count for placed, count in wide if placed), default=max((count for _, count in wide), default=1))
        plain = replace(made, parts=tuple(replace(part, factor=1.0) for part in made.parts))
        found = refuted(self.stored, plain, widest)
        if found:
            raise ReadError(
                Cause.AMBIGUOUS,
                f"permutations that its nodes seem to allow ({made.space}) change what the graph computes, so it is wired in another way; {INSTEAD}",
            )
        return (UNTRIED,) if found is None else ()

    def _node(self, node: Any) -> Dims:
        kind, options = node.op_type, {one.name: one for one in node.attribute}
        if not node.input:
            raise self._no_rule(node)
        if kind in ("Shape", "Gather", "Concat", "Unsqueeze", "Slice") and not any(
            name in self.dims for name in node.input
        ):
            return []
        if kind == "Shape":
            return []
        x = self._value(node, 0)
        name = point_wise(kind, {key: onnx_value(one) for key, one in options.items()})
        if name is not None:
            self.wiring.point_wise(name, [axis for dim in x for axis in dim or ()])
            return x
        if kind in KEEPS:
            if kind in OVER_PLACES and any(dim is not None for dim in x[2:]):
                raise self._no_rule(node)
            if kind in ("Softmax", "LogSoftmax"):
                self.normalised.append((kind, [axis for dim in x for axis in dim or ()]))
            return x
        if kind in BEFORE and x and all(dim is None for value in self._values(node) for dim in value):
            return x
        if kind == "Clip":
            return self._clipped(node, x, options)
        if kind == "Slice" and all(x[place] is None for place in self._sliced(node, x, options)):
            return x
        if kind == "Gemm":
            return self._gemm(node, x, options)
        if kind == "MatMul":
            return self._matmul(node, x)
        if kind == "Conv":
            return self._conv(node, x, options)
        if kind == "BatchNormalization":
            for name in node.input[1:]:
                self.wiring.tensor(name, [self.wiring.given(x[1], self.state[name].size)])
            return x
        if kind == "LayerNormalization":
            for name in node.input[1:]:
                if name:
                    self.wiring.tensor(name, [self.wiring.given(x[-1], self.state[name].size)])
            return x
        if kind in ("Add", "Sub", "Mul", "Div"):
            return self._pair(node)
        if kind == "Flatten" and (options["axis"].i if "axis" in options else 1) == 1:
            return self._flattened(node, x, -1)
        if kind == "Reshape":
            shape = self.whole.get(node.input[1])
            if shape is not None and x and all(dim is None for dim in x):  # no weight has been met along any axis
                return [None] * len(shape)
            if shape is not None and len(shape) == 2:
                return self._flattened(node, x, int(shape[1]))
        if kind in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum"):
            return self._reduced(node, x, options)
        if kind == "Transpose" and "perm" in options and len(options["perm"].ints) == len(x):
            return [x[place] for place in options["perm"].ints]
        if kind == "Unsqueeze":
            return self._unsqueezed(node, x, options)
        if kind == "Squeeze":
            return self._squeezed(node, x, options)
        raise self._no_rule(node)

    @staticmethod
    def _no_rule(node: Any) -> ReadError:
        where = node.name or next(iter(node.output), "")
        return ReadError(Cause.AMBIGUOUS, f"{where}: no rule says which axes {node.op_type} keeps apart; {INSTEAD}")

    def _value(self, node: Any, place: int) -> Dims:
        name = node.input[place]
        if name in self.dims:
            return self.dims[name]
        if name in self.state and self.state[name].ndim:
            return self._open(name)
        if name in self.whole and self.whole[name].size > 1:  # integers are numbered
            return [(self.wiring.fresh(size, fixed=True),) for size in self.whole[name].shape]
        return []

    def _values(self, node: Any) -> list[Dims]:
        return [self._value(node, place) for place in range(len(node.input))]

    def _open(self, name: str) -> Dims:
        """An initialiser that is used by itself."""
        if (name, None) not in self.wiring.found:
            self.wiring.tensor(name, [[self.wiring.fresh(size, fixed=size == 1)] for size in self.state[name].shape])
        return [(axis,) for axis in self.wiring.found[name, None][1]]

    def _gemm(self, node: Any, x: Dims, options: Any) -> Dims:
        if any(key in options and options[key].f != 1.0 for key in ("alpha", "beta")) or (
            "transA" in options and options["transA"].i
        ):
            raise ReadError(Cause.AMBIGUOUS, f"{node.name}: Gemm with factors has no rule; {INSTEAD}")
        weight = node.input[1]
        self._demand(weight)
        self._met(node, x, x[-1])
        turned = "transB" in options and bool(options["transB"].i)
        here = self._weight(weight, x[-1], turned)
        if len(node.input) > 2 and node.input[2]:
            self.wiring.tensor(node.input[2], [[here]])
        return [*x[:-1], (here,)]

    def _weight(self, weight: str, before: Dim, turned: bool) -> int:
        """A matrix, as [outputs, inputs] in the space, however it lies in the file."""
        shape = self.state[weight].shape
        inputs = self.wiring.given(before, shape[1 if turned else 0])
        here = self.wiring.fresh(shape[0 if turned else 1])
        if turned:
            self.wiring.tensor(weight, [[here], inputs])
        else:
            order = [len(inputs), *range(len(inputs))]
            self.wiring.tensor(weight, [inputs, [here]], order=order)
        return here

    def _matmul(self, node: Any, x: Dims) -> Dims:
        weight = node.input[1]
        self._demand(weight)
        self._met(node, x, x[-1])
        if self.state[weight].ndim != 2:
            raise ReadError(
                Cause.AMBIGUOUS,
                f"{node.name}: a product with {weight} of shape {self.state[weight].shape} has no rule; {INSTEAD}",
            )
        return [*x[:-1], (self._weight(weight, x[-1], False),)]

    def _conv(self, node: Any, x: Dims, options: Any) -> Dims:
        weight = node.input[1]
        self._demand(weight)
        self._met(node, x, x[1])
        shape, groups = self.state[weight].shape, options["group"].i if "group" in options else 1
        alone = groups == shape[0] > 1 and shape[1] == 1  # a kernel a channel
        if groups != 1 and not (alone and x[1] is not None and self._count(x[1]) == groups):
            raise ReadError(Cause.AMBIGUOUS, f"{node.name}: a convolution in {groups} groups has no rule; {INSTEAD}")
        places: list[list[int]] = []
        for dim, size in enumerate(shape[2:]):
            if (dim, size) not in self.kernels:
                self.kernels[dim, size] = self.wiring.fresh(size, fixed=True)
            places.append([self.kernels[dim, size]])
        before = [self.wiring.fresh(1, fixed=True)] if alone else self.wiring.given(x[1], shape[1])
        here = self.wiring.given(x[1], shape[0]) if alone else (self.wiring.fresh(shape[0]),)
        for dim in x[2:]:  # a kernel goes along them
            self.wiring.fix(dim)
        self.wiring.tensor(weight, [here, before, *places])
        if len(node.input) > 2 and node.input[2]:
            self.wiring.tensor(node.input[2], [here])
        return [x[0], here, *[None] * len(places)]

    def _met(self, node: Any, x: Dims, dim: Dim) -> None:
        """A weight reads a value; where no weight was met before, this is where the network begins."""
        if dim is None:
            self.read_by_weights[node.input[0]] = len(x)

    def _count(self, dim: tuple[int, ...]) -> int:
        return prod(self.wiring.size[axis] for axis in dim)

    def _pair(self, node: Any) -> Dims:
        for constant, other in ((0, 1), (1, 0)):
            array = self.state.get(node.input[constant])
            if array is not None and array.size == 1:
                x = self._value(node, other)
                self._number(node, other, x, float(array.ravel()[0]))
                return x
        one, other = self._value(node, 0), self._value(node, 1)
        rank = max(len(one), len(other))
        padded = [rank - len(one), rank - len(other)]
        one, other = [None] * padded[0] + one, [None] * padded[1] + other
        joined: Dims = []
        for place, (a, b) in enumerate(zip(one, other, strict=True)):
            sizes = [self._count(dim) if dim else 0 for dim in (a, b)]
            if 1 in sizes and sizes[0] != sizes[1] and 0 not in sizes:  # one is spread over the other
                joined.append(a if sizes[1] == 1 else b)
            elif place < max(padded):
                joined.append(a or b)
            else:  # a value without weights along it may have as many entries, and then they are numbered
                joined.append(self.wiring.same(a, b, node.name))
        return joined

    def _number(self, node: Any, place: int, x: Dims, number: float) -> None:
        """A value with a number: a factor is the layer's own; what else would change the function is refused, or said of an input."""
        kind = node.op_type
        if (kind in ("Add", "Sub") and number == 0.0 and place == 0) or (
            kind in ("Mul", "Div") and number == 1.0 and place == 0
        ):
            return
        if all(dim is None for dim in x):
            if kind != "Mul" or number != 1.0:
                self.wiring.assumed.append(f"{kind} by {number:g} before the first layer is no part of the space")
            return
        if kind == "Mul":
            if number != 1.0:
                self._absorb(node.input[place], number)
        elif kind == "Div" and place == 0 and number and (1.0 / number) * number == 1.0:
            self._absorb(node.input[place], 1.0 / number)
        else:
            self.wiring.point_wise(f"{kind} by {number:g}", [axis for dim in x for axis in dim or ()])

    def _absorb(self, name: str, factor: float) -> None:
        """A number times the sum of a layer is that layer's weights and biases times the number, if nothing else reads the sum."""
        node = next((one for one in self.graph.node if name in one.output), None)
        if node is None or self.users.get(name, 0) != 1 or node.op_type not in ("Gemm", "MatMul", "Conv", "Add"):
            raise ReadError(Cause.AMBIGUOUS, f"{name} is multiplied by {factor}, for which there is no rule; {INSTEAD}")
        for entry in node.input:
            if entry in self.state:
                self.wiring.factors[entry] = self.wiring.factors.get(entry, 1.0) * factor
            elif node.op_type == "Add":
                self._absorb(entry, factor)

    def _flattened(self, node: Any, x: Dims, width: int) -> Dims:
        """[batch, channels, places] -> [batch, channels times places], how many places, the next weight says; [batch, rows, channels] ->
        [rows of all, channels].

        Args:
            width: of the rows, -1 where it is not said.
        """
        every = [(place, dim) for place, dim in enumerate(x) if dim is not None]
        met = [(place, dim) for place, dim in every if self._count(dim) > 1] or every[:1]
        if not met:
            return [None, None]
        place, dim = met[0]
        if len(met) == 1 and place == len(x) - 1 and (width == self._count(dim) or (width == -1 and len(x) == 2)):
            return [None, dim]
        if len(met) > 1 or place != 1 or len(x) <= 2:
            raise self._no_rule(node)
        channels = self._count(dim)
        following = next((one for one in self.graph.node if node.output[0] in one.input), None)
        if following is None or following.op_type not in ("Gemm", "MatMul") or following.input[1] not in self.state:
            raise ReadError(Cause.AMBIGUOUS, f"{node.name}: what is flattened meets no weight; {INSTEAD}")
        turned = any(one.name == "transB" and one.i for one in following.attribute)
        inputs = self.state[following.input[1]].shape[1 if turned else 0]
        if inputs % channels:
            raise ReadError(
                Cause.SHAPES,
                f"{following.input[1]} has {inputs} inputs, which are no multiple of {channels} channels; {INSTEAD}",
            )
        places = inputs // channels
        return [x[0], (*dim, self.wiring.fresh(places, fixed=True)) if places > 1 else dim]

    def _unsqueezed(self, node: Any, x: Dims, options: Any) -> Dims:
        """New axes of one place."""
        axes = list(options["axes"].ints) if "axes" in options else self.whole[node.input[1]].reshape(-1).tolist()
        rank = len(x) + len(axes)
        new, kept = {axis % rank for axis in axes}, iter(x)
        one = (self.wiring.fresh(1, fixed=True),) if any(dim is not None for dim in x) else None
        return [one if place in new else next(kept) for place in range(rank)]

    def _squeezed(self, node: Any, x: Dims, options: Any) -> Dims:
        """Axes of one place fall away: those that are named, or all."""
        given = self.whole.get(node.input[1]) if len(node.input) > 1 else None
        axes = (
            list(options["axes"].ints) if "axes" in options else None if given is None else given.reshape(-1).tolist()
        )
        if axes is None:
            return [dim for dim in x if dim is not None and self._count(dim) > 1] if len(x) > 2 else x
        gone = {axis % len(x) for axis in axes}
        return [dim for place, dim in enumerate(x) if place not in gone]

    def _clipped(self, node: Any, x: Dims, options: Any) -> Dims:
        """Between 0 and 6 a ReLU6, between others a hard tangent; bounds are numbers, options once and inputs today."""
        ends = []
        for place, key in ((1, "min"), (2, "max")):
            name = node.input[place] if len(node.input) > place else ""
            known = self.state.get(name, self.whole.get(name))
            if name and (known is None or known.size != 1):
                raise ReadError(
                    Cause.AMBIGUOUS, f"{node.name}: Clip between bounds that are no numbers has no rule; {INSTEAD}"
                )
            ends.append(float(known.reshape(())) if known is not None else options[key].f if key in options else None)
        low, high = ends
        if (low, high) == (0.0, None) or (low == 0.0 and high is not None and high > 1e30):
            name = "relu"
        elif low is None or high is None:
            name = f"Clip from {low} to {high}"  # which no space has
        else:
            name = "relu6" if (low, high) == (0.0, 6.0) else family_name("hardtanh", [short(low), short(high)])
        self.wiring.point_wise(name, [axis for dim in x for axis in dim or ()])
        return x

    def _sliced(self, node: Any, x: Dims, options: Any) -> list[int]:
        """Which axes of a value are cut."""
        if "starts" in options:
            starts, axes = list(options["starts"].ints), list(options["axes"].ints) if "axes" in options else None
        else:
            starts = self.whole[node.input[1]].reshape(-1).tolist() if node.input[1] in self.whole else range(len(x))
            named = len(node.input) > 3 and node.input[3]
            axes = self.whole[named].reshape(-1).tolist() if named in self.whole else None
        return [axis % len(x) for axis in (range(len(starts)) if axes is None else axes)] if x else []

    def _reduced(self, node: Any, x: Dims, options: Any) -> Dims:
        axes: Sequence[int] | None = list(options["axes"].ints) if "axes" in options else None
        if axes is None and len(node.input) > 1:
            axes = self.whole[node.input[1]].tolist()
        keep = options["keepdims"].i if "keepdims" in options else 1
        gone = {axis % len(x) for axis in (axes or range(len(x)))}
        one = (self.wiring.fresh(1, fixed=True),) if any(dim is not None for dim in x) else None
        return [one if place in gone else dim for place, dim in enumerate(x) if keep or place not in gone]

    def _demand(self, weight: str) -> None:
        if weight not in self.state:
            raise ReadError(
                Cause.AMBIGUOUS, f"{weight} is no stored tensor; a product of two values has no rule; {INSTEAD}"
            )
