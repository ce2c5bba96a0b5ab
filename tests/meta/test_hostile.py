"""Hostile networks lose their own rows and nothing else: the neighbour's are the same to the bit, the culprit is named, nothing is left."""

from __future__ import annotations

import sys

import pytest
from hostile_networks import DEEDS
from hostility import seen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what processes use is told by /proc")
SAMPLE = (
    "default-dtype",
    "inference",
    "precision-by-backend",
    "alarm",
    "exit-by-libc",
    "kill-itself",
    "sleep",
    "daemon-without-variables",
    "writes-nonsense",
    "child-answers",
    "answers-for-its-neighbour",
    "kills-its-siblings",
    "long-message",
)
"""Of different mechanism each, and quick; the whole list is `-m long`, and in benchmarks/acceptance/hostile.py with its times."""


@pytest.mark.parametrize("name", SAMPLE)
def test_a_hostile_network_loses_its_own_rows_alone(name):
    assert not seen(name).faults


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in DEEDS if name not in SAMPLE])
def test_every_hostile_network_loses_its_own_rows_alone(name):
    assert not seen(name).faults
