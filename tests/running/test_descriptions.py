"""What an architecture declares crosses the border: every key that the harness tells is one that `results.json` has."""

from __future__ import annotations

import json

import pytest

from orbitcheck.harness.plugins.discovery import built_in, load, parse_name
from orbitcheck.harness.running.border import read_architecture
from orbitcheck.harness.running.tasks import describe_architecture


@pytest.mark.parametrize("name", built_in())
def test_what_every_built_in_declares_is_read_as_it_was_told(name: str) -> None:
    told = describe_architecture(parse_name(name))
    assert "error" not in told, told
    found = read_architecture(told)
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(told))
    assert found.get("refinement", "joint") == load(parse_name(name)).traits.refinement
