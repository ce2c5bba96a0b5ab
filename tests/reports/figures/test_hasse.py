"""The Hasse picture: every member once, inside the picture, the more powerful above, no two boxes over each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from orbitcheck.harness.core.result import Run
from orbitcheck.reports.figures.drawing import Line, Text
from orbitcheck.reports.figures.hasse import hasse
from orbitcheck.reports.html import html
from orbitcheck.reports.reading.orders import shown_orders
from orbitcheck.reports.sections.order import order_rows


@pytest.fixture
def run(make_row):
    """A run in which each architecture separates the pairs given, all of two orbits, parted in round 1, of two functions."""

    def made(table: dict[str, set[int]], pairs: int = 4) -> Run:
        facts = {"orbit": "different", "round": 1, "function": "different"}
        rows = [
            make_row(
                "separation", evidence=facts, architecture=name, check="c", case=str(pair),
                observed="separated" if pair in parted else "not separated",
            )
            for name, parted in table.items()
            for pair in range(pairs)
        ]  # fmt: skip
        return Run("0", {}, [], [{"name": name, "options": {}} for name in table], rows)

    return made


def test_boxes_lie_inside_apart_and_in_order(run):
    (order,) = shown_orders(run({"a": {0, 1, 2}, "b": {0, 1}, "c": {2}, "d": {0, 1}, "e": set()}).results)
    drawn = hasse(order)
    names = [item.text for item in drawn.items if isinstance(item, Text) and item.part == "name"]
    assert sorted(names) == ["a", "b", "c", "d", "e", "oracle: function", "oracle: orbit", "oracle: refinement"]
    boxes = list(drawn.boxes)
    for box in boxes:
        assert box.x >= 0 and box.x + box.width <= drawn.width
        assert box.y >= 0 and box.y + box.height <= drawn.height
    for one, two in combinations(boxes, 2):
        across = one.x + one.width <= two.x or two.x + two.width <= one.x
        down = one.y + one.height <= two.y or two.y + two.height <= one.y
        assert across or down, (one, two)
    links = [item.points for item in drawn.items if isinstance(item, Line)]
    assert len(links) >= 4
    assert all(upper[1] < lower[1] for upper, lower in links)


def test_a_name_that_is_markup_stays_text(run):
    text = html(run({"<img src=x onerror=alert(1)>": {0}}))
    assert "<img" not in text
    assert "Order of separation" in text


def test_without_pairs_there_is_no_picture():
    assert shown_orders([]) == () and order_rows(Run("0", {}, [], [], [])) == []


def test_those_that_were_not_asked_all_stand_in_an_order_of_their_own(run):
    """Over the pairs that say most: three architectures of three pairs, and not one of four, or all five of one."""
    rows = run({"a": {0, 1, 2, 3}, "b": {0}, "c": {0, 1}, "d": {0}, "e": {1}}).results
    asked = {"a": 4, "b": 3, "c": 3, "d": 1, "e": 1}
    rows = [
        replace(row, outcome="not-applicable", observed="") if int(row.case) >= asked[row.architecture] else row
        for row in rows
    ]
    whole, common = shown_orders(rows)
    names = [[name for member in order.members for name in member.names if len(name) == 1] for order in (whole, common)]
    assert (whole.pairs, common.pairs) == (4, 3) and names == [["a"], ["a", "c", "b"]]
    assert dict(common.left_out) == {"d": 1, "e": 1}
    without = [row for row in rows if row.architecture != "a"]
    (alone,) = shown_orders(without)
    assert alone.pairs == 3 and {name for member in alone.members for name in member.names} >= {"b", "c"}
