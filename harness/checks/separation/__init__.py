"""Does the network tell two weight vectors apart?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
