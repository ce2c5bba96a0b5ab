"""What a network that sees less than refinement would be worth on the test set, and whether the networks of a row are such.

The floors of bags of entries, of messages forward alone and of a constant answer stand in every row: a target on which they lie above
the threshold is one that asks for the graph. A network that is predicted to come under the threshold and is constant on such classes,
within their own noise, at the start and after training, is refuted at its largest size: its errors cannot pass their floor
(protocol.md, section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from ...oracles import classes, floors
from ...oracles.functions.sup_at_points import sup_floor_at
from ...targets.target import EQUIVARIANT_OPERATOR, FUNCTION_OPERATOR
from .data import Problem
from .evidence import CoarseEvidence
from .reference import joined, leak, pieces_of
from .verdict import NULL_RATIO

SAMPLES = 64
"""Of the test set, on which emitted networks are compared and the sup-norm floor is taken; a floor of some is one of all."""
ONE = 1e-9
"""Of the largest entry: emitted networks that lie this near are one."""

Outputs = tuple[torch.Tensor, torch.Tensor]
"""Of one network on the test set `[n, outputs]`, and their noise."""


@dataclass(frozen=True)
class Partition:
    """Classes of the test set's data, as `Reference.members` has them, and the floor over the variance."""

    floor: float
    members: np.ndarray


def partitions(problem: Problem) -> dict[str, Partition]:
    """Those that are coarser than refinement, the coarsest first; none for function-space operators, and beyond MLPs."""
    if problem.target.kind == FUNCTION_OPERATOR or not problem.space.is_mlp:
        return {}
    space, values = problem.space, problem.targets["test"]
    arrays = {name: tensor[..., 0].numpy() for name, tensor in problem.samples["test"].weights.items()}
    found = {}
    if problem.target.kind == EQUIVARIANT_OPERATOR:
        entries = problem.entries(values)
        for name, of_entries in classes.COARSE_ENTRIES.items():
            by_tensor = of_entries(space, arrays)
            least = floors.equivariant_floor(by_tensor, entries).mse
            found[name] = Partition(least / problem.variance, joined(by_tensor))
        return found
    for name, of_nets in classes.COARSE.items():
        members = of_nets(space, arrays)
        found[name] = Partition(floors.functional_floor(members, values.numpy()).mse / problem.variance, members)
    return found


def shown(
    known: Mapping[str, Partition],
    trained: list[Outputs],
    at_start: Callable[[], list[Outputs]],
    channels: int,
    threshold: float,
) -> dict[str, CoarseEvidence]:
    """The spread inside the classes of each partition whose floor lies above the threshold.

    Args:
        trained: of every seed.
        at_start: the same before training; asked only where the trained ones look constant.
    """
    spreads = {name: _spread(trained, part.members, channels) for name, part in known.items() if part.floor > threshold}
    if any(spread is not None and spread <= NULL_RATIO for spread in spreads.values()):
        first = at_start()
        for name, spread in spreads.items():
            if spread is not None:
                spreads[name] = max(spread, _spread(first, known[name].members, channels) or 0.0)
    return {name: CoarseEvidence(part.floor, spreads.get(name)) for name, part in known.items()}


def _spread(outputs: list[Outputs], members: np.ndarray, channels: int) -> float | None:
    found = [leak(values, noise, members, channels) for values, noise in outputs]
    return None if None in found else max(each for each in found if each is not None)


def distinct(answers: torch.Tensor, networks: int) -> int:
    """Emitted networks that are not one, the most over samples.

    Args:
        answers: `[n, entries * networks]`, the network's number changing fastest.
    """
    apart = answers[:SAMPLES].unflatten(1, (-1, networks)).movedim(2, 1)  # [n, networks, entries]
    reach = ONE * apart.abs().amax((1, 2))[:, None, None]
    alike = (apart.unsqueeze(1) - apart.unsqueeze(2)).abs().amax(-1) <= reach
    earlier = torch.ones(networks, networks, dtype=torch.bool).tril(-1)
    return int((~(alike & earlier).any(-1)).sum(-1).max())


def answers_spread(answers: list[Outputs]) -> float:
    """Spread of what is emitted, less the input network, over its noise; the largest over seeds."""
    return max(leak(values, noise, np.zeros(len(values), dtype=np.int64), 1) or 0.0 for values, noise in answers)


def sup_floor(problem: Problem, networks: int) -> float | None:
    """The largest sup-norm floor at the points, over the first test functions; None where pieces are not bounded."""
    pieces = pieces_of(problem, networks)
    if pieces is None or problem.x is None:
        return None
    x = problem.x[:, 0].numpy()
    values = problem.targets["test"][:SAMPLES].view(-1, len(x), problem.size).movedim(2, 1).flatten(0, 1).numpy()
    return max(sup_floor_at(x, each, pieces) for each in values)
