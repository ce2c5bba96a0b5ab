"""The table of what is exact where, by what spaces and groups are."""

from __future__ import annotations

from orbitcheck.extending import group
from orbitcheck.harness.oracles.larger.table import SPACES, lines
from orbitcheck.harness.weights.groups import GROUPS, NotCarried


def test_the_table_has_every_group_that_a_space_carries_once():
    found = lines()
    assert list(dict.fromkeys(each.space for each in found)) == list(SPACES)
    for name, space in SPACES.items():
        own = [each for each in found if each.space == name]
        groups: dict[str, str] = {}
        for asked in GROUPS:
            try:
                groups.setdefault(str(group(space, asked)), asked)
            except NotCarried:
                continue
        assert [(each.factors, each.group) for each in own] == list(groups.items())
        plain, *others = own
        assert plain.group == "permutation" and plain.refinement == ("1-WL" if space.is_mlp else "joint, split")
        told = {"lora": "proved or refuted by products"} | dict.fromkeys(
            (each for each in SPACES if each.startswith("mlp")), "proved, refuted or unknown"
        )
        assert plain.function == told.get(name, "equal where refinement never parts")
        assert {each.orbits for each in own} == {"exact"} and {each.form for each in own} == {"yes"}
        assert all(each.refinement == "on pairs of indices" * (each.group == "heads") for each in others)
        assert {each.function for each in others} <= {""}
