"""The engine: what is checked, how it is measured, judged and carried out. One folder a subject; arrows point down only.

From the doors down: front, running, judging, language, verification, checks, plugins, targets, regimes, pairs, zoo, learning,
oracles, weights, core. Each folder may import those after it; `tests/test_layering.py` holds it.
"""
