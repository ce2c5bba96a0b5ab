"""The networks of `networks.py`, loaded as a user's file is: by path and name."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orbitcheck.harness.plugins.discovery import load, parse_name

sys.path.insert(0, str(Path(__file__).parent))  # meta_nets, whose modules import each other
NETWORKS = Path(__file__).with_name("networks.py")


@pytest.fixture(scope="session")
def network():
    """Name of a class in `networks.py` -> its architecture, under that name alone: seeds of its ladder hold no path of a checkout."""
    return lambda name: replace(load(parse_name(f"{NETWORKS}:{name}")), name=name)
