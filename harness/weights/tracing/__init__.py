"""Torch modules as weight spaces, by what their operations do.

May import readers and what stands beside it in weights, and core.
"""
