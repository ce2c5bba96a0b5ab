"""What the exact world takes as it is, and what it refuses: at the one function, and at each door that uses it."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from orbitcheck.harness.oracles.audit import audit, formed
from orbitcheck.harness.oracles.function import function_relation
from orbitcheck.harness.oracles.orbit import moved, same_orbit
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.relation import certify, vector_digest
from orbitcheck.harness.weights.batch import Weights, exact_tensor
from orbitcheck.harness.weights.exact import exact
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.readers.loading import load
from orbitcheck.harness.weights.space import SpaceError, mlp
from orbitcheck.harness.weights.symmetry import identity

SPACE = mlp(1, 2, 1)
LIMIT = 2**53

HELD = {
    "bool": np.array([True, False]),
    "int8": np.array([-128, 127], dtype=np.int8),
    "int64": np.array([LIMIT, -LIMIT, LIMIT + 2, 2**62, -(2**63)]),
    "uint64": np.array([2**63, 2**64 - 2**11], dtype=np.uint64),
    "float16": np.array([6e-8, 65504.0], dtype=np.float16),
    "float32": np.array([1e-45, 0.1], dtype=np.float32),
    "float64": np.array([5e-324, 1.7e308, np.nan, -np.inf]),
    "list": [1, 2.5],
    "empty": np.zeros((0, 3), dtype=np.int64),
}
REFUSED = {
    "int64": (np.array([[1, LIMIT + 1]]), r"W1\[0, 1\] is 9007199254740993, which float64 would round"),
    "negative": (np.array([-LIMIT - 1]), r"W1\[0\] is -9007199254740993"),
    "most": (np.array([2**63 - 1]), r"W1\[0\] is 9223372036854775807"),
    "uint64": (np.array([2**64 - 1], dtype=np.uint64), r"W1\[0\] is 18446744073709551615"),
    "scalar": (np.int64(LIMIT + 1), "W1 is 9007199254740993"),
    "longdouble": (np.ones(2, dtype=np.longdouble), "W1 has dtype float128"),
    "complex": (np.ones(2, dtype=np.complex64), "W1 has dtype complex64"),
    "objects": (np.array([Fraction(1, 3)], dtype=object), "W1 has dtype object"),
    "integers": ([2**70], "W1 has dtype object"),
    "text": (["1.0"], "W1 has dtype <U3"),
    "dates": (np.array(["2026-01-01"], dtype="datetime64[D]"), "W1 has dtype datetime64"),
    "ragged": ([[1.0], [1.0, 2.0]], "W1 is no array"),
    "bfloat16": (torch.ones(2, dtype=torch.bfloat16), "W1 is no array"),
}


@pytest.mark.parametrize("name", HELD)
def test_what_float64_holds_is_taken_as_it_is(name: str):
    held = exact(HELD[name], "W1")
    assert held.dtype == np.float64
    given = np.asarray(HELD[name])
    assert held.shape == given.shape
    for mine, theirs in zip(held.ravel().tolist(), given.ravel().tolist(), strict=True):
        assert mine == theirs or (mine != mine and theirs != theirs)


def test_float64_is_not_copied():
    given = np.ones(3)
    assert exact(given, "W1") is given


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_rounded_is_refused_in_one_line(name: str):
    given, message = REFUSED[name]
    with pytest.raises(SpaceError, match=message) as caught:
        exact(given, "W1")
    assert "allowed: floats of at most 64 bits, and integers that float64 holds" in str(caught.value)
    assert "\n" not in str(caught.value)


def vector(**changed) -> dict[str, np.ndarray]:
    return {name: np.ones(shape) for name, shape in SPACE.shapes.items()} | changed


BAD = {
    "int64": np.array([[LIMIT + 1], [1]]),
    "longdouble": np.ones((2, 1), dtype=np.longdouble),
    "complex": np.ones((2, 1), dtype=complex),
    "objects": np.array([[Fraction(1, 3)], [1]], dtype=object),
}
DOORS = {
    "refine": lambda v: refine(SPACE, [vector(), v]),
    "refine stacked": lambda v: refine(SPACE, {name: array[None] for name, array in v.items()}),
    "function": lambda v: function_relation(SPACE, v, vector()),
    "orbit": lambda v: same_orbit(SPACE, v, vector()),
    "moved": lambda v: moved(SPACE, identity(SPACE), v),
    "certify": lambda v: certify(Pair(SPACE, vector(), v)),
    "digest": lambda v: vector_digest(SPACE, v),
    "audit": lambda v: audit(SPACE, {name: array[None] for name, array in v.items()}),
    "formed": lambda v: formed(v, "float"),
    "from_arrays": lambda v: Weights.from_arrays(SPACE, [v]),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses(door: str, kind: str):
    with pytest.raises(SpaceError, match=r"W1.*; allowed: floats of at most 64 bits"):
        DOORS[door](vector(W1=BAD[kind]))


@pytest.mark.parametrize("door", DOORS)
def test_every_door_takes_integers_and_short_floats(door: str):
    DOORS[door](vector(W1=np.array([[3], [4]]), b1=np.zeros(2, dtype=np.float16)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int64, torch.bool])
def test_batches_of_tensors_enter_exactly(dtype: torch.dtype):
    tensors = {name: torch.ones(1, *shape, 1).to(dtype) for name, shape in SPACE.shapes.items()}
    for array in Weights(SPACE, tensors).arrays().values():
        assert array.dtype == np.float64 and (array == 1).all()


@pytest.mark.parametrize("value", [torch.tensor(LIMIT + 1), torch.tensor(1j)])
def test_batches_of_tensors_that_would_be_rounded_are_refused(value: torch.Tensor):
    tensors = {name: value.expand(1, *shape, 1) for name, shape in SPACE.shapes.items()}
    with pytest.raises(SpaceError, match=r"W1.*; allowed"):
        Weights(SPACE, tensors).arrays()
    with pytest.raises(SpaceError, match=r"here.*; allowed"):
        exact_tensor(value, "here")


def test_files_that_would_be_rounded_are_refused(tmp_path: Path):
    state = {
        "0.weight": torch.ones(2, 1),
        "0.bias": torch.ones(2),
        "2.weight": torch.ones(1, 2),
        "2.bias": torch.ones(1),
    }
    for number, bad in enumerate((torch.full((2, 1), LIMIT + 1), torch.ones(2, 1, dtype=torch.complex64))):
        file = tmp_path / f"{number}.pt"
        torch.save(state | {"0.weight": bad}, file)
        assert re.search(rf"{number}\.pt: 0\.weight.*; allowed", load(file).unread[0].line)
    for name, bad in BAD.items():
        if name != "objects":
            file = tmp_path / f"{name}.npz"
            np.savez(file, **{key: value.numpy() for key, value in state.items()} | {"0.weight": bad})
            assert re.search(rf"{name}\.npz: 0\.weight.*; allowed", load(file).unread[0].line)
    file = tmp_path / "short.pt"
    torch.save({key: value.to(torch.float8_e4m3fn) for key, value in state.items()}, file)
    assert (load(file).networks[0].arrays["W1"] == 1).all()
