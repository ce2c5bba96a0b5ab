"""The architecture contract, and how plug-ins and extensions are found, loaded, held to their word and re-drawn.

May import targets, regimes, pairs, zoo, learning, oracles, weights and core.
"""
