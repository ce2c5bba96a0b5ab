"""Does the network keep the law of its declared symmetry?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
