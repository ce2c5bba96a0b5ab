"""Function-space functionals of networks that have to do with digits: what an image shows, how good a classifier is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.parameters import Parameters
from ..weights.space import WeightSpace
from .functionals import pieces
from .refusals import unless_ends, unless_mlp
from .target import FUNCTION_FUNCTIONAL, Target

if TYPE_CHECKING:
    import torch

    from ..regimes.regime import Samples

CLASSES = 10
INPUTS = (64, 16)
"""A classifier of digits reads all pixels, or the means of blocks of two by two."""


def _inr_class(parameters: Parameters, samples: Samples) -> torch.Tensor:
    """One-hot, so that the least squared error is the posterior's."""
    import torch

    return torch.nn.functional.one_hot(samples.metadata["label"], CLASSES).double()


INR_CLASS = Target(
    "inr-class",
    "the digit that an implicit image shows, one-hot",
    FUNCTION_FUNCTIONAL,
    Parameters,
    lambda parameters, space: unless_ends(space, 2, 1, "an implicit image"),
    lambda parameters, space: CLASSES,
    _inr_class,
    needs=("label",),
    claim="thm-6.1",
)


def _not_a_classifier(parameters: Parameters, space: WeightSpace) -> str | None:
    refused = unless_mlp(space)
    if refused is None and not (space.widths[0] in INPUTS and space.widths[-1] == CLASSES):
        refused = f"a classifier of digits has n_0 = 64 or 16 and n_L = {CLASSES}, the space is {space}"
    return refused


def _test_accuracy(parameters: Parameters, samples: Samples) -> torch.Tensor:
    import torch

    from ..zoo.classifiers import accuracy
    from ..zoo.digits import digits, is_test, pooled

    images, labels = digits()
    held_out = is_test(len(images))
    seen = pooled(images, samples.weights.space.widths[0])[held_out]
    return torch.cat([accuracy(v, seen, labels[held_out]) for v in pieces(samples.weights)]).unsqueeze(1)


TEST_ACCURACY = Target(
    "test-accuracy",
    "a classifier's accuracy on the held-out digits",
    FUNCTION_FUNCTIONAL,
    Parameters,
    _not_a_classifier,
    lambda parameters, space: 1,
    _test_accuracy,
    claim="thm-6.1",
)
