"""Networks of a set that are one and the same: to the bit, up to the numbering of neurons, as functions, or nearly.

May import `oracles/` and all below.
"""
