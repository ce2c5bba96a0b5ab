"""The order of separation is inclusion of parted pairs, drawn without its implied lines."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.checks.separation.evidence import SeparationEvidence
from orbitcheck.harness.core.result import Result
from orbitcheck.harness.judging.order import REFERENCES, separation_order

PAIR = SeparationEvidence("a family", "a space", "a relation", 1, "different", "different")


def row(architecture: str, pair: int, observed: str, outcome: str = "pass", **facts) -> Result:
    return Result(
        **{
            **dict.fromkeys(Result.__dataclass_fields__, ""),
            "kind": "separation",
            "check": "c",
            "case": str(pair),
            "architecture": architecture,
            "observed": observed,
            "outcome": outcome,
            "evidence": replace(PAIR, **facts),
        }
    )


def rows(table: dict[str, set[int]], pairs: int, **facts) -> list[Result]:
    return [
        row(name, pair, "separated" if pair in parted else "not separated", **facts)
        for name, parted in table.items()
        for pair in range(pairs)
    ]


def test_equal_sets_share_a_member_and_oracles_are_references():
    order = separation_order(rows({"a": {0, 1}, "b": {0, 1}, "c": {0}, "d": {1}}, 3))
    assert [member.names for member in order.members] == [REFERENCES, ("a", "b"), ("c",), ("d",)]
    assert order.covers == ((0, 1), (1, 2), (1, 3))


def test_oracles_part_what_is_certified():
    told = [row("a", 0, "separated", round=None, function="equal"), row("a", 1, "not separated", function="equal")]
    order = separation_order(told)
    parted = {name: member.parted for member in order.members for name in member.names}
    assert parted == {REFERENCES[0]: 2, REFERENCES[1]: 1, REFERENCES[2]: 0, "a": 1}
    above = {(order.members[i].names, order.members[j].names) for i, j in order.covers}
    assert (("a",), (REFERENCES[1],)) not in above, "different pairs of one number are not comparable"


def test_an_architecture_that_was_not_shown_every_pair_is_left_out():
    told = [*rows({"a": {0}}, 2), row("b", 0, "separated"), row("b", 1, "", "not-applicable")]
    order = separation_order(told)
    assert order.left_out == (("b", 1),)
    assert separation_order([row("b", 0, "", "not-applicable")]) is None
    assert separation_order([]) is None


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.integers(0, 4)), min_size=1))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_covers_generate_inclusion_and_none_can_be_left_out(table):
    order = separation_order(rows(table, 5))
    sets = {name: frozenset(parted) for name, parted in table.items()} | dict.fromkeys(REFERENCES, frozenset(range(5)))
    of = [sets[member.names[0]] for member in order.members]
    reach = set(order.covers)
    for _ in of:
        reach |= {(i, m) for (i, j), (k, m) in product(reach, order.covers) if j == k}
    assert reach == {(i, j) for i, j in product(range(len(of)), repeat=2) if of[j] < of[i]}
    for edge in order.covers:
        assert not any(of[edge[1]] < middle < of[edge[0]] for middle in of)
