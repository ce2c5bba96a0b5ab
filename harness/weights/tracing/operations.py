"""What each operation of a traced module says of axes: one rule for each kind, and a refusal for what has none."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from ..activations.modules import named
from ..readers.records import Cause, ReadError
from ..readers.wiring import Dim, Dims, Wired, Wiring

Value = Any
"""`Dims` of a tensor, a tuple of values, or None for what is no tensor."""

KEEPS: tuple[Any, ...] = (
    nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.Softmax, nn.LogSoftmax, nn.Softmax2d,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
    nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.Upsample, nn.ZeroPad2d, nn.ReflectionPad2d,
    nn.LocalResponseNorm,
)  # fmt: skip
"""Modules without weights that keep every axis that weights run over: pools and pads change places alone."""
KEEP_FUNCTIONS: set[Any] = {
    functional.dropout, functional.softmax, functional.log_softmax, functional.max_pool1d, functional.max_pool2d, functional.max_pool3d,
    functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d, functional.adaptive_avg_pool1d, functional.adaptive_avg_pool2d,
    functional.adaptive_max_pool2d, functional.interpolate, functional.pad, functional.normalize,
    torch.softmax, torch.log_softmax, torch.neg, torch.abs, torch.exp, torch.sqrt, torch.clone, operator.neg, torch.square, torch.pow,
    operator.pow, torch.clamp, torch.max_pool1d, torch.max_pool2d, torch.max_pool3d, torch.avg_pool1d, torch.adaptive_avg_pool1d,
    functional.adaptive_avg_pool3d, functional.adaptive_max_pool1d, functional.adaptive_max_pool3d, functional.dropout1d, functional.dropout2d,
    functional.dropout3d, functional.alpha_dropout, functional.feature_alpha_dropout, torch.dropout,
}  # fmt: skip
KEEP_METHODS = {
    "contiguous",
    "detach",
    "clone",
    "float",
    "double",
    "to",
    "softmax",
    "log_softmax",
    "neg",
    "abs",
    "pow",
    "clamp",
    "square",
    "exp",
}
PAIRS: set[Any] = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.iadd, operator.imul, operator.isub,
    torch.add, torch.sub, torch.mul, torch.div,
}  # fmt: skip
PAIR_METHODS = {"add", "sub", "mul", "div", "add_", "mul_", "sub_"}
SCALES: set[Any] = {operator.mul, operator.imul, torch.mul, "mul", "mul_"}
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)


def args_of(node: fx.Node) -> list[Any]:
    """The positional arguments of a node."""
    return list(node.args)


def options_of(node: fx.Node) -> dict[str, Any]:
    """The named ones."""
    return dict(node.kwargs)


class Shapes(fx.Interpreter):
    """Runs a traced module and notes the shape of every value that is one tensor."""

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if torch.is_tensor(result):
            n.meta["shape"] = tuple(result.shape)
        return result


class Traced:
    """One pass over a traced module whose nodes know their shapes."""

    def __init__(self, traced: fx.GraphModule):
        self.net = traced
        self.modules = dict(traced.named_modules())
        first = {id(one): name for name, one in (*traced.named_parameters(), *traced.named_buffers())}
        every = (*traced.named_parameters(remove_duplicate=False), *traced.named_buffers(remove_duplicate=False))
        self.entry = {name: first[id(one)] for name, one in every}
        self.wiring = Wiring()
        self.env: dict[fx.Node, Value] = {}
        self.linear: dict[fx.Node, list[str]] = {}
        self.kernels: dict[tuple[int, int], int] = {}

    def wired(self) -> Wired:
        """The space.

        Raises:
            ReadError: as `Wiring`, and for an operation without a rule.
        """
        for node in self.net.graph.nodes:
            try:
                self.env[node] = self._value(node)
            except (
                TypeError,
                IndexError,
                AttributeError,
            ):  # what it is given is none of what rules speak of: several tensors, say
                raise self._no_rule(node, f"{node.target}, given a part of several tensors perhaps,") from None
        used = {entry for entry, _ in self.wiring.found}
        unused = [
            name
            for name, one in (*self.net.named_parameters(), *self.net.named_buffers())
            if name not in used and one.is_floating_point()
        ]
        return self.wiring.finished(unused)

    def _value(self, node: fx.Node) -> Value:
        if node.op == "placeholder":
            shape = self._shape(node)
            return None if shape is None else [None] * len(shape)
        if node.op == "output":
            self._fix(args_of(node))
            return None
        if node.op == "get_attr":
            return self._parameter(str(node.target))
        if node.op == "call_module":
            return self._module(node, self.modules[str(node.target)])
        return self._function(node)

    def _parameter(self, target: str) -> Value:
        """A parameter that is used by itself: its axes are open until something is done with it."""
        if target not in self.entry:
            return None
        one = (
            self.net.get_parameter(target)
            if target in dict(self.net.named_parameters(remove_duplicate=False))
            else self.net.get_buffer(target)
        )
        if not one.is_floating_point():
            return None
        entry = self.entry[target]
        if (entry, None) in self.wiring.found:
            return [(axis,) if axis is not None else None for axis in self.wiring.found[entry, None][1]]
        axes = [self.wiring.fresh(size, fixed=size == 1) for size in one.shape]
        self.wiring.tensor(entry, [axes])
        return [(axis,) for axis in axes]

    def _module(self, node: fx.Node, module: nn.Module) -> Value:
        path = str(node.target)
        x = self._arguments(node)[0]
        wiring = self.wiring
        activation = named(module)
        if activation is not None:
            return self._activated(x, activation)
        if isinstance(module, nn.PReLU):
            self._per_index(x[1] if len(x) > 1 and module.num_parameters > 1 else None, path, ("weight",), module)
            return self._activated(x, "prelu")
        if isinstance(module, KEEPS):
            return self._kept(node, x)
        if isinstance(module, nn.Linear):
            return self._linear(node, x, path, module.bias is not None, module.out_features)
        if isinstance(module, CONVOLUTIONS):
            return self._convolution(x, path, module)
        if isinstance(module, NORMS):
            self._per_index(x[1], path, ("weight", "bias", "running_mean", "running_var"), module)
            return x
        if isinstance(module, nn.GroupNorm):
            if module.num_groups > 1:
                wiring.fix(x[1])
                wiring.assumed.append(f"{path} normalises groups of channels, whose permutations are left out")
            self._per_index(x[1], path, ("weight", "bias"), module)
            return x
        if isinstance(module, nn.LayerNorm | nn.RMSNorm):
            if len(module.normalized_shape) > 1:
                raise self._no_rule(node, f"{type(module).__name__} over several axes")
            self._per_index(x[-1], path, ("weight", "bias"), module)
            return x
        if isinstance(module, nn.Flatten):
            return self._reshaped(node, x, self._shape(node))
        if isinstance(module, nn.Unflatten):
            return self._reshaped(node, x, self._shape(node))
        if isinstance(module, nn.Embedding):
            axis = wiring.fresh(module.embedding_dim)
            wiring.tensor(self._entry(path, "weight"), [[wiring.fresh(module.num_embeddings, fixed=True)], [axis]])
            return [*(x or []), (axis,)]
        if isinstance(module, nn.RNN | nn.GRU | nn.LSTM):
            return self._recurrent(node, x, path, module)
        if isinstance(module, nn.MultiheadAttention):
            return self._attention(node, path, module)
        raise self._no_rule(node, type(module).__name__)

    def _linear(self, node: fx.Node, x: Dims, path: str, bias: bool, outputs: int) -> Dims:
        wiring = self.wiring
        before = wiring.given(x[-1], self._shape_of(args_of(node)[0])[-1])
        here = wiring.fresh(outputs)
        entries = [self._entry(path, "weight")]
        wiring.tensor(entries[0], [[here], before])
        if bias:
            entries.append(self._entry(path, "bias"))
            wiring.tensor(entries[1], [[here]])
        here = wiring.found[entries[0], None][1][0]
        self.linear[node] = entries
        return [*x[:-1], (here,)]

    def _convolution(self, x: Dims, path: str, module: Any) -> Dims:
        wiring = self.wiring
        inputs, outputs = module.in_channels, module.out_channels
        places = [self._place(dim, size) for dim, size in enumerate(module.kernel_size)]
        before = wiring.given(x[1], inputs)
        if module.groups == 1:
            here = (wiring.fresh(outputs),)
            wiring.tensor(self._entry(path, "weight"), [here, before, *([place] for place in places)])
        elif module.groups == inputs == outputs:
            here = before
            wiring.tensor(
                self._entry(path, "weight"), [here, [wiring.fresh(1, fixed=True)], *([place] for place in places)]
            )
        else:
            raise ReadError(
                Cause.AMBIGUOUS,
                f"{path} is a convolution in {module.groups} groups, for which there is no rule; write a manifest",
            )
        if module.bias is not None:
            wiring.tensor(self._entry(path, "bias"), [here])
        return [x[0], here, *[None] * len(places)]

    def _place(self, dim: int, size: int) -> int:
        """The axis of places in a kernel: the same for kernels of one size."""
        if (dim, size) not in self.kernels:
            self.kernels[dim, size] = self.wiring.fresh(size, fixed=True)
        return self.kernels[dim, size]

    def _per_index(self, dim: Dim, path: str, kinds: Sequence[str], module: nn.Module) -> None:
        """Tensors with an entry for each index of one dimension."""
        for kind in kinds:
            one = getattr(module, kind, None)
            if one is not None:
                self.wiring.tensor(self._entry(path, kind), [self.wiring.given(dim, one.numel())])

    def _recurrent(self, node: fx.Node, x: Dims, path: str, module: Any) -> Value:
        if module.bidirectional or getattr(module, "proj_size", 0):
            raise self._no_rule(node, f"{type(module).__name__} in two directions, or with projections")
        if len(args_of(node)) > 1 or options_of(node):
            raise self._no_rule(node, f"{type(module).__name__} with a first state")
        wiring, gates = self.wiring, {nn.RNN: 1, nn.GRU: 3, nn.LSTM: 4}[type(module)]
        gate = [] if gates == 1 else [self._place(-1, gates)]
        before = wiring.given(x[-1], module.input_size)
        for layer in range(module.num_layers):
            here = (wiring.fresh(module.hidden_size),)
            wiring.point_wise(getattr(module, "nonlinearity", "tanh"), here)
            wiring.tensor(self._entry(path, f"weight_ih_l{layer}"), [gate, here, before])
            wiring.tensor(self._entry(path, f"weight_hh_l{layer}"), [gate, here, here])
            if module.bias:
                wiring.tensor(self._entry(path, f"bias_ih_l{layer}"), [gate, here])
                wiring.tensor(self._entry(path, f"bias_hh_l{layer}"), [gate, here])
            before = here
        output = [*x[:-1], before]
        states = [None, *x[:-2], before]
        if module.num_layers > 1 and any(self._picked(user, 1) and not self._last_alone(user) for user in node.users):
            raise self._no_rule(node, "states of several layers")
        return (output, (states, states) if isinstance(module, nn.LSTM) else states)

    @staticmethod
    def _picked(user: fx.Node, place: int) -> bool:
        return user.target is operator.getitem and bool(args_of(user)[1] == place) and len(user.users) > 0

    def _last_alone(self, states: fx.Node) -> bool:
        """Whether of the states of several layers (of an LSTM two such values) those of the last one alone are read."""
        for user in states.users:
            if user.target is not operator.getitem:
                return False
            index = args_of(user)[1]
            if index in (0, 1) and states.meta.get("shape") is None:
                if not self._last_alone(user):
                    return False
            elif index != -1:
                return False
        return True

    def _attention(self, node: fx.Node, path: str, module: nn.MultiheadAttention) -> Value:
        if not module._qkv_same_embed_dim or module.bias_k is not None or module.in_proj_weight is None:
            raise self._no_rule(node, "attention with widths of its own for keys and values")
        query, keys, content = (list(one) for one in self._arguments(node)[:3])
        wiring, model, heads = self.wiring, module.embed_dim, module.num_heads
        head, key, value = wiring.fresh(heads), wiring.fresh(model // heads), wiring.fresh(model // heads)
        for number, (letter, source, inner) in enumerate((("q", query, key), ("k", keys, key), ("v", content, value))):
            rows = (number * model, (number + 1) * model)
            read = wiring.given(source[-1], model)
            wiring.tensor(
                self._entry(path, "in_proj_weight"), [[head, inner], read], f"{path}.{letter}_weight", rows=rows
            )
            if module.in_proj_bias is not None:
                wiring.tensor(self._entry(path, "in_proj_bias"), [[head, inner]], f"{path}.{letter}_bias", rows=rows)
        out = wiring.fresh(model)
        wiring.tensor(self._entry(path, "out_proj.weight"), [[out], [head, value]])
        if module.out_proj.bias is not None:
            wiring.tensor(self._entry(path, "out_proj.bias"), [[out]])
        wiring.assumed.append(f"heads of {path} share one permutation of their keys, and one of their values")
        return ([*query[:-1], (out,)], None)

    def _function(self, node: fx.Node) -> Value:
        target, values = node.target, self._arguments(node)
        method = node.op == "call_method"
        activation = named(str(target) if method else target, dict(options_of(node)), tuple(args_of(node)[1:]))
        if activation is not None and values and values[0] is not None:
            return self._activated(values[0], activation)
        if target is operator.getitem:
            return self._item(node, values[0])
        if target is torch.max and len(args_of(node)) > 1 and values[0] is not None:
            kept = [dim for place, dim in enumerate(values[0]) if place != args_of(node)[1] % len(values[0])]
            self.wiring.fix(values[0][args_of(node)[1]])
            return (kept, kept)
        if self._shape(node) is None or not values:
            return None
        x: Dims = values[0] or []
        if target in PAIRS or (method and target in PAIR_METHODS):
            return self._pair(node, values)
        if target in KEEP_FUNCTIONS or (method and target in KEEP_METHODS):
            return self._kept(node, values[0])
        if target is functional.linear:
            return self._multiplied(node, values)
        if (
            target in (torch.flatten, torch.reshape)
            or (method and target in ("view", "reshape", "flatten", "squeeze", "unsqueeze"))
            or target in (torch.squeeze, torch.unsqueeze)
        ):
            return self._reshaped(node, x, self._shape(node))
        if target in (torch.mean, torch.sum, torch.amax, torch.norm) or (
            method and target in ("mean", "sum", "amax", "norm")
        ):
            return self._reduced(node, x)
        if target in (torch.cat, torch.concat, torch.stack):
            return self._joined(node)
        if target in (torch.permute, torch.transpose) or (method and target in ("permute", "transpose")):
            return self._permuted(node, x)
        raise self._no_rule(node, getattr(target, "__name__", str(target)))

    def _activated(self, x: Dims, activation: str) -> Dims:
        self.wiring.point_wise(activation, [axis for dim in x for axis in dim or ()])
        return x

    def _kept(self, node: fx.Node, x: Value) -> Value:
        shape = self._shape(node)
        if x is None or shape is None or len(shape) != len(x):
            raise self._no_rule(node, str(node.target))
        for place, dim in enumerate(x):
            if dim is not None and prod(self.wiring.size[axis] for axis in dim) != shape[place]:
                raise self._no_rule(node, f"{node.target} across an axis of weights")
        return x

    def _pair(self, node: fx.Node, values: list[Value]) -> Value:
        tensors = [
            (value, self._shape_of(one))
            for value, one in zip(values, args_of(node), strict=False)
            if isinstance(one, fx.Node) and value is not None
        ]
        if len(tensors) == 1:
            number = next((one for one in args_of(node) if isinstance(one, int | float)), None)
            source = next(one for one in args_of(node) if isinstance(one, fx.Node))
            if number is not None and node.target in SCALES and source in self.linear and len(source.users) == 1:
                for entry in self.linear[source]:
                    self.wiring.factors[entry] = self.wiring.factors.get(entry, 1.0) * number
            return tensors[0][0]
        (one, shape), (other, second) = tensors
        rank = max(len(one), len(other))
        one, shape = [None] * (rank - len(one)) + list(one), [1] * (rank - len(shape)) + list(shape)
        other, second = [None] * (rank - len(other)) + list(other), [1] * (rank - len(second)) + list(second)
        joined: Dims = []
        for a, b, size, width in zip(one, other, shape, second, strict=True):
            if size == 1 or width == 1:
                joined.append(b if size == 1 and width > 1 else a if width == 1 and size > 1 else a or b)
            elif a is None and b is None:
                joined.append(None)
            else:
                joined.append(self.wiring.same(a, b, f"{node.name}"))
        return joined

    def _multiplied(self, node: fx.Node, values: list[Value]) -> Dims:
        """A linear map with parameters of one's own."""
        x, weight = values[0], values[1]
        bias = values[2] if len(values) > 2 else None
        before = self.wiring.given(x[-1], self._shape_of(args_of(node)[0])[-1])
        self.wiring.same(weight[1], before, node.name)
        if bias is not None:
            self.wiring.same(weight[0], bias[0], node.name)
        return [*x[:-1], weight[0]]

    def _item(self, node: fx.Node, x: Value) -> Value:
        index = args_of(node)[1]
        if isinstance(x, tuple):
            return x[index] if isinstance(index, int) and -len(x) <= index < len(x) else None
        if x is None:
            return None
        places = list(index) if isinstance(index, tuple) else [index]
        if Ellipsis in places:
            at = places.index(Ellipsis)
            places[at : at + 1] = [slice(None)] * (len(x) - len([one for one in places if one is not None]) + 1)
        kept: Dims = []
        places += [slice(None)] * (len(x) - len([one for one in places if one is not None]))
        dims = iter(x)
        for place in places:
            if place is None:  # a new axis
                kept.append(None)
                continue
            dim = next(dims)
            whole = isinstance(place, slice) and place == slice(None)
            if not whole:
                self.wiring.fix(dim)
            if not isinstance(place, int):
                kept.append(dim if whole else None)
        return kept

    def _reduced(self, node: fx.Node, x: Dims) -> Dims:
        """A mean or a sum over some axes, which no order of their indices changes."""
        given = options_of(node).get("dim", args_of(node)[1] if len(args_of(node)) > 1 else None)
        gone = {
            place % len(x)
            for place in ([given] if isinstance(given, int) else given if given is not None else range(len(x)))
        }
        keep = bool(options_of(node).get("keepdim", len(args_of(node)) > 2 and args_of(node)[2]))
        return [None if place in gone else dim for place, dim in enumerate(x) if keep or place not in gone]

    def _joined(self, node: fx.Node) -> Dims:
        """Tensors beside each other along one axis, old or new; what is joined along an old one is numbered."""
        given = args_of(node)
        parts = [list(self.env[one] or []) for one in given[0]]
        stacked = node.target is torch.stack
        place = options_of(node).get("dim", given[1] if len(given) > 1 else 0)
        place %= len(parts[0]) + stacked
        made: Dims = []
        for at in range(len(parts[0])):
            if at == place and not stacked:
                for part in parts:
                    self.wiring.fix(part[at])
                made.append(None)
                continue
            dim = parts[0][at]
            for part in parts[1:]:
                dim = self.wiring.same(dim, part[at], node.name) if dim is not None or part[at] is not None else None
            made.append(dim)
        return [*made[:place], None, *made[place:]] if stacked else made

    def _permuted(self, node: fx.Node, x: Dims) -> Dims:
        places = [one for one in args_of(node)[1:] for one in (one if isinstance(one, list | tuple) else [one])]
        if node.target in (torch.transpose, "transpose"):
            order = list(range(len(x)))
            a, b = (place % len(x) for place in places)
            order[a], order[b] = b, a
            return [x[place] for place in order]
        return [x[place % len(x)] for place in places]

    def _reshaped(self, node: fx.Node, x: Dims, shape: Sequence[int] | None) -> Dims:
        """Axes that are merged: a product of axes, places among them; a product that is cut apart where its axes end."""
        source = self._shape_of(args_of(node)[0])
        if shape is None:
            raise self._no_rule(node, str(node.target))
        made: Dims = []
        i = 0
        for size in shape:
            if size == 1:
                if i < len(source) and source[i] == 1:
                    i += 1
                made.append(None)
                continue
            taken: list[int] = []
            while i < len(source) and source[i] == 1:
                i += 1
            first = i
            while i < len(source) and prod(source[first:i] or [1]) < size:
                i += 1
            if prod(source[first:i] or [1]) != size:
                raise self._no_rule(node, f"a reshape of {tuple(source)} to {tuple(shape)}")
            if all(x[place] is None for place in range(first, i)):
                made.append(None)
                continue
            for place in range(first, i):
                taken += self.wiring.given(x[place], source[place])
            made.append(tuple(taken))
        return made

    def _fix(self, value: Any) -> None:
        """What the network puts out is numbered."""
        if isinstance(value, fx.Node):
            self._fix_dims(self.env.get(value))
        elif isinstance(value, dict):
            for one in value.values():
                self._fix(one)
        elif isinstance(value, list | tuple):
            for one in value:
                self._fix(one)

    def _fix_dims(self, value: Value) -> None:
        if isinstance(value, tuple):
            for one in value:
                self._fix_dims(one)
        elif value is not None:
            for dim in value:
                self.wiring.fix(dim)

    def _arguments(self, node: fx.Node) -> list[Value]:
        named_ones = [
            one
            for name, one in options_of(node).items()
            if name in ("input", "weight", "bias", "query", "key", "value", "other")
        ]
        return [self.env.get(one) if isinstance(one, fx.Node) else None for one in (*args_of(node), *named_ones)]

    def _entry(self, path: str, kind: str) -> str:
        return self.entry[f"{path}.{kind}" if path else kind]

    def _shape(self, node: fx.Node) -> Sequence[int] | None:
        return node.meta.get("shape")

    def _shape_of(self, node: Any) -> Sequence[int]:
        shape = self._shape(node) if isinstance(node, fx.Node) else None
        if shape is None and isinstance(node, fx.Node) and node.op == "get_attr":
            return tuple(operator.attrgetter(str(node.target))(self.net).shape)
        return shape if shape is not None else ()

    def _no_rule(self, node: fx.Node, what: str) -> ReadError:
        return ReadError(
            Cause.AMBIGUOUS,
            f"{node.name}: no rule says which axes {what} keeps apart; write a manifest for this network",
        )
