"""The verdict of the exhaustive check: a pure function of what the draws showed of every pair (protocol.md, section 3).

A pair is separated once two draws show its gap, each with its own parameters and its own copies. Predictions are those of
`checks/prediction.py`, pair by pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...core.outcomes import Outcome
from ...core.result import Judgement, Verdict
from ..prediction import NOT_SEPARATED, SEPARATED, predict
from ..separation.verdict import FINAL, LAST, NULL_RATIO, SEPARATION_RATIO
from ..stored import Stored
from .evidence import ExhaustiveEvidence

CONFIRMATIONS = 2
"""Draws that have to show a gap."""


@dataclass(frozen=True)
class Predicted:
    """What is predicted of every pair: `[pairs]` booleans; of a pair in neither, nothing is."""

    separated: np.ndarray
    not_separated: np.ndarray

    @property
    def words(self) -> str:
        part, keep = int(self.separated.sum()), int(self.not_separated.sum())
        return f"{part} of {len(self.separated)} pairs separated, {keep} not" if part + keep else "any"


@dataclass(frozen=True)
class Shown:
    """What the draws so far showed of every pair.

    Args:
        draws: how many could be read.
        seen: `[pairs]`: draws with a gap of `SEPARATION_RATIO` noises and more.
        best: `[pairs]`: the largest ratio of gap to noise.
    """

    draws: int
    seen: np.ndarray
    best: np.ndarray

    @staticmethod
    def nothing(pairs: int) -> Shown:
        return Shown(0, np.zeros(pairs, dtype=np.int64), np.zeros(pairs))

    def and_draw(self, ratios: np.ndarray) -> Shown:
        return Shown(self.draws + 1, self.seen + (ratios >= SEPARATION_RATIO), np.maximum(self.best, ratios))

    @property
    def parted(self) -> np.ndarray:
        return self.seen >= CONFIRMATIONS


def wants_more(shown: Shown, predicted: Predicted, taken: int) -> bool:
    """Whether another draw could change the answer: no gap is final after 4 draws, a missing one is waited for up to 16."""
    if taken >= LAST or (shown.parted & predicted.not_separated).any():
        return False
    waiting = not shown.parted[predicted.separated].all()
    unclear = (shown.best[predicted.not_separated] > NULL_RATIO).any()
    return shown.draws < FINAL or bool(waiting or unclear)


def judge(shown: Shown, predicted: Predicted, name_of: Sequence[str]) -> Verdict:
    """The verdict: a pure function of what was shown and predicted.

    Args:
        name_of: a name for every pair; the first offender is named.
    """
    parted = shown.parted
    observed = f"{int(parted.sum())} of {len(parted)} pairs separated"
    if (wrong := np.flatnonzero(parted & predicted.not_separated)).size:
        return Verdict(
            "fail",
            f"{wrong.size} pairs separated that must not be; the first: {name_of[wrong[0]]}",
            predicted.words,
            observed,
        )
    if (missing := np.flatnonzero(~parted & predicted.separated)).size:
        reason = f"{missing.size} pairs not separated in {shown.draws} draws; the first: {name_of[missing[0]]}"
        if (same := np.flatnonzero(~parted & predicted.separated & (shown.best == 0))).size and shown.draws >= FINAL:
            reason = f"{reason}; {same.size} of them equal to the bit in all draws, the first: {name_of[same[0]]}"
            return Verdict("fail", reason, predicted.words, observed)
        return Verdict("undecided", f"{reason}; declare what it can show", predicted.words, observed)
    if (unclear := np.flatnonzero((shown.best > NULL_RATIO) & predicted.not_separated)).size or shown.draws < FINAL:
        named = f"; the first: {name_of[unclear[0]]}" if unclear.size else ""
        return Verdict(
            "undecided",
            f"{unclear.size} pairs between noise and gap after {shown.draws} draws{named}",
            predicted.words,
            observed,
        )
    if not (predicted.separated | predicted.not_separated).any():
        return Verdict(Outcome.OBSERVED, "nothing is predicted of any pair", predicted.words, observed)
    return Verdict("pass", "", predicted.words, observed)


def by_two_fwl(number: int | None) -> dict[str, Any]:
    """What `predict` is told of folklore 2-WL: a round, -1 for none, None where it was not asked."""
    if number is None:
        return {}
    return {"two_fwl": "different", "two_fwl_round": number} if number >= 0 else {"two_fwl": "equivalent"}


def missing_and_equal(shown: Shown, predicted: Predicted) -> np.ndarray:
    """`[pairs]`: predicted to be separated, and equal to the bit in all draws."""
    return ~shown.parted & predicted.separated & (shown.best == 0)


def offender(shown: Shown, predicted: Predicted) -> int | None:
    """The number of the first pair that the verdict names."""
    unclear = (shown.best > NULL_RATIO) & predicted.not_separated
    for named in (shown.parted & predicted.not_separated, ~shown.parted & predicted.separated, unclear):
        if named.any():
            return int(np.flatnonzero(named)[0])
    return None


def rejudge(stored: Stored) -> Judgement | None:
    """The verdict on stored evidence; None where nothing was shown."""
    found, traits = stored.evidence, stored.traits
    if not isinstance(found, ExhaustiveEvidence) or found.by_round is None or found.by_function is None:
        return None
    seen: list[int] = []
    said: list[str] = []
    by_round = [(None if name == "none" else int(name), "unknown", count) for name, count in found.by_round.items()]
    by_function = [(0, name, count) for name, count in found.by_function.items()]
    groups = [*by_function, *(each for each in by_round if each[0] is None)] if traits.power == "function" else by_round
    if traits.power == "2-fwl":
        if found.by_two_fwl is None:
            return None
        groups = [(None if name == "none" else int(name), "unknown", count) for name, count in found.by_two_fwl.items()]
    for number, function, count in groups:
        by_pairs = (-1 if number is None else number) if traits.power == "2-fwl" else None
        prediction = predict(
            orbit="different",
            separating_round=number,
            function=function,
            power=traits.power,
            rounds=stored.rounds,
            symmetry=traits.symmetry,
            **by_two_fwl(by_pairs),
        )
        seen += [CONFIRMATIONS] * count.separated + [0] * (count.pairs - count.separated)
        said += [prediction.verdict] * count.pairs
    words = np.array(said, dtype=object)
    predicted = Predicted(words == SEPARATED, words == NOT_SEPARATED)
    best = np.where(predicted.not_separated, found.largest_null_ratio or 0.0, 1.0)
    shown = Shown((found.draws or 0) - (found.set_aside or 0), np.array(seen), best)
    missing = np.flatnonzero(~shown.parted & predicted.separated)
    equal = missing[
        len(missing) - found.equal :
    ]  # which ones they are is not kept, only how many and the first one's name
    best[equal] = 0.0
    names = [found.offender or ""] * len(said)
    if len(equal):
        names[equal[0]] = found.first_equal or ""
    return Judgement.of(judge(shown, predicted, names), replace(found, pairs=found.nets * (found.nets - 1) // 2))
