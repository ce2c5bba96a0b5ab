"""Which pairs of a whole bank of small nets does the network separate?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
