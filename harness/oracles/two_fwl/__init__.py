"""Folklore 2-WL: weight vectors as tables of nodes and labelled pairs, refinement of pairs, its classes and certificates.

May import weights, core and the refinement of nodes.
"""
