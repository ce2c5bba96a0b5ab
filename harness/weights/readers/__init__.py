"""Files of other people's networks, read without running any of their code: one format a file, one line for what cannot be read.

May import what stands beside it in weights, and core.
"""
