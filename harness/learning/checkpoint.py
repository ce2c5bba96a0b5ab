"""The state of a training on disk, so that an interrupted one goes on where it was."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

INTERVAL = 30.0
"""Seconds between two writes."""


class Provenance(Protocol):
    """What the state of a training depends on."""

    def told(self) -> str:
        """All of it, as text."""
        ...

    def believes(self, text: str) -> bool:
        """Whether a state that says so depends on what this training depends on."""
        ...


@dataclass
class Checkpoint:
    """One file that is whole or absent at any moment, and that only its own training believes.

    Args:
        path: of the file; its folder is made when it is first written.
        provenance: says all that the state depends on, and whether a state that says so is this training's; a text believes itself.
        interval: seconds that are at least between two writes.
    """

    path: Path
    provenance: str | Provenance
    interval: float = INTERVAL
    _written: float = field(default_factory=time.monotonic)

    def read(self) -> dict[str, Any] | None:
        """The state last written, or None if there is none, it is damaged, or of another making."""
        try:
            kept = torch.load(self.path, weights_only=True)
            return kept["state"] if self._believes(kept["provenance"]) else None
        except Exception:  # whatever is wrong with it, the training starts anew and ends with the same numbers
            return None

    def due(self) -> bool:
        return time.monotonic() - self._written >= self.interval

    def write(self, state: Mapping[str, Any]) -> None:
        """Replace what was there. A disk that refuses costs the resuming, not the training."""
        passing = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with contextlib.suppress(OSError, RuntimeError):  # torch has its own error for a full disk
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"provenance": self._told(), "state": dict(state)}, passing)
            os.replace(passing, self.path)
        self._written = time.monotonic()

    def _told(self) -> str:
        return self.provenance if isinstance(self.provenance, str) else self.provenance.told()

    def _believes(self, text: str) -> bool:
        return text == self.provenance if isinstance(self.provenance, str) else self.provenance.believes(text)

    def remove(self) -> None:
        """Once the training is done."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
