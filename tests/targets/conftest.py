"""Samples of every regime, targets by name, and the slow, obvious network: one input, one vector, plain Python numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from orbitcheck import Weights
from orbitcheck.harness.regimes import REGIMES, Samples
from orbitcheck.harness.targets import TARGETS

ACTIVATIONS: dict[str, Callable] = {
    "relu": lambda z: max(z, 0 * z),
    "leaky-relu": lambda z: z if z > 0 else z / 64,
    "abs": abs,
    "identity": lambda z: z,
    "tanh": lambda z: math.tanh(z),
    "sine": lambda z: math.sin(z),
    "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + math.exp(-z)),
}


def function(vector: dict, activation: str, x: list) -> list:
    """`f_v(x)`; exact where the entries of x are fractions and the activation is piecewise linear."""
    number = Fraction if isinstance(x[0], Fraction) else float
    layers = len(vector) // 2
    hidden = list(x)
    for layer in range(1, layers + 1):
        hidden = [
            sum((number(w) * h for w, h in zip(row, hidden, strict=True)), number(b))
            for row, b in zip(vector[f"W{layer}"].tolist(), vector[f"b{layer}"].tolist(), strict=True)
        ]
        if layer < layers:
            hidden = [ACTIVATIONS[activation](z) for z in hidden]
    return hidden


def draw(space, regime: str = "general-position", size: int = 8, seed: int = 0, **parameters) -> Samples:
    """One batch, with labels where a target may ask for them."""
    entry = REGIMES[regime]
    chosen = entry.parameters(**parameters)
    rng = np.random.default_rng(seed)
    [samples] = entry.draw(chosen, entry.space(chosen, space), [size], rng)
    return Samples(samples.weights, {**samples.metadata, "label": torch.from_numpy(rng.integers(0, 10, size))})


def vectors(samples: Samples) -> list[dict]:
    return [samples.weights.arrays(index) for index in range(samples.weights.batch)]


def value(name: str, samples: Samples, x: torch.Tensor | None = None, **parameters):
    """The target's value, at the inputs it asks for unless `x` is given."""
    target = TARGETS[name]
    chosen = target.parameters(**parameters)
    if target.inputs is None:
        return target.value(chosen, samples)
    if x is None:
        x = target.inputs(chosen, samples.weights.space, 12, torch.Generator().manual_seed(3))
    return target.value(chosen, samples, x)


def flat(answer: torch.Tensor | Weights) -> torch.Tensor:
    return answer.flat() if isinstance(answer, Weights) else answer.flatten(1)


@pytest.fixture(scope="session")
def slow() -> SimpleNamespace:
    return SimpleNamespace(function=function, draw=draw, vectors=vectors, value=value, flat=flat)
