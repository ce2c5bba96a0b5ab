"""The command line: parse, call, print; a subject a module, all entered into one group. Nothing here imports torch."""

from . import boards, finished, listing, predicting, rows, running, weights, zoo
from .base import main

__all__ = ["boards", "finished", "listing", "main", "predicting", "rows", "running", "weights", "zoo"]
