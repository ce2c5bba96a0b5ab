"""orbitcheck in plain Python: assertions on networks and parametrised rows, with the verdicts of the command line.

May import front and all below; pytest is not needed.
"""

from __future__ import annotations

from ..harness.front.assertions import SuiteRow, assert_equivariant, assert_separates, checks_for, pipeline

__all__ = ["SuiteRow", "assert_equivariant", "assert_separates", "checks_for", "pipeline"]
