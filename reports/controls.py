"""The controls of a run as people read them: what `harness/judging/controls.py` and `harness/running/planted.py` put into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..harness.core.result import Run
from .ladder import climbs
from .values import finite, mapping, one_line


@dataclass(frozen=True)
class Controls:
    """The controls of one architecture: how often it tells apart what is one, and how far it is seen to see.

    Args:
        nulls: null pairs that were decided.
        false_positives: of these, the ones told apart.
        bound: one-sided 95 % upper bound on the rate of false positives; None without a null.
        separated: pairs told apart, nulls or not, with the `lowest` and the `median` of their digits.
        reach: the last round of the ladder up to which all pairs were told apart.
        resolution: `t_res`, the last round at which a gap would still show.
        change: the smallest relative change of the weights that showed, in the worst space; None if none did.
        effect: smallest effect size (D over the distance of generic vectors) that was seen as separated.
    """

    architecture: str
    nulls: int
    false_positives: int
    bound: float | None
    separated: int
    lowest: float | None
    median: float | None
    reach: int | None
    resolution: int | None
    change: float | None
    effect: float | None


def controls(run: Run) -> tuple[Controls, ...]:
    """One entry for each architecture that the run has controls of."""
    reach = {climb.architecture: climb.reach for climb in climbs(run)}
    found = []
    for entry in map(mapping, run.controls):
        name, nulls, digits = str(entry.get("name", "?")), _count(entry.get("nulls")), mapping(entry.get("digits"))
        exponent = finite(entry.get("digits_of_change"))
        resolution = finite(entry.get("t_res"))
        found.append(
            Controls(
                architecture=name,
                nulls=nulls,
                false_positives=_count(entry.get("false_positives")),
                bound=finite(entry.get("bound")) if nulls else None,
                separated=_count(entry.get("separated")),
                lowest=finite(digits.get("lowest")),
                median=finite(digits.get("median")),
                reach=reach.get(name),
                resolution=None if resolution is None else int(resolution),
                change=10.0**-exponent if exponent is not None and 0 < exponent < 300 else None,
                effect=finite(entry.get("smallest_effect")),
            )
        )
    return tuple(found)


def _count(value: object) -> int:
    return int(finite(value) or 0)


@dataclass(frozen=True)
class Planted:
    """What became of one planted defect.

    Args:
        defect: its name.
        rule: what it breaks, in words.
        kind: the check kind that had to say so.
        wanted, outcome: the outcome that it had to get, and got.
        caught: whether it got that outcome, for the reason wanted; of a sound network, that it was not accused.
        words: what the tool said of it.
    """

    defect: str
    rule: str
    kind: str
    wanted: str
    outcome: str
    caught: bool
    words: str

    @property
    def verdict(self) -> str:
        """`caught` or `not caught`; of a network that has to pass, `not accused` or `accused`."""
        if self.wanted == "pass":
            return "not accused" if self.caught else "accused"
        return "caught" if self.caught else "not caught"


def planted(run: Run) -> tuple[Planted, ...]:
    """The planted defects, in the order of the run: a tool that lets one pass is blind to that defect."""
    return tuple(map(_planted, map(mapping, run.planted)))


def _planted(entry: Mapping[str, Any]) -> Planted:
    defect, rule, kind, wanted, outcome = (
        one_line(entry.get(key, "?")) for key in ("name", "rule", "kind", "wanted", "outcome")
    )
    return Planted(
        defect, rule, kind, wanted, outcome, entry.get("caught") is True, one_line(entry.get("reason") or "")
    )
