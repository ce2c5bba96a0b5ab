"""A torch module and an example of its input -> its weight space, by torch.fx; and the proof that it is this one.

Law: what is returned has been tried on the example: the space's function, where it is known, equals the module's own, and a random element
of the space's group leaves the module's output as it is, both within the rounding of float64. A difference is an error.
"""

from __future__ import annotations

import copy
import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import fx

from ..batch import Weights
from ..readers.graphs.trials import nearby
from ..readers.records import Cause, ReadError, State
from ..readers.wiring import Wired
from ..realisation import realise
from ..symmetry import act, random_elements
from .operations import Shapes, Traced

CLOSE = 1e-8
"""Largest difference of two outputs, over the largest entry."""
LONGEST = 200
"""Characters of another's error."""
TRIED = 3
"""Elements of the group that are tried."""


def from_module(net: torch.nn.Module, example: Any) -> Weights:
    """The weights of a module, in the space that its own operations say; a batch of one, float64.

    Args:
        net: any module that torch.fx can trace: chains, residual blocks, convolutions, norms, recurrences, attention, as far as there are rules.
        example: a batch of inputs, or a tuple of them.

    Raises:
        ReadError: an operation without a rule, no hidden layer, or a space that the example refutes; one line.
    """
    wired, state = wired_module(net, example)
    return Weights.from_arrays(wired.space, [wired.arrays(state)])


def wired_module(net: torch.nn.Module, example: Any) -> tuple[Wired, State]:
    """The space of a module and where its tensors lie, and the module's own entries; tried on the example.

    Raises:
        ReadError: as `from_module`.
    """
    if not isinstance(net, torch.nn.Module):
        raise ReadError(
            Cause.CONTENT, f"{type(net).__name__} is no module; allowed: a torch.nn.Module, and an example of its input"
        )
    inputs = example if isinstance(example, tuple) else (example,)
    inputs = tuple(one.double() if torch.is_tensor(one) and one.is_floating_point() else one for one in inputs)
    own = copy.deepcopy(net).cpu().eval().double()
    try:
        with torch.no_grad():
            expected = own(*inputs)
    except Exception as error:
        raise ReadError(
            Cause.CONTENT, f"the module does not take the example ({type(error).__name__}: {error})"
        ) from None
    try:
        traced = fx.symbolic_trace(own, _left_at_defaults(own, len(inputs)))
        with torch.no_grad():
            Shapes(traced).run(*inputs)
    except Exception as error:
        raise ReadError(
            Cause.AMBIGUOUS, f"torch.fx cannot trace the module ({_said(error)}); write a manifest"
        ) from None
    wired = Traced(traced).wired()
    state = entries_of(own)
    try:
        usual = wired.usual is not None and _is_function(wired.usual, state, inputs, expected)
        usual = usual and wired.usual is not None and _is_function_anywhere(wired.usual, state, own, inputs)
    except ReadError as error:
        raise ReadError(error.cause, f"{error}; that is the module's own factor times its weight") from None
    chosen = replace(
        wired.usual if usual and wired.usual is not None else wired, usual=None, entries=frozenset(own.state_dict())
    )
    _demand_symmetry(chosen, state, own, inputs, expected)
    _demand_symmetry_nearby(chosen, state, own, inputs)
    return chosen, state


def _left_at_defaults(net: torch.nn.Module, given: int) -> dict[str, Any]:
    """The switches of a forward pass that the example leaves at their defaults: they are no values of the network."""
    listed = list(inspect.signature(net.forward).parameters.values())[given:]
    return {
        one.name: one.default
        for one in listed
        if isinstance(one.default, bool | int | float | str) or one.default is None
    }


def entries_of(net: torch.nn.Module) -> State:
    """Parameters and buffers, float64; one that has several names under its first."""
    named = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    return {name: one.detach().double().numpy() for name, one in named.items() if one.is_floating_point()}


def _is_function(wired: Wired, state: State, inputs: tuple[Any, ...], expected: Any) -> bool:
    """Whether the function that is known of a space is the module's, on the example."""
    outputs = _flat(expected)
    if len(inputs) != 1 or len(outputs) != 1 or not torch.is_tensor(inputs[0]) or not outputs[0].numel():
        return False
    x, y = inputs[0], outputs[0]
    weights = Weights.from_arrays(wired.space, [wired.arrays(state)])
    try:
        own = realise(weights, x if x.ndim > 1 else x[None])[0]
    except (ValueError, RuntimeError):  # inputs of another shape than the constructor's function takes
        return False
    return own.numel() == y.numel() and _close(own.reshape(y.shape), y)


def _is_function_anywhere(wired: Wired, state: State, net: torch.nn.Module, inputs: tuple[Any, ...]) -> bool:
    """The same at other weights, drawn: the module's own may be zero where it matters, as biases are at first."""
    rng = np.random.default_rng(0)
    fans = {part.entry: max(1, state[part.entry].size // len(state[part.entry])) for part in wired.parts}
    drawn = {
        name: rng.integers(-64, 65, array.shape) * 2.0 ** -(6 + int(np.log2(fans[name])) // 2)
        if name in fans
        else array
        for name, array in state.items()
    }
    with torch.no_grad():
        other = torch.func.functional_call(
            net, {name: torch.from_numpy(array) for name, array in drawn.items()}, inputs
        )
    return _is_function(wired, drawn, inputs, other)


def _demand_symmetry(wired: Wired, state: State, net: torch.nn.Module, inputs: tuple[Any, ...], expected: Any) -> None:
    """Refuse a space whose permutations change the module's output.

    Raises:
        ReadError: they do, on the example.
    """
    weights = Weights.from_arrays(wired.space, [wired.arrays(state)])
    outputs = _flat(expected)
    for element in random_elements(wired.space, TRIED, np.random.default_rng(0)):
        moved = act(element, weights)
        changed = {name: array.copy() for name, array in state.items()}
        for part in wired.parts:
            rows = changed[part.entry] if part.rows is None else changed[part.entry][part.rows[0] : part.rows[1]]
            rows[...] = part.back(moved.tensors[part.name][0, ..., 0].numpy()).reshape(rows.shape)
        other = {name: torch.from_numpy(array) for name, array in changed.items()}
        with torch.no_grad():
            again = _flat(torch.func.functional_call(net, other, inputs))
        if len(again) != len(outputs) or not all(_close(a, b) for a, b in zip(again, outputs, strict=True)):
            raise ReadError(
                Cause.AMBIGUOUS, f"{wired.space} has permutations that change the module's output; write a manifest"
            )


def _demand_symmetry_nearby(wired: Wired, state: State, net: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
    """The same at weights of their signs, drawn: a module that ends in zeros, or whose norms are all ones, forgives every order.

    Raises:
        ReadError: as `_demand_symmetry`.
    """
    drawn = nearby(state, {part.entry for part in wired.parts}, np.random.default_rng(1))
    with torch.no_grad():
        other = torch.func.functional_call(net, {name: torch.from_numpy(one) for name, one in drawn.items()}, inputs)
    if all(bool(torch.isfinite(one).all()) for one in _flat(other)):
        plain = replace(
            wired, parts=tuple(replace(part, factor=1.0) for part in wired.parts)
        )  # no order changes a factor
        _demand_symmetry(plain, drawn, net, inputs, other)


def _said(error: Exception) -> str:
    """An error of torch or of the module in a line."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:LONGEST]}"


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape:
        return False
    scale = max(float(other.abs().max()) if other.numel() else 0.0, 1e-30)
    return bool(((one - other).abs() <= CLOSE * scale).all())


def _flat(output: Any) -> list[torch.Tensor]:
    if torch.is_tensor(output):
        return [output] if output.is_floating_point() else []
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, list | tuple) else ()
    return [tensor for part in parts for tensor in _flat(part)]
