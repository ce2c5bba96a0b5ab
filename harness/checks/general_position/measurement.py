"""Drawing the nets of a general-position row, putting them in their form, and auditing them."""

from __future__ import annotations

import numpy as np

from ...core.cell import Cell
from ...core.parameters import parse_named
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...oracles.audit import formed, separated
from ...oracles.tuples.audit import audit
from ...plugins.architecture import Architecture
from ...regimes import REGIMES
from ...weights.space import WeightSpace
from .verdict import evidence, judge, shares


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Draw the nets, put them in their form, audit them."""
    regime, settings = parse_named(REGIMES, cell.parameters["regime"], "regime")
    space = WeightSpace.from_json(cell.parameters["space"])
    # The nets do not depend on the form: what changes from row to row is the form alone.
    (samples,) = regime.draw(
        settings, space, [cell.parameters["samples"]], np.random.default_rng(cell.parameters["seed"])
    )
    arrays = {name: tensor[..., 0].double().numpy() for name, tensor in samples.weights.items()}
    arrays = formed(arrays, cell.case)
    found = audit(space, arrays)
    named = cell.parameters.get("separators")
    expected = cell.parameters["forms"][cell.case]
    told = shares(found, separated(space, arrays, named) if named else None, expected)
    return Judgement.of(judge(cell.case, told, expected), evidence(found, cell.case, told))
