"""What is exact where: of every kind of space and every group that it carries, refinement, orbits, canonical forms and functions.

The answers are the oracles' own: each is asked about random weights of a small space of the kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...weights.groups import GROUPS, NotCarried, group
from ...weights.networks.convolutional import convolutional
from ...weights.networks.dense import dense, lora, residual
from ...weights.networks.forms import has_function
from ...weights.networks.recurrences import recurrence
from ...weights.networks.transformers import transformer
from ...weights.space import WeightSpace, mlp
from ...weights.spaces import conv_net, recurrent, residual_mlp, transformer_block
from .orbits import normal_form, same_orbit_under

SPACES: dict[str, WeightSpace] = {
    "mlp": mlp(1, 2, 1),
    "mlp, tanh": mlp(1, 2, 1, activation="tanh"),
    "mlp, sine": mlp(1, 2, 1, activation="sine"),
    "mlp, identity": mlp(1, 2, 1, activation="identity"),
    "conv_net": conv_net(1, 2, 1, kernel=1),
    "residual_mlp": residual_mlp(1, 2, (2,), 1),
    "recurrent": recurrent(1, 2, 1),
    "transformer_block": transformer_block(1, 2, 2, 2, 2),
    "dense, no biases": dense(1, 2, 1, biases=False).space,
    "convolutional, batch_norm": convolutional(1, 2, 1, kernel=1, image=(2,), batch_norm=True).space,
    "convolutional, flatten": convolutional(1, 2, 1, kernel=1, image=(2,), head="flatten", activation="tanh").space,
    "residual, rms": residual(1, 2, (2,), 1, norm="rms").space,
    "residual, layer": residual(1, 2, (2,), 1, norm="layer").space,
    "recurrence, gru": recurrence(1, 2, 1, cell="gru").space,
    "recurrence, lstm": recurrence(1, 2, 1, cell="lstm").space,
    "transformer": transformer(1, 2, 2, 2, 2, 2, 1).space,
    "transformer, rms": transformer(1, 2, 2, 2, 2, 2, 1, norm="rms").space,
    "transformer, rotary, gated": transformer(1, 2, 2, 2, 2, 2, 1, rotary=True, gated=True).space,
    "transformer, grouped": transformer(1, 2, 2, 2, 2, 2, 1, per_group=2).space,
    "lora": lora((2, 1), rank=2).space,
}
"""A small space of each kind, named by its constructor and what is chosen."""


@dataclass(frozen=True)
class Line:
    """What is exact for one group on one kind of space, in words for people; "" where nothing is."""

    space: str
    group: str
    factors: str
    refinement: str
    orbits: str
    form: str
    function: str


def lines() -> list[Line]:
    """The table: `permutation` of every kind, then each other group by name that the kind carries."""
    return [line for name, space in SPACES.items() for line in _of(name, space)]


def _of(name: str, space: WeightSpace) -> list[Line]:
    rng = np.random.default_rng(0)
    v = {tensor: rng.integers(1, 9, shape) / 4 for tensor, shape in space.shapes.items()}
    refinement = "1-WL" if space.is_mlp else "joint, split"
    if space.is_mlp:
        function = "proved, refuted or unknown"
    elif space.network is not None and space.network.name == "lora":
        function = "proved or refuted by products"
    else:
        function = "equal where refinement never parts" if has_function(space) else ""
    found, held = [], set[str]()
    for asked in GROUPS:
        try:
            of = group(space, asked)
        except NotCarried:
            continue
        if str(of) in held:
            continue
        held.add(str(of))
        if asked == "permutation":
            found.append(Line(name, asked, str(of), refinement, "exact", "yes", function))
            continue
        decision = same_orbit_under(of, v, v)
        exact = "exact" if decision.answer == "same" else f"unknown: {decision.reason}"
        seen = "on pairs of indices" if asked == "heads" else ""
        found.append(Line(name, asked, str(of), seen, exact, "yes" if normal_form(of, v) else "", ""))
    return found
