"""A label as a target: an amount as it is, a class one-hot; promised by nobody, and wrong answers counted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck import Weights, mlp
from orbitcheck.harness.checks.approximation.data import Problem, Units
from orbitcheck.harness.checks.approximation.reference import Reference, wrong
from orbitcheck.harness.core.parameters import SuiteValueError
from orbitcheck.harness.regimes.regime import Samples
from orbitcheck.harness.targets import LABEL, TARGETS

TARGET = TARGETS["label"]
SPACE = mlp(1, 2, 1)


def samples(values: list[float]) -> Samples:
    return Samples(
        Weights.from_flat(SPACE, torch.zeros(len(values), SPACE.parameters)), {"label": torch.tensor(values)}
    )


def test_amounts_and_classes():
    amount, classes = TARGET.parameters(), TARGET.parameters(classes=3)
    assert TARGET.kind == LABEL and (TARGET.size(amount, SPACE), TARGET.size(classes, SPACE)) == (1, 3)
    assert TARGET.value(amount, samples([0.5, 2.0])).tolist() == [[0.5], [2.0]]
    assert TARGET.value(classes, samples([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    for other in ([0.5], [3.0], [-1.0]):
        with pytest.raises(SuiteValueError, match="none of 0 to 2"):
            TARGET.value(classes, samples(other))


def test_wrong_answers_are_counted_in_the_values_own_units():
    """Of classes 0, 0, 1, 2 the third and fourth are one to the network: one of the two answers is wrong."""
    train = TARGET.value(TARGET.parameters(classes=3), samples([0, 1, 1, 2]))
    test = TARGET.value(TARGET.parameters(classes=3), samples([0, 0, 1, 2]))
    units = Units(train.mean(0), train.std(0, correction=0))
    data = Problem(TARGET, SPACE, {}, {"train": units.of(train), "test": units.of(test)}, units, 3, None, False, None)
    answers = units.of(torch.tensor([[0.9, 0, 0], [0, 0.6, 0.3], [0, 1, 0], [0, 1, 0.9]], dtype=torch.float64))
    found = wrong(data, answers, Reference(None, np.array([0, 1, 2, 2])))
    assert found is not None
    assert (found.share, found.least, found.constant) == (0.5, 0.25, 0.75)
    unknown = wrong(data, answers, Reference(None, None))
    assert unknown is not None and unknown.least is None
