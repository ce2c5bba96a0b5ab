"""Where a predicted gap is missing: how far the network resolves, and whether training finds the gap."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from ...core.result import digest
from ...learning.workbench import Workbench
from ...pairs.bank import certified_pair
from ...pairs.making import read_pairs
from ...plugins.architecture import Architecture
from ...plugins.redraw import GAINS
from ...weights.pair import Pair
from ...weights.space import NamedSpace, WeightSpace, mlp
from ..prediction import climbs
from . import verdict
from .draws import copies, draw_once, drawn_subject, fresh_gap
from .evidence import RungEvidence

LADDER, HIGHEST = 8, 64
"""The ladder is climbed to the former round, or to the declared one if that is higher, and never past the latter."""
LADDER_OF_PAIRS, HIGHEST_OF_PAIRS = 3, 6
"""The same for power `2-fwl`, where the pairs of round t have 2^(t + 2) hidden neurons."""
STANDARD = mlp(1, 4, 4, 1)
"""Where one weight is changed, unless a space is asked about."""
TRAINING_STEPS, TRAINING_RATE = 100, 1e-2

_KEPT: WeakKeyDictionary[Callable[..., Any], dict[str, dict[int, RungEvidence]]] = WeakKeyDictionary()
"""Factory -> digest of name, options and device -> rungs; they go with the factory, so that no other one is given them."""


def one_weight(space: WeightSpace) -> dict[str, Any]:
    """One changed weight in a generic network: what every network with any power at all must see."""
    return {
        "space": NamedSpace(space).to_json(),
        "pairs": {"family": "perturbation", "sizes": [2.0**-6], "count": 1},
    }


def rung_of(power: str, t: int, space: WeightSpace | None = None) -> dict[str, Any]:
    """The pairs of round t: paths beside cycles for refinement of nodes; for folklore 2-WL, which parts those in round 1, one cycle
    against two, of the longest that it parts in round t. Of another space than an MLP's in a space of the same tensors."""
    if space is not None and not space.is_mlp:
        pairs = {"family": "ladder-of-space", "rounds": [t], "count": 1}
        return {"space": NamedSpace(space).to_json(), "pairs": pairs}
    if power != "2-fwl":
        return {"space": None, "pairs": {"family": "round-ladder", "rounds": [t], "count": 1}}
    half = 2**t
    return {"space": None, "pairs": {"family": "bipartite-cycles", "cycles": [[2 * half], [half, half]], "count": 1}}


def ladder(architecture: Architecture, bench: Workbench, space: WeightSpace | None = None) -> dict[int, RungEvidence]:
    """Ladder round -> what showed, up to the first round that is not seen.

    Rung 1 is the better of the ladder's first pair and one changed weight, so that a network that is blind to
    multiplicities is not excused by its blindness. Up to the declared round a rung has as many draws as a separation row,
    then training; past it one draw a gain. A function of the architecture alone, kept as long as its factory.

    Args:
        space: the ladder's; of an MLP's, or none, the ladder is that of MLPs.
    """
    content = digest([architecture.name, dict(architecture.options)])
    try:
        kept = _KEPT.setdefault(inspect.unwrap(architecture.factory), {})
    except TypeError:  # a factory that cannot be a key
        kept = {}
    key = f"{content} {bench.device} {architecture.traits.power} {architecture.rounds} {type(architecture.factory).__name__}"
    own = None if space is None or space.is_mlp else space
    key += f" {own}" if own else ""
    if key not in kept:
        kept[key] = _climbed(architecture, int(content[:12], 16), bench, own)
    return kept[key]


def ladder_ratios(architecture: Architecture, bench: Workbench) -> dict[int, float]:
    """The ladder as ratios, a rung that only training shows with its own."""
    return {t: max(rung.ratio, rung.trained or 0.0) for t, rung in ladder(architecture, bench).items()}


def _climbed(
    architecture: Architecture, seed: int, bench: Workbench, space: WeightSpace | None
) -> dict[int, RungEvidence]:
    low = (architecture.rounds or (0, 0))[0]
    everywhere = climbs(architecture.traits.power, architecture.traits.domain, space or STANDARD)
    rungs: dict[int, RungEvidence] = {}
    power = architecture.traits.power
    to, highest = (LADDER_OF_PAIRS, HIGHEST_OF_PAIRS) if power == "2-fwl" else (LADDER, HIGHEST)
    for t in range(1, 1 + (min(max(to, low), highest) if everywhere else 1)):
        banks = [rung_of(power, t, space)] if everywhere else []
        banks += [one_weight(space or STANDARD)] * (t == 1)
        found = [rung(architecture, _first_pair(bank), seed, bench, declared=t <= low) for bank in banks]
        best = max(found, key=lambda one: one.ratio)
        rungs[t] = replace(best, equal=all(one.equal for one in found))
        if max(best.ratio, best.trained or 0.0) < verdict.SEPARATION_RATIO:
            break
    return rungs


def rung(architecture: Architecture, pair: Pair, seed: int, bench: Workbench, *, declared: bool) -> RungEvidence:
    """What one pair shows: one draw at each gain, or where the pair is declared to show, as a separation row has it."""
    draws: list[verdict.Draw] = []
    ratio = 0.0
    while len(draws) < (verdict.LAST if declared else len(GAINS)) and ratio < verdict.SEPARATION_RATIO:
        for _ in GAINS:
            draws.append(draw_once(architecture, pair, seed, len(draws), bench, confirms=False))
        ratio = max((draw.ratio for draw in draws if draw.fault is None), default=0.0)
    missing = declared and ratio < verdict.SEPARATION_RATIO
    trained = trained_ratio(architecture, pair, seed, bench) if missing else None
    return RungEvidence(ratio, all(draw.equal for draw in draws), trained)


def _first_pair(parameters: dict[str, Any]) -> Pair:
    family, settings, space = read_pairs(parameters)
    return certified_pair(parameters, family.cases(settings, space)[0])[0]


def shows(architecture: Architecture, pair: Pair, seed: int, bench: Workbench) -> bool:
    """Whether `D / N` is that of a separation in one draw at least, one a gain; those after it are not taken."""
    draws = (draw_once(architecture, pair, seed, number, bench, confirms=False) for number in range(len(GAINS)))
    return any(draw.fault is None and draw.ratio >= verdict.SEPARATION_RATIO for draw in draws)


def trained_ratio(architecture: Architecture, pair: Pair, seed: int, bench: Workbench) -> float:
    """The ratio `D / N` on fresh elements after training the network to separate this very pair.

    Raises:
        PluginFault, NonFinite: as `Subject` does.
    """
    rng = np.random.default_rng([seed, verdict.LAST])
    subject = drawn_subject(architecture, pair.space, seed, GAINS[0], bench)
    optimiser = torch.optim.Adam(subject.module.parameters(), lr=TRAINING_RATE)
    for _ in range(TRAINING_STEPS):
        batch = copies(pair, verdict.CROSSES // 2, rng)
        with bench.call(0):  # the seconds are the network's own; forwards are those of draws
            outputs = subject.checked(subject.module(batch), batch)
        of_v, of_w = outputs.chunk(2)
        gap = torch.linalg.vector_norm(of_v - of_w, dim=1).mean()
        norm = torch.linalg.vector_norm(outputs, dim=1).mean()
        loss = norm.log() - (gap + torch.finfo(torch.float64).tiny).log()
        optimiser.zero_grad()
        with bench.call(0):
            loss.backward()
        optimiser.step()
    gap, noise = fresh_gap(subject, pair, rng, 0.0)
    return gap / noise
