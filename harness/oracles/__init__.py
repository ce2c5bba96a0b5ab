"""Exact truth about weight vectors: refinement, orbits, functions, floors, dimensions; certificates of it.

May import weights and core.
"""
