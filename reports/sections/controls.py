"""The controls of a run as people read them: what `harness/judging/controls.py` puts into it."""

from __future__ import annotations

from dataclasses import dataclass

from ...harness.core.result import Run
from ..reading.climbs import climbs
from ..reading.values import finite, mapping
from . import kinds
from .section import Column, report_section


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


@report_section(
    "controls",
    "Controls",
    (
        Column("architecture", kind=kinds.CODE),
        Column("nulls", "null pairs", kinds.INTEGER),
        Column("false_positives", "told apart", kinds.INTEGER),
        Column("bound", "rate at most", kinds.PERCENT),
        Column("separated", "pairs separated", kinds.INTEGER, forms=kinds.ALL_BUT_MARKDOWN),
        Column("lowest", "lowest digits", kinds.DIGITS),
        Column("median", "median digits", kinds.DIGITS, forms=kinds.ALL_BUT_MARKDOWN),
        Column("reach", "ladder to round", kinds.INTEGER),
        Column("resolution", "t_res", kinds.INTEGER),
        Column("change", "least change", kinds.NUMBER),
        Column("effect", "least effect", kinds.NUMBER, forms=kinds.ALL_BUT_MARKDOWN),
    ),
    note="How often the tool itself is wrong, and how far each architecture is seen to see. A null pair is one to the network "
    "by certificate, so nothing may tell it apart; the bound is one-sided, exact, at 95 %. t_res is the last refinement round "
    "at which a gap would still show; the least change and effect are the smallest relative change of the weights, and the "
    "smallest gap over that of generic vectors, that did.",
    place=600,
    fold=True,
    share=2_500,
)
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
