"""The architecture contract, and how plug-ins and extensions are found, loaded, checked and re-drawn.

May import targets, regimes, pairs, zoo, learning, oracles, weights and core.
"""
