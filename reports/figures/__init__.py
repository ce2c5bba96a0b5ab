"""Figures: a `drawing` is geometry alone; `svg` and `pdf` paint it; the other files draw what a run holds.

May import `reports/reading/`, judging and all below.
"""
