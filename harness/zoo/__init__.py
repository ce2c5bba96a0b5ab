"""Populations of trained networks: recipes, trainers, the cache. Importing this folder registers the shipped ones.

May import learning, oracles, weights and core; a recipe names its trainer as text.
"""

from . import catalogue as catalogue
