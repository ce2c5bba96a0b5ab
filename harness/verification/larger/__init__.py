"""Statements about orbits under groups larger than the permutations, checked again by code of their own."""

from .certificate import problem_under

__all__ = ["problem_under"]
