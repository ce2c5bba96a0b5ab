"""Does the network separate two weight vectors?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
