"""Graphs that are run: what a file's own operations say of a space.

May import what stands above the readers in weights; of the readers nothing.
"""
