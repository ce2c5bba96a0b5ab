"""The controls of a run as people read them: what `harness/judging/controls.py` puts into it."""

from __future__ import annotations

from typing import Any

from ...harness.core.result import Run
from . import kinds
from .section import Column, report_section


@report_section(
    "controls",
    "Controls",
    (
        Column("name", "architecture", kinds.CODE),
        Column("nulls", "null pairs", kinds.INTEGER),
        Column("false_positives", "told apart", kinds.INTEGER),
        Column("bound", "rate at most", kinds.PERCENT),
        Column("separated", "pairs separated", kinds.INTEGER, forms=kinds.ALL_BUT_MARKDOWN),
        Column("lowest", "lowest digits", kinds.DIGITS),
        Column("median", "median digits", kinds.DIGITS, forms=kinds.ALL_BUT_MARKDOWN),
        Column("reach", "ladder to round", kinds.INTEGER),
        Column("t_res", "t_res", kinds.INTEGER),
        Column("change", "least change", kinds.NUMBER),
        Column("smallest_effect", "least effect", kinds.NUMBER, forms=kinds.ALL_BUT_MARKDOWN),
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
    reach = {ladder["name"]: ladder["reach"] for ladder in run.round_ladder}
    return [
        {
            **entry,
            "bound": entry["bound"] if entry["nulls"] else None,
            **(entry["digits"] or {"lowest": None, "median": None}),
            "reach": reach.get(entry["name"]),
            "change": 10.0**-exponent if (exponent := entry["digits_of_change"] or 0) in range(1, 300) else None,
        }
        for entry in run.controls
    ]
