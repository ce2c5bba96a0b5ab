"""What Keras writes of a model beside its weights: the order of its layers where they are one chain, and what is applied between them.

Law: a description of anything but one chain of dense and convolutional layers is a problem that is named, never an order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WEIGHTED = ("Dense", "Conv1D", "Conv2D", "Conv3D")
BETWEEN = (
    "InputLayer", "Flatten", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "ActivityRegularization",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "ZeroPadding1D",
    "ZeroPadding2D", "Softmax", "ReLU", "Activation", "Rescaling", "BatchNormalization",
)  # fmt: skip
"""Layers that leave a chain a chain; a normalisation's entries are refused by their names."""
ACTIVATIONS = {
    "linear": "identity", "relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "elu": "elu", "selu": "selu", "gelu": "gelu", "silu": "silu", "swish": "silu",
    "softplus": "softplus", "softsign": "softsign", "sin": "sine", "cos": "cosine",
}  # fmt: skip
"""Names of Keras that mean the same function here."""


@dataclass(frozen=True)
class Model:
    """Args:
    order: the layers with weights, first to last; empty where nothing is known.
    activation: between them.
    problem: why the layers are no such chain.
    mixed: why the activation is not known.
    """

    order: tuple[str, ...] = ()
    activation: str | None = None
    problem: str = ""
    mixed: str = ""


def described(config: Any) -> Model:
    """A model by its description in JSON; nothing, where there is none that makes sense."""
    try:
        model = json.loads(config)
        kind = model["class_name"]
        layers = model["config"]["layers"] if isinstance(model["config"], dict) else model["config"]
        named = [(layer["class_name"], layer["config"]["name"], layer["config"], layer) for layer in layers]
    except (ValueError, KeyError, TypeError):
        return Model()
    if not any(one[0] in WEIGHTED for one in named):
        return Model()
    problem = ""
    names = {name for _, name, _, _ in named}
    before: str | None = None
    weighted = False
    for what, name, options, layer in named:
        if what not in (*WEIGHTED, *BETWEEN):
            problem = problem or f"{name} is of the kind {what}"
        if what in WEIGHTED:
            weighted = True
        elif what == "Rescaling" and weighted:
            problem = problem or f"{name} is a factor between its layers"
        if isinstance(options, dict) and options.get("groups", 1) != 1:
            problem = problem or f"{name} is a convolution in {options['groups']} groups"
        if kind != "Sequential":
            read = [one for one in _strings(layer.get("inbound_nodes")) if one in names]
            if read != ([] if before is None else [before]):
                problem = problem or f"{name} reads {' and '.join(read) or 'no other layer'}"
        before = name
    applied, open_layer = [], False
    for what, _, options, _ in named:
        if what in WEIGHTED:
            applied.append(_called(options.get("activation")) if "activation" in options else "")
            open_layer = True
        elif what in ("Activation", "ReLU", "Softmax") and open_layer:
            own = _called(options.get("activation", "")) if what == "Activation" else what.lower()
            bounded = what == "ReLU" and any(options.get(key) for key in ("max_value", "negative_slope", "threshold"))
            if own != "linear":
                applied[-1] = (
                    "ReLU with bounds" if bounded else own if applied[-1] in ("linear", "") else "two functions"
                )
    order = tuple(name for what, name, _, _ in named if what in WEIGHTED)
    inner = list(dict.fromkeys(applied[:-1]))
    if "" in inner:  # a description that does not say it
        return Model(order, None, problem)
    if len(inner) == 1 and inner[0] in ACTIVATIONS:
        return Model(order, ACTIVATIONS[inner[0]], problem)
    return Model(order, None, problem, ", ".join(inner))


def _called(activation: Any) -> str:
    if isinstance(activation, dict):
        inner = activation.get("config", activation)
        activation = inner if isinstance(inner, str) else activation.get("class_name", "a function of one's own")
    return str(activation or "linear").lower()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
