"""Does training find a target map, and if not, is that the theory or the budget?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
