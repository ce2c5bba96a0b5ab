"""Measuring a separation: distances between copies of one orbit, and across, with parameters drawn afresh each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch

from ...learning.workbench import Workbench
from ...plugins.architecture import Architecture, Invariant
from ...plugins.redraw import GAINS, redraw_
from ...plugins.subject import NonFinite, PluginFault, Subject, describe_error
from ...weights.batch import Weights
from ...weights.groups import NotCarried
from ...weights.inputs import constructed, jittered
from ...weights.pair import Pair
from ...weights.space import WeightSpace
from ...weights.symmetry import act, random_elements
from ..prediction import Prediction
from . import verdict
from .evidence import ControlEvidence

T = TypeVar("T")
OUTPUT = Invariant(8)
PROBES, SAME = 4, 1e-9
"""Inputs on which a re-drawn network and one that loads its state are compared, and how near, as a part of the largest answer."""
COPIES = 4
"""Of each of the two, moved by the declared group."""
REDRAWS = 2
"""A draw that gives NaN or infinity is drawn again so often before it is an error."""


def drawn_subject(architecture: Architecture, space: WeightSpace, seed: int, gain: float, bench: Workbench) -> Subject:
    """The network with the parameters of one draw: built from the seed, so that frozen buffers are new too, then re-drawn."""
    subject = Subject(architecture, space, OUTPUT, seed=seed, dtype=torch.float64, bench=bench)
    redraw_(subject.module, seed, gain)
    return subject


def check_redraw(subject: Subject, architecture: Architecture, seed: int) -> None:
    """A plug-in's own `redraw_` draws parameters and buffers alone: else what separates would not be the network that is used.

    A network built anew is given the state of a re-drawn one, buffers that are not saved among it, and must be the same function.

    Raises:
        Unsupported, PluginFault, NonFinite: as `Subject` does; `PluginFault` also where it is another function.
    """
    if not hasattr(subject.module, "redraw_"):
        return
    space = subject.space
    built_anew = Subject(architecture, space, OUTPUT, seed=seed, dtype=torch.float64, bench=subject.bench)
    try:
        built_anew.module.load_state_dict(subject.module.state_dict())
        buffers = dict(subject.module.named_buffers())
        with torch.no_grad():
            for name, buffer in built_anew.module.named_buffers():
                buffer.copy_(buffers[name])
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        raise PluginFault(
            f"redraw_ leaves a state that a network built anew cannot load: {describe_error(error)}"
        ) from None
    v = constructed("generic", space, PROBES, np.random.default_rng(space.parameters))
    was, now = subject(v), built_anew(v)
    apart = float((was - now).abs().max())
    if apart > SAME * float(was.abs().max()):
        raise PluginFault(
            f"redraw_ changes more than parameters and buffers: a network built anew with its state answers {apart:.1e} apart"
        )


def copies(pair: Pair, count: int, rng: np.random.Generator) -> Weights:
    """`count` copies of v, then `count` of w, each moved by a fresh uniform group element."""
    both = Weights.from_arrays(pair.space, [pair.v, pair.w])[[0] * count + [1] * count]
    return act(random_elements(pair.space, 2 * count, rng), both)


def in_random_slots(subject: Subject, batch: Weights, rng: np.random.Generator) -> torch.Tensor:
    """`phi(batch)`, evaluated in a random order, so that a place in the batch cannot pass for a difference."""
    slots = torch.from_numpy(rng.permutation(batch.batch))
    outputs = torch.empty(batch.batch, OUTPUT.dim, dtype=torch.float64)
    outputs[slots] = subject(batch[slots])
    return outputs


def distances(left: torch.Tensor, right: torch.Tensor) -> tuple[float, ...]:
    return tuple(torch.linalg.vector_norm(left - right, dim=1).tolist())


def measure_draw(
    architecture: Architecture,
    pair: Pair,
    gain: float,
    rng: np.random.Generator,
    bench: Workbench,
    *,
    confirms: bool = True,
    first: bool = False,
) -> verdict.Draw:
    """One draw: 80 forwards in float64, 20 more unless those say all, and where they show a gap, 32 fresh ones in each precision.

    Args:
        confirms: whether those fresh ones are asked for.
        first: of its row: the plug-in's own re-draw, if it has one, is looked at.

    Raises:
        Unsupported, PluginFault, NonFinite: as `Subject` does.
    """
    seed, half = int(rng.integers(2**48)), verdict.CONTROLS // 2
    side = verdict.CONTROLS + verdict.CROSSES
    moved = copies(pair, side, rng)
    subject = drawn_subject(architecture, pair.space, seed, gain, bench)
    if first:
        check_redraw(subject, architecture, seed)
    outputs = in_random_slots(subject, moved, rng)

    of_v, of_w = outputs[:side], outputs[side:]
    controls = distances(of_v[:half], of_v[half : 2 * half]) + distances(of_w[:half], of_w[half : 2 * half])
    draw = verdict.Draw(
        gain=gain,
        controls=controls,
        crosses=distances(of_v[2 * half :], of_w[2 * half :]),
        jitter=None,
        norm=float(torch.linalg.vector_norm(outputs, dim=1).mean()),
        generic=None,
        continuous=architecture.traits.continuous,
    )
    if verdict.says_all(draw):
        return draw
    noisy = torch.arange(verdict.JITTERS) % half + (torch.arange(verdict.JITTERS) % 2) * side
    size = float(moved.flat().square().mean().sqrt())
    generic = constructed("generic", pair.space, verdict.GENERIC, rng).map(lambda tensor: size * tensor)
    more = in_random_slots(subject, Weights.cat([jittered(moved[noisy], rng), generic]), rng)
    draw = replace(
        draw,
        jitter=max(distances(more[: verdict.JITTERS], outputs[noisy])),
        generic=float(torch.pdist(more[verdict.JITTERS :]).median()),
    )
    if not confirms or draw.ratio < verdict.SEPARATION_RATIO or draw.fault:
        return draw
    gap64, noise64 = fresh_gap(subject, pair, rng, draw.noise)
    gap32, noise32 = fresh_gap(subject.lower_(), pair, rng, 0.0)
    return replace(draw, confirmed=gap64 / noise64, ratio32=gap32 / noise32, gap32=gap32)


def fresh_gap(subject: Subject, pair: Pair, rng: np.random.Generator, noise: float) -> tuple[float, float]:
    """`(D, N)` with fresh elements: crosses as in a draw, half as many controls; N is at least `noise`."""
    crosses = verdict.CROSSES
    outputs = in_random_slots(subject, copies(pair, 2 * crosses, rng), rng)
    of_v, of_w = outputs[: 2 * crosses], outputs[2 * crosses :]
    controls = distances(of_v[0:crosses:2], of_v[1:crosses:2]) + distances(of_w[0:crosses:2], of_w[1:crosses:2])
    unit = torch.finfo(subject.dtype).eps / 2
    floor = 4 * unit * float(torch.linalg.vector_norm(outputs, dim=1).mean())
    return min(distances(of_v[crosses:], of_w[crosses:])), max(noise, floor, *controls, 1e-300)


def draw_once(
    architecture: Architecture, pair: Pair, seed: int, number: int, bench: Workbench, *, confirms: bool = True
) -> verdict.Draw:
    """Draw `number` of the schedule, confirmed or not; drawn again up to `REDRAWS` times where an output is not finite.

    Raises:
        NonFinite: every try gave NaN or infinity.
    """
    gain = GAINS[number % len(GAINS)]
    return drawn_again(
        lambda rng: measure_draw(architecture, pair, gain, rng, bench, confirms=confirms, first=number == 0),
        seed,
        number,
    )


def drawn_again(measure: Callable[[np.random.Generator], T], seed: int, number: int) -> T:
    """What `measure` gives with the generator of draw `number`, or of its first re-draw that gives finite numbers.

    Raises:
        NonFinite: every try gave NaN or infinity.
    """
    for attempt in range(REDRAWS):
        try:
            return measure(np.random.default_rng([seed, number, attempt]))
        except NonFinite:
            continue
    return measure(np.random.default_rng([seed, number, REDRAWS]))


def declared_control(architecture: Architecture, pair: Pair, seed: int, bench: Workbench) -> ControlEvidence | None:
    """Copies of v and of w moved by the declared group, where it is larger than permutations, with parameters of their own; else None.

    Raises:
        Unsupported, PluginFault: as `Subject` does.
    """
    try:
        group = architecture.traits.group(pair.space)
    except NotCarried:  # it serves the space nonetheless: permutations are asked
        return None
    if all(factor.kind.atoms == {"perm"} for factor in group.factors):
        return None
    both = Weights.from_arrays(pair.space, [pair.v] * COPIES + [pair.w] * COPIES)

    def measured(rng: np.random.Generator) -> ControlEvidence:
        subject = drawn_subject(architecture, pair.space, int(rng.integers(2**48)), GAINS[0], bench)
        moved = act(random_elements(group, 2 * COPIES, rng), both)
        size = float(both.flat().square().mean().sqrt())
        generic = constructed("generic", pair.space, verdict.GENERIC, rng).map(lambda tensor: size * tensor)
        outputs = subject(Weights.cat([both[[0, COPIES]], moved, jittered(moved, rng), generic]))
        still, copied, shaken, of_generic = outputs.split([2, 2 * COPIES, 2 * COPIES, verdict.GENERIC])
        apart = [torch.cat([one[None], of]) for one, of in zip(still, copied.chunk(2), strict=True)]
        return ControlEvidence(
            control=max(float(torch.pdist(of).max()) for of in apart),
            jitter=max(distances(copied, shaken)) if architecture.traits.continuous else 0.0,
            norm=float(torch.linalg.vector_norm(torch.cat([still, copied]), dim=1).mean()),
            generic=float(torch.pdist(of_generic).median()),
        )

    try:
        return drawn_again(measured, seed, verdict.LAST + 1)
    except NonFinite:
        return None


def take_draws(
    architecture: Architecture, pair: Pair, prediction: Prediction, seed: int, bench: Workbench
) -> list[verdict.Draw]:
    """Draws until the schedule says that no other one could change the answer."""
    draws: list[verdict.Draw] = []
    while verdict.wants_more(draws, prediction):
        draws.append(draw_once(architecture, pair, seed, len(draws), bench))
        if verdict.fatal(draws[-1]):
            break
    return draws
