"""The controls of a run as people read them: what `harness/judging/controls.py` puts into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...harness.core.result import Run
from ..reading.climbs import climbs
from ..reading.values import finite, mapping
from . import kinds
from .section import Column, report_section

COUNTS = ("nulls", "false_positives", "separated")


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
def controls(run: Run) -> list[dict[str, Any]]:
    """How often the tool tells apart what is one, and how far each architecture is seen to see. No null bounds nothing, and
    nothing seen is no change."""
    reach = {climb.architecture: climb.reach for climb in climbs(run)}
    return [_controls(entry, reach) for entry in map(mapping, run.controls)]


def _controls(entry: Mapping[str, Any], reach: Mapping[str, int]) -> dict[str, Any]:
    name, digits = str(entry.get("name", "?")), mapping(entry.get("digits"))
    nulls, false_positives, separated = (int(finite(entry.get(key)) or 0) for key in COUNTS)
    exponent, resolution = finite(entry.get("digits_of_change")), finite(entry.get("t_res"))
    return {
        "architecture": name,
        "nulls": nulls,
        "false_positives": false_positives,
        "bound": finite(entry.get("bound")) if nulls else None,
        "separated": separated,
        "lowest": finite(digits.get("lowest")),
        "median": finite(digits.get("median")),
        "reach": reach.get(name),
        "resolution": None if resolution is None else int(resolution),
        "change": 10.0**-exponent if exponent is not None and 0 < exponent < 300 else None,
        "effect": finite(entry.get("smallest_effect")),
    }
