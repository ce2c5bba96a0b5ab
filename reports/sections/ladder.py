"""The round ladder: digits of separation by the refinement round that parts the pair, and how far depth carries."""

from __future__ import annotations

from typing import Any

from ...harness.core.result import Run
from ..figures.depth import depth_curves
from ..figures.drawing import Figure
from ..figures.ladder import ladder_figures
from ..reading.climbs import Rung, depths, rungs
from . import kinds
from .section import Column, report_section


@report_section(
    "round-ladder",
    "Round ladder",
    (
        Column("architecture", kind=kinds.CODE),
        Column("round", kind=kinds.INTEGER),
        Column("digits", kind=kinds.NUMBER),
        Column("words", "observed", kinds.TEXT),
    ),
    figures=ladder_figures,
    note="Digits of separation against the refinement round that parts the pair (lowest of each round). Filled: separated; open: "
    "not; triangle: unclear. Dashed: the 3 digits from which a gap counts. Shaded: the rounds that the architecture declares to see. Dotted: "
    "t_res, the last round at which a gap would still show.",
    forms=kinds.DATA,
    part_of="separation",
    place=120,
)
def ladder(run: Run) -> list[Rung]:
    return [rung for own in rungs(run).values() for rung in own]


def _figures(run: Run) -> list[Figure]:
    found = depth_curves(run)
    return [Figure(found)] if found else []


@report_section(
    "rounds-by-depth",
    "Rounds seen, by depth",
    (
        Column("architecture", "family", kinds.CODE),
        Column("name", "architecture", kinds.CODE),
        Column("depth", kind=kinds.NUMBER),
        Column("reach", "rounds seen", kinds.INTEGER),
        Column("sure", "rounds declared", kinds.NUMBER),
        Column("t_res", "t_res", kinds.INTEGER),
    ),
    figures=_figures,
    note="The last round, without a break, whose pairs were all told apart, as the network gets deeper. Dotted: t_res.",
    forms=kinds.DATA,
    part_of="separation",
    place=130,
)
def by_depth(run: Run) -> list[dict[str, Any]]:
    return [
        {**ladder, "sure": ladder["declared"][0] if ladder["declared"] else None}
        for own in depths(run).values()
        for _, ladder in own
    ]
