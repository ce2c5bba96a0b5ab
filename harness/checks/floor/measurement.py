"""Drawing the networks of a floor row, putting them in their form, and computing the floors of their labels."""

from __future__ import annotations

import numpy as np

from ...core.cell import Cell
from ...core.outcomes import Fault
from ...core.parameters import parse_named
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...oracles.audit import formed
from ...oracles.levels.floors import label_floors
from ...oracles.levels.labels import Labels, labelled
from ...oracles.levels.partitions import levels
from ...plugins.architecture import Architecture
from ...regimes import REGIMES
from ...regimes.regime import Samples
from ...targets import TARGETS
from ...weights.space import WeightSpace
from .verdict import judge


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Draw the networks, put them in their form, and hold their labels against every partition."""
    parameters = cell.parameters
    regime, settings = parse_named(REGIMES, parameters["regime"], "regime")
    space = WeightSpace.from_json(parameters["space"])
    # Neither networks nor labels depend on the form: what changes from row to row is what counts as equal.
    (samples,) = regime.draw(settings, space, [parameters["samples"]], np.random.default_rng(parameters["seed"]))
    arrays = {name: tensor[..., 0].double().numpy() for name, tensor in samples.weights.items()}
    found = label_floors(
        levels([(space, formed(arrays, cell.case))]),
        labels(parameters["label"], parameters["target"], parameters["classes"], samples),
        [str(number) for number in range(samples.weights.batch)],
        population=regime.name,
        spaces=[str(space)],
        form=cell.case,
    )
    if found.variance == 0:
        return Judgement("error", f"vacuous: {found.label} is constant on these networks", fault=Fault.VACUOUS)
    return Judgement.of(judge(found, parameters["forms"][cell.case]), found)


def labels(label: str | None, target: dict | None, classes: bool, samples: Samples) -> Labels:
    """What is known of the samples by that name, or the target's values."""
    if target is None:
        assert label is not None
        return labelled(label, samples.metadata[label].numpy(), classes=classes or None)
    map_, settings = parse_named(TARGETS, target, "target")
    return labelled(map_.name, map_.value(settings, samples).numpy(), classes=classes)
