"""The front ends: command line, pytest, assertions, GitHub.

May import everything but architectures and testing.
"""
