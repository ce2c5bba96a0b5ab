"""The table of what is exact where, by what spaces and groups are."""

from __future__ import annotations

from orbitcheck import WeightSpace
from orbitcheck.extending import AxisRole, Role, Roles, Standing, group
from orbitcheck.harness.oracles.larger import table
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


def test_a_name_that_says_nothing_new_is_left_out_and_those_after_it_are_not(monkeypatch):
    """Nothing is added to r, so `gl+shift` is `gl`; `full` scales h, too."""
    space = WeightSpace(
        (("A", ("r", "h")), ("B", ("y", "r")), ("g", ("h",))),
        (("r", 2), ("h", 2), ("y", 1)),
        ("r", "h"),
        "relu",
        Roles((AxisRole("r", Standing.LINEAR), AxisRole("h", Standing.HIDDEN))),
    )
    monkeypatch.setattr(table, "SPACES", {"own": space})
    assert [each.group for each in lines()] == ["permutation", "permutation+scale", "orth", "gl", "full"]


def test_what_is_not_decided_is_unknown_with_its_reason(monkeypatch):
    places = (("H", (None, Role.IN, Role.OUT)),)
    space = WeightSpace(
        (("H", ("h", "n", "n")),),
        (("h", 1), ("n", 2)),
        ("h", "n"),
        roles=Roles((AxisRole("n", Standing.LINEAR, within="h"),), places),
    )
    monkeypatch.setattr(table, "SPACES", {"own": space})
    told = {each.group: (each.orbits, each.form) for each in lines()}
    assert told.pop("permutation") == ("exact", "yes")
    assert told.pop("heads") == ("unknown: H has n twice, which is permuted within h", "")
    assert told and {form for _, form in told.values()} == {""}
    assert all(said.startswith("unknown: ") and "twice within an outer axis" in said for said, _ in told.values())
