"""Does a small step of any one entry show?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
