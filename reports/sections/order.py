"""The order of separation: who parts every pair that whom else parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...harness.core.result import Run
from ...harness.judging.order import REFERENCES, TWO_FWL, Order
from ..figures.drawing import Figure
from ..figures.hasse import hasse
from ..reading.orders import shown_orders
from ..reading.values import one_line, plural
from . import kinds
from .section import Column, report_section


def _figures(run: Run) -> list[Figure]:
    return [
        Figure(
            hasse(order, "separation-order" if number == 1 else f"separation-order-{number}"),
            f"{plural(order.pairs, 'pair')}, {plural(_architectures(order), 'architecture')}",
        )
        for number, order in enumerate(shown_orders(run.results), 1)
    ]


def _architectures(order: Order) -> int:
    return sum(name not in (*REFERENCES, TWO_FWL) for member in order.members for name in member.names)


def _note(run: Run) -> str:
    orders = shown_orders(run.results)
    last = orders[-1].left_out if orders else ()
    missing = ", ".join(f"{one_line(name, 40)} ({count})" for name, count in last)
    return (
        "An architecture stands above another one if it parts every pair that the other parts; those in one box part the same. Dashed: the "
        "oracles, exact."
        + (
            " Once over all pairs, and once over those that most architectures were asked alike."
            if len(orders) > 1
            else ""
        )
        + (f" Not asked all of these either, hence left out: {missing}." if missing else "")
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
    """The members of each order, each with those right below it."""
    return [row for order in shown_orders(run.results) for row in _members(order)]


def _members(order: Order) -> Iterator[dict[str, Any]]:
    names = [" = ".join(member.names) for member in order.members]
    for place, member in enumerate(order.members):
        yield {
            "architectures": names[place],
            "parted": member.parted,
            "pairs": order.pairs,
            "covers": "; ".join(names[lower] for upper, lower in order.covers if upper == place),
        }
