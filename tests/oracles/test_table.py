"""The table of what is exact where: as the page that is published says it, and by what spaces and groups are."""

from __future__ import annotations

from pathlib import Path

from orbitcheck.extending import group
from orbitcheck.harness.oracles.larger.table import SPACES, lines
from orbitcheck.harness.weights.groups import GROUPS, NotCarried


def test_the_table_is_that_of_the_page_and_has_every_group_that_a_space_carries():
    found = lines()
    page = (Path(__file__).parents[2] / "docs" / "exact.md").read_text(encoding="utf-8").splitlines()
    rows = [tuple(cell.strip(" `") for cell in row.split("|")[1:-1]) for row in page if row.startswith("| `")]
    assert [
        (each.space, each.group, each.factors, each.refinement, each.orbits, each.form, each.function) for each in found
    ] == rows
    for name, space in SPACES.items():
        own = [each for each in found if each.space == name]
        groups = {}
        for asked in GROUPS:
            try:
                groups.setdefault(str(group(space, asked)), asked)
            except NotCarried:
                continue
        assert {each.factors: each.group for each in own} == groups
        assert [each.group for each in own] == [asked for asked in GROUPS if asked in groups.values()]
        plain = next(each for each in own if each.group == "permutation")
        assert (plain.refinement == "1-WL") == space.is_mlp
        assert {each.orbits for each in own} == {"exact"} and {each.form for each in own} == {"yes"}
        assert all(
            (each.refinement == "on pairs of indices") == (each.group == "heads") for each in own if each is not plain
        )
        assert all(not each.function for each in own if each is not plain)
