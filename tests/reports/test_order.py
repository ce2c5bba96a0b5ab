"""The Hasse picture: every member once, inside the picture, the more powerful above, no two boxes over each other."""

from __future__ import annotations

from itertools import combinations

from orbitcheck.harness.result import Result, Run
from orbitcheck.reports.figures import hasse
from orbitcheck.reports.html import html


def run(table: dict[str, set[int]], pairs: int = 4) -> Run:
    facts = {
        "orbit": "different",
        "round": 1,
        "function": "different",
        "family": "generic",
        "relation": "parts in round 1",
    }
    rows = [
        Result(
            **{
                **dict.fromkeys(Result.__dataclass_fields__, ""),
                "id": f"{name}{pair}",
                "suite": "s",
                "kind": "separation",
                "check": "c",
                "case": str(pair),
                "claim": None,
                "architecture": name,
                "options": {},
                "observed": "separated" if pair in parted else "not separated",
                "outcome": "pass",
                "evidence": facts,
                "certificate": None,
                "seed": 0,
                "seconds": 0.0,
                "model_seconds": 0.0,
                "declared": None,
            }
        )
        for name, parted in table.items()
        for pair in range(pairs)
    ]
    return Run("0", {}, [], [{"name": name} for name in table], rows)


def test_boxes_lie_inside_apart_and_in_order():
    drawn = hasse(run({"a": {0, 1, 2}, "b": {0, 1}, "c": {2}, "d": {0, 1}, "e": set()}))
    names = [line for box in drawn.boxes for line in box.lines[:-1]]
    assert sorted(names) == ["a", "b", "c", "d", "e", "oracle: function", "oracle: orbit", "oracle: refinement"]
    for box in drawn.boxes:
        assert box.width / 2 <= box.x <= drawn.width - box.width / 2
        assert box.height / 2 <= box.y <= drawn.height - box.height / 2
    for one, two in combinations(drawn.boxes, 2):
        apart = abs(one.x - two.x) >= (one.width + two.width) / 2 or abs(one.y - two.y) >= (one.height + two.height) / 2
        assert apart, (one.lines, two.lines)
    assert all(y1 < y2 for _, y1, _, y2 in drawn.links)


def test_a_name_that_is_markup_stays_text():
    text = html(run({"<img src=x onerror=alert(1)>": {0}}))
    assert "<img" not in text
    assert "Order of separation" in text


def test_without_pairs_there_is_no_picture():
    assert hasse(Run("0", {}, [], [], [])) is None
