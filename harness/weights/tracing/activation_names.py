"""The point-wise activations of torch and of ONNX by the names that spaces use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..activations import LEAKY_SLOPE

PLAIN: dict[Any, str] = {
    nn.ReLU: "relu", functional.relu: "relu", torch.relu: "relu", "relu": "relu", "relu_": "relu", torch.relu_: "relu",
    nn.Tanh: "tanh", torch.tanh: "tanh", functional.tanh: "tanh", "tanh": "tanh", "tanh_": "tanh",
    torch.sin: "sine", "sin": "sine",
    nn.SiLU: "silu", functional.silu: "silu",
    nn.Sigmoid: "sigmoid", torch.sigmoid: "sigmoid", functional.sigmoid: "sigmoid", "sigmoid": "sigmoid",
    nn.ELU: "elu", functional.elu: "elu", nn.Softplus: "softplus", functional.softplus: "softplus",
    nn.Hardtanh: "hardtanh", nn.ReLU6: "relu6", nn.Mish: "mish", nn.SELU: "selu", nn.Hardswish: "hardswish", nn.Softsign: "softsign",
    torch.cos: "cosine", "cos": "cosine",
}  # fmt: skip


def named(what: Any, options: Mapping[str, Any] | None = None) -> str | None:
    """The activation that a module, a function or a method's name is, whether a space has it or not; None for what is none."""
    if isinstance(what, nn.LeakyReLU):
        return leaky(what.negative_slope)
    if what is functional.leaky_relu:
        return leaky(float((options or {}).get("negative_slope", 0.01)))
    if isinstance(what, nn.GELU):
        return gelu(what.approximate)
    if what is functional.gelu:
        return gelu(str((options or {}).get("approximate", "none")))
    if isinstance(what, nn.Module):
        if type(what) in PLAIN:
            return PLAIN[type(what)]
        if type(what).__module__ == "torch.nn.modules.activation" and not isinstance(
            what, nn.Softmax | nn.LogSoftmax | nn.Softmax2d | nn.MultiheadAttention
        ):
            return type(what).__name__
        return None
    try:
        return PLAIN.get(what)
    except TypeError:
        return None


def leaky(slope: float) -> str:
    """The leaky ReLU of a slope."""
    return "leaky-relu" if slope == LEAKY_SLOPE else f"leaky-relu({slope:g})"


def gelu(approximate: str) -> str:
    """The GELU, exact or as torch approximates it."""
    return "gelu" if approximate == "none" else f"gelu({approximate})"
