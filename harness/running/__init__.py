"""Suites x architectures -> rows: plan, evaluate, workers, store, planted defects.

May import reports, judging, language, verification, checks and all below.
"""
