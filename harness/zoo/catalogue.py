"""The zoos that are shipped, as data. Names and spaces are known before torch is.

A recipe holds every hyper-parameter of the training, so that its digest names the weights that come of it.
"""

from __future__ import annotations

from ..weights.space import WeightSpace, mlp
from .recipe import ZOOS, Zoo


def _grouped(*widths: tuple[int, ...], activation: str) -> dict[str, WeightSpace]:
    return {"-".join(map(str, each)): mlp(*each, activation=activation) for each in widths}


ZOOS.add(
    "digits-inr",
    Zoo(
        name="digits-inr",
        title="one SIREN fitted to each of the 1797 images of scikit-learn's digits",
        spaces=_grouped((2, 32, 32, 1), activation="sine"),
        recipe={
            "seed": 1,
            "images": 1797,
            "omega": 10.0,
            "steps": 100,
            "learning_rate": 0.02,
            "betas": [0.9, 0.99],
            "epsilon": 1e-8,
            "nets_at_once": 64,
            "threads": 1,
        },
        trainer="orbitcheck.harness.zoo.inrs:train",
        classes=("label",),
    ),
)
ZOOS.add(
    "digits-classifiers",
    Zoo(
        name="digits-classifiers",
        title="ReLU classifiers of scikit-learn's digits, from hardly trained to good, in four sizes",
        spaces=_grouped((64, 16, 10), (64, 32, 10), (64, 16, 16, 10), (16, 16, 10), activation="relu"),
        recipe={
            "seed": 1,
            "nets": 128,
            "learning_rate": [0.01, 0.2],
            "epochs": [1, 40],
            "label_noise": [0.0, 0.8],
            "momentum": 0.9,
            "batch": 32,
            "threads": 1,
        },
        trainer="orbitcheck.harness.zoo.classifiers:train",
    ),
)
ZOOS.add(
    "diabetes-regressors",
    Zoo(
        name="diabetes-regressors",
        title="tanh networks that predict scikit-learn's diabetes, from hardly trained to overtrained, in two sizes",
        spaces=_grouped((10, 12, 1), (10, 8, 8, 1), activation="tanh"),
        recipe={
            "seed": 1,
            "nets": 128,
            "learning_rate": [0.002, 0.05],
            "epochs": [5, 200],
            "noise": [0.05, 2.0],
            "decay": [1e-5, 0.1],
            "betas": [0.9, 0.99],
            "epsilon": 1e-8,
            "threads": 1,
        },
        trainer="orbitcheck.harness.zoo.regressors:train",
    ),
)
