"""Certificates of spaces with roles and networks cross the border."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import TypeAdapter

from orbitcheck.extending import convolutional, lora, residual, transformer
from orbitcheck.harness.core.certificates import SpaceRecord
from orbitcheck.harness.oracles.tuples.relation import certify
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import WeightSpace

SPACES = [
    lora((3, 2), rank=2).space,
    residual(1, 2, (2,), 1, norm="rms").space,
    convolutional(1, 2, 1, image=(5,), stride=2).space,
    transformer(1, 2, 2, 2, 2, 2, 1).space,
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_space_of_a_certificate_is_read_as_it_was_written(space):
    rng = np.random.default_rng(0)
    v, w = ({n: rng.integers(-4, 5, s) / 4 for n, s in space.shapes.items()} for _ in range(2))
    found = certify(Pair(space, v, w))
    written = json.loads(json.dumps(found.certificate))
    read = TypeAdapter(SpaceRecord).validate_python(written["space"], strict=True)
    assert WeightSpace.from_json(dict(read)) == space
    said = [found.orbit, found.round, found.function]
    assert problem_of(found.certificate, Pair(space, v, w), said) is None
