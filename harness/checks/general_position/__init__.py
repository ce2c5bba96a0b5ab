"""How far are weights from the hard cases of the theory? No architecture.

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
