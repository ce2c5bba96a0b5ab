"""Measuring an exhaustive bank: one fresh copy of every net a draw, second copies of some as controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from ...core.cell import Cell
from ...core.outcomes import Fault
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...pairs.binary_bank import FUNCTIONS, Bank, binary_bank, two_fwl_rounds
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.redraw import GAINS
from ...weights.batch import Weights
from ...weights.inputs import jittered
from ...weights.symmetry import act, random_elements
from ..applicability import applicability, unsupported
from ..prediction import NOT_SEPARATED, SEPARATED, predict
from ..separation.draws import distances, drawn_again, drawn_subject, in_random_slots
from ..separation.read_out import asked, is_read_out
from ..separation.verdict import CONTROLS, JITTERS, UNIT, describe_fault, fault_of, kills
from . import verdict
from .evidence import ExhaustiveEvidence, RoundCount


class Unreadable(Exception):
    """A draw that nothing can be read off; the message says why."""

    def __init__(self, fault: Fault, message: str):
        super().__init__(message)
        self.fault = fault


def measure_draw(
    architecture: Architecture, bank: Bank, gain: float, rng: np.random.Generator, bench: Workbench
) -> np.ndarray:
    """`[pairs]` ratios of distance to noise; nets, 32 second copies and 12 jittered ones: one forward each.

    Raises:
        Unreadable: copies of one orbit differ, or the noise is too large.
        Unsupported, PluginFault, NonFinite: as `Subject` does.
    """
    nets = len(bank.codes)
    chosen = torch.from_numpy(rng.choice(nets, min(CONTROLS, nets), replace=False))
    everything = Weights(bank.space, {name: torch.from_numpy(array)[..., None] for name, array in bank.arrays.items()})
    shown = Weights.cat([everything, everything[chosen]])
    moved = act(random_elements(bank.space, shown.batch, rng), shown)
    noisy = chosen[: min(JITTERS, len(chosen))]
    subject = drawn_subject(architecture, bank.space, int(rng.integers(2**48)), gain, bench)
    outputs = in_random_slots(subject, Weights.cat([moved, jittered(moved[noisy], rng)]), rng)
    first, second, jitter = outputs[:nets], outputs[nets : shown.batch], outputs[shown.batch :]
    control = max(distances(first[chosen], second))
    norm = float(torch.linalg.vector_norm(first, dim=1).mean())
    shaken = max(distances(first[noisy], jitter))
    shaken = shaken if architecture.traits.continuous else 0.0
    noise = max(control, shaken, 4 * UNIT * norm, 1e-300)
    fault = fault_of(control, shaken, noise, norm)
    if fault is not None:
        raise Unreadable(fault, describe_fault(fault, control, noise, norm))
    return torch.pdist(first).numpy() / noise


def predicted_for(bank: Bank, architecture: Architecture, by_pairs: np.ndarray | None = None) -> verdict.Predicted:
    """What the declaration predicts of every pair of the bank.

    Args:
        by_pairs: `[pairs]`: rounds of folklore 2-WL, -1 where none separates; needed for power `2-fwl`.
    """
    above = np.triu_indices(len(bank.codes), 1)
    rounds = bank.rounds[above]
    relations = np.stack([rounds, bank.functions[above], rounds if by_pairs is None else by_pairs])
    words = np.empty(relations.shape[1], dtype=object)
    for number, function, pairs_part in np.unique(relations, axis=1).T.tolist():
        prediction = predict(
            orbit="different",
            separating_round=None if number < 0 else number,
            function=FUNCTIONS[function],
            power=architecture.traits.power,
            rounds=architecture.rounds,
            symmetry=architecture.traits.symmetry,
            **verdict.by_two_fwl(None if by_pairs is None else pairs_part),
        )
        words[(relations == [[number], [function], [pairs_part]]).all(0)] = prediction.verdict
    return verdict.Predicted(words == SEPARATED, words == NOT_SEPARATED)


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure all pairs of one bank and judge them; an editor through a read-out."""
    return asked(lambda asked_of: _measured(cell, asked_of, bench), architecture)


def _measured(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    size = int(cell.case.partition("x")[0])
    bank = binary_bank(size)
    traits = architecture.traits
    above = np.triu_indices(len(bank.codes), 1)
    by_pairs = two_fwl_rounds(size)[above] if traits.power == "2-fwl" else None
    predicted = predicted_for(bank, architecture, by_pairs)
    rounds = bank.rounds[above]
    classes = len(bank.codes) - len({j for i, j, t in zip(*above, rounds, strict=True) if t < 0})
    facts = ExhaustiveEvidence(str(bank.space), len(bank.codes), len(rounds), classes)
    refused = applicability(traits, in_general_position=False, inside=traits.domain in ("all", "general-position"))
    if refused is not None:
        return refused.judgement(predicted.words, facts)
    shown, taken, set_aside = verdict.Shown.nothing(len(rounds)), 0, 0
    try:
        while verdict.wants_more(shown, predicted, taken):
            gain = GAINS[taken % len(GAINS)]
            try:
                ratios = drawn_again(
                    lambda rng, gain=gain: measure_draw(architecture, bank, gain, rng, bench), cell.seed, taken
                )
                shown = shown.and_draw(ratios)
            except Unreadable as fault:
                if kills(fault.fault, gain):
                    return Judgement("error", str(fault), predicted.words, "", facts, fault=fault.fault)
                set_aside += 1
            taken += 1
    except Unsupported as reason:
        return unsupported(reason).judgement(predicted.words, facts)
    names = [f"{bank.codes[i]} and {bank.codes[j]} (parts in round {t})" if t >= 0 else
             f"{bank.codes[i]} and {bank.codes[j]} (1-WL-equivalent)" for i, j, t in zip(*above, rounds, strict=True)]  # fmt: skip
    found = verdict.judge(shown, predicted, names)
    functions = bank.functions[above]
    by_function = {name: (rounds >= 0) & (functions == number) for number, name in enumerate(FUNCTIONS)}
    groups = {"none" if t < 0 else str(t): rounds == t for t in np.unique(rounds).tolist()}
    groups_of_pairs = None
    if by_pairs is not None:
        groups_of_pairs = {"none" if t < 0 else str(t): by_pairs == t for t in np.unique(by_pairs).tolist()}
    named, equal = verdict.offender(shown, predicted), np.flatnonzero(verdict.missing_and_equal(shown, predicted))
    evidence = replace(
        facts,
        read_out=is_read_out(architecture),
        offender=None if named is None else names[named],
        equal=len(equal),
        first_equal=names[equal[0]] if len(equal) else None,
        draws=taken,
        set_aside=set_aside,
        by_round=_counted(groups, shown),
        by_function=_counted(by_function, shown),
        by_two_fwl=None if groups_of_pairs is None else _counted(groups_of_pairs, shown),
        smallest_ratio=float(shown.best[predicted.separated].min()) if predicted.separated.any() else None,
        largest_null_ratio=float(shown.best[predicted.not_separated].max()) if predicted.not_separated.any() else None,
    )
    return Judgement.of(found, evidence)


def _counted(groups: Mapping[str, np.ndarray], shown: verdict.Shown) -> dict[str, RoundCount]:
    return {name: RoundCount(int(own.sum()), int(shown.parted[own].sum())) for name, own in groups.items()}
