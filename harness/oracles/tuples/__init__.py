"""Index tuples of permuted axes: what a weight vector of any space says of each, and colour refinement over them.

May import weights and `oracles.refinement`.
"""
