"""The unit of work: one check of one case on one architecture, as pure data with an id and a seed of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .result import Judgement, Result, digest

WEIGHTS = "weights"
"""Stands where an architecture's name stands in cells and rows of checks that read weights alone; no plug-in bears it."""

CELL_FIELDS = ("id", "suite", "check", "kind", "case", "claim", "architecture", "seed", "dtype")
"""Fields of a row that are its cell's."""
UNMEASURED = {"options": {}, "seconds": 0.0, "model_seconds": 0.0, "reproduce": ""}
"""What a row holds beside cell and judgement where nothing was carried out."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row to be evaluated.

    Args:
        suite: the suite's name; for reports only.
        check: the check's id in the suite; for reports only.
        kind: the check kind.
        parameters: the check's parameters as plain JSON, spaces written out: all that the evaluation needs.
        case: one of the kind's cases at these parameters.
        claim: id in the claims ledger, or None.
        architecture: canonical name with options, as `str(ArchitectureName)` gives it; or `WEIGHTS`.
        dtype: the precision in which the verdict is reached.
    """

    suite: str
    check: str
    kind: str
    parameters: Mapping[str, Any]
    case: str
    claim: str | None
    architecture: str
    dtype: str = "float64"
    _content: str = field(default="", init=False, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the content: the same in any file, run, process and machine."""
        return self.content[:12]

    @property
    def seed(self) -> int:
        """Seed of every random number that the evaluation draws for the network; 48 bits of the same digest."""
        return int(self.content[12:24], 16)

    def row(self, judgement: Judgement, **measured: Any) -> Result:
        """This cell's row; `measured` are the fields of `Result` that are neither the cell's nor the judgement's."""
        own = {name: getattr(self, name) for name in CELL_FIELDS}
        return Result(**own, **vars(judgement), **{**UNMEASURED, **measured})

    @property
    def content(self) -> str:
        """SHA-256 of all that makes this cell another one than the next; id and seed are parts of it."""
        if not self._content:
            told = digest([self.kind, self.parameters, self.case, self.architecture, self.dtype])
            object.__setattr__(self, "_content", told)
        return self._content
