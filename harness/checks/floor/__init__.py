"""What can no network of a power go below on a population's labels? No architecture.

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
