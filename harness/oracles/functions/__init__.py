"""Exact arithmetic on the functions of networks: enclosures, normal forms, polylines.

May import weights and core.
"""
