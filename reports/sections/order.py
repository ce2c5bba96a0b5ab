"""The order of separation: who parts every pair that whom else parts."""

from __future__ import annotations

from typing import Any

from ...harness.core.result import Run
from ...harness.judging.order import separation_order
from ..figures.drawing import Figure
from ..figures.hasse import hasse
from ..reading.values import one_line, plural
from . import kinds
from .section import Column, report_section


def _figures(run: Run) -> list[Figure]:
    found = hasse(run)
    return [Figure(found, look="natural")] if found else []


def _note(run: Run) -> str:
    order = separation_order(run.results)
    pairs, left_out = (order.pairs, order.left_out) if order else (0, ())
    missing = ", ".join(f"{one_line(name, 40)} ({count})" for name, count in left_out)
    return (
        f"An architecture stands above another one if it parts every pair that the other parts, of the {plural(pairs, 'pair')} "
        "here; those in one box part the same. Dashed: the oracles, exact."
        + (f" Not shown every pair, hence left out: {missing}." if missing else "")
    )


@report_section(
    "separation-order",
    "Order of separation",
    (
        Column("architectures", kind=kinds.CODE),
        Column("parted", kind=kinds.INTEGER),
        Column("pairs", kind=kinds.INTEGER),
        Column("covers", kind=kinds.CODE),
    ),
    figures=_figures,
    note=_note,
    forms=kinds.DATA,
    part_of="separation",
    place=140,
)
def order_rows(run: Run) -> list[dict[str, Any]]:
    """The members of the order, each with those right below it."""
    order = separation_order(run.results)
    if order is None:
        return []
    names = [" = ".join(member.names) for member in order.members]
    return [
        {
            "architectures": names[place],
            "parted": member.parted,
            "pairs": order.pairs,
            "covers": "; ".join(names[lower] for upper, lower in order.covers if upper == place),
        }
        for place, member in enumerate(order.members)
    ]
