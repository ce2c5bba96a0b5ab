"""The point-wise activations of torch by the names that spaces use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from .further import family_name, leaky_name

PLAIN: dict[Any, str] = {
    nn.ReLU: "relu", functional.relu: "relu", torch.relu: "relu", "relu": "relu", "relu_": "relu", torch.relu_: "relu",
    nn.Tanh: "tanh", torch.tanh: "tanh", functional.tanh: "tanh", "tanh": "tanh", "tanh_": "tanh",
    torch.sin: "sine", "sin": "sine", nn.Identity: "identity",
    nn.SiLU: "silu", functional.silu: "silu",
    nn.Sigmoid: "sigmoid", torch.sigmoid: "sigmoid", functional.sigmoid: "sigmoid", "sigmoid": "sigmoid",
    nn.ReLU6: "relu6", functional.relu6: "relu6", nn.Mish: "mish", functional.mish: "mish", nn.SELU: "selu", functional.selu: "selu",
    nn.Hardswish: "hardswish", functional.hardswish: "hardswish", nn.Hardsigmoid: "hardsigmoid", functional.hardsigmoid: "hardsigmoid",
    nn.Softsign: "softsign", functional.softsign: "softsign", nn.LogSigmoid: "log-sigmoid", functional.logsigmoid: "log-sigmoid",
    nn.Tanhshrink: "tanhshrink", functional.tanhshrink: "tanhshrink",
    torch.cos: "cosine", "cos": "cosine",
}  # fmt: skip
"""Without parameters."""
MODULES: dict[type[nn.Module], tuple[str, tuple[str, ...]]] = {
    nn.ELU: ("elu", ("alpha",)), nn.CELU: ("celu", ("alpha",)), nn.Hardtanh: ("hardtanh", ("min_val", "max_val")),
    nn.Softplus: ("softplus", ("beta", "threshold")), nn.Softshrink: ("softshrink", ("lambd",)), nn.Hardshrink: ("hardshrink", ("lambd",)),
    nn.Threshold: ("threshold", ("threshold", "value")),
}  # fmt: skip
"""Name, and the attributes that are its parameters; as options, functions call them the same."""
FUNCTIONS: dict[Any, str] = {
    functional.elu: "elu", functional.celu: "celu", functional.hardtanh: "hardtanh", functional.softplus: "softplus",
    functional.softshrink: "softshrink", functional.hardshrink: "hardshrink", functional.threshold: "threshold",
}  # fmt: skip


def named(what: Any, options: Mapping[str, Any] | None = None, more: tuple[Any, ...] = ()) -> str | None:
    """The activation that a module, a function or a method's name is; None for what is none.

    Args:
        options: the named arguments of a function.
        more: its positional ones, after the value.
    """
    if isinstance(what, nn.LeakyReLU):
        return leaky_name(float(what.negative_slope))
    if isinstance(what, nn.RReLU):
        return leaky_name((float(what.lower) + float(what.upper)) / 2)
    if isinstance(what, nn.GELU):
        return gelu(what.approximate)
    if type(what) in MODULES:
        name, attributes = MODULES[type(what)]
        return family_name(name, [float(getattr(what, attribute)) for attribute in attributes])
    if isinstance(what, nn.Module):
        return PLAIN.get(type(what))
    given = dict(options or {})
    if what is functional.leaky_relu:
        return leaky_name(float((more or (given.get("negative_slope", 0.01),))[0]))
    if what is functional.gelu:
        return gelu(str(given.get("approximate", "none")))
    try:
        name = FUNCTIONS.get(what)
        if name is None:
            return PLAIN.get(what)
    except TypeError:
        return None
    attributes = next(own for other, own in MODULES.values() if other == name)
    numbers = [float(one) for one in more if isinstance(one, int | float) and not isinstance(one, bool)]
    numbers += [float(given[each]) for each in attributes[len(numbers) :] if each in given]
    return family_name(name, numbers)


def gelu(approximate: str) -> str:
    """The GELU, exact or as torch approximates it."""
    return "gelu" if approximate == "none" else f"gelu({approximate})"
