"""How small a change, and how late a refinement round, does a network still show?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
