"""Judgements, one file a subject: from the rows that a conclusion reads to what they say together.

Importing this folder registers the built-in ones. May import what judging may, and nothing of judging.
"""

from __future__ import annotations

from .approximable import approximable
from .equality import equal_architectures, one_apart
from .finding import JUDGEMENTS
from .output_size import capacity_bounds, capacity_suffices, falls

for _claim, _judgement in (
    ("thm-5.2", equal_architectures),
    ("prop-5.3", one_apart),
    ("thm-6.1", approximable),
    ("thm-6.3", approximable),
    ("thm-7.4", approximable),
    ("oce", falls),
    ("prop-7.1", capacity_bounds),
    ("thm-7.2", capacity_suffices),
):
    JUDGEMENTS.add(_claim, _judgement)

OF_ERRORS = frozenset({"oce"})
"""Claims that predict an order of errors, which no row by itself does: they are concluded of rows of which nothing is predicted, too."""
