"""Plain data that every folder speaks of: cells, results, registries, parameters, claims.

Imports nothing of orbitcheck, and no torch.
"""
