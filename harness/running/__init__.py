"""Suites x architectures -> rows: plan, evaluate, executors, store, planted defects.

May import reports, judging, language, verification, checks and all below. Importing this folder registers the executors.
"""

from .executors import EXECUTORS

EXECUTORS.add("local", "orbitcheck.harness.running.workers:Workers")
