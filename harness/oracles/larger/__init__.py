"""Orbits under groups larger than permutations, exactly, over the rationals: scales, signs, linear and orthogonal maps, shifts.

May import weights and the oracles of permutations.
"""
