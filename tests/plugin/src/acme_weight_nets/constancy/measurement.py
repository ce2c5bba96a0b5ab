"""Measuring it: one network, a few weight vectors."""

from __future__ import annotations

import numpy as np
import torch

from orbitcheck.extending import (
    Architecture,
    Cell,
    Invariant,
    Judgement,
    Subject,
    WeightSpace,
    Workbench,
    constructed,
)

from .evidence import ConstancyEvidence
from .verdict import judge


def measure(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    space = WeightSpace.from_json(cell.parameters["spaces"][cell.case])
    subject = Subject(architecture, space, Invariant(4), seed=cell.seed, dtype=torch.float64, bench=bench)
    shown = constructed("generic", space, cell.parameters["vectors"], np.random.default_rng(cell.seed))
    answers = subject(shown)
    spread = float((answers.amax(0) - answers.amin(0)).max())
    found = ConstancyEvidence(spread, float(answers.abs().max()), shown.batch)
    return Judgement.of(judge(found), found)
